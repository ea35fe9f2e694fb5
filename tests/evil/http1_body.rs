//! HTTP/1: bodies that end too early or never, chunks that are none, and answers that nobody asked for.

use crate::mode::Family::Http1;
use crate::mode::Mode;
use crate::mode::Step::{Close, Cut, Drip, Flood, Good, HalfClose, Hold, Reset, Text, Times, Wait};

fn text(text: &str) -> crate::mode::Step {
    Text(text.to_owned())
}

/// An answer whose body begins like this, and goes on with more steps. A question has no body, and is answered.
fn body(name: &'static str, start: &str, more: &[crate::mode::Step], expected: &'static str) -> Mode {
    Mode::new(Http1, name, [vec![text(start)], more.to_vec()].concat(), expected).body()
}

const LONG: &str = "HTTP/1.1 {S}\r\n{H}Content-Length: 500\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 {S}\r\n{H}Transfer-Encoding: chunked\r\n\r\n";
const UNTIL_END: &str = "HTTP/1.1 {S}\r\n{H}Connection: close\r\n\r\n";

/// Chunks, the length of the right body in hexadecimal not being known here: two halves of a list of lengths are.
fn chunks(name: &'static str, chunks: &str, expected: &'static str) -> Mode {
    body(name, &format!("{CHUNKED}{chunks}"), &[], expected)
}

pub fn modes() -> Vec<Mode> {
    let mut modes = truncated();
    modes.extend(chunked());
    modes.extend(unasked());
    modes
}

fn truncated() -> Vec<Mode> {
    vec![
        body("body-none-end", LONG, &[Close], "protocol"),
        body("body-none-cut", LONG, &[Cut], "protocol"),
        body("body-none-reset", LONG, &[Wait(20), Reset], "protocol"),
        body("body-none-silence", LONG, &[Hold], "timeout"),
        body("body-part-end", &format!("{LONG}{{B}}"), &[Close], "protocol"),
        body("body-part-cut", &format!("{LONG}{{B}}"), &[Cut], "protocol"),
        body("body-part-reset", &format!("{LONG}{{B}}"), &[Wait(20), Reset], "protocol"),
        body("body-part-half-close", &format!("{LONG}{{B}}"), &[HalfClose, Hold], "protocol"),
        body("body-part-silence", &format!("{LONG}{{B}}"), &[Hold], "timeout"),
        body("body-drip", LONG, &[Flood(vec![text(" "), Wait(100)])], "timeout"),
        body("body-of-1-byte-less", "HTTP/1.1 {S}\r\n{H}Content-Length: 10\r\n\r\n123456789", &[Close], "protocol"),
        body("body-until-end", &format!("{UNTIL_END}{{B}}"), &[Close], "ok"),
        // Without a length only the end of TLS tells that it is whole; over plain TCP nothing does, but the JSON.
        body("body-until-end-truncated", &format!("{UNTIL_END}{{\"data\": {{\"token"), &[Close], "protocol:200")
            .delete("ok"),
        body("body-until-end-cut", &format!("{UNTIL_END}{{\"data\": {{\"token"), &[Cut], "protocol|protocol:200")
            .delete("ok|protocol"),
        body("body-until-end-reset", &format!("{UNTIL_END}{{B}}"), &[Wait(20), Reset], "protocol"),
        body("body-until-end-silence", &format!("{UNTIL_END}{{B}}"), &[Hold], "timeout"),
        body("body-flood", UNTIL_END, &[Flood(vec![text(&"{K}".repeat(64))])], "too_large")
            .options("max_response_bytes=1000000"),
        body(
            "body-flood-to-the-default-limit",
            UNTIL_END,
            &[Flood(vec![text(&"{K}".repeat(64))])],
            "too_large|timeout",
        )
        .deadline(20_000),
        body(
            "body-30-mb",
            "HTTP/1.1 {S}\r\n{H}Content-Length: 30000000\r\n\r\n",
            &[Times(469, vec![text(&"{K}".repeat(64))]), Close],
            "too_large",
        )
        .was_fault(),
        body("body-half-closed-good", "HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}", &[HalfClose, Hold], "ok"),
        body("head-then-late-body", "HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n", &[Wait(100), text("{B}")], "ok"),
        Mode::new(
            Http1,
            "good-by-drip",
            vec![Drip("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}".into(), 1)],
            "ok",
        ),
        Mode::new(
            Http1,
            "head-by-slow-drip",
            vec![Drip("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}".into(), 100)],
            "timeout",
        ),
        Mode::new(Http1, "good-late", vec![Wait(200), Good], "ok"),
        Mode::new(Http1, "good-then-reset", vec![Good, Wait(20), Reset], "ok|protocol"),
        Mode::new(Http1, "good-then-end", vec![Good, Close], "ok"),
        Mode::new(Http1, "good-then-cut", vec![Good, Cut], "ok"),
    ]
}

