//! Each fault does on the wire what it says, over HTTP/1.1.

mod raw;

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use raw::{
    End, TARGET, ask, carried_out, connect, declared, exchange, faults, header, read_answer, read_head, read_more,
    read_to_end, set, sound_body, start, status,
};
use serde_json::{Value, json};

#[test]
fn a_delay_holds_a_sound_answer_back() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(simulator.port(), &json!([{"fault": "delay", "ms": 150}]));
    let begun = Instant::now();
    let (head, body) = exchange(simulator.port(), "GET", TARGET, "");
    assert!(begun.elapsed() >= Duration::from_millis(150));
    assert_eq!((status(&head), body), (200, sound));
}

#[test]
fn a_dripping_body_comes_byte_by_byte_and_is_sound() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(simulator.port(), &json!([{"fault": "drip", "ms": 5}]));
    let mut stream = connect(simulator.port());
    let begun = Instant::now();
    ask(&mut stream, "GET", TARGET, "");
    let (head, mut body) = read_head(&mut stream);
    assert_eq!(declared(&head), sound.len());
    read_more(&mut stream, &mut body, sound.len());
    // Each byte waits for its pause, so that together they take at least as long.
    assert!(begun.elapsed() >= Duration::from_millis(5 * sound.len() as u64));
    assert_eq!(body, sound);
}

#[test]
fn a_dripping_head_comes_byte_by_byte_and_the_next_answer_too() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(simulator.port(), &json!([{"fault": "drip", "ms": 1, "at": "head"}]));
    let mut stream = connect(simulator.port());
    for _ in 0..2 {
        let begun = Instant::now();
        ask(&mut stream, "GET", TARGET, "");
        let (head, mut body) = read_head(&mut stream);
        assert!(begun.elapsed() >= Duration::from_millis(head.len() as u64), "the head came at once");
        read_more(&mut stream, &mut body, sound.len());
        assert_eq!((status(&head), declared(&head)), (200, sound.len()));
        assert_eq!(body, sound);
        assert!(begun.elapsed() >= Duration::from_millis((head.len() + sound.len()) as u64));
    }
}

#[test]
fn a_broken_connection_ends_with_a_reset_or_a_close_as_asked() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    for (kind, due) in [("reset", End::Reset), ("close", End::Closed)] {
        for at in ["request", "answer", "head", "body"] {
            set(simulator.port(), &json!([{"fault": kind, "at": at}]));
            let before = carried_out(simulator.port());
            let mut stream = connect(simulator.port());
            ask(&mut stream, "GET", TARGET, "");
            let (came, end) = read_to_end(&mut stream);
            let text = String::from_utf8_lossy(&came);
            assert_eq!(end, due, "{kind} at {at}");
            match at {
                "head" => {
                    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text:?}");
                    assert!(!text.contains("\r\n\r\n"), "the head is whole: {text:?}");
                }
                "body" => {
                    let (_, body) = text.split_once("\r\n\r\n").expect("a whole head");
                    assert!(text.contains(&format!("Content-Length: {}\r\n", sound.len())), "{text:?}");
                    assert_eq!(body.as_bytes(), &sound[..sound.len() / 2]);
                }
                _ => assert!(came.is_empty(), "{kind} at {at}: {text:?} came"),
            }
            let is_carried_out = carried_out(simulator.port()) > before;
            assert_eq!(is_carried_out, at != "request", "{kind} at {at}");
        }
    }
}

#[test]
fn an_answer_without_a_body_is_broken_in_its_head() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "close", "at": "body"}]));
    let mut stream = connect(simulator.port());
    ask(&mut stream, "HEAD", "/0.1/status", "");
    let (came, end) = read_to_end(&mut stream);
    assert_eq!(end, End::Closed);
    assert!(!came.is_empty() && !came.ends_with(b"\r\n\r\n"), "{:?}", String::from_utf8_lossy(&came));
}

#[test]
fn an_answer_to_a_head_never_gets_a_body() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    for (fault, code, length) in [
        (json!({"fault": "bad_gateway", "times": 1}), 502, None),
        (json!({"fault": "huge_body", "bytes": 1000, "times": 1}), 200, Some(sound.len())),
        (json!({"fault": "drip", "ms": 1, "times": 1}), 200, Some(sound.len())),
        (json!({"fault": "wrong_length", "by": 7, "times": 1}), 200, Some(sound.len() + 7)),
    ] {
        set(simulator.port(), &json!([fault]));
        let mut stream = connect(simulator.port());
        ask(&mut stream, "HEAD", TARGET, "");
        let (head, rest) = read_head(&mut stream);
        assert_eq!((status(&head), rest), (code, Vec::new()), "{fault}");
        assert!(length.is_none_or(|length| declared(&head) == length), "{fault}: {head}");
        // Nothing came after it: the next answer begins with its head.
        ask(&mut stream, "GET", TARGET, "");
        assert_eq!(read_answer(&mut stream).1, sound, "{fault}");
    }
}

