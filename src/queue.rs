//! Calls in flight and their completions, for hosts that have an event loop of their own.
//!
//! Submitting a call never waits: it is carried by the library's thread (`crate::worker`). When it ends, its
//! completion is put into the queue, in the order in which calls end, and the queue's descriptor becomes readable.
//!
//! A queue holds at most as many calls as its limit, from submitting until the completion is taken. Each has a slot that
//! can be read without a lock, so that a forked child can say of every call of its parent, which it will never see the
//! end of, that it is closed.

mod shared;

use crate::cancellation::Cancellation;
use crate::client::{Arguments, Client, Outcome, PendingCall, operation};
use crate::clock::{self, Deadline, Uptime as _};
use crate::error::{Error, ErrorKind, Result};
use crate::host::event::Descriptor;
use crate::host::fork::PerProcess;
use crate::host::uptime::SystemUptime;
use crate::log::{Level, event, log, wants};
use crate::operations::{self, Method, Operation};
use crate::worker::{Worker, is_inside_worker};
use shared::{Delivery, Shared, Slot, wake};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use shared::{Completion, WakeUp};

/// A queue of calls. Any number of threads may submit to it and take from it.
pub struct Queue {
    slots: Arc<[Slot]>,
    next_id: AtomicU64,
    /// Calls refused as it was full, since that was logged, and when that was.
    refused: AtomicU64,
    logged_full_ms: AtomicU64,
    process: PerProcess<State>,
}

/// How often a thread that waits for completions looks whether those who bring them are there still.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What belongs to one process.
struct State {
    shared: Arc<Shared>,
    /// It delivers completions and calls the host.
    worker: Arc<Worker>,
    /// Those of clients with several I/O threads, by their number less one.
    more: Mutex<Vec<Arc<Worker>>>,
}

impl Queue {
    /// How many calls a queue holds unless told otherwise.
    pub const DEFAULT_LIMIT: usize = 1024;

    /// How many it can hold at most; their slots are made at once.
    pub const MAX_LIMIT: usize = 1 << 20;

    /// Makes a queue, and starts the library's thread where it does not run yet.
    pub fn new(limit: usize) -> Result<Self> {
        let limit = if limit == 0 { Self::DEFAULT_LIMIT } else { limit };
        if limit > Self::MAX_LIMIT {
            return Err(Error::invalid(format!(
                "argument limit: {limit} calls; expected {} at most, or 0 for {}",
                Self::MAX_LIMIT,
                Self::DEFAULT_LIMIT
            )));
        }
        let slots = std::iter::repeat_with(Slot::default).take(limit).collect();
        let (refused, logged_full_ms) = (AtomicU64::new(0), AtomicU64::new(0));
        let process = PerProcess::new();
        let queue = Self { slots, next_id: AtomicU64::new(1), refused, logged_full_ms, process };
        queue.state()?;
        Ok(queue)
    }

    /// This process's state. In a child, the calls of its parent are found closed.
    fn state(&self) -> Result<&State> {
        if let Some(state) = self.process.get() {
            return Ok(state);
        }
        let shared = Shared::new(Arc::clone(&self.slots))
            .map_err(|e| Error::new(ErrorKind::Internal, format!("cannot create the queue's file descriptor: {e}")))?;
        let fresh = State { shared: Arc::new(shared), worker: Worker::share(0)?, more: Mutex::default() };
        fresh.worker.tell_of_loss(&fresh.shared);
        Ok(self.process.get_or_make(|| fresh, |_| {}))
    }

    /// The same, with threads that have their descriptors still.
    fn sound_state(&self) -> Result<&State> {
        let state = self.state()?;
        state.look()?;
        Ok(state)
    }

    /// Submits a call by the operation's name. What is wrong with its arguments is said at once; everything else comes with
    /// its completion.
    pub fn submit(&self, client: &Client, name: &str, arguments: &Arguments, user_data: usize) -> Result<u64> {
        self.submit_operation(client, operation(name)?, arguments, user_data)
    }

    /// Submits the question that hosts ask most, `token.check`: whether a token is valid, has the access, and may be used in
    /// the tenant. `None` for an access or a tenant that is not asked about; an empty text is refused.
    pub fn submit_token_check(
        &self,
        client: &Client,
        token: &str,
        required_acl: Option<&str>,
        tenant_uuid: Option<&str>,
        user_data: usize,
    ) -> Result<u64> {
        const CHECK: &Operation = operations::named("token.check");
        let given = [("required_acl", required_acl), ("tenant", tenant_uuid)];
        let arguments = Arguments::new().since(clock::now()).with("token", token);
        let arguments = given.into_iter().fold(arguments, |arguments, (name, text)| match text {
            Some(text) => arguments.with(name, text),
            None => arguments,
        });
        self.submit_operation(client, CHECK, &arguments, user_data)
    }

