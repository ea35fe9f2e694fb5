//! Connections that calls of a queue share (HTTP/2): a peer that becomes silent, refuses streams, or goes away.

mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use support::http2::{ENHANCE_YOUR_CALM, Http2Server, NO_ERROR, Peer, REFUSED_STREAM, ca_file};
use wazo_auth_client::{Arguments, Client, Completion, Error, ErrorKind, Options, Outcome, Queue};

const LONG: Option<Duration> = Some(Duration::from_secs(60));

fn client(server: &Http2Server, options: &str) -> Client {
    let mut all = Options::new();
    all.set_url(&format!("https://alice:secret@127.0.0.1:{}?{options}", server.port)).unwrap();
    all.set("ca_file", ca_file().to_str().unwrap()).unwrap();
    Client::new(&all).unwrap()
}

fn submit(queue: &Queue, client: &Client, operation: &str) -> u64 {
    queue.submit(client, operation, &Arguments::new(), 0).unwrap()
}

fn next(queue: &Queue) -> Completion {
    queue.next(LONG).unwrap().expect("a call that ends")
}

/// One call, to its end.
fn call(queue: &Queue, client: &Client, operation: &str) -> Result<Outcome, Error> {
    submit(queue, client, operation);
    next(queue).outcome
}

/// A channel whose ends the threads of a server may share.
fn shared_channel() -> (Mutex<Sender<()>>, Mutex<Receiver<()>>) {
    let (sender, receiver) = channel();
    (Mutex::new(sender), Mutex::new(receiver))
}

/// Calls that come more often than idle connections are closed: one of them times out (or none, where the peer says early that
/// it takes nothing), and all later ones succeed. What made them lives on.
fn one_call_times_out_and_later_ones_succeed(server: &Http2Server, may_be_none: bool) -> (Client, Queue) {
    let client = client(server, "timeout_ms=400&pool_idle_timeout_ms=5000&queue_connections=4");
    let patient = client.with([("timeout_ms", "30000")]).unwrap();
    let queue = Queue::new(8).unwrap();
    for _ in 0..3 {
        call(&queue, &patient, "users.list").unwrap();
    }
    assert_eq!(server.connections(), 1);
    match call(&queue, &client, "users.list") {
        Ok(_) => assert!(may_be_none),
        Err(error) => assert_eq!(error.kind, ErrorKind::Timeout, "{error}"),
    }
    for _ in 0..5 {
        call(&queue, &patient, "users.list").unwrap();
    }
    assert_eq!(server.connections(), 2);
    (client, queue)
}

fn answer_three(peer: &mut Peer) -> Option<()> {
    peer.begin()?;
    for _ in 0..3 {
        let stream = peer.request()?;
        peer.answer(stream, "{}")?;
    }
    Some(())
}

#[test]
fn later_calls_leave_a_connection_whose_peer_has_become_silent() {
    let server = Http2Server::start(|number, peer| {
        if number == 0 {
            answer_three(peer)?;
            return peer.be_silent();
        }
        peer.begin()?;
        peer.answer_all()
    });
    one_call_times_out_and_later_ones_succeed(&server, false);
}

#[test]
fn later_calls_leave_a_connection_that_allows_no_stream_and_it_is_closed() {
    let (closed, has_closed) = shared_channel();
    let server = Http2Server::start(move |number, peer| {
        if number == 0 {
            answer_three(peer)?;
            peer.allow(0)?;
            // It answers pings: the peer lives, and takes nothing.
            assert_eq!(peer.request(), None, "no stream is allowed");
            closed.lock().unwrap().send(()).unwrap();
            return None;
        }
        peer.begin()?;
        peer.answer_all()
    });
    let _alive = one_call_times_out_and_later_ones_succeed(&server, true);
    has_closed.lock().unwrap().recv_timeout(Duration::from_secs(30)).expect("nothing holds the connection open");
}

#[test]
fn other_calls_on_a_connection_that_was_left_get_their_answers() {
    let (go_on, may_go_on) = shared_channel();
    let (arrived, has_arrived) = shared_channel();
    let server = Http2Server::start(move |number, peer| {
        peer.begin()?;
        if number == 0 {
            let first = peer.request()?;
            arrived.lock().unwrap().send(()).unwrap();
            let streams = [first, peer.request()?];
            // Not for ever: a test that fails would wait for its own server.
            may_go_on.lock().unwrap().recv_timeout(Duration::from_secs(60)).ok()?;
            // The one that was given up has been reset by now; the frames for it are ignored.
            for stream in streams {
                peer.answer(stream, "[\"late\"]")?;
            }
        }
        peer.answer_all()
    });
    let patient = client(&server, "timeout_ms=60000");
    let hasty = patient.with([("timeout_ms", "700")]).unwrap();
    let queue = Queue::new(8).unwrap();
    let kept = submit(&queue, &patient, "users.list");
    // The second goes over the same connection only when that is there.
    has_arrived.lock().unwrap().recv_timeout(Duration::from_secs(30)).unwrap();
    submit(&queue, &hasty, "groups.list");
    let error = next(&queue).outcome.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert_eq!(call(&queue, &patient, "users.list").unwrap().json, "{}");
    assert_eq!(server.connections(), 2);
    go_on.lock().unwrap().send(()).unwrap();
    let completion = next(&queue);
    assert_eq!((completion.id, completion.outcome.unwrap().json.as_str()), (kept, "[\"late\"]"));
}

