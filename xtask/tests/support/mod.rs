//! What the tests of made-up entries share: the files that are derived from them.
#![allow(dead_code, reason = "each test program takes what it needs")]

use std::path::Path;

use xtask::codegen::sources::Tables;
use xtask::codegen::{self, Generated};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub fn generated(tables: &Tables) -> Vec<Generated> {
    codegen::generate_from(tables, root()).unwrap()
}

pub fn text_of(files: &[Generated], path: &str) -> String {
    files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is not generated")).text.clone()
}

/// A text in one line, so that where it is wrapped does not matter.
pub fn flat(text: &str) -> String {
    let text = text.split_whitespace().filter(|word| !["///", "*"].contains(word)).collect::<Vec<_>>().join(" ");
    text.replace("( ", "(").replace(",)", ")").replace(", )", ")")
}

/// Fails and shows the text where it lacks one of these.
pub fn assert_contains(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "{expected}\nis not in\n{text}");
    }
}
