//! The threads of this library: they carry what is not carried by a caller's own thread. There is one, unless a client asks
//! for more (`io_threads`).
//!
//! A thread starts with the first that needs it (a queue) and ends with the last. Each process has its own; a forked child
//! leaves its parent's alone and starts others when it needs them.
//!
//! Work comes by an inbox: who brings some wakes the thread only if nobody has since it looked last. A thousand calls that
//! are submitted at once cost one system call and not a thousand.

use crate::error::{Error, ErrorKind, Result};
use crate::host::event_loop::{EventLoop, LoopMarker};
use crate::host::fork::{PerProcess, generation};
use crate::host::{close_inherited, signals};
use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use tokio::sync::Notify;

/// A piece of work.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A share in a thread; it lives as long as there is one.
pub struct Worker {
    tasks: Tasks,
    thread: Option<JoinHandle<()>>,
}

/// Brings work to a thread, as long as it lives.
#[derive(Clone)]
pub struct Tasks(Arc<Inbox>);

/// What other threads bring.
#[derive(Default)]
struct Inbox {
    tasks: Mutex<Vec<Task>>,
    /// Whether the thread has been woken since it looked last.
    is_signalled: AtomicBool,
    signal: Notify,
    has_ended: AtomicBool,
}

/// The process's workers, by their numbers; those that run.
static CURRENT: PerProcess<Mutex<Vec<Weak<Worker>>>> = PerProcess::new();

thread_local! {
    /// The inbox of this thread and the process that it is a worker of; null where it is none. (A callback may fork: the
    /// child's thread is a copy of the worker, and carries no work.)
    static INBOX: Cell<(*const Inbox, u64)> = const { Cell::new((std::ptr::null(), 0)) };
}

/// TLS handshakes and certificate checks go deepest; measured well below half of it in a debug build.
const STACK_BYTES: usize = 1 << 20;

/// Whether the caller is a thread of this library (in a callback).
pub fn is_inside_worker() -> bool {
    let (inbox, process) = INBOX.get();
    !inbox.is_null() && process == generation()
}

impl Worker {
    /// This process's worker of this number, started where there is none.
    pub fn share(number: usize) -> Result<Arc<Self>> {
        let current = CURRENT.get_or_make(Mutex::default, |_| close_inherited());
        // Held while a worker starts: two first queues at once start one.
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = current.get(number).and_then(Weak::upgrade) {
            return Ok(worker);
        }
        let worker = Arc::new(
            Self::start(number)
                .map_err(|e| Error::new(ErrorKind::Internal, format!("cannot start the library's thread: {e}")))?,
        );
        if current.len() <= number {
            current.resize(number + 1, Weak::new());
        }
        current[number] = Arc::downgrade(&worker);
        Ok(worker)
    }

    fn start(number: usize) -> std::io::Result<Self> {
        let event_loop = EventLoop::new(&LoopMarker::new()?)?;
        let inbox = Arc::new(Inbox::default());
        let of_thread = Arc::clone(&inbox);
        let work = move || {
            INBOX.set((Arc::as_ptr(&of_thread), generation()));
            event_loop.drive(of_thread.run());
        };
        // As a debugger shows it; 15 characters at most.
        let name = if number == 0 { "wazo-auth".to_owned() } else { format!("wazo-io-{}", number + 1) };
        let thread = signals::spawn(&name, STACK_BYTES, work)?;
        Ok(Self { tasks: Tasks(inbox), thread: Some(thread) })
    }

    /// Runs a task on the thread.
    pub fn spawn(&self, task: Task) {
        self.tasks.spawn(task);
    }

    /// What brings tasks to the thread without keeping it alive.
    pub fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }
}

impl Tasks {
    /// Runs a task on the thread. Where that has ended, the task is dropped, now or with the inbox.
    pub fn spawn(&self, task: Task) {
        let is_own = std::ptr::eq(INBOX.get().0, Arc::as_ptr(&self.0)) && is_inside_worker();
        if is_own && !self.0.has_ended.load(Ordering::Acquire) {
            tokio::spawn(task);
        } else {
            self.0.tasks().push(task);
            self.0.signal();
        }
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
    /// Ends the thread and waits until it is gone, unless it is a thread of this library that lets go last: it may be the
    /// one that would be waited for, or the one that that one waits for.
    fn drop(&mut self) {
        let inbox = &self.tasks.0;
        inbox.has_ended.store(true, Ordering::Release);
        inbox.signal();
        // It may have been signalled just before, and read the flag before that.
        inbox.signal.notify_one();
        if let Some(thread) = self.thread.take()
            && !is_inside_worker()
        {
            // A thread that panicked is gone as well.
            let _ = thread.join();
        }
    }
}
