//! Being a guest: what a library must know of the process that it lives in.
//!
//! The few lines of `unsafe` outside `src/ffi`: telling a forked child from its parent ([`fork`]), finding the sockets
//! that a child inherited ([`descriptors`]), and keeping signals away from the host ([`signals`]). Everything above
//! uses their safe functions.

#[cfg(unix)]
pub mod descriptors;
pub mod entry;
#[cfg(unix)]
pub mod event;
#[allow(clippy::disallowed_methods, reason = "a value of one process is freed by that process alone")]
pub mod fork;
pub mod signals;
