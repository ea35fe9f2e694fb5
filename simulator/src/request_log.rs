//! The last requests, as `GET /_simulator/requests` lists them.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::http::Request;
use crate::ring::Entry;

/// How many requests are kept.
pub const KEPT: usize = 1000;

/// A request that was answered. Tokens and bodies are kept too: this is a tool of tests, and holds no real secret.
#[derive(Debug)]
pub struct Answered {
    time: f64,
    request: Request,
    status: u16,
}

impl Answered {
    /// The request, answered now with this status.
    pub fn now(request: Request, status: u16) -> Self {
        Self { time: clock::now(), request, status }
    }
}

impl Entry for Answered {
    fn shown(&self) -> Value {
        let Request { method, path, query, headers, body, tls, .. } = &self.request;
        let headers: Map<String, Value> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        json!({
            "time": clock::iso_with_fraction(self.time),
            "method": method.as_str(),
            "path": path,
            "query": query,
            "headers": headers,
            "body": String::from_utf8_lossy(body),
            "status": self.status,
            "tls": tls,
        })
    }
}
