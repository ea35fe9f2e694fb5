//! The queue's promises, where a host's program is not as orderly as one would like.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use support::Simulator;
use wazo_auth_client::{Arguments, Client, ErrorKind, Options, Queue};

const LONG: Option<Duration> = Some(Duration::from_secs(30));

fn server() -> Simulator {
    Simulator::start("secret")
}

fn client(server: &Simulator) -> Client {
    client_with(server, "timeout_ms=20000")
}

fn client_with(server: &Simulator, settings: &str) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://admin:secret@127.0.0.1:{}?{settings}", server.port)).unwrap();
    Client::new(&options).unwrap()
}

fn delay(server: &Simulator, ms: u64) {
    server.faults(&serde_json::json!([{"fault": "delay", "ms": ms}]));
}

fn login(queue: &Queue, client: &Client) -> u64 {
    queue.submit(client, "token.new", &Arguments::new(), 0).unwrap()
}

#[test]
fn a_client_may_be_gone_before_its_queued_calls_end() {
    let server = server();
    let client = client(&server);
    // It has connections of blocking calls as well, which the last of its calls lets go of on the library's thread.
    client.call_by_name("token.new", &Arguments::new()).unwrap();
    delay(&server, 50);
    let queue = Queue::new(4).unwrap();
    login(&queue, &client);
    drop(client);
    let completion = queue.next(LONG).unwrap().unwrap();
    assert!(completion.outcome.unwrap().json.contains("token"));
}

#[test]
fn a_limit_that_no_memory_could_hold_is_refused() {
    let error = Queue::new(u32::MAX as usize).err().expect("refused");
    assert!(error.kind == ErrorKind::InvalidArgument && error.message.contains("limit"), "{error}");
}

#[test]
fn closing_ends_what_runs_and_then_all_who_wait() {
    let server = server();
    let client = client(&server);
    delay(&server, 60_000);
    let queue = Queue::new(4).unwrap();
    let ids = [login(&queue, &client), login(&queue, &client)];
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| std::iter::from_fn(|| queue.next(None).unwrap()).map(|done| done.id).collect::<Vec<_>>())
            })
            .collect();
        queue.close().unwrap();
        let mut taken: Vec<u64> = waiting.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        taken.sort_unstable();
        assert_eq!(taken, ids);
    });
    let error = queue.submit(&client, "token.new", &Arguments::new(), 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Closed);
}

#[test]
fn a_wake_up_that_is_set_late_is_called_for_what_waits_already() {
    let server = server();
    let client = client(&server);
    let queue = Queue::new(4).unwrap();
    let id = login(&queue, &client);
    // Until it has ended, by itself or by this, and waits.
    while queue.cancel(id) {
        std::thread::yield_now();
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    queue.set_wake_up(Some(Arc::new(move || sender.lock().unwrap().send(()).unwrap_or_default()))).unwrap();
    receiver.recv_timeout(Duration::from_secs(30)).expect("it is called");
    assert!(queue.next(LONG).unwrap().is_some());
}

#[test]
fn a_wake_up_may_take_submit_replace_itself_and_end_its_queue() {
    let server = server();
    let client = Arc::new(client(&server));
    let queue: Arc<OnceLock<Queue>> = Arc::default();
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let calls = Arc::new(AtomicUsize::new(0));
    let made = Queue::new(4).unwrap();
    {
        let (queue, calls, client) = (Arc::clone(&queue), Arc::clone(&calls), Arc::clone(&client));
        made.set_wake_up(Some(Arc::new(move || {
            let queue = queue.get().unwrap();
            calls.fetch_add(1, Ordering::SeqCst);
            // It does not wait on the thread that would have to bring what it waits for.
            while queue.next(None).unwrap().is_some() {}
            let sender = std::sync::Mutex::new(sender.lock().unwrap().clone());
            queue.set_wake_up(Some(Arc::new(move || sender.lock().unwrap().send(()).unwrap_or_default()))).unwrap();
            login(queue, &client);
        })))
        .unwrap();
    }
    assert!(queue.set(made).is_ok());
    login(queue.get().unwrap(), &client);
    receiver.recv_timeout(Duration::from_secs(30)).expect("the second wake-up is called");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_call_that_has_no_turn_in_time_is_told_early_and_has_not_left() {
    let server = server();
    let settings = ["queue_wait_ms=50&timeout_ms=60000", "timeout_ms=100"];
    for settings in settings {
        let client = client_with(&server, &format!("queue_connections=1&{settings}"));
        delay(&server, 60_000);
        let queue = Queue::new(4).unwrap();
        let first = login(&queue, &client);
        let second = login(&queue, &client);
        let completion = queue.next(LONG).unwrap().unwrap();
        assert_eq!(completion.id, second);
        let error = completion.outcome.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Busy, "{error}");
        assert!(error.is_retryable() && !error.in_doubt && error.message.contains("50 ms (queue_wait_ms)"), "{error}");
        queue.cancel(first);
    }
}

#[test]
fn more_calls_than_may_wait_are_told_at_once() {
    let server = server();
    let client = client_with(&server, "queue_connections=1&queue_waiting=1&timeout_ms=60000");
    delay(&server, 60_000);
    let queue = Queue::new(4).unwrap();
    login(&queue, &client);
    login(&queue, &client);
    let third = login(&queue, &client);
    let completion = queue.next(LONG).unwrap().unwrap();
    assert_eq!(completion.id, third);
    let error = completion.outcome.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy, "{error}");
    assert!(error.message.contains("queue_waiting"), "{error}");
}

/// Waits until the process has so many threads of that name: a thread names itself, and is gone from `/proc` a moment after
/// it was joined.
#[cfg(target_os = "linux")]
fn await_threads(name: &str, count: usize) {
    let begun = std::time::Instant::now();
    loop {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        // A thread may end while the directory is read.
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        let found = names.filter(|found| found.trim() == name).count();
        if found == count {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{found} threads {name}, not {count}");
        std::thread::yield_now();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn as_many_threads_carry_calls_as_the_client_asks_for_and_they_end_with_the_queue() {
    let server = server();
    let client = client_with(&server, "io_threads=3&queue_connections=6&timeout_ms=20000");
    let queue = Queue::new(64).unwrap();
    let mut submitted: Vec<u64> = (0..30).map(|_| login(&queue, &client)).collect();
    (2..=3).for_each(|number| await_threads(&format!("wazo-io-{number}"), 1));
    let mut completed: Vec<u64> = (0..30)
        .map(|_| {
            let completion = queue.next(LONG).unwrap().unwrap();
            completion.outcome.unwrap();
            completion.id
        })
        .collect();
    submitted.sort_unstable();
    completed.sort_unstable();
    assert_eq!(completed, submitted);
    drop(queue);
    (2..=3).for_each(|number| await_threads(&format!("wazo-io-{number}"), 0));
}
