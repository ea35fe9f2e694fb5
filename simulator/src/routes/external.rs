//! External authentication: what users store for a service, what tenants configure for it.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::errors::{self, Failure, Outcome, detailed};
use crate::http::Answer;
use crate::listing::{self, Columns, List, SortKey};
use crate::passwords::random_text;
use crate::rows::{ExternalConfig, ExternalData};
use crate::state::State;

/// The types that are always there.
const BUILT_IN: [&str; 3] = ["google", "microsoft", "mobile"];

impl State {
    fn external_type_known(&self, kind: &str) -> bool {
        BUILT_IN.contains(&kind)
            || self.settings.external_types.contains_key(kind)
            || self.external_types_seen.iter().any(|seen| seen == kind)
            || self.external_configs.iter().any(|config| config.kind == kind)
            || self.external_data.iter().any(|data| data.kind == kind)
    }

    fn see_external_type(&mut self, kind: &str) {
        if !self.external_type_known(kind) {
            self.external_types_seen.push(kind.into());
        }
    }

    /// The configuration of a tenant for a type.
    pub fn external_config(&self, tenant: &str, kind: &str) -> Option<&ExternalConfig> {
        self.external_configs.iter().find(|config| config.tenant_uuid == tenant && config.kind == kind)
    }
}

fn unknown_type(kind: &str) -> Failure {
    let message = format!("No such auth type: \"{kind}\"");
    detailed(404, message, "unknown-external-auth-type", json!({"type": kind}), "external")
}

/// What a user has stored for a type.
pub fn stored(call: &Call, kind: &str) -> Result<Map<String, Value>, Failure> {
    let user = call.part("user");
    let data = call.state.external_data.iter().find(|data| data.user_uuid == user && data.kind == kind);
    if let Some(data) = data {
        return Ok(data.data.clone());
    }
    Err(if call.state.users.contains_key(&user) {
        errors::unknown_external_auth(kind)
    } else {
        errors::unknown_user(&user)
    })
}

/// Stores data of a user, who must have none of the type.
pub fn store(call: &mut Call, kind: &str, data: Map<String, Value>) -> Result<(), Failure> {
    let user_uuid = call.part("user");
    if !call.state.users.contains_key(&user_uuid) {
        return Err(errors::unknown_user(&user_uuid));
    }
    if call.state.external_data.iter().any(|known| known.user_uuid == user_uuid && known.kind == kind) {
        let message = format!("This external authentication method has already been set: \"{kind}\"");
        return Err(detailed(409, message, "conflict", json!({"type": kind}), kind));
    }
    call.state.external_data.push(ExternalData { user_uuid, kind: kind.into(), data, ..ExternalData::default() });
    Ok(())
}

/// Replaces what a user has stored for a type.
pub fn replace(call: &mut Call, kind: &str, data: Map<String, Value>) -> Result<(), Failure> {
    stored(call, kind)?;
    let user = call.part("user");
    let mut rows = call.state.external_data.iter_mut();
    if let Some(row) = rows.find(|row| row.user_uuid == user && row.kind == kind) {
        row.data = data;
        row.edits += 1;
    }
    Ok(())
}

/// Removes what a user has stored for a type.
pub fn forget(call: &mut Call, kind: &str) -> Result<(), Failure> {
    stored(call, kind)?;
    let user = call.part("user");
    call.state.external_data.retain(|data| data.user_uuid != user || data.kind != kind);
    Ok(())
}

/// `GET /users/{user}/external`: all types, with what the user has of them.
pub fn list(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &Columns(&["type"]))?;
    let user = call.part("user");
    let settings = &call.state.settings;
    let kinds: Vec<&str> = BUILT_IN.into_iter().chain(settings.external_types.keys().map(String::as_str)).collect();
    let total = kinds.len();
    let wanted = call.request.parameter("type");
    let kinds: Vec<&str> = kinds
        .into_iter()
        .filter(|kind| wanted.is_none_or(|wanted| wanted == *kind) && list.finds(&[Some(kind)]))
        .collect();
    let filtered = kinds.len();
    let page = list.page(kinds, |kind, _| SortKey::text(Some(kind)));
    let items: Vec<Value> = page
        .into_iter()
        .map(|kind| {
            let data = call.state.external_data.iter().find(|data| data.user_uuid == user && data.kind == kind);
            // The rest, and all of types that do not say what is safe, may be secrets.
            let keys = settings.external_safe_data.get(kind).into_iter().flatten();
            let value = |key: &String| Some((key.clone(), data?.data.get(key)?.clone()));
            let safe: Map<String, Value> = keys.filter_map(value).collect();
            let info = settings.external_types.get(kind).cloned();
            json!({
                "type": kind,
                "data": safe,
                "enabled": data.is_some(),
                "plugin_info": info.unwrap_or_else(|| json!({})),
            })
        })
        .collect();
    Ok(Answer::ok(&listing::answer(total, filtered, items)))
}

