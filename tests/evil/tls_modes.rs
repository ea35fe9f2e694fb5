//! TLS: certificates that must not be taken, handshakes that stop, and other protocols on the port.

use crate::mode::Family::Tls;
use crate::mode::Step::{Close, Cut, Flood, Good, HalfClose, Hold, Raw, Reset, Text, Wait};
use crate::mode::{Handshake, Mode, Shown, Step};

/// Nothing of the request has left.
fn refused(name: &'static str, handshake: Handshake, steps: Vec<Step>, expected: &'static str) -> Mode {
    Mode::new(Tls, name, steps, expected).handshake(handshake).doubt(false)
}

fn certificate(name: &'static str, shown: Shown) -> Mode {
    refused(name, Handshake::Whole(shown), vec![Good], "tls")
}

/// It never ends: the time is over while connecting.
fn stalled(name: &'static str, handshake: Handshake, steps: Vec<Step>) -> Mode {
    refused(name, handshake, [steps, vec![Hold]].concat(), "timeout").connecting()
}

const RECORD_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

pub fn modes() -> Vec<Mode> {
    let mut modes = certificates();
    modes.extend(handshakes());
    modes.extend(sessions());
    modes
}

fn certificates() -> Vec<Mode> {
    vec![
        certificate("certificate-wrong-name", Shown::WrongName),
        certificate("certificate-wrong-address", Shown::WrongAddress),
        certificate("certificate-address-as-name", Shown::AddressAsName),
        certificate("certificate-no-names", Shown::NoNames),
        certificate("certificate-expired", Shown::Expired),
        certificate("certificate-not-yet", Shown::NotYet),
        certificate("certificate-self-signed", Shown::SelfSigned),
        certificate("certificate-unknown-authority", Shown::UnknownAuthority),
        certificate("certificate-for-clients", Shown::ForClients),
        certificate("certificate-of-an-authority", Shown::Authority),
        certificate("certificate-of-another-key", Shown::OtherKey),
        certificate("certificate-spoiled", Shown::Spoiled),
        certificate("certificate-garbage", Shown::Garbage),
        certificate("certificate-none", Shown::Empty),
        certificate("certificate-chain-of-20", Shown::TooManyInChain),
        certificate("certificate-without-the-one-between", Shown::NoIntermediate),
        certificate("certificate-by-a-leaf", Shown::IntermediateNotAllowed),
        certificate("certificate-outside-constraints", Shown::OutsideConstraints),
        certificate("certificate-expired-between", Shown::ExpiredIntermediate),
        certificate("certificate-wrong-name-tls12", Shown::WrongName).tls12(),
        certificate("certificate-of-another-key-tls12", Shown::OtherKey).tls12(),
        certificate("certificate-expired-tls12", Shown::Expired).tls12(),
    ]
}

