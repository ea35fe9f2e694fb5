//! HTTP/1: what matters is when: connections that were used before, requests that nobody reads, ends at a bad moment.

use crate::mode::Family::Http1;
use crate::mode::Mode;
use crate::mode::Step::{Close, Cut, Drip, Good, HalfClose, Hold, Reset, Text, Times, Wait};

fn mode(name: &'static str, steps: Vec<crate::mode::Step>, expected: &'static str) -> Mode {
    Mode::new(Http1, name, steps, expected)
}

fn text(text: &str) -> crate::mode::Step {
    Text(text.to_owned())
}

pub fn modes() -> Vec<Mode> {
    vec![
        mode("unread-and-silent", vec![Hold], "timeout").early(),
        mode("unread-and-ended", vec![Close], "protocol").early(),
        mode("unread-and-reset", vec![Wait(20), Reset], "protocol").early(),
        mode("unread-and-half-closed", vec![HalfClose, Hold], "protocol").early(),
        mode(
            "unread-and-refused-early",
            vec![text("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), Close],
            "unavailable:503|protocol",
        )
        .early(),
        mode("unread-by-drip", vec![Drip("HTTP/1.1 200".into(), 200), Hold], "timeout|protocol").may_doubt().early(),
        // A connection that was used before. What may be repeated is, on a new one, where the server is as evil.
        mode("reused-silent", vec![Hold], "timeout").after(1),
        mode("reused-ended", vec![Close], "protocol").after(1),
        mode("reused-cut", vec![Cut], "protocol").after(2),
        mode("reused-reset", vec![Reset], "protocol").after(1),
        mode("reused-half-closed", vec![HalfClose, Hold], "protocol").after(1),
        mode("reused-ended-once", vec![Close], "ok").post("protocol").after(1).once(),
        mode("reused-reset-once", vec![Reset], "ok").post("protocol").after(1).once(),
        mode("reused-ended-in-head", vec![text("HTTP/1.1 2"), Close], "protocol").after(1),
        mode("reused-ended-in-body", vec![text("HTTP/1.1 {S}\r\n{H}Content-Length: 500\r\n\r\n{"), Close], "protocol")
            .body()
            .after(1),
        mode("reused-another-protocol", vec![text("220 ESMTP\r\n")], "protocol").after(1),
        mode("reused-retries-silent", vec![Hold], "timeout").after(1).options("retries=3"),
        mode("reused-retries-ended", vec![Close], "protocol").after(1).options("retries=2"),
        mode("retries-ended", vec![Close], "protocol").options("retries=2"),
        mode("retries-reset", vec![Reset], "protocol").options("retries=2"),
        mode("retries-head-cut", vec![text("HTTP/1.1 {S}\r\n{H}"), Cut], "protocol").options("retries=2"),
        mode("retries-502", vec![text("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n")], "unavailable:502")
            .options("retries=2"),
        mode(
            "closed-with-the-answer",
            vec![text("HTTP/1.1 {S}\r\n{H}Connection: close\r\nContent-Length: {L}\r\n\r\n{B}"), Close],
            "ok",
        )
        .after(1),
        mode("closed-a-moment-later", vec![Good, Wait(1), Close], "ok"),
        mode("reset-a-moment-later", vec![Good, Wait(1), Reset], "ok|protocol"),
        mode(
            "slow-head-and-body",
            vec![text("HTTP/1.1 {S}\r\n"), Wait(100), text("{H}Content-Length: {L}\r\n\r\n"), Wait(100), text("{B}")],
            "ok",
        ),
        mode("interim-and-slow", vec![Times(3, vec![text("HTTP/1.1 100 C\r\n\r\n"), Wait(50)]), Good], "ok"),
    ]
}
