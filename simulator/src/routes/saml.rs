//! SAML: the configuration of tenants, and a login through an identity provider.
//!
//! The provider's answer is not checked for a signature: whatever address its `NameID` holds is taken as logged in.

use serde_json::json;

use super::tenants::DOMAIN;
use crate::call::Call;
use crate::errors::{Failure, Outcome, detailed};
use crate::http::{Answer, decode_base64, form_encode};
use crate::multipart::{Part, parts};
use crate::passwords::random_text;
use crate::rows::{SamlConfig, SamlSession};
use crate::validate::{Field, Kind, Rule, load};

const RANDOM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn unknown(tenant: &str) -> Failure {
    let message = format!("No SAML IDP config found for this tenant: \"{tenant}\"");
    detailed(404, message, "unknown-saml-config", json!({"uuid": tenant}), "saml_config")
}

fn refused(tenant: &str, message: &str) -> Failure {
    detailed(400, message, "unknown-saml-config", json!({"uuid": tenant}), "saml_config")
}

fn processing_error(status: u16, error: &str) -> Failure {
    detailed(status, "SAML processing failed", "processing-error", json!({"error": error}), "saml")
}

fn own<'a>(call: &'a Call) -> Result<&'a SamlConfig, Failure> {
    call.state.saml_configs.get(&call.tenant).ok_or_else(|| unknown(&call.tenant))
}

fn show(config: &SamlConfig) -> serde_json::Value {
    json!({
        "domain_uuid": config.domain_uuid,
        "entity_id": config.entity_id,
        "tenant_uuid": config.tenant_uuid,
        "acs_url": config.acs_url,
    })
}

/// `GET /backends/saml`.
pub fn get(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&show(own(call)?)))
}

/// Lays the parts of a form over a configuration.
fn fill(call: &Call, config: &mut SamlConfig, form: &[Part]) -> Result<(), Failure> {
    for part in form {
        let text = part.text();
        let (into, longest) = match part.name.as_str() {
            "domain_uuid" => (&mut config.domain_uuid, 38),
            "entity_id" => (&mut config.entity_id, 512),
            "acs_url" => (&mut config.acs_url, 2083),
            "metadata" => (&mut config.metadata, usize::MAX),
            _ => continue,
        };
        if text.is_empty() || text.chars().count() > longest {
            return Err(refused(&call.tenant, &format!("Invalid value supplied for field: {}", part.name)));
        }
        if part.name == "metadata" && !is_xml(&text) {
            return Err(refused(&call.tenant, "Invalid XML"));
        }
        *into = text;
    }
    let domains = call.state.tenants.get(&call.tenant).map(|tenant| tenant.domains.as_slice()).unwrap_or_default();
    if domains.iter().any(|domain| domain.uuid == config.domain_uuid) {
        Ok(())
    } else {
        Err(refused(&call.tenant, "Domain not from tenant"))
    }
}

/// Whether a text has the outline of XML: tags that open and close in pairs.
fn is_xml(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut seen = false;
    let mut rest = text.trim();
    while let Some(start) = rest.find('<') {
        let end = if rest[start..].starts_with("<!--") {
            rest[start..].find("-->").map(|at| start + at + 2)
        } else {
            rest[start..].find('>').map(|at| start + at)
        };
        let Some(end) = end else { return false };
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with(['?', '!']) {
            continue;
        }
        seen = true;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim()) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap_or_default());
        }
    }
    seen && open.is_empty()
}

/// `POST /backends/saml`.
pub fn create(call: &mut Call) -> Outcome {
    let form = parts(call.request);
    for field in ["domain_uuid", "entity_id", "acs_url"] {
        if !form.iter().any(|part| part.name == field) {
            return Err(refused(&call.tenant, &format!("Missing data for required field: {field}")));
        }
    }
    if !form.iter().any(|part| part.name == "metadata" && part.filename.is_some()) {
        return Err(refused(&call.tenant, "No metadata file provided"));
    }
    let mut config = SamlConfig { tenant_uuid: call.tenant.clone(), ..SamlConfig::default() };
    fill(call, &mut config, &form)?;
    if call.state.saml_configs.contains_key(&call.tenant) {
        let message = "Duplicated SAML config exists";
        let details = json!({"tenant_uuid": {"constraint_id": "unique", "message": message}});
        return Err(detailed(409, "Conflict detected", "conflict", details, "saml_config"));
    }
    let shown = show(&config);
    call.state.saml_configs.add(config);
    Ok(Answer::ok(&shown))
}

/// `PUT /backends/saml`: any part of it.
pub fn edit(call: &mut Call) -> Outcome {
    let mut config = own(call)?.clone();
    fill(call, &mut config, &parts(call.request))?;
    call.state.saml_configs.add(config);
    Ok(Answer::ok(&json!({})))
}

/// `DELETE /backends/saml`: done too where there is none.
pub fn delete(call: &mut Call) -> Outcome {
    let tenant = call.tenant.clone();
    call.state.saml_configs.shift_remove(&tenant);
    Ok(Answer::no_content())
}

/// `GET /backends/saml/metadata`.
pub fn metadata(call: &mut Call) -> Outcome {
    let answer = Answer::text(200, "application/xml", &own(call)?.metadata);
    Ok(answer.with_header("Content-Disposition", "attachment".into()))
}

