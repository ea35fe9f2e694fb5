//! JSON against serde_json: the whole input is the text; its first line, where it has several, is also a name and a pointer.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use wazo_auth_client::internals::json;

/// Deeper ones are not read by `Value`.
const DEEPEST: usize = 64;

/// The target.
pub fn run(data: &[u8]) {
    let whole = String::from_utf8_lossy(data);
    let (name, text) = whole.split_once('\n').unwrap_or(("", &whole));
    let raw = serde_json::from_str::<&RawValue>(text);
    assert_eq!(json::is_json(text), raw.is_ok(), "{text:?}");
    let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
    for names in [[name, "data"], ["data", name], ["a", "b"]] {
        let found = json::member(text, &names).map(|range| &text[range]);
        match &members {
            Ok(members) => {
                let expected = names.iter().find_map(|name| members.get(*name)).map(|value| value.get());
                assert_eq!(found, expected, "{names:?} in {text:?}");
            }
            // serde_json wants names that are whole characters; here such a name is none that is asked for.
            Err(_) => assert!(found.is_none() || text.contains("\\u"), "{names:?} in {text:?}"),
        }
    }
    let Ok(raw) = raw else { return };
    let (found, plain, all) = (json::pointed_at(raw, name), json::plain(raw), json::texts(raw));
    if let Some(found) = found {
        assert!(json::is_json(found.get()), "{name:?} in {text:?}");
    }
    if let Some(plain) = &plain {
        assert!(json::is_json(plain) && !plain.contains('\n'), "{plain:?} of {text:?}");
    }
    let Some(value) = value(text) else { return };
    // The C function refuses other names.
    if name.is_empty() || name.starts_with('/') {
        let found: Option<Value> = found.and_then(|found| serde_json::from_str(found.get()).ok());
        assert_eq!(found.as_ref(), value.pointer(name), "{name:?} in {text:?}");
    }
    let plain = plain.expect("it is not too deep");
    assert_eq!(serde_json::from_str::<Value>(&plain).ok().as_ref(), Some(&value), "{plain:?} of {text:?}");
    // Of several members of one name `Value` has the last alone.
    let mut strings = Vec::new();
    gather(&value, &mut strings);
    assert!(strings.iter().all(|string| all.contains(string)), "{strings:?} of {text:?}: {all:?}");
}

/// The text as a `Value`, where that reads it as everybody does: not too deep, and without the names that mean something
/// to it.
fn value(text: &str) -> Option<Value> {
    let opens = text.bytes().filter(|byte| b"[{".contains(byte)).count();
    let is_plain = opens < DEEPEST && !text.contains("$serde_json") && !text.contains("\\u00");
    if is_plain { serde_json::from_str(text).ok() } else { None }
}

fn gather(value: &Value, strings: &mut Vec<String>) {
    match value {
        Value::String(text) => strings.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, strings)),
        Value::Object(members) => members.values().for_each(|member| gather(member, strings)),
        _ => {}
    }
}
