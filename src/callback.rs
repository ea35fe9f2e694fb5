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
    /// How often another was set.
    number: u64,
    /// The threads that are in a function now, and the number of that function.
    running: Vec<(ThreadId, u64)>,
}

impl<F: ?Sized> Callback<F> {
    /// Without a function.
    pub const fn new() -> Self {
        Self { state: Mutex::new(State { function: None, number: 0, running: Vec::new() }), returned: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the function, and waits until no other thread is in one that was set before.
    pub fn set(&self, function: Option<Arc<F>>) {
        let this_thread = std::thread::current().id();
        let mut state = self.state();
        let before = std::mem::replace(&mut state.function, function);
        state.number += 1;
        let number = state.number;
        // Not for those that are in the new one already: while many threads call it, there is always one.
        while state.running.iter().any(|(thread, of)| *thread != this_thread && *of < number) {
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
        let number = state.number;
        state.running.push((std::thread::current().id(), number));
        drop(state);
        // Also where the function panics: who waits for it must not wait for ever.
        let _ended = Ended(self, number);
        call(&function);
    }
}

impl<F: ?Sized> Default for Callback<F> {
    fn default() -> Self {
        Self::new()
    }
}

struct Ended<'a, F: ?Sized>(&'a Callback<F>, u64);

impl<F: ?Sized> Drop for Ended<'_, F> {
    fn drop(&mut self) {
        let this_call = (std::thread::current().id(), self.1);
        let mut state = self.0.state();
        if let Some(at) = state.running.iter().position(|call| *call == this_call) {
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
    fn who_replaces_a_callback_does_not_wait_for_those_that_are_in_the_new_one() {
        let callback: Arc<Callback<Function>> = Arc::default();
        let (entered, has_entered) = mpsc::sync_channel(0);
        let (leave, may_leave) = mpsc::sync_channel::<()>(0);
        let may_leave = Mutex::new(may_leave);
        let old = Arc::new(move || {
            entered.send(()).unwrap();
            may_leave.lock().unwrap().recv().unwrap();
        });
        callback.set(Some(old));
        let caller = Arc::clone(&callback);
        let in_old = std::thread::spawn(move || caller.call(|function| function()));
        has_entered.recv().unwrap();
        let (new_entered, has_entered_new) = mpsc::sync_channel(0);
        let (leave_new, may_leave_new) = mpsc::sync_channel::<()>(0);
        let may_leave_new = Mutex::new(may_leave_new);
        let new = Arc::new(move || {
            new_entered.send(()).unwrap();
            may_leave_new.lock().unwrap().recv().unwrap();
        });
        let (setter, done) = (Arc::clone(&callback), mpsc::channel());
        let (tell, told) = done;
        let setting = std::thread::spawn(move || {
            setter.set(Some(new));
            tell.send(()).unwrap();
        });
        // It waits for the old one; meanwhile the new one is called already, and stays.
        while callback.state().number < 2 {
            std::thread::yield_now();
        }
        let caller = Arc::clone(&callback);
        let in_new = std::thread::spawn(move || caller.call(|function| function()));
        has_entered_new.recv().unwrap();
        assert!(told.try_recv().is_err(), "one is in the old function");
        leave.send(()).unwrap();
        let is_done = told.recv_timeout(std::time::Duration::from_secs(30)).is_ok();
        leave_new.send(()).unwrap();
        assert!(is_done, "it waits for the new function");
        for thread in [setting, in_old, in_new] {
            thread.join().unwrap();
        }
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
