//! The C ABI: what C, C++, Python and everything else that can call C sees.
//!
//! - [`pointer`]: the one place where raw pointers become references, texts and boxes, and back.
//! - [`boundary`]: the one way in and out: no panic passes it, every failure becomes an error.
//! - [`error`], [`options`], [`client`], [`call`], [`cancellation`], [`queue`], [`json`], [`text`]: the functions written by hand.
//! - [`operations`]: a function for each operation of the table, generated.
//!
//! The contract that every function shares is written once, at the top of the header (`cbindgen.toml`): all pointers
//! are NULL or valid for the call, handles come from this library and are freed once, texts end with NUL.
#![allow(non_camel_case_types, clippy::missing_safety_doc, reason = "C's names; the contract is the header's")]

pub mod boundary;
pub mod call;
pub mod cancellation;
pub mod client;
pub mod error;
pub mod json;
pub mod operations;
pub mod options;
#[allow(clippy::disallowed_methods, reason = "the one room where pointers are turned into what they stand for")]
pub mod pointer;
pub mod queue;
pub mod text;

pub use client::wazo_auth_client;
pub use error::wazo_auth_error;
pub use options::wazo_auth_options;
