//! Access lists: whether what a token may do includes what somebody wants to do, decided here as wazo-auth decides it.
//!
//! An entry is a pattern such as `confd.users.*.read`. One that begins with `!` denies, any other allows; a matching denial
//! wins. In a pattern, words are separated by `.`. Three words stand for others: `me` also for the user, `my_session` also
//! for the session, `edit` also for `update`. Elsewhere `*` is any run of characters but `.` and `#`, and `#` any run of
//! characters but a newline; both may be empty. All else stands for itself.
//!
//! Patterns come from policies that others write, and what is matched may come from the network. So there is no regular
//! expression and nothing backtracks: matching takes no more steps than the length of the pattern times that of the text,
//! whatever both are. A pattern without a wildcard is compared byte by byte.

use crate::error::{Error, Result};
use crate::json::Json;
use serde_json::value::RawValue;

/// An access list, read once. It is immutable, and any number of threads may use it.
#[derive(Clone, Debug)]
pub struct AccessList {
    entries: Entries,
    auth_id: Option<Box<str>>,
    session_uuid: Option<Box<str>>,
}

/// The entries of an access list in the form in which they are matched: bytes in one piece, that can be kept and shared as
/// they are. Who `me` and `my_session` are is no part of it, so users with the same policies have the same entries.
///
/// Denials come first. An entry is its length (4 bytes, its lowest bit set for a denial) and its parts; a part is one byte
/// that says what it is, and for a literal its length (2 bytes) and itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries(Box<[u8]>);

/// Whom the words `me` and `my_session` stand for; without one, the word stands for itself alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The user.
    pub auth_id: Option<&'a str>,
    /// The session.
    pub session_uuid: Option<&'a str>,
}

/// What a part of an entry is.
const LITERAL: u8 = 0;
/// The word `me`.
const ME: u8 = 1;
/// The word `my_session`.
const MY_SESSION: u8 = 2;
/// The word `edit`.
const EDIT: u8 = 3;
/// `*`
const WITHIN_WORD: u8 = 4;
/// `#`
const ACROSS_WORDS: u8 = 5;

/// A part of an entry, for one subject.
enum Part<'a> {
    /// This text.
    Literal(&'a [u8]),
    /// One of two texts.
    Either(&'a [u8], &'a [u8]),
    WithinWord,
    AcrossWords,
}

impl AccessList {
    /// Reads the entries of a token's `acl`. `auth_id` is the user that `me` stands for, `session_uuid` the session that
    /// `my_session` stands for; without one, the word stands for itself alone.
    pub fn new<'a>(
        entries: impl IntoIterator<Item = &'a str>,
        auth_id: Option<&str>,
        session_uuid: Option<&str>,
    ) -> Self {
        Self {
            entries: Entries::new(entries),
            auth_id: auth_id.map(Into::into),
            session_uuid: session_uuid.map(Into::into),
        }
    }

    /// The same from a JSON array of strings, such as the `acl` of a token.
    pub fn from_json(acl: &str, auth_id: Option<&str>, session_uuid: Option<&str>) -> Result<Self> {
        let acl: &RawValue = serde_json::from_str(acl).map_err(|_| no_texts("acl_json"))?;
        let entries = Entries::from_json(acl, "acl_json")?;
        Ok(Self { entries, auth_id: auth_id.map(Into::into), session_uuid: session_uuid.map(Into::into) })
    }

    /// Whether the list allows this access. What asks for no access (`None`) is allowed.
    pub fn matches(&self, required: Option<&str>) -> bool {
        let subject = Subject { auth_id: self.auth_id.as_deref(), session_uuid: self.session_uuid.as_deref() };
        required.is_none_or(|required| self.entries.allow(required, subject))
    }

    /// Whether who has this list may give somebody else this entry: any denial, and what they have themselves.
    pub fn may_add(&self, entry: &str) -> bool {
        entry.starts_with('!') || self.matches(Some(entry))
    }

    /// Whether who has this list may take this entry away from somebody else: what they have themselves, be it denied there.
    pub fn may_remove(&self, entry: &str) -> bool {
        self.matches(Some(entry.strip_prefix('!').unwrap_or(entry)))
    }
}

