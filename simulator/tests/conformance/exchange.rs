//! One recorded exchange: what was asked of the real server, and what it answered.

use serde_json::Value;

/// The recording, one JSON object a line.
const RECORDING: &str = include_str!("../../../tests/data/exchanges.jsonl");

/// A request and its answer as recorded with a real wazo-auth.
pub struct Exchange {
    /// The line in the recording, from 1: how failures and the tables name an exchange.
    pub line: usize,
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    pub request_headers: Vec<(String, String)>,
    pub request_body: Option<String>,
    pub status: u16,
    pub response_headers: Vec<(String, String)>,
    pub response_body: String,
}

impl Exchange {
    /// Every recorded exchange, in order.
    pub fn all() -> Vec<Self> {
        RECORDING.lines().enumerate().map(|(index, text)| Self::read(index + 1, text)).collect()
    }

    fn read(line: usize, text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("line {line} of the recording: {e}"));
        let text_of = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let headers_of = |key: &str| {
            let pairs = value[key].as_object().into_iter().flatten();
            pairs.map(|(name, text)| (name.to_lowercase(), text.as_str().unwrap_or_default().to_owned())).collect()
        };
        Self {
            line,
            method: text_of("method"),
            target: text_of("target"),
            request_headers: headers_of("request_headers"),
            request_body: value["request_body"].as_str().map(str::to_owned),
            status: value["status"].as_u64().and_then(|n| u16::try_from(n).ok()).expect("a status"),
            response_headers: headers_of("response_headers"),
            response_body: text_of("response_body"),
        }
    }

    /// The segments of the path below `/0.1`, percent-decoded.
    pub fn segments(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        path.trim_start_matches("/0.1/").split('/').map(decoded).collect()
    }

    /// The first value of a query key, percent-decoded.
    pub fn query(&self, key: &str) -> Option<String> {
        let pairs = self.target.split_once('?')?.1.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| decoded(value))
    }

    pub fn request_header(&self, name: &str) -> Option<&str> {
        header(&self.request_headers, name)
    }

    /// The tenant that the request names.
    pub fn wazo_tenant(&self) -> Option<&str> {
        self.request_header("wazo-tenant")
    }

    /// The request's body where it is JSON, else null.
    pub fn request_json(&self) -> Value {
        self.request_body.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
    }

    /// The answer's body where it is JSON, else null.
    pub fn response_json(&self) -> Value {
        serde_json::from_str(&self.response_body).unwrap_or(Value::Null)
    }

    /// How a failure names the exchange.
    pub fn title(&self) -> String {
        format!("line {}: {} {} -> {}", self.line, self.method, self.target, self.status)
    }
}

/// The value of a header, whose name is given in lower case.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Percent-decodes a segment or a query value. The recording holds no `+` that means a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten().and_then(|pair| str::from_utf8(pair).ok());
        if let Some(byte) = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).expect("the recorded targets are UTF-8")
}
