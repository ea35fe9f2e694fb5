//! HTTP/2: how a connection or a stream ends: resets, GOAWAY, silence, floods; and frames where none may be.

use crate::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM,
    SETTINGS, WINDOW_UPDATE,
};
use crate::mode::Family::Http2;
use crate::mode::Step::{Close, Cut, Flood, FloodWhileEvil, Frame, Good, Hold, Raw, Reset, Text, Times, Wait};
use crate::mode::{Mode, On, Payload, Step};

pub fn mode(name: &'static str, steps: Vec<Step>, expected: &'static str) -> Mode {
    Mode::new(Http2, name, steps, expected)
}

pub fn bytes(kind: u8, flags: u8, on: On, payload: &[u8]) -> Step {
    Frame(kind, flags, on, Payload::Bytes(payload.to_vec()))
}

/// A head of this stream, with the right status unless these fields have another.
pub fn head(on: On, flags: u8, fields: &[(&str, &str)]) -> Step {
    let mut all = Vec::new();
    if !fields.iter().any(|(name, _)| *name == ":status") {
        all.push((":status".to_owned(), "{C}".to_owned()));
        all.push(("x-number".to_owned(), "{N}".to_owned()));
    }
    all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Frame(HEADERS, flags, on, Payload::Headers(all))
}

pub const OWN: On = On::Own(0);

pub fn goaway(last: u32, code: u32) -> Vec<u8> {
    [last.to_be_bytes(), code.to_be_bytes()].concat()
}

pub fn modes() -> Vec<Mode> {
    [ends(), goaways(), resets(), misplaced(), floods()].concat()
}

fn ends() -> Vec<Mode> {
    vec![
        mode("silence", vec![Hold], "timeout").was_fault(),
        mode("silence-after-use", vec![Hold], "timeout").after(2).was_fault(),
        mode("silence-after-head", vec![head(OWN, END_HEADERS, &[]), Hold], "timeout").head("timeout|ok").was_fault(),
        mode("silence-in-frame", vec![Raw(vec![0, 0, 50, 1, 4, 0]), Hold], "timeout").was_fault(),
        mode("silence-after-ping", vec![bytes(PING, 0, On::Id(0), &[7; 8]), Hold], "timeout").was_fault(),
        mode("silence-to-this-one", vec![], "timeout"),
        mode("end", vec![Close], "protocol"),
        mode("cut", vec![Cut], "protocol"),
        mode("reset", vec![Wait(20), Reset], "protocol"),
        mode("end-after-use", vec![Close], "protocol").after(1),
        mode("end-after-use-once", vec![Close], "ok").post("protocol").after(1).once(),
        mode("reset-after-use", vec![Reset], "protocol").after(1),
        mode("end-in-frame", vec![Raw(vec![0, 0, 50, 1, 4, 0, 0, 0, 1, 0]), Close], "protocol"),
        mode("end-after-head", vec![head(OWN, END_HEADERS, &[]), Close], "protocol").head("protocol|ok"),
        mode("cut-after-head", vec![head(OWN, END_HEADERS, &[]), Cut], "protocol").head("protocol|ok"),
        mode("reset-after-head", vec![head(OWN, END_HEADERS, &[]), Wait(20), Reset], "protocol").head("protocol|ok"),
        mode(
            "end-in-body",
            vec![head(OWN, END_HEADERS, &[]), Frame(DATA, 0, OWN, Payload::Text("{\"da")), Cut],
            "protocol",
        )
        .head("protocol|ok"),
        mode("end-behind", vec![Good, Close], "ok"),
        mode("cut-behind", vec![Good, Cut], "ok"),
        mode("reset-behind", vec![Good, Wait(5), Reset], "ok|protocol"),
        mode("early-end", vec![Close], "protocol").early().may_doubt(),
        mode("early-silence", vec![Hold], "timeout").early().may_doubt().was_fault(),
        mode("early-cut", vec![Cut], "protocol").early().may_doubt(),
        mode("early-reset", vec![Reset], "protocol").early().may_doubt(),
        mode(
            "early-http1",
            vec![Text("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".into()), Close],
            "protocol",
        )
        .early()
        .may_doubt(),
        mode("early-garbage", vec![Raw((0..=255).collect()), Close], "protocol").early().may_doubt(),
        mode("early-nul", vec![Raw(vec![0; 4096]), Close], "protocol").early().may_doubt(),
        mode("http1-instead", vec![Text("HTTP/1.1 {S}\r\n{H}Content-Length: {L}\r\n\r\n{B}".into())], "protocol"),
    ]
}

