//! Repetitions: what is sent again, when, and how often at most; and the statistics that count all of it.

mod support;

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::scripted::{Answer, Scripted};
use wazo_auth_client::{Arguments, Client, Error, ErrorKind, Options, Outcome, Queue};

fn client(server: &Scripted, options: &str) -> Client {
    let mut all = Options::new();
    all.set_url(&format!("http://127.0.0.1:{}?{options}", server.port)).unwrap();
    all.set("username", "alice").unwrap();
    all.set("password", "secret").unwrap();
    Client::new(&all).unwrap()
}

fn call(client: &Client, operation: &str) -> Result<Outcome, Error> {
    client.call_by_name(operation, &Arguments::new())
}

fn answer(status: u16, headers: &str, body: &str) -> Answer {
    (status, headers.to_owned(), body.to_owned())
}

fn statistics(client: &Client) -> Value {
    serde_json::from_str(&client.statistics()).unwrap()
}

#[test]
fn in_an_outage_the_load_stays_that_of_the_calls() {
    let server = Scripted::start(|_, _| answer(503, "", "{}"));
    let client = client(&server, "retries=3&timeout_ms=60000");
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(call(&client, "users.list").unwrap_err().kind, ErrorKind::Unavailable);
                }
            });
        }
    });
    assert!((1001..=1010).contains(&server.requests()), "{} requests of 1,000 calls", server.requests());
    // A handle that shares the connections shares the budget, which is empty.
    let before = server.requests();
    call(&client.with([("user_agent", "derived")]).unwrap(), "users.list").unwrap_err();
    assert_eq!(server.requests(), before + 1);
}

#[test]
fn connections_that_fail_have_the_same_budget() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{port}?retries=3&timeout_ms=60000")).unwrap();
    let client = Client::new(&options).unwrap();
    for _ in 0..200 {
        assert_eq!(call(&client, "users.list").unwrap_err().kind, ErrorKind::Connect);
    }
    let shown = statistics(&client);
    assert_eq!((&shown["retries"], &shown["connections_opened"]), (&json!(5), &json!(0)), "{shown}");
}

#[test]
fn successes_fill_the_budget_again() {
    let fails = AtomicU64::new(1);
    let server = Scripted::start(move |_, line| {
        if line.contains("/groups") {
            fails.store(0, Ordering::SeqCst);
        }
        if line.contains("/policies") {
            fails.store(1, Ordering::SeqCst);
        }
        if fails.load(Ordering::SeqCst) == 1 { answer(503, "", "{}") } else { answer(200, "", "{}") }
    });
    let client = client(&server, "retries=1&timeout_ms=60000");
    let retries = || statistics(&client)["retries"].as_u64().unwrap();
    (0..20).for_each(|_| drop(call(&client, "users.list").unwrap_err()));
    assert_eq!(retries(), 5);
    (0..25).for_each(|_| drop(call(&client, "groups.list").unwrap()));
    (0..20).for_each(|_| drop(call(&client, "policies.list").unwrap_err()));
    assert_eq!(retries(), 7);
}

#[test]
fn the_server_is_left_alone_for_as_long_as_it_asks() {
    for status in [503, 429] {
        let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let seen = Arc::clone(&times);
        let server = Scripted::start(move |number, _| {
            seen.lock().unwrap().push(Instant::now());
            if number == 0 { answer(status, "Retry-After: 1\r\n", "{}") } else { answer(200, "", "{}") }
        });
        call(&client(&server, "retries=1"), "users.list").unwrap();
        let times = times.lock().unwrap();
        assert!(times[1] - times[0] >= Duration::from_secs(1), "{status}: {:?}", times[1] - times[0]);
    }
}

