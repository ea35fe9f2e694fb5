//! What went wrong: one error for every failure, in terms that a caller can act on.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// What kind of failure it was. The numbers are part of the ABI: new kinds are appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ErrorKind {
    /// An argument is missing or not what it must be; nothing was sent.
    InvalidArgument = 1,
    /// User name and password were refused (401).
    AuthenticationFailed = 2,
    /// The client's token is unknown or expired (401): a new one may help.
    TokenInvalid = 3,
    /// The token is good, but lacks the access (401 or 403).
    PermissionDenied = 4,
    /// The tenant asked for is neither the token's nor below it (401).
    TenantUnauthorized = 5,
    /// There is no such thing, or no such route (404).
    NotFound = 6,
    /// It exists already, or is in a state that forbids this (409).
    Conflict = 7,
    /// A limit of the server, such as the number of sessions of a user (429).
    Quota = 8,
    /// The server found the request wrong (400, 405 and other 4xx).
    Rejected = 9,
    /// The server failed (500 and other 5xx).
    ServerError = 10,
    /// The server, or what stands in front of it, cannot serve now (502, 503, 504).
    Unavailable = 11,
    /// No connection: name not found, refused, unreachable.
    Connect = 12,
    /// The call's time ended first.
    Timeout = 13,
    /// TLS failed: a certificate that is not trusted, a name that does not match, an alert.
    Tls = 14,
    /// The answer is not what it must be: cut short, not JSON, a redirect.
    Protocol = 15,
    /// The answer is larger than `max_response_bytes`.
    TooLarge = 16,
    /// The caller cancelled the call.
    Cancelled = 17,
    /// The handle was closed, or the call belonged to the parent of this process.
    Closed = 18,
    /// A fault of this library, caught before it could reach the host.
    Internal = 19,
}

impl ErrorKind {
    /// Every kind, in the order of the numbers.
    pub const ALL: [Self; 19] = [
        Self::InvalidArgument,
        Self::AuthenticationFailed,
        Self::TokenInvalid,
        Self::PermissionDenied,
        Self::TenantUnauthorized,
        Self::NotFound,
        Self::Conflict,
        Self::Quota,
        Self::Rejected,
        Self::ServerError,
        Self::Unavailable,
        Self::Connect,
        Self::Timeout,
        Self::Tls,
        Self::Protocol,
        Self::TooLarge,
        Self::Cancelled,
        Self::Closed,
        Self::Internal,
    ];

    /// The kind as a word, such as `not_found`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::AuthenticationFailed => "authentication_failed",
            Self::TokenInvalid => "token_invalid",
            Self::PermissionDenied => "permission_denied",
            Self::TenantUnauthorized => "tenant_unauthorized",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Quota => "quota",
            Self::Rejected => "rejected",
            Self::ServerError => "server_error",
            Self::Unavailable => "unavailable",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Internal => "internal",
        }
    }
}

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
            message: cut(&message.into(), 2000).into_owned(),
            operation: String::new(),
            method: "",
            url: String::new(),
            reason: None,
            error_id: None,
            details: None,
            answer: None,
            in_doubt: false,
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
        matches!(self.kind, ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Unavailable)
            || (self.kind == ErrorKind::Protocol && self.answer.is_none())
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

/// The beginning of a text that can be long; what is left out is hinted at.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    text.char_indices().nth(most).map_or(Cow::Borrowed(text), |(at, _)| Cow::Owned(format!("{}...", &text[..at])))
}

/// A value that was not what it must be, as it can be shown: not where it looks as if a password were in it.
pub fn shown(value: &str) -> String {
    if value.contains(['@', ':', '/']) {
        format!("{} characters that are not shown, since a password may be among them", value.chars().count())
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

    #[test]
    fn numbers_of_kinds_are_pinned() {
        for (index, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index + 1, "{}: kinds are only ever appended", kind.name());
        }
    }
}
