//! The client of wazo-auth, the authentication service of the Wazo telephony platform: one Rust core, a C ABI, and a
//! Python package over it.
//!
//! The map of the house:
//!
//! - [`operations`]: the table. What every operation is, as data; everything else is derived from it.
//! - [`client`]: options, and the one engine that carries operations out. Safe Rust, no C in it.
//! - [`queue`]: calls in flight and their completions, carried by the library's one thread (`worker`).
//! - [`host`]: being a guest in somebody's process: fork, signals, descriptors.
//! - [`ffi`]: the C ABI. With `host` the only room of `unsafe`.
#![deny(unsafe_code)]

pub mod client;
pub mod operations;
pub mod queue;
mod worker;

#[allow(unsafe_code)]
pub mod ffi;
#[allow(unsafe_code)]
pub mod host;

pub use client::{Arguments, Cancellation, Client, Error, ErrorKind, Options, Outcome, Result};
pub use queue::{Completion, Queue};
