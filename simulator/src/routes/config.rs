//! The configuration, for the top tenant.

use serde_json::{Value, json};

use crate::call::Call;
use crate::errors::{self, Failure, Outcome};
use crate::http::Answer;

/// The only parts that can be changed.
const CHANGEABLE: [&str; 2] = ["debug", "profiling_enabled"];

fn check_top(call: &Call) -> Result<(), Failure> {
    if call.tenant == call.state.top_tenant() { Ok(()) } else { Err(errors::not_the_top_tenant(&call.token.uuid)) }
}

/// `GET /config`.
pub fn get(call: &mut Call) -> Outcome {
    check_top(call)?;
    Ok(Answer::ok(&Value::Object(call.state.config.clone())))
}

/// `PATCH /config`: a JSON Patch of `replace` on what can be changed; all of it or nothing.
pub fn patch(call: &mut Call) -> Outcome {
    check_top(call)?;
    let body = call.json()?;
    let steps = body.as_array().ok_or_else(|| errors::invalid_data(json!({"_schema": ["Invalid input type."]})))?;
    let mut changes = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let path = step["path"].as_str().and_then(|path| path.strip_prefix('/'));
        let path = path.filter(|path| CHANGEABLE.contains(path));
        let wrong = if step["op"] != "replace" {
            "op"
        } else if path.is_none() {
            "path"
        } else if !step["value"].is_boolean() {
            "value"
        } else {
            changes.push((path.unwrap_or_default().to_string(), step["value"].clone()));
            continue;
        };
        return Err(errors::invalid_data(json!({index.to_string(): {wrong: ["Invalid value."]}})));
    }
    call.state.config.extend(changes);
    Ok(Answer::ok(&Value::Object(call.state.config.clone())))
}
