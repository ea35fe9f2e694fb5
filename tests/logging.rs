//! The log: every event of the table with its fields, levels, no secret, and a logger that can be taken away at any time.
//!
//! The logger is the process's, so these tests are a program of their own, and run one after the other.

#[path = "support/renewing.rs"]
mod renewing;
mod support;

use renewing::{LONG, PASSWORD, eventually, list, started};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use support::scripted::Scripted;
use wazo_auth_client::log::{EVENTS, Level, Record, set_logger};
use wazo_auth_client::operations::Method;
use wazo_auth_client::options::{HealthSettings, ServiceSettings as _, VerifierSettings};
use wazo_auth_client::{Arguments, Client, ErrorKind, Health, Options, Queue, State, Verifier};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What was logged: each record's fields, and its message as the member `message`.
struct Logged {
    records: Arc<Mutex<Vec<Value>>>,
    _turn: MutexGuard<'static, ()>,
}

impl Logged {
    fn at(level: Level) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Arc<Mutex<Vec<Value>>> = Arc::default();
        let to = Arc::clone(&records);
        let logger = move |record: &Record<'_>| {
            let mut fields: Value = serde_json::from_str(&record.to_json()).unwrap();
            fields["message"] = record.message.into();
            to.lock().unwrap().push(fields);
        };
        set_logger(level, Some(Box::new(logger)));
        Self { records, _turn: turn }
    }

    fn all(&self) -> Vec<Value> {
        self.records.lock().unwrap().clone()
    }

    fn of(&self, event: &str) -> Vec<Value> {
        self.all().into_iter().filter(|record| record["event"] == event).collect()
    }

    /// The last record of an event.
    fn last(&self, event: &str) -> Value {
        self.of(event).pop().unwrap_or_else(|| panic!("no {event} in {:#?}", self.all()))
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        set_logger(Level::Error, None);
    }
}

/// Sets a flag when it is dropped.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn client(port: u16, options: &str) -> Client {
    let mut all = Options::new();
    all.set_url(&format!("http://127.0.0.1:{port}?timeout_ms=20000&{options}")).unwrap();
    Client::new(&all).unwrap()
}

/// A server that answers with this status.
fn server(status: u16) -> (Scripted, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let own = Arc::clone(&status);
    (Scripted::start(move |_, _| (own.load(Ordering::SeqCst), String::new(), "{}".to_owned())), status)
}

#[track_caller]
fn assert_fields(record: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name} of {record}");
    }
    let event = EVENTS.iter().find(|event| event.name == record["event"]).unwrap();
    let known: BTreeSet<_> = event.fields.iter().copied().chain(["level", "event", "message"]).collect();
    let has: BTreeSet<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(has, known, "{record}");
}

#[test]
fn a_call_ends_with_a_record_that_says_what_it_was_and_how_it_went() {
    let logged = Logged::at(Level::Debug);
    let (server, status) = server(200);
    let client = client(server.port, "token=t0ken-t0ken-t0ken-t0ken");
    for connection in ["new", "reused"] {
        client.call_by_name("users.list", &Arguments::new().with("search", "s3arched")).unwrap();
        let record = logged.last("call.ended");
        let expected = json!({
            "level": "debug", "operation": "users.list", "method": "GET", "path": "/0.1/users", "status": 200,
            "kind": null, "attempts": 1, "connection": connection, "in_doubt": false,
            "server": format!("http://127.0.0.1:{}", server.port),
        });
        assert_fields(&record, &expected);
        assert!(record["duration_us"].as_u64().unwrap() > 0 && record["call_id"].as_u64().unwrap() > 0, "{record}");
    }
    let opened = logged.of("connection.opened");
    let address = format!("127.0.0.1:{}", server.port);
    assert_fields(&opened[0], &json!({"level": "debug", "address": address, "tls": null, "http": "1.1"}));
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!(opened[0]["call_id"], logged.of("call.ended")[0]["call_id"]);

    // What the server refuses is the caller's matter, what it fails in is the operator's; the error has the call's number.
    for (status_code, level, kind) in [(404, "debug", "not_found"), (500, "warning", "server_error")] {
        status.store(status_code, Ordering::SeqCst);
        let error = client.call_by_name("users.list", &Arguments::new()).unwrap_err();
        let record = logged.last("call.ended");
        assert_fields(&record, &json!({"level": level, "status": status_code, "kind": kind}));
        let error: Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(error["call_id"], record["call_id"]);
    }
    client.call_by_name("users.add_group", &Arguments::new()).unwrap_err();
    let ids: BTreeSet<_> = logged.of("call.ended").iter().map(|record| record["call_id"].as_u64()).collect();
    assert_eq!(ids.len(), 4, "what was not sent is no call, and each call has a number of its own");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    self::client(nobody, "").call_by_name("users.list", &Arguments::new()).unwrap_err();
    let expected = json!({"level": "warning", "status": null, "kind": "connect", "connection": null, "attempts": 1});
    assert_fields(&logged.last("call.ended"), &expected);
}

