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
    /// The headers, names in lower case: the first of them, as far as they are not endless.
    pub headers: Vec<(String, String)>,
    /// The body, with the call's secrets masked; of a long one the beginning, and how much was cut off.
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
    /// What happened, what was expected and what to do, on one line: for a log.
    pub message: String,
    /// The call, by the number that the log's records of it have; 0 where it is about no call.
    pub call_id: u64,
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

/// An empty text with room for so many bytes, where a server says how many.
pub(crate) fn reserved(length: usize) -> Result<String> {
    let mut text = String::new();
    text.try_reserve_exact(length).map_err(|_| Error::no_memory(length))?;
    Ok(text)
}

impl Error {
    /// A server has made something larger than this process has memory for.
    pub(crate) fn no_memory(length: usize) -> Self {
        let message = format!(
            "there is no memory for {length} bytes of a result; ask for less (limit, offset), or give the process more \
             memory (ulimit -v)"
        );
        Self::new(ErrorKind::TooLarge, message)
    }

    /// A failure before or beside any answer.
    ///
    /// The message is for a log line: one that repeats a large argument is cut, and what could look like another line, or
    /// steer a terminal, is escaped ([`one_line`]), whoever it came from.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            kind,
            message: one_line(&message.into()),
            call_id: 0,
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

    /// Whether the same call may succeed later without a change. Where `in_doubt` is true as well, it may be
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
            "call_id": (self.call_id != 0).then_some(self.call_id),
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

/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 2000;

/// The text on one line, cut to the length of a message.
///
/// Messages hold texts of servers, callers and files, and hosts write them into logs line by line. Backslashes stay as they
/// are, so that a message that is part of another one is not escaped twice.
pub fn one_line(text: &str) -> String {
    let text = cut(text, LONGEST_MESSAGE);
    if !text.contains(breaks_a_line) {
        return text.into_owned();
    }
    let escape = |line: String, c: char| {
        if breaks_a_line(c) { line + &c.escape_default().to_string() } else { line + c.encode_utf8(&mut [0; 4]) }
    };
    let escaped = text.chars().fold(String::with_capacity(text.len() + 64), escape);
    cut(&escaped, LONGEST_MESSAGE).into_owned()
}

/// Whether a character is more than itself on a line: controls (line breaks, NUL, ESC, DEL, C1), the line and paragraph
/// separators, and what changes the direction of the text around it.
fn breaks_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
    fn a_message_is_one_line_whatever_it_repeats() {
        let lines = "a\0b\tc\nd\re\u{1b}[31mf\u{7f}g\u{85}h\u{9b}i\u{2028}j\u{2029}k\u{202e}l\u{2066}m\u{200f}n\\n é";
        let expected =
            r"a\u{0}b\tc\nd\re\u{1b}[31mf\u{7f}g\u{85}h\u{9b}i\u{2028}j\u{2029}k\u{202e}l\u{2066}m\u{200f}n\n é";
        let error = Error::invalid(lines);
        assert_eq!((error.message.as_str(), error.to_string().as_str()), (expected, expected));
        assert_eq!(format!("{error:?}"), format!("Error(invalid_argument: {expected})"));
        assert_eq!(Error::invalid(expected).message, expected, "it is escaped once");
        for c in
            ('\0'..='\u{9f}').filter(|c| c.is_control()).chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}')
        {
            assert!(!Error::invalid(format!("a{c}b")).message.contains(c), "{c:?}");
        }
        let long = Error::invalid("\u{2028}".repeat(1 << 20)).message.clone();
        assert!(long.len() < 2010 && long.ends_with("..."), "{}", long.len());
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
