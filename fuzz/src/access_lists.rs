//! Access lists against the rule, as one would write it first: parts at NUL are the user, the session, the required access
//! and the entries. An empty user or session is none.

use crate::texts;
use std::collections::HashMap;
use wazo_auth_client::access::{AccessList, Entries, Subject, allow};

/// The target.
pub fn run(data: &[u8]) {
    let parts = texts(data);
    let part = |at: usize| parts.get(at).map_or("", String::as_str);
    let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let (auth_id, session, required) = (some(part(0)), some(part(1)), part(2));
    let entries: Vec<&str> = parts.iter().skip(3).map(String::as_str).collect();
    // Whatever stands in memory is no more than an access list that says something else.
    let subject = Subject { auth_id, session_uuid: session };
    allow(data, required, subject);
    // The rule below is slow on purpose.
    if data.len() > 400 {
        return;
    }
    let list = AccessList::new(entries.iter().copied(), auth_id, session);
    let allows = |access: &str| {
        let matches = |pattern: &str| words(pattern, auth_id, session).iter().any(|plain| matches(plain, access));
        let denied = entries.iter().filter_map(|entry| entry.strip_prefix('!')).any(matches);
        let allowed = entries.iter().filter(|entry| !entry.starts_with('!')).any(|entry| matches(entry));
        allowed && !denied
    };
    assert_eq!(list.matches(Some(required)), allows(required), "{entries:?} {required:?} {auth_id:?} {session:?}");
    assert!(list.matches(None));
    assert_eq!(list.may_add(required), required.starts_with('!') || allows(required));
    assert_eq!(list.may_remove(required), allows(required.strip_prefix('!').unwrap_or(required)));
    let json = serde_json::to_string(&entries).expect("texts are JSON");
    let read = AccessList::from_json(&json, auth_id, session).expect("a JSON array of strings");
    assert_eq!(read.matches(Some(required)), list.matches(Some(required)));
    let kept = Entries::new(entries.iter().copied());
    assert_eq!(allow(kept.as_bytes(), required, subject), list.matches(Some(required)));
}

/// A character of a pattern: literal, or a wildcard.
type Plain = Vec<Result<char, char>>;

/// All patterns without special words that one with them stands for. (What a word stands for is literal.)
fn words(pattern: &str, auth_id: Option<&str>, session: Option<&str>) -> Vec<Plain> {
    let mut all = vec![Plain::new()];
    for (at, word) in pattern.split('.').enumerate() {
        let other = match word {
            "me" => auth_id,
            "my_session" => session,
            "edit" => Some("update"),
            _ => None,
        };
        let own = word.chars().map(|c| if "*#".contains(c) { Err(c) } else { Ok(c) }).collect();
        let choices: Vec<Plain> =
            std::iter::once(own).chain(other.map(|other| other.chars().map(Ok).collect())).collect();
        if all.len() * choices.len() > 256 {
            // Too many to try; the entry is the same one with fewer.
            return all;
        }
        let dot = (at > 0).then_some(Ok('.'));
        let with = |before: &Plain| -> Vec<Plain> {
            choices.iter().map(|word| before.iter().copied().chain(dot).chain(word.iter().copied()).collect()).collect()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// Whether a pattern matches the whole text: every way is tried, each once.
fn matches(pattern: &Plain, text: &str) -> bool {
    fn from(p: &[Result<char, char>], t: &[char], known: &mut HashMap<(usize, usize), bool>) -> bool {
        if let Some(known) = known.get(&(p.len(), t.len())) {
            return *known;
        }
        let found = match p.split_first() {
            None => t.is_empty(),
            Some((Ok(c), rest)) => t.first() == Some(c) && from(rest, &t[1..], known),
            Some((Err(wildcard), rest)) => {
                let takes = |c: &char| if *wildcard == '*' { !".#".contains(*c) } else { *c != '\n' };
                from(rest, t, known) || (t.first().is_some_and(takes) && from(p, &t[1..], known))
            }
        };
        known.insert((p.len(), t.len()), found);
        found
    }
    from(pattern, &text.chars().collect::<Vec<_>>(), &mut HashMap::new())
}
