//! The renewer's promises, against the simulator.

mod support;

use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::Simulator;
use wazo_auth_client::client::Waiting;
use wazo_auth_client::options::ServiceSettings as _;
use wazo_auth_client::renewer::Listener;
use wazo_auth_client::secret::Secret;
use wazo_auth_client::{
    Arguments, Cancellation, Client, ErrorKind, Options, Queue, Renewer, RenewerSettings, TokenSource,
};

const PASSWORD: &str = "s3cr3t-passw0rd";
const LONG: Duration = Duration::from_secs(30);

fn server() -> Simulator {
    Simulator::start(PASSWORD)
}

fn client_with(server: &Simulator, settings: &str) -> Client {
    client_as(server, PASSWORD, settings)
}

fn client_as(server: &Simulator, password: &str, settings: &str) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://admin:{password}@127.0.0.1:{}?{settings}", server.port)).unwrap();
    Client::new(&options).unwrap()
}

fn client(server: &Simulator) -> Client {
    client_with(server, "timeout_ms=20000")
}

fn renewer(client: &Client, settings: &str) -> Renewer {
    Renewer::new(client, RenewerSettings::from_json(settings).unwrap()).unwrap()
}

fn started(client: &Client, settings: &str) -> Renewer {
    let renewer = renewer(client, settings);
    renewer.start(Some(LONG)).unwrap();
    renewer
}

fn snapshot(renewer: &Renewer) -> Value {
    serde_json::from_str(&renewer.snapshot()).unwrap()
}

fn token(renewer: &Renewer) -> String {
    renewer.token().expect("a token").0
}

fn list(client: &Client) -> wazo_auth_client::Result<wazo_auth_client::Outcome> {
    client.call_by_name("users.list", &Arguments::new())
}

/// The requests that the server has had, of this method and with a path that ends so.
fn requests(server: &Simulator, method: &str, path: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(&server.control("GET", "requests", "")).unwrap();
    let all = all["items"].as_array().unwrap().clone();
    let is_meant = |request: &Value| {
        request["method"] == method && request["path"].as_str().unwrap().split('?').next().unwrap().ends_with(path)
    };
    all.into_iter().filter(is_meant).collect()
}

fn logins(server: &Simulator) -> usize {
    requests(server, "POST", "/token").len()
}

fn revoke(client: &Client, token: &str) {
    client.call_by_name("token.revoke", &Arguments::new().with("token", token)).unwrap();
}

fn is_valid(client: &Client, token: &str) -> bool {
    client.call_by_name("token.check", &Arguments::new().with("token", token)).unwrap().is_yes()
}

fn delay_logins(server: &Simulator, ms: u64) {
    server.faults(&json!([{"fault": "delay", "ms": ms, "method": "POST", "path": "*/token"}]));
}

