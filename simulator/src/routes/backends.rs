//! The backends, and the LDAP configuration of tenants.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::errors::{Outcome, reason};
use crate::http::Answer;
use crate::rows::LdapConfig;
use crate::validate::{Field, Kind, Rule, load};

const fn at_most(max: usize) -> Rule {
    Rule::Length { min: None, max: Some(max) }
}

const LDAP: [Field; 10] = [
    Field::new("host", Kind::Text).rule(at_most(512)).required(),
    Field::new("port", Kind::Integer).required(),
    Field::new("protocol_version", Kind::Integer).rule(Rule::Range { min: Some(2), max: Some(3) }),
    Field::new("protocol_security", Kind::Text).rule(Rule::OneOf(&["ldaps", "tls"])).nullable(),
    Field::new("bind_dn", Kind::Text).rule(at_most(256)).nullable(),
    Field::new("user_base_dn", Kind::Text).rule(at_most(256)).required(),
    Field::new("user_login_attribute", Kind::Text).rule(at_most(64)).required(),
    Field::new("user_email_attribute", Kind::Text).rule(at_most(64)).required(),
    Field::new("search_filters", Kind::Text).nullable(),
    Field::new("bind_password", Kind::Text).nullable(),
];

/// `GET /backends`.
pub fn list(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&json!({"data": call.state.settings.backends})))
}

/// All but the password.
fn show(config: &LdapConfig) -> Value {
    json!({
        "tenant_uuid": config.tenant_uuid,
        "host": config.host,
        "port": config.port,
        "protocol_version": config.protocol_version,
        "protocol_security": config.protocol_security,
        "bind_dn": config.bind_dn,
        "user_base_dn": config.user_base_dn,
        "user_login_attribute": config.user_login_attribute,
        "user_email_attribute": config.user_email_attribute,
        "search_filters": config.search_filters,
    })
}

/// `GET /backends/ldap`: nulls where there is none.
pub fn get_ldap(call: &mut Call) -> Outcome {
    let none = LdapConfig { tenant_uuid: call.tenant.clone(), ..LdapConfig::default() };
    Ok(Answer::ok(&show(call.state.ldap_configs.get(&call.tenant).unwrap_or(&none))))
}

/// `PUT /backends/ldap`.
pub fn edit_ldap(call: &mut Call) -> Outcome {
    let given: Map<String, Value> = load(&LDAP, &call.json()?).map_err(|errors| {
        let field = errors.keys().next().cloned().unwrap_or_default();
        reason(400, format!("Invalid value supplied for field: {field}"))
    })?;
    let text = |key: &str| given.get(key).and_then(Value::as_str).map(String::from);
    let config = LdapConfig {
        tenant_uuid: call.tenant.clone(),
        host: text("host"),
        port: given.get("port").and_then(Value::as_i64),
        protocol_version: given.get("protocol_version").and_then(Value::as_i64).or(Some(3)),
        protocol_security: text("protocol_security"),
        bind_dn: text("bind_dn"),
        bind_password: text("bind_password"),
        user_base_dn: text("user_base_dn"),
        user_login_attribute: text("user_login_attribute"),
        user_email_attribute: text("user_email_attribute"),
        search_filters: text("search_filters"),
    };
    let shown = show(&config);
    call.state.ldap_configs.add(config);
    Ok(Answer::ok(&shown))
}

/// `DELETE /backends/ldap`: done too where there is none.
pub fn delete_ldap(call: &mut Call) -> Outcome {
    let tenant = call.tenant.clone();
    call.state.ldap_configs.shift_remove(&tenant);
    Ok(Answer::no_content())
}