/// `GET /backends/saml/acs_url_template`.
pub fn acs_template(_call: &mut Call) -> Outcome {
    Ok(Answer::ok(&json!({"acs_url": "https://{{STACK_URL}}/api/auth/0.1/saml/acs"})))
}

/// `POST /saml/sso`: begins a login; says where the browser is to go.
pub fn sso(call: &mut Call) -> Outcome {
    const FIELDS: [Field; 2] = [
        Field::new("redirect_url", Kind::Text).rule(Rule::Length { min: Some(1), max: None }).required(),
        Field::new("domain", Kind::Text).rule(DOMAIN).required(),
    ];
    let given = load(&FIELDS, &call.json()?).map_err(|errors| {
        let field = errors.keys().next().cloned().unwrap_or_default();
        detailed(400, field, "invalid-data", json!({}), "saml")
    })?;
    let text = |key: &str| given[key].as_str().unwrap_or_default().to_string();
    let domain = text("domain");
    let uuid = call.state.tenants.values().flat_map(|tenant| &tenant.domains).find(|known| known.name == domain);
    let config = uuid.and_then(|uuid| call.state.saml_configs.values().find(|config| config.domain_uuid == uuid.uuid));
    let Some(config) = config else {
        let message = "SAML client for domain not found or failed";
        return Err(detailed(500, message, "configuration-error", json!({"domain": domain}), "saml"));
    };
    let (session_id, relay_state) = (random_text(RANDOM, 24), random_text(RANDOM, 32));
    let service = sign_on_service(&config.metadata).unwrap_or_else(|| config.acs_url.clone());
    let joint = if service.contains('?') { '&' } else { '?' };
    let request = random_text(RANDOM, 48);
    let location =
        format!("{service}{joint}SAMLRequest={}&RelayState={}", form_encode(&request), form_encode(&relay_state));
    call.state.saml_sessions.add(SamlSession {
        session_id: session_id.clone(),
        relay_state,
        redirect_url: text("redirect_url"),
        domain,
        login: None,
    });
    Ok(Answer::ok(&json!({"location": location, "saml_session_id": session_id})))
}

/// The address of the provider's sign-on, from its metadata.
fn sign_on_service(metadata: &str) -> Option<String> {
    let element = &metadata[metadata.find("SingleSignOnService")?..];
    let rest = element[..element.find('>')?].split_once("Location=\"")?.1;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}

/// `POST /saml/acs`: the browser comes back with the provider's answer.
pub fn acs(call: &mut Call) -> Outcome {
    let form = call.request.form();
    let value = |key: &str| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let (Some(relay_state), Some(response)) = (value("RelayState"), value("SAMLResponse")) else {
        return Err(detailed(400, "RelayState and/or SAMLResponse", "invalid-data", json!({}), "saml"));
    };
    let session = call.state.saml_sessions.values().find(|session| session.relay_state == relay_state);
    let session = session.cloned().ok_or_else(|| processing_error(404, "Context not found"))?;
    let xml = decode_base64(&response).and_then(|bytes| String::from_utf8(bytes).ok());
    let login = xml.as_deref().and_then(name_id).ok_or_else(|| processing_error(500, "Unexpected error"))?;
    let location = session.redirect_url.clone();
    call.state.saml_sessions.add(SamlSession { login: Some(login), ..session });
    Ok(Answer::text(302, "text/html; charset=utf-8", "<!doctype html>\n<title>Redirecting...</title>\n")
        .with_header("Location", location))
}

/// The text of the `NameID` element.
fn name_id(xml: &str) -> Option<String> {
    let rest = &xml[xml.find("NameID")?..];
    let text = rest.split_once('>')?.1.split('<').next()?.trim();
    (!text.is_empty()).then(|| text.to_string())
}

/// `GET /saml/logout`: ends a session that SAML opened, and says where the provider ends its own.
pub fn logout(call: &mut Call) -> Outcome {
    let login = call.token.metadata.get("saml_login").and_then(|login| login.as_str());
    let tenant = call.state.saml_configs.get(&call.tenant);
    let (Some(_), Some(config)) = (login, tenant) else {
        return Err(processing_error(404, "Context not found"));
    };
    let service = sign_on_service(&config.metadata).unwrap_or_else(|| config.acs_url.clone());
    let request = random_text(RANDOM, 48);
    let token = call.token.clone();
    call.state.remove_token(&token.uuid);
    if let Some(refresh_token) = token.refresh_token {
        call.state.remove_refresh_token(&refresh_token);
    }
    Ok(Answer::ok(&json!({"location": format!("{service}?SAMLRequest={request}")})))
}

/// `GET /saml/sls`: the browser comes back from the provider's logout.
pub fn sls(call: &mut Call) -> Outcome {
    let (response, relay_state) = (call.request.parameter("SAMLResponse"), call.request.parameter("RelayState"));
    let (Some(_), Some(relay_state)) = (response, relay_state) else {
        return Err(processing_error(500, "Unexpected error"));
    };
    Ok(Answer::text(302, "text/html; charset=utf-8", "<!doctype html>\n<title>Redirecting...</title>\n")
        .with_header("Location", relay_state.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_told_from_what_is_none() {
        assert!(is_xml("<xml><h1>title</h1><body>lorem ipv5</body></xml>"));
        assert!(is_xml("<?xml version=\"1.0\"?><!-- a > b --><a><b c=\"d\"/></a>"));
        assert!(!is_xml("<xml><h1></xml>"));
        assert!(!is_xml("not xml"));
    }
}
