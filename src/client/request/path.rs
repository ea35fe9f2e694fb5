//! The path of a request: each argument is one segment, whatever it holds.

use super::given::{Given, UrlPart, not_a_text, refuse_length};
use crate::client::arguments::Argument;
use crate::error::{Error, Result};
use crate::operations::{Parameter, Place, Shape};
use crate::percent::SEGMENT;
use crate::secret::MASK;
use percent_encoding::utf8_percent_encode;

/// The longest path argument, in bytes, encoded. Servers take less (8 KB of URL mostly).
pub const LONGEST_SEGMENT: usize = 8_000;

/// The path, or what it is about.
pub enum Subject {
    /// A path that can be sent.
    Possible(UrlPart),
    /// A question about a token that no server can know: empty, `..`, with control characters, longer than any URL. Such a
    /// token comes from the other side of the network, and is no mistake of the program.
    Impossible,
}

/// The path of an operation.
pub fn path(given: Given<'_>) -> Result<Subject> {
    let template = given.operation.path;
    let mut part = UrlPart { sent: template.to_owned(), shown: template.to_owned() };
    for parameter in given.parameters(Place::Path) {
        let is_asked_about = given.operation.result == Shape::Question && parameter.secret;
        let encoded = match segment(given, parameter) {
            Err(_) if is_asked_about && given.value(parameter)?.is_some_and(is_text) => return Ok(Subject::Impossible),
            Ok(text) if is_asked_about && text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) => {
                return Ok(Subject::Impossible);
            }
            outcome => utf8_percent_encode(&outcome?, SEGMENT).to_string(),
        };
        let place = format!("{{{}}}", parameter.name);
        part.sent = part.sent.replacen(&place, &encoded, 1);
        part.shown = part.shown.replacen(&place, if parameter.secret { MASK } else { &encoded }, 1);
    }
    Ok(Subject::Possible(part))
}

/// Whether it is a text, be it one that cannot be decoded (`"\ud800"`).
fn is_text(argument: &Argument) -> bool {
    match argument {
        Argument::Text(_) => true,
        Argument::Json(raw) => raw.get().starts_with('"'),
    }
}

/// The argument for one segment, not encoded yet.
fn segment(given: Given<'_>, parameter: &Parameter) -> Result<String> {
    let text = match given.value(parameter)? {
        None => String::new(),
        Some(argument) => argument.as_text().ok_or_else(|| not_a_text(parameter))?,
    };
    let wrong = match text.as_str() {
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
    let length = utf8_percent_encode(&text, SEGMENT).map(str::len).sum();
    refuse_length(parameter.name, length, LONGEST_SEGMENT)?;
    Ok(text)
}

/// Whether a part is `.` or `..`: where a proxy decodes `%2F` and resolves the path, it would climb.
pub fn has_dot_segments(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "." || part == "..")
}