#[test]
fn calls_of_a_queue_are_logged_as_well_and_a_full_queue_once_in_a_while() {
    let logged = Logged::at(Level::Debug);
    let (server, _) = server(200);
    let client = client(server.port, "token=t");
    let queue = Queue::new(1).unwrap();
    queue.submit(&client, "users.list", &Arguments::new(), 0).unwrap();
    for _ in 0..100 {
        queue.submit(&client, "users.list", &Arguments::new(), 0).unwrap_err();
    }
    queue.next(Some(LONG)).unwrap().unwrap().outcome.unwrap();
    assert_fields(&logged.last("call.ended"), &json!({"operation": "users.list", "status": 200, "connection": "new"}));
    let opened = logged.last("connection.opened");
    assert_fields(&opened, &json!({"address": format!("127.0.0.1:{}", server.port), "http": "1.1"}));
    let full = logged.of("queue.full");
    assert_fields(&full[0], &json!({"level": "warning", "operation": "users.list", "limit": 1, "refused": 1}));
    assert!(full.len() < 50, "{full:?}");
}

#[test]
fn an_attempt_that_is_repeated_is_a_warning_with_its_number_and_the_pause() {
    let logged = Logged::at(Level::Warning);
    let server = Scripted::start(|number, _| (if number == 0 { 503 } else { 200 }, String::new(), "{}".to_owned()));
    client(server.port, "retries=1&token=t").call_by_name("users.list", &Arguments::new()).unwrap();
    let record = logged.last("call.repeated");
    let expected = json!({
        "level": "warning", "operation": "users.list", "method": "GET", "path": "/0.1/users", "status": 503,
        "kind": "unavailable", "attempt": 1, "connection": "new",
    });
    assert_fields(&record, &expected);
    assert!((50..=100).contains(&record["pause_ms"].as_u64().unwrap()), "{record}");
    assert_eq!(logged.all().len(), 1, "the call itself went well");
}

