//! HTTP/2: heads that are none, blocks that HPACK does not know, bodies that are not what the head says.

use crate::frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED};
use crate::http2_modes::{OWN, bytes, head, mode};
use crate::mode::Step::{Flood, FloodWhileEvil, Frame, Good, Hold, Times};
use crate::mode::{Mode, Payload, Step};

fn data(flags: u8, text: &'static str) -> Step {
    Frame(DATA, flags, OWN, Payload::Text(text))
}

/// A right answer with a head of these fields besides.
fn fields(name: &'static str, fields: &[(&str, &str)], expected: &'static str) -> Mode {
    mode(name, vec![head(OWN, END_HEADERS, fields), data(END_STREAM, "{B}")], expected)
}

/// A head with a block that is no right HPACK.
fn block(name: &'static str, block: &[u8], expected: &'static str) -> Mode {
    mode(name, vec![bytes(HEADERS, END_HEADERS | END_STREAM, OWN, block)], expected)
}

pub fn modes() -> Vec<Mode> {
    [heads(), blocks(), bodies()].concat()
}

fn heads() -> Vec<Mode> {
    vec![
        mode(
            "no-status",
            vec![Frame(HEADERS, END_HEADERS | END_STREAM, OWN, Payload::Headers(vec![("a".into(), "b".into())]))],
            "protocol",
        ),
        fields("status-twice", &[(":status", "200"), (":status", "204")], "protocol"),
        fields("status-empty", &[(":status", "")], "protocol"),
        fields("status-letters", &[(":status", "abc")], "protocol"),
        fields("status-2-digits", &[(":status", "20")], "protocol"),
        fields("status-4-digits", &[(":status", "2000")], "protocol"),
        fields("status-000", &[(":status", "000")], "protocol"),
        fields("status-999", &[(":status", "999")], "protocol:999"),
        fields("status-behind", &[("a", "b"), (":status", "200")], "protocol"),
        fields("pseudo-of-requests", &[(":status", "{C}"), (":path", "/"), ("x-number", "{N}")], "protocol|ok"),
        fields("pseudo-unknown", &[(":status", "200"), (":what", "x")], "protocol"),
        fields("name-upper-case", &[("X-Y", "z")], "protocol"),
        fields("name-empty", &[("", "z")], "protocol"),
        fields("name-with-space", &[("a b", "z")], "protocol"),
        fields("name-nul", &[("a\0", "z")], "protocol"),
        fields("value-nul", &[("a", "\0")], "protocol"),
        fields("value-line-end", &[("a", "b\r\nx-number: 999")], "protocol"),
        fields("value-8-bit", &[("a", "\u{e9}\u{2028}")], "ok").head("ok|protocol"),
        fields("connection-close", &[("connection", "close")], "protocol"),
        fields("transfer-encoding", &[("transfer-encoding", "chunked")], "protocol"),
        fields("length-wrong", &[("content-length", "3")], "protocol").head("ok|protocol"),
        fields("length-too-long", &[("content-length", "5000")], "protocol").head("ok|protocol"),
        fields("length-negative", &[("content-length", "-1")], "protocol"),
        fields("length-twice", &[("content-length", "3"), ("content-length", "4")], "protocol").head("ok|protocol"),
        fields("length-huge", &[("content-length", "18446744073709551615")], "protocol|too_large").head("ok|protocol"),
        fields("value-of-20-kb", &[("a", &"v".repeat(15_000))], "ok|protocol").head("ok|protocol"),
        mode(
            "head-of-1-mb",
            vec![
                head(OWN, 0, &[]),
                Times(70, vec![Frame(CONTINUATION, 0, OWN, Payload::Headers(vec![("a".into(), "{K}".repeat(15))]))]),
                bytes(CONTINUATION, END_HEADERS, OWN, &[]),
            ],
            "protocol",
        ),
        mode(
            "head-and-continuations",
            vec![head(OWN, 0, &[]), bytes(CONTINUATION, END_HEADERS, OWN, &[]), data(END_STREAM, "{B}")],
            "ok",
        )
        .head("ok|protocol"),
        mode("head-then-other-frame", vec![head(OWN, 0, &[]), data(END_STREAM, "{B}")], "protocol"),
        mode(
            "head-then-other-continuation",
            vec![head(OWN, 0, &[]), bytes(CONTINUATION, END_HEADERS, crate::mode::On::Own(2), &[])],
            "protocol",
        ),
        mode("head-unfinished-silence", vec![head(OWN, 0, &[]), Hold], "timeout").was_fault(),
        mode(
            "two-heads",
            vec![head(OWN, END_HEADERS, &[]), head(OWN, END_HEADERS, &[]), data(END_STREAM, "{B}")],
            "protocol",
        )
        .head("protocol|ok"),
        mode("103-then-good", vec![head(OWN, END_HEADERS, &[(":status", "103")]), Good], "ok"),
        mode("100-times-5", vec![Times(5, vec![head(OWN, END_HEADERS, &[(":status", "100")])]), Good], "ok|protocol"),
        mode("101", vec![head(OWN, END_HEADERS, &[(":status", "101")]), Good], "ok|protocol"),
        mode("103-that-ends", vec![head(OWN, END_HEADERS | END_STREAM, &[(":status", "103")])], "protocol"),
        mode("103-then-silence", vec![head(OWN, END_HEADERS, &[(":status", "103")]), Hold], "timeout").was_fault(),
    ]
}

