//! Access lists: may a holder of this list do this? The exact rule of wazo-auth, in time linear in pattern times text.
//!
//! An entry that begins with `!` denies, any other allows. Words are separated by `.`: `me` also matches the holder's
//! auth_id, `my_session` the session's uuid, `edit` also `update`. Elsewhere `*` is any run without `.` and `#`, and `#`
//! any run without a newline. A deny wins over an allow; nothing that matches refuses.

/// One piece of a pattern.
enum Piece<'a> {
    /// This character, and no other.
    Literal(char),
    /// `*`: any run of characters other than `.` and `#`.
    Run,
    /// `#`: any run of characters other than a newline.
    LongRun,
    /// One of these texts.
    Either([&'a str; 2]),
}

/// An access list and its holder.
pub struct AccessList<'a> {
    auth_id: &'a str,
    session_uuid: &'a str,
    entries: &'a [String],
}

impl<'a> AccessList<'a> {
    /// The list of the holder with this `auth_id`, in this session.
    pub fn new(auth_id: &'a str, session_uuid: &'a str, entries: &'a [String]) -> Self {
        Self { auth_id, session_uuid, entries }
    }

    /// Whether the list allows `access`; no access at all is always allowed.
    pub fn allows(&self, access: Option<&str>) -> bool {
        let Some(access) = access else { return true };
        let mut allowed = false;
        for entry in self.entries {
            if let Some(denied) = entry.strip_prefix('!') {
                if self.matches(denied, access) {
                    return false;
                }
            } else if !allowed && self.matches(entry, access) {
                allowed = true;
            }
        }
        allowed
    }

    /// Whether the holder may give `access` to a policy.
    pub fn may_add(&self, access: &str) -> bool {
        access.starts_with('!') || self.allows(Some(access))
    }

    /// Whether the holder may take `access` from a policy.
    pub fn may_remove(&self, access: &str) -> bool {
        self.allows(Some(access.strip_prefix('!').unwrap_or(access)))
    }

    fn pieces(&self, pattern: &'a str) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(pattern.len());
        for (index, word) in pattern.split('.').enumerate() {
            if index > 0 {
                pieces.push(Piece::Literal('.'));
            }
            match word {
                "me" => pieces.push(Piece::Either(["me", self.auth_id])),
                "my_session" => pieces.push(Piece::Either(["my_session", self.session_uuid])),
                "edit" => pieces.push(Piece::Either(["edit", "update"])),
                _ => pieces.extend(word.chars().map(|character| match character {
                    '*' => Piece::Run,
                    '#' => Piece::LongRun,
                    _ => Piece::Literal(character),
                })),
            }
        }
        pieces
    }

    /// Walks the pattern once, with the set of all places of the text that the pattern so far can reach.
    fn matches(&self, pattern: &str, access: &str) -> bool {
        let text: Vec<char> = access.chars().collect();
        let mut reached = vec![false; text.len() + 1];
        reached[0] = true;
        // The lifetime of the pieces is that of the shorter of list and pattern.
        let list = AccessList { auth_id: self.auth_id, session_uuid: self.session_uuid, entries: &[] };
        for piece in list.pieces(pattern) {
            let mut next = vec![false; text.len() + 1];
            match piece {
                Piece::Literal(character) => {
                    for at in 0..text.len() {
                        next[at + 1] = reached[at] && text[at] == character;
                    }
                }
                Piece::Run => spread(&reached, &mut next, &text, |character| character != '.' && character != '#'),
                Piece::LongRun => spread(&reached, &mut next, &text, |character| character != '\n'),
                Piece::Either(choices) => {
                    for choice in choices {
                        let choice: Vec<char> = choice.chars().collect();
                        for at in (0..=text.len()).filter(|at| reached[*at]) {
                            if text[at..].starts_with(&choice) {
                                next[at + choice.len()] = true;
                            }
                        }
                    }
                }
            }
            reached = next;
        }
        reached[text.len()]
    }
}

fn spread(reached: &[bool], next: &mut [bool], text: &[char], passes: impl Fn(char) -> bool) {
    for at in 0..reached.len() {
        next[at] = reached[at] || (at > 0 && next[at - 1] && passes(text[at - 1]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_deny_wins_wherever_it_stands() {
        let entries = list(&["foo.#", "!foo.bar"]);
        let acl = AccessList::new("123", "session", &entries);
        assert!(acl.allows(Some("foo.baz")));
        assert!(!acl.allows(Some("foo.bar")));
    }

    #[test]
    fn edit_gives_update_and_not_the_other_way_round() {
        assert!(AccessList::new("", "", &list(&["foo.edit"])).allows(Some("foo.update")));
        assert!(!AccessList::new("", "", &list(&["foo.update"])).allows(Some("foo.edit")));
    }

    #[test]
    fn me_is_the_holder_literally() {
        let entries = list(&["users.me.read"]);
        let acl = AccessList::new(".*", "", &entries);
        assert!(acl.allows(Some("users.me.read")));
        assert!(acl.allows(Some("users..*.read")));
        assert!(!acl.allows(Some("users.456.read")));
    }

    #[test]
    fn the_recorded_verdicts_hold() {
        let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/data/acl_vectors.jsonl");
        let vectors = std::fs::read_to_string(vectors).expect("data/acl_vectors.jsonl");
        let mut count = 0;
        for line in vectors.lines() {
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| vector[key].as_str().unwrap();
            let entries: Vec<String> = serde_json::from_value(vector["acl"].clone()).unwrap();
            let list = AccessList::new(text("auth_id"), text("session_uuid"), &entries);
            let access = vector["access"].as_str();
            assert_eq!(list.allows(access), vector["matches"], "{line}");
            assert_eq!(list.may_add(access.unwrap_or_default()), vector["may_add"], "{line}");
            assert_eq!(list.may_remove(access.unwrap_or_default()), vector["may_remove"], "{line}");
            count += 1;
        }
        assert_eq!(count, 1200);
    }

    #[test]
    fn a_crafted_list_takes_no_time() {
        let entries = list(&[&format!("{}z", "#*".repeat(200))]);
        let started = std::time::Instant::now();
        assert!(!AccessList::new("", "", &entries).allows(Some(&"a".repeat(400))));
        assert!(started.elapsed().as_millis() < 1000);
    }
}