#[test]
fn a_renewer_tells_of_its_tokens_by_their_ends_and_of_its_failures() {
    let logged = Logged::at(Level::Info);
    let server = renewing::server();
    let client = renewing::client(&server);
    let renewer = started(&client, "{}");
    let first = renewing::token(&renewer);
    let tail = |token: &str| format!("...{}", &token[token.len() - 4..]);
    eventually("it is logged", || !logged.of("renewal.succeeded").is_empty());
    let record = logged.last("renewal.succeeded");
    let base = format!("http://127.0.0.1:{}/0.1", server.port);
    let expected = json!({"level": "info", "token": tail(&first), "by": "password", "renewals": 1, "server": base});
    assert_fields(&record, &expected);
    assert!((7190..=7200).contains(&record["life_s"].as_u64().unwrap()), "{record}");
    assert!(record["next_ms"].as_u64().unwrap() > 5_000_000, "{record}");

    server.faults(&json!([{"fault": "bad_gateway", "method": "POST", "path": "*/token"}]));
    renewer.renew().unwrap();
    eventually("it fails", || !logged.of("renewal.failed").is_empty());
    let expected = json!({"level": "warning", "status": 502, "kind": "unavailable", "has_token": true, "server": base});
    assert_fields(&logged.of("renewal.failed")[0], &expected);
    assert!(logged.of("renewal.failed")[0]["call_id"].is_u64());
    // A call finds that the token is not valid any more; there is none then, and that is an error.
    renewing::revoke(&client, &first);
    list(&renewer.bind(&client)).unwrap_err();
    assert_fields(&logged.last("token.rejected"), &json!({"level": "warning", "token": tail(&first), "server": base}));
    eventually("there is no token", || logged.last("renewal.failed")["level"] == "error");
    assert_fields(&logged.last("renewal.failed"), &json!({"has_token": false}));
    server.faults(&json!([]));
    let text = format!("{:?}", logged.all());
    assert!(!text.contains(&first) && !text.contains(PASSWORD), "{text}");
}

#[test]
fn a_verifier_tells_when_it_leaves_a_server_alone_and_when_it_is_back() {
    let logged = Logged::at(Level::Info);
    let (server, status) = server(503);
    let settings = VerifierSettings::from_json("{}").unwrap();
    let verifier = Verifier::new(&client(server.port, ""), &settings).unwrap();
    let token = "00000000-0000-4000-8000-00000000abcd";
    for _ in 0..3 {
        verifier.check(token, None, None).unwrap_err();
    }
    let opened = logged.of("breaker.opened");
    let base = format!("http://127.0.0.1:{}/0.1", server.port);
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_fields(&opened[0], &json!({"level": "warning", "status": 503, "kind": "unavailable", "server": base}));
    assert!(opened[0]["pause_ms"].as_u64().unwrap() <= 1000 && opened[0]["call_id"].is_u64(), "{opened:?}");
    // One asks after the pause, and fails; that is not new.
    eventually("one asks", || verifier.check(token, None, None).is_err() && logged.of("breaker.opened").len() == 2);
    assert_fields(&logged.last("breaker.opened"), &json!({"level": "info"}));
    status.store(404, Ordering::SeqCst);
    eventually("it is back", || verifier.check(token, None, None).is_ok());
    let closed = logged.last("breaker.closed");
    assert_fields(&closed, &json!({"level": "info", "server": base}));
    assert!(closed["outage_ms"].as_u64().unwrap() > 500, "{closed}");
    assert!(!format!("{:?}", logged.all()).contains(token));
}

