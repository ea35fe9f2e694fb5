//! Ending calls that run, from another thread.

use crate::host::drive::from_elsewhere;
use crate::host::fork::PerProcess;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Ends any number of calls: those that run with it end at once, those that begin later at their beginning, until it is
/// reset. Clones are the same cancellation.
#[derive(Clone, Default)]
pub struct Cancellation(Arc<State>);

#[derive(Default)]
struct State {
    is_cancelled: AtomicBool,
    /// Whom to wake. Its lock belongs to one process: a child waits on its own.
    waiting: PerProcess<Notify>,
}

impl Cancellation {
    /// Not cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Release);
        self.waiting().notify_waiters();
    }

    /// Lets calls that begin from now on run.
    pub fn reset(&self) {
        self.0.is_cancelled.store(false, Ordering::Release);
    }

    /// Whether it has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Acquire)
    }

    fn waiting(&self) -> &Notify {
        self.0.waiting.get_or_make(Notify::new, |_| {})
    }

    /// Returns when it is cancelled.
    pub(crate) async fn cancelled(&self) {
        let mut notified = std::pin::pin!(self.waiting().notified());
        // Enlisted before the flag is read: a cancellation in between is seen by one of the two.
        notified.as_mut().enable();
        if !self.is_cancelled() {
            from_elsewhere(notified).await;
        }
    }
}

impl std::fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cancellation({})", self.is_cancelled())
    }
}
