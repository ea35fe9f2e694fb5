//! Secrets of a call: never shown, and masked where a server repeats them.

mod forms;
mod masker;

pub use forms::MASK;
pub use masker::{Masker, floor};

#[cfg(test)]
pub use masker::tests::SCANNED;

use crate::json::{self, Json};
use bytes::Bytes;
use masker::Sought;
use serde_json::value::RawValue;
use std::fmt;

/// A text that is in no error, log or debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The secrets that one call carries, to be masked in whatever is said of it.
///
/// Most calls end well and have nothing masked; what to look for is worked out for the texts in which it is sought.
#[derive(Default)]
pub struct Secrets {
    given: Vec<String>,
    documents: Vec<Document>,
}

/// A JSON text that holds secrets.
struct Document {
    json: Bytes,
    /// The members whose values are secret; `None` where every string is.
    members: Option<Vec<&'static str>>,
}

impl Secrets {
    /// Adds one.
    pub fn add(&mut self, secret: impl Into<String>) {
        self.given.push(secret.into());
    }

    /// Adds several.
    pub fn extend(&mut self, all: impl IntoIterator<Item = String>) {
        self.given.extend(all);
    }

    /// Adds every string of a JSON text.
    pub fn add_all(&mut self, json: Bytes) {
        self.documents.push(Document { json, members: None });
    }

    /// Adds what these members of a JSON object hold.
    pub fn add_members(&mut self, json: Bytes, names: Vec<&'static str>) {
        self.documents.push(Document { json, members: Some(names) });
    }

    /// The text without the secrets.
    pub fn mask(&self, text: &str) -> String {
        self.masker(&[text]).mask(text)
    }

    /// What masks the secrets in these texts, made for all of them at once.
    pub fn masker(&self, texts: &[&str]) -> Masker {
        let mut sought = Sought::within(texts);
        self.given.iter().for_each(|secret| sought.add(secret));
        self.documents.iter().for_each(|document| document.each_secret(&mut |secret| sought.add(secret)));
        sought.masker()
    }
}

impl Document {
    fn each_secret(&self, found: &mut dyn FnMut(&str)) {
        let Ok(json) = serde_json::from_slice::<&RawValue>(&self.json) else { return };
        match &self.members {
            None => json::each_text(json, found),
            Some(names) => {
                let Some(object) = Json::of(json) else { return };
                let values = names.iter().filter_map(|name| object.member(name));
                values.flat_map(secrets_of).for_each(|secret| found(&secret));
            }
        }
    }
}

/// What is secret of a secret value: its text, or every string in it.
pub fn secrets_of(value: &RawValue) -> Vec<String> {
    Json::of(value).and_then(Json::into_text).map_or_else(|| json::texts(value), |text| vec![text])
}

#[cfg(test)]
mod tests {
    use super::*;
    use forms::ascii_json;

    fn secrets(all: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.extend(all.iter().map(ToString::to_string));
        secrets
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let mut secrets = secrets(&["s3cr3t", "a"]);
        assert_eq!(secrets.mask("the password s3cr3t, xs3cr3tx, and a"), "the password ***, x***x, and a");
        secrets.add("p\"s wôrd");
        assert_eq!(secrets.mask(r#"{"e": "p\"s wôrd"} ?p=p%22s+w%C3%B4rd"#), r#"{"e": "***"} ?p=***"#);
        assert_eq!(format!("{:?}", Secret("s3cr3t".into())), "***");
    }

    #[test]
    fn a_secret_is_masked_in_every_way_in_which_servers_write_it() {
        let secrets = secrets(&["hünter/22~😀\u{1f}"]);
        for written in [
            "hünter/22~😀\\u001f",
            "hünter\\/22~😀\\u001f",
            "h\\u00fcnter/22~\\ud83d\\ude00\\u001f",
            "h\\u00FCnter/22~\\uD83D\\uDE00\\u001F",
            "h\\u00fcnter\\/22~\\ud83d\\ude00\\u001f",
            "h\\\\u00fcnter\\\\/22~\\\\ud83d\\\\ude00\\\\u001f",
            "hünter/22~😀\\\\u001f",
            "h%C3%BCnter%2F22~%F0%9F%98%80%1F",
            "h%C3%BCnter/22~%F0%9F%98%80%1F",
            "h%c3%bcnter%2f22~%f0%9f%98%80%1f",
            "h%C3%BCnter%2F22%7E%F0%9F%98%80%1F",
        ] {
            assert_eq!(secrets.mask(&format!("x{written}y")), "x***y", "{written}");
        }
    }

    #[test]
    fn nothing_is_left_of_secrets_that_overlap() {
        for order in [["abcd", "abcdefgh1234"], ["abcdefgh1234", "abcd"]] {
            assert_eq!(secrets(&order).mask("got abcdefgh1234 and abcd"), "got *** and ***");
        }
        assert_eq!(secrets(&["abcdef", "efghij"]).mask("<abcdefghij>"), "<***>");
    }

    #[test]
    fn the_strings_of_a_document_and_the_members_of_an_object_are_secrets() {
        let mut all = Secrets::default();
        all.add_all(Bytes::from_static(br#"{"plain-name": ["one-secret", {"x": "h\u00fcnter22"}], "port": 12345}"#));
        assert_eq!(all.mask("plain-name one-secret hünter22 12345"), "plain-name *** *** 12345");
        let mut members = Secrets::default();
        let json = br#"{"password": "one-secret", "pin": 12345, "keys": ["k-one", "k-two"], "name": "alice"}"#;
        members.add_members(Bytes::from_static(json), vec!["password", "pin", "keys", "absent"]);
        assert_eq!(members.mask("one-secret 12345 k-one k-two alice"), "*** *** *** *** alice");
    }

    #[test]
    fn a_secret_of_any_length_is_masked_and_so_is_its_beginning() {
        let long = format!("ü{}", "x/".repeat(5000));
        assert_eq!(secrets(&[&long]).mask(&format!("<{}>", ascii_json(&long, false))), "<***>");
        assert_eq!(secrets(&[&long]).mask("short"), "short");
        let counted: String = (10_000..12_000).map(|number| number.to_string()).collect();
        let rest = secrets(&[&counted]).mask(&counted[..5000]).split_off(3).len();
        assert!(rest < 1024, "{rest} of 5,000 bytes are shown");
    }
}
