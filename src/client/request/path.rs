//! The path of a request: each argument is one segment, whatever it holds.

use super::given::{Given, not_a_text, refuse_length};
use super::target::Target;
use crate::client::arguments::Argument;
use crate::error::{Error, Result};
use crate::operations::{Parameter, Place, Shape};
use crate::percent::SEGMENT;
use percent_encoding::utf8_percent_encode;
use std::borrow::Cow;

/// The longest path argument, in bytes, encoded. Servers take less (8 KB of URL mostly).
pub const LONGEST_SEGMENT: usize = 8_000;

/// What became of the path.
#[derive(PartialEq, Eq)]
pub enum Subject {
    /// It can be sent.
    Possible,
    /// A question about a token that no server can know: empty, `..`, with control characters, longer than any URL. Such a
    /// token comes from the other side of the network, and is no mistake of the program.
    Impossible,
}

/// Appends the path of an operation to the target.
pub fn path(given: Given<'_>, target: &mut Target) -> Result<Subject> {
    let mut rest = given.operation.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        target.push(before);
        rest = after;
        // A test holds every name of a path to a parameter of its own.
        let Some(parameter) = given.parameters(Place::Path).find(|parameter| parameter.name == name) else { continue };
        let is_asked_about = given.operation.result == Shape::Question && parameter.secret;
        let text = match segment(given, parameter) {
            Err(_) if is_asked_about && given.value(parameter)?.is_some_and(is_text) => return Ok(Subject::Impossible),
            Ok(text) if is_asked_about && text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) => {
                return Ok(Subject::Impossible);
            }
            outcome => outcome?,
        };
        target.push_value(utf8_percent_encode(&text, SEGMENT), parameter.secret);
    }
    target.push(rest);
    Ok(Subject::Possible)
}

/// Whether it is a text, be it one that cannot be decoded (`"\ud800"`).
fn is_text(argument: &Argument) -> bool {
    match argument {
        Argument::Text(_) => true,
        Argument::Json(raw) => raw.get().starts_with('"'),
    }
}

/// The argument for one segment, not encoded yet.
fn segment<'a>(given: Given<'a>, parameter: &Parameter) -> Result<Cow<'a, str>> {
    let text = match given.value(parameter)? {
        None => Cow::Borrowed(""),
        Some(Argument::Text(text)) => Cow::Borrowed(text.as_str()),
        Some(argument) => Cow::Owned(argument.as_text().ok_or_else(|| not_a_text(parameter))?),
    };
    let wrong = match &*text {
        "" => "it is empty",
        text if has_dot_segments(text) => "it has a part that is `.` or `..`, which would name another resource",
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(Error::invalid(format!(
            "argument {}: {wrong}; expected one segment of the path: {}",
            parameter.name, parameter.doc
        )));
    }
    // A byte becomes three at most: only of a long one is it counted.
    if text.len() > LONGEST_SEGMENT / 3 {
        let length = utf8_percent_encode(&text, SEGMENT).map(str::len).sum();
        refuse_length(parameter.name, length, LONGEST_SEGMENT)?;
    }
    Ok(text)
}

/// Whether a part is `.` or `..`: where a proxy decodes `%2F` and resolves the path, it would climb.
pub fn has_dot_segments(path: &str) -> bool {
    // Most have no dot at all, which is seen sooner.
    path.as_bytes().contains(&b'.') && path.split(['/', '\\']).any(|part| part == "." || part == "..")
}
