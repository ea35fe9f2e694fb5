//! What went wrong: one error for every failure, in terms that a caller can act on.

pub mod kind;

pub use kind::ErrorKind;

use kind::Retryable;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// What the server answered, where it answered.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with the call's secrets masked.
    pub body: String,
}

/// A failure of a call.
///
/// It never holds a secret of the call: passwords, tokens and bodies of requests are not put in, and where the server
/// repeats one, it is masked.
#[derive(Clone)]
pub struct Error(Box<Failure>);

/// What an [`Error`] holds. It is behind a pointer, so that a result without an error stays small on the stack.
#[derive(Clone)]
pub struct Failure {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// What happened, what was expected and what to do, for a log line.
    pub message: String,
    /// The operation, such as `users.get`; empty before one was chosen.
    pub operation: String,
    /// The HTTP method; empty where nothing was to be sent yet.
    pub method: &'static str,
    /// The URL, secrets in it masked; empty where nothing was to be sent yet.
    pub url: String,
    /// The server's own words for it, from any of its error shapes.
    pub reason: Option<String>,
    /// The server's `error_id`; a text, or JSON where the server made it an object.
    pub error_id: Option<String>,
    /// The server's `details`, as JSON.
    pub details: Option<Box<RawValue>>,
    /// What the server answered, where it did.
    pub answer: Option<ServerAnswer>,
    /// Whether the request may have been carried out all the same.
    pub in_doubt: bool,
    /// Whether the call ended while it was connecting: the time was over, or it was cancelled.
    pub connecting: bool,
}

/// What a call of the library comes to.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure before or beside any answer.
    ///
    /// The message is for a log line: one that repeats a large argument is cut.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            kind,
            message: cut(&one_line(&message.into()), 2000).into_owned(),
            operation: String::new(),
            method: "",
            url: String::new(),
            reason: None,
            error_id: None,
            details: None,
            answer: None,
            in_doubt: false,
            connecting: false,
        }))
    }

    /// An argument that is not what it must be.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// The HTTP status, 0 where the server did not answer.
    pub fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, |answer| answer.status)
    }

    /// Whether the same call may succeed later without a change. Where [`Error::in_doubt`] is true as well, it may be
    /// carried out twice.
    pub fn is_retryable(&self) -> bool {
        match self.kind.facts().retryable {
            Retryable::Yes => true,
            Retryable::No => false,
            Retryable::Unanswered => self.answer.is_none(),
        }
    }

    /// Whether the client's token is unknown or expired, so that a new token should be taken.
    pub fn is_token_invalid(&self) -> bool {
        self.kind == ErrorKind::TokenInvalid
    }

    /// All of it as one JSON object, but for the server's headers and body ([`Error::answer_json`]).
    pub fn to_json(&self) -> String {
        let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        let head = json!({
            "kind": self.kind as i32,
            "kind_name": self.kind.name(),
            "message": self.message,
            "operation": text(&self.operation),
            "method": text(self.method),
            "url": text(&self.url),
            "status": self.status(),
            "error_id": self.error_id,
            "reason": self.reason,
        });
        let tail = json!({
            "is_retryable": self.is_retryable(),
            "is_in_doubt": self.in_doubt,
            "is_connecting": self.connecting,
            "is_token_invalid": self.is_token_invalid(),
        });
        // The server's JSON is put in as a text: it is never read as more than that.
        let details = self.details.as_ref().map_or("null", |details| details.get());
        let (head, tail) = (head.to_string(), tail.to_string());
        format!(r#"{},"details":{details},{}"#, &head[..head.len() - 1], &tail[1..])
    }

    /// The server's answer as JSON: `status`, `headers`, `body` as a text.
    pub fn answer_json(&self) -> Option<String> {
        let answer = self.answer.as_ref()?;
        let headers: Map<String, Value> =
            answer.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        Some(json!({"status": answer.status, "headers": headers, "body": answer.body}).to_string())
    }
}

/// A text as one line: what would end the line, or be an instruction to a terminal, is a space.
fn one_line(text: &str) -> Cow<'_, str> {
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(ends_line) { Cow::Owned(text.replace(ends_line, " ")) } else { Cow::Borrowed(text) }
}

/// The beginning of a text that can be long; what is left out is hinted at.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    text.char_indices().nth(most).map_or(Cow::Borrowed(text), |(at, _)| Cow::Owned(format!("{}...", &text[..at])))
}

/// A value that was not what it must be, as it can be shown: not where it looks as if a password were in it.
pub fn shown(value: &str) -> String {
    if value.contains(['@', ':', '/']) {
        format!("{} characters (not shown: they may contain a password)", value.chars().count())
    } else {
        format!("{:?}", cut(value, 60))
    }
}

impl Deref for Error {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Failure {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    /// The body is left out: it is long, and belongs to the server.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {})", self.kind.name(), self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_json_object_with_the_servers_details_as_they_are() {
        let mut error = Error::new(ErrorKind::Rejected, "m");
        let magic = r#"{"$serde_json::private::RawValue":"[1"}"#;
        for (details, shown) in [(Some(magic), magic), (None, "null")] {
            error.details = details.map(|json| RawValue::from_string(json.to_owned()).unwrap());
            let json = error.to_json();
            assert!(json.contains(&format!(r#","reason":null,"details":{shown},"is_retryable":false,"#)), "{json}");
            assert!(serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(&json).is_ok(), "{json}");
        }
    }

    #[test]
    fn what_is_repeated_of_a_value_is_short_and_no_password() {
        assert_eq!(shown("3s"), r#""3s""#);
        assert_eq!(shown(&"é".repeat(10_000)), format!("{:?}", format!("{}...", "é".repeat(60))));
        for value in ["alice:hunter22", "hunter22@h", "/hunter22"] {
            assert!(!shown(value).contains("hunter22"), "{}", shown(value));
        }
    }
}
