//! JSON that others wrote, read one level at a time.
//!
//! `serde_json::Value` is not for such texts: built with `raw_value`, it takes one name of a member as an instruction to
//! parse the string behind it anew, with a limit of depth of its own. A small text can overflow the stack so, and say
//! something else than every other reader sees in it. Here nothing recurses, and no name means anything.

mod check;

pub use check::{is_json, member};

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One level of a JSON text; what lies below it is as it came, checked to be JSON.
pub enum Json<'a> {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(&'a str),
    Text(String),
    List(Vec<&'a RawValue>),
    Object(BTreeMap<String, &'a RawValue>),
}

impl<'a> Json<'a> {
    /// `None` where a text in it is half a character (`"\ud800"`).
    pub fn of(json: &'a RawValue) -> Option<Self> {
        let text = json.get();
        Some(match text.as_bytes().first()? {
            b'n' => Self::Null,
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'"' => Self::Text(serde_json::from_str(text).ok()?),
            b'[' => Self::List(serde_json::from_str(text).ok()?),
            b'{' => Self::Object(serde_json::from_str(text).ok()?),
            _ => Self::Number(text),
        })
    }

    /// The value as a text: of a string, a number or a Boolean; `None` for anything else.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_owned()),
            Self::Boolean(boolean) => Some(boolean.to_string()),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The member of this name, where it is an object that has one.
    pub fn member(&self, name: &str) -> Option<&'a RawValue> {
        match self {
            Self::Object(members) => members.get(name).copied(),
            _ => None,
        }
    }
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// What a JSON Pointer (RFC 6901) points at; `None` where there is no such thing.
pub fn pointed_at<'a>(json: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    pointer.split('/').skip(1).try_fold(json, |json, step| match Json::of(json)? {
        Json::Object(members) => members.get(&step.replace("~1", "/").replace("~0", "~")).copied(),
        Json::List(items) => {
            let is_index = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
            items.get(step.parse::<usize>().ok().filter(|_| is_index)?).copied()
        }
        _ => None,
    })
}

/// Every string of a JSON text that is a value and not a name.
pub fn texts(json: &RawValue) -> Vec<String> {
    let mut found = Vec::new();
    each_text(json, &mut |text| found.push(text.to_owned()));
    found
}

/// The same, one after the other: nothing is copied that is written as it is.
pub fn each_text(json: &RawValue, found: &mut dyn FnMut(&str)) {
    let json = json.get();
    let mut at = 0;
    while let Some(ahead) = json[at..].find('"') {
        let start = at + ahead;
        at = end_of_string(json, start);
        let is_name = json[at..].trim_start().starts_with(':');
        if is_name {
            continue;
        }
        let written = &json[start..at];
        if !written.contains('\\') {
            found(&written[1..written.len() - 1]);
        } else if let Ok(text) = serde_json::from_str::<String>(written) {
            found(&text);
        }
    }
}

/// Deeper ones are not handed on: other programs' readers have limits as well, and may end badly at them.
const DEEPEST: usize = 64;

/// The same JSON on one line, each string written in one way whatever way it came in; `None` where it is too deep.
pub fn plain(json: &RawValue) -> Option<String> {
    let json = json.get();
    let mut plain = String::with_capacity(json.len());
    let (mut at, mut depth) = (0, 0_usize);
    // Outside of strings all JSON is ASCII.
    while let Some(&byte) = json.as_bytes().get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at = end_of_string(json, start);
                match serde_json::from_str::<String>(&json[start..at]) {
                    Ok(text) => plain.push_str(&quoted(&text)),
                    Err(_) => plain.push_str(&json[start..at]),
                }
                continue;
            }
            b'[' | b'{' if depth == DEEPEST => return None,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            _ => {}
        }
        plain.push(char::from(byte));
    }
    Some(plain)
}

/// Behind the closing quotation mark of the string that begins at `start`.
fn end_of_string(json: &str, start: usize) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn at(json: &str, pointer: &str) -> Option<String> {
        pointed_at(&raw(json), pointer).map(|found| found.get().to_owned())
    }

    #[test]
    fn no_name_of_a_member_is_an_instruction() {
        let magic = r#"{"$serde_json::private::RawValue": "{\"token\": \"x\"}", "$serde_json::private::Number": "1"}"#;
        assert_eq!(at(magic, "/token"), None);
        assert_eq!(at(magic, "/$serde_json::private::RawValue").as_deref(), Some(r#""{\"token\": \"x\"}""#));
        assert_eq!(plain(&raw(magic)).unwrap().replace(' ', ""), magic.replace(' ', ""));
    }

    #[test]
    fn a_pointer_finds_what_rfc_6901_says() {
        let json = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, "~1": 9, "h\u00fc": [[7.10]]}"#;
        for (pointer, found) in [
            ("", Some(json)),
            ("/foo", Some(r#"["bar", "baz"]"#)),
            ("/foo/0", Some(r#""bar""#)),
            ("/", Some("0")),
            ("/a~1b", Some("1")),
            ("/m~0n", Some("8")),
            ("/~01", Some("9")),
            ("/hü/0/0", Some("7.10")),
            ("/foo/2", None),
            ("/foo/-", None),
            ("/foo/00", None),
            ("/foo/+1", None),
            ("/foo/", None),
            ("/foo/0/x", None),
            ("/bar", None),
        ] {
            assert_eq!(at(json, pointer).as_deref(), found, "{pointer}");
        }
    }

    #[test]
    fn the_strings_of_a_text_are_its_values_and_not_its_names() {
        let json = raw(r#"{"a\"b": "c\"d", "e" : ["f", {"g": "h\u00fc"}], "i": 1, "j": null, "k": ": l"}"#);
        assert_eq!(texts(&json), ["c\"d", "f", "hü", ": l"]);
        assert_eq!(texts(&raw(r#""alone""#)), ["alone"]);
    }

    #[test]
    fn plain_json_is_on_one_line_and_bounded_in_depth() {
        let spread = raw("{\"a\" :\n\t[1, 2.50 , \"h\\u00fc \\/ \\n\"],\r\n\"b\": {}}");
        assert_eq!(plain(&spread).unwrap(), r#"{"a":[1,2.50,"hü / \n"],"b":{}}"#);
        let deep = |levels: usize| plain(&raw(&format!("{}{}", "[".repeat(levels), "]".repeat(levels))));
        assert!(deep(64).is_some() && deep(65).is_none() && deep(1_000_000).is_none());
    }
}
