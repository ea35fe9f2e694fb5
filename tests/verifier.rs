//! What a verifier promises, against the simulator.

mod support;

use serde_json::{Value, json};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use support::Simulator;
use wazo_auth_client::options::{ServiceSettings, VerifierSettings};
use wazo_auth_client::verifier::{Revoke, Verdict, Verifier};
use wazo_auth_client::{Arguments, Client, ErrorKind, Options, Queue};

const LONG: Option<Duration> = Some(Duration::from_secs(30));
const STRANGE_TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000000";

struct Setting {
    server: Simulator,
    client: Client,
    verifier: Verifier,
    /// A valid token: its text, user, tenant and session.
    token: Value,
}

impl Setting {
    fn new(options: &str) -> Self {
        Self::with(options, "timeout_ms=20000")
    }

    fn with(options: &str, client: &str) -> Self {
        let server = Simulator::start("secret");
        let mut settings = Options::new();
        settings.set_url(&format!("http://admin:secret@127.0.0.1:{}?{client}", server.port)).unwrap();
        let client = Client::new(&settings).unwrap();
        let verifier = Verifier::new(&client, &VerifierSettings::from_json(options).unwrap()).unwrap();
        let token = client.call_by_name("token.new", &Arguments::new()).unwrap().json;
        Self { server, client, verifier, token: serde_json::from_str(&token).unwrap() }
    }

    fn text(&self, pointer: &str) -> &str {
        self.token.pointer(pointer).unwrap().as_str().unwrap()
    }

    fn token(&self) -> &str {
        self.text("/token")
    }

    fn check(&self, access: Option<&str>, tenant: Option<&str>) -> Verdict {
        self.verifier.check(self.token(), access, tenant).unwrap()
    }

    /// How often the server was asked about a token.
    fn asked(&self) -> usize {
        self.server.requests("GET", "/0.1/token/")
    }

    fn counted(&self, name: &str) -> u64 {
        serde_json::from_str::<Value>(&self.verifier.statistics()).unwrap()[name].as_u64().unwrap()
    }

    fn revoke_at_the_server(&self) {
        self.client.call_by_name("token.revoke", &Arguments::new().with("token", self.token())).unwrap();
    }
}

#[test]
fn one_request_answers_every_question_about_a_token() {
    let setting = Setting::new("{}");
    assert_eq!(setting.verifier.peek(setting.token(), None, None), Verdict::Unknown);
    assert_eq!(setting.check(Some("confd.users.read"), None), Verdict::Allowed);
    assert_eq!(setting.check(Some("a.b"), Some(setting.text("/metadata/tenant_uuid"))), Verdict::Allowed);
    assert_eq!(setting.verifier.peek(setting.token(), Some("x"), None), Verdict::Allowed);
    let decision = setting.verifier.decide(setting.token(), None, None).unwrap();
    let json: Value = serde_json::from_str(&decision.to_json()).unwrap();
    assert_eq!(json["verdict"], "allowed");
    assert_eq!(json["is_stale"], false);
    assert_eq!(json["user_uuid"], setting.token["auth_id"]);
    assert_eq!(json["session_uuid"], setting.token["session_uuid"]);
    assert_eq!(json["metadata"], setting.token["metadata"]);
    assert_eq!(setting.asked(), 1);
    assert_eq!((setting.counted("misses"), setting.counted("hits"), setting.counted("entries")), (1, 3, 1));
}

#[test]
fn a_decision_tells_whose_the_token_is_for_a_no_about_a_tenant_too_from_the_first_time_on() {
    let setting = Setting::new("{}");
    for _ in 0..2 {
        let decision = setting.verifier.decide(setting.token(), None, Some(STRANGE_TENANT)).unwrap();
        let json: Value = serde_json::from_str(&decision.to_json()).unwrap();
        assert_eq!(json["verdict"], "wrong_tenant");
        assert_eq!(json["user_uuid"], setting.token["auth_id"]);
    }
}

#[test]
fn another_tenant_is_asked_about_once() {
    let setting = Setting::new("{}");
    for _ in 0..3 {
        assert_eq!(setting.check(Some("x"), Some(STRANGE_TENANT)), Verdict::WrongTenant);
    }
    // Once about the token, once about the tenant.
    assert_eq!(setting.asked(), 2);
    assert_eq!(setting.check(Some("x"), None), Verdict::Allowed);
    let decision = setting.verifier.decide(setting.token(), None, Some(STRANGE_TENANT)).unwrap();
    assert!(!decision.is_allowed() && decision.to_json().contains(setting.text("/auth_id")));
    assert_eq!(setting.asked(), 2);
}

