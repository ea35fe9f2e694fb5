//! Writes what is derived from the library's tables, so that an operation, an option or a kind of error is written down
//! once.
//!
//! The tables are compiled in straight from the library's source, and not through the library: a generated file that is
//! wrong, or missing, keeps the library from compiling, and must not keep this from repairing it.
//!
//! [`codegen`] names every generated file and the room that writes it.

pub mod codegen;

/// The library's tables, compiled in from its own source.
#[path = "../../src"]
#[allow(dead_code, unused_imports, missing_docs, reason = "the generators need the data alone")]
#[allow(
    clippy::missing_panics_doc,
    clippy::struct_excessive_bools,
    clippy::double_must_use,
    reason = "the library itself is checked where it lives"
)]
pub mod library {
    pub mod error;
    pub mod json;
    pub mod operations;
    pub mod options;
    pub mod percent;
    pub mod secret;
}

pub use library::{error, json, operations, options, percent, secret};
