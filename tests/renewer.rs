//! The renewer's promises, against the simulator. Those about sessions are in `sessions.rs`.

#[path = "support/renewing.rs"]
mod renewing;
mod support;

use renewing::*;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use wazo_auth_client::client::Waiting;
use wazo_auth_client::secret::Secret;
use wazo_auth_client::{Arguments, Cancellation, ErrorKind, Queue, TokenSource};

#[test]
fn nothing_is_sent_before_it_is_started_and_then_one_token_serves_any_number_of_clients() {
    let server = server();
    let client = client(&server);
    let renewer = renewer(&client, "{}");
    assert!(renewer.token().is_none() && snapshot(&renewer)["state"] == "starting");
    assert_eq!(logins(&server), 0);
    renewer.start(Some(LONG)).unwrap();
    let other = renewer.bind(&client_with(&server, ""));
    for _ in 0..3 {
        list(&renewer.bind(&client)).unwrap();
        list(&other).unwrap();
    }
    assert_eq!(logins(&server), 1);
    let snapshot = snapshot(&renewer);
    let answer = client.call_by_name("token.get", &Arguments::new().with("token", token(&renewer))).unwrap();
    let answer: Value = serde_json::from_str(&answer.json).unwrap();
    assert_eq!(snapshot["tenant_uuid"], answer["metadata"]["tenant_uuid"]);
    assert_eq!(snapshot["user_uuid"], answer["metadata"]["uuid"]);
    assert_eq!(snapshot["session_uuid"], answer["session_uuid"]);
    assert_eq!((&snapshot["state"], &snapshot["renewals"]), (&json!("fresh"), &json!(1)));
    let (expires, renews) = (snapshot["expires_in_ms"].as_u64().unwrap(), snapshot["renews_in_ms"].as_u64().unwrap());
    assert!(expires > 7_100_000 && (5_100_000..=5_760_000).contains(&renews), "{snapshot}");
    assert!(!format!("{snapshot} {renewer:?}").contains(&token(&renewer)));
}

#[test]
fn a_call_that_comes_before_the_first_token_waits_for_it() {
    let server = server();
    let client = client(&server);
    delay_logins(&server, 100);
    let renewer = renewer(&client, "{}");
    // Nobody has started it: the first call does.
    list(&renewer.bind(&client)).unwrap();
    let queue = Queue::new(4).unwrap();
    queue.submit(&renewer.bind(&client), "users.list", &Arguments::new(), 0).unwrap();
    queue.next(Some(LONG)).unwrap().unwrap().outcome.unwrap();
    assert_eq!(logins(&server), 1);
    // What needs no token waits for none.
    let other = self::renewer(&client_with(&server, ""), "{}");
    delay_logins(&server, 60_000);
    other.bind(&client).call_by_name("backends.list", &Arguments::new()).unwrap();
}

#[test]
fn a_token_is_renewed_at_its_share_and_there_is_always_one() {
    let server = server();
    let client = client(&server);
    let renewer = renewer(&client, r#"{"expiration_s": 3}"#);
    let (listener, tokens) = heard();
    renewer.set_on_change(Some(listener)).unwrap();
    let begun = Instant::now();
    renewer.start(Some(LONG)).unwrap();
    let first = tokens.recv_timeout(LONG).unwrap();
    let second = loop {
        assert!(renewer.token().is_some());
        if let Ok(second) = tokens.try_recv() {
            break second;
        }
        std::thread::yield_now();
    };
    assert_ne!(first, second);
    // The server counts whole seconds: it lives for 2 to 3 s, and is renewed after 72 % of that at the earliest.
    assert!(begun.elapsed() >= Duration::from_millis(1440), "{:?}", begun.elapsed());
    assert_eq!(token(&renewer), second);
}

#[test]
fn a_rejected_token_costs_one_login_however_many_calls_it_fails() {
    let server = server();
    let client = client_with(&server, "timeout_ms=20000&queue_connections=4");
    let renewer = started(&client, "{}");
    let bound = renewer.bind(&client);
    revoke(&client, &token(&renewer));
    // Long enough for all to fail with the first token.
    delay_logins(&server, 500);
    let queue = Queue::new(64).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..25 {
            queue.submit(&bound, "users.list", &Arguments::new(), 0).unwrap();
            scope.spawn(|| list(&bound).unwrap());
        }
    });
    for _ in 0..25 {
        queue.next(Some(LONG)).unwrap().unwrap().outcome.unwrap();
    }
    assert_eq!(logins(&server), 2);
    let calls = requests(&server, "GET", "/users").len();
    assert!((51..=100).contains(&calls), "{calls} requests of 50 calls");
}