/// A peer that goes says what it has looked at: a request beyond that was certainly not carried out.
fn goaways() -> Vec<Mode> {
    let away = |last, code| bytes(GOAWAY, 0, On::Id(0), &goaway(last, code));
    vec![
        mode("goaway-before-it", vec![away(0, 0), Close], "protocol|unavailable").doubt(false).may_repeat().was_fault(),
        mode("goaway-before-it-once", vec![away(0, 0), Close], "ok").once().may_repeat().was_fault(),
        mode("goaway-before-it-after-use", vec![away(1, 0), Close], "ok").once().after(1).may_repeat().was_fault(),
        mode("goaway-before-it-and-open", vec![away(0, 0), Hold], "protocol|unavailable")
            .doubt(false)
            .may_repeat()
            .was_fault(),
        mode("goaway-after-it", vec![away(1, 0), Close], "protocol"),
        mode("goaway-after-it-and-good", vec![away(1, 0), Good], "ok"),
        mode("goaway-after-it-and-silence", vec![away(1, 0), Hold], "timeout").was_fault(),
        mode("goaway-of-all", vec![away(0x7fff_ffff, 0), Wait(20), Good], "ok"),
        mode("goaway-of-all-and-silence", vec![away(0x7fff_ffff, 0), Hold], "timeout").was_fault(),
        mode("goaway-in-two-steps", vec![away(0x7fff_ffff, 0), away(1, 0), Good], "ok"),
        mode("goaway-that-grows", vec![away(1, 0), away(5, 0), Close], "protocol"),
        mode("goaway-even", vec![away(2, 0), Close], "protocol"),
        mode("goaway-protocol-error", vec![away(1, 1), Close], "protocol"),
        mode("goaway-internal-error", vec![away(1, 2), Close], "protocol"),
        mode("goaway-enhance-your-calm", vec![away(1, 11), Close], "protocol"),
        mode("goaway-calm-before-it", vec![away(0, 11), Close], "protocol|unavailable").doubt(false).may_repeat(),
        mode("goaway-http1-required", vec![away(0, 13), Close], "protocol|unavailable").doubt(false).may_repeat(),
        mode("goaway-unknown-code", vec![away(1, 0xffff_ffff), Close], "protocol"),
        mode(
            "goaway-with-text",
            vec![bytes(GOAWAY, 0, On::Id(0), &[goaway(1, 1), b"\r\n\x1b[31m t100".to_vec()].concat()), Close],
            "protocol",
        ),
        mode("goaway-too-short", vec![bytes(GOAWAY, 0, On::Id(0), &[0, 0, 0])], "protocol"),
        mode("goaway-on-a-stream", vec![bytes(GOAWAY, 0, OWN, &goaway(1, 0))], "protocol"),
        mode("goaway-behind", vec![Good, away(1, 0), Hold], "ok").was_fault(),
        mode("goaway-early", vec![bytes(SETTINGS, 0, On::Id(0), &[]), away(0, 0), Close], "protocol|unavailable")
            .doubt(false)
            .early()
            .may_repeat(),
        mode("goaway-flood", vec![Flood(vec![away(0x7fff_ffff, 0)])], "protocol|timeout").deadline(1500),
    ]
}

