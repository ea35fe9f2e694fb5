//! The threads of this library: they carry what is not carried by a caller's own thread. There is one, unless a client asks
//! for more (`io_threads`).
//!
//! A thread starts with the first that needs it (a queue) and ends with the last. Each process has its own; a forked child
//! leaves its parent's alone and starts others when it needs them.
//!
//! Work comes by an inbox: who brings some wakes the thread only if nobody has since it looked last. A thousand calls that
//! are submitted at once cost one system call and not a thousand.

use crate::error::{Error, ErrorKind, Result};
use crate::host::event_loop::{EventLoop, guarded};
use crate::host::fork::{PerProcess, generation};
use crate::host::loop_guard::Guard;
use crate::host::{close_inherited, signals};
use arc_swap::ArcSwap;
use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;

/// A piece of work.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A share in a thread; it lives as long as there is one.
///
/// The host may close the descriptors of the thread's event loop. Then another thread takes its place, under the same
/// handle: what it had not begun goes on there, what it had begun has no end, and who has [`Worker::tell_of_loss`] is told.
pub struct Worker {
    number: usize,
    tasks: Tasks,
    /// Held while one takes the place of another.
    thread: Mutex<Option<JoinHandle<()>>>,
    concerned: Mutex<Vec<Weak<dyn Concerned>>>,
}

/// Who has work on a thread, and must know when it is lost.
pub trait Concerned: Send + Sync {
    /// What the worker had begun will not end. It may be told on any thread, and is called without a lock.
    fn is_bereft(self: Arc<Self>, worker: &Worker);
}

/// Brings work to a thread, as long as it lives.
#[derive(Clone)]
pub struct Tasks(Arc<Inbox>);

/// What other threads bring.
struct Inbox {
    tasks: Mutex<Vec<Task>>,
    /// Whether the thread has been woken since it looked last.
    is_signalled: AtomicBool,
    has_ended: AtomicBool,
    life: ArcSwap<Life>,
}

