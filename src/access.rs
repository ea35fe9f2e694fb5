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
#[derive(Debug)]
pub struct AccessList {
    denied: Vec<Pattern>,
    allowed: Vec<Pattern>,
}

/// A pattern, read into what it consists of.
#[derive(Debug)]
struct Pattern(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// This text.
    Literal(Box<str>),
    /// One of two texts.
    Either(Box<str>, Box<str>),
    /// `*`
    WithinWord,
    /// `#`
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
        let (mut denied, mut allowed) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry.strip_prefix('!') {
                Some(pattern) => denied.push(Pattern::new(pattern, auth_id, session_uuid)),
                None => allowed.push(Pattern::new(entry, auth_id, session_uuid)),
            }
        }
        Self { denied, allowed }
    }

    /// The same from a JSON array of strings, such as the `acl` of a token.
    pub fn from_json(acl: &str, auth_id: Option<&str>, session_uuid: Option<&str>) -> Result<Self> {
        let entries = texts(acl, "acl_json")?;
        Ok(Self::new(entries.iter().map(String::as_str), auth_id, session_uuid))
    }

    /// Whether the list allows this access. What asks for no access (`None`) is allowed.
    pub fn matches(&self, required: Option<&str>) -> bool {
        let Some(required) = required else { return true };
        let among = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(required));
        !among(&self.denied) && among(&self.allowed)
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

/// The strings of a JSON array.
pub fn texts(json: &str, argument: &str) -> Result<Vec<String>> {
    let expected = || Error::invalid(format!("argument {argument}: expected a JSON array of strings"));
    let array: &RawValue = serde_json::from_str(json).map_err(|_| expected())?;
    let Some(Json::List(items)) = Json::of(array) else { return Err(expected()) };
    let text = |item: &RawValue| match Json::of(item) {
        Some(Json::Text(text)) => Ok(text),
        _ => Err(expected()),
    };
    items.into_iter().map(text).collect()
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

impl Pattern {
    fn new(pattern: &str, auth_id: Option<&str>, session_uuid: Option<&str>) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        for (at, word) in pattern.split('.').enumerate() {
            if at > 0 {
                literal.push('.');
            }
            let other = match word {
                "me" => auth_id,
                "my_session" => session_uuid,
                "edit" => Some("update"),
                _ => None,
            };
            if let Some(other) = other {
                end_literal(&mut literal, &mut parts);
                parts.push(Part::Either(word.into(), other.into()));
                continue;
            }
            for character in word.chars() {
                let wildcard = match character {
                    '*' => Part::WithinWord,
                    '#' => Part::AcrossWords,
                    other => {
                        literal.push(other);
                        continue;
                    }
                };
                end_literal(&mut literal, &mut parts);
                // Several of a kind are no more than one.
                if parts.last() != Some(&wildcard) {
                    parts.push(wildcard);
                }
            }
        }
        end_literal(&mut literal, &mut parts);
        Self(parts)
    }

    /// Whether it matches the whole text.
    fn matches(&self, text: &str) -> bool {
        match self.0.as_slice() {
            [] => text.is_empty(),
            [Part::Literal(literal)] => **literal == *text,
            // Most patterns that do not match differ in their beginning.
            [Part::Literal(literal), ..] if !text.starts_with(&**literal) => false,
            parts if text.len() < SHORT => {
                matches_from(parts, text.as_bytes(), &mut [false; SHORT], &mut [false; SHORT])
            }
            parts => {
                let room = text.len() + 1;
                matches_from(parts, text.as_bytes(), &mut vec![false; room], &mut vec![false; room])
            }
        }
    }
}

fn end_literal(literal: &mut String, parts: &mut Vec<Part>) {
    if !literal.is_empty() {
        parts.push(Part::Literal(std::mem::take(literal).into()));
    }
}

/// A text that is shorter is matched without memory of its own.
const SHORT: usize = 128;