#[test]
fn one_call_at_once_is_no_deadlock_with_the_login_that_it_waits_for() {
    let server = server();
    let client = client_with(&server, "timeout_ms=20000&queue_connections=1");
    let renewer = started(&client, "{}");
    revoke(&client, &token(&renewer));
    let queue = Queue::new(4).unwrap();
    queue.submit(&renewer.bind(&client), "users.list", &Arguments::new(), 0).unwrap();
    queue.next(Some(LONG)).unwrap().unwrap().outcome.unwrap();
    assert_eq!(requests(&server, "GET", "/users").len(), 2);
}

#[test]
fn another_401_does_not_renew_and_neither_does_a_token_of_the_handles_own() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, "{}");
    let bound = renewer.bind(&client);
    let elsewhere = Arguments::new().with("tenant_uuid", "0ec4e97a-4087-4511-ab10-3d5836be455d");
    let error = bound.call_by_name("users.list", &elsewhere).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TenantUnauthorized, "{error}");
    let foreign = bound.with([("token", "0ec4e97a-4087-4511-ab10-3d5836be455d")]).unwrap();
    assert!(list(&foreign).unwrap_err().is_token_invalid());
    assert_eq!((logins(&server), requests(&server, "GET", "/users").len()), (1, 2));
}

/// Has tokens that nobody knows.
#[derive(Default)]
struct Unknown(AtomicUsize);

impl TokenSource for Unknown {
    fn token(&self) -> Option<Secret> {
        Some(Secret(format!("0ec4e97a-4087-4511-ab10-{:012}", self.0.load(Ordering::SeqCst))))
    }

    fn rejected(&self, token: &Secret) {
        assert_eq!(Some(token), self.token().as_ref());
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn wait(&self) -> Option<Waiting<'_>> {
        Some(Box::pin(async { Ok(self.token().unwrap()) }))
    }
}

#[test]
fn a_call_is_repeated_once_and_not_again() {
    let server = server();
    let source = Arc::new(Unknown::default());
    let bound = client(&server).with_token_source(Arc::clone(&source) as Arc<dyn TokenSource>);
    let error = list(&bound).unwrap_err();
    assert!(error.is_token_invalid(), "{error}");
    assert!(!format!("{error} {}", error.to_json()).contains("0ec4e97a-4087"), "{error}");
    assert_eq!((requests(&server, "GET", "/users").len(), source.0.load(Ordering::SeqCst)), (2, 2));
}

#[test]
fn a_login_that_is_refused_is_told_at_once_and_calls_say_why_they_have_no_token() {
    let server = server();
    let client = client_as(&server, "wr0ng-passw0rd", "timeout_ms=20000");
    let renewer = renewer(&client, "{}");
    let (listener, states) = heard();
    renewer.set_on_state(Some(listener)).unwrap();
    let error = renewer.start(Some(LONG)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AuthenticationFailed, "{error}");
    assert_eq!(states.recv_timeout(LONG).unwrap(), "starting");
    assert_eq!(states.recv_timeout(LONG).unwrap(), "failing");
    let queue = Queue::new(1).unwrap();
    queue.submit(&renewer.bind(&client), "users.list", &Arguments::new(), 0).unwrap();
    for error in
        [list(&renewer.bind(&client)).unwrap_err(), queue.next(Some(LONG)).unwrap().unwrap().outcome.unwrap_err()]
    {
        assert!(error.kind == ErrorKind::AuthenticationFailed && error.message.contains("renewal failed"), "{error}");
        assert!(!error.to_json().contains("wr0ng"), "{error}");
    }
    assert_eq!(requests(&server, "GET", "/users").len(), 0);
    assert_eq!(snapshot(&renewer)["last_error"]["kind"], "authentication_failed");
}

#[test]
fn an_outage_is_bridged_by_the_token_and_ends_the_backoff_with_the_first_success() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, "{}");
    let first = token(&renewer);
    server.faults(&json!([{"fault": "reset", "at": "request", "method": "POST", "path": "*/token"}]));
    let (listener, states) = heard();
    renewer.set_on_state(Some(listener)).unwrap();
    assert_eq!(states.recv_timeout(LONG).unwrap(), "fresh");
    renewer.renew().unwrap();
    assert_eq!(states.recv_timeout(LONG).unwrap(), "stale");
    assert_eq!(token(&renewer), first);
    list(&renewer.bind(&client)).unwrap();
    server.faults(&json!([]));
    assert_eq!(states.recv_timeout(LONG).unwrap(), "fresh");
    assert_ne!(token(&renewer), first);
    assert_eq!(snapshot(&renewer)["last_error"], Value::Null);
}

