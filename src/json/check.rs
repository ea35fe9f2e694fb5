//! Whether a text is JSON (RFC 8259), and where in them a member stands, in one pass.
//!
//! Every answer goes through here on its way to the host. Nothing is built and nothing recurses. serde_json does the same
//! with some 14 instructions a byte; here most bytes are those of strings, of which eight are looked at together. A test
//! holds it against serde_json on documents that are broken in every place.

use std::ops::Range;

/// Whether the whole is one JSON document; white space may stand around it.
pub fn is_json(text: &str) -> bool {
    let bytes = text.as_bytes();
    value(bytes, space(bytes, 0)).is_some_and(|end| space(bytes, end) == bytes.len())
}

/// Where the first of these members that the object has stands; `None` where the whole is no object, or no JSON. Of several
/// members of one name the last counts, as everywhere.
pub fn member(text: &str, names: &[&str]) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = byte(bytes, space(bytes, 0), b'{')?;
    let mut found: Option<(usize, Range<usize>)> = None;
    at = space(bytes, at);
    if bytes.get(at) == Some(&b'}') {
        at += 1;
    } else {
        loop {
            let name = at;
            at = string(bytes, byte(bytes, at, b'"')?)?;
            let rank = rank(&text[name..at], names);
            at = space(bytes, byte(bytes, space(bytes, at), b':')?);
            let start = at;
            at = value(bytes, at)?;
            if let Some(rank) = rank
                && found.as_ref().is_none_or(|(before, _)| rank <= *before)
            {
                found = Some((rank, start..at));
            }
            at = space(bytes, at);
            match bytes.get(at)? {
                b',' => at = space(bytes, at + 1),
                b'}' => break at += 1,
                _ => return None,
            }
        }
    }
    (space(bytes, at) == bytes.len()).then_some(found?.1)
}

/// Where among the names this one stands, which is written as a JSON string.
fn rank(written: &str, names: &[&str]) -> Option<usize> {
    let plain = &written[1..written.len() - 1];
    if !plain.contains('\\') {
        return names.iter().position(|name| *name == plain);
    }
    let name: String = serde_json::from_str(written).ok()?;
    names.iter().position(|known| *known == name)
}

/// Behind this byte, where it stands here.
fn byte(bytes: &[u8], at: usize, expected: u8) -> Option<usize> {
    (bytes.get(at) == Some(&expected)).then_some(at + 1)
}

/// Behind the white space here.
fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Whether what is open is an object or a list, from the outside in. Without memory of its own for what is not deep.
#[derive(Default)]
struct Open {
    depth: usize,
    /// The first 64, a bit each; the last of them is the lowest.
    outer: u64,
    /// What is deeper.
    inner: Vec<bool>,
}

impl Open {
    fn push(&mut self, is_object: bool) {
        if self.depth < 64 {
            self.outer = self.outer << 1 | u64::from(is_object);
        } else {
            self.inner.push(is_object);
        }
        self.depth += 1;
    }

    fn is_object(&self) -> bool {
        self.inner.last().map_or(self.outer & 1 == 1, |is_object| *is_object)
    }

    fn pop(&mut self) {
        if self.inner.pop().is_none() {
            self.outer >>= 1;
        }
        self.depth -= 1;
    }
}

/// Behind the value that begins here.
fn value(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Open::default();
    loop {
        // A value begins here.
        match *bytes.get(at)? {
            b'"' => at = string(bytes, at + 1)?,
            b'{' | b'[' => {
                let is_object = bytes[at] == b'{';
                at = space(bytes, at + 1);
                if bytes.get(at) != Some(if is_object { &b'}' } else { &b']' }) {
                    open.push(is_object);
                    if is_object {
                        at = name(bytes, at)?;
                    }
                    continue;
                }
                at += 1;
            }
            b't' => at = word(bytes, at, b"true")?,
            b'f' => at = word(bytes, at, b"false")?,
            b'n' => at = word(bytes, at, b"null")?,
            _ => at = number(bytes, at)?,
        }
        // It has ended. What it stands in goes on, or ends as well.
        loop {
            if open.depth == 0 {
                return Some(at);
            }
            at = space(bytes, at);
            match (*bytes.get(at)?, open.is_object()) {
                (b',', is_object) => {
                    at = space(bytes, at + 1);
                    if is_object {
                        at = name(bytes, at)?;
                    }
                    break;
                }
                (b'}', true) | (b']', false) => open.pop(),
                _ => return None,
            }
            at += 1;
        }
    }
}

/// Behind the name of a member that begins here, its colon and the space behind that.
fn name(bytes: &[u8], at: usize) -> Option<usize> {
    let end = string(bytes, byte(bytes, at, b'"')?)?;
    Some(space(bytes, byte(bytes, space(bytes, end), b':')?))
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes[at..].starts_with(word).then_some(at + word.len())
}