    /// Submits a call.
    pub fn submit_operation(
        &self,
        client: &Client,
        operation: &'static Operation,
        arguments: &Arguments,
        user_data: usize,
    ) -> Result<u64> {
        self.submit_call(operation.name, client.begin(operation, arguments)?, user_data)
    }

    /// Submits a request that the table does not have: [`Client::request`] on the queue.
    pub fn submit_request(
        &self,
        client: &Client,
        method: Method,
        path: &str,
        arguments: &Arguments,
        user_data: usize,
    ) -> Result<u64> {
        self.submit_call("request", client.begin_request(method, path, arguments)?, user_data)
    }

    fn submit_call(&self, name: &str, call: PendingCall, user_data: usize) -> Result<u64> {
        let cancellation = Cancellation::new();
        let call = call.cancelled_by(cancellation.clone());
        let io_thread = call.io_thread();
        let is_safe = call.is_safe();
        let work = call.run_as_task(io_thread);
        self.submit_work(name, io_thread, is_safe, user_data, cancellation, work)
    }

    /// Submits work of any kind, which `cancellation` ends: it is carried by an I/O thread.
    pub(crate) fn submit_work(
        &self,
        name: &str,
        io_thread: usize,
        is_safe: bool,
        user_data: usize,
        cancellation: Cancellation,
        work: impl Future<Output = Result<Outcome>> + Send + 'static,
    ) -> Result<u64> {
        let state = self.state()?;
        state.start(io_thread)?;
        let delivery = self.enter(state, name, user_data, is_safe, cancellation, io_thread)?;
        let id = delivery.id;
        let task = Box::pin(async move {
            delivery.begin();
            delivery.bring(work.await);
        });
        if io_thread == 0 {
            state.worker.spawn(task);
        } else {
            state.more()[io_thread - 1].spawn(task);
        }
        // Waking the thread has looked at its descriptors. What it has not begun goes on in another one; where none can be
        // started now, whoever looks next tries again. The call is in the queue already, so it is no failure of this.
        let _ = state.replace_lost();
        Ok(id)
    }

    /// Puts a completion into the queue whose outcome is known already. The thread of the library is not waited for.
    pub(crate) fn submit_known(&self, name: &str, user_data: usize, outcome: Outcome) -> Result<u64> {
        let state = self.state()?;
        let delivery = self.enter(state, name, user_data, true, Cancellation::new(), 0)?;
        let id = delivery.id;
        let completion = Completion { id, user_data, outcome: Ok(outcome) };
        if state.shared.deliver(delivery.slot, completion) && state.shared.tell() {
            state.wake();
        }
        delivery.done();
        Ok(id)
    }

