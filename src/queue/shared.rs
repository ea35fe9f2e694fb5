//! What a queue and the tasks of its calls share: the calls in flight, the completions that wait, and whom to tell.

use crate::callback::Callback;
use crate::cancellation::Cancellation;
use crate::client::Outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::host::event::{Descriptor, Event};
use crate::host::fork::generation;
use crate::host::panics;
use crate::worker::{Concerned, Tasks, Worker};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

/// What a call came to.
pub struct Completion {
    /// The call, by the number that submitting it returned.
    pub id: u64,
    /// What the caller gave along with it.
    pub user_data: usize,
    /// Its result.
    pub outcome: Result<Outcome>,
}

/// Called on the library's thread when a completion comes to an empty queue.
pub type WakeUp = dyn Fn() + Send + Sync;

/// A call in flight, or ended and not taken.
#[derive(Default)]
pub struct Slot {
    /// 0 where it is free.
    pub id: AtomicU64,
    user_data: AtomicUsize,
    generation: AtomicU64,
    /// A thread has begun with it.
    has_begun: AtomicBool,
}

/// A call in flight.
pub struct Running {
    pub cancellation: Cancellation,
    slot: usize,
    is_safe: bool,
    io_thread: usize,
}

/// What a queue and the tasks of its calls share.
pub struct Shared {
    pub slots: Arc<[Slot]>,
    pub inner: Mutex<Inner>,
    pub arrived: Condvar,
    pub wake_up: Callback<WakeUp>,
}

#[allow(clippy::struct_excessive_bools, reason = "four facts that change apart from each other")]
pub struct Inner {
    pub event: Event,
    pub free: Vec<usize>,
    pub running: HashMap<u64, Running>,
    pub ended: VecDeque<(usize, Completion)>,
    /// No more calls are taken.
    pub is_closed: bool,
    /// No more completions are taken.
    pub is_gone: bool,
    /// A task is on its way to tell that completions have come.
    pub is_telling: bool,
    /// The descriptor is readable.
    pub is_readable: bool,
}