fn chunked() -> Vec<Mode> {
    // A chunk of 3 and what is no chunk behind it. None of them is whole.
    vec![
        chunks("chunks-none-end", "", "protocol").ended(),
        chunks("chunks-no-last", "3\r\n{\"a\r\n", "protocol").ended(),
        chunks("chunks-no-last-cut", "3\r\n{\"a\r\n", "protocol").then(Cut),
        chunks("chunks-no-last-silence", "3\r\n{\"a\r\n", "timeout").held(),
        chunks("chunks-last-without-line", "2\r\n{}\r\n0\r\n", "protocol").ended(),
        chunks("chunks-last-without-line-silence", "2\r\n{}\r\n0\r\n", "timeout").held(),
        chunks("chunk-cut", "50\r\n{\"a\"", "protocol").ended(),
        chunks("chunk-size-letters", "zz\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-empty", "\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-negative", "-2\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-plus", "+2\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-0x", "0x2\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-64-bits", "FFFFFFFFFFFFFFFF\r\n{}", "protocol|too_large").ended(),
        chunks("chunk-size-65-bits", "1FFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-wraps", "10000000000000002\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-size-100-digits", &format!("{}2\r\n{{}}\r\n0\r\n\r\n", "0".repeat(100)), "protocol|protocol:200")
            .delete("ok|protocol")
            .post("ok|protocol")
            .own_body(),
        chunks("chunk-too-short", "5\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-too-long", "1\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-without-line-end", "2\r\n{}0\r\n\r\n", "protocol"),
        chunks("chunk-line-lf", "2\n{}\n0\n\n", "protocol"),
        chunks("chunk-extension-flood", "2;", "protocol").then(Flood(vec![text(&"{K}".repeat(60))])),
        chunks("chunk-extension-cr", "2;a\rb\r\n{}\r\n0\r\n\r\n", "protocol"),
        chunks("chunk-trailers-flood", "2\r\n{}\r\n0\r\n", "protocol").then(Flood(vec![text("X-Y: {K}\r\n")])),
        chunks("chunk-trailers-1000", &format!("2\r\n{{}}\r\n0\r\n{}\r\n", "X-Y: z\r\n".repeat(1000)), "protocol"),
        chunks("chunk-trailer-nonsense", "2\r\n{}\r\n0\r\nno trailer\r\n\r\n", "protocol"),
        chunks("chunks-of-1-byte", &format!("{}0\r\n\r\n", "1\r\n \r\n".repeat(5000)), "protocol:200").delete("ok"),
        chunks("chunks-flood", "", "too_large")
            .then(Flood(vec![text(&"1\r\n \r\n".repeat(5000))]))
            .options("max_response_bytes=100000"),
        // Whole, and right.
        body("chunk-extension", &format!("{CHUNKED}1;a=\"b\"\r\n \r\n"), &[], "timeout").held(),
        whole_by_chunks("chunks-good", "", ""),
        whole_by_chunks("chunks-good-with-trailer", "", "X-Number: 999\r\nContent-Length: 3\r\n"),
        whole_by_chunks("chunks-good-with-extension", ";name=value;a=\"b;c\"", ""),
    ]
}

/// One chunk for each byte of a right body, as the server does not count in hexadecimal.
fn whole_by_chunks(name: &'static str, extension: &str, trailer: &str) -> Mode {
    let chunk = |byte: char| format!("1{extension}\r\n{byte}\r\n");
    let data: String = r#"{"data": {"token": "t100", "number": 100}, "number": 100}"#.chars().map(chunk).collect();
    body(name, &format!("{CHUNKED}{data}0\r\n{trailer}\r\n"), &[], "ok")
}

/// More answers than questions, and answers before them: the next asker must not have them.
fn unasked() -> Vec<Mode> {
    let with = |name, steps: Vec<_>, expected| Mode::new(Http1, name, steps, expected);
    vec![
        with("second-answer", vec![text("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}{W}")], "ok").settled(),
        with("second-answer-later", vec![Good, Wait(30), text("{W}")], "ok").settled(),
        with("many-more-answers", vec![Good, Times(50, vec![text("{W}")])], "ok").settled(),
        with("second-answer-and-silence", vec![Good, text("{W}"), Hold], "ok").settled(),
        with("second-answer-and-end", vec![Good, text("{W}"), Close], "ok").settled(),
        with(
            "half-a-second-answer",
            vec![Good, text("HTTP/1.1 200 OK\r\nX-Number: 999\r\nContent-Length: 48\r\n")],
            "ok",
        )
        .settled(),
        with("more-bytes", vec![text("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}and more")], "ok").settled(),
        with("more-lines", vec![Good, text("\r\n\r\n")], "ok").settled(),
        with("more-nul", vec![Good, text("\0")], "ok").settled(),
        with(
            "an-unasked-408",
            vec![Good, text("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), Close],
            "ok",
        )
        .settled(),
        with("an-unasked-100", vec![Good, text("HTTP/1.1 100 Continue\r\n\r\n")], "ok").settled(),
        with(
            "a-flood-behind",
            vec![text("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}{W}"), Flood(vec![text("{W}")])],
            "ok",
        ),
        with("head-with-body", vec![text("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}{W}")], "ok").settled(),
        with(
            "204-with-body",
            vec![text("HTTP/1.1 204 No Content\r\n{H}Content-Length: 48\r\n\r\n{W}")],
            "protocol:204",
        )
        .body()
        .delete("ok"),
        with(
            "304-with-body",
            vec![text("HTTP/1.1 304 Not Modified\r\n{H}Content-Length: 48\r\n\r\n{W}")],
            "protocol:304",
        ),
        with("205-with-body", vec![text("HTTP/1.1 205 Reset Content\r\n{H}Content-Length: {L}\r\n\r\n{B}{W}")], "ok")
            .head("protocol:205"),
        with("answer-before-the-request", vec![text("{W}")], "ok|protocol")
            .head("protocol:200|protocol")
            .early()
            .may_lie()
            .settled(),
        with("answer-before-the-request-and-end", vec![text("{W}"), Close], "ok|protocol")
            .head("protocol:200|protocol")
            .early()
            .may_lie()
            .settled(),
        with(
            "408-before-the-request-and-end",
            vec![text("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), Close],
            "protocol|rejected:408",
        )
        .early(),
        with("poisoned-while-idle", vec![Good, Wait(5), text("{W}")], "ok").after(1).settled(),
    ]
}
