//! The renewer's promises where the server, or what stands before it, is in trouble.

#[path = "support/renewing.rs"]
mod renewing;
mod support;

use renewing::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use wazo_auth_client::{Arguments, Client, ErrorKind};

const OFFLINE: &str = r#"{"offline": true, "client_id": "phone", "expiration_s": 2}"#;

/// How many refresh tokens the user of the client has.
fn refresh_tokens(client: &Client) -> u64 {
    let other = started(client, "{}");
    let left = other.bind(client).call_by_name("token.list", &Arguments::new().with("user_uuid", "me")).unwrap();
    let left: Value = serde_json::from_str(&left.json).unwrap();
    left["total"].as_u64().unwrap()
}

#[test]
fn closing_that_failed_says_so_each_time_until_everything_is_revoked() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, "{}");
    let last = token(&renewer);
    server.faults(&json!([{"fault": "bad_gateway", "method": "DELETE"}]));
    for _ in 0..2 {
        let error = renewer.close(Some(LONG)).unwrap_err();
        assert_eq!(error.status(), 502, "{error}");
    }
    assert!(is_valid(&client, &last) && renewer.token().is_none());
    server.faults(&json!([]));
    renewer.close(Some(LONG)).unwrap();
    assert!(!is_valid(&client, &last));
}

#[test]
fn closing_deletes_the_refresh_token_even_where_the_last_token_has_expired() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, OFFLINE);
    server.faults(&json!([{"fault": "bad_gateway", "method": "POST", "path": "*/token"}]));
    eventually("the token expires", || renewer.token().is_none());
    // It cannot be deleted without a token, and there is none to be had: that is no success.
    renewer.close(Some(LONG)).unwrap_err();
    server.faults(&json!([]));
    assert_eq!(refresh_tokens(&client), 1);
    renewer.close(Some(LONG)).unwrap();
    assert_eq!(refresh_tokens(&client), 0);
}

#[test]
fn a_token_is_given_out_no_longer_than_the_server_takes_it() {
    let server = server();
    let client = client(&server);
    for _ in 0..3 {
        let renewer = started(&client, r#"{"expiration_s": 2}"#);
        server.faults(&json!([{"fault": "bad_gateway", "method": "POST", "path": "*/token"}]));
        while let Some(token) = renewer.token() {
            // It may expire between the two questions, and then it is not given out any more.
            assert!(is_valid(&client, &token.0) || renewer.token().is_none(), "{}", renewer.snapshot());
        }
        server.faults(&json!([]));
    }
}

#[test]
fn a_revocation_that_hangs_delays_no_renewal() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, r#"{"expiration_s": 2, "revoke_replaced": true}"#);
    server.faults(&json!([{"fault": "delay", "ms": 60_000, "method": "DELETE"}]));
    while snapshot(&renewer)["renewals"].as_u64().unwrap() < 4 {
        assert!(renewer.token().is_some(), "{}", renewer.snapshot());
        std::thread::yield_now();
    }
}

#[test]
fn the_end_of_a_login_that_closing_cut_off_is_no_news() {
    let server = server();
    let client = client(&server);
    for _ in 0..20 {
        delay_logins(&server, 60_000);
        let renewer = renewer(&client, "{}");
        let (sender, states) = mpsc::channel();
        let sender = Mutex::new(sender);
        let listener = move |state: &str| sender.lock().unwrap().send(state.to_owned()).unwrap_or_default();
        renewer.set_on_state(Some(Arc::new(listener))).unwrap();
        renewer.start(None).unwrap();
        assert_eq!(states.recv_timeout(LONG).unwrap(), "starting");
        let _ = renewer.close(Some(Duration::from_millis(1)));
        assert_eq!(renewer.start(None).unwrap_err().kind, ErrorKind::Closed);
        drop(renewer);
        assert_eq!(states.try_iter().collect::<Vec<_>>(), [""; 0]);
    }
}
