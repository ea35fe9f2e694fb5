//! Compares an answer with the recorded one: status, headers, the kind of error, and the body, value by value.
//!
//! A value must be equal, unless the server makes it up: a UUID that it draws (one that neither the request nor the
//! state names), a time, or one of the values that `FREE_VALUES` lists. Of those the type and the format are compared.

use serde_json::Value;

use crate::exchange::{Exchange, header};
use crate::http::Answer;
use crate::not_reproduced::FREE_VALUES;

/// The four kinds of error bodies, as the contract numbers them, and what is none.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// `{"reason": [text], "timestamp": [number], "status_code": n}`
    E1,
    /// `{"message", "error_id", "details", "timestamp", "resource"?}`
    E2,
    /// `{"message": text}`
    E3,
    /// An HTML page.
    E4,
    Empty,
    NoError,
}

/// What a comparison needs to know besides the two answers.
pub struct Comparison<'a> {
    pub recorded: &'a Exchange,
    /// Every text in which a UUID makes it known: the request and the state. Drawn UUIDs are in neither.
    pub known: &'a str,
}

impl Comparison<'_> {
    /// What differs, each as one line that says what was expected and what came. Empty where all agrees.
    pub fn differences(&self, came: &Answer) -> Vec<String> {
        let mut found = Vec::new();
        let recorded = self.recorded;
        let text = String::from_utf8_lossy(&came.body);
        if came.status != recorded.status {
            found.push(format!(
                "status: expected {}, came {}, with the body {}",
                recorded.status,
                came.status,
                text.trim()
            ));
            return found;
        }
        for name in ["content-type", "location", "wazo-sessions-revoked"] {
            let (expected, actual) = (header(&recorded.response_headers, name), header(&came.headers, name));
            if expected != actual {
                found.push(format!("header {name}: expected {expected:?}, came {actual:?}"));
            }
        }
        let has_length = |headers: &[(String, String)]| header(headers, "content-length").is_some();
        if recorded.status == 204 && has_length(&came.headers) != has_length(&recorded.response_headers) {
            found.push("a 204 with a content-length, which the recorded one has not".to_owned());
        }
        let expected_kind = kind(recorded.status, &recorded.response_body);
        let actual_kind = kind(came.status, &text);
        if expected_kind != actual_kind {
            found.push(format!("kind of body: expected {expected_kind:?}, came {actual_kind:?}: {}", text.trim()));
        } else if expected_kind == Kind::E4 || recorded.response_json().is_null() {
            if recorded.response_body.trim() != text.trim() {
                found.push(format!("body: expected {:?}, came {:?}", recorded.response_body.trim(), text.trim()));
            }
        } else {
            match serde_json::from_slice(&came.body) {
                Ok(actual) => self.compare("", &recorded.response_json(), &actual, &mut found),
                Err(e) => found.push(format!("body: expected JSON, came {:?} ({e})", text.trim())),
            }
        }
        found
    }

    fn compare(&self, at: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => {
                for (key, value) in expected {
                    match actual.get(key) {
                        Some(other) => self.compare(&format!("{at}/{key}"), value, other, found),
                        None => found.push(format!("{at}/{key}: expected {value}, came no such key")),
                    }
                }
                for (key, value) in actual.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                    found.push(format!("{at}/{key}: expected no such key, came {value}"));
                }
            }
            (Value::Array(expected), Value::Array(actual)) => {
                let (expected, actual) = (in_order(at, expected), in_order(at, actual));
                if expected.len() != actual.len() && !self.is_free(at) {
                    let (due, came) = (expected.len(), actual.len());
                    found.push(format!("{at}: expected {due} elements, came {came}: {}", Value::Array(actual)));
                    return;
                }
                for (index, (one, other)) in expected.iter().zip(&actual).enumerate() {
                    self.compare(&format!("{at}/{index}"), one, other, found);
                }
            }
            _ if type_name(expected) != type_name(actual) => {
                found.push(format!(
                    "{at}: expected {expected} ({}), came {actual} ({})",
                    type_name(expected),
                    type_name(actual)
                ));
            }
            _ if expected == actual || self.is_free(at) => {}
            (Value::Number(_), Value::Number(_)) if at.contains("timestamp") => {}
            (Value::String(expected), Value::String(actual)) if self.is_made_up(expected, actual) => {}
            _ => found.push(format!("{at}: expected {expected}, came {actual}")),
        }
    }

    /// Whether the server makes the value up, and both are of the same format.
    fn is_made_up(&self, expected: &str, actual: &str) -> bool {
        let same_format = pattern(expected) == pattern(actual);
        let is_time = pattern(expected).starts_with("0000-00-00T00:00:00");
        let is_drawn = is_uuid(expected) && is_uuid(actual) && !self.known.contains(expected);
        is_drawn || (is_time && same_format)
    }

    fn is_free(&self, at: &str) -> bool {
        FREE_VALUES.iter().any(|(line, pointer, _)| *line == self.recorded.line && at.starts_with(pointer))
    }
}

/// An access list is a set; every other list has its order.
fn in_order(at: &str, list: &[Value]) -> Vec<Value> {
    let mut list = list.to_vec();
    if at.ends_with("/acl") {
        list.sort_by_key(ToString::to_string);
    }
    list
}