fn resets() -> Vec<Mode> {
    let reset = |code: u32| bytes(RST_STREAM, 0, OWN, &code.to_be_bytes());
    vec![
        mode("refused-stream", vec![reset(7)], "protocol|unavailable").doubt(false).may_repeat().was_fault(),
        mode("refused-stream-once", vec![reset(7)], "ok").once().may_repeat().was_fault(),
        mode("refused-stream-after-use", vec![reset(7)], "ok").once().after(1).may_repeat().was_fault(),
        // It had begun: no promise any more.
        mode("refused-after-head", vec![head(OWN, END_HEADERS, &[]), reset(7)], "protocol")
            .head("protocol|ok")
            .may_doubt(),
        mode("rst-no-error", vec![reset(0)], "protocol"),
        // hyper takes these two for the end of the body.
        mode(
            "rst-no-error-in-body",
            vec![head(OWN, END_HEADERS, &[]), Frame(DATA, 0, OWN, Payload::Text("{\"data\": {")), reset(0)],
            "protocol",
        )
        .head("protocol|ok")
        .was_fault(),
        mode(
            "rst-cancel-in-body",
            vec![head(OWN, END_HEADERS, &[]), Frame(DATA, 0, OWN, Payload::Text("{B}")), reset(8)],
            "protocol",
        )
        .head("protocol|ok")
        .was_fault(),
        mode("rst-protocol-error", vec![reset(1)], "protocol"),
        mode("rst-internal", vec![reset(2)], "protocol"),
        mode("rst-cancel", vec![reset(8)], "protocol"),
        mode("rst-enhance-your-calm", vec![reset(11)], "protocol"),
        mode("rst-http1-required", vec![reset(13)], "protocol"),
        mode("rst-unknown", vec![reset(0xdead)], "protocol"),
        mode(
            "rst-in-body",
            vec![head(OWN, END_HEADERS, &[]), Frame(DATA, 0, OWN, Payload::Text("{")), reset(2)],
            "protocol",
        )
        .head("protocol|ok"),
        mode("rst-too-short", vec![bytes(RST_STREAM, 0, OWN, &[0])], "protocol"),
        mode("rst-on-0", vec![bytes(RST_STREAM, 0, On::Id(0), &[0, 0, 0, 8])], "protocol"),
        mode("rst-on-idle", vec![bytes(RST_STREAM, 0, On::Own(20), &[0, 0, 0, 8])], "protocol"),
        mode("rst-behind", vec![Good, reset(0)], "ok"),
        mode("rst-flood", vec![FloodWhileEvil(vec![reset(8)])], "protocol"),
    ]
}