/// Behind the string whose first character stands here.
fn string(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // The top bit of each byte that is zero. A byte above one that is zero may be marked too; the first is right.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & TOPS;
    loop {
        while let Some(eight) = bytes.get(at..at + 8) {
            let word = u64::from_le_bytes(eight.try_into().ok()?);
            let quotes = zeros(word ^ (ONES * u64::from(b'"')));
            let escapes = zeros(word ^ (ONES * u64::from(b'\\')));
            let controls = word.wrapping_sub(ONES * 0x20) & !word & TOPS;
            let found = quotes | escapes | controls;
            if found != 0 {
                at += found.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = escape(bytes, at + 1)?,
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

/// Behind the escape whose second character stands here. Half a character (`\ud800`) is one, as for serde_json.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match *bytes.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => bytes.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit).then_some(at + 5),
        _ => None,
    }
}

/// Behind the number that begins here.
fn number(bytes: &[u8], mut at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        let first = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > first).then_some(at)
    };
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(at)?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    /// What serde_json says.
    fn is_json_to_serde(bytes: &[u8]) -> bool {
        serde_json::from_slice::<&RawValue>(bytes).is_ok()
    }

    fn agree(bytes: &[u8]) {
        let is_one = std::str::from_utf8(bytes).is_ok_and(is_json);
        assert_eq!(is_one, is_json_to_serde(bytes), "{}", String::from_utf8_lossy(bytes));
    }

    const DOCUMENTS: &[&str] = &[
        r#"{"data": {"token": "4f6", "metadata": {"a": [1, -2.5e+10, 0, 1E5, null, true, false], "b": {}, "c": []}}}"#,
        r#" [ "a\"b\\c\/d\b\f\n\r\té\uD800", "a longer string without anything special in it", "Zürich", "" , [[[{}]]] ] "#,
        "\t\r\n{\"a\" :\n1 ,\"b\":[ ]}",
        "-0.0e-0",
        "\"\"",
        "null",
    ];

    #[test]
    fn it_agrees_with_serde_json_about_documents_that_are_broken_in_every_place() {
        const BYTES: &[u8] = b"\"\\{}[],: \n\t\x00\x1f\x20\x7f\x80\xc3\xff019.-+eEtfnuU/ab";
        for document in DOCUMENTS {
            let bytes = document.as_bytes();
            agree(bytes);
            assert!(is_json(document), "{document}");
            for at in 0..bytes.len() {
                agree(&bytes[..at]);
                agree(&bytes[at..]);
                for put in BYTES {
                    let mut changed = bytes.to_vec();
                    changed[at] = *put;
                    agree(&changed);
                    changed.insert(at, *put);
                    agree(&changed);
                }
                let mut shorter = bytes.to_vec();
                shorter.remove(at);
                agree(&shorter);
            }
        }
    }

    #[test]
    fn it_agrees_with_serde_json_about_texts_by_chance() {
        const PARTS: &[&str] = &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"data\"",
            "1",
            "-1.5e3",
            "null",
            "true",
            " ",
            "\"\\u00e9\"",
            "0",
        ];
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        for _ in 0..200_000 {
            let text: String = (0..=next(9)).map(|_| PARTS[next(PARTS.len())]).collect();
            agree(text.as_bytes());
        }
    }

    #[test]
    fn a_deep_document_needs_no_deep_stack() {
        for depth in [63, 64, 65, 66, 1_000_000] {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            assert!(is_json(&deep));
            assert!(!is_json(&deep[..deep.len() - 1]));
            let mixed = "[{\"a\":".repeat(depth) + "1" + &"}]".repeat(depth);
            assert!(is_json(&mixed));
            assert!(!is_json(&mixed.replacen("}]", "]}", 1)));
        }
    }

    #[test]
    fn a_member_is_found_as_it_is_written_and_only_in_a_whole_object() {
        let names = &["data", "items"];
        for (json, found) in [
            (r#"{"items": [1], "data": {"a" : 1} }"#, Some(r#"{"a" : 1}"#)),
            (r#"{"items": [1]}"#, Some("[1]")),
            (r#"{"data": 1, "data": 2, "items": 3}"#, Some("2")),
            (r#"{"d\u0061ta": "escaped"}"#, Some("\"escaped\"")),
            (r#"{"d\ud800ta": 1}"#, None),
            (r#"{"other": {"data": 1}}"#, None),
            ("{}", None),
            ("[]", None),
            (r#"{"data": 1"#, None),
            (r#"{"data": 1} x"#, None),
            (r#"{"data": 1,}"#, None),
            (r#"{"data": 01}"#, None),
            (r#"{"data" 1}"#, None),
            ("", None),
        ] {
            assert_eq!(member(json, names).map(|range| &json[range]), found, "{json}");
        }
    }
}