impl Shared {
    pub fn new(slots: Arc<[Slot]>) -> std::io::Result<Self> {
        let mut inner = Inner {
            event: Event::new()?,
            free: Vec::with_capacity(slots.len()),
            running: HashMap::new(),
            ended: VecDeque::new(),
            is_closed: false,
            is_gone: false,
            is_telling: false,
            is_readable: false,
        };
        for (index, slot) in slots.iter().enumerate().rev() {
            let id = slot.id.load(Ordering::Acquire);
            if id != 0 && slot.generation.load(Ordering::Acquire) != generation() {
                inner.ended.push_front((index, closed(id, slot.user_data.load(Ordering::Acquire))));
            } else {
                inner.free.push(index);
            }
        }
        inner.ended.make_contiguous().sort_by_key(|(_, completion)| completion.id);
        if !inner.ended.is_empty() {
            inner.is_readable = true;
            inner.event.set();
        }
        Ok(Self { slots, inner: Mutex::new(inner), arrived: Condvar::new(), wake_up: Callback::new() })
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot for a call; `None` where the queue is full.
    pub fn enter(
        &self,
        id: u64,
        user_data: usize,
        is_safe: bool,
        cancellation: Cancellation,
        io_thread: usize,
    ) -> Result<Option<usize>> {
        let mut inner = self.lock();
        if inner.is_closed {
            return Err(Error::new(ErrorKind::Closed, "the queue is closed and accepts no calls; use another queue"));
        }
        let Some(index) = inner.free.pop() else { return Ok(None) };
        let slot = &self.slots[index];
        slot.user_data.store(user_data, Ordering::Relaxed);
        slot.generation.store(generation(), Ordering::Relaxed);
        slot.has_begun.store(false, Ordering::Relaxed);
        slot.id.store(id, Ordering::Release);
        inner.running.insert(id, Running { cancellation, slot: index, is_safe, io_thread });
        Ok(Some(index))
    }

    /// The descriptor, made anew where the host has closed it.
    pub fn descriptor(&self) -> std::io::Result<Option<Descriptor>> {
        let mut inner = self.lock();
        if !inner.event.is_there() {
            inner.event = Event::new()?;
            if inner.is_readable {
                inner.event.set();
            }
        }
        Ok(inner.event.descriptor())
    }

    pub fn release(&self, inner: &mut Inner, index: usize) {
        self.slots[index].id.store(0, Ordering::Release);
        inner.free.push(index);
    }

    /// Puts a completion into the queue; true where whoever waits is to be told by [`Shared::tell`].
    pub fn deliver(&self, slot: usize, completion: Completion) -> bool {
        let mut inner = self.lock();
        // One that was told as lost already has ended.
        if inner.running.remove(&completion.id).is_none() || inner.is_gone {
            return false;
        }
        inner.ended.push_back((slot, completion));
        !std::mem::replace(&mut inner.is_telling, true)
    }

    /// Tells whoever waits that completions have come, once for all that came together. True where the wake-up function is
    /// to be called.
    pub fn tell(&self) -> bool {
        let mut inner = self.lock();
        inner.is_telling = false;
        // Only a queue that was empty has anybody to tell: the descriptor of another is readable already.
        let is_news = !inner.ended.is_empty() && !inner.is_readable;
        if is_news {
            inner.is_readable = true;
            // Where the host has closed it, it is made anew when the host asks for it.
            inner.event.set();
        }
        drop(inner);
        self.arrived.notify_all();
        is_news
    }
}

impl Concerned for Shared {
    /// Ends what the thread had begun, which has no end any more, and tells of it: who was to tell may be lost as well.
    fn is_bereft(self: Arc<Self>, worker: &Worker) {
        let mut inner = self.lock();
        let has_begun = |running: &Running| self.slots[running.slot].has_begun.load(Ordering::Acquire);
        let is_lost = |_: &u64, running: &mut Running| running.io_thread == worker.number() && has_begun(running);
        let mut lost: Vec<_> = inner.running.extract_if(is_lost).collect();
        lost.sort_by_key(|(id, _)| *id);
        for (id, running) in lost {
            let user_data = self.slots[running.slot].user_data.load(Ordering::Acquire);
            let message = "the program closed a file descriptor of the library, which ended the call";
            let mut error = Error::new(ErrorKind::Internal, message);
            error.in_doubt = !running.is_safe;
            if !inner.is_gone {
                inner.ended.push_back((running.slot, Completion { id, user_data, outcome: Err(error) }));
            }
        }
        let has_any = !inner.ended.is_empty();
        drop(inner);
        self.tell();
        if has_any && worker.number() == 0 {
            wake(&self, worker);
        }
    }
}

/// Has the library's thread call the wake-up function.
pub fn wake(shared: &Arc<Shared>, worker: &Worker) {
    if !shared.wake_up.is_set() {
        return;
    }
    let shared = Arc::downgrade(shared);
    worker.spawn(Box::pin(async move {
        if let Some(shared) = shared.upgrade() {
            shared.wake_up.call(|wake_up| wake_up());
        }
    }));
}

fn closed(id: u64, user_data: usize) -> Completion {
    let message =
        "the call belongs to the parent process, where it continues; submit it again in this process if needed";
    Completion { id, user_data, outcome: Err(Error::new(ErrorKind::Closed, message)) }
}

/// Brings a completion into its queue, however the call's task ends.
pub struct Delivery {
    pub shared: Weak<Shared>,
    pub tasks: Tasks,
    pub slot: usize,
    pub id: u64,
    pub user_data: usize,
    pub is_safe: bool,
    pub outcome: Option<Result<Outcome>>,
}

impl Delivery {
    /// Notes that a thread has begun: should that be lost, the call is not made by the next one.
    pub fn begin(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.slots[self.slot].has_begun.store(true, Ordering::Release);
        }
    }

    pub fn bring(mut self, outcome: Result<Outcome>) {
        self.outcome = Some(outcome);
    }

    /// Somebody else has brought it.
    pub fn done(mut self) {
        self.shared = Weak::new();
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // A queue that is gone asks for nothing.
        let Some(shared) = self.shared.upgrade() else { return };
        // Without an outcome the task was ended by a panic, or by the end of the queue, which takes no more completions.
        let outcome = self.outcome.take().unwrap_or_else(|| {
            let what = panics::last().map(|what| format!(": {what}")).unwrap_or_default();
            let message = format!("a fault of this library ended the call, please report it{what}");
            let mut error = Error::new(ErrorKind::Internal, message);
            error.in_doubt = !self.is_safe;
            Err(error)
        });
        if shared.deliver(self.slot, Completion { id: self.id, user_data: self.user_data, outcome }) {
            // By a task, which runs after those that are ready now: what ends together is told together.
            self.tasks.spawn(Box::pin(async move {
                if shared.tell() {
                    shared.wake_up.call(|wake_up| wake_up());
                }
            }));
        }
    }
}