#[test]
fn an_unknown_token_is_refused_and_remembered_and_an_impossible_one_is_not_asked_about() {
    let setting = Setting::new("{}");
    for _ in 0..3 {
        for token in ["0ec4e97a-4087-4511-ab10-3d5836be455d", "no-uuid"] {
            assert_eq!(setting.verifier.check(token, None, None).unwrap(), Verdict::InvalidToken);
        }
        for token in ["", ".", "..", "a/../b", "a\nb", "\u{fffd}", &"x".repeat(3000)] {
            assert_eq!(setting.verifier.check(token, None, None).unwrap(), Verdict::InvalidToken, "{token:?}");
            assert!(setting.verifier.decide(token, None, None).unwrap().to_json().contains(r#""user_uuid":null"#));
        }
    }
    assert_eq!(setting.asked(), 2);
    for (access, tenant) in [(Some(""), None), (None, Some(""))] {
        let error = setting.verifier.check(setting.token(), access, tenant).unwrap_err();
        assert!(error.kind == ErrorKind::InvalidArgument && error.message.contains("it is empty"));
    }
}

#[test]
fn a_thousand_threads_that_ask_about_a_cold_token_make_one_request() {
    let setting = Arc::new(Setting::new("{}"));
    setting.server.faults(&json!([{"fault": "delay", "ms": 300}]));
    let start = Arc::new(Barrier::new(1000));
    let threads: Vec<_> = (0..1000)
        .map(|number| {
            let (setting, start) = (Arc::clone(&setting), Arc::clone(&start));
            let ask = move || {
                start.wait();
                setting.check(Some(&format!("access.{}", number % 7)), None)
            };
            std::thread::Builder::new().stack_size(512 << 10).spawn(ask).unwrap()
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == Verdict::Allowed));
    assert_eq!(setting.asked(), 1);
    assert_eq!(setting.counted("misses"), 1);
}

#[test]
fn a_queue_gets_what_is_known_at_once_and_everything_else_when_it_comes() {
    let setting = Setting::new("{}");
    let queue = Queue::new(200).unwrap();
    for number in 0..100 {
        setting.verifier.submit(&queue, setting.token(), Some("x"), None, number).unwrap();
    }
    for _ in 0..100 {
        let completion = queue.next(LONG).unwrap().unwrap();
        assert!(completion.outcome.unwrap().is_yes());
    }
    assert_eq!(setting.asked(), 1);
    let id = setting.verifier.submit(&queue, setting.token(), None, None, 7).unwrap();
    let completion = queue.next(Some(Duration::ZERO)).unwrap().expect("it is known");
    assert_eq!((completion.id, completion.user_data), (id, 7));
    let outcome = completion.outcome.unwrap();
    assert!(outcome.is_yes() && outcome.json.contains(setting.text("/session_uuid")));
    setting.verifier.submit(&queue, "unknown", None, None, 0).unwrap();
    let outcome = queue.next(LONG).unwrap().unwrap().outcome.unwrap();
    assert!(outcome.is_no() && outcome.json.contains("invalid_token"), "{}", outcome.json);
    // One that waits can be cancelled, and others that wait for its request get their answer.
    setting.verifier.invalidate(Revoke::All);
    setting.server.faults(&json!([{"fault": "delay", "ms": 400}]));
    let first = setting.verifier.submit(&queue, setting.token(), None, None, 0).unwrap();
    let second = setting.verifier.submit(&queue, setting.token(), None, None, 0).unwrap();
    while setting.server.hits() == 0 {
        std::thread::yield_now();
    }
    assert!(queue.cancel(first));
    let completion = queue.next(LONG).unwrap().unwrap();
    assert_eq!((completion.id, completion.outcome.unwrap_err().kind), (first, ErrorKind::Cancelled));
    let completion = queue.next(LONG).unwrap().unwrap();
    assert!(completion.id == second && completion.outcome.unwrap().is_yes());
}

#[test]
fn a_revocation_holds_at_once() {
    let setting = Setting::new("{}");
    assert_eq!(setting.check(None, None), Verdict::Allowed);
    setting.revoke_at_the_server();
    assert_eq!(setting.check(None, None), Verdict::Allowed, "nobody has told");
    let event = json!({"name": "auth_session_deleted", "data": {
        "uuid": setting.text("/session_uuid"), "user_uuid": setting.text("/auth_id"), "tenant_uuid": "t"}});
    assert!(!setting.verifier.apply_event(&event.to_string().replace("deleted", "created")).unwrap());
    assert_eq!(setting.verifier.peek(setting.token(), None, None), Verdict::Allowed);
    assert!(setting.verifier.apply_event(&event.to_string()).unwrap());
    assert_eq!(setting.verifier.peek(setting.token(), None, None), Verdict::Unknown);
    assert_eq!(setting.check(None, None), Verdict::InvalidToken);
    assert!(setting.verifier.apply_event("{}").is_err());
}

#[test]
fn an_answer_that_was_asked_for_before_a_revocation_is_not_used_after_it() {
    let setting = Arc::new(Setting::new("{}"));
    let user = setting.text("/auth_id").to_owned();
    setting.server.faults(&json!([{"fault": "delay", "ms": 500, "times": 1}]));
    let asking = Arc::clone(&setting);
    let thread = std::thread::spawn(move || asking.check(None, None));
    while setting.server.hits() == 0 {
        std::thread::yield_now();
    }
    setting.verifier.invalidate(Revoke::User(&user));
    assert_eq!(thread.join().unwrap(), Verdict::Allowed);
    assert_eq!(setting.asked(), 2, "it was asked anew");
    assert_eq!(setting.counted("outdated"), 1);
}

#[test]
fn an_outage_of_the_server_is_no_outage_of_what_is_known() {
    let mut setting = Setting::new(r#"{"ttl_ms": 1, "stale_ms": 600000}"#);
    assert_eq!(setting.check(None, None), Verdict::Allowed);
    setting.server.faults(&json!([{"fault": "bad_gateway", "status": 503}]));
    for _ in 0..20 {
        let decision = setting.verifier.decide(setting.token(), None, None).unwrap();
        assert!(decision.is_allowed() && decision.is_stale && decision.to_json().contains(r#""is_stale":true"#));
        let error = setting.verifier.check("another", None, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
    }
    assert!(setting.asked() <= 5, "a server that fails is left alone: {}", setting.asked());
    assert!(setting.counted("stale") >= 20 && setting.counted("errors") >= 20);

    // Without leave, an old answer is none.
    let settings = VerifierSettings::from_json(r#"{"ttl_ms": 1}"#).unwrap();
    setting.server.faults(&json!([]));
    setting.verifier = Verifier::new(&setting.client, &settings).unwrap();
    assert_eq!(setting.check(None, None), Verdict::Allowed);
    setting.server.faults(&json!([{"fault": "bad_gateway", "status": 503}]));
    assert_eq!(setting.verifier.check(setting.token(), None, None).unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn a_server_that_is_back_is_asked_again() {
    let setting = Setting::new("{}");
    setting.server.faults(&json!([{"fault": "bad_gateway", "status": 503}]));
    for _ in 0..5 {
        assert!(setting.verifier.check(setting.token(), None, None).is_err());
    }
    setting.server.faults(&json!([]));
    let begun = std::time::Instant::now();
    while setting.verifier.check(setting.token(), None, None).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(setting.asked() <= 4, "three failures and one success: {}", setting.asked());
}

#[test]
fn memory_is_bounded_and_what_goes_is_asked_again() {
    let setting = Setting::new(r#"{"max_tokens": 64, "negative_ttl_ms": 600000}"#);
    for number in 0..1000 {
        let token = format!("unknown-{number}");
        assert_eq!(setting.verifier.check(&token, None, None).unwrap(), Verdict::InvalidToken);
    }
    assert!(setting.counted("entries") <= 96, "{}", setting.verifier.statistics());
    assert_eq!(setting.counted("misses"), 1000);
    assert!(setting.counted("evictions") >= 900);
}

/// Runs a future on this thread: any executor will do.
fn block_on<F: Future>(work: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut work = std::pin::pin!(work);
    loop {
        match work.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn calls_and_decisions_are_futures_for_any_executor() {
    let setting = Setting::new("{}");
    let arguments = Arguments::new().with("token", setting.token());
    assert!(block_on(setting.client.call_by_name_async("token.check", &arguments)).unwrap().is_yes());
    let decision = block_on(setting.verifier.decide_async(setting.token(), Some("x"), None)).unwrap();
    assert!(decision.is_allowed() && decision.who.is_some());
    assert_eq!(setting.verifier.peek(setting.token(), Some("y"), None), Verdict::Allowed);
    assert!(block_on(setting.client.call_by_name_async("token.nothing", &arguments)).is_err());
    // One that is dropped ends its call: the server sees the connection end, and nothing is left behind.
    setting.server.faults(&json!([{"fault": "delay", "ms": 60_000}]));
    let begun = std::time::Instant::now();
    {
        let mut call = std::pin::pin!(setting.client.call_by_name_async("token.check", &arguments));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
    }
    setting.server.faults(&json!([]));
    assert!(block_on(setting.client.call_by_name_async("token.check", &arguments)).unwrap().is_yes());
    assert!(begun.elapsed() < Duration::from_secs(30));
}