#[test]
fn a_watch_tells_each_new_state_of_its_server() {
    let logged = Logged::at(Level::Info);
    let (server, status) = server(200);
    let settings = HealthSettings::from_json(r#"{"interval_ms": 100, "down_after": 1}"#).unwrap();
    let health = Health::new(&client(server.port, ""), settings).unwrap();
    eventually("it is reachable", || health.state().unwrap() == State::Reachable);
    status.store(502, Ordering::SeqCst);
    eventually("it is down", || logged.of("server.state").len() == 2);
    drop(health);
    let base = format!("http://127.0.0.1:{}/0.1", server.port);
    let states = logged.of("server.state");
    assert_fields(&states[0], &json!({"level": "info", "state": "reachable", "before": "unknown", "server": base}));
    assert_fields(&states[1], &json!({"level": "warning", "state": "down", "before": "reachable"}));
}

#[test]
fn no_record_holds_a_secret_and_each_is_one_line_whatever_a_server_answers() {
    const SECRETS: [&str; 7] = [
        "t0ken-of-the-client-0001",
        "0ther-t0ken-0000-0002",
        "pa55word-of-user",
        "r3fresh-t0ken-00003",
        "cl1ent-s3cret",
        "n3w-pa55word",
        "s3arched-for",
    ];
    let [token, other, password, refresh, client_secret, new, searched] = SECRETS;
    let logged = Logged::at(Level::Debug);
    let text = |pairs: &[(&str, &'static str)]| {
        let with =
            |arguments: Arguments, (name, text): &(&str, &'static str)| arguments.with((*name).to_owned(), *text);
        pairs.iter().fold(Arguments::new(), with)
    };
    let body = Arguments::new().with_body(&json!({"secret": client_secret}).to_string()).unwrap();
    let body = body.with_query(&json!({"search": searched}).to_string()).unwrap();
    let path = format!("/token/{other}/x");
    let change = [("user_uuid", "u"), ("old_password", password), ("new_password", new)];
    // What is called, and which secrets it carries: the server repeats those.
    let calls: [(&str, Arguments, &[&str]); 8] = [
        ("token.new", text(&[]), &[password]),
        ("token.new", text(&[("client_id", "phone"), ("refresh_token", refresh)]), &[refresh]),
        ("token.get", text(&[("token", other)]), &[other]),
        ("token.check", text(&[("token", other), ("required_acl", "dird.read")]), &[other]),
        ("token.revoke", text(&[("token", other)]), &[other]),
        ("users.list", text(&[("search", searched)]), &[token]),
        ("users.change_password", text(&change), &[password, new]),
        ("", body, &[token, other, client_secret, searched]),
    ];
    let mut count = 0;
    for (operation, arguments, own) in &calls {
        let echo = own.join(" ");
        let forged = format!("{echo}\r\nERROR forged\u{2028}\u{1b}[2J");
        let answer = json!({"message": forged, "reason": [forged], "error_id": echo}).to_string();
        let statuses = [200, 404, 401, 500, 503];
        let server = Scripted::start(move |number, _| (statuses[number % 5], String::new(), answer.clone()));
        let client = client(server.port, &format!("token={token}&username=alice&password={password}&retries=1"));
        for _ in 0..6 {
            count += 1;
            let _ = match *operation {
                "" => client.request(Method::Post, &path, arguments),
                operation => client.call_by_name(operation, arguments),
            };
        }
    }
    assert!(logged.of("call.ended").len() == count && !logged.of("call.repeated").is_empty(), "{}", logged.all().len());
    let kinds: BTreeSet<_> = logged.of("call.ended").iter().map(|record| record["kind"].to_string()).collect();
    assert!(kinds.len() >= 5, "{kinds:?}");
    for record in logged.all() {
        let shown = record.to_string();
        assert!(!SECRETS.iter().any(|secret| shown.contains(secret)), "{shown}");
        let message = record["message"].as_str().unwrap();
        assert!(!message.contains(|c: char| c.is_control() || c == '\u{2028}'), "{message:?}");
    }
}

#[test]
fn a_logger_gets_the_records_of_its_level_and_those_above() {
    let counts: BTreeMap<_, _> = Level::ALL
        .into_iter()
        .map(|level| {
            let logged = Logged::at(level);
            let server = Scripted::start(|_, _| (503, String::new(), "{}".to_owned()));
            client(server.port, "").call_by_name("users.list", &Arguments::new()).unwrap_err();
            let records = logged.all().iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect();
            (level, records)
        })
        .collect();
    let expected: [(Level, Vec<String>); 4] = [
        (Level::Error, vec![]),
        (Level::Warning, vec!["call.ended".to_owned()]),
        (Level::Info, vec!["call.ended".to_owned()]),
        (Level::Debug, vec!["connection.opened".to_owned(), "call.ended".to_owned()]),
    ];
    assert_eq!(counts, expected.into());
}

#[test]
fn a_logger_that_was_removed_is_not_running_and_is_not_called_again_while_calls_go_on() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (server, _) = server(200);
    let client = client(server.port, "token=t");
    let (is_over, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    client.call_by_name("users.list", &Arguments::new()).unwrap();
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // Also where this fails: the threads would go on for ever.
        let _ended = Ends(&is_over);
        for _ in 0..20 {
            // What the host frees when the setter has returned.
            let is_alive = Arc::new(AtomicBool::new(true));
            let (used, late) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let (alive, count, too_late) = (Arc::clone(&is_alive), Arc::clone(&used), Arc::clone(&late));
            let logger = move |_: &Record<'_>| {
                count.fetch_add(1, Ordering::SeqCst);
                for _ in 0..10 {
                    std::thread::yield_now();
                    too_late.fetch_add(usize::from(!alive.load(Ordering::SeqCst)), Ordering::SeqCst);
                }
            };
            set_logger(Level::Debug, Some(Box::new(logger)));
            eventually("it is called", || used.load(Ordering::SeqCst) > 10);
            set_logger(Level::Debug, None);
            is_alive.store(false, Ordering::SeqCst);
            let before = (used.load(Ordering::SeqCst), calls.load(Ordering::SeqCst));
            eventually("calls go on", || calls.load(Ordering::SeqCst) > before.1 + 8);
            assert_eq!(used.load(Ordering::SeqCst), before.0, "it was called after it had been removed");
            assert_eq!(late.load(Ordering::SeqCst), 0, "it ran after it had been removed");
        }
    });
}

