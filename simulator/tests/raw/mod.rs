//! A client that knows nothing but bytes: what a fault does on the wire is seen as it is.

// Each test program uses its part of it.
#![allow(dead_code)]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use wazo_auth_simulator::{Options, Simulator};

/// An answer of 200 with a JSON body, to anybody.
pub const TARGET: &str = "/0.1/backends";

/// How the bytes of a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// FIN.
    Closed,
    /// RST.
    Reset,
}

pub fn start() -> Simulator {
    Simulator::start_blocking(Options::default()).expect("the simulator starts")
}

/// A connection that fails rather than hangs.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream
}

/// Sends a request; the connection is kept alive.
pub fn ask(stream: &mut impl Write, method: &str, target: &str, body: &str) {
    let length = body.len();
    let request = format!("{method} {target} HTTP/1.1\r\nhost: simulator\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("the request is sent");
}

/// Reads as far as the end of a head. Gives the head, and what came after it.
pub fn read_head(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return (String::from_utf8(bytes).expect("a head of text"), rest);
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).expect("the head comes");
        assert!(count > 0, "the connection ended within the head: {:?}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// The value of a header.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The status of a head.
pub fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status line")
}

/// The length that the head declares.
pub fn declared(head: &str) -> usize {
    header(head, "content-length").and_then(|text| text.parse().ok()).expect("a content-length")
}

/// Reads one answer, whose length is right.
pub fn read_answer(stream: &mut impl Read) -> (String, Vec<u8>) {
    let (head, mut body) = read_head(stream);
    let due = header(&head, "content-length").map_or(0, |_| declared(&head));
    read_more(stream, &mut body, due);
    assert_eq!(body.len(), due, "bytes beyond the declared length");
    (head, body)
}

/// Reads until so many bytes are there.
pub fn read_more(stream: &mut impl Read, bytes: &mut Vec<u8>, due: usize) {
    while bytes.len() < due {
        let mut chunk = [0; 16 * 1024];
        let count = stream.read(&mut chunk).expect("the body comes");
        assert!(count > 0, "the connection ended after {} of {due} bytes", bytes.len());
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// Reads until the connection ends, and says how it did.
pub fn read_to_end(stream: &mut impl Read) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(0) => return (bytes, End::Closed),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(e) if e.kind() == ErrorKind::ConnectionReset => return (bytes, End::Reset),
            // What rustls says of an end without `close_notify`: a FIN within the stream.
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return (bytes, End::Closed),
            Err(e) => panic!("after {} bytes: {e}", bytes.len()),
        }
    }
}

/// A whole exchange on a connection of its own.
pub fn exchange(port: u16, method: &str, target: &str, body: &str) -> (String, Vec<u8>) {
    let mut stream = connect(port);
    ask(&mut stream, method, target, body);
    read_answer(&mut stream)
}

/// The answer without any fault.
pub fn sound_body(port: u16) -> Vec<u8> {
    exchange(port, "GET", TARGET, "").1
}

/// Sets faults over the control route.
pub fn set(port: u16, faults: &Value) {
    let (head, body) = exchange(port, "PUT", "/_simulator/faults", &faults.to_string());
    assert_eq!(status(&head), 204, "{}", String::from_utf8_lossy(&body));
}

/// The faults as the control route shows them.
pub fn faults(port: u16) -> Value {
    let (_, body) = exchange(port, "GET", "/_simulator/faults", "");
    serde_json::from_slice::<Value>(&body).expect("JSON")["faults"].clone()
}

/// How many requests were carried out.
pub fn carried_out(port: u16) -> usize {
    let (_, body) = exchange(port, "GET", "/_simulator/requests", "");
    let log: Value = serde_json::from_slice(&body).expect("JSON");
    log["items"].as_array().expect("a list").len()
}