fn blocks() -> Vec<Mode> {
    vec![
        block("hpack-index-0", &[0x80], "protocol"),
        block("hpack-index-beyond", &[0x88, 0xff, 0x80, 0x01], "protocol"),
        block("hpack-index-overflow", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "protocol"),
        block("hpack-text-too-long", &[0x88, 0x00, 0x7f, 0xff, 0x7f, b'a'], "protocol"),
        block("hpack-truncated", &[0x88, 0x00, 0x05, b'a'], "protocol"),
        block("hpack-bad-huffman", &[0x88, 0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00], "protocol"),
        block("hpack-table-too-large", &[0x3f, 0xff, 0xff, 0xff, 0x0f, 0x88], "protocol"),
        block("hpack-table-size-behind", &[0x88, 0x20], "protocol"),
        block("hpack-empty", &[], "protocol"),
        mode(
            "hpack-bomb",
            vec![
                bytes(HEADERS, 0, OWN, &[vec![0x88, 0x40, 1, b'a', 0x7f, 0x81, 0x1e], vec![b'v'; 4000]].concat()),
                Times(10, vec![bytes(CONTINUATION, 0, OWN, &[0xbe; 16_000])]),
                bytes(CONTINUATION, END_HEADERS, OWN, &[]),
            ],
            "protocol",
        ),
    ]
}

fn bodies() -> Vec<Mode> {
    let start = || head(OWN, END_HEADERS, &[]);
    let loose = "protocol|ok|timeout";
    vec![
        mode("head-alone-ends", vec![head(OWN, END_HEADERS | END_STREAM, &[])], "protocol:200").head("ok").delete("ok"),
        mode("body-unended", vec![start(), data(0, "{B}"), Hold], "timeout").head(loose).was_fault(),
        mode("body-in-pieces", vec![start(), data(0, ""), data(0, "{B}"), data(0, " \n"), data(END_STREAM, "")], "ok")
            .head(loose),
        mode("body-truncated", vec![start(), data(END_STREAM, "{\"data\": {\"tok")], "protocol:200")
            .head(loose)
            .delete("ok"),
        mode("body-behind-the-end", vec![Good, data(0, "{W}")], "ok"),
        mode(
            "trailers",
            vec![
                start(),
                data(0, "{B}"),
                Frame(
                    HEADERS,
                    END_HEADERS | END_STREAM,
                    OWN,
                    Payload::Headers(vec![("x-number".into(), "999".into())]),
                ),
            ],
            "ok",
        )
        .head(loose),
        mode(
            "trailers-that-do-not-end",
            vec![
                start(),
                data(0, "{B}"),
                Frame(HEADERS, END_HEADERS, OWN, Payload::Headers(vec![("a".into(), "b".into())])),
            ],
            "protocol",
        )
        .head("protocol|ok"),
        mode(
            "trailers-with-status",
            vec![
                start(),
                data(0, "{B}"),
                Frame(HEADERS, END_HEADERS | END_STREAM, OWN, Payload::Headers(vec![(":status".into(), "500".into())])),
            ],
            "protocol|ok",
        ),
        mode("body-beyond-limit", vec![start(), FloodWhileEvil(vec![data(0, "{K}")])], "too_large")
            .head(loose)
            .options("max_response_bytes=5000"),
        mode("padding-right", vec![start(), bytes(DATA, PADDED, OWN, &[3, 0, 0, 0]), data(END_STREAM, "{B}")], "ok")
            .head(loose),
        mode("padding-too-long", vec![start(), bytes(DATA, PADDED | END_STREAM, OWN, &[200, b'{', b'}'])], "protocol")
            .head(loose),
        mode("padding-alone", vec![start(), bytes(DATA, PADDED, OWN, &[])], "protocol").head(loose),
        mode(
            "padding-of-head-too-long",
            vec![bytes(HEADERS, PADDED | END_HEADERS | END_STREAM, OWN, &[9, 0x88])],
            "protocol",
        ),
        mode(
            "padding-flood",
            vec![
                start(),
                Flood(vec![Times(50, vec![bytes(DATA, PADDED, OWN, &[[255; 1].to_vec(), vec![0; 255]].concat())])]),
            ],
            "protocol|timeout",
        )
        .head(loose)
        .deadline(1500),
        mode(
            "priority-in-head-too-short",
            vec![bytes(HEADERS, 0x20 | END_HEADERS | END_STREAM, OWN, &[0, 0])],
            "protocol",
        ),
        mode(
            "priority-in-head-of-itself",
            vec![bytes(HEADERS, 0x20 | END_HEADERS | END_STREAM, OWN, &[0, 0, 0, 1, 16, 0x89])],
            "protocol|protocol:204",
        )
        .head("ok|protocol")
        .delete("protocol"),
    ]
}
