//! From the server's answer to what the caller gets: the result that the table promises, or one error for each of the
//! four shapes in which wazo-auth (and what stands in front of it) refuses.

use super::error::{Error, ErrorKind, Result, ServerAnswer, cut};
use super::json::{self, Json, quoted};
use super::request::Prepared;
use crate::operations::Shape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// What a call came to.
#[derive(Clone)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The result as JSON: the server's own text where it sent JSON.
    pub json: String,
}

impl fmt::Debug for Outcome {
    /// The result and the headers are left out: a login's is the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({}, {} bytes)", self.status, self.json.len())
    }
}

impl Outcome {
    /// Whether a question was answered with yes.
    pub fn is_yes(&self) -> bool {
        self.json == "true"
    }

    /// The whole outcome as JSON: `status`, `headers`, `result`.
    pub fn to_json(&self) -> String {
        let headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        // Written by hand, so that the server's text is not parsed and written anew.
        format!(r#"{{"status":{},"headers":{},"result":{}}}"#, self.status, Value::Object(headers), self.json)
    }
}

/// An answer as it came.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What a caller expects of an answer.
#[derive(Clone, Copy)]
pub struct Expected {
    pub accepted: &'static [u16],
    pub shape: Shape,
}

/// Judges an answer.
pub fn judge(prepared: &Prepared, expected: Expected, answer: Answer) -> Result<Outcome> {
    let status = answer.status;
    let by_table = expected.accepted.contains(&status);
    // Another success than the recorded one (a newer server's 200 for 204) is one all the same, where the promised
    // result can be made of it. A question and a redirection are answered by their very status.
    let by_status = matches!(expected.shape, Shape::Question | Shape::Location);
    if by_table || ((200..300).contains(&status) && !by_status) {
        return result(prepared, expected.shape, answer);
    }
    if expected.shape == Shape::Question && matches!(status, 403 | 404) && !is_foreign_page(prepared, &answer) {
        return Ok(Outcome { status, headers: headers(&answer.headers), json: "false".into() });
    }
    Err(refusal(prepared, &answer))
}

/// Whether a HEAD's 404 came from something else than wazo-auth's answer about the token: it answers about one with
/// JSON, and with a page only for what is no UUID. A page for a UUID is a wrong prefix or another server: no "no".
fn is_foreign_page(prepared: &Prepared, answer: &Answer) -> bool {
    let is_page = content_type(&answer.headers).starts_with("text/html");
    let token = prepared.url.path_segments().and_then(Iterator::last).unwrap_or_default();
    let is_uuid = token.len() == 36 && token.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_page && is_uuid
}

fn result(prepared: &Prepared, shape: Shape, answer: Answer) -> Result<Outcome> {
    let status = answer.status;
    let headers = headers(&answer.headers);
    let json = match shape {
        Shape::Nothing => "null".into(),
        Shape::Question => "true".into(),
        Shape::Text => text_as_json(answer.body),
        Shape::Location => match answer.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes())) {
            Some(location) => quoted(&location),
            None => return Err(unexpected(prepared, &answer, "a Location header")),
        },
        Shape::JsonOrNothing if answer.body.iter().all(u8::is_ascii_whitespace) => "null".into(),
        Shape::Json | Shape::JsonOrNothing => match checked_json(&answer.body) {
            Some(()) => into_text(answer.body),
            None => return Err(unexpected(prepared, &answer, "JSON")),
        },
        Shape::Member(names) => {
            let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_slice(&answer.body).ok();
            let member = members.and_then(|members| names.iter().find_map(|name| members.get(*name).copied()));
            let Some(json) = member.map(|member| member.get().to_owned()) else {
                let expected = format!("a JSON object with `{}`", names.join("` or `"));
                return Err(unexpected(prepared, &answer, &expected));
            };
            json
        }
    };
    Ok(Outcome { status, headers, json })
}

fn checked_json(body: &[u8]) -> Option<()> {
    serde_json::from_slice::<&RawValue>(body).ok().map(|_| ())
}

/// The body as a text; it has been checked to be UTF-8. Space around the document is not part of it.
fn into_text(body: Vec<u8>) -> String {
    let mut text = String::from_utf8(body).unwrap_or_default();
    text.truncate(text.trim_end().len());
    text
}

/// A text that is not JSON, as a JSON string; in base64 where it is no text at all.
pub fn text_as_json(body: Vec<u8>) -> String {
    match String::from_utf8(body) {
        Ok(text) => quoted(&text),
        Err(bytes) => serde_json::json!({"base64": BASE64.encode(bytes.as_bytes())}).to_string(),
    }
}

/// The body of an answer to a raw request: JSON as it came, or else a text.
pub fn any_as_json(body: Vec<u8>) -> String {
    match checked_json(&body) {
        Some(()) => into_text(body),
        None if body.is_empty() => "null".into(),
        None => text_as_json(body),
    }
}

pub fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A success that is not what it must be.
fn unexpected(prepared: &Prepared, answer: &Answer, expected: &str) -> Error {
    let kind = content_type(&answer.headers);
    let came = match (answer.body.len(), kind) {
        (0, _) => "an empty body".to_owned(),
        (length, "") => format!("{length} bytes of no stated type"),
        (length, kind) => format!("{length} bytes of {kind}"),
    };
    let message = format!("expected {expected} with status {}, got {came}", answer.status);
    let mut error = with_answer(prepared, ErrorKind::Protocol, answer);
    error.message = about(prepared, &message);
    // It was accepted; only its result is lost.
    error.in_doubt = !prepared.is_safe();
    error
}

