//! HTTP/2: settings and windows.

use crate::frames::{DATA, END_HEADERS, END_STREAM, SETTINGS, WINDOW_UPDATE};
use crate::http2_modes::{OWN, bytes, head, mode};
use crate::mode::Step::{FloodWhileEvil, Frame, Good, Hold, Times, Wait};
use crate::mode::{Mode, On, Order, Payload, Step};

const TABLE_SIZE: u16 = 1;
const PUSH: u16 = 2;
const STREAMS: u16 = 3;
const WINDOW: u16 = 4;
const FRAME: u16 = 5;
const HEAD: u16 = 6;

fn window(on: On, by: u32) -> Step {
    bytes(WINDOW_UPDATE, 0, on, &by.to_be_bytes())
}

fn with(name: &'static str, settings: &[(u16, u32)], steps: Vec<Step>, expected: &'static str) -> Mode {
    mode(name, steps, expected).settings(settings)
}

fn late(settings: &[(u16, u32)]) -> Step {
    let each = |(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
    bytes(SETTINGS, 0, On::Id(0), &settings.iter().flat_map(each).collect::<Vec<_>>())
}

pub fn modes() -> Vec<Mode> {
    vec![
        with("streams-0", &[(STREAMS, 0)], vec![Good], "ok|timeout").deadline(1000).may_doubt().was_fault(),
        mode("streams-0-later", vec![late(&[(STREAMS, 0)]), Good], "ok").was_fault(),
        mode("streams-0-after-use", vec![late(&[(STREAMS, 0)]), Hold], "timeout").after(1).was_fault(),
        with("streams-1", &[(STREAMS, 1)], vec![Good], "ok"),
        with("push-allowed", &[(PUSH, 1)], vec![Good], "protocol|ok").may_doubt(),
        with("push-7", &[(PUSH, 7)], vec![Good], "protocol").may_doubt(),
        with("window-0", &[(WINDOW, 0)], vec![Good], "ok").post("ok|timeout").deadline(1000).may_doubt(),
        with("window-1", &[(WINDOW, 1)], vec![Good], "ok").post("ok|timeout").deadline(1000).may_doubt(),
        with("window-too-large", &[(WINDOW, 0x8000_0000)], vec![Good], "protocol").may_doubt(),
        mode("window-changes-to-0", vec![late(&[(WINDOW, 0)]), Good], "ok"),
        mode(
            "windows-up-and-down",
            vec![Times(50, vec![late(&[(WINDOW, 0)]), late(&[(WINDOW, 0x7fff_ffff)])]), Good],
            "ok|protocol",
        ),
        with("frame-0", &[(FRAME, 0)], vec![Good], "protocol").may_doubt(),
        with("frame-16-mb", &[(FRAME, 16_777_215)], vec![Good], "ok"),
        with("frame-too-large-setting", &[(FRAME, 16_777_216)], vec![Good], "protocol").may_doubt(),
        with("head-list-0", &[(HEAD, 0)], vec![Good], "ok|protocol").may_doubt(),
        with("table-0", &[(TABLE_SIZE, 0)], vec![Good], "ok"),
        with("table-4-gb", &[(TABLE_SIZE, 0xffff_ffff)], vec![Good], "ok"),
        with("settings-unknown", &[(0x4242, 1), (0xffff, 0xffff_ffff)], vec![Good], "ok"),
        with("settings-1000", &[(STREAMS, 100); 1000], vec![Good], "ok"),
        mode("update-0", vec![window(OWN, 0)], "protocol"),
        mode("update-0-of-all", vec![window(On::Id(0), 0)], "protocol"),
        mode("update-overflow", vec![window(OWN, 0x7fff_ffff), Good], "protocol|ok"),
        mode("update-overflow-of-all", vec![window(On::Id(0), 0x7fff_ffff)], "protocol"),
        mode("update-too-short", vec![bytes(WINDOW_UPDATE, 0, OWN, &[0])], "protocol"),
        mode("update-behind", vec![Good, window(OWN, 5)], "ok"),
        mode(
            "beyond-the-window",
            vec![
                head(OWN, END_HEADERS, &[]),
                FloodWhileEvil(vec![Times(100, vec![Frame(DATA, 0, OWN, Payload::Bytes(vec![b' '; 16_384]))])]),
            ],
            "protocol|too_large",
        )
        .head("protocol|ok|too_large"),
        mode("together-reversed", vec![], "ok").together(Order::Reversed),
        mode("together-interleaved", vec![], "ok").together(Order::Interleaved),
        // Who waits in vain holds up nobody beside it.
        mode("together-first-silent", vec![], "timeout").together(Order::FirstSilent),
        mode("together-first-reset", vec![], "ok|protocol").together(Order::FirstReset),
        mode("good-after-a-wait", vec![Wait(200), Good], "ok"),
        mode(
            "early-no-settings",
            vec![head(On::Id(1), END_HEADERS | END_STREAM, &[(":status", "204"), ("x-number", "999")])],
            "protocol|protocol:204",
        )
        .head("protocol|ok")
        .delete("protocol|ok")
        .may_lie()
        .early()
        .may_doubt(),
        mode("early-settings-ack-only", vec![bytes(SETTINGS, 1, On::Id(0), &[])], "protocol|timeout|ok")
            .early()
            .may_doubt()
            .deadline(1500),
    ]
}
