//! The routes below `/_simulator/`: what a test uses to set the stage and to look behind it.

use hyper::Method;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::http::{Answer, Request};
use crate::settings::Settings;
use crate::shared::Shared;
use crate::state::State;
use crate::{json as words, page, seed};

/// The routes, by the first part of their path, with their methods.
const ROUTES: [(&str, &[&str]); 11] = [
    ("state", &["GET", "PUT"]),
    ("settings", &["GET", "PUT"]),
    ("mails", &["GET", "DELETE"]),
    ("status", &["PUT"]),
    ("requests", &["GET", "DELETE"]),
    ("events", &["GET", "DELETE"]),
    ("faults", &["GET", "PUT", "DELETE"]),
    ("tokens", &["DELETE"]),
    ("oauth2", &["POST"]),
    ("overview", &["GET"]),
    ("mock", &["GET"]),
];

/// Answers a control route; `rest` is its path below `/_simulator/`.
pub fn answer(rest: &str, request: &Request, shared: &Shared) -> Answer {
    if let Some(part) = page::part(rest).filter(|_| request.method == Method::GET) {
        return part;
    }
    let name = rest.split('/').next();
    if let Some((_, methods)) = ROUTES.iter().find(|(known, _)| Some(*known) == name)
        && !methods.contains(&request.method.as_str())
    {
        let methods = methods.join(", ");
        return complaint(405, &format!("{}: expected one of {methods} for /_simulator/{rest}", request.method));
    }
    match (request.method.as_str(), rest) {
        ("GET", "overview") => overview(shared),
        ("GET", "state") => match request.parameter("table") {
            Some(name) => table(name, shared),
            None => shared.with_state(|state| whole(state)),
        },
        ("PUT", "state") => match seed::read(&request.body) {
            Ok(state) => {
                shared.with_state(|old| {
                    *old = seed::complete(state);
                    shared.events.forget(old);
                });
                Answer::no_content()
            }
            Err(error) => complaint(400, &error),
        },
        ("GET", "settings") => shared.with_state(|state| whole(&state.settings)),
        ("PUT", "settings") => match shared.with_state(|state| change_settings(state, &request.body)) {
            Ok(()) => Answer::no_content(),
            Err(error) => complaint(400, &error),
        },
        ("GET", "mails") => shared.with_state(|state| Answer::ok(&json!({"items": state.mails}))),
        ("DELETE", "mails") => {
            shared.with_state(|state| state.mails.clear());
            Answer::no_content()
        }
        ("PUT", "status") => match serde_json::from_slice::<Value>(&request.body).map(|body| body["ok"].as_bool()) {
            Ok(Some(ok)) => {
                shared.with_state(|state| state.settings.status_ok = ok);
                Answer::no_content()
            }
            _ => complaint(400, "expected {\"ok\": true} or {\"ok\": false}"),
        },
        (_, "requests") => shared.log.control(request),
        (_, "events") => {
            // What has expired meanwhile is told now.
            shared.with_state(|state| {
                state.clean_expired();
                shared.events.publish(state);
            });
            shared.events.recent.control(request)
        }
        ("DELETE", _) if rest.starts_with("tokens/") => end_token(&rest["tokens/".len()..], shared),
        ("POST", _) if rest.starts_with("oauth2/") => consent(&rest["oauth2/".len()..], &request.body, shared),
        ("GET", "mock") => match &shared.mock {
            Some(mock) => Answer::ok(&mock.shown()),
            None => complaint(404, "the simulator is not in the mock mode; --mock starts it so"),
        },
        (_, "faults") => shared.faults.control(&request.method, &request.body),
        _ => {
            let known = ROUTES.map(|(name, _)| name).join(", ");
            complaint(404, &format!("the control routes are: {known}; see docs/simulator-reference.md"))
        }
    }
}

/// What the page shows on every tab: counts, and the numbers by which it sees that there is something new.
fn overview(shared: &Shared) -> Answer {
    let (tables, now) = shared.with_state(|state| {
        let counts = json!({
            "tenants": state.tenants.len(),
            "users": state.users.len(),
            "groups": state.groups.len(),
            "policies": state.policies.len(),
            "tokens": state.tokens.len(),
            "sessions": state.sessions.len(),
            "refresh_tokens": state.refresh_tokens.len(),
            "external_data": state.external_data.len(),
            "external_configs": state.external_configs.len(),
            "authorizations": state.authorizations.len(),
            "ldap_configs": state.ldap_configs.len(),
            "saml_configs": state.saml_configs.len(),
            "saml_sessions": state.saml_sessions.len(),
            "mails": state.mails.len(),
        });
        (counts, state.now())
    });
    Answer::ok(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "mock": shared.mock.is_some(),
        "now": now,
        "tables": tables,
        "last_request": shared.log.last(),
        "last_event": shared.events.recent.last(),
    }))
}