/// What the server says in a refusal, from any of its shapes.
#[derive(Default)]
struct Said<'a> {
    reason: Option<String>,
    error_id: Option<String>,
    details: Option<&'a RawValue>,
}

/// E1: `reason`; E2: `message`, `error_id`, `details`; E3: `message`; E4: a page, of which nothing is said.
fn said(body: &[u8]) -> Said<'_> {
    let Some(object) = serde_json::from_slice::<&RawValue>(body).ok().and_then(Json::of) else {
        return Said::default();
    };
    let plain = |value: &RawValue| match Json::of(value)? {
        Json::Null => None,
        Json::Text(text) => Some(text),
        // `reason` is a list of texts; `message` and `error_id` can be objects.
        Json::List(items) if !items.is_empty() && items.iter().all(|item| item.get().starts_with('"')) => {
            Some(json::texts(value).join("; "))
        }
        _ => json::plain(value),
    };
    Said {
        reason: object.member("message").or_else(|| object.member("reason")).and_then(plain),
        error_id: object.member("error_id").and_then(plain),
        details: object.member("details").filter(|details| details.get() != "null"),
    }
}

fn refusal(prepared: &Prepared, answer: &Answer) -> Error {
    let said = said(&answer.body);
    let status = answer.status;
    let kind = kind_of(status, &said);
    let mask = |text: &String| prepared.secrets.mask(text);
    let (reason, error_id) = (said.reason.as_ref().map(mask), said.error_id.as_ref().map(mask));
    // The words of a log line have an end; all of them are in the error's members.
    let why = reason.as_deref().map(|reason| format!(": {}", cut(reason, 1000))).unwrap_or_default();
    let which = error_id.as_deref().map(|id| format!(" ({})", cut(id, 300))).unwrap_or_default();
    let hint = hint(kind, status, answer);
    let mut error = with_answer(prepared, kind, answer);
    error.message = about(prepared, &format!("the server answered {status}{why}{which}{hint}"));
    (error.reason, error.error_id) = (reason, error_id);
    let details = said.details.and_then(json::plain);
    error.details = details.and_then(|details| RawValue::from_string(mask(&details)).ok());
    // A gateway that gave up on the server cannot know what the server did.
    error.in_doubt = matches!(status, 502 | 504) && !prepared.is_safe();
    error
}

/// What a reader should do about it, where that is not plain from the server's words.
fn hint(kind: ErrorKind, status: u16, answer: &Answer) -> String {
    let is_page = content_type(&answer.headers).starts_with("text/html");
    match kind {
        ErrorKind::NotFound if is_page => {
            "; a page, not an answer of the API: no such route here, or an id that is no UUID; check host, port and prefix"
                .into()
        }
        ErrorKind::Protocol if (300..400).contains(&status) => {
            let to = answer.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
            let origin = to.and_then(|to| origin(&to)).map(|origin| format!(" to {origin}")).unwrap_or_default();
            format!(", a redirect{origin}; redirects are never followed, because they would carry the token along")
        }
        _ => String::new(),
    }
}

/// Of a URL of the server's only where it leads: its path and query may carry a secret.
fn origin(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// The headers of an answer as an error may hold them.
fn shown_headers(prepared: &Prepared, all: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (String, String)| {
        let value = match name.as_str() {
            name if name == SET_COOKIE => return None,
            name if name == LOCATION => origin(&value)?,
            _ => value,
        };
        Some((name, prepared.secrets.mask(&value)))
    };
    headers(all).into_iter().filter_map(shown).collect()
}

/// The kind of a refusal. 401 has seven meanings; only the first should make a caller take a new token.
fn kind_of(status: u16, said: &Said<'_>) -> ErrorKind {
    match status {
        401 => unauthorized(said),
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::Quota,
        400..=499 => ErrorKind::Rejected,
        502..=504 => ErrorKind::Unavailable,
        500..=599 => ErrorKind::ServerError,
        _ => ErrorKind::Protocol,
    }
}

fn unauthorized(said: &Said<'_>) -> ErrorKind {
    let reason = said.details.and_then(Json::of).and_then(|details| details.member("reason")).and_then(Json::of);
    let reason = reason.and_then(Json::into_text);
    match (said.error_id.as_deref(), reason.as_deref()) {
        (Some("unauthorized-tenant"), _) => ErrorKind::TenantUnauthorized,
        (Some("unauthorized"), Some("not_found_or_expired")) => ErrorKind::TokenInvalid,
        // A missing permission; an access that one does not have and so cannot give; the top tenant's alone.
        (Some(_), _) => ErrorKind::PermissionDenied,
        // E1: a wrong password, at a login or as the old one.
        (None, _) => ErrorKind::AuthenticationFailed,
    }
}

fn with_answer(prepared: &Prepared, kind: ErrorKind, answer: &Answer) -> Error {
    let mut error = locate(prepared, Error::new(kind, String::new()));
    error.answer = Some(ServerAnswer {
        status: answer.status,
        headers: shown_headers(prepared, &answer.headers),
        body: prepared.secrets.mask(&String::from_utf8_lossy(&answer.body)),
    });
    error
}

/// The operation in front of what happened to it; what the server said may hold secrets.
pub fn about(prepared: &Prepared, message: &str) -> String {
    format!(
        "{}: {} [{} {}]",
        prepared.shown_operation(),
        prepared.secrets.mask(message),
        prepared.method.as_str(),
        prepared.shown_url(300)
    )
}

/// Notes in an error which call it belongs to.
pub fn locate(prepared: &Prepared, mut error: Error) -> Error {
    error.operation = prepared.shown_operation();
    error.method = prepared.method.as_str();
    error.url = prepared.shown_url(2000);
    error
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
