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
    let mut options = Options::new();
    options.set_url(&format!("http://admin:secret@127.0.0.1:{}?timeout_ms=20000", server.port)).unwrap();
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
