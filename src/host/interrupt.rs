//! Asking the host, while a blocking call of one of its threads waits, whether the call may go on.
//!
//! A language's runtime has signals to look at, and a telephony host a caller who may have hung up. Such a thread has a
//! *check*: it is called on that thread and between two polls of the call's future, never inside of one, so that it may
//! make blocking calls itself. When it says no, the call sees [`is_over`] wherever it looks for its cancellations.
//!
//! All of it belongs to one thread; a thread without a check reads one thread-local variable.

use crate::clock::now;
use std::cell::Cell;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// The host's function: true to go on.
pub type Check = unsafe extern "C" fn(data: *mut c_void) -> bool;

/// How long a call waits at most between two questions, and before the first.
pub const INTERVAL: Duration = Duration::from_millis(50);

#[derive(Clone, Copy)]
struct State {
    check: Option<(Check, *mut c_void)>,
    /// A call of this thread runs, and the check is asked for it: at this moment.
    next: Option<Instant>,
    /// The check has said no to the call that runs.
    is_over: bool,
    /// The check runs. Calls that it makes are not asked for.
    is_asking: bool,
}

// Without a destructor: a thread of the host may outlive this library.
thread_local! {
    static STATE: Cell<State> = const {
        Cell::new(State { check: None, next: None, is_over: false, is_asking: false })
    };
}

/// Sets the check of this thread, or removes it. It may be called by the check itself.
///
/// # Safety
/// The function may be called with `data`, on this thread, until another one is set; it does not unwind.
pub unsafe fn set(check: Option<Check>, data: *mut c_void) {
    STATE.set(State { check: check.map(|check| (check, data)), ..STATE.get() });
}

/// Whether the check has said that the call which runs on this thread is to end.
pub fn is_over() -> bool {
    let State { is_over, is_asking, .. } = STATE.get();
    is_over && !is_asking
}

/// A blocking call of this thread, until dropped. One that begins inside of another is a part of it.
#[must_use]
pub struct Watch {
    /// There is a check to ask. Known when it begins, so that other calls read nothing more.
    is_active: bool,
    is_outermost: bool,
    /// It stays on its thread.
    _of_thread: PhantomData<*const ()>,
}

impl Watch {
    /// Begins it.
    pub fn begin() -> Self {
        let state = STATE.get();
        let is_active = state.check.is_some() && !state.is_asking;
        let is_outermost = is_active && state.next.is_none();
        if is_outermost {
            STATE.set(State { next: Some(now() + INTERVAL), ..state });
        }
        Self { is_active, is_outermost, _of_thread: PhantomData }
    }

    /// When the check is to be asked; `None` where there is none (any more), and where it has said no.
    pub fn next(&self) -> Option<Instant> {
        if !self.is_active {
            return None;
        }
        let State { check, next, is_over, .. } = STATE.get();
        next.filter(|_| check.is_some() && !is_over)
    }

    /// How long that is from now.
    pub fn left(&self) -> Option<Duration> {
        self.next().map(|next| next.saturating_duration_since(now()))
    }

    /// Asks the check, where its moment or a signal has come. Nothing of the call may be locked or borrowed.
    pub fn ask(&self, is_signal: bool) {
        if !self.next().is_some_and(|next| is_signal || now() >= next) {
            return;
        }
        let Some((check, data)) = STATE.get().check else { return };
        STATE.set(State { is_asking: true, ..STATE.get() });
        // SAFETY: the promise of `set`, on whose thread this is.
        let goes_on = unsafe { check(data) };
        // What the check has set is kept.
        STATE.set(State { next: Some(now() + INTERVAL), is_over: !goes_on, is_asking: false, ..STATE.get() });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.is_outermost {
            STATE.set(State { next: None, is_over: false, ..STATE.get() });
        }
    }
}

#[cfg(test)]
#[path = "interrupt_tests.rs"]
mod tests;
