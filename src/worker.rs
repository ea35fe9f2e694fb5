//! The one thread of this library: it carries what is not carried by a caller's own thread.
//!
//! It starts with the first that needs it (a queue) and ends with the last. Each process has its own; a forked child
//! leaves its parent's alone and starts another when it needs one.
//!
//! Work comes by an inbox: who brings some wakes the thread only if nobody has since it looked last. A thousand calls that
//! are submitted at once cost one system call and not a thousand.

use crate::error::{Error, ErrorKind, Result};
use crate::host::event_loop::{EventLoop, LoopMarker};
use crate::host::fork::PerProcess;
use crate::host::{close_inherited, signals};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{JoinHandle, ThreadId};
use tokio::sync::Notify;

/// A piece of work.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A share in the thread; it lives as long as there is one.
pub struct Worker {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
    thread_id: ThreadId,
}

/// What other threads bring.
#[derive(Default)]
struct Inbox {
    tasks: Mutex<Vec<Task>>,
    /// Whether the thread has been woken since it looked last.
    is_signalled: AtomicBool,
    signal: Notify,
    has_ended: AtomicBool,
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
        let inbox = Arc::new(Inbox::default());
        let of_thread = Arc::clone(&inbox);
        let thread = signals::spawn("wazo-auth", STACK_BYTES, move || event_loop.drive(of_thread.run()))?;
        let thread_id = thread.thread().id();
        Ok(Self { inbox, thread: Some(thread), thread_id })
    }

    /// Runs a task on the thread.
    pub fn spawn(&self, task: Task) {
        if self.is_current() {
            tokio::spawn(task);
        } else {
            self.inbox.tasks().push(task);
            self.inbox.signal();
        }
    }

    /// Whether the caller is the thread itself (in a callback).
    pub fn is_current(&self) -> bool {
        std::thread::current().id() == self.thread_id
    }
}

impl Inbox {
    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self) {
        if !self.is_signalled.swap(true, Ordering::AcqRel) {
            self.signal.notify_one();
        }
    }

    /// The work of the thread: starts what is brought, until the worker ends.
    async fn run(&self) {
        while !self.has_ended.load(Ordering::Acquire) {
            self.signal.notified().await;
            // Before the tasks are taken: what comes afterwards signals again.
            self.is_signalled.store(false, Ordering::Release);
            let tasks = std::mem::take(&mut *self.tasks());
            for task in tasks {
                tokio::spawn(task);
            }
        }
    }
}

impl Drop for Worker {
    /// Ends the thread and waits until it is gone, unless it is the thread itself that lets go last.
    fn drop(&mut self) {
        self.inbox.has_ended.store(true, Ordering::Release);
        self.inbox.signal();
        // It may have been signalled just before, and read the flag before that.
        self.inbox.signal.notify_one();
        let is_current = self.is_current();
        if let Some(thread) = self.thread.take()
            && !is_current
        {
            // A thread that panicked is gone as well.
            let _ = thread.join();
        }
    }
}