#[test]
fn a_pause_beyond_the_deadline_ends_the_call_at_once_with_what_the_server_said() {
    for after in
        ["Retry-After: 60\r\n", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n"]
    {
        let server = Scripted::start(move |_, _| answer(503, after, "{}"));
        let begun = Instant::now();
        let error = call(&client(&server, "retries=3&timeout_ms=30000"), "users.list").unwrap_err();
        assert_eq!((error.kind, error.status()), (ErrorKind::Unavailable, 503), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn repetitions_end_before_the_deadline() {
    let server = Scripted::start(|_, _| answer(503, "", "{}"));
    let begun = Instant::now();
    let error = call(&client(&server, "retries=1000&timeout_ms=400"), "users.list").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5) && server.requests() > 1);
}

#[test]
fn what_changes_something_is_repeated_only_where_it_was_not_carried_out() {
    for (status, operation, requests) in [
        (429, "token.new", 1),
        (429, "users.list", 2),
        (429, "users.new", 1),
        (502, "users.new", 1),
        (504, "users.new", 1),
        (503, "users.new", 2),
        (503, "token.new", 2),
        (502, "users.list", 2),
        (504, "users.list", 2),
        (500, "users.list", 1),
        (404, "users.list", 1),
    ] {
        let server = Scripted::start(move |_, _| answer(status, "", "{}"));
        let error = call(&client(&server, "retries=1"), operation).unwrap_err();
        assert_eq!((error.status(), server.requests()), (status, requests), "{operation}");
        let server = Scripted::start(move |_, _| answer(status, "", "{}"));
        assert!(call(&client(&server, ""), operation).is_err());
        assert_eq!(server.requests(), 1, "{operation}: not unless it is asked for");
    }
}

#[test]
fn the_statistics_are_exact() {
    let server = Scripted::start(|number, line| match number {
        1 => answer(503, "", "{}"),
        _ if line.contains("/groups") => answer(404, "", "{}"),
        _ => answer(200, "", r#"{"items":[]}"#),
    });
    let client = client(&server, "retries=1");
    let derived = client.with([("user_agent", "derived")]).unwrap();
    assert_eq!(statistics(&client)["calls"], 0);
    call(&client, "users.list").unwrap();
    call(&derived, "users.list").unwrap();
    assert_eq!(call(&derived, "groups.list").unwrap_err().kind, ErrorKind::NotFound);
    // Nothing is sent for these.
    assert!(client.call_by_name("token.check", &Arguments::new().with("token", "")).unwrap().is_no());
    client.call_by_name("users.get", &Arguments::new()).unwrap_err();
    let mut shown = statistics(&derived);
    let latency = shown["latency_us"].take();
    let expected = json!({
        "calls": 3, "in_progress": 0, "succeeded": 2, "errors": {"not_found": 1}, "retries": 1,
        "connections_opened": 1, "connections_reused": 3, "bytes_received": 12 + 2 + 12 + 2, "latency_us": null,
    });
    assert_eq!((&shown, server.connections()), (&expected, 1));
    assert_eq!(latency["count"], 3);
    // The pause before the repetition was at least 50 ms.
    assert!(
        latency["max"].as_u64().unwrap() >= 50_000 && latency["p999"].as_u64() <= latency["max"].as_u64(),
        "{latency}"
    );
    assert_eq!(Some(latency["p50"].as_u64() > latency["max"].as_u64()), Some(false));

    let queue = Queue::new(8).unwrap();
    for user in 0..5 {
        queue.submit(&derived, "users.list", &Arguments::new(), user).unwrap();
    }
    (0..5).for_each(|_| drop(queue.next(Some(Duration::from_secs(30))).unwrap().unwrap()));
    let shown = statistics(&client);
    assert_eq!((&shown["calls"], &shown["succeeded"], &shown["in_progress"]), (&json!(8), &json!(7), &json!(0)));
    let connections = shown["connections_opened"].as_u64().unwrap() + shown["connections_reused"].as_u64().unwrap();
    assert_eq!(connections, 9, "{shown}");
    assert_eq!(shown["bytes_received"], 28 + 5 * 12);
}

#[test]
fn a_call_that_runs_is_counted_as_one() {
    let (entered, has_entered) = std::sync::mpsc::sync_channel(0);
    let (leave, may_leave) = std::sync::mpsc::sync_channel::<()>(0);
    let may_leave = Mutex::new(may_leave);
    let server = Scripted::start(move |_, _| {
        entered.send(()).unwrap();
        may_leave.lock().unwrap().recv().unwrap();
        answer(200, "", "{}")
    });
    let client = client(&server, "");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| call(&client, "users.list"));
        has_entered.recv().unwrap();
        let shown = statistics(&client);
        assert_eq!((&shown["calls"], &shown["in_progress"], &shown["succeeded"]), (&json!(1), &json!(1), &json!(0)));
        leave.send(()).unwrap();
        running.join().unwrap().unwrap();
    });
    assert_eq!(statistics(&client)["in_progress"], 0);
}
