//! A refusal by the server, or by what stands in front of it, as an error: one for each of its four shapes.

use super::answer::Answer;
use super::report::{Beginning, Fate, origin, report_answer};
use super::request::Prepared;
use crate::error::{Error, ErrorKind, cut};
use crate::json::{self, Items, Json};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde_json::value::RawValue;

/// The longest body that is read as one of the server's shapes, which have 1 KiB mostly. A longer one is a page: what it
/// cost to read it would be up to whoever sends it.
const LONGEST_SHAPE: usize = 256 << 10;

/// What the server says in a refusal, from any of its shapes.
#[derive(Default)]
struct Said<'a> {
    reason: Option<String>,
    error_id: Option<String>,
    details: Option<&'a RawValue>,
}

/// E1: `reason`; E2: `message`, `error_id`, `details`; E3: `message`; E4: a page, of which nothing is said.
fn said(body: &[u8]) -> Said<'_> {
    if body.len() > LONGEST_SHAPE {
        return Said::default();
    }
    let Some(object) = serde_json::from_slice::<&RawValue>(body).ok().and_then(Json::of) else {
        return Said::default();
    };
    let plain = |value: &RawValue| match Json::of(value)? {
        Json::Null => None,
        Json::Text(text) => Some(text),
        // `reason` is a list of texts; `message` and `error_id` can be objects.
        Json::List(items) => joined(items).or_else(|| json::plain(value)),
        _ => json::plain(value),
    };
    let [message, reason, error_id, details] = object.members(["message", "reason", "error_id", "details"]);
    Said {
        reason: message.or(reason).and_then(plain),
        error_id: error_id.and_then(plain),
        details: details.filter(|details| details.get() != "null"),
    }
}

/// The texts of a list, one behind the other; `None` where it has something else in it, or nothing.
fn joined(items: Items<'_>) -> Option<String> {
    let mut all: Option<String> = None;
    for item in items {
        if !item.get().starts_with('"') {
            return None;
        }
        if let Some(text) = Json::of(item).and_then(Json::into_text) {
            match &mut all {
                None => all = Some(text),
                Some(all) => all.extend(["; ", &text]),
            }
        }
    }
    all
}

/// The error that an answer stands for.
pub fn refusal(prepared: &Prepared, answer: &Answer) -> Error {
    let said = said(&answer.body);
    let status = answer.status;
    let kind = if status == 401 { unauthorized(&said) } else { ErrorKind::of_status(status) };
    let beginning = |text: &Option<String>| text.as_deref().map(Beginning::of_text);
    let (reason, error_id) = (beginning(&said.reason), beginning(&said.error_id));
    // JSON cannot be cut. What is left out stands in the body, as far as that is kept.
    let details = said.details.and_then(json::plain).map(|json| Beginning::of_text(&json));
    let details = details.filter(Beginning::is_whole);
    let texts: Vec<_> = [&reason, &error_id, &details].into_iter().flatten().map(|one| one.text.as_str()).collect();
    let masker = prepared.secrets.masker(&texts);
    let mask = |text: &Beginning| text.masked(&masker);
    let (reason, error_id) = (reason.as_ref().map(mask), error_id.as_ref().map(mask));
    // The words of a log line have an end; all of them are in the error's members.
    let why = reason.as_deref().map(|reason| format!(": {}", cut(reason, 1000))).unwrap_or_default();
    let which = error_id.as_deref().map(|id| format!(" ({})", cut(id, 300))).unwrap_or_default();
    let message = format!("the server answered {status}{why}{which}{}", hint(kind, status, answer));
    // A gateway that gave up on the server cannot know what the server did.
    // A proxy does not know what became of the request; nor does who reads a status that HTTP does not have, or a success
    // where another was due.
    let fate = Fate::unknown_if(matches!(status, 502 | 504) || !(300..600).contains(&status));
    let mut error = report_answer(prepared, kind, &message, fate, answer);
    (error.reason, error.error_id) = (reason, error_id);
    error.details = details.as_ref().and_then(|details| RawValue::from_string(mask(details)).ok());
    error
}

/// The kind of a 401, which has seven meanings; only the first should make a caller take a new token.
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

/// What a reader should do about it, where that is not plain from the server's words.
fn hint(kind: ErrorKind, status: u16, answer: &Answer) -> String {
    match kind {
        ErrorKind::NotFound if is_page(answer) => {
            "; the body is an HTML page, not a response of the API: the route does not exist, or the identifier is not \
             a UUID; check the options host, port and prefix"
                .into()
        }
        ErrorKind::Protocol if (300..400).contains(&status) => {
            let to = answer.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
            let origin = to.and_then(|to| origin(&to)).map(|origin| format!(" to {origin}")).unwrap_or_default();
            format!(", a redirect{origin}; redirects are never followed, because the token would be sent there")
        }
        _ => String::new(),
    }
}

/// Whether the answer is an HTML page.
pub fn is_page(answer: &Answer) -> bool {
    content_type(&answer.headers).starts_with("text/html")
}

/// The type of an answer's body; empty where it states none.
pub fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
