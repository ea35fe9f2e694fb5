//! Being a guest: what a library must know of the process that it lives in.
//!
//! Everything of the platform is here, and with it the `unsafe` outside of `src/ffi`: telling a forked child from its
//! parent ([`fork`]), what drives a blocking call ([`drive`]) and its socket ([`socket`]), event loops ([`event_loop`]) and
//! their sockets ([`loop_socket`]), the sockets that a child inherits (`descriptors`), what the host has closed
//! ([`identity`]), that code stays mapped (`loading`), the descriptor for the host's own loop ([`event`]), signals
//! ([`signals`]), the host's
//! word on whether a call may go on ([`interrupt`]), what holds while a thread is inside the library
//! ([`entry`]), the time since the machine was started ([`uptime`]), shared
//! memory ([`region`]), an allocator that wipes what is freed ([`wiping`]), and the system's certificate authorities
//! ([`certificates`]). Other rooms use the safe functions alone and
//! have no `cfg` for a platform.

pub mod certificates;
#[cfg(unix)]
mod descriptors;
pub mod drive;
pub mod entry;
pub mod event;
#[allow(clippy::disallowed_methods, reason = "the guard of the loop that a thread drives")]
pub mod event_loop;
#[allow(clippy::disallowed_methods, reason = "a value of one process is freed by that process alone")]
pub mod fork;
pub mod identity;
pub mod interrupt;
mod loading;
pub mod loop_guard;
pub mod loop_socket;
#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "lists that live as long as the process, read without a lock")]
mod noted;
pub mod panics;
#[allow(clippy::disallowed_methods, reason = "the one place where a mapping becomes a slice")]
pub mod region;
pub mod signals;
pub mod socket;
pub mod uptime;
pub mod wiping;

/// In a child: closes what the parent's event loops had open, and leaves all else alone.
pub fn close_inherited() {
    #[cfg(unix)]
    descriptors::close_inherited();
}
