//! JSON as the real server (Python's `json.dumps`) writes it: a space after `,` and `:`, all beyond ASCII escaped.
//! And what is wrong with JSON that a test wrote.

use std::fmt::Write as _;

use serde_json::Value;

/// What is wrong with JSON that was read, with the names of JSON in the place of those of Rust.
pub fn in_words(error: &serde_json::Error) -> String {
    let words = [
        ("a sequence", "a list"),
        ("sequence", "a list"),
        ("a map", "an object"),
        ("map", "an object"),
        ("a string", "a text"),
        ("a boolean", "true or false"),
        ("f64", "a number"),
        ("i64", "a whole number"),
        ("u32", "a whole number from 0 on"),
        ("usize", "a whole number from 0 on"),
    ];
    let said = error.to_string();
    // `invalid type: integer `3`, expected a string at line 1 column 25`
    let Some((came, rest)) = said.split_once(", expected ") else { return said };
    let (due, place) = rest.split_at(rest.find(" at line ").unwrap_or(rest.len()));
    let of_json = |word| words.iter().find(|(rust, _)| *rust == word).map_or(word, |(_, json)| *json);
    let came =
        came.strip_prefix("invalid type: ").map_or_else(|| came.to_owned(), |what| format!("got {}", of_json(what)));
    format!("{came}, expected {}{place}", of_json(due))
}

/// The text of an answer, ended by a newline.
pub fn to_python_text(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text.push('\n');
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => {
            let _ = write!(text, "{number}");
        }
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                write_value(text, item);
            }
            text.push(']');
        }
        Value::Object(entries) => {
            text.push('{');
            for (index, (key, entry)) in entries.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                write_string(text, key);
                text.push_str(": ");
                write_value(text, entry);
            }
            text.push('}');
        }
    }
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

/// The text that Python's `repr` gives for the value: some error texts hold one.
pub fn to_python_repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => repr_string(string),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(to_python_repr).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{}: {}", repr_string(key), to_python_repr(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Python quotes with `'` unless the text holds one and no `"`.
fn repr_string(string: &str) -> String {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    let mut text = String::from(quote);
    for character in string.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\\' => text.push_str("\\\\"),
            _ if character == quote => {
                text.push('\\');
                text.push(character);
            }
            _ => text.push(character),
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_text_of_a_value_is_quoted_as_python_does() {
        let value = serde_json::json!({"_schema": ["\"a\" and b"], "c": "it's"});
        assert_eq!(to_python_repr(&value), r#"{'_schema': ['"a" and b'], 'c': "it's"}"#);
    }

    #[test]
    fn an_answer_is_written_byte_for_byte_as_recorded() {
        let value = serde_json::json!({"a": [1, null, true], "é": "\"\\\n\u{1F600}"});
        assert_eq!(to_python_text(&value), "{\"a\": [1, null, true], \"\\u00e9\": \"\\\"\\\\\\n\\ud83d\\ude00\"}\n");
    }
}
