//! Whether the server is there: waiting until it is, and being told when that changes.

mod support;

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use support::scripted::Scripted;
use wazo_auth_client::options::{HealthSettings, ServiceSettings};
use wazo_auth_client::{Cancellation, Client, ErrorKind, Health, Options, State, wait_until_ready};

const LONG: Duration = Duration::from_secs(30);

/// A server whose status can be changed.
fn server() -> (Scripted, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let of_server = Arc::clone(&status);
    (Scripted::start(move |_, _| (of_server.load(Ordering::SeqCst), String::new(), String::new())), status)
}

fn client(port: u16) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{port}?timeout_ms=2000")).unwrap();
    Client::new(&options).unwrap()
}

/// A port of the loopback where nobody listens.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn settings(json: &str) -> HealthSettings {
    HealthSettings::from_json(json).unwrap()
}

/// What a watch tells, one state after the other.
fn told(health: &Health) -> mpsc::Receiver<State> {
    let (tell, told) = mpsc::channel();
    health
        .set_on_change(Some(Arc::new(move |state| {
            // Nobody may listen any more.
            let _ = tell.send(state);
        })))
        .unwrap();
    told
}

#[test]
fn waiting_ends_when_the_server_is_ready() {
    let server = Scripted::start(|number, _| (if number < 3 { 503 } else { 200 }, String::new(), String::new()));
    wait_until_ready(&client(server.port), Some(LONG)).unwrap();
    assert_eq!(server.requests(), 4);
}

#[test]
fn waiting_ends_at_the_deadline_with_the_last_error_and_is_no_busy_loop() {
    let (server, status) = server();
    status.store(503, Ordering::SeqCst);
    for timeout in [0, 50, 800] {
        let before = server.requests();
        let begun = Instant::now();
        let error = wait_until_ready(&client(server.port), Some(Duration::from_millis(timeout))).unwrap_err();
        let took = begun.elapsed();
        assert!(took < Duration::from_millis(timeout) + Duration::from_secs(5), "{took:?}");
        if timeout == 800 {
            assert_eq!((error.kind, error.status()), (ErrorKind::Unavailable, 503), "{error}");
            assert!(took >= Duration::from_millis(700), "{took:?}");
        }
        assert!(server.requests() - before < 12, "{} probes", server.requests() - before);
    }
    let error = wait_until_ready(&client(closed_port()), Some(Duration::from_millis(300))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connect, "{error}");
}

#[test]
fn waiting_is_ended_by_a_cancellation_of_the_client() {
    let (server, status) = server();
    status.store(503, Ordering::SeqCst);
    let cancellation = Cancellation::new();
    let client = client(server.port).with_cancellation(&cancellation);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_until_ready(&client, None).unwrap_err());
        while server.requests() < 3 {
            std::thread::yield_now();
        }
        cancellation.cancel();
        assert_eq!(waiting.join().unwrap().kind, ErrorKind::Cancelled);
    });
}

#[test]
fn a_watch_tells_of_every_change() {
    let (server, status) = server();
    let health = Health::new(&client(server.port), settings(r#"{"interval_ms": 10, "down_after": 3}"#)).unwrap();
    let told = told(&health);
    assert_eq!(told.recv_timeout(LONG).unwrap(), State::Reachable);
    for (now, expected) in [
        (503, &[State::Degraded][..]),
        (200, &[State::Reachable]),
        (502, &[State::Degraded, State::Down]),
        (500, &[State::Degraded]),
        (504, &[State::Down]),
        (200, &[State::Reachable]),
    ] {
        status.store(now, Ordering::SeqCst);
        for state in expected {
            assert_eq!(told.recv_timeout(LONG).unwrap(), *state, "{now}");
        }
        assert_eq!(health.state().unwrap(), *expected.last().unwrap());
    }
}

#[test]
fn a_late_subscriber_gets_the_current_state_and_the_one_before_hears_no_more() {
    let (server, status) = server();
    let health = Health::new(&client(server.port), settings(r#"{"interval_ms": 10}"#)).unwrap();
    let first = told(&health);
    assert_eq!(first.recv_timeout(LONG).unwrap(), State::Reachable);
    let second = told(&health);
    assert_eq!(second.recv_timeout(LONG).unwrap(), State::Reachable);
    status.store(503, Ordering::SeqCst);
    assert_eq!(second.recv_timeout(LONG).unwrap(), State::Degraded);
    assert_eq!(
        first.recv_timeout(LONG).unwrap_err(),
        mpsc::RecvTimeoutError::Disconnected,
        "it is gone, with what it owned"
    );
    drop(health);
    assert_eq!(second.recv_timeout(LONG).unwrap_err(), mpsc::RecvTimeoutError::Disconnected);
}

#[test]
fn a_server_that_is_not_there_is_down_and_asked_less_often() {
    let health = Health::new(&client(closed_port()), settings(r#"{"interval_ms": 5, "down_after": 2}"#)).unwrap();
    let told = told(&health);
    // The first of them may have passed before anybody listened.
    let down = std::iter::from_fn(|| told.recv_timeout(LONG).ok()).find(|state| *state == State::Down);
    assert_eq!(down, Some(State::Down));
    drop(health);
}

#[test]
fn a_callback_may_end_its_own_watch() {
    let (server, _) = server();
    let health = Health::new(&client(server.port), settings(r#"{"interval_ms": 10}"#)).unwrap();
    let place = Arc::new(std::sync::Mutex::new(None));
    let (ended, has_ended) = mpsc::channel();
    let own = Arc::clone(&place);
    let mut held = place.lock().unwrap();
    health
        .set_on_change(Some(Arc::new(move |_| {
            drop(own.lock().unwrap().take());
            ended.send(()).unwrap();
        })))
        .unwrap();
    *held = Some(health);
    drop(held);
    has_ended.recv_timeout(LONG).unwrap();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for json in [r#"{"interval_ms": 0}"#, r#"{"down_after": 0}"#, r#"{"interval": 1}"#] {
        assert_eq!(HealthSettings::from_json(json).unwrap_err().kind, ErrorKind::InvalidArgument);
    }
    assert_eq!(HealthSettings::defaults().interval, Duration::from_secs(10));
}