    /// Takes a place in the queue.
    fn enter(
        &self,
        state: &State,
        name: &str,
        user_data: usize,
        is_safe: bool,
        cancellation: Cancellation,
        io_thread: usize,
    ) -> Result<Delivery> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let slot = state.shared.enter(id, user_data, is_safe, cancellation, io_thread)?.ok_or_else(|| {
            self.log_full(name);
            let limit = self.slots.len();
            Error::new(
                ErrorKind::Quota,
                format!(
                    "{name}: the queue is full: it holds {limit} calls, in flight or completed; take completions, or \
                     create the queue with a higher limit"
                ),
            )
        })?;
        Ok(Delivery {
            shared: Arc::downgrade(&state.shared),
            tasks: state.worker.tasks(),
            slot,
            id,
            user_data,
            is_safe,
            outcome: None,
        })
    }

    /// Logs that a call was refused; once in a second at most, as a host that submits more comes back at once.
    fn log_full(&self, name: &str) {
        const PAUSE_MS: u64 = 1000;
        self.refused.fetch_add(1, Ordering::Relaxed);
        if !wants(Level::Warning) {
            return;
        }
        let (now_ms, logged_ms) = (SystemUptime.uptime_ms(), self.logged_full_ms.load(Ordering::Relaxed));
        if logged_ms != 0 && now_ms.saturating_sub(logged_ms) < PAUSE_MS {
            return;
        }
        // Of threads that come here together, one logs.
        let marked = self.logged_full_ms.compare_exchange(logged_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        if marked.is_ok() {
            log(Level::Warning, &event::QUEUE_FULL, || {
                let (limit, refused) = (self.slots.len() as u64, self.refused.swap(0, Ordering::Relaxed));
                let message = format!("{name}: the queue is full: it holds {limit} calls; {refused} refused");
                (message, [name.into(), limit.into(), refused.into()])
            });
        }
    }

    /// Takes the completion that has waited longest; waits for one until `timeout`, for ever where there is none. It does
    /// not wait where the queue is closed and nothing is left, nor on a thread of the library (in a wake-up), which would
    /// wait for itself.
    pub fn next(&self, timeout: Option<Duration>) -> Result<Option<Completion>> {
        let state = self.state()?;
        let shared = &state.shared;
        let mut has_looked = false;
        let timeout = if is_inside_worker() { Some(Duration::ZERO) } else { timeout };
        let deadline = Deadline::after(clock::now(), timeout);
        let mut inner = shared.lock();
        loop {
            if let Some((slot, completion)) = inner.ended.pop_front() {
                shared.release(&mut inner, slot);
                if inner.ended.is_empty() && std::mem::take(&mut inner.is_readable) {
                    inner.event.clear();
                }
                return Ok(Some(completion));
            }
            if inner.is_closed && inner.running.is_empty() {
                return Ok(None);
            }
            // Nothing has come: is the thread that would bring it still there?
            if !has_looked && !inner.running.is_empty() {
                has_looked = true;
                drop(inner);
                state.look()?;
                inner = shared.lock();
                continue;
            }
            let left = deadline.left(clock::now());
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            // The thread that would tell of calls may have been closed meanwhile.
            let look = (!inner.running.is_empty()).then_some(LOOK_INTERVAL);
            inner = match [left, look].into_iter().flatten().min() {
                Some(limit) => {
                    let (inner, limit) =
                        shared.arrived.wait_timeout(inner, limit).unwrap_or_else(PoisonError::into_inner);
                    if limit.timed_out() && look.is_some() {
                        drop(inner);
                        state.look()?;
                        shared.lock()
                    } else {
                        inner
                    }
                }
                None => shared.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Ends a call that runs; its completion comes with the kind `cancelled`. False where it has ended already.
    pub fn cancel(&self, id: u64) -> bool {
        let Some(state) = self.process.get() else { return false };
        let inner = state.shared.lock();
        let running = inner.running.get(&id).map(|running| running.cancellation.clone());
        drop(inner);
        running.inspect(Cancellation::cancel).is_some()
    }

    /// Takes no more calls and ends those that run; their completions still come. When none is left, [`Queue::next`] does not
    /// wait any more, in any thread: so those who wait for completions can be told to end.
    pub fn close(&self) -> Result<()> {
        let shared = &self.sound_state()?.shared;
        let mut inner = shared.lock();
        inner.is_closed = true;
        let running: Vec<_> = inner.running.values().map(|running| running.cancellation.clone()).collect();
        drop(inner);
        running.iter().for_each(Cancellation::cancel);
        shared.arrived.notify_all();
        Ok(())
    }

    /// The descriptor that is readable while completions wait; `None` where the platform has none (Windows). Another one
    /// where the host has closed the one before.
    pub fn descriptor(&self) -> Result<Option<Descriptor>> {
        self.sound_state()?
            .shared
            .descriptor()
            .map_err(|e| Error::new(ErrorKind::Internal, format!("cannot create the queue's file descriptor: {e}")))
    }

    /// Sets what is called, on the library's thread, when a completion comes to an empty queue, and at once where some wait
    /// already. It must be short and may not make blocking calls. When this returns, the one before is not running any
    /// more (unless it is the one that calls this).
    pub fn set_wake_up(&self, wake_up: Option<Arc<WakeUp>>) -> Result<()> {
        let state = self.state()?;
        state.shared.wake_up.set(wake_up);
        if !state.shared.lock().ended.is_empty() {
            state.wake();
        }
        Ok(())
    }
}

impl Drop for Queue {
    /// Ends what runs without completions; nothing is called afterwards.
    fn drop(&mut self) {
        if let Some(state) = self.process.get() {
            let running: Vec<_> = {
                let mut inner = state.shared.lock();
                (inner.is_closed, inner.is_gone) = (true, true);
                inner.running.drain().map(|(_, running)| running.cancellation).collect()
            };
            running.iter().for_each(Cancellation::cancel);
            state.shared.wake_up.set(None);
        }
        self.process.end(|_| {});
    }
}

impl State {
    fn more(&self) -> MutexGuard<'_, Vec<Arc<Worker>>> {
        self.more.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the library's thread call the wake-up function.
    fn wake(&self) {
        wake(&self.shared, &self.worker);
    }

    /// Replaces the threads of which it is known that the host has closed their descriptors.
    fn replace_lost(&self) -> Result<()> {
        self.worker.replace_lost()?;
        self.more().iter().try_for_each(Worker::replace_lost)
    }

    /// Replaces the threads whose descriptors the host has closed.
    fn look(&self) -> Result<()> {
        self.worker.look()?;
        self.more().iter().try_for_each(Worker::look)
    }

    /// Starts the I/O threads up to this one where they do not run yet.
    fn start(&self, io_thread: usize) -> Result<()> {
        if io_thread > 0 {
            let mut more = self.more();
            while more.len() < io_thread {
                let next = more.len() + 1;
                let worker = Worker::share(next)?;
                worker.tell_of_loss(&self.shared);
                more.push(worker);
            }
        }
        Ok(())
    }
}
