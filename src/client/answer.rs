//! What a call comes to: the server's answer as it came, and the outcome that the caller gets.

use crate::error::{Result, reserved};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::fmt;

/// An answer as it came.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What a call came to.
#[derive(Clone)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    pub(super) headers: HeaderMap,
    /// The result as JSON: the server's own text where it sent JSON.
    pub json: String,
    /// The answer to a question; `None` where the operation asks none.
    pub(super) answer: Option<bool>,
}

impl Outcome {
    /// The answer to a question.
    pub(super) fn of_question(status: u16, headers: HeaderMap, yes: bool) -> Self {
        Self { status, headers, json: if yes { "true" } else { "false" }.to_owned(), answer: Some(yes) }
    }

    /// The answer to a question about a token that no server can know: the status is that of the server's own answer.
    pub(super) fn no() -> Self {
        Self::of_question(404, HeaderMap::new(), false)
    }

    /// A decision that was made without this request, as JSON.
    pub(crate) fn of_decision(json: String, yes: bool) -> Self {
        Self { status: 200, headers: HeaderMap::new(), json, answer: Some(yes) }
    }

    /// A header of the answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether a question was answered with yes; false for every other operation.
    pub fn is_yes(&self) -> bool {
        self.answer == Some(true)
    }

    /// Whether a question was answered with no; false for every other operation.
    pub fn is_no(&self) -> bool {
        self.answer == Some(false)
    }

    /// Its result, and apart from it what makes a whole outcome of that.
    pub(crate) fn into_parts(self) -> (String, Head) {
        (self.json, Head { status: self.status, headers: self.headers })
    }

    /// The answer's headers, names in lower case.
    pub fn headers(&self) -> Vec<(String, String)> {
        header_texts(&self.headers).collect()
    }

    /// The whole outcome as JSON: `status`, `headers`, `result`.
    pub fn to_json(&self) -> Result<String> {
        whole(self.status, &self.headers, &self.json)
    }
}

/// An outcome without its result.
pub struct Head {
    status: u16,
    headers: HeaderMap,
}

impl Head {
    /// The whole outcome as JSON, with its result.
    pub(crate) fn to_json(&self, result: &str) -> Result<String> {
        whole(self.status, &self.headers, result)
    }
}

/// `status`, `headers` and `result` as JSON, by hand: the server's text is not parsed and written anew.
fn whole(status: u16, headers: &HeaderMap, result: &str) -> Result<String> {
    let headers: serde_json::Map<String, Value> =
        header_texts(headers).map(|(name, value)| (name, value.into())).collect();
    let headers = Value::Object(headers).to_string();
    // The result is as long as the server made it.
    let mut json = reserved(headers.len() + result.len() + 64)?;
    json.push_str("{\"status\":");
    json.push_str(&status.to_string());
    json.push_str(",\"headers\":");
    json.push_str(&headers);
    json.push_str(",\"result\":");
    json.push_str(result);
    json.push('}');
    Ok(json)
}

impl fmt::Debug for Outcome {
    /// The result and the headers are left out: a login's is the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({}, {} bytes)", self.status, self.json.len())
    }
}

/// Headers as texts, names in lower case.
pub fn header_texts(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
}