impl Entries {
    /// Reads entries.
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut read = Reading::default();
        entries.into_iter().for_each(|entry| read.push(entry));
        read.end()
    }

    /// Reads entries from a JSON array of strings, one after the other. `argument` is its name in an error.
    pub fn from_json(acl: &RawValue, argument: &str) -> Result<Self> {
        let Some(Json::List(items)) = Json::of(acl) else { return Err(no_texts(argument)) };
        let mut read = Reading::default();
        for item in items {
            match Json::of(item) {
                Some(Json::Text(entry)) => read.push(&entry),
                _ => return Err(no_texts(argument)),
            }
        }
        Ok(read.end())
    }

    /// The bytes that stand for them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether they allow this access to this subject.
    pub fn allow(&self, required: &str, subject: Subject<'_>) -> bool {
        allow(&self.0, required, subject)
    }
}

/// Entries that are being read: denials come first.
#[derive(Default)]
struct Reading {
    denied: Vec<u8>,
    allowed: Vec<u8>,
}

impl Reading {
    fn push(&mut self, entry: &str) {
        match entry.strip_prefix('!') {
            Some(pattern) => push_entry(&mut self.denied, pattern, 1),
            None => push_entry(&mut self.allowed, entry, 0),
        }
    }

    fn end(self) -> Entries {
        let mut all = self.denied;
        all.extend_from_slice(&self.allowed);
        Entries(all.into())
    }
}

fn no_texts(argument: &str) -> Error {
    Error::invalid(format!("argument {argument}: expected a JSON array of strings"))
}

/// Whether the entries that stand for these bytes ([`Entries::as_bytes`]) allow this access to this subject.
pub fn allow(entries: &[u8], required: &str, subject: Subject<'_>) -> bool {
    let mut rest = entries;
    while let Some((head, after)) = rest.split_first_chunk() {
        let head = u32::from_le_bytes(*head);
        let (entry, after) = after.split_at_checked((head >> 1) as usize).unwrap_or((after, &[]));
        // Denials come first.
        if entry_matches(entry, required.as_bytes(), subject) {
            return head & 1 == 0;
        }
        rest = after;
    }
    false
}

/// The strings of a JSON array.
pub fn texts(json: &str, argument: &str) -> Result<Vec<String>> {
    let array: &RawValue = serde_json::from_str(json).map_err(|_| no_texts(argument))?;
    let Some(Json::List(items)) = Json::of(array) else { return Err(no_texts(argument)) };
    let text = |item: &RawValue| match Json::of(item) {
        Some(Json::Text(text)) => Ok(text),
        _ => Err(no_texts(argument)),
    };
    items.map(text).collect()
}

/// Fills the placeholders of a pattern: `confd.users.{user_uuid}.read` with `user_uuid` set to `8f3a`. Dots of a value become
/// `_`, so that it stays one word. A placeholder without a value is an error.
pub fn fill<'a>(pattern: &str, value: impl Fn(&str) -> Option<&'a str>) -> Result<String> {
    let mut filled = String::with_capacity(pattern.len() + 36);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Error::invalid("argument pattern: a `{` has no `}`"));
        };
        let value = value(name).ok_or_else(|| {
            Error::invalid(format!("argument values: there is none for the placeholder {}", crate::error::shown(name)))
        })?;
        filled.push_str(before);
        filled.extend(value.chars().map(|c| if c == '.' { '_' } else { c }));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Appends an entry: its length and its parts.
fn push_entry(to: &mut Vec<u8>, pattern: &str, denial: u32) {
    let start = to.len();
    to.extend_from_slice(&[0; 4]);
    let mut literal = Vec::new();
    let mut last = LITERAL;
    for (at, word) in pattern.split('.').enumerate() {
        if at > 0 {
            literal.push(b'.');
        }
        let special = match word {
            "me" => Some(ME),
            "my_session" => Some(MY_SESSION),
            "edit" => Some(EDIT),
            _ => None,
        };
        if let Some(special) = special {
            end_literal(&mut literal, to);
            to.push(special);
            last = special;
            continue;
        }
        for byte in word.bytes() {
            let wildcard = match byte {
                b'*' => WITHIN_WORD,
                b'#' => ACROSS_WORDS,
                other => {
                    literal.push(other);
                    continue;
                }
            };
            let is_behind_literal = end_literal(&mut literal, to);
            // Several of a kind are no more than one.
            if is_behind_literal || last != wildcard {
                to.push(wildcard);
            }
            last = wildcard;
        }
    }
    end_literal(&mut literal, to);
    // An access list of 2 GiB is not one: what it would say is cut off here, and allows nothing.
    let length = u32::try_from(to.len() - start - 4).ok().filter(|length| *length < 1 << 31);
    match length {
        Some(length) => to[start..start + 4].copy_from_slice(&(length << 1 | denial).to_le_bytes()),
        None => to.truncate(start),
    }
}