fn misplaced() -> Vec<Mode> {
    vec![
        mode("data-before-head", vec![Frame(DATA, END_STREAM, OWN, Payload::Text("{B}"))], "protocol"),
        mode("data-on-0", vec![Frame(DATA, 0, On::Id(0), Payload::Text("{B}"))], "protocol"),
        mode("data-on-idle", vec![Frame(DATA, 0, On::Own(20), Payload::Text("{B}"))], "protocol"),
        mode("head-on-0", vec![head(On::Id(0), END_HEADERS, &[])], "protocol"),
        mode("head-on-idle", vec![head(On::Own(20), END_HEADERS, &[])], "protocol"),
        mode("head-on-even", vec![head(On::Id(2), END_HEADERS | END_STREAM, &[])], "protocol"),
        mode(
            "answer-on-the-next-stream",
            vec![head(On::Own(2), END_HEADERS, &[]), Frame(DATA, END_STREAM, On::Own(2), Payload::Text("{B}"))],
            "protocol",
        ),
        mode(
            "answer-on-an-ended-stream",
            vec![head(On::Id(1), END_HEADERS, &[]), Frame(DATA, END_STREAM, On::Id(1), Payload::Text("{B}")), Good],
            "protocol|ok",
        )
        .after(2),
        mode("answer-twice", vec![Good, Good], "ok"),
        mode("push-promise", vec![bytes(PUSH_PROMISE, END_HEADERS, OWN, &[0, 0, 0, 2, 0x82, 0x84])], "protocol"),
        mode("push-promise-on-0", vec![bytes(PUSH_PROMISE, END_HEADERS, On::Id(0), &[0, 0, 0, 2, 0x82])], "protocol"),
        mode("ping-on-a-stream", vec![bytes(PING, 0, OWN, &[0; 8])], "protocol"),
        mode("ping-too-short", vec![bytes(PING, 0, On::Id(0), &[0; 3])], "protocol"),
        mode("ping-ack-unasked", vec![bytes(PING, ACK, On::Id(0), &[9; 8]), Good], "ok|protocol"),
        mode("settings-on-a-stream", vec![bytes(SETTINGS, 0, OWN, &[])], "protocol"),
        mode("settings-of-5-bytes", vec![bytes(SETTINGS, 0, On::Id(0), &[0; 5])], "protocol"),
        mode("settings-ack-with-payload", vec![bytes(SETTINGS, ACK, On::Id(0), &[0; 6])], "protocol"),
        mode("settings-ack-unasked", vec![Times(3, vec![bytes(SETTINGS, ACK, On::Id(0), &[])]), Good], "ok|protocol"),
        mode("priority-of-itself", vec![bytes(PRIORITY, 0, OWN, &[0, 0, 0, 1, 16]), Good], "ok|protocol"),
        mode("priority-on-0", vec![bytes(PRIORITY, 0, On::Id(0), &[0, 0, 0, 1, 16])], "protocol"),
        mode("priority-too-short", vec![bytes(PRIORITY, 0, OWN, &[0])], "protocol"),
        mode("continuation-alone", vec![bytes(CONTINUATION, END_HEADERS, OWN, &[0x88])], "protocol"),
        mode(
            "unknown-frames",
            vec![Times(20, vec![bytes(99, 0xff, OWN, &[1; 100]), bytes(77, 0, On::Id(0), b"x")]), Good],
            "ok",
        ),
        mode("frame-too-large", vec![bytes(DATA, 0, OWN, &vec![b' '; 20_000])], "protocol"),
        mode(
            "frame-of-16-mb",
            vec![Raw(vec![0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), Flood(vec![Raw(vec![32; 65536])])],
            "protocol",
        ),
        mode("window-on-idle", vec![bytes(WINDOW_UPDATE, 0, On::Own(20), &[0, 0, 0, 1])], "protocol"),
    ]
}

fn floods() -> Vec<Mode> {
    let flood =
        |name, step| mode(name, vec![Flood(vec![Times(200, vec![step])])], "protocol|timeout|too_large").deadline(1500);
    vec![
        flood("ping-flood", bytes(PING, 0, On::Id(0), &[0; 8])),
        flood("ping-ack-flood", bytes(PING, ACK, On::Id(0), &[0; 8])),
        flood("settings-flood", bytes(SETTINGS, 0, On::Id(0), &[])),
        flood("settings-value-flood", bytes(SETTINGS, 0, On::Id(0), &[0, 3, 0, 0, 0, 9].repeat(100))),
        flood("window-flood", bytes(WINDOW_UPDATE, 0, On::Id(0), &[0, 0, 0, 1])),
        flood("priority-flood", bytes(PRIORITY, 0, On::Own(2), &[0, 0, 0, 0, 16])),
        flood("unknown-flood", bytes(200, 0, On::Id(0), &[0; 100])),
        flood("empty-data-flood", bytes(DATA, 0, OWN, &[])),
        mode(
            "empty-data-flood-in-body",
            vec![head(OWN, END_HEADERS, &[]), Flood(vec![Times(200, vec![bytes(DATA, 0, OWN, &[])])])],
            "protocol|timeout",
        )
        .head("protocol|timeout|ok")
        .deadline(1500),
        mode(
            "interim-flood",
            vec![Flood(vec![Times(200, vec![head(OWN, END_HEADERS, &[(":status", "103")])])])],
            "protocol|timeout",
        )
        .deadline(1500)
        .was_fault(),
        mode(
            "continuation-flood",
            vec![bytes(HEADERS, 0, OWN, &[]), Flood(vec![Times(200, vec![bytes(CONTINUATION, 0, OWN, &[])])])],
            "protocol|timeout",
        )
        .deadline(1500),
        mode(
            "continuation-flood-of-fields",
            vec![
                bytes(HEADERS, 0, OWN, &[0x88]),
                Flood(vec![Times(
                    50,
                    vec![Frame(CONTINUATION, 0, OWN, Payload::Headers(vec![("a".into(), "{K}".into())]))],
                )]),
            ],
            "protocol|timeout",
        )
        .deadline(1500),
    ]
}
