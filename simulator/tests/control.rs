//! The control routes: what a mistake of a test is told.

mod raw;

use raw::{exchange, status};
use serde_json::{Value, json};
use wazo_auth_simulator::{Options, Simulator};

/// The status and the message of a refusal.
fn refusal(simulator: &Simulator, method: &str, path: &str) -> (u16, Value) {
    let (head, body) = exchange(simulator.port(), method, path, "");
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
        assert_eq!(refusal(&simulator, method, path), (405, json!(said)));
    }
    let (status, said) = refusal(&simulator, "GET", "/_simulator/sate");
    assert_eq!(status, 404);
    assert!(said.as_str().is_some_and(|said| said.starts_with("the control routes are: state, settings,")), "{said}");
}
