//! A host's callback: a function that can be replaced or removed at any time, from any thread.
//!
//! When [`Callback::set`] returns, the function that was set before is not running and is never called again, so that the
//! host may free what it uses. The callback itself may set another one, or remove itself.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

/// A place for one function of the host.
pub struct Callback<F: ?Sized> {
    state: Mutex<State<F>>,
    /// Told when a call of the function has returned.
    returned: Condvar,
}

struct State<F: ?Sized> {
    function: Option<Arc<F>>,
    /// The threads that are in the function now.
    running: Vec<ThreadId>,
}

impl<F: ?Sized> Callback<F> {
    /// Without a function.
    pub const fn new() -> Self {
        Self { state: Mutex::new(State { function: None, running: Vec::new() }), returned: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the function, and waits until no other thread is in one that was set before.
    pub fn set(&self, function: Option<Arc<F>>) {
        let this_thread = std::thread::current().id();
        let mut state = self.state();
        let before = std::mem::replace(&mut state.function, function);
        while state.running.iter().any(|thread| *thread != this_thread) {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // Without the lock: what the function owns may do anything when it is dropped.
        drop(before);
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        self.state().function.is_some()
    }

    /// Calls the function, where there is one. No lock is held meanwhile.
    pub fn call(&self, call: impl FnOnce(&F)) {
        let mut state = self.state();
        let Some(function) = state.function.clone() else { return };
        state.running.push(std::thread::current().id());
        drop(state);
        // Also where the function panics: who waits for it must not wait for ever.
        let _ended = Ended(self);
        call(&function);
    }
}

impl<F: ?Sized> Default for Callback<F> {
    fn default() -> Self {
        Self::new()
    }
}

struct Ended<'a, F: ?Sized>(&'a Callback<F>);

impl<F: ?Sized> Drop for Ended<'_, F> {
    fn drop(&mut self) {
        let this_thread = std::thread::current().id();
        let mut state = self.0.state();
        if let Some(at) = state.running.iter().position(|thread| *thread == this_thread) {
            state.running.swap_remove(at);
        }
        drop(state);
        self.0.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    type Function = dyn Fn() + Send + Sync;

    #[test]
    fn when_a_callback_was_replaced_the_one_before_is_not_running() {
        let callback: Arc<Callback<Function>> = Arc::default();
        let (entered, has_entered) = mpsc::sync_channel(0);
        let (leave, may_leave) = mpsc::sync_channel::<()>(0);
        let may_leave = Mutex::new(may_leave);
        let has_left = Arc::new(AtomicBool::new(false));
        let left = Arc::clone(&has_left);
        callback.set(Some(Arc::new(move || {
            entered.send(()).unwrap();
            may_leave.lock().unwrap().recv().unwrap();
            left.store(true, Ordering::SeqCst);
        })));
        let caller = Arc::clone(&callback);
        let calling = std::thread::spawn(move || caller.call(|function| function()));
        has_entered.recv().unwrap();
        let setter = Arc::clone(&callback);
        let setting = std::thread::spawn(move || setter.set(None));
        leave.send(()).unwrap();
        setting.join().unwrap();
        assert!(has_left.load(Ordering::SeqCst));
        calling.join().unwrap();
        callback.call(|_| panic!("it was removed"));
    }

    #[test]
    fn a_callback_may_remove_itself_and_a_panic_in_it_blocks_nobody() {
        let callback: Arc<Callback<Function>> = Arc::default();
        let own = Arc::clone(&callback);
        callback.set(Some(Arc::new(move || own.set(None))));
        callback.call(|function| function());
        callback.call(|_| panic!("it removed itself"));

        callback.set(Some(Arc::new(|| panic!("on purpose"))));
        let caller = Arc::clone(&callback);
        assert!(std::thread::spawn(move || caller.call(|function| function())).join().is_err());
        callback.set(None);
    }
}