fn kind(status: u16, body: &str) -> Kind {
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let has = |key: &str| value.get(key).is_some();
    match () {
        () if body.is_empty() => Kind::Empty,
        () if status < 400 => Kind::NoError,
        () if has("reason") && has("timestamp") && has("status_code") => Kind::E1,
        () if has("message") && has("error_id") && has("details") && has("timestamp") => Kind::E2,
        () if has("message") => Kind::E3,
        () => Kind::E4,
    }
}

/// The JSON type, with whole numbers told from others: a client in C reads them differently.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number with a fraction",
        Value::Number(_) => "whole number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The text with every digit as `0`: equal for two times of one format.
fn pattern(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// Whether the text is a UUID as the server writes it.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(index, c)| match index {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit() && !c.is_ascii_uppercase(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN_UUID: &str = "28744357-4278-4501-97d7-4278e5cc36d5";
    const DRAWN_UUID: &str = "4f6c3571-7ad4-4b49-be0e-881238fa5ce9";

    fn recorded(status: u16, body: &str) -> Exchange {
        Exchange {
            line: 0,
            method: "GET".to_owned(),
            target: "/0.1/users".to_owned(),
            request_headers: Vec::new(),
            request_body: None,
            status,
            response_headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            response_body: body.to_owned(),
        }
    }

    /// What is told of an answer with the same status and headers.
    fn told(status: u16, expected: &str, came: &str) -> String {
        let recorded = recorded(status, expected);
        let headers = recorded.response_headers.clone();
        let answer = Answer { status, headers, body: came.as_bytes().to_vec() };
        Comparison { recorded: &recorded, known: KNOWN_UUID }.differences(&answer).join("; ")
    }

    #[test]
    fn what_differs_is_told() {
        for (expected, came, due) in [
            (r#"{"a": 1, "b": 2}"#, r#"{"a": 1}"#, "/b: expected 2, came no such key"),
            (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, "/b: expected no such key, came 2"),
            (r#"{"a": [{"b": null}]}"#, r#"{"a": [{"b": "x"}]}"#, "/a/0/b: expected null (null), came \"x\" (text)"),
            (r#"{"a": 1}"#, r#"{"a": 1.0}"#, "(whole number), came 1.0 (number with a fraction)"),
            (r#"{"a": [1]}"#, r#"{"a": [1, 1]}"#, "/a: expected 1 elements, came 2"),
            (r#"{"a": "x"}"#, r#"{"a": "y"}"#, "/a: expected \"x\", came \"y\""),
            (r#"{"a": 1}"#, "<html>", "expected JSON, came \"<html>\""),
            (r#"{"a": "2026-11-23T11:46:14"}"#, r#"{"a": "2026-11-23T11:46:14.5"}"#, "/a: expected"),
        ] {
            let told = told(200, expected, came);
            assert!(told.contains(due), "{told:?} does not tell {due:?}");
        }
    }

    #[test]
    fn a_drawn_uuid_may_differ_and_a_known_one_may_not() {
        let with = |uuid: &str| format!(r#"{{"uuid": "{uuid}"}}"#);
        let other = "00000000-0000-4000-8000-000000000001";
        assert_eq!(told(200, &with(DRAWN_UUID), &with(other)), "");
        assert_ne!(told(200, &with(KNOWN_UUID), &with(other)), "");
        assert_ne!(told(200, &with(DRAWN_UUID), &with("no uuid")), "");
    }

    #[test]
    fn an_access_list_is_a_set_and_another_list_is_not() {
        assert_eq!(told(200, r#"{"acl": ["a", "b"]}"#, r#"{"acl": ["b", "a"]}"#), "");
        assert_ne!(told(200, r#"{"items": ["a", "b"]}"#, r#"{"items": ["b", "a"]}"#), "");
    }

    #[test]
    fn the_four_kinds_of_errors_are_told_apart() {
        let bodies = [
            r#"{"reason": ["x"], "timestamp": [1.5], "status_code": 404}"#,
            r#"{"message": "x", "error_id": "x", "details": {}, "timestamp": 1.5}"#,
            r#"{"message": "x"}"#,
            "<!doctype html>",
        ];
        for (at, expected) in bodies.iter().enumerate() {
            for (other, came) in bodies.iter().enumerate() {
                let told = told(404, expected, came);
                assert_eq!(told.is_empty(), at == other, "{expected} and {came}: {told}");
            }
        }
    }

    #[test]
    fn status_and_headers_are_compared() {
        let recorded = recorded(200, "{}");
        let differences = |status: u16, headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let answer = Answer { status, headers, body: b"{}".to_vec() };
            Comparison { recorded: &recorded, known: "" }.differences(&answer).len()
        };
        let json = ("content-type", "application/json");
        assert_eq!(differences(200, &[json, ("date", "today")]), 0);
        assert_eq!(differences(201, &[json]), 1);
        assert_eq!(differences(200, &[("content-type", "text/html")]), 1);
        assert_eq!(differences(200, &[json, ("wazo-sessions-revoked", "0")]), 1);
        assert_eq!(differences(200, &[json, ("location", "/")]), 1);
    }
}