#[test]
fn a_call_waits_no_longer_than_its_own_deadline_and_can_be_cancelled() {
    let server = server();
    delay_logins(&server, 60_000);
    let renewer = renewer(&client(&server), "{}");
    let error = list(&renewer.bind(&client_with(&server, "timeout_ms=50"))).unwrap_err();
    assert!(error.kind == ErrorKind::Timeout && error.message.contains("waiting for a token"), "{error}");
    assert!(!error.in_doubt);
    let cancellation = Cancellation::new();
    let bound = renewer.bind(&client(&server)).with_cancellation(&cancellation);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| list(&bound).unwrap_err());
        cancellation.cancel();
        assert_eq!(call.join().unwrap().kind, ErrorKind::Cancelled);
    });
    let error = renewer.start(Some(Duration::from_millis(20))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    // Freeing it does not wait for the login.
    drop(renewer);
}

#[test]
fn a_short_limit_of_calls_is_none_of_logins() {
    let server = server();
    delay_logins(&server, 300);
    started(&client_with(&server, "timeout_ms=100"), "{}");
}

#[test]
fn a_queued_call_that_waits_for_a_token_is_cancelled_by_its_number_and_all_threads_can_wait() {
    let server = server();
    let client = client_with(&server, "timeout_ms=20000&io_threads=3");
    let renewer = started(&client, "{}");
    let bound = renewer.bind(&client);
    revoke(&client, &token(&renewer));
    // All have begun with the first token before one of them hears that it is not valid.
    server.faults(&json!([
        {"fault": "delay", "ms": 300, "method": "GET", "path": "*/users", "times": 6},
        {"fault": "delay", "ms": 500, "method": "POST", "path": "*/token"},
    ]));
    let queue = Queue::new(8).unwrap();
    let ids: Vec<_> = (0..6).map(|_| queue.submit(&bound, "users.list", &Arguments::new(), 0).unwrap()).collect();
    eventually("all have been rejected", || requests(&server, "GET", "/users").len() == 6 && renewer.token().is_none());
    assert!(queue.cancel(ids[3]));
    for _ in 0..6 {
        let completion = queue.next(Some(LONG)).unwrap().unwrap();
        match completion.outcome {
            Ok(_) => assert_ne!(completion.id, ids[3]),
            Err(error) => assert!(completion.id == ids[3] && error.kind == ErrorKind::Cancelled, "{error}"),
        }
    }
    assert_eq!(logins(&server), 2);
}

#[test]
fn a_listener_may_panic_remove_itself_and_not_block() {
    let server = server();
    let client = client(&server);
    let renewer = Arc::new(started(&client, "{}"));
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let own = Arc::downgrade(&renewer);
    let bound = renewer.bind(&client);
    renewer
        .set_on_change(Some(Arc::new(move |_: &str| {
            let renewer = own.upgrade().unwrap();
            renewer.set_on_change(None).unwrap();
            let refused = [
                list(&bound).unwrap_err().kind,
                renewer.start(Some(LONG)).unwrap_err().kind,
                renewer.close(Some(LONG)).unwrap_err().kind,
            ];
            sender.lock().unwrap().send(refused).unwrap();
            drop(renewer);
            panic!("on purpose");
        })))
        .unwrap();
    assert_eq!(receiver.recv_timeout(LONG).unwrap(), [ErrorKind::InvalidArgument; 3]);
    // It goes on.
    let before = token(&renewer);
    renewer.renew().unwrap();
    eventually("another token", || token(&renewer) != before);
}

#[test]
fn a_token_that_was_replaced_is_revoked_on_request() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, r#"{"expiration_s": 8, "revoke_replaced": true, "renew_at_percent": 95}"#);
    let first = token(&renewer);
    renewer.renew().unwrap();
    eventually("another token", || token(&renewer) != first);
    assert!(is_valid(&client, &first), "calls may still use it");
    eventually("it is revoked", || !requests(&server, "DELETE", &first).is_empty());
    assert!(is_valid(&client, &token(&renewer)));
}
