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
    let mut found: Option<(usize, Range<usize>)> = None;
    each_member(text, |name, value| {
        if let Some(rank) = rank(name, names)
            && found.as_ref().is_none_or(|(before, _)| rank <= *before)
        {
            found = Some((rank, value));
        }
    })?;
    Some(found?.1)
}

/// Where these members of an object stand, however many others it has.
pub fn members<const N: usize>(text: &str, names: [&str; N]) -> Option<[Option<Range<usize>>; N]> {
    let mut found = [const { None }; N];
    each_member(text, |name, value| {
        if let Some(rank) = rank(name, &names) {
            found[rank] = Some(value);
        }
    })?;
    Some(found)
}

/// Says of each member of an object how its name is written, and where its value stands.
pub fn each_member(text: &str, mut found: impl FnMut(&str, Range<usize>)) -> Option<()> {
    let bytes = text.as_bytes();
    let mut at = byte(bytes, space(bytes, 0), b'{')?;
    at = space(bytes, at);
    if bytes.get(at) == Some(&b'}') {
        at += 1;
    } else {
        loop {
            let name = at;
            at = string(bytes, byte(bytes, at, b'"')?)?;
            let end = at;
            at = space(bytes, byte(bytes, space(bytes, at), b':')?);
            let start = at;
            at = value(bytes, at)?;
            found(&text[name..end], start..at);
            at = space(bytes, at);
            match bytes.get(at)? {
                b',' => at = space(bytes, at + 1),
                b'}' => break at += 1,
                _ => return None,
            }
        }
    }
    (space(bytes, at) == bytes.len()).then_some(())
}

/// Where the next item of a list stands, and where to look for the one behind it. `at` is 0 for the first.
pub fn item(list: &str, at: usize) -> Option<(Range<usize>, usize)> {
    let bytes = list.as_bytes();
    let start = if at == 0 { space(bytes, byte(bytes, space(bytes, 0), b'[')?) } else { space(bytes, at) };
    let end = value(bytes, start)?;
    let behind = space(bytes, end);
    // Behind the last one nothing is left to look at.
    let next = if bytes.get(behind) == Some(&b',') { behind + 1 } else { bytes.len() };
    Some((start..end, next))
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
    /// The innermost, a bit each, 64 at most; the last one is the lowest.
    innermost: u64,
    /// What is around these, 64 in each.
    around: Vec<u64>,
}

impl Open {
    /// `None` where there is no memory for a text so deep.
    fn push(&mut self, is_object: bool) -> Option<()> {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.around.try_reserve(1).ok()?;
            self.around.push(self.innermost);
        }
        self.innermost = self.innermost << 1 | u64::from(is_object);
        self.depth += 1;
        Some(())
    }

    fn is_object(&self) -> bool {
        self.innermost & 1 == 1
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.innermost >>= 1;
        if self.depth.is_multiple_of(64)
            && let Some(around) = self.around.pop()
        {
            self.innermost = around;
        }
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
                    open.push(is_object)?;
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
    fn what_is_open_is_known_at_every_depth_however_deep() {
        let kinds: Vec<bool> = (0..300_u32).map(|at| at.wrapping_mul(2_654_435_761) >> 31 == 1).collect();
        let mut open = Open::default();
        for kind in &kinds {
            open.push(*kind).unwrap();
            assert_eq!(open.is_object(), *kind);
        }
        for kind in kinds.iter().rev() {
            assert_eq!(open.is_object(), *kind);
            open.pop();
        }
        assert_eq!((open.depth, open.around.len()), (0, 0));
    }

    #[test]
    fn the_items_of_a_list_are_found_one_by_one() {
        let items = |list: &str| {
            let mut at = 0;
            let mut found = Vec::new();
            while let Some((range, next)) = item(list, at) {
                found.push(list[range].to_owned());
                at = next;
            }
            found
        };
        assert_eq!(items(" [ 1 ,{\"a\": [2, 3]}, \"]\",[ ] ] "), ["1", "{\"a\": [2, 3]}", "\"]\"", "[ ]"]);
        assert!(items("[]").is_empty() && items(" [ ] ").is_empty() && items("{}").is_empty());
    }

    #[test]
    fn members_are_found_in_one_pass_however_many_others_there_are() {
        let json = r#"{"a": 1, "x": {"b": 0}, "\u0062": [2], "a": 3}"#;
        let found = members(json, ["b", "a", "c"]).unwrap().map(|range| range.map(|range| &json[range]));
        assert_eq!(found, [Some("[2]"), Some("3"), None]);
        assert!(members("[]", ["a"]).is_none() && members("{} {}", ["a"]).is_none());
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
