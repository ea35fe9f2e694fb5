//! What a panic says goes into the error that it becomes, and nowhere else.
//!
//! Rust's own hook prints it to descriptor 2, which may be any file of the host's by now. The C library has a Rust of its
//! own, so its hook is nobody else's; a Rust program keeps its hook.

use std::sync::{Mutex, Once, PoisonError};

static QUIET: Once = Once::new();

/// What the last panic said.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From now on nothing is printed. For who comes by the C library alone; it costs one load after the first time.
pub fn keep_quiet() {
    // A test of this crate prints why it fails.
    if !cfg!(test) {
        QUIET.call_once(|| {
            std::panic::set_hook(Box::new(|panic| {
                let payload = panic.payload();
                let text = payload.downcast_ref::<&str>().copied();
                let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                let what = text.unwrap_or("of an unknown kind");
                let text = panic.location().map_or_else(|| what.to_owned(), |at| format!("{what} ({at})"));
                // One that panics meanwhile has its text as the payload still.
                if let Ok(mut last) = LAST.try_lock() {
                    *last = Some(text);
                }
            }));
        });
    }
}

/// What the last panic said, and where, if it is known.
pub fn last() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
