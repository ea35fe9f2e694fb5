//! Inputs in text files: one on each line, in ASCII, other bytes escaped as Rust and Python escape them (`\x00`). A line
//! that begins with `#` is a comment.

use std::fs;
use std::path::Path;

/// The inputs of a target: those that are kept by hand (`seeds`), and those that fuzzing found (`corpora`).
pub fn inputs(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |folder: &str| fs::read_to_string(root.join(folder).join(format!("{target}.txt"))).unwrap_or_default();
    ["seeds", "corpora"].iter().flat_map(|folder| decoded(&read(folder))).collect()
}

/// The inputs of such a text.
pub fn decoded(text: &str) -> Vec<Vec<u8>> {
    text.lines().filter(|line| !line.starts_with('#')).map(unescaped).collect()
}

fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = line.bytes();
    let mut found = Vec::new();
    while let Some(byte) = bytes.next() {
        found.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            _ => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'x') => {
                    let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                    let (high, low) = (digit().expect("two digits"), digit().expect("two digits"));
                    u8::try_from(high << 4 | low).expect("two digits are a byte")
                }
                Some(other) => other,
                None => panic!("a line ends with a backslash: {line}"),
            },
        });
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_comes_back_from_a_line() {
        let all: Vec<u8> = (0..=255).collect();
        let line = all.escape_ascii().to_string();
        assert_eq!(super::decoded(&format!("# a comment\n{line}\n\n")), [all, Vec::new()]);
    }
}
