//! The operations of the mock: what a daemon under test calls. They believe what the control routes have set.

// The routes are a table, so that all have one form, those that refuse nothing too.
#![allow(clippy::unnecessary_wraps)]

use std::collections::HashSet;

use serde_json::{Value, json};

use super::content::{DEFAULT_TOKEN, EVERY_ACCESS, POLICIES, TOKEN_WITHOUT_ACCESS};
use super::{Answer, Call, Reply, Route, Store, bare, complaint, listed, text};
use crate::clock;
use crate::http::credentials;
use crate::passwords::new_uuid;

pub const ROUTES: &[Route] = &[
    ("POST", "/0.1/token", log_in),
    ("HEAD", "/0.1/token/*", check_token),
    ("GET", "/0.1/token/*", get_token),
    ("GET", "/0.1/tokens", |_, store| Ok(Answer::ok(&listed(&store.refresh_tokens)))),
    ("GET", "/0.1/users/*/tokens", refresh_tokens_of_user),
    ("GET", "/0.1/sessions", |_, store| Ok(Answer::ok(&listed(&store.sessions)))),
    ("GET", "/0.1/tenants", list_tenants),
    ("POST", "/0.1/tenants", |call, _| Ok(Answer::ok(&call.json()?))),
    ("GET", "/0.1/tenants/*", get_tenant),
    ("GET", "/0.1/users", list_users),
    ("POST", "/0.1/users", create_user),
    ("GET", "/0.1/users/*", get_user),
    ("PUT", "/0.1/users/*", change_user),
    ("DELETE", "/0.1/users/*", delete_user),
    ("POST", "/0.1/users/password/reset", reset_password),
    ("PUT", "/0.1/admin/users/*/emails", set_emails),
    ("PUT", "/0.1/users/*/policies/*", |_, _| Ok(bare(204))),
    ("GET", "/0.1/policies", list_policies),
    ("GET", "/0.1/users/*/external/*", external_data),
    ("GET", "/0.1/external/*/config", external_config),
    ("GET", "/0.1/external/*/users", external_users),
];

/// Names that were set get what was set for them. Of the others, those of services (`...-service`) are refused, and all
/// else succeeds.
fn log_in(call: &Call, store: &mut Store) -> Reply {
    let (username, password) =
        credentials(call.request).ok_or_else(|| Answer::text(401, "text/html; charset=utf-8", "Unauthorized"))?;
    let given = (username, password);
    if store.refused.contains(&given) {
        return Err(bare(401));
    }
    if store.for_invalid_token.contains(&given) {
        let auth_id = store.tokens.get("valid-token").map_or("uuid", |token| text(token, "auth_id"));
        return Ok(Answer::ok(&json!({"data": {"auth_id": auth_id, "token": "expired"}})));
    }
    let (username, password) = given;
    let token = match store.credentials.get(&username) {
        Some((known, token)) if *known == password => store.tokens.get(token),
        Some(_) => None,
        None if username.ends_with("-service") => None,
        None => store.tokens.get(DEFAULT_TOKEN),
    };
    token.map(|token| Answer::ok(&json!({"data": token}))).ok_or_else(|| bare(401))
}

fn check_token(call: &Call, store: &mut Store) -> Reply {
    let scope = call.request.parameter("scope").filter(|scope| !scope.is_empty());
    let Some(token) = store.tokens.get(call.part(0)) else {
        let status = match (call.part(0), scope) {
            (TOKEN_WITHOUT_ACCESS, None) => 204,
            (TOKEN_WITHOUT_ACCESS, Some(_)) => 403,
            _ => 404,
        };
        return Ok(bare(status));
    };
    let wanted = call.request.parameter("tenant").filter(|tenant| !tenant.is_empty());
    let may_act = |wanted| tenants_of_token(store, token).iter().any(|tenant| text(tenant, "uuid") == wanted);
    Ok(bare(if wanted.is_none_or(may_act) && has_access(token, scope) { 204 } else { 403 }))
}