/// A listener that sends what it hears.
fn heard() -> (Arc<Listener>, Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    (Arc::new(move |text: &str| sender.lock().unwrap().send(text.to_owned()).unwrap_or_default()), receiver)
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "{what}");
        std::thread::yield_now();
    }
}

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
    let renewer = renewer(&client, r#"{"expiration_s": 2}"#);
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
    delay_logins(&server, 500);
    let queue = Queue::new(8).unwrap();
    let ids: Vec<_> = (0..6).map(|_| queue.submit(&bound, "users.list", &Arguments::new(), 0).unwrap()).collect();
    eventually("all have been rejected", || requests(&server, "GET", "/users").len() == 6);
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

const OFFLINE: &str = r#"{"offline": true, "client_id": "phone", "mobile": true}"#;

#[test]
fn an_offline_session_is_renewed_with_its_refresh_token_and_falls_back_to_the_password() {
    let server = server();
    let client = client(&server);
    let renewer = renewer(&client, OFFLINE);
    let (listener, refresh_tokens) = heard();
    renewer.set_on_refresh_token(Some(listener)).unwrap();
    renewer.start(Some(LONG)).unwrap();
    let refresh_token = refresh_tokens.recv_timeout(LONG).unwrap();
    renewer.renew().unwrap();
    eventually("a second token", || snapshot(&renewer)["renewals"] == 2);
    let sent = requests(&server, "POST", "/token");
    let (first, second) = (&sent[0], &sent[1]);
    assert!(!first.to_string().contains(&refresh_token) && second.to_string().contains(&refresh_token));
    assert!(first.to_string().contains("Basic ") && !second.to_string().contains("Basic "), "{second}");
    // Somebody deletes it.
    let of_user = Arguments::new().with("user_uuid", "me").with("client_id", "phone");
    renewer.bind(&client).call_by_name("token.delete", &of_user).unwrap();
    renewer.renew().unwrap();
    assert_ne!(refresh_tokens.recv_timeout(LONG).unwrap(), refresh_token);
    assert_eq!(requests(&server, "POST", "/token").len(), 4);
    list(&renewer.bind(&client)).unwrap();
}

#[test]
fn a_refresh_token_alone_is_enough() {
    let server = server();
    let client = client(&server);
    let answer = Arguments::new().with("access_type", "offline").with("client_id", "phone");
    let answer: Value = serde_json::from_str(&client.call_by_name("token.new", &answer).unwrap().json).unwrap();
    let nobody = client.with([("username", ""), ("password", "")]).unwrap();
    let settings = json!({"refresh_token": answer["refresh_token"], "client_id": "phone"}).to_string();
    list(&started(&nobody, &settings).bind(&nobody)).unwrap();
    let error = Renewer::new(&nobody, RenewerSettings::from_json("{}").unwrap()).unwrap_err();
    assert!(error.message.contains("nothing to log in with"), "{error}");
}

#[test]
fn it_tells_how_many_other_sessions_a_login_ended() {
    let server = server();
    let client = client(&server);
    let _first = started(&client, OFFLINE);
    let second = started(&client, r#"{"offline": true, "client_id": "tablet", "mobile": true}"#);
    assert_eq!(snapshot(&second)["sessions_revoked"], 1);
}

#[test]
fn a_late_listener_hears_what_is_now() {
    let server = server();
    let renewer = started(&client(&server), OFFLINE);
    let ((tokens, token_heard), (states, state_heard), (refresh, refresh_heard)) = (heard(), heard(), heard());
    renewer.set_on_change(Some(tokens)).unwrap();
    renewer.set_on_state(Some(states)).unwrap();
    renewer.set_on_refresh_token(Some(refresh)).unwrap();
    assert_eq!(token_heard.recv_timeout(LONG).unwrap(), token(&renewer));
    assert_eq!(state_heard.recv_timeout(LONG).unwrap(), "fresh");
    assert!(!refresh_heard.recv_timeout(LONG).unwrap().is_empty());
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

#[test]
fn closing_revokes_what_it_has_got_and_deletes_the_refresh_token() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, OFFLINE);
    let bound = renewer.bind(&client);
    let last = token(&renewer);
    renewer.close(Some(LONG)).unwrap();
    renewer.close(Some(LONG)).unwrap();
    assert!(!is_valid(&client, &last) && renewer.token().is_none());
    assert_eq!(snapshot(&renewer)["state"], "closed");
    assert_eq!(list(&bound).unwrap_err().kind, ErrorKind::Closed);
    assert_eq!(renewer.renew().unwrap_err().kind, ErrorKind::Closed);
    let other = started(&client, "{}");
    let left = other.bind(&client).call_by_name("token.list", &Arguments::new().with("user_uuid", "me")).unwrap();
    assert!(left.json.contains(r#""total":0"#) || left.json.contains(r#""total": 0"#), "{}", left.json);
}

#[test]
fn freeing_it_only_stops_and_bound_clients_use_the_token_as_long_as_it_lives() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, "{}");
    let (bound, last) = (renewer.bind(&client), token(&renewer));
    drop(renewer);
    list(&bound).unwrap();
    assert!(is_valid(&client, &last));
    revoke(&client, &last);
    assert_eq!(list(&bound).unwrap_err().kind, ErrorKind::Closed);
}
