//! The client of wazo-auth, the authentication service of the Wazo telephony platform: one Rust core, a C ABI, and a
//! Python package over it.
//!
//! The rooms, from the ground up; each uses those above it in this list alone (`tests/rooms.rs` holds them to that):
//!
//! - [`error`], `json`, `percent`, [`secret`], [`clock`], `callback`: the ground. No HTTP and no tokio in it.
//! - [`host`]: everything of the platform: fork, signals, descriptors, event loops.
//! - [`operations`]: the table. What every operation is, as data; everything else is derived from it.
//! - [`options`]: the table of options, and the settings that they become.
//! - [`cancellation`], [`log`]: ending calls from outside; telling what happens.
//! - [`access`]: what a token may do, decided without the server. [`cache`]: what is known of tokens.
//!   [`schedule`]: back-off, jitter, budgets.
//! - [`client`]: the one engine that carries operations out. Safe Rust, no C in it.
//! - `worker`, [`queue`], `futures`: the library's one thread; calls in flight and their completions, or their futures.
//! - [`verifier`]: decisions about other people's tokens. [`renewer`]: a token that stays fresh, for any number of clients.
//!   [`paging`]: listings, item by item. [`readiness`]: whether the server is there.
//! - [`ffi`]: the C ABI. With `host` the only room of `unsafe`.
#![deny(unsafe_code)]

pub mod access;
pub mod cache;
mod callback;
pub mod cancellation;
pub mod client;
pub mod clock;
pub mod error;
mod futures;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod json;
pub mod log;
pub mod operations;
pub mod options;
pub mod paging;
mod percent;
pub mod queue;
pub mod readiness;
pub mod renewer;
pub mod schedule;
pub mod secret;
pub mod verifier;
mod worker;

#[allow(unsafe_code)]
pub mod ffi;
#[allow(unsafe_code)]
pub mod host;

pub use access::AccessList;
pub use cancellation::Cancellation;
pub use client::{Arguments, Client, Outcome, TokenSource};
pub use error::{Error, ErrorKind, Result};
pub use options::Options;
pub use options::RenewerSettings;
pub use paging::{Pages, visible_tenants};
pub use queue::{Completion, Queue};
pub use readiness::{Health, State, wait_until_ready};
pub use renewer::Renewer;
pub use verifier::{Decision, Verdict, Verifier};