#[test]
fn a_connection_whose_pings_are_not_answered_ends_long_before_the_deadline_of_its_calls() {
    let server = Http2Server::start(|number, peer| {
        peer.begin()?;
        if number == 0 {
            return peer.be_silent();
        }
        peer.answer_all()
    });
    let client = client(&server, "timeout_ms=300000");
    let queue = Queue::new(8).unwrap();
    let begun = Instant::now();
    let error = call(&queue, &client, "users.new").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol, "{error}");
    assert!(error.in_doubt, "the request was with the server: {error}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    call(&queue, &client, "users.new").unwrap();
}

#[test]
fn a_refused_stream_is_repeated_at_once_for_any_method_and_is_not_in_doubt() {
    for refusals in [1, 2] {
        let (asked, requests) = shared_channel();
        let server = Http2Server::start(move |number, peer| {
            peer.begin()?;
            loop {
                let stream = peer.request()?;
                asked.lock().unwrap().send(()).unwrap();
                if number < refusals { peer.reset(stream, REFUSED_STREAM)? } else { peer.answer(stream, "{}")? }
            }
        });
        let client = client(&server, "timeout_ms=60000");
        let queue = Queue::new(8).unwrap();
        let outcome = call(&queue, &client, "users.new");
        assert_eq!(requests.lock().unwrap().try_iter().count(), 2, "once, and once more");
        match outcome {
            Ok(_) => assert_eq!(refusals, 1),
            Err(error) => {
                assert_eq!((refusals, error.kind), (2, ErrorKind::Protocol), "{error}");
                assert!(!error.in_doubt, "{error}");
            }
        }
    }
}

#[test]
fn what_a_peer_that_goes_away_has_not_processed_is_repeated_for_any_method() {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let server = Http2Server::start(move |number, peer| {
            peer.begin()?;
            if number == 0 {
                peer.request()?;
                return peer.go_away(0, code);
            }
            peer.answer_all()
        });
        let client = client(&server, "timeout_ms=60000");
        let queue = Queue::new(8).unwrap();
        call(&queue, &client, "users.new").unwrap();
        assert_eq!(server.connections(), 2);
    }
}

#[test]
fn what_a_peer_that_goes_away_may_have_processed_is_in_doubt_and_not_repeated() {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let server = Http2Server::start(move |_, peer| {
            peer.begin()?;
            let stream = peer.request()?;
            peer.go_away(stream, code)
        });
        let client = client(&server, "timeout_ms=60000");
        let queue = Queue::new(8).unwrap();
        let error = call(&queue, &client, "users.new").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{error}");
        assert!(error.in_doubt, "{error}");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_peer_that_goes_away_still_answers_what_it_has_and_the_rest_goes_elsewhere() {
    let (go_on, may_go_on) = shared_channel();
    let server = Http2Server::start(move |number, peer| {
        peer.begin()?;
        if number == 0 {
            let first = peer.request()?;
            peer.answer(first, "{}")?;
            let streams = [peer.request()?, peer.request()?];
            peer.go_away(streams[0], NO_ERROR)?;
            // Not for ever: a test that fails would wait for its own server.
            may_go_on.lock().unwrap().recv_timeout(Duration::from_secs(60)).ok()?;
            peer.answer(streams[0], "[\"first\"]")?;
            return peer.be_silent();
        }
        loop {
            let stream = peer.request()?;
            peer.answer(stream, "[\"second\"]")?;
        }
    });
    let client = client(&server, "timeout_ms=60000");
    let queue = Queue::new(8).unwrap();
    call(&queue, &client, "users.list").unwrap();
    let ids = [submit(&queue, &client, "users.new"), submit(&queue, &client, "users.new")];
    let repeated = next(&queue);
    assert_eq!((repeated.id, repeated.outcome.unwrap().json.as_str()), (ids[1], "[\"second\"]"));
    go_on.lock().unwrap().send(()).unwrap();
    let kept = next(&queue);
    assert_eq!((kept.id, kept.outcome.unwrap().json.as_str()), (ids[0], "[\"first\"]"));
    assert_eq!(server.connections(), 2);
}
