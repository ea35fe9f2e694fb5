//! HTTP/1: status lines, header lines and lengths that are none, or say two things at once.

use crate::mode::Family::Http1;
use crate::mode::Mode;
use crate::mode::Step::{Close, Cut, Flood, Good, Hold, Raw, Reset, Text, Times, Wait};

/// A right answer but for its head.
fn head(name: &'static str, text: &str, expected: &'static str) -> Mode {
    Mode::new(Http1, name, vec![Text(text.to_owned())], expected)
}

/// One that is right but for further lines in its head.
fn line(name: &'static str, lines: &str, expected: &'static str) -> Mode {
    head(name, &format!("HTTP/1.1 {{S}}\r\n{{H}}{lines}\r\n{{B}}"), expected)
}

/// One whose length is said by these lines.
fn with_length(name: &'static str, lines: &str, expected: &'static str) -> Mode {
    line(name, &format!("Content-Length: {{L}}\r\n{lines}"), expected)
}

fn status(name: &'static str, first: &str, expected: &'static str) -> Mode {
    head(name, &format!("{first}\r\n{{H}}Content-Length: {{L}}\r\n\r\n{{B}}"), expected)
}

pub fn modes() -> Vec<Mode> {
    let mut modes = status_lines();
    modes.extend(header_lines());
    modes.extend(lengths());
    modes.extend(interim());
    modes.extend(ends());
    modes
}

