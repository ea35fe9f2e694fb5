//! A client of wazo-auth, the authentication service of the Wazo telephony platform.
//!
//! It logs in and keeps tokens fresh, decides about other people's tokens, mostly from memory, and carries out every
//! operation of the server. Blocking calls start no thread; asynchronous ones run on the library's own thread, under
//! any executor.
//!
//! ```no_run
//! use wazo_auth_client::{Client, ErrorKind, Options};
//!
//! # fn main() -> wazo_auth_client::Result<()> {
//! let mut options = Options::new();
//! options.set_url("https://wazo.example.com")?;
//! options.set("timeout_ms", "2000")?;
//! let client = Client::new(&options)?;
//!
//! let token = client.token_new().username("alice").password("secret").expiration(3600).call()?.read()?;
//! client.set("token", &token.token)?;
//!
//! match client.users_get("1c4e3b1f-2a0c-4a5e-8f57-6a1f1f5e9d11").call() {
//!     Ok(user) => println!("{}", user.json()),
//!     Err(error) if error.kind == ErrorKind::NotFound => println!("there is no such user"),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | make a call, blocking or as a future | the methods of [`Client`], one for each operation: [`typed`] |
//! | call an operation by its name, with JSON | [`Client::call_by_name`], [`Client::call_by_name_async`] |
//! | send a request that the table does not have | [`Client::request`] |
//! | decide about a token that a peer presents | [`Verifier`], [`AccessList`] |
//! | keep a token fresh for any number of clients | [`Renewer`] |
//! | read a listing item by item | [`Pages`] |
//! | wait until the server is ready, and watch it | [`wait_until_ready`], [`Health`] |
//! | end calls from another thread | [`Cancellation`] |
//! | poll for completions in an event loop of your own | [`Queue`] |
//! | see what happens | [`log::set_logger`], or the feature `tracing` |
//!
//! As a future, on tokio or any other executor; a future that is dropped ends its call. On the threads of a tokio
//! runtime (those of `spawn_blocking` too) blocking calls are refused, as they could stop it:
//!
//! ```no_run
//! # use wazo_auth_client::{Client, Result};
//! async fn may_listen(client: &Client, token: &str) -> Result<bool> {
//!     client.token_check(token).required_acl("calld.calls.read").call_async().await
//! }
//! ```
//!
//! # Errors
//!
//! Every failure is an [`Error`]: its [`ErrorKind`] says what has failed, [`Error::is_retryable`] whether the same call
//! may succeed later, `error.in_doubt` whether the server may have carried the call out. Messages hold no secret.
//!
//! # The environment, and tokio
//!
//! The library reads no environment variable. tokio from version 1.54 on reads one whenever a runtime is built; that is
//! safe where only Rust code changes the environment. Any tokio from 1.51 on will do. The C library is built with 1.51,
//! which reads none.
//!
//! # Features
//!
//! - `tracing`: the records of the log as events of the crate `tracing`.
//! - `internals`: for this project's benchmarks and fuzzing; no part of the API.
//!
//! # Versions
//!
//! The package is `wazo-auth-client-rust`, its library `wazo_auth_client`. It needs Rust 1.88. A newer Rust may be
//! required by a new minor version. The C library of the same version is made of this crate.
#![deny(unsafe_code)]

// docs/design.md lists the rooms; tests/rooms.rs checks that a file imports its own and those above it.
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
pub mod typed;
pub mod verifier;
mod worker;

// The C interface: documented in its header, and nothing for a Rust program.
#[doc(hidden)]
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