#[test]
fn a_length_too_long_leaves_the_client_waiting_on_an_open_connection() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(simulator.port(), &json!([{"fault": "wrong_length", "by": 7, "times": 1}]));
    let mut stream = connect(simulator.port());
    ask(&mut stream, "GET", TARGET, "");
    let (head, mut body) = read_head(&mut stream);
    assert_eq!(declared(&head), sound.len() + 7);
    read_more(&mut stream, &mut body, sound.len());
    assert_eq!(body, sound);
    // The connection is open, and the missing bytes never come: what comes next is the next answer.
    ask(&mut stream, "GET", TARGET, "");
    let (head, body) = read_answer(&mut stream);
    assert_eq!((status(&head), body), (200, sound));
}

#[test]
fn a_length_too_short_leaves_a_surplus_before_the_next_answer() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(simulator.port(), &json!([{"fault": "wrong_length", "by": -7, "times": 1}]));
    let mut stream = connect(simulator.port());
    ask(&mut stream, "GET", TARGET, "");
    let (head, mut body) = read_head(&mut stream);
    assert_eq!(declared(&head), sound.len() - 7);
    read_more(&mut stream, &mut body, sound.len());
    assert_eq!(body, sound);
    ask(&mut stream, "GET", TARGET, "");
    assert_eq!(read_answer(&mut stream).1, sound);
}

#[test]
fn bad_json_is_a_body_that_breaks_off_with_its_length_right() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(simulator.port(), &json!([{"fault": "bad_json"}]));
    let (head, body) = exchange(simulator.port(), "GET", TARGET, "");
    assert_eq!(header(&head, "content-type"), Some("application/json"));
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    assert_eq!(body[..sound.len() / 2], sound[..sound.len() / 2]);
}

#[test]
fn bad_utf8_is_json_but_for_its_bytes() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "bad_utf8"}]));
    let (_, body) = exchange(simulator.port(), "GET", TARGET, "");
    assert!(str::from_utf8(&body).is_err());
    // With the bad bytes replaced it is JSON: nothing else is wrong with it.
    serde_json::from_str::<Value>(&String::from_utf8_lossy(&body)).expect("JSON");
}

#[test]
fn a_huge_body_is_json_of_exactly_the_size_asked_for() {
    let simulator = start();
    // The last two bytes fall on two chunks of the server in one of these.
    for bytes in [12, 65_536, 65_537, 65_538, 3_000_001] {
        set(simulator.port(), &json!([{"fault": "huge_body", "bytes": bytes}]));
        let (head, body) = exchange(simulator.port(), "GET", TARGET, "");
        assert_eq!((status(&head), body.len()), (200, bytes));
        let value: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(value["data"].as_str().map(str::len), Some(bytes - 12));
    }
}

#[test]
fn a_client_that_gives_up_on_a_huge_body_ends_it() {
    let simulator = start();
    // 64 TiB: only a server that makes it as it is read can begin to answer, and must stop when nobody reads.
    set(simulator.port(), &json!([{"fault": "huge_body", "bytes": 1_u64 << 46, "times": 1}]));
    let mut stream = connect(simulator.port());
    ask(&mut stream, "GET", TARGET, "");
    let (head, mut body) = read_head(&mut stream);
    assert_eq!(header(&head, "content-length"), Some("70368744177664"));
    read_more(&mut stream, &mut body, 1_000_000);
    drop(stream);
    assert_eq!(status(&exchange(simulator.port(), "GET", TARGET, "").0), 200);
}

#[test]
fn a_bad_gateway_is_a_proxys_page_and_the_server_never_sees_the_request() {
    let simulator = start();
    for code in [502, 503, 504] {
        set(simulator.port(), &json!([{"fault": "bad_gateway", "status": code}]));
        let (head, body) = exchange(simulator.port(), "POST", "/0.1/token", "{}");
        assert_eq!((status(&head), header(&head, "content-type")), (code, Some("text/html")));
        assert!(String::from_utf8_lossy(&body).contains(&format!("<h1>{code} ")));
    }
    assert_eq!(carried_out(simulator.port()), 0);
}

#[test]
fn a_redirect_leads_where_it_was_told_to() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "redirect", "url": "http://127.0.0.1:9/elsewhere", "status": 307}]));
    let (head, _) = exchange(simulator.port(), "GET", TARGET, "");
    assert_eq!((status(&head), header(&head, "location")), (307, Some("http://127.0.0.1:9/elsewhere")));
    assert_eq!(carried_out(simulator.port()), 0);
}