fn status_lines() -> Vec<Mode> {
    vec![
        status("version-0.9", "HTTP/0.9 {S}", "protocol"),
        status("version-2.0", "HTTP/2.0 {S}", "protocol"),
        status("version-3", "HTTP/3 {S}", "protocol"),
        status("version-1.2", "HTTP/1.2 {S}", "protocol"),
        status("version-huge", "HTTP/1.99999999999 {S}", "protocol"),
        status("version-lower-case", "http/1.1 {S}", "protocol"),
        status("version-none", "{S}", "protocol"),
        status("icy", "ICY {S}", "protocol"),
        status("rtsp", "RTSP/1.0 {S}", "protocol"),
        status("ssh-banner", "SSH-2.0-OpenSSH_9.2p1 Debian-2", "protocol"),
        status("smtp-banner", "220 mail.example.org ESMTP", "protocol"),
        status("sip", "SIP/2.0 200 OK", "protocol"),
        head("http-0.9-page", "<html><body>hello</body></html>", "protocol").ended(),
        head("http2-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "protocol"),
        Mode::new(Http1, "http2-settings", vec![Raw(vec![0, 0, 0, 4, 0, 0, 0, 0, 0])], "protocol").ended(),
        status("status-none", "HTTP/1.1", "protocol"),
        status("status-empty", "HTTP/1.1 ", "protocol"),
        status("status-letters", "HTTP/1.1 abc OK", "protocol"),
        status("status-2-digits", "HTTP/1.1 20 OK", "protocol"),
        status("status-4-digits", "HTTP/1.1 2000 OK", "protocol"),
        status("status-negative", "HTTP/1.1 -200 OK", "protocol"),
        status("status-hexadecimal", "HTTP/1.1 0xC8 OK", "protocol"),
        status("status-000", "HTTP/1.1 000 Nothing", "protocol"),
        status("status-099", "HTTP/1.1 099 Nothing", "protocol"),
        status("status-600", "HTTP/1.1 600 What", "protocol:600"),
        status("status-999", "HTTP/1.1 999 What", "protocol:999"),
        status("status-two-spaces", "HTTP/1.1  {S}", "protocol|ok"),
        status("status-tab", "HTTP/1.1\t200 OK", "protocol"),
        status("reason-none", "HTTP/1.0 {S}", "ok"),
        status("reason-8-bit", "HTTP/1.1 {S} \u{e9}\u{2028}", "protocol|ok"),
        status("reason-nul", "HTTP/1.1 {S} a\0b", "protocol"),
        status("reason-escape", "HTTP/1.1 {S} \x1b[31m", "protocol|ok"),
        status("reason-100-kb", &format!("HTTP/1.1 {{S}} {}", "{K}".repeat(100)), "protocol|ok"),
        status("reason-1-mb", &format!("HTTP/1.1 {{S}} {}", "{K}".repeat(1000)), "protocol"),
        head("lines-before", "\r\n\r\n\r\nHTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}", "protocol|ok"),
        head("spaces-before", "   HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}", "protocol"),
        head("mark-before", "\u{feff}HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}", "protocol"),
        Mode::new(Http1, "nul-before", vec![Raw(vec![0; 64])], "protocol"),
        Mode::new(Http1, "bytes-only", vec![Raw((0..=255).collect()), Close], "protocol"),
        Mode::new(Http1, "nul-flood", vec![Flood(vec![Raw(vec![0; 65536])])], "protocol"),
        Mode::new(Http1, "letter-flood", vec![Flood(vec![Text("{K}".repeat(64))])], "protocol"),
        Mode::new(Http1, "line-flood", vec![Flood(vec![Text("\r\n".repeat(8192))])], "protocol|timeout").deadline(2000),
    ]
}

fn header_lines() -> Vec<Mode> {
    vec![
        with_length("header-without-colon", "nonsense\r\n", "protocol"),
        with_length("header-without-name", ": value\r\n", "protocol"),
        with_length("header-name-with-space", "X Y: value\r\n", "protocol"),
        with_length("header-space-before-colon", "X-Y : value\r\n", "protocol|ok"),
        with_length("header-name-8-bit", "X-\u{e9}: value\r\n", "protocol"),
        with_length("header-name-nul", "X-\0: value\r\n", "protocol"),
        with_length("header-value-nul", "X-Y: a\0b\r\n", "protocol"),
        with_length("header-value-escape", "X-Y: \x1b[31m\r\n", "protocol"),
        with_length("header-value-8-bit", "X-Y: \u{e9}\u{2028}\r\n", "ok"),
        with_length("header-value-delete", "X-Y: \x7f\r\n", "protocol"),
        with_length("header-bare-cr", "X-Y: a\rX-Z: b\r\n", "protocol"),
        with_length("header-cr-cr-lf", "X-Y: a\r\r\n", "protocol"),
        with_length("header-folded", "X-Y: a\r\n b\r\n", "protocol|ok"),
        line("length-folded", "Content-Length:\r\n {L}\r\n", "protocol|ok").ended(),
        head("header-folded-first", "HTTP/1.1 {S}\r\n folded\r\n{H}Content-Length: {L}\r\n\r\n{B}", "protocol"),
        head("bare-lf", "HTTP/1.1 {S}\nX-Number: {N}\nContent-Length: {L}\n\n{B}", "protocol|ok"),
        head("bare-cr-all", "HTTP/1.1 {S}\rX-Number: {N}\rContent-Length: {L}\r\r{B}", "protocol").ended(),
        with_length("header-empty-value", "X-Y:\r\nX-Z: \t \r\n", "ok"),
        with_length("headers-90", &"X-Y: value\r\n".repeat(90), "ok"),
        with_length("headers-1000", &"X-Y: value\r\n".repeat(1000), "protocol"),
        with_length("headers-100000", &"X-Y: value\r\n".repeat(100_000), "protocol"),
        with_length("header-100-kb", &format!("X-Y: {}\r\n", "{K}".repeat(100)), "protocol|ok"),
        with_length("header-1-mb", &format!("X-Y: {}\r\n", "{K}".repeat(1000)), "protocol"),
        with_length("header-name-1-mb", &format!("{}: y\r\n", "{K}".repeat(1000)), "protocol"),
        with_length("header-name-60-kb", &format!("{}: y\r\n", "{K}".repeat(60)), "protocol|ok"),
        Mode::new(
            Http1,
            "header-flood",
            vec![Text("HTTP/1.1 {S}\r\n".into()), Flood(vec![Text("X-Y: {K}\r\n".repeat(60))])],
            "protocol",
        ),
        Mode::new(
            Http1,
            "header-line-flood",
            vec![Text("HTTP/1.1 {S}\r\nX-Y: ".into()), Flood(vec![Text("{K}".repeat(60))])],
            "protocol",
        ),
        with_length("connection-both", "Connection: close, keep-alive\r\n", "ok"),
        with_length("connection-close-and-kept", "Connection: close\r\n", "ok").held(),
        with_length("connection-twice", "Connection: keep-alive\r\nConnection: close\r\n", "ok"),
        with_length("connection-nonsense", "Connection: ,,;=\r\n", "ok"),
        with_length("connection-upgrade", "Connection: upgrade\r\nUpgrade: websocket\r\n", "ok"),
        with_length("connection-says-keep-and-closes", "Connection: keep-alive\r\n", "ok").ended(),
        with_length("keep-alive-0", "Keep-Alive: timeout=0, max=0\r\n", "ok").ended(),
        with_length("keep-alive-wrong", "Keep-Alive: timeout=-99999999999999999999\r\n", "ok"),
        head("old-version-kept", "HTTP/1.0 {S}\r\n{H}Connection: keep-alive\r\nContent-Length: {L}\r\n\r\n{B}", "ok"),
        head("old-version-closed", "HTTP/1.0 {S}\r\n{H}\r\n{B}", "ok").ended(),
        with_length("cookies", "Set-Cookie: a=b\r\n".repeat(50).as_str(), "ok"),
        with_length("alt-svc", "Alt-Svc: h3=\":1\"; ma=99999\r\n", "ok"),
        with_length("strict-transport", "Strict-Transport-Security: max-age=99999\r\n", "ok"),
    ]
}

/// (The answer to a question has no body, whatever its head says of one: the transport may look at it or not.)
fn lengths() -> Vec<Mode> {
    vec![
        line("length-twice-same", "Content-Length: {L}\r\nContent-Length: {L}\r\n", "ok|protocol"),
        line("length-twice-different", "Content-Length: {L}\r\nContent-Length: 5\r\n", "protocol").head("ok|protocol"),
        line("length-list-same", "Content-Length: {L}, {L}\r\n", "ok|protocol"),
        line("length-list-different", "Content-Length: {L}, 5\r\n", "protocol").head("ok|protocol"),
        line("length-negative", "Content-Length: -1\r\n", "protocol").head("ok|protocol"),
        line("length-plus", "Content-Length: +{L}\r\n", "protocol").head("ok|protocol"),
        line("length-hexadecimal", "Content-Length: 0x10\r\n", "protocol").head("ok|protocol"),
        line("length-fraction", "Content-Length: {L}.0\r\n", "protocol").head("ok|protocol"),
        line("length-letters", "Content-Length: many\r\n", "protocol").head("ok|protocol"),
        line("length-empty", "Content-Length: \r\n", "protocol").head("ok|protocol"),
        line("length-spaces-inside", "Content-Length: 1 0\r\n", "protocol").head("ok|protocol"),
        line("length-of-64-bits", "Content-Length: 18446744073709551615\r\n", "too_large|protocol").head("ok|protocol"),
        line("length-beyond-64-bits", "Content-Length: 18446744073709551616\r\n", "protocol").head("ok|protocol"),
        line("length-1-beyond-63-bits", "Content-Length: 9223372036854775808\r\n", "too_large|protocol")
            .head("ok|protocol"),
        line("length-100-digits", &format!("Content-Length: {}\r\n", "9".repeat(100)), "protocol").head("ok|protocol"),
        line("length-1-tb", "Content-Length: 1099511627776\r\n", "too_large").head("ok"),
        line("length-beyond-limit", "Content-Length: 1001\r\n", "too_large")
            .head("ok")
            .options("max_response_bytes=1000"),
        line("length-1-gb-with-high-limit", "Content-Length: 1000000000\r\n", "protocol")
            .head("ok")
            .ended()
            .options("max_response_bytes=2000000000"),
        line("chunked-and-length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "protocol")
            .head("ok|protocol"),
        line("length-and-chunked", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "protocol")
            .head("ok|protocol"),
        line("encoding-unknown", "Transfer-Encoding: rot13\r\nContent-Length: {L}\r\n", "ok|protocol")
            .head("ok|protocol")
            .ended(),
        line("encoding-chunked-not-last", "Transfer-Encoding: chunked, gzip\r\n", "ok|protocol")
            .head("ok|protocol")
            .ended(),
        line("encoding-twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "protocol")
            .head("ok|protocol")
            .ended(),
        line("encoding-with-nul", "Transfer-Encoding: chun\u{b}ked\r\nContent-Length: {L}\r\n", "protocol"),
    ]
}

fn interim() -> Vec<Mode> {
    let then_good = |name, text: &str, expected| Mode::new(Http1, name, vec![Text(text.to_owned()), Good], expected);
    vec![
        then_good("100-then-good", "HTTP/1.1 100 Continue\r\n\r\n", "ok"),
        then_good("102-then-good", "HTTP/1.1 102 Processing\r\n\r\n", "ok"),
        then_good("103-then-good", "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n", "ok"),
        then_good("100-with-length", "HTTP/1.1 100 Continue\r\nContent-Length: 500\r\n\r\n", "ok|protocol"),
        then_good("100-with-body", "HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nbody", "protocol"),
        then_good("199-then-good", "HTTP/1.1 199 What\r\n\r\n", "ok|protocol"),
        Mode::new(
            Http1,
            "100-times-20",
            vec![Times(20, vec![Text("HTTP/1.1 100 C\r\n\r\n".into())]), Good],
            "ok|protocol",
        ),
        Mode::new(
            Http1,
            "100-flood",
            vec![Flood(vec![Text("HTTP/1.1 100 C\r\n\r\n".repeat(500))])],
            "protocol|timeout|too_large",
        )
        .deadline(1000)
        .was_fault(),
        Mode::new(
            Http1,
            "103-flood-of-headers",
            vec![Flood(vec![Text(format!("HTTP/1.1 103 Early Hints\r\n{}\r\n", "Link: {K}\r\n".repeat(20)))])],
            "protocol|timeout|too_large",
        )
        .deadline(1000)
        .was_fault(),
        Mode::new(Http1, "102-drip", vec![Flood(vec![Text("HTTP/1.1 102 P\r\n\r\n".into()), Wait(50)])], "timeout"),
        Mode::new(Http1, "100-then-silence", vec![Text("HTTP/1.1 100 Continue\r\n\r\n".into()), Hold], "timeout"),
        Mode::new(Http1, "100-then-close", vec![Text("HTTP/1.1 100 Continue\r\n\r\n".into()), Close], "protocol"),
        Mode::new(
            Http1,
            "100-then-reset",
            vec![Text("HTTP/1.1 100 Continue\r\n\r\n".into()), Wait(20), Reset],
            "protocol",
        ),
        head(
            "101-websocket",
            "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            "protocol|protocol:101",
        ),
        then_good(
            "101-then-good",
            "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            "protocol|protocol:101",
        ),
        head("101-bare", "HTTP/1.1 101 Switching\r\n\r\n", "protocol|protocol:101"),
    ]
}

/// Ends within the head.
fn ends() -> Vec<Mode> {
    let mut modes = Vec::new();
    let places: [(&str, [&'static str; 4]); 6] = [
        ("", ["end-before-all", "cut-before-all", "reset-before-all", "silence-before-all"]),
        ("HTT", ["end-in-version", "cut-in-version", "reset-in-version", "silence-in-version"]),
        ("HTTP/1.1 2", ["end-in-status", "cut-in-status", "reset-in-status", "silence-in-status"]),
        ("HTTP/1.1 {S}\r\n", ["end-after-status", "cut-after-status", "reset-after-status", "silence-after-status"]),
        ("HTTP/1.1 {S}\r\n{H}Content-Le", ["end-in-name", "cut-in-name", "reset-in-name", "silence-in-name"]),
        (
            "HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r",
            ["end-before-last-byte", "cut-before-last-byte", "reset-before-last-byte", "silence-before-last-byte"],
        ),
    ];
    for (text, [end, cut, reset, silence]) in places {
        let of = |name, steps: Vec<_>, expected| {
            Mode::new(Http1, name, [vec![Text(text.to_owned())], steps].concat(), expected)
        };
        modes.push(of(end, vec![Close], "protocol"));
        modes.push(of(cut, vec![Cut], "protocol"));
        modes.push(of(reset, vec![Wait(20), Reset], "protocol"));
        modes.push(of(silence, vec![Hold], "timeout"));
    }
    modes
}