#[test]
fn a_logger_that_panics_or_calls_the_library_or_sets_another_harms_nothing() {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (server, _) = server(200);
    let client = Arc::new(client(server.port, "token=t"));
    set_logger(Level::Debug, Some(Box::new(|_| panic!("on purpose"))));
    client.call_by_name("users.list", &Arguments::new()).unwrap();
    // What it does itself is not logged: it would never end.
    let (own, count) = (Arc::clone(&client), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let logger = move |record: &Record<'_>| {
        counted.fetch_add(1, Ordering::SeqCst);
        if record.event.name == "call.ended" {
            own.call_by_name("users.list", &Arguments::new()).unwrap();
            set_logger(Level::Error, None);
        }
    };
    set_logger(Level::Debug, Some(Box::new(logger)));
    client.call_by_name("users.list", &Arguments::new()).unwrap();
    client.call_by_name("users.list", &Arguments::new()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    drop(turn);
}

#[test]
fn the_page_about_the_log_has_every_event_with_its_levels_and_fields_and_no_other() {
    let page = include_str!("../docs/logging.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `") && line.matches('|').count() == 5)
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let shown: Vec<_> = rows.iter().map(|row| (row[1].to_owned(), row[2].to_owned(), row[4].to_owned())).collect();
    let known: Vec<_> = EVENTS
        .iter()
        .map(|event| {
            let levels: Vec<_> = event.levels.iter().map(|level| level.name()).collect();
            let fields: Vec<_> = event.fields.iter().map(|field| format!("`{field}`")).collect();
            (format!("`{}`", event.name), levels.join(", "), fields.join(" "))
        })
        .collect();
    assert_eq!(shown, known);
    for field in EVENTS.iter().flat_map(|event| event.fields) {
        assert!(page.contains(&format!("| `{field}` |")), "docs/logging.md says nothing of {field}");
    }
}

#[test]
fn a_call_that_waits_too_long_is_a_warning_with_the_time_that_it_took() {
    let logged = Logged::at(Level::Warning);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = client(listener.local_addr().unwrap().port(), "token=t").with([("timeout_ms", "100")]).unwrap();
    let error = client.call_by_name("users.list", &Arguments::new()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    let record = logged.last("call.ended");
    assert_fields(&record, &json!({"level": "warning", "kind": "timeout", "status": null, "connection": "new"}));
    assert!(record["duration_us"].as_u64().unwrap() >= u64::try_from(Duration::from_millis(100).as_micros()).unwrap());
}