fn get_token(call: &Call, store: &mut Store) -> Reply {
    let scope = call.request.parameter("scope").filter(|scope| !scope.is_empty());
    let mut token = store.tokens.get(call.part(0)).cloned().ok_or_else(|| bare(404))?;
    if !has_access(&token, scope) {
        return Err(bare(403));
    }
    if has_expired(&token)? {
        return Err(bare(404));
    }
    // What a test leaves out is filled in from the user that the token belongs to.
    let user = token["metadata"].get("uuid").cloned().unwrap_or_default();
    if !token["metadata"].is_object() {
        token["metadata"] = json!({});
    }
    if token["metadata"].get("pbx_user_uuid").is_none() {
        token["metadata"]["pbx_user_uuid"] = user.clone();
    }
    if token.get("auth_id").is_none() {
        token["auth_id"] = user.clone();
    }
    // What daemons that are older than `pbx_user_uuid` read.
    if token.get("xivo_user_uuid").is_none() {
        token["xivo_user_uuid"] = user;
    }
    Ok(Answer::ok(&json!({"data": token})))
}

/// Whether the time that a test has set is over. Only the token itself is then gone: its check (`HEAD`) goes on.
fn has_expired(token: &Value) -> Result<bool, Answer> {
    let end = text(token, "utc_expires_at");
    let unreadable = || {
        complaint(500, &format!("utc_expires_at: expected a time such as \"2026-11-23T12:44:43\" in UTC, got {end:?}"))
    };
    Ok(!end.is_empty() && clock::from_iso(end).ok_or_else(unreadable)? < clock::now())
}

/// Access lists are compared word by word: `calld.#` is not `calld.calls.read` here.
fn has_access(token: &Value, scope: Option<&str>) -> bool {
    let Some(scope) = scope else { return true };
    let list = token.get("acl").and_then(Value::as_array);
    list.into_iter().flatten().any(|access| access == EVERY_ACCESS || access == scope)
}

fn tenant<'a>(store: &'a Store, uuid: &str) -> Option<&'a Value> {
    if uuid.is_empty() {
        return None; // A tenant without UUID is found by nobody.
    }
    store.tenants.iter().find(|tenant| text(tenant, "uuid") == uuid)
}

/// The tenant, and all below it: each before its own.
fn tenant_and_below<'a>(store: &'a Store, tenant: &'a Value) -> Vec<&'a Value> {
    // A test may set a ring of parents; each tenant is taken once.
    fn add<'a>(store: &'a Store, tenant: &'a Value, seen: &mut HashSet<&'a str>, found: &mut Vec<&'a Value>) {
        if text(tenant, "uuid").is_empty() || !seen.insert(text(tenant, "uuid")) {
            return;
        }
        found.push(tenant);
        for child in store.tenants.iter().filter(|child| text(child, "parent_uuid") == text(tenant, "uuid")) {
            add(store, child, seen, found);
        }
    }
    let mut found = Vec::new();
    add(store, tenant, &mut HashSet::new(), &mut found);
    found
}

/// The tenants that a token may act for; none where its own is not set.
fn tenants_of_token<'a>(store: &'a Store, token: &Value) -> Vec<&'a Value> {
    let own = tenant(store, text(&token["metadata"], "tenant_uuid"));
    own.map(|own| tenant_and_below(store, own)).unwrap_or_default()
}

fn list_tenants(call: &Call, store: &mut Store) -> Reply {
    let identifier = call.request.header("X-Auth-Token");
    let token = store.tokens.get(identifier).ok_or_else(|| {
        complaint(401, &format!("X-Auth-Token: expected a token that was set, got {identifier:?}; see /_set_token"))
    })?;
    let mut visible = tenants_of_token(store, token);
    if visible.is_empty() {
        let own = text(&token["metadata"], "tenant_uuid");
        return Err(complaint(
            500,
            &format!("Tenant not found: {own:?}; the tenant of a token is to be set by /_set_tenants"),
        ));
    }
    let wanted = call.request.header("Wazo-Tenant");
    if !wanted.is_empty() {
        let chosen = tenant(store, wanted).ok_or_else(|| complaint(401, &format!("Tenant not found: {wanted}")))?;
        if !visible.iter().any(|tenant| text(tenant, "uuid") == wanted) {
            return Err(complaint(401, "Unauthorized token"));
        }
        visible = tenant_and_below(store, chosen);
    }
    let total = visible.len();
    if let Some(name) = call.request.parameter("name").filter(|name| !name.is_empty()) {
        visible.retain(|tenant| text(tenant, "name") == name);
    }
    Ok(Answer::ok(&json!({"items": visible, "filtered": visible.len(), "total": total})))
}