/// Appends the literal that has been gathered; false where there is none.
fn end_literal(literal: &mut Vec<u8>, to: &mut Vec<u8>) -> bool {
    let is_there = !literal.is_empty();
    for piece in literal.chunks(usize::from(u16::MAX)) {
        to.push(LITERAL);
        to.extend_from_slice(&u16::try_from(piece.len()).unwrap_or(u16::MAX).to_le_bytes());
        to.extend_from_slice(piece);
    }
    literal.clear();
    is_there
}

/// The parts of an entry, one after the other.
struct Parts<'a> {
    rest: &'a [u8],
    subject: Subject<'a>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let (&kind, after) = self.rest.split_first()?;
        self.rest = after;
        let word = |own: &'static str, other: Option<&'a str>| match other {
            Some(other) => Part::Either(own.as_bytes(), other.as_bytes()),
            None => Part::Literal(own.as_bytes()),
        };
        Some(match kind {
            LITERAL => {
                let (length, after) = after.split_first_chunk()?;
                let (literal, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
                self.rest = after;
                Part::Literal(literal)
            }
            ME => word("me", self.subject.auth_id),
            MY_SESSION => word("my_session", self.subject.session_uuid),
            EDIT => word("edit", Some("update")),
            WITHIN_WORD => Part::WithinWord,
            _ => Part::AcrossWords,
        })
    }
}

/// Whether an entry matches the whole text.
fn entry_matches(entry: &[u8], text: &[u8], subject: Subject<'_>) -> bool {
    let mut parts = Parts { rest: entry, subject };
    // Most entries that do not match differ in their beginning.
    if let [LITERAL, low, high, rest @ ..] = entry {
        let Some((literal, after)) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high]))) else {
            return false;
        };
        if after.is_empty() {
            return literal == text;
        }
        if !text.starts_with(literal) {
            return false;
        }
    } else if entry.is_empty() {
        return text.is_empty();
    }
    if text.len() < SHORT {
        matches_from(&mut parts, text, &mut [false; SHORT], &mut [false; SHORT])
    } else {
        let room = text.len() + 1;
        matches_from(&mut parts, text, &mut vec![false; room], &mut vec![false; room])
    }
}

/// A text that is shorter is matched without memory of its own.
const SHORT: usize = 128;

/// `reached[n]` says that the parts so far match the first n bytes of the text; `next` is the same with one part more. Each
/// part is one pass over the text, so the steps are bounded by the product of both lengths. Bytes will do: all that is
/// special is ASCII, which is no part of another character.
fn matches_from<'a>(parts: &mut Parts<'_>, text: &[u8], mut reached: &'a mut [bool], mut next: &'a mut [bool]) -> bool {
    reached[0] = true;
    // The first position that is reached; none before it is looked at again.
    let mut first = 0;
    for part in parts {
        next[..=text.len()].fill(false);
        let mut first_next = None;
        let mut reach = |next: &mut [bool], at: usize| {
            next[at] = true;
            first_next = Some(first_next.map_or(at, |first: usize| first.min(at)));
        };
        match part {
            Part::Literal(literal) => step(literal, text, reached, first, |at| reach(next, at)),
            Part::Either(one, other) => {
                step(one, text, reached, first, |at| reach(next, at));
                step(other, text, reached, first, |at| reach(next, at));
            }
            Part::WithinWord | Part::AcrossWords => {
                let stops: &[u8] = if matches!(part, Part::WithinWord) { b".#" } else { b"\n" };
                let mut runs = false;
                for at in first..=text.len() {
                    runs = reached[at] || (runs && !stops.contains(&text[at - 1]));
                    if runs {
                        reach(next, at);
                    }
                }
            }
        }
        let Some(first_reached) = first_next else { return false };
        first = first_reached;
        std::mem::swap(&mut reached, &mut next);
    }
    reached[text.len()]
}

/// From each position that is reached, over the literal where it stands there.
fn step(literal: &[u8], text: &[u8], reached: &[bool], first: usize, mut reach: impl FnMut(usize)) {
    for at in first..=text.len() {
        if reached[at] && text[at..].starts_with(literal) {
            reach(at + literal.len());
        }
    }
}

#[cfg(test)]
mod tests;
