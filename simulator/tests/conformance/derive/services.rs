//! What other services are configured with: `/external`, `/backends`, `/saml`, `/idp`, and the rest.

use serde_json::json;

use super::Case;
use crate::compare::is_uuid;

pub fn prepare(case: &mut Case, path: &[&str]) {
    match *path {
        ["external", kind, "config"] => match (case.method, case.status) {
            ("GET", 200) => {
                let data = case.answer.clone();
                case.world.external_config(kind, data);
            }
            ("PUT" | "DELETE", 204) | (_, 409) => case.world.external_config(kind, json!({"client_id": "before"})),
            _ => {}
        },
        ["external", kind, "users"] => {
            for item in case.answer["items"].as_array().cloned().unwrap_or_default() {
                let user = item["uuid"].as_str().unwrap_or_default();
                case.world.external_data(user, kind, serde_json::Map::new());
            }
        }
        ["backends", "ldap"] => match (case.method, case.status) {
            ("GET", 200) => {
                let answer = case.answer.clone();
                case.world.ldap(&answer);
            }
            ("DELETE", 204) => case.world.ldap(&json!({"host": "before", "port": 389})),
            _ => {}
        },
        ["backends", "saml", ref rest @ ..] => saml(case, rest.first().copied()),
        ["idp", _, "users"] => {
            // A single object in the place of the list is refused before anybody is looked up.
            for user in case.body["users"].as_array().cloned().unwrap_or_default() {
                let is_there = user["uuid"].as_str().is_some_and(|uuid| case.is_there(uuid));
                if is_there {
                    case.world.user_from(&user);
                }
            }
        }
        ["idp", _, "users", user] => {
            if case.is_there(user) {
                case.world.user(user).authentication_method =
                    if case.method == "DELETE" { "native".to_owned() } else { "default".to_owned() };
            }
        }
        ["backends" | "config" | "idp" | "saml" | "status", ..] => {}
        _ => panic!("no derivation for {path:?}"),
    }
}

/// `/backends/saml`: a configuration, unless it is made just now, and the domain that the form names: one of the
/// tenant, or one of another where that is what the server complains of.
fn saml(case: &mut Case, rest: Option<&str>) {
    if case.status == 404 || case.status == 401 {
        return;
    }
    let domain = case.answer["domain_uuid"].as_str().map_or_else(|| case.world.new_uuid(), str::to_owned);
    let metadata = if rest == Some("metadata") { case.exchange.response_body.clone() } else { "<xml/>".to_owned() };
    if case.method == "POST" {
        let (tenant, name) = (case.world.tenant.clone(), "example.com");
        case.world.domain(&tenant, &domain, name);
    } else if rest != Some("acs_url_template") {
        case.world.saml(&domain, &metadata);
    }
    let form = case.exchange.request_body.clone().unwrap_or_default();
    if let Some(foreign) = form.split(['=', '\r', '\n']).find(|text| is_uuid(text)).filter(|_| case.status == 400) {
        let tenant = case.world.new_uuid();
        case.world.domain(&tenant, foreign, "elsewhere.example.com");
    }
}