/// A thread and its loop: one after the other, should they be lost.
struct Life {
    guard: Arc<Guard>,
    signal: Notify,
    /// Told when it is lost.
    lost: Notify,
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

/// How often a thread looks whether it still has its descriptors, when nothing else wakes it: one whose loop was closed
/// cannot be woken, and must not wait for ever.
const LOOK_INTERVAL: Duration = Duration::from_secs(15);

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
        let worker = Self::start(number).map_err(|e| cannot_start(&e))?;
        if current.len() <= number {
            current.resize(number + 1, Weak::new());
        }
        current[number] = Arc::downgrade(&worker);
        Ok(worker)
    }

    fn start(number: usize) -> std::io::Result<Arc<Self>> {
        let event_loop = EventLoop::new()?;
        let life = Arc::new(Life::of(&event_loop));
        let inbox = Arc::new(Inbox {
            tasks: Mutex::default(),
            is_signalled: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            life: ArcSwap::new(Arc::clone(&life)),
        });
        let worker =
            Arc::new(Self { number, tasks: Tasks(inbox), thread: Mutex::default(), concerned: Mutex::default() });
        let thread = worker.begin(event_loop, life)?;
        *worker.thread() = Some(thread);
        Ok(worker)
    }

    /// Begins a life: starts the thread.
    fn begin(self: &Arc<Self>, event_loop: EventLoop, life: Arc<Life>) -> std::io::Result<JoinHandle<()>> {
        let (inbox, worker) = (Arc::clone(&self.tasks.0), Arc::downgrade(self));
        let work = move || {
            INBOX.set((Arc::as_ptr(&inbox), generation()));
            let mut run = Box::pin(inbox.run(Arc::clone(&life)));
            if event_loop.drive(run.as_mut()).is_ok() {
                return;
            }
            // Its wakers are in lists of others.
            std::mem::forget(run);
            drop(event_loop);
            // This thread carries nothing any more.
            INBOX.set((std::ptr::null(), 0));
            if let Some(worker) = worker.upgrade() {
                // Whoever needs it next tries again.
                let _ = worker.replace(&life);
            }
        };
        // As a debugger shows it; 15 characters at most.
        let name = if self.number == 0 { "wazo-auth".to_owned() } else { format!("wazo-io-{}", self.number + 1) };
        signals::spawn(&name, STACK_BYTES, work)
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number that it is shared by.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Looks whether the host has closed what the thread needs; if so, another one takes its place.
    pub fn look(self: &Arc<Self>) -> Result<()> {
        self.replace_if(Guard::is_lost)
    }

    /// The same where that has been found out already, as it is when the thread could not be woken: without a system call.
    pub fn replace_lost(self: &Arc<Self>) -> Result<()> {
        self.replace_if(Guard::is_known_lost)
    }

    fn replace_if(self: &Arc<Self>, is_lost: impl FnOnce(&Guard) -> bool) -> Result<()> {
        let life = self.tasks.0.life.load();
        // The thread itself has looked.
        if is_inside_worker() || !is_lost(&life.guard) {
            return Ok(());
        }
        self.replace(&life).map_err(|e| cannot_start(&e))
    }

    /// Tells it when the thread is lost, as long as it lives.
    pub fn tell_of_loss(&self, concerned: &Arc<impl Concerned + 'static>) {
        let weak: Weak<dyn Concerned> = Arc::downgrade(concerned) as Weak<dyn Concerned>;
        let mut all = self.concerned.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(weak);
    }

    /// Begins another life in the place of one that was lost.
    fn replace(self: &Arc<Self>, lost: &Arc<Life>) -> std::io::Result<()> {
        let inbox = &self.tasks.0;
        {
            let mut thread = self.thread();
            if !Arc::ptr_eq(&inbox.life.load(), lost) || inbox.has_ended.load(Ordering::Acquire) {
                return Ok(());
            }
            let event_loop = EventLoop::new()?;
            let life = Arc::new(Life::of(&event_loop));
            let fresh = self.begin(event_loop, Arc::clone(&life))?;
            inbox.life.store(life);
            // The one before may wait for ever. It touches nothing when it wakes.
            *thread = Some(fresh);
        }
        // What it was told before its loss and had not begun.
        inbox.is_signalled.store(false, Ordering::Release);
        inbox.signal();
        let all: Vec<_> = {
            let concerned = self.concerned.lock().unwrap_or_else(PoisonError::into_inner);
            concerned.iter().filter_map(Weak::upgrade).collect()
        };
        for one in all {
            one.is_bereft(self);
        }
        lost.lost.notify_waiters();
        Ok(())
    }

    /// What returns when the thread that runs now is lost.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + 'static {
        let (inbox, life) = (Arc::clone(&self.tasks.0), self.tasks.0.life.load_full());
        async move {
            let lost = life.lost.notified();
            // Another may have taken its place before this was polled.
            if Arc::ptr_eq(&inbox.life.load(), &life) {
                lost.await;
            }
        }
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

fn cannot_start(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot start the library's thread: {error}"))
}

impl Life {
    fn of(event_loop: &EventLoop) -> Self {
        Self { guard: Arc::clone(event_loop.guard()), signal: Notify::new(), lost: Notify::new() }
    }
}

impl Tasks {
    /// Runs a task on the thread. Where that has ended, the task is dropped, now or with the inbox.
    pub fn spawn(&self, task: Task) {
        let is_own = std::ptr::eq(INBOX.get().0, Arc::as_ptr(&self.0)) && is_inside_worker();
        if is_own && !self.0.has_ended.load(Ordering::Acquire) {
            tokio::spawn(guarded(&self.0.life.load().guard, task));
        } else {
            self.0.tasks().push(task);
            if self.0.has_ended.load(Ordering::Acquire) { self.0.drop_rest() } else { self.0.signal() }
        }
    }
}

impl Inbox {
    fn tasks(&self) -> MutexGuard<'_, Vec<Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what will not be begun any more: tasks hold the inbox that holds them.
    fn drop_rest(&self) {
        let rest = std::mem::take(&mut *self.tasks());
        // Without the lock: what is dropped may bring another.
        drop(rest);
    }

    fn signal(&self) {
        if !self.is_signalled.swap(true, Ordering::AcqRel) {
            self.life.load().signal.notify_one();
        }
    }

    /// The work of the thread: starts what is brought, until the worker ends.
    async fn run(&self, life: Arc<Life>) {
        tokio::spawn(async {
            loop {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        });
        while !self.has_ended.load(Ordering::Acquire) {
            life.signal.notified().await;
            // Before the tasks are taken: what comes afterwards signals again.
            self.is_signalled.store(false, Ordering::Release);
            let tasks = std::mem::take(&mut *self.tasks());
            for task in tasks {
                tokio::spawn(guarded(&life.guard, task));
            }
        }
    }
}

impl Drop for Worker {
    /// Ends the thread and waits until it is gone, unless it is a thread of this library that lets go last: it may be the
    /// one that would be waited for, or the one that that one waits for. One that the host has closed is left to itself.
    fn drop(&mut self) {
        let inbox = &self.tasks.0;
        let life = inbox.life.load();
        // Asked first: the thread closes the loop's descriptors itself as soon as it is told to end.
        let is_lost = life.guard.is_lost();
        inbox.has_ended.store(true, Ordering::Release);
        inbox.signal();
        // It may have been signalled just before, and read the flag before that.
        life.signal.notify_one();
        let thread = self.thread().take();
        if let Some(thread) = thread
            && !is_inside_worker()
            && !is_lost
        {
            // A thread that panicked is gone as well.
            let _ = thread.join();
        }
        inbox.drop_rest();
    }
}
