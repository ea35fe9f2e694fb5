//! Requests and answers as the rooms see them: whole, in memory, without a connection behind them.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Response};
use serde_json::Value;

/// The body of an answer on its way out. Boxed so that a fault can put a slow or a broken one in its place.
pub type Body = BoxBody<Bytes, std::io::Error>;

/// A fault broke the connection: no answer is to be sent.
#[derive(Debug)]
pub struct Disrupted;

impl std::fmt::Display for Disrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Disrupted {}

/// What is known of a connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Where it comes from.
    pub peer: IpAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    pub(crate) reset: Arc<AtomicBool>,
    /// Its stream, for the faults.
    pub wire: crate::wire::Wire,
}

impl Connection {
    /// When the connection is closed, it is closed with a reset instead of an orderly end.
    pub fn reset_on_close(&self) {
        self.reset.store(true, Ordering::SeqCst);
    }
}

/// A request, read to its end.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    /// The path, percent-decoded as a whole (`%2F` is a slash, as the real server takes it), without the prefix.
    pub path: String,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub peer: IpAddr,
    /// Whether it came over TLS.
    pub tls: bool,
}

impl Request {
    /// The value of a header, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as a form, decoded.
    pub fn form(&self) -> Vec<(String, String)> {
        decode_pairs(&String::from_utf8_lossy(&self.body))
    }
}

/// Percent-decodes, and takes `+` for a space where `plus` says so.
pub fn percent_decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |index: usize| bytes.get(index).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            (b'+', ..) if plus => {
                decoded.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Percent-encodes all but unreserved characters, as a query value; a space is `+`.
pub fn form_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// `a=1&b=2`, decoded.
pub fn decode_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(key, true), percent_decode(value, true))
        })
        .collect()
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Beyond `Content-Type` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    pub content_type: Cow<'static, str>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A JSON answer, written as the real server writes it: `", "` and `": "` between parts, a newline at the end.
    pub fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "application/json".into(),
            body: crate::json::to_python_text(value).into_bytes(),
        }
    }

    /// 200 with JSON.
    pub fn ok(value: &Value) -> Self {
        Self::json(200, value)
    }

    /// 204. The real server sends a content type with it.
    pub fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), content_type: "application/json".into(), body: Vec::new() }
    }

    /// A text of another type.
    pub fn text(status: u16, content_type: impl Into<Cow<'static, str>>, body: &str) -> Self {
        Self { status, headers: Vec::new(), content_type: content_type.into(), body: body.as_bytes().to_vec() }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// As the answer to a HEAD: the headers of the body, without the body. HTTP/2 does not leave it out by itself.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        if self.status != 204 {
            self.headers.push(("Content-Length", self.body.len().to_string()));
        }
        self.body.clear();
        self
    }

    /// As hyper sends it.
    pub fn into_response(self) -> Response<Body> {
        let mut builder = Response::builder().status(self.status).header("Content-Type", self.content_type.as_ref());
        let has_length = self.headers.iter().any(|(name, _)| *name == "Content-Length");
        if self.status != 204 && !has_length {
            builder = builder.header("Content-Length", self.body.len());
        }
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        let body = Full::new(Bytes::from(self.body)).map_err(|never| match never {}).boxed();
        builder.body(body).unwrap_or_else(|_| {
            // Only a header value that is no header value leads here, such as a redirect to a text with a newline.
            let mut response = Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed());
            *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }
}

/// Name and password of Basic authentication: UTF-8, else Latin-1. Neither may be empty.
pub fn credentials(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("Authorization").strip_prefix("Basic ")?;
    let bytes = decode_base64(encoded.trim())?;
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().map(|byte| char::from(*byte)).collect());
    let (name, password) = text.split_once(':')?;
    (!name.is_empty() && !password.is_empty()).then(|| (name.into(), password.into()))
}

/// The bytes of a base64 text.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes().filter(|byte| *byte != b'=') {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_byte_by_byte() {
        assert_eq!(decode_base64("dXNlcjphOmI=").unwrap(), b"user:a:b");
        assert_eq!(decode_base64("w6k6w6k=").unwrap(), "é:é".as_bytes());
        assert_eq!(decode_base64("w6*6"), None);
    }
}
