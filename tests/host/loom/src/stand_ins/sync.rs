//! std's synchronization: loom's, but for the counts of `Arc`, which loom has without weak ones; and what other libraries
//! add to it.

pub use loom::sync::{Condvar, Mutex, MutexGuard, atomic};
pub use std::sync::{Arc, PoisonError, Weak};

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// tokio's, with one waiter for [`Notify::notify_one`].
#[derive(Default)]
pub struct Notify(Mutex<Notified>);

#[derive(Default)]
struct Notified {
    has_permit: bool,
    round: u64,
    wakers: Vec<Waker>,
}

pub struct Waiting<'a>(&'a Notify, u64);

impl Notify {
    pub fn new() -> Self {
        Self::default()
    }

    fn notify(&self, change: impl FnOnce(&mut Notified)) {
        let mut state = self.0.lock().unwrap();
        change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub fn notify_one(&self) {
        self.notify(|state| state.has_permit = true);
    }

    /// Wakes those who have called [`Notify::notified`], whether they have been polled or not.
    pub fn notify_waiters(&self) {
        self.notify(|state| state.round += 1);
    }

    pub fn notified(&self) -> Waiting<'_> {
        let round = self.0.lock().unwrap().round;
        Waiting(self, round)
    }
}

impl Waiting<'_> {
    pub fn enable(self: Pin<&mut Self>) -> bool {
        false
    }
}

impl Future for Waiting<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.0.lock().unwrap();
        if state.round != self.1 || std::mem::take(&mut state.has_permit) {
            return Poll::Ready(());
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }
}

/// arc-swap's: a whole value is read or swapped, in one order for all.
pub struct ArcSwapOption<T>(Mutex<Option<Arc<T>>>);

pub struct Loaded<T>(Option<Arc<T>>);

impl<T> std::ops::Deref for Loaded<T> {
    type Target = Option<Arc<T>>;

    fn deref(&self) -> &Option<Arc<T>> {
        &self.0
    }
}

impl<T> ArcSwapOption<T> {
    pub fn new(value: Option<Arc<T>>) -> Self {
        Self(Mutex::new(value))
    }

    pub fn empty() -> Self {
        Self::new(None)
    }

    pub fn load(&self) -> Loaded<T> {
        Loaded(self.load_full())
    }

    pub fn load_full(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap().clone()
    }

    pub fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
        std::mem::replace(&mut *self.0.lock().unwrap(), value)
    }

    pub fn store(&self, value: Option<Arc<T>>) {
        drop(self.swap(value));
    }
}