/// `reached[n]` says that the parts so far match the first n bytes of the text; `next` is the same with one part more. Each
/// part is one pass over the text, so the steps are bounded by the product of both lengths. Bytes will do: all that is
/// special is ASCII, which is no part of another character.
fn matches_from<'a>(parts: &[Part], text: &[u8], mut reached: &'a mut [bool], mut next: &'a mut [bool]) -> bool {
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
                let stops: &[u8] = if *part == Part::WithinWord { b".#" } else { b"\n" };
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
fn step(literal: &str, text: &[u8], reached: &[bool], first: usize, mut reach: impl FnMut(usize)) {
    for at in first..=text.len() {
        if reached[at] && text[at..].starts_with(literal.as_bytes()) {
            reach(at + literal.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AccessList {
        AccessList::new(entries.iter().copied(), Some("123"), Some("session-uuid"))
    }

    #[test]
    fn the_recorded_decisions_are_made() {
        let recorded = include_str!("../simulator/data/acl_vectors.jsonl");
        let mut count = 0;
        for line in recorded.lines() {
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| vector[name].as_str();
            let access = text("access");
            let list =
                AccessList::from_json(&vector["acl"].to_string(), text("auth_id"), text("session_uuid")).unwrap();
            assert_eq!(vector["matches"], list.matches(access), "{line}");
            let Some(access) = access else { continue };
            assert_eq!(vector["may_add"], list.may_add(access), "{line}");
            assert_eq!(vector["may_remove"], list.may_remove(access), "{line}");
            count += 1;
        }
        assert!(count > 1000, "{count}");
    }

    /// The rule as one would write it first: every way of matching is tried.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => {
                naive(rest, text) || text.first().is_some_and(|c| !".#".contains(*c)) && naive(pattern, &text[1..])
            }
            Some(('#', rest)) => {
                naive(rest, text) || text.first().is_some_and(|c| *c != '\n') && naive(pattern, &text[1..])
            }
            Some((literal, rest)) => text.first() == Some(literal) && naive(rest, &text[1..]),
        }
    }

    /// All patterns that one with special words stands for.
    fn plain_patterns(pattern: &str) -> Vec<String> {
        let mut all = vec![String::new()];
        for (at, word) in pattern.split('.').enumerate() {
            let words: &[&str] = match word {
                "me" => &["me", "123"],
                "my_session" => &["my_session", "session-uuid"],
                "edit" => &["edit", "update"],
                word => &[word],
            };
            let dot = if at > 0 { "." } else { "" };
            all = all.iter().flat_map(|before| words.iter().map(move |word| format!("{before}{dot}{word}"))).collect();
        }
        all
    }

    #[test]
    fn it_decides_as_a_naive_matcher_does() {
        const WORDS: &[&str] = &[
            "me",
            "123",
            "my_session",
            "session-uuid",
            "edit",
            "update",
            "a",
            "ab",
            "*",
            "#",
            "**",
            "a*",
            "#b",
            "*#",
            "é",
            "",
            "\n",
        ];
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        for _ in 0..50_000 {
            let mut some = |most| {
                let words: Vec<&str> = (0..=next(most)).map(|_| WORDS[next(WORDS.len())]).collect();
                words.join(if next(8) == 0 { "" } else { "." })
            };
            let (pattern, text) = (some(4), some(4));
            let characters: Vec<char> = text.chars().collect();
            let expected = plain_patterns(&pattern).iter().any(|p| naive(&p.chars().collect::<Vec<_>>(), &characters));
            assert_eq!(list(&[&pattern]).matches(Some(&text)), expected, "{pattern:?} on {text:?}");
        }
    }

    #[test]
    fn what_makes_others_backtrack_is_decided_at_once() {
        let pattern = "*a".repeat(2000) + "b";
        let text = "a".repeat(10_000);
        let list = list(&[&pattern, &"#a".repeat(2000)]);
        assert!(!list.matches(Some(&(text.clone() + "c"))));
        assert!(list.matches(Some(&text)));
    }

    #[test]
    fn a_users_identifier_is_taken_literally() {
        let list = AccessList::new(["users.me.read"], Some("a*#.|(b"), None);
        assert!(list.matches(Some("users.a*#.|(b.read")));
        assert!(!list.matches(Some("users.axx.|(b.read")));
        let nobody = AccessList::new(["users.me.read", "my_session"], None, None);
        assert!(nobody.matches(Some("users.me.read")) && !nobody.matches(Some("users..read")));
    }

    #[test]
    fn a_denial_wins_and_nothing_is_allowed_by_default() {
        let list = list(&["confd.#", "!confd.users.*.delete", "!!confd"]);
        assert!(list.matches(Some("confd.users.1.read")) && !list.matches(Some("confd.users.1.delete")));
        assert!(list.matches(None) && !AccessList::new([], None, None).matches(Some("")));
        assert!(list.may_add("!anything") && !list.may_add("anything"));
        assert!(list.may_remove("!confd.users.1.read") && !list.may_remove("!confd.users.1.delete"));
    }

    #[test]
    fn placeholders_are_filled_with_single_words() {
        let values = |name: &str| match name {
            "user_uuid" => Some("8f.3a"),
            "empty" => Some(""),
            _ => None,
        };
        assert_eq!(fill("confd.users.{user_uuid}.read", values).unwrap(), "confd.users.8f_3a.read");
        assert_eq!(fill("{empty}{user_uuid}", values).unwrap(), "8f_3a");
        assert_eq!(fill("plain", values).unwrap(), "plain");
        assert!(fill("{other}", values).unwrap_err().message.contains("other"));
        assert!(fill("a.{user_uuid", values).unwrap_err().message.contains('}'));
    }

    #[test]
    fn a_list_is_a_json_array_of_strings() {
        for wrong in ["", "{}", "[1]", "[\"a\"", "null", "\"a\""] {
            let error = AccessList::from_json(wrong, None, None).unwrap_err();
            assert!(error.message.contains("acl_json"), "{wrong}: {error}");
        }
        assert!(AccessList::from_json("[\"\\u0061\"]", None, None).unwrap().matches(Some("a")));
    }
}
