//! The forms in which a secret can come back, and what stands in its place.

use crate::json;
use crate::percent::SEGMENT;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use std::collections::BTreeSet;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// What stands in a URL as it is; the other set is that of programs which let slashes pass.
const URL_PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// The forms in which a secret can come back: as it is, in a JSON text (as serde_json, Python and PHP write it), in a
/// URL or a form.
pub fn forms(secret: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([secret.to_owned()]);
    if secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        return forms;
    }
    let json = json::quoted(secret);
    for form in [json[1..json.len() - 1].to_owned(), ascii_json(secret, false), ascii_json(secret, true)] {
        for form in [form.replace('/', "\\/"), form] {
            // In JSON inside of a JSON text, as gateways wrap what they got.
            let inner = json::quoted(&form);
            forms.insert(inner[1..inner.len() - 1].to_owned());
            forms.insert(form);
        }
    }
    let in_form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for form in
        [in_form, utf8_percent_encode(secret, SEGMENT).to_string(), utf8_percent_encode(secret, URL_PATH).to_string()]
    {
        forms.insert(in_lower_hex(&form));
        forms.insert(form);
    }
    forms
}

/// The inside of a JSON string that holds ASCII alone.
pub fn ascii_json(text: &str, is_upper: bool) -> String {
    let mut json = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            ' '..='~' => json.push(c),
            _ => json.extend(
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| if is_upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") }),
            ),
        }
    }
    json
}

/// `%2F` as `%2f`.
fn in_lower_hex(encoded: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        digits = if c == '%' { 3_u8 } else { digits.saturating_sub(1) };
        if digits > 0 { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}
