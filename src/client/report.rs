//! An error about a call, made whole in one place: which call it was, what happened, what the server answered, whether the
//! request may have been carried out, and no secret in any of it.

use super::answer::{Answer, header_texts};
use super::request::{Prepared, Shown};
use crate::error::{Error, ErrorKind, ServerAnswer, cut};
use crate::secret::{Masker, floor};
use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};

/// How many bytes of a body an error keeps. The server chooses its length, and all of it is searched for secrets.
const LONGEST_BODY: usize = 64 << 10;

/// How many headers an error keeps, and how many bytes of names and values.
const MOST_HEADERS: usize = 64;
const LONGEST_HEADERS: usize = 16 << 10;

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
    let shown = prepared.shown(message);
    let (operation, url, method) = (&shown.operation, cut(&shown.url, 300), prepared.method.as_str());
    // The operation in front of what happened to it.
    let message = format!("{operation}: {} [{method} {url}]", shown.text);
    placed(prepared, Error::new(kind, message), fate, shown)
}

/// An error about the answer to a call.
pub fn report_answer(prepared: &Prepared, kind: ErrorKind, message: &str, fate: Fate, answer: &Answer) -> Error {
    let mut error = report(prepared, kind, message, fate);
    let (headers, body) = (shown_headers(&answer.headers), Beginning::of(&answer.body));
    let texts: Vec<_> =
        headers.iter().flat_map(|(name, value)| [name.as_str(), value]).chain([body.text.as_str()]).collect();
    let masker = prepared.secrets.masker(&texts);
    error.answer = Some(ServerAnswer {
        status: answer.status,
        headers: headers.iter().map(|(name, value)| (masker.mask(name), masker.mask(value))).collect(),
        body: body.masked(&masker),
    });
    error
}

/// An error that was found elsewhere (the request could not be written), as one about this call.
pub fn located(prepared: &Prepared, error: Error, fate: Fate) -> Error {
    placed(prepared, error, fate, prepared.shown(""))
}

fn placed(prepared: &Prepared, mut error: Error, fate: Fate, shown: Shown) -> Error {
    error.call_id = prepared.trail.id();
    error.operation = shown.operation;
    error.method = prepared.method.as_str();
    error.url = shown.url;
    // What changes nothing is never in doubt.
    error.in_doubt = fate == Fate::Unknown && !prepared.is_safe();
    error
}

/// Notes that an earlier attempt of the same call may have been carried out.
pub fn doubted(mut error: Error, by_earlier_attempt: bool) -> Error {
    error.in_doubt |= by_earlier_attempt;
    error
}

/// The beginning of a text of the server's, which an error keeps.
pub struct Beginning {
    /// A little more than is kept: a secret that begins in it is known by what follows.
    pub text: String,
    /// Where what is kept ends.
    end: usize,
    /// How many bytes are not kept.
    left_out: usize,
}

impl Beginning {
    /// That of a body.
    pub fn of(body: &[u8]) -> Self {
        // At a boundary of a character, where it is UTF-8.
        let is_boundary = |at: &usize| body.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
        let longest = LONGEST_BODY.min(body.len());
        let end = (longest.saturating_sub(3)..=longest).rev().find(is_boundary).unwrap_or(longest);
        let beyond = &body[end..body.len().min(end + Masker::BEYOND)];
        let mut text = String::from_utf8_lossy(&body[..end]).into_owned();
        let kept = text.len();
        text.push_str(&String::from_utf8_lossy(beyond));
        Self { text, end: kept, left_out: body.len() - end }
    }

    /// That of a text.
    pub fn of_text(text: &str) -> Self {
        let end = floor(text, LONGEST_BODY);
        let beyond = floor(text, end + Masker::BEYOND);
        Self { text: text[..beyond].to_owned(), end, left_out: text.len() - end }
    }

    /// What is kept, without secrets.
    pub fn masked(&self, masker: &Masker) -> String {
        let masked = masker.mask_until(&self.text, self.end);
        match self.left_out {
            0 => masked,
            left_out => format!("{masked}... ({left_out} more bytes were cut off)"),
        }
    }

    /// Whether it is the whole.
    pub fn is_whole(&self) -> bool {
        self.left_out == 0
    }
}

/// The headers of an answer that an error may hold, not masked yet.
fn shown_headers(all: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (String, String)| match name.as_str() {
        known if known == SET_COOKIE => None,
        known if known == LOCATION => origin(&value).map(|origin| (name, origin)),
        _ => Some((name, value)),
    };
    // What does not fit is left out as a whole: of a secret that was cut the beginning would be shown.
    let mut left = LONGEST_HEADERS;
    let mut fits = |(name, value): &(String, String)| {
        let after = left.checked_sub(name.len() + value.len());
        left = after.unwrap_or(left);
        after.is_some()
    };
    header_texts(all).filter_map(shown).filter(|header| fits(header)).take(MOST_HEADERS).collect()
}

/// Of a URL of the server's only where it leads: its path and query may carry a secret.
pub fn origin(url: &str) -> Option<String> {
    reqwest::Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}
