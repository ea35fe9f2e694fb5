//! An error about a call, made whole in one place: which call it was, what happened, what the server answered, whether the
//! request may have been carried out, and no secret in any of it.

use super::answer::{Answer, header_texts};
use super::request::Prepared;
use crate::error::{Error, ErrorKind, ServerAnswer};
use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};

/// What is known of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server did not carry it out.
    NotCarriedOut,
    /// The server may have carried it out.
    Unknown,
}

impl Fate {
    /// Unknown where that is true.
    pub fn unknown_if(is_unknown: bool) -> Self {
        if is_unknown { Self::Unknown } else { Self::NotCarriedOut }
    }
}

/// An error about a call that has no answer.
pub fn report(prepared: &Prepared, kind: ErrorKind, message: &str, fate: Fate) -> Error {
    located(prepared, Error::new(kind, about(prepared, message)), fate)
}

/// An error about the answer to a call.
pub fn report_answer(prepared: &Prepared, kind: ErrorKind, message: &str, fate: Fate, answer: &Answer) -> Error {
    let mut error = report(prepared, kind, message, fate);
    error.answer = Some(ServerAnswer {
        status: answer.status,
        headers: shown_headers(prepared, &answer.headers),
        body: prepared.secrets.mask(&String::from_utf8_lossy(&answer.body)),
    });
    error
}

/// An error that was found elsewhere (the request could not be written), as one about this call.
pub fn located(prepared: &Prepared, mut error: Error, fate: Fate) -> Error {
    error.operation = prepared.shown_operation();
    error.method = prepared.method.as_str();
    error.url = prepared.shown_url(2000);
    // What changes nothing is never in doubt.
    error.in_doubt = fate == Fate::Unknown && !prepared.is_safe();
    error
}

/// Notes that an earlier attempt of the same call may have been carried out.
pub fn doubted(mut error: Error, by_earlier_attempt: bool) -> Error {
    error.in_doubt |= by_earlier_attempt;
    error
}

/// The operation in front of what happened to it; what the server said may hold secrets.
fn about(prepared: &Prepared, message: &str) -> String {
    format!(
        "{}: {} [{} {}]",
        prepared.shown_operation(),
        prepared.secrets.mask(message),
        prepared.method.as_str(),
        prepared.shown_url(300)
    )
}

/// The headers of an answer as an error may hold them.
fn shown_headers(prepared: &Prepared, all: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (String, String)| {
        let value = match name.as_str() {
            name if name == SET_COOKIE => return None,
            name if name == LOCATION => origin(&value)?,
            _ => value,
        };
        Some((prepared.secrets.mask(&name), prepared.secrets.mask(&value)))
    };
    header_texts(all).into_iter().filter_map(shown).collect()
}

/// Of a URL of the server's only where it leads: its path and query may carry a secret.
pub fn origin(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}
