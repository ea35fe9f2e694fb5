//! Frames of HTTP/2 (RFC 9113), written by hand so that they can be wrong, and a server that reads what a client sends.

use crate::hpack::{self, Decoder};
use crate::mode::{On, Order, Payload, Step, TOGETHER};
use crate::server::{Asked, Shared, Then, filled, good, number};
use crate::wire::Connection;
use std::collections::HashMap;
use std::io;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;

/// What a client begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame as its bytes.
pub fn frame(kind: u8, flags: u8, on: On, payload: &Payload, asked: &Asked) -> Vec<u8> {
    let stream = match on {
        On::Own(beyond) => asked.stream + beyond,
        On::Id(id) => id,
    };
    let payload = match payload {
        Payload::Bytes(bytes) => bytes.clone(),
        Payload::Text(text) => filled(text, asked).into_bytes(),
        Payload::Headers(fields) => hpack::encode(fields.iter().map(|(name, value)| (name, filled(value, asked)))),
    };
    written(kind, flags, stream, &payload)
}

fn written(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The fields of the right answer.
pub fn good_fields(asked: &Asked) -> Vec<(&'static str, String)> {
    vec![
        (":status", good(asked).0[..3].to_owned()),
        ("content-type", "application/json".to_owned()),
        ("x-number", asked.number.to_string()),
    ]
}

/// The frames of the right answer.
pub fn good_frames(asked: &Asked) -> Vec<u8> {
    let (_, body) = good(asked);
    let end = if body.is_empty() { END_STREAM } else { 0 };
    let mut frames = written(HEADERS, END_HEADERS | end, asked.stream, &hpack::encode(good_fields(asked)));
    if !body.is_empty() {
        frames.extend(written(DATA, END_STREAM, asked.stream, body.as_bytes()));
    }
    frames
}

/// The answers to several requests.
fn in_order(order: Order, asked: &[Asked]) -> Vec<u8> {
    let all_but_first = || asked[1..].iter().flat_map(good_frames);
    match order {
        Order::Reversed => asked.iter().rev().flat_map(good_frames).collect(),
        Order::FirstSilent => all_but_first().collect(),
        Order::FirstReset => {
            all_but_first().chain(written(RST_STREAM, 0, asked[0].stream, &2_u32.to_be_bytes())).collect()
        }
        Order::Interleaved => {
            let head = |asked: &Asked| written(HEADERS, END_HEADERS, asked.stream, &hpack::encode(good_fields(asked)));
            let mut frames: Vec<u8> = asked.iter().flat_map(head).collect();
            let bodies: Vec<String> = asked.iter().map(|asked| good(asked).1).collect();
            for at in 0..bodies.iter().map(String::len).max().unwrap_or(0) {
                for (asked, body) in asked.iter().zip(&bodies) {
                    if let Some(byte) = body.as_bytes().get(at) {
                        let end = if at + 1 == body.len() { END_STREAM } else { 0 };
                        frames.extend(written(DATA, end, asked.stream, &[*byte]));
                    }
                }
            }
            frames
        }
    }
}

/// A connection with a client: every request that is whole is answered as the mode says, or rightly.
pub fn serve(shared: &Shared, mut connection: Connection) -> io::Result<()> {
    if connection.take(PREFACE.len())? != PREFACE {
        return Ok(());
    }
    let announced = if shared.is_evil() { &shared.mode.settings[..] } else { &[] };
    let is_early = shared.mode.is_early && shared.is_evil();
    if is_early {
        connection = match shared.steps(&shared.mode.steps, connection, &Asked::default())? {
            Then::GoOn(connection) => connection,
            Then::Over => return Ok(()),
        };
    } else {
        let mut settings = Vec::new();
        for (name, value) in announced {
            settings.extend(name.to_be_bytes());
            settings.extend(value.to_be_bytes());
        }
        connection.write(&written(SETTINGS, 0, 0, &settings))?;
    }
    let mut decoder = Decoder::default();
    let mut open: HashMap<u32, Request> = HashMap::new();
    let mut gathering = 0;
    let mut together = Vec::new();
    loop {
        let head = connection.take(9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes(head[5..].try_into().unwrap()) & 0x7fff_ffff;
        let payload = connection.take(length as usize)?;
        match kind {
            SETTINGS if flags & ACK == 0 => connection.write(&written(SETTINGS, ACK, 0, &[]))?,
            PING if flags & ACK == 0 => connection.write(&written(PING, ACK, 0, &payload))?,
            HEADERS => {
                let priority = if flags & 0x20 != 0 { 5 } else { 0 };
                let request = open.entry(stream).or_default();
                request.block.extend(&payload[priority..]);
                request.is_whole = flags & END_STREAM != 0;
                if !request.is_whole && !shared.is_evil() {
                    // Whatever was said of windows: a body may come.
                    [0, stream].iter().try_for_each(|of| {
                        connection.write(&written(WINDOW_UPDATE, 0, *of, &60_000_u32.to_be_bytes()))
                    })?;
                }
                gathering = stream;
            }
            CONTINUATION => open.entry(stream).or_default().block.extend(&payload),
            DATA => {
                let request = open.entry(stream).or_default();
                request.body.extend(&payload);
                request.is_whole |= flags & END_STREAM != 0;
            }
            RST_STREAM => drop(open.remove(&stream)),
            _ => {}
        }
        if matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0 {
            let request = open.entry(gathering).or_default();
            let fields = decoder.decode(&std::mem::take(&mut request.block)).ok_or(io::ErrorKind::InvalidData)?;
            let field = |name: &[u8]| {
                let found = fields.iter().find(|(found, _)| found == name);
                found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
            };
            (request.method, request.path) = (field(b":method"), field(b":path"));
        }
        if open.get(&stream).is_some_and(|request| request.is_whole && !request.method.is_empty()) {
            let request = open.remove(&stream).unwrap();
            let number = number(&request.path, &request.body);
            let asked = Asked { method: request.method, number, stream };
            shared.has_come(&asked);
            if let (Some(order), true) = (shared.mode.together, shared.is_evil()) {
                together.push(asked);
                if together.len() == TOGETHER {
                    connection.write(&in_order(order, &std::mem::take(&mut together)))?;
                    shared.is_good_now();
                }
                continue;
            }
            let good = [Step::Good];
            let steps: &[Step] =
                if !shared.mode.is_early && shared.is_evil_to_this() { &shared.mode.steps } else { &good };
            connection = match shared.steps(steps, connection, &asked)? {
                Then::GoOn(connection) => connection,
                Then::Over => return Ok(()),
            };
        }
    }
}

/// A request that is coming.
#[derive(Default)]
struct Request {
    block: Vec<u8>,
    body: Vec<u8>,
    method: String,
    path: String,
    is_whole: bool,
}
