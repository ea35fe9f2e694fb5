//! A plain HTTP/1.1 client over one loopback socket: what is sent is exactly what was recorded, and what came is
//! judged without a library's kindness in between.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::exchange::header;

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Sends one request on a connection of its own and reads the whole answer.
pub fn send(
    server: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<&str>,
) -> Result<Answer, String> {
    let body = body.unwrap_or_default();
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        let _ = write!(request, "content-length: {}\r\n", body.len());
    }
    request += "\r\n";
    request += body;
    let mut stream = TcpStream::connect(server).map_err(|e| format!("connecting: {e}"))?;
    // A server that hangs fails the test by name rather than stopping the whole walk.
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|e| e.to_string())?;
    stream.write_all(request.as_bytes()).map_err(|e| format!("sending: {e}"))?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(|e| format!("reading after {} bytes: {e}", bytes.len()))?;
    parse(&bytes, method)
}

fn parse(bytes: &[u8], method: &str) -> Result<Answer, String> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("the answer's head has no end")?;
    let head = str::from_utf8(&bytes[..end]).map_err(|e| format!("the answer's head: {e}"))?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.ok_or_else(|| format!("no status in {status_line:?}"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let body = if header(&headers, "transfer-encoding") == Some("chunked") { unchunked(rest)? } else { rest.to_vec() };
    let due = header(&headers, "content-length").and_then(|text| text.parse::<usize>().ok());
    if method != "HEAD" && due.is_some_and(|length| length != body.len()) {
        return Err(format!("content-length says {due:?}, {} bytes came", body.len()));
    }
    Ok(Answer { status, headers, body })
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").ok_or("a chunk without its size")?;
        let size = str::from_utf8(&rest[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.ok_or("a chunk's size that is no number")?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(..size).ok_or("a chunk cut short")?);
        rest = rest.get(size + 2..).ok_or("a chunk without its end")?;
    }
}
