//! Fuzz targets: each is a function of any bytes, which panics where the library breaks a promise.
//!
//! libFuzzer calls them by the programs in `fuzz_targets` (`make fuzz`); `tests/replay.rs` calls them with the inputs that
//! are checked in (`make test-fuzz`, a part of `make test`). docs/fuzzing.md says what each promises, and how to add one.

pub mod access_lists;
pub mod arguments;
pub mod corpus;
pub mod error_bodies;
pub mod events;
pub mod json;
pub mod masking;
pub mod options;
pub mod server_bytes;
pub mod shared_memory;
pub mod telling;
pub mod tokens;

/// A target: its name, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("access_lists", access_lists::run),
    ("arguments", arguments::run),
    ("error_bodies", error_bodies::run),
    ("events", events::run),
    ("json", json::run),
    ("masking", masking::run),
    ("options", options::run),
    ("server_bytes", server_bytes::run),
    ("shared_memory", shared_memory::run),
    ("tokens", tokens::run),
];

/// The first byte, and the rest; 0 where there is none.
fn byte(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Parts of the input, split at NUL; what is not UTF-8 is replaced.
fn texts(data: &[u8]) -> Vec<String> {
    data.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}
