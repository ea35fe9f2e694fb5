//! Answers that never come, come without end, come late, or say that the request did not come whole.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::scripted::Scripted;
use wazo_auth_client::{Arguments, Client, Error, ErrorKind, Options, Outcome, Queue};

const LONG: Option<Duration> = Some(Duration::from_secs(60));
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
/// What HAProxy sends over a connection that it closes because nothing came.
const IDLE_CLOSE: &[u8] = b"HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn client(port: u16, options: &str) -> Client {
    let mut all = Options::new();
    all.set_url(&format!("http://alice:secret@127.0.0.1:{port}?{options}")).unwrap();
    Client::new(&all).unwrap()
}

fn blocking(client: &Client, operation: &str) -> Result<Outcome, Error> {
    client.call_by_name(operation, &Arguments::new())
}

fn queued(client: &Client, operation: &str) -> Result<Outcome, Error> {
    let queue = Queue::new(4).unwrap();
    queue.submit(client, operation, &Arguments::new(), 0).unwrap();
    queue.next(LONG).unwrap().unwrap().outcome
}

/// How a call is made.
type Way = fn(&Client, &str) -> Result<Outcome, Error>;

/// Both ways of making a call. (A queued one has connections of its own.)
const WAYS: [Way; 2] = [blocking, queued];

/// Reads a request; false where the client has closed the connection.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    matches!(stream.read(&mut buffer), Ok(1..))
}

/// A server that answers the first requests of its first connection, and then does what the test says with it; later
/// connections get the same answer always.
fn server(answers: usize, then: impl FnOnce(TcpStream) + Send + 'static) -> (u16, JoinHandle<()>, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (opened, connections) = sync_channel(100);
    let thread = std::thread::spawn(move || {
        let mut first = listener.accept().unwrap().0;
        opened.send(()).unwrap();
        for _ in 0..answers {
            assert!(read_request(&mut first));
            first.write_all(OK).unwrap();
        }
        then(first);
        let mut second = listener.accept().unwrap().0;
        opened.send(()).unwrap();
        while read_request(&mut second) {
            second.write_all(OK).unwrap();
        }
    });
    (port, thread, connections)
}

#[test]
fn a_kept_connection_that_has_become_silent_costs_one_call() {
    for way in WAYS {
        let (port, thread, connections) = server(1, |mut stream| {
            // Reads the request, answers nothing, and sees that the client gives the connection up.
            assert!(read_request(&mut stream));
            assert!(!read_request(&mut stream), "a call that timed out closes its connection");
        });
        let client = client(port, "timeout_ms=30000");
        let queue = Queue::new(1).unwrap();
        way(&client, "users.list").unwrap();
        let hasty = client.with([("timeout_ms", "300")]).unwrap();
        let error = way(&hasty, "users.list").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
        for _ in 0..3 {
            way(&client, "users.list").unwrap();
        }
        drop((hasty, client, queue));
        thread.join().unwrap();
        assert_eq!(connections.iter().count(), 2);
    }
}

/// A server that answers with informational responses without end, until the client gives up.
fn flood() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // What comes before the request would be no answer to it.
        assert!(read_request(&mut stream));
        let block = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(4096);
        while stream.write_all(&block).is_ok() {}
    });
    (port, thread)
}

#[test]
fn a_flood_of_informational_responses_ends_with_the_deadline() {
    for way in WAYS {
        let (port, flood) = flood();
        let error = way(&client(port, "timeout_ms=300"), "users.list").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
        flood.join().unwrap();
    }
}

#[test]
fn a_flood_of_informational_responses_keeps_no_other_call_of_the_library_s_thread() {
    let (port, flood) = flood();
    let good = Scripted::start(|_, _| (200, String::new(), "{}".to_owned()));
    let (bad, well) = (client(port, "timeout_ms=600000"), client(good.port, "timeout_ms=60000"));
    let queue = Queue::new(4).unwrap();
    let endless = queue.submit(&bad, "users.list", &Arguments::new(), 1).unwrap();
    for _ in 0..5 {
        queue.submit(&well, "users.list", &Arguments::new(), 0).unwrap();
        let completion = queue.next(LONG).unwrap().unwrap();
        assert_eq!(completion.user_data, 0, "the flood has no end of its own");
        completion.outcome.unwrap();
    }
    assert!(queue.cancel(endless));
    assert_eq!(queue.next(LONG).unwrap().unwrap().outcome.unwrap_err().kind, ErrorKind::Cancelled);
    flood.join().unwrap();
}

#[test]
fn an_answer_that_is_there_after_the_deadline_is_no_success() {
    let ((arrive, has_arrived), (release, is_released)) = (sync_channel(1), sync_channel(1));
    let is_released = Mutex::new(is_released);
    let server = Scripted::start(move |_, line| {
        if line.contains("/users") {
            arrive.send(()).unwrap();
            is_released.lock().unwrap().recv().unwrap();
        }
        (200, String::new(), "{}".to_owned())
    });
    let patient = client(server.port, "timeout_ms=30000");
    let hasty = patient.with([("timeout_ms", "1500")]).unwrap();
    let (queue, other) = (Queue::new(4).unwrap(), Queue::new(4).unwrap());
    let begun = Instant::now();
    queue.submit(&hasty, "users.list", &Arguments::new(), 0).unwrap();
    has_arrived.recv_timeout(Duration::from_secs(30)).unwrap();
    // The library's thread is with the host while the answer comes and the deadline passes.
    let was_in_time = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&was_in_time);
    let wake_up = move || {
        *seen.lock().unwrap() = begun.elapsed() < Duration::from_millis(1400);
        release.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(1700));
    };
    other.set_wake_up(Some(Arc::new(wake_up))).unwrap();
    other.submit(&patient, "groups.list", &Arguments::new(), 0).unwrap();
    let error = queue.next(LONG).unwrap().unwrap().outcome.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    // On a machine so slow that the deadline came first, nothing was shown.
    println!("answered in time: {}", was_in_time.lock().unwrap());
}

#[test]
fn a_request_that_met_the_close_of_an_idle_connection_is_repeated_whatever_its_method() {
    for way in WAYS {
        let (port, thread, connections) = server(1, |mut stream| {
            assert!(read_request(&mut stream));
            stream.write_all(IDLE_CLOSE).unwrap();
        });
        let client = client(port, "timeout_ms=30000");
        // One queue, so that the thread of the library and its connections stay.
        let _queue = Queue::new(1).unwrap();
        way(&client, "users.list").unwrap();
        way(&client, "users.new").unwrap();
        drop(client);
        thread.join().unwrap();
        assert_eq!(connections.iter().count(), 2);
    }
}

#[test]
fn a_server_that_says_so_of_a_new_connection_is_an_error_that_is_not_in_doubt() {
    for way in WAYS {
        let server = Scripted::start(|_, _| (408, "Connection: close\r\n".to_owned(), String::new()));
        let error = way(&client(server.port, "timeout_ms=30000"), "users.new").unwrap_err();
        assert_eq!((error.status(), error.in_doubt, server.requests()), (408, false, 1), "{error}");
    }
}
