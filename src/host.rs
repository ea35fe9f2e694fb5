//! Being a guest: what a library must know of the process that it lives in.
//!
//! Everything of the platform is here, and with it the `unsafe` outside of `src/ffi`: telling a forked child from its
//! parent ([`fork`]), event loops and the sockets that a child inherits from them ([`event_loop`], [`descriptors`]), the
//! descriptor for the host's own loop ([`event`]), signals ([`signals`]), what holds while a thread is inside the library
//! ([`entry`]), and the system's certificate authorities ([`certificates`]). Other rooms use the safe functions alone and
//! have no `cfg` for a platform.

pub mod certificates;
#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "a list that lives as long as the process, read without a lock")]
mod descriptors;
pub mod entry;
pub mod event;
pub mod event_loop;
#[allow(clippy::disallowed_methods, reason = "a value of one process is freed by that process alone")]
pub mod fork;
pub mod signals;

/// In a child: closes what the parent's event loops had open, and leaves all else alone.
pub fn close_inherited() {
    #[cfg(unix)]
    descriptors::close_inherited();
}
