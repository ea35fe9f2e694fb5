//! What may be said of a call: one line, and no secret in any form.

use serde_json::value::RawValue;
use std::fmt::Write as _;
use wazo_auth_client::{Error, ErrorKind};

/// The forms in which a secret can come back, written from the promise and not from the library's code.
pub fn forms(secret: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let mut forms = vec![secret.to_owned(), json.clone(), json.replace('/', "\\/")];
    for upper in [false, true] {
        let ascii: String = secret.encode_utf16().fold(String::new(), |mut text, unit| {
            let _ = match (u8::try_from(unit).map(char::from), upper) {
                (Ok(c @ ('"' | '\\')), _) => write!(text, "\\{c}"),
                (Ok('\n'), _) => write!(text, "\\n"),
                (Ok('\r'), _) => write!(text, "\\r"),
                (Ok('\t'), _) => write!(text, "\\t"),
                (Ok('\u{8}'), _) => write!(text, "\\b"),
                (Ok('\u{c}'), _) => write!(text, "\\f"),
                (Ok(c @ ' '..='~'), _) => write!(text, "{c}"),
                (_, false) => write!(text, "\\u{unit:04x}"),
                (_, true) => write!(text, "\\u{unit:04X}"),
            };
            text
        });
        forms.extend([ascii.replace('/', "\\/"), ascii]);
        let encoded = |safe: &str, space: &str| {
            secret.bytes().fold(String::new(), |mut text, byte| {
                let _ = match byte {
                    b' ' => write!(text, "{space}"),
                    byte if byte.is_ascii_alphanumeric() || safe.as_bytes().contains(&byte) => {
                        write!(text, "{}", char::from(byte))
                    }
                    byte if upper => write!(text, "%{byte:02X}"),
                    byte => write!(text, "%{byte:02x}"),
                };
                text
            })
        };
        // A segment of a path, a path, a form.
        forms.extend([encoded("-._~", "%20"), encoded("-._~/", "%20"), encoded("-._*", "+")]);
    }
    forms
}

/// Replaces the byte 2 and the one behind it by a form of a secret, so that fuzzing need not guess secrets.
pub fn with_secrets(data: &[u8], forms: &[String]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(data.len());
    let mut bytes = data.iter();
    while let Some(byte) = bytes.next() {
        match (*byte, forms.len()) {
            (2, 1..) => {
                let which = usize::from(bytes.next().copied().unwrap_or(0));
                filled.extend_from_slice(forms[which % forms.len()].as_bytes());
            }
            (byte, _) => filled.push(byte),
        }
    }
    filled
}

/// Whether a text is one line for a log and for a terminal.
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// Holds an error to what is promised of it.
pub fn check(error: &Error, forms: &[String]) {
    assert_ne!(error.kind, ErrorKind::Internal, "{error:?}");
    assert!(is_one_line(&error.message), "more than a line: {:?}", error.message);
    let json = error.to_json();
    assert!(serde_json::from_str::<&RawValue>(&json).is_ok(), "an error that is no JSON: {json}");
    // Not its JSON, which is made of these: there a tab and `oken` look like a token.
    let mut texts = vec![
        error.message.clone(),
        error.operation.clone(),
        error.url.clone(),
        error.reason.clone().unwrap_or_default(),
        error.error_id.clone().unwrap_or_default(),
        error.details.as_ref().map_or_else(String::new, |details| details.get().to_owned()),
        format!("{error}"),
        format!("{error:?}"),
    ];
    if let Some(answer) = &error.answer {
        texts.push(answer.body.clone());
        texts.extend(answer.headers.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
    }
    for text in &texts {
        for form in forms {
            assert!(!text.contains(form.as_str()), "a secret ({form:?}) stands in {text:?}");
        }
    }
}
