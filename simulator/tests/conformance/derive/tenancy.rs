//! Below `/tenants`, `/sessions`, `/token` and `/tokens`.

use serde_json::{Value, json};

use super::Case;
use crate::world::{NOW, SUB_TENANT, TOP_TENANT};

pub fn prepare(case: &mut Case, path: &[&str]) {
    match *path {
        ["tenants"] => {
            if case.method == "GET" {
                // The listing shows the top tenant alone: the caller's other tenant was not there.
                case.world.state.tenants.shift_remove(SUB_TENANT);
            }
            domain_in_use(case);
        }
        ["tenants", uuid] => tenant(case, uuid),
        ["tenants", uuid, "domains"] => {
            for item in case.answer["items"].as_array().cloned().unwrap_or_default() {
                let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
                case.world.domain(uuid, &text("uuid"), &text("name"));
            }
        }
        ["sessions"] => sessions(case),
        ["sessions", uuid] => {
            let (user, tenant) = (case.world.new_uuid(), case.world.tenant.clone());
            case.world.user(&user);
            case.world.session(uuid, &user, &tenant, false);
        }
        ["tokens"] => case.listing(super::users::refresh_token_from, super::users::another_refresh_token),
        ["token", token, ..] if case.status != 404 => a_token(case, token),
        // Who logs in, and how, is in the recipes; an unknown token is not there.
        ["token", ..] => {}
        _ => panic!("no derivation for {path:?}"),
    }
}

fn tenant(case: &mut Case, uuid: &str) {
    if case.status == 200 {
        let before = case.before("name");
        case.world.tenant_from(&before);
    } else if case.is_there(uuid) {
        case.world.tenant(uuid);
    }
    match case.status {
        // It has a tenant below it.
        400 if case.method == "DELETE" => {
            let child = json!({"uuid": case.world.new_uuid(), "parent_uuid": uuid});
            case.world.tenant_from(&child);
        }
        // It is the caller's own.
        403 => {
            let caller = case.exchange.request_header("x-auth-token").unwrap_or_default();
            case.world.token(caller, uuid, &["#"]);
        }
        _ => domain_in_use(case),
    }
}

fn domain_in_use(case: &mut Case) {
    if let Some(name) = case.conflicting() {
        let (tenant, domain) = (case.world.new_uuid(), case.world.new_uuid());
        case.world.domain(&tenant, &domain, &name);
    }
}

/// The sessions that a listing shows.
pub fn sessions(case: &mut Case) {
    for item in case.answer["items"].as_array().cloned().unwrap_or_default() {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        case.world.user(&text("user_uuid"));
        case.world.session(&text("uuid"), &text("user_uuid"), &text("tenant_uuid"), item["mobile"] == true);
    }
}

/// The token in the path. It belongs to the top tenant, unless it is refused for just that one.
fn a_token(case: &mut Case, uuid: &str) {
    let data = case.answer["data"].clone();
    let is_refused_for_top = case.body["tenant_uuid"] == TOP_TENANT && case.status == 403;
    let tenant = if is_refused_for_top { SUB_TENANT } else { TOP_TENANT };
    let granted = case.answer["scopes"].as_object().cloned().unwrap_or_default();
    let granted = granted.iter().filter(|(_, allowed)| **allowed == true).map(|(scope, _)| Value::from(scope.as_str()));
    let listed = data["acl"].as_array().cloned().unwrap_or_default();
    let acl: Vec<Value> = granted.chain(listed).collect();
    let acl: Vec<&str> = acl.iter().filter_map(Value::as_str).collect();
    let auth_id = data["auth_id"].as_str().map(str::to_owned);
    let auth_id = auth_id.unwrap_or_else(|| case.world.new_uuid());
    let token = case.world.token_of(uuid, &auth_id, tenant, &acl);
    (token.issued_at, token.expires_at) = (NOW, NOW + 7200.0);
    if let Some(session) = data["session_uuid"].as_str() {
        session.clone_into(&mut token.session_uuid);
    }
}