fn handshakes() -> Vec<Mode> {
    let text = |text: &str| Text(text.to_owned());
    vec![
        refused(
            "plain-http",
            Handshake::AtAccept,
            vec![text("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), Close],
            "tls",
        ),
        refused("ssh", Handshake::AtAccept, vec![text("SSH-2.0-x\r\n"), Close], "tls|connect"),
        refused("garbage", Handshake::AfterHello, vec![Raw((0..=255).rev().collect()), Close], "tls"),
        refused("nul", Handshake::AfterHello, vec![Raw(vec![0; 100]), Close], "tls"),
        refused("flood-of-garbage", Handshake::AfterHello, vec![Flood(vec![Raw(vec![0x55; 65536])])], "tls|connect"),
        refused(
            "flood-of-empty-records",
            Handshake::AfterHello,
            vec![Flood(vec![Raw([22, 3, 3, 0, 0].repeat(1000))])],
            "tls|connect",
        ),
        refused(
            "flood-of-warnings",
            Handshake::AfterHello,
            vec![Flood(vec![Raw([21, 3, 3, 0, 2, 1, 90].repeat(1000))])],
            "tls|connect",
        ),
        refused(
            "flood-of-a-message",
            Handshake::AfterHello,
            vec![Raw(vec![22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff]), Flood(vec![Raw(vec![0; 16384])])],
            "tls|connect",
        ),
        refused(
            "record-too-large",
            Handshake::AfterHello,
            vec![Raw([vec![22, 3, 3, 0xff, 0xff], vec![2; 65535]].concat()), Close],
            "tls",
        ),
        refused("record-of-an-unknown-type", Handshake::AfterHello, vec![Raw(vec![99, 3, 3, 0, 1, 0]), Close], "tls"),
        refused("ssl-2", Handshake::AfterHello, vec![Raw(vec![0x80, 0x2e, 4, 0, 2, 0, 0, 0]), Close], "tls"),
        refused("ssl-3-hello", Handshake::AfterHello, vec![Raw(hello(3, 0)), Close], "tls"),
        refused("tls-1.0-hello", Handshake::AfterHello, vec![Raw(hello(3, 1)), Close], "tls"),
        refused("tls-1.1-hello", Handshake::AfterHello, vec![Raw(hello(3, 2)), Close], "tls"),
        refused("tls-9-hello", Handshake::AfterHello, vec![Raw(hello(9, 9)), Close], "tls"),
        refused("alert", Handshake::AfterHello, vec![Raw(RECORD_ALERT.to_vec()), Close], "tls"),
        refused("alert-unknown", Handshake::AfterHello, vec![Raw(vec![21, 3, 3, 0, 2, 9, 250]), Close], "tls"),
        refused(
            "alert-close-notify",
            Handshake::AfterHello,
            vec![Raw(vec![21, 3, 3, 0, 2, 1, 0]), Close],
            "tls|connect",
        ),
        refused("data-before-hello", Handshake::AfterHello, vec![Raw(vec![23, 3, 3, 0, 3, 1, 2, 3]), Close], "tls"),
        refused("end-at-accept", Handshake::AtAccept, vec![Close], "connect|tls"),
        refused("reset-at-accept", Handshake::AtAccept, vec![Reset], "connect|tls"),
        refused("end-after-hello", Handshake::AfterHello, vec![Close], "connect|tls"),
        refused("reset-after-hello", Handshake::AfterHello, vec![Reset], "connect|tls"),
        refused("end-in-flight", Handshake::Flight(100), vec![Close], "connect|tls"),
        refused("end-late-in-flight", Handshake::Flight(950), vec![Close], "connect|tls"),
        refused("reset-in-flight", Handshake::Flight(500), vec![Wait(20), Reset], "connect|tls"),
        refused("half-close-in-flight", Handshake::Flight(500), vec![HalfClose, Hold], "connect|tls"),
        refused("garbage-in-flight", Handshake::Flight(500), vec![Raw(vec![7; 5000]), Close], "tls"),
        refused("end-in-flight-tls12", Handshake::Flight(500), vec![Close], "connect|tls").tls12(),
        refused("flight-spoiled-early", Handshake::Spoiled(60), vec![Close], "tls|connect"),
        refused("flight-spoiled-late", Handshake::Spoiled(900), vec![Close], "tls|connect"),
        refused("flight-spoiled-tls12", Handshake::Spoiled(700), vec![Close], "tls|connect").tls12(),
        stalled("silence-at-accept", Handshake::AtAccept, vec![]),
        stalled("silence-after-hello", Handshake::AfterHello, vec![]),
        stalled("silence-in-record", Handshake::AfterHello, vec![Raw(vec![22, 3, 3, 0, 100, 2])]),
        stalled("silence-in-flight", Handshake::Flight(300), vec![]),
        stalled("silence-late-in-flight", Handshake::Flight(950), vec![]),
        stalled("silence-in-flight-tls12", Handshake::Flight(500), vec![]).tls12(),
        stalled("connect-timeout", Handshake::AfterHello, vec![]).options("connect_timeout_ms=500").deadline(15_000),
    ]
}

/// Behind a handshake that is right.
fn sessions() -> Vec<Mode> {
    let after =
        |name, steps, expected| Mode::new(Tls, name, steps, expected).handshake(Handshake::Finished).may_doubt();
    let on_request = |name, steps, expected| Mode::new(Tls, name, steps, expected).handshake(Handshake::AfterRequest);
    let good = |name, steps, expected| Mode::new(Tls, name, steps, expected);
    let text = |text: &str| Text(text.to_owned());
    vec![
        after("ends-behind-handshake", vec![Cut], "protocol|tls|connect"),
        after("reset-behind-handshake", vec![Reset], "protocol|tls|connect"),
        after("garbage-behind-handshake", vec![Raw(vec![0x55; 500]), Close], "tls|protocol"),
        after(
            "plain-behind-handshake",
            vec![text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Close],
            "tls|protocol",
        ),
        on_request("plain-answer", vec![text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), Close], "tls")
            .doubt(true),
        on_request("garbage-answer", vec![Raw(vec![23, 3, 3, 0, 40, 1, 2, 3]), Close], "tls|protocol").doubt(true),
        on_request("record-that-nobody-sealed", vec![Raw([vec![23, 3, 3, 0, 40], vec![9; 40]].concat()), Close], "tls")
            .doubt(true),
        on_request("plain-alert-answer", vec![Raw(RECORD_ALERT.to_vec()), Close], "tls").doubt(true),
        on_request("plain-close-notify", vec![Raw(vec![21, 3, 3, 0, 2, 1, 0]), Close], "tls|protocol").doubt(true),
        on_request("cut-answer", vec![Cut], "protocol|tls").doubt(true),
        on_request("silent-answer", vec![Hold], "timeout"),
        on_request("oversized-record", vec![Raw([vec![23, 3, 3, 0xff, 0xff], vec![0; 65535]].concat()), Close], "tls")
            .doubt(true),
        // Only an end that TLS says is one: a body without a length could have been cut by anybody.
        good("until-end-cut", vec![text("HTTP/1.1 {S}\r\n{H}Connection: close\r\n\r\n{B}"), Cut], "protocol|tls")
            .head("ok")
            .doubt(true),
        good("until-end-closed", vec![text("HTTP/1.1 {S}\r\n{H}Connection: close\r\n\r\n{B}"), Close], "ok"),
        good("body-cut", vec![text("HTTP/1.1 {S}\r\n{H}Content-Length: 500\r\n\r\n{B}"), Cut], "protocol|tls")
            .head("ok")
            .doubt(true),
        good("good-by-tls12", vec![Good], "ok").tls12(),
        good("good-cut-behind", vec![Good, Cut], "ok"),
        good("alpn-none", vec![Good], "ok").alpn(&[]),
        refused("alpn-unknown", Handshake::Whole(Shown::Good), vec![Good], "tls|connect").alpn(&["spdy/3"]),
        // Blocking calls do not offer it; the others speak as agreed, and are answered as was not.
        good("alpn-http2-and-http1", vec![Good], "protocol|ok|tls|connect").alpn(&["h2"]).may_doubt(),
    ]
}

/// A server's hello of this version.
fn hello(major: u8, minor: u8) -> Vec<u8> {
    let body = [vec![major, minor], vec![0x55; 32], vec![0, 0xc0, 0x2f, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    [vec![22, major, minor, 0, length + 4, 2, 0, 0, length], body].concat()
}
