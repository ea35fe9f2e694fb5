//! The control routes: what a mistake of a test is told.

mod raw;

use raw::{exchange, status};
use serde_json::{Value, json};
use wazo_auth_simulator::{Options, Simulator};

/// The status and the message of a refusal.
fn refusal(simulator: &Simulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let (head, body) = exchange(simulator.port(), method, path, body);
    let body: Value = serde_json::from_slice(&body).unwrap();
    (status(&head), body["message"].clone())
}

#[test]
fn a_wrong_method_and_an_unknown_route_are_told_apart() {
    let simulator = Simulator::start_blocking(Options::default()).unwrap();
    for (method, path, allowed) in [
        ("POST", "/_simulator/state", "GET, PUT"),
        ("DELETE", "/_simulator/settings", "GET, PUT"),
        ("PUT", "/_simulator/mails", "GET, DELETE"),
        ("GET", "/_simulator/status", "PUT"),
        ("GET", "/_simulator/tokens/a-token", "DELETE"),
        ("PUT", "/_simulator/requests", "GET, DELETE"),
        ("PUT", "/_simulator/events", "GET, DELETE"),
        ("POST", "/_simulator/faults", "GET, PUT, DELETE"),
    ] {
        let said = format!("{method}: expected one of {allowed} for {path}");
        assert_eq!(refusal(&simulator, method, path, ""), (405, json!(said)));
    }
    let (status, said) = refusal(&simulator, "GET", "/_simulator/sate", "");
    assert_eq!(status, 404);
    assert!(said.as_str().is_some_and(|said| said.starts_with("the control routes are: state, settings,")), "{said}");
}

#[test]
fn a_token_that_no_request_could_name_is_refused_in_a_state() {
    let simulator = Simulator::start_blocking(Options::default()).unwrap();
    for token in ["my-token", "0F9A3C1E-8C1D-4C57-B9F3-6A1F5D2F7C01"] {
        let state = json!({"tokens": [{"uuid": token}]}).to_string();
        let said = format!("tokens: expected a UUID in small letters as uuid, got {token:?}");
        assert_eq!(refusal(&simulator, "PUT", "/_simulator/state", &state), (400, json!(said)));
    }
    let state = json!({"tokens": [{"uuid": "0f9a3c1e-8c1d-4c57-b9f3-6a1f5d2f7c01"}, {"acl": ["#"]}]}).to_string();
    assert_eq!(status(&exchange(simulator.port(), "PUT", "/_simulator/state", &state).0), 204);
}