/// A tenant that was not set is a top tenant.
fn get_tenant(call: &Call, store: &mut Store) -> Reply {
    let uuid = call.part(0);
    let parent = tenant(store, uuid).map_or(uuid, |tenant| text(tenant, "parent_uuid"));
    Ok(Answer::ok(&json!({"uuid": uuid, "parent_uuid": parent})))
}

fn refresh_tokens_of_user(call: &Call, store: &mut Store) -> Reply {
    let of_user = store.refresh_tokens.iter().filter(|token| text(token, "user_uuid") == call.part(0));
    Ok(Answer::ok(&listed(&of_user.cloned().collect::<Vec<_>>())))
}

fn list_users(_: &Call, store: &mut Store) -> Reply {
    Ok(Answer::ok(&listed(&store.users.values().cloned().collect::<Vec<_>>())))
}

/// A body that is an object, as the operations on users take one.
fn object(call: &Call) -> Result<Value, Answer> {
    let body = call.json()?;
    if body.is_object() { Ok(body) } else { Err(complaint(400, &format!("the body: expected an object, got {body}"))) }
}

fn create_user(call: &Call, store: &mut Store) -> Reply {
    let body = object(call)?;
    let member = |name: &str| body.get(name).cloned().unwrap_or_default();
    let uuid = body.get("uuid").and_then(Value::as_str).map_or_else(new_uuid, String::from);
    let address = text(&body, "email_address");
    let tenant = call.request.header("Wazo-Tenant");
    let user = json!({
        "uuid": uuid,
        "firstname": member("firstname"),
        "lastname": member("lastname"),
        "username": member("username"),
        "emails": if address.is_empty() { json!([]) } else { json!([{"address": address}]) },
        "enabled": body.get("enabled").cloned().unwrap_or(Value::Bool(true)),
        "tenant_uuid": if tenant.is_empty() { Value::Null } else { tenant.into() },
    });
    store.users.insert(uuid, user.clone());
    Ok(Answer::ok(&user))
}

fn get_user(call: &Call, store: &mut Store) -> Reply {
    store.users.get(call.part(0)).map(Answer::ok).ok_or_else(|| bare(404))
}

/// Replaces the user; UUID and addresses stay.
fn change_user(call: &Call, store: &mut Store) -> Reply {
    let user = store.users.get_mut(call.part(0)).ok_or_else(|| bare(404))?;
    let mut body = object(call)?;
    body["uuid"] = user["uuid"].clone();
    body["emails"] = user.get("emails").cloned().unwrap_or_else(|| json!([]));
    if body.get("enabled").is_none() {
        body["enabled"] = true.into();
    }
    *user = body;
    Ok(Answer::ok(user))
}

fn delete_user(call: &Call, store: &mut Store) -> Reply {
    let removed = store.users.shift_remove(call.part(0));
    Ok(bare(if removed.is_some() { 204 } else { 404 }))
}

fn reset_password(call: &Call, store: &mut Store) -> Reply {
    let is_known = call.request.parameter("user_uuid").is_some_and(|uuid| store.users.contains_key(uuid));
    Ok(bare(if is_known { 204 } else { 404 }))
}

fn set_emails(call: &Call, store: &mut Store) -> Reply {
    let user = store.users.get_mut(call.part(0)).ok_or_else(|| bare(404))?;
    let emails = object(call)?.get("emails").cloned();
    let emails = emails.ok_or_else(|| complaint(400, "the body: expected an object with \"emails\""))?;
    user["emails"] = emails.clone();
    Ok(Answer::ok(&emails))
}

fn list_policies(call: &Call, _: &mut Store) -> Reply {
    let wanted = call.request.parameter("name").unwrap_or_default();
    let fitting = POLICIES.iter().filter(|(name, _)| wanted.is_empty() || wanted == *name);
    let policies: Vec<Value> = fitting.map(|(name, uuid)| json!({"uuid": uuid, "name": name})).collect();
    Ok(Answer::ok(&listed(&policies)))
}

/// What was set, whoever the user and whatever the service is.
fn external_data(_: &Call, store: &mut Store) -> Reply {
    if store.external.is_empty() { Err(bare(404)) } else { Ok(Answer::ok(&Value::Object(store.external.clone()))) }
}

fn external_config(call: &Call, store: &mut Store) -> Reply {
    store.external_config.get(call.part(0)).map(Answer::ok).ok_or_else(|| bare(404))
}

fn external_users(call: &Call, store: &mut Store) -> Reply {
    let users = store.external_users.get(call.part(0)).and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Answer::ok(&listed(&users)))
}
