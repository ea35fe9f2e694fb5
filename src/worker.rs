//! The one thread of this library: it carries what is not carried by a caller's own thread.
//!
//! It starts with the first that needs it (a queue) and ends with the last. Each process has its own; a forked child
//! leaves its parent's alone and starts another when it needs one.

use crate::error::{Error, ErrorKind, Result};
use crate::host::event_loop::{EventLoop, LoopMarker};
use crate::host::fork::PerProcess;
use crate::host::{close_inherited, signals};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{JoinHandle, ThreadId};
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// A share in the thread; it lives as long as there is one.
pub struct Worker {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
    thread_id: ThreadId,
    end: Arc<Notify>,
}

/// The process's worker, if it runs.
static CURRENT: PerProcess<Mutex<Weak<Worker>>> = PerProcess::new();

/// TLS handshakes and certificate checks go deepest; measured well below half of it in a debug build.
const STACK_BYTES: usize = 1 << 20;

impl Worker {
    /// This process's worker, started where there is none.
    pub fn share() -> Result<Arc<Self>> {
        let current = CURRENT.get_or_make(Mutex::default, |_| close_inherited());
        // Held while a worker starts: two first queues at once start one.
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = current.upgrade() {
            return Ok(worker);
        }
        let worker = Arc::new(
            Self::start()
                .map_err(|e| Error::new(ErrorKind::Internal, format!("cannot start the library's thread: {e}")))?,
        );
        *current = Arc::downgrade(&worker);
        Ok(worker)
    }

    fn start() -> std::io::Result<Self> {
        let event_loop = EventLoop::new(&LoopMarker::new()?)?;
        let handle = event_loop.handle();
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let thread = signals::spawn("wazo-auth", STACK_BYTES, move || event_loop.drive(ended.notified()))?;
        let thread_id = thread.thread().id();
        Ok(Self { handle, thread: Some(thread), thread_id, end })
    }

    /// Runs a task on the thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> tokio::task::AbortHandle {
        self.handle.spawn(task).abort_handle()
    }

    /// Whether the caller is the thread itself (in a callback).
    pub fn is_current(&self) -> bool {
        std::thread::current().id() == self.thread_id
    }
}

impl Drop for Worker {
    /// Ends the thread and waits until it is gone, unless it is the thread itself that lets go last.
    fn drop(&mut self) {
        self.end.notify_one();
        let is_current = self.is_current();
        if let Some(thread) = self.thread.take()
            && !is_current
        {
            // A thread that panicked is gone as well.
            let _ = thread.join();
        }
    }
}
