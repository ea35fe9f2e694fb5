//! The control routes of the mock: what Wazo's test helpers call to say what is true. They need no token.
//!
//! A `_set_...` replaces what was set before, `_add_...` adds to it. The external ones answer 201, as they always have.

// The routes are a table, so that all have one form, those that refuse nothing too.
#![allow(clippy::unnecessary_wraps)]

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::content::EVERY_ACCESS;
use super::{Answer, Call, Reply, Route, Store, bare, complaint};

pub const ROUTES: &[Route] = &[
    ("POST", "/_set_token", set_token),
    ("DELETE", "/_remove_token/*", remove_token),
    ("POST", "/_set_tenants", set_tenants),
    ("POST", "/_set_users", set_users),
    ("POST", "/_set_sessions", |call, store| set(call.json()?, &mut store.sessions, list, 204)),
    ("POST", "/_set_refresh_tokens", |call, store| set(call.json()?, &mut store.refresh_tokens, list, 204)),
    ("POST", "/_add_valid_credentials", add_valid_credentials),
    ("POST", "/_add_invalid_credentials", |call, store| add(call, &mut store.refused)),
    ("POST", "/_add_credentials_for_invalid_token", |call, store| add(call, &mut store.for_invalid_token)),
    ("POST", "/_set_external_auth", |call, store| set(call.json()?, &mut store.external, object, 201)),
    ("POST", "/_reset_external_auth", |_, store| reset(&mut store.external)),
    ("POST", "/_set_external_config", |call, store| set(call.json()?, &mut store.external_config, object, 201)),
    ("POST", "/_reset_external_config", |_, store| reset(&mut store.external_config)),
    ("POST", "/_set_external_users", |call, store| set(call.json()?, &mut store.external_users, object, 201)),
    ("POST", "/_reset_external_users", |_, store| reset(&mut store.external_users)),
    ("GET", "/0.1/_requests", requests),
    ("GET", "/_requests", requests),
    ("POST", "/0.1/_reset", reset_requests_and_users),
    ("POST", "/_reset", reset_requests_and_users),
];

/// Puts the value in its place, if it has the form that belongs there.
fn set<T>(value: Value, place: &mut T, form: fn(Value) -> Result<T, Answer>, status: u16) -> Reply {
    *place = form(value)?;
    Ok(bare(status))
}

fn reset(place: &mut Map<String, Value>) -> Reply {
    place.clear();
    Ok(bare(204))
}

fn object(value: Value) -> Result<Map<String, Value>, Answer> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(complaint(400, &format!("the body: expected an object, got {other}"))),
    }
}

/// A list of objects. A list within it stands for its items: some tests give one to a helper that takes the items.
fn list(value: Value) -> Result<Vec<Value>, Answer> {
    let refusal = |got: &Value| complaint(400, &format!("the body: expected a list of objects, got {got}"));
    let Value::Array(given) = value else { return Err(refusal(&value)) };
    let mut items = Vec::new();
    for item in given {
        match item {
            Value::Array(inner) => items.extend(inner),
            item => items.push(item),
        }
    }
    items.iter().find(|item| !item.is_object()).map_or(Ok(()), |odd| Err(refusal(&json!([odd]))))?;
    Ok(items)
}

/// The member that must be there, a text.
fn required(value: &Value, member: &str) -> Result<String, Answer> {
    let missing = || complaint(400, &format!("the body: expected an object with the text {member:?}, got {value}"));
    value.get(member).and_then(Value::as_str).map(String::from).ok_or_else(missing)
}

/// A token without an access list has every access. Older helpers call the list `acls`.
fn set_token(call: &Call, store: &mut Store) -> Reply {
    let mut token = Value::Object(object(call.json()?)?);
    let identifier = required(&token, "token")?;
    if token.get("acl").is_none() {
        token["acl"] = token.get("acls").cloned().unwrap_or_else(|| json!([EVERY_ACCESS]));
    }
    store.tokens.insert(identifier, token);
    Ok(bare(204))
}

fn remove_token(call: &Call, store: &mut Store) -> Reply {
    let removed = store.tokens.shift_remove(call.part(0));
    Ok(bare(if removed.is_some() { 204 } else { 404 }))
}

/// A tenant without a name has its UUID as its name; one without a parent is a top tenant. The UUID may be null: nobody
/// sees that tenant.
fn set_tenants(call: &Call, store: &mut Store) -> Reply {
    let mut tenants = list(call.json()?)?;
    for tenant in &mut tenants {
        let uuid = match tenant.get("uuid") {
            Some(Value::Null) => Value::Null,
            _ => required(tenant, "uuid")?.into(),
        };
        for member in ["name", "parent_uuid"] {
            if tenant.get(member).is_none() {
                tenant[member] = uuid.clone();
            }
        }
    }
    store.tenants = tenants;
    Ok(bare(204))
}

/// A user without a first name has its UUID as its first name.
fn set_users(call: &Call, store: &mut Store) -> Reply {
    let mut users = IndexMap::new();
    for mut user in list(call.json()?)? {
        let uuid = required(&user, "uuid")?;
        if user.get("firstname").is_none() {
            user["firstname"] = uuid.as_str().into();
        }
        users.insert(uuid, user);
    }
    store.users = users;
    Ok(bare(204))
}

fn add_valid_credentials(call: &Call, store: &mut Store) -> Reply {
    let body = call.json()?;
    let (username, password) = pair(&body)?;
    let token = required(&body, "token")?;
    store.credentials.insert(username, (password, token));
    Ok(bare(204))
}

fn add(call: &Call, list: &mut Vec<(String, String)>) -> Reply {
    list.push(pair(&call.json()?)?);
    Ok(bare(204))
}

fn pair(body: &Value) -> Result<(String, String), Answer> {
    Ok((required(body, "username")?, required(body, "password")?))
}

fn requests(_: &Call, store: &mut Store) -> Reply {
    Ok(Answer::ok(&json!({"requests": store.requests})))
}

/// Forgets the requests and the users; tokens, tenants and all else that was set stay.
fn reset_requests_and_users(_: &Call, store: &mut Store) -> Reply {
    store.requests.clear();
    store.users.clear();
    Ok(bare(204))
}
