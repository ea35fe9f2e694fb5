//! What access lists promise.

use super::*;

fn list(entries: &[&str]) -> AccessList {
    AccessList::new(entries.iter().copied(), Some("123"), Some("session-uuid"))
}

#[test]
fn the_recorded_decisions_are_made() {
    let recorded = include_str!("../../simulator/data/acl_vectors.jsonl");
    let mut count = 0;
    for line in recorded.lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| vector[name].as_str();
        let access = text("access");
        let list = AccessList::from_json(&vector["acl"].to_string(), text("auth_id"), text("session_uuid")).unwrap();
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
