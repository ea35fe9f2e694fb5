//! Connections that do not come about, and TLS where nobody expects it.

use crate::mode::Family::Connect;
use crate::mode::Step::{Close, Good, Hold, Raw, Reset};
use crate::mode::{Handshake, Mode, Step};

fn mode(name: &'static str, handshake: Handshake, steps: Vec<Step>, expected: &'static str) -> Mode {
    Mode::new(Connect, name, steps, expected).handshake(handshake)
}

pub fn modes() -> Vec<Mode> {
    vec![
        mode("refused", Handshake::Refused, vec![], "connect").doubt(false),
        mode("refused-with-retries", Handshake::Refused, vec![], "connect").doubt(false).options("retries=2"),
        mode("black-hole", Handshake::BlackHole, vec![], "timeout").connecting(),
        mode("black-hole-connect-timeout", Handshake::BlackHole, vec![], "timeout")
            .connecting()
            .deadline(15_000)
            .options("connect_timeout_ms=300"),
        mode("late-accept", Handshake::LateAccept(300), vec![Good], "ok"),
        mode("too-late-accept", Handshake::LateAccept(4000), vec![Hold], "timeout"),
        mode("reset-at-accept", Handshake::AtAccept, vec![Reset], "protocol|connect").may_doubt(),
        mode("end-at-accept", Handshake::AtAccept, vec![Close], "protocol|connect").may_doubt(),
        mode("tls-alert", Handshake::AtAccept, vec![Raw(vec![21, 3, 3, 0, 2, 2, 40]), Close], "protocol").may_doubt(),
        mode(
            "tls-hello",
            Handshake::AtAccept,
            vec![Raw([vec![22, 3, 3, 0, 50], vec![2; 50]].concat()), Close],
            "protocol",
        )
        .may_doubt(),
        mode("name-empty-label", Handshake::NoName("a..b.invalid"), vec![], "connect").doubt(false),
        mode("name-unknown", Handshake::NoName("nobody.invalid"), vec![], "connect|timeout")
            .doubt(false)
            .deadline(3000),
        mode("name-too-long", Handshake::NoName(TOO_LONG), vec![], "connect").doubt(false),
    ]
}

/// A label of 64 letters: one more than there can be.
const TOO_LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid";
