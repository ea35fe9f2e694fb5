//! The C ABI: what C, C++, Python and everything else that can call C sees.
//!
//! - [`mod@pointer`]: the one place where raw pointers become references, texts and boxes, and back.
//! - [`mod@panic`], [`error`], [`boundary`]: the one way in and out: no panic passes it, every failure becomes an error.
//! - [`options`], [`client`], [`call`], [`cancellation`], [`interrupt`], [`queue`], [`completion`], [`renewer`], [`verifier`], [`access`],
//!   [`pages`], [`health`], [`log`], [`json`], [`text`]: the functions written by hand, a file for each kind of handle.
//! - [`operations`], [`error_kind`]: generated, from the table of operations and that of kinds.
//!
//! The contract that every function shares is written once, at the top of the header (`include/preamble.h`): all pointers
//! are NULL or valid for the call, handles come from this library and are freed once, texts end with NUL.
#![allow(non_camel_case_types, clippy::missing_safety_doc, reason = "C's names; the contract is the header's")]

pub mod access;
pub mod boundary;
pub mod call;
pub mod cancellation;
pub mod client;
pub mod completion;
pub mod error;
pub mod error_kind;
pub mod health;
pub mod interrupt;
pub mod json;
pub mod log;
pub mod operations;
pub mod options;
pub mod pages;
pub mod panic;
#[allow(clippy::disallowed_methods, reason = "the one room where pointers are turned into what they stand for")]
pub mod pointer;
pub mod queue;
pub mod renewer;
pub mod text;
pub mod verifier;