#[test]
fn a_stalled_connection_is_accepted_and_never_answered() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "stall_tls", "times": 1}]));
    let mut stalled = connect(simulator.port());
    ask(&mut stalled, "GET", TARGET, "");
    // A sound exchange begun later is over: the stalled one was not merely slower.
    assert_eq!(status(&exchange(simulator.port(), "GET", TARGET, "").0), 200);
    stalled.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
    let problem = stalled.read(&mut [0; 1]).expect_err("nothing comes");
    assert!(matches!(problem.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{problem}");
}

#[test]
fn an_idle_connection_is_closed_by_the_server_after_its_time() {
    let simulator = start();
    // One that idles already when the fault is set.
    let mut old = connect(simulator.port());
    ask(&mut old, "GET", TARGET, "");
    read_answer(&mut old);
    set(simulator.port(), &json!([{"fault": "idle_close", "ms": 60}]));
    assert_eq!(read_to_end(&mut old), (Vec::new(), End::Closed));

    let mut stream = connect(simulator.port());
    let begun = Instant::now();
    ask(&mut stream, "GET", TARGET, "");
    read_answer(&mut stream);
    assert_eq!(read_to_end(&mut stream), (Vec::new(), End::Closed));
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[test]
fn an_idle_time_does_not_cut_a_slow_answer() {
    let simulator = start();
    let sound = sound_body(simulator.port());
    set(
        simulator.port(),
        &json!([{"fault": "idle_close", "ms": 20}, {"fault": "delay", "ms": 100}, {"fault": "drip", "ms": 2}]),
    );
    assert_eq!(exchange(simulator.port(), "GET", TARGET, "").1, sound);
}

#[test]
fn a_fault_strikes_its_method_and_path_and_no_other() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "bad_gateway", "method": "GET", "path": "/0.1/back*"}]));
    assert_eq!(status(&exchange(simulator.port(), "GET", TARGET, "").0), 502);
    assert_eq!(status(&exchange(simulator.port(), "GET", "/0.1/backends?x=/0.1/none", "").0), 502);
    assert_ne!(status(&exchange(simulator.port(), "POST", TARGET, "{}").0), 502);
    assert_ne!(status(&exchange(simulator.port(), "GET", "/0.1/idp", "").0), 502);
}

#[test]
fn a_fault_strikes_as_often_as_it_is_told_to_and_counts() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "bad_gateway", "times": 2}]));
    let statuses = [(); 3].map(|()| status(&exchange(simulator.port(), "GET", TARGET, "").0));
    assert_eq!(statuses, [502, 502, 200]);
    assert_eq!(faults(simulator.port()), json!([{"fault": "bad_gateway", "times": 0, "hits": 2}]));
}

#[test]
fn faults_that_go_together_act_together() {
    let simulator = start();
    set(
        simulator.port(),
        &json!([{"fault": "delay", "ms": 50}, {"fault": "bad_gateway"}, {"fault": "close", "at": "body"}]),
    );
    let mut stream = connect(simulator.port());
    let begun = Instant::now();
    ask(&mut stream, "GET", TARGET, "");
    let (came, end) = read_to_end(&mut stream);
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert_eq!(end, End::Closed);
    assert!(came.starts_with(b"HTTP/1.1 502 Bad Gateway\r\n"));
}

#[test]
fn the_control_routes_take_faults_back_whatever_is_set() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "reset"}, {"fault": "bad_json"}]));
    assert_eq!(faults(simulator.port()).as_array().map(Vec::len), Some(2));
    let (head, _) = exchange(simulator.port(), "DELETE", "/_simulator/faults", "");
    assert_eq!(status(&head), 204);
    assert_eq!(faults(simulator.port()), json!([]));
    assert_eq!(status(&exchange(simulator.port(), "GET", TARGET, "").0), 200);
}

#[test]
fn what_get_shows_of_the_faults_can_be_put_back() {
    let simulator = start();
    set(simulator.port(), &json!([{"fault": "delay", "ms": 1, "times": 2}, {"fault": "bad_json", "path": "/nowhere"}]));
    exchange(simulator.port(), "GET", TARGET, "");
    let (_, shown) = exchange(simulator.port(), "GET", "/_simulator/faults", "");
    let (head, said) = exchange(simulator.port(), "PUT", "/_simulator/faults", &String::from_utf8_lossy(&shown));
    assert_eq!(status(&head), 204, "{}", String::from_utf8_lossy(&said));
    let due = json!([
        {"fault": "delay", "ms": 1, "times": 1, "hits": 0},
        {"fault": "bad_json", "path": "/nowhere", "hits": 0},
    ]);
    assert_eq!(faults(simulator.port()), due);
}

#[test]
fn a_fault_that_is_not_understood_is_refused_and_nothing_is_set() {
    let simulator = start();
    let (head, body) =
        exchange(simulator.port(), "PUT", "/_simulator/faults", r#"[{"fault": "reset"}, {"fault": "delay", "sm": 5}]"#);
    assert_eq!(status(&head), 400);
    assert!(String::from_utf8_lossy(&body).contains("; it takes ms, method"), "{}", String::from_utf8_lossy(&body));
    assert_eq!(faults(simulator.port()), json!([]));
}
