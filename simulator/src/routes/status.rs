//! The server itself: its status, its specification.

use serde_json::json;

use crate::call::Call;
use crate::errors::Outcome;
use crate::http::Answer;

/// `HEAD /status`: 503 while `PUT /_simulator/status` says so.
pub fn check(call: &mut Call) -> Outcome {
    let status = if call.state.settings.status_ok { 200 } else { 503 };
    Ok(Answer::json(status, &json!({})))
}

/// `GET /api/api.yml`: the operations that this server has, as an OpenAPI document of their methods and paths.
pub fn specification(call: &mut Call) -> Outcome {
    use std::fmt::Write as _;
    let mut text = String::from(
        "swagger: '2.0'\ninfo:\n  title: wazo-auth\n  description: Simulated\n  version: '0.1'\nbasePath: /0.1\npaths:\n",
    );
    let mut paths: Vec<&str> = Vec::new();
    for route in call.routes {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let _ = writeln!(text, "  /{}:", path.replace(":uuid}", "}"));
        let parts: Vec<&str> = path.split('/').filter_map(|segment| segment.strip_prefix('{')).collect();
        if !parts.is_empty() {
            text.push_str("    parameters:\n");
        }
        for part in parts {
            let name = part.trim_end_matches('}').trim_end_matches(":uuid");
            let _ = writeln!(text, "    - {{name: {name}, in: path, required: true, type: string}}");
        }
        for route in call.routes.iter().filter(|route| route.path == path) {
            let method = route.method.to_lowercase();
            let _ =
                writeln!(text, "    {method}:\n      responses:\n        default:\n          description: An answer");
        }
    }
    Ok(Answer::text(200, "application/x-yaml", &text))
}