fn object(call: &Call) -> Result<Map<String, Value>, Failure> {
    match call.json()? {
        Value::Object(data) => Ok(data),
        _ => Err(errors::bad_json()),
    }
}

/// `GET /users/{user}/external/{type}`.
pub fn get(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&stored(call, &call.part("type"))?.into()))
}

/// `POST /users/{user}/external/{type}`.
pub fn create(call: &mut Call) -> Outcome {
    let kind = call.part("type");
    let mut data = object(call)?;
    let with_state = call.state.settings.external_types_with_state.contains(&kind);
    let state = with_state.then(|| random_text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 16));
    if let Some(state) = &state {
        data.insert("state".into(), state.as_str().into());
    }
    store(call, &kind, data.clone())?;
    if let Some(state) = state {
        let user = call.part("user");
        call.state.await_consent(&state, &user, &kind, Vec::new());
    }
    Ok(Answer::ok(&data.into()))
}

/// `PUT /users/{user}/external/{type}`.
pub fn edit(call: &mut Call) -> Outcome {
    let kind = call.part("type");
    let data = object(call)?;
    replace(call, &kind, data.clone())?;
    Ok(Answer::ok(&data.into()))
}

/// `DELETE /users/{user}/external/{type}`.
pub fn delete(call: &mut Call) -> Outcome {
    forget(call, &call.part("type"))?;
    Ok(Answer::no_content())
}

/// `GET /external/{type}/config`.
pub fn get_config(call: &mut Call) -> Outcome {
    let kind = call.part("type");
    if !call.state.external_type_known(&kind) {
        let message = format!("Configuration for this external auth type \"{kind}\" is not defined.");
        return Err(detailed(404, message, "unknown-config", json!({"type": kind}), &kind));
    }
    let config = call.state.external_config(&call.tenant, &kind);
    Ok(Answer::ok(&config.ok_or_else(|| errors::unknown_external_config(&kind))?.data))
}

/// `POST /external/{type}/config`: a type that was never heard of is known from then on.
pub fn create_config(call: &mut Call) -> Outcome {
    let kind = call.part("type");
    let data = call.json()?;
    if call.state.external_config(&call.tenant, &kind).is_some() {
        let message = format!("This external authentication config has already been set: \"{kind}\"");
        return Err(detailed(409, message, "conflict", json!({"type": kind}), &kind));
    }
    call.state.see_external_type(&kind);
    let tenant_uuid = call.tenant.clone();
    call.state.external_configs.push(ExternalConfig { tenant_uuid, kind, data });
    Ok(Answer::json(201, &json!("")))
}

fn drop_config(call: &mut Call, kind: &str) -> Result<(), Failure> {
    if !call.state.external_type_known(kind) {
        return Err(unknown_type(kind));
    }
    call.state.external_config(&call.tenant, kind).ok_or_else(|| errors::unknown_external_config(kind))?;
    // The type stays known when its last configuration goes.
    call.state.external_types_seen.push(kind.into());
    call.state.external_types_seen.dedup();
    let tenant = call.tenant.clone();
    call.state.external_configs.retain(|config| config.tenant_uuid != tenant || config.kind != kind);
    Ok(())
}

/// `PUT /external/{type}/config`.
pub fn edit_config(call: &mut Call) -> Outcome {
    let kind = call.part("type");
    let data = call.json()?;
    drop_config(call, &kind)?;
    let tenant_uuid = call.tenant.clone();
    call.state.external_configs.push(ExternalConfig { tenant_uuid, kind, data });
    Ok(Answer::no_content())
}

/// `DELETE /external/{type}/config`.
pub fn delete_config(call: &mut Call) -> Outcome {
    drop_config(call, &call.part("type"))?;
    Ok(Answer::no_content())
}

/// `GET /external/{type}/users`.
pub fn list_connected(call: &mut Call) -> Outcome {
    let list = List::from_request(call.request, &Columns(&[]))?;
    let kind = call.part("type");
    if !call.state.external_type_known(&kind) {
        return Err(unknown_type(&kind));
    }
    let tenants = call.tenants(list.recurse);
    let in_scope = |uuid: &str| call.state.users.get(uuid).is_some_and(|user| tenants.contains(&user.tenant_uuid));
    let data = call.state.external_data.iter().filter(|data| data.kind == kind && in_scope(&data.user_uuid));
    let rows: Vec<&str> = data.map(|data| data.user_uuid.as_str()).collect();
    let total = rows.len();
    let page = list.page(rows, |uuid, _| SortKey::text(Some(uuid)));
    let items = page.into_iter().map(|uuid| json!({"uuid": uuid})).collect();
    Ok(Answer::ok(&listing::answer(total, total, items)))
}
