//! From the server's answer to what the caller gets: the result that the table promises, or an error.

use super::answer::{Answer, Outcome};
use super::refusal::{content_type, is_page, refusal};
use super::report::{Fate, report_answer};
use super::request::Prepared;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{is_json, member, quoted};
use crate::operations::Shape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::LOCATION;
use std::ops::Range;

/// What a caller expects of an answer.
#[derive(Clone, Copy)]
pub enum Expected {
    /// What the table says of an operation.
    Operation { accepted: &'static [u16], shape: Shape },
    /// Any success, its body as JSON whatever it is.
    Anything,
}

/// Judges an answer.
pub fn judge(prepared: &Prepared, expected: Expected, answer: Answer) -> Result<Outcome> {
    let status = answer.status;
    let is_success = (200..300).contains(&status);
    match expected {
        Expected::Anything if is_success => {
            let mut answer = answer;
            let json = any_as_json(&mut answer);
            Ok(outcome(answer, json))
        }
        Expected::Anything => Err(refusal(prepared, &answer)),
        Expected::Operation { accepted, shape } => {
            // Another success than the recorded one (a newer server's 200 for 204) is one all the same, where the promised
            // result can be made of it. A question and a redirection are answered by their very status.
            let by_status = matches!(shape, Shape::Question | Shape::Location);
            if accepted.contains(&status) || (is_success && !by_status) {
                result(prepared, shape, answer)
            } else if shape == Shape::Question && matches!(status, 403 | 404) && !is_foreign_page(prepared, &answer) {
                Ok(Outcome::of_question(status, answer.headers, false))
            } else {
                Err(refusal(prepared, &answer))
            }
        }
    }
}

/// Whether a HEAD's 404 came from something else than wazo-auth's answer about the token: it answers about one with
/// JSON, and with a page only for what is no UUID. A page for a UUID means a wrong prefix or another server, and not no.
fn is_foreign_page(prepared: &Prepared, answer: &Answer) -> bool {
    let token = prepared.target.path().rsplit('/').next().unwrap_or_default();
    let is_uuid = token.len() == 36 && token.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_page(answer) && is_uuid
}

fn outcome(answer: Answer, json: String) -> Outcome {
    Outcome { status: answer.status, headers: answer.headers, json, answer: None }
}

fn result(prepared: &Prepared, shape: Shape, mut answer: Answer) -> Result<Outcome> {
    let json = match shape {
        Shape::Nothing => "null".into(),
        Shape::Question => return Ok(Outcome::of_question(answer.status, answer.headers, true)),
        Shape::Text => text_as_json(&answer.body),
        Shape::Location => match answer.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes())) {
            Some(location) => quoted(&location),
            None => return Err(unexpected(prepared, &answer, "a Location header")),
        },
        Shape::JsonOrNothing if answer.body.iter().all(u8::is_ascii_whitespace) => "null".into(),
        Shape::Json | Shape::JsonOrNothing => {
            match json_as_it_came(&mut answer, |text| is_json(text).then(|| 0..text.trim_end().len())) {
                Some(json) => json,
                None => return Err(unexpected(prepared, &answer, "JSON")),
            }
        }
        Shape::Member(names) => {
            let Some(json) = json_as_it_came(&mut answer, |text| member(text, names)) else {
                let expected = format!("a JSON object with `{}`", names.join("` or `"));
                return Err(unexpected(prepared, &answer, &expected));
            };
            json
        }
    };
    Ok(outcome(answer, json))
}

/// The part of the body that `find` finds, in the body's own memory: it may be long. Without one, the body stays where it is.
fn json_as_it_came(answer: &mut Answer, find: impl FnOnce(&str) -> Option<Range<usize>>) -> Option<String> {
    let mut text = match String::from_utf8(std::mem::take(&mut answer.body)) {
        Ok(text) => text,
        Err(not_utf8) => {
            answer.body = not_utf8.into_bytes();
            return None;
        }
    };
    let Some(found) = find(&text) else {
        answer.body = text.into_bytes();
        return None;
    };
    text.truncate(found.end);
    text.drain(..found.start);
    Some(text)
}

/// A text that is not JSON, as a JSON string; in base64 where it is no text at all.
fn text_as_json(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => quoted(text),
        Err(_) => serde_json::json!({"base64": BASE64.encode(body)}).to_string(),
    }
}

/// The body of an answer to a raw request: JSON as it came, or else a text.
fn any_as_json(answer: &mut Answer) -> String {
    if answer.body.is_empty() {
        return "null".into();
    }
    let json = json_as_it_came(answer, |text| is_json(text).then(|| 0..text.trim_end().len()));
    json.unwrap_or_else(|| text_as_json(&answer.body))
}

/// A success that is not what it must be: it was accepted, only its result is lost.
fn unexpected(prepared: &Prepared, answer: &Answer, expected: &str) -> Error {
    let came = match (answer.body.len(), content_type(&answer.headers)) {
        (0, _) => "an empty body".to_owned(),
        (length, "") => format!("{length} bytes of no stated type"),
        (length, kind) => format!("{length} bytes of {kind}"),
    };
    let message = format!("expected {expected} with status {}, got {came}", answer.status);
    report_answer(prepared, ErrorKind::Protocol, &message, Fate::Unknown, answer)
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
