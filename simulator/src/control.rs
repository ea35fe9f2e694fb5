//! The routes below `/_simulator/`: what a test uses to set the stage and to look behind it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::seed;
use crate::server::Shared;
use crate::state::{Settings, State};

/// How many requests are kept.
const KEPT: usize = 1000;

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<VecDeque<Value>>);

impl RequestLog {
    /// Keeps a request. Tokens and bodies are kept too: this is a tool of tests, and holds no real secret.
    pub fn note(&self, request: &Request, status: u16, shared: &Shared) {
        if !shared.with_state(|state| state.settings.log_requests) {
            return;
        }
        let headers: serde_json::Map<String, Value> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(json!({
            "method": request.method.as_str(),
            "path": request.path,
            "query": request.query,
            "headers": headers,
            "body": String::from_utf8_lossy(&request.body),
            "status": status,
            "tls": request.tls,
        }));
    }
}

/// Answers a control route; `rest` is its path below `/_simulator/`.
pub fn answer(rest: &str, request: &Request, shared: &Shared) -> Answer {
    match (request.method.as_str(), rest) {
        ("GET", "state") => shared.with_state(|state| whole(state)),
        ("PUT", "state") => match serde_json::from_slice::<State>(&request.body) {
            Ok(state) => {
                shared.with_state(|old| *old = seed::complete(state));
                Answer::no_content()
            }
            Err(error) => complaint(400, &error.to_string()),
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
        ("GET", "requests") => {
            let entries = shared.log.0.lock().unwrap_or_else(PoisonError::into_inner);
            Answer::ok(&json!({"items": *entries}))
        }
        ("DELETE", "requests") => {
            shared.log.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
            Answer::no_content()
        }
        ("GET", "mock") => match &shared.mock {
            Some(mock) => Answer::ok(&mock.shown()),
            None => complaint(404, "the simulator is not in the mock mode; --mock starts it so"),
        },
        (_, "faults") => shared.faults.control(&request.method, &request.body),
        _ => complaint(
            404,
            "the control routes are: state, settings, mails, status, requests, faults, mock; see simulator/README.md",
        ),
    }
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
    let change: Value = serde_json::from_slice(change).map_err(|error| error.to_string())?;
    let Value::Object(change) = change else { return Err("expected an object of settings".into()) };
    let mut merged = serde_json::to_value(&state.settings).map_err(|error| error.to_string())?;
    let has_groups = change.contains_key("default_groups");
    for (key, value) in change {
        if merged.get(&key).is_none() {
            return Err(format!("unknown setting {key:?}"));
        }
        merged[&key] = value;
    }
    state.settings = serde_json::from_value::<Settings>(merged).map_err(|error| error.to_string())?;
    if has_groups {
        // The real server makes them when it starts with its configuration.
        for tenant in state.tenants.keys().cloned().collect::<Vec<_>>() {
            state.ensure_default_groups(&tenant);
        }
    }
    Ok(())
}
