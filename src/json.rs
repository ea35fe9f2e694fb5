//! JSON that others wrote, read one level at a time.
//!
//! `serde_json::Value` is not for such texts: built with `raw_value`, it takes one name of a member as an instruction to
//! parse the string behind it anew, with a limit of depth of its own. A small text can overflow the stack so, and say
//! something else than every other reader sees in it. Here nothing recurses, and no name means anything.
//!
//! Nothing is built of what is not asked for: an object of five million members is a text in which one of them is looked for,
//! and a list one of which the items are read as they are needed.

mod check;

pub use check::{is_json, member};

use crate::error::reserved;
use serde_json::Value;
use serde_json::value::RawValue;
use std::ops::Range;

/// One level of a JSON text; what lies below it is as it came, checked to be JSON.
pub enum Json<'a> {
    Null,
    Boolean(bool),
    /// As it is written.
    Number(&'a str),
    Text(String),
    List(Items<'a>),
    Object(Object<'a>),
}

/// An object, its members where they stand.
#[derive(Clone, Copy)]
pub struct Object<'a>(&'a str);

/// The items of a list, one by one.
#[derive(Clone)]
pub struct Items<'a> {
    list: &'a str,
    next: usize,
}

impl<'a> Object<'a> {
    /// The members of these names. Of several of one name the last counts; a name that is no text (`"\ud800"`) is none.
    pub fn members<const N: usize>(self, names: [&str; N]) -> [Option<&'a RawValue>; N] {
        let found = check::members(self.0, names).unwrap_or([const { None }; N]);
        found.map(|range| serde_json::from_str(&self.0[range?]).ok())
    }

    /// Every member, where names are data. One whose name is no text is none.
    pub fn each_member(self, mut found: impl FnMut(String, &'a RawValue)) {
        let text = self.0;
        let _ = check::each_member(text, |name, value| {
            if let (Some(name), Ok(value)) = (decoded(name), serde_json::from_str(&text[value])) {
                found(name, value);
            }
        });
    }
}

/// Where the items of a list stand in its text.
pub fn items(list: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let (range, behind) = check::item(list, next)?;
        next = behind;
        Some(range)
    })
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a RawValue;

    fn next(&mut self) -> Option<&'a RawValue> {
        let (range, next) = check::item(self.list, self.next)?;
        self.next = next;
        serde_json::from_str(&self.list[range]).ok()
    }
}

impl<'a> Json<'a> {
    /// `None` where a text in it is half a character (`"\ud800"`).
    pub fn of(json: &'a RawValue) -> Option<Self> {
        let text = json.get();
        Some(match text.as_bytes().first()? {
            b'n' => Self::Null,
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'"' => Self::Text(decoded(text)?),
            b'[' => Self::List(Items { list: text, next: 0 }),
            b'{' => Self::Object(Object(text)),
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
        let [member] = self.members([name]);
        member
    }

    /// The members of these names, found in one pass.
    pub fn members<const N: usize>(&self, names: [&str; N]) -> [Option<&'a RawValue>; N] {
        match self {
            Self::Object(object) => object.members(names),
            _ => [None; N],
        }
    }
}

/// A JSON string as a text; `None` where half a character is in it, or where there is no memory for it: whoever wrote it
/// says how long it is.
fn decoded(string: &str) -> Option<String> {
    let inside = &string[1..string.len() - 1];
    if inside.contains('\\') {
        return serde_json::from_str(string).ok();
    }
    let mut text = reserved(inside.len()).ok()?;
    text.push_str(inside);
    Some(text)
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// What a JSON Pointer (RFC 6901) points at; `None` where there is no such thing.
pub fn pointed_at<'a>(json: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    pointer.split('/').skip(1).try_fold(json, |json, step| match Json::of(json)? {
        Json::Object(object) => object.members([&*step.replace("~1", "/").replace("~0", "~")])[0],
        Json::List(mut items) => {
            let is_index = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
            items.nth(step.parse::<usize>().ok().filter(|_| is_index)?)
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
