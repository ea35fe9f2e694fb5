//! Writes `tests/data/abi-symbols.txt`: every function that the library exports, for the tests of the ABI.
//!
//! The hand-written functions are found by reading `src/ffi/`, not by asking the library: the list says what is meant
//! to be exported, and a test compares it with what is.

use std::collections::BTreeSet;

use super::sources::{Sources, exported, generated_from, hand_written, read_present};

/// The names of the exported functions.
pub fn names(sources: &Sources) -> Result<BTreeSet<String>, String> {
    let mut names: BTreeSet<String> = exported(&sources.functions).into_iter().collect();
    for path in hand_written(sources.root)? {
        names.extend(exported(&read_present(&path)?));
    }
    Ok(names)
}

/// The list of exported functions, sorted, one a line.
pub fn symbols(sources: &Sources) -> Result<String, String> {
    let lines = names(sources)?.into_iter().collect::<Vec<_>>().join("\n");
    Ok(format!("# {}\n{lines}\n", generated_from("src/operations.rs and src/ffi")))
}