/// One table of the state: a large state is not sent as a whole again and again.
fn table(name: &str, shared: &Shared) -> Answer {
    let whole = shared.with_state(|state| match name {
        "tenants" => serde_json::to_value(&state.tenants),
        "users" => serde_json::to_value(&state.users),
        "groups" => serde_json::to_value(&state.groups),
        "policies" => serde_json::to_value(&state.policies),
        "tokens" => serde_json::to_value(&state.tokens),
        "sessions" => serde_json::to_value(&state.sessions),
        "refresh_tokens" => serde_json::to_value(&state.refresh_tokens),
        "external_data" => serde_json::to_value(&state.external_data),
        "external_configs" => serde_json::to_value(&state.external_configs),
        "authorizations" => serde_json::to_value(&state.authorizations),
        "ldap_configs" => serde_json::to_value(&state.ldap_configs),
        "saml_configs" => serde_json::to_value(&state.saml_configs),
        "saml_sessions" => serde_json::to_value(&state.saml_sessions),
        "mails" => serde_json::to_value(&state.mails),
        _ => Ok(Value::Null),
    });
    match whole {
        Ok(Value::Null) => complaint(404, &format!("table: expected one that overview lists, got {name:?}")),
        Ok(rows) => Answer::ok(&json!({"items": rows})),
        Err(error) => complaint(500, &error.to_string()),
    }
}

/// Ends a token and its session, as if its owner had revoked it.
fn end_token(uuid: &str, shared: &Shared) -> Answer {
    shared.with_state(|state| {
        if !state.tokens.contains_key(uuid) {
            return complaint(404, &format!("tokens: there is no token {uuid:?}"));
        }
        state.remove_token(uuid);
        shared.events.publish(state);
        Answer::no_content()
    })
}

/// Consents in the place of a user who was sent to an OAuth2 provider. The body is what the provider gives.
fn consent(oauth2_state: &str, body: &[u8], shared: &Shared) -> Answer {
    let given = if body.is_empty() { Ok(Map::new()) } else { serde_json::from_slice(body) };
    let Ok(given) = given else { return complaint(400, "oauth2: expected an object, or no body") };
    shared.with_state(|state| {
        if !state.consent(oauth2_state, given) {
            return complaint(404, &format!("oauth2: no user is waited for with the state {oauth2_state:?}"));
        }
        shared.events.publish(state);
        Answer::no_content()
    })
}

fn whole(part: &impl serde::Serialize) -> Answer {
    match serde_json::to_vec(part) {
        Ok(body) => Answer { status: 200, headers: Vec::new(), content_type: "application/json".into(), body },
        Err(error) => complaint(500, &error.to_string()),
    }
}

fn complaint(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

/// Lays the given settings over the present ones.
pub fn change_settings(state: &mut State, change: &[u8]) -> Result<(), String> {
    let change: Value =
        serde_json::from_slice(change).map_err(|error| format!("expected a JSON object of settings: {error}"))?;
    let Value::Object(change) = change else {
        return Err(format!("expected a JSON object of settings, got {change}"));
    };
    let mut merged = serde_json::to_value(&state.settings).map_err(|error| error.to_string())?;
    let mut settings = state.settings.clone();
    let has_groups = change.contains_key("default_groups");
    for (key, value) in change {
        if merged.get(&key).is_none() {
            let known: Vec<&str> = merged.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
            return Err(format!("unknown setting {key:?}; the settings are {}", known.join(", ")));
        }
        merged[&key] = value;
        // One by one, so that an error names the setting.
        settings = Settings::deserialize(&merged).map_err(|error| format!("{key}: {}", words::in_words(&error)))?;
    }
    state.settings = settings;
    if has_groups {
        // The real server makes them when it starts with its configuration.
        for tenant in state.tenants.keys().cloned().collect::<Vec<_>>() {
            state.ensure_default_groups(&tenant);
        }
    }
    Ok(())
}
