//! An event loop of this library: made here, so that each one carries the marker by which a forked child finds what it
//! inherited (`super::descriptors`), and a guard that knows when the host has closed its descriptors
//! ([`super::loop_guard`]). Such a loop is lost: it is never driven, woken or dropped again.

#[cfg(unix)]
use super::descriptors::{Marked, Marker, mark_current_loop};
use super::drive::turn;
use super::loop_guard::Guard;
use arc_swap::ArcSwapOption;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use tokio::runtime::{Builder, Handle, Runtime};

/// The host has closed what the loop needs. What was driven must not be dropped: it would speak to the loop.
#[derive(Debug)]
pub struct Lost;

/// An event loop for one thread. It may be dropped anywhere: the last handle of a client can be dropped by a call of the
/// library's thread, where waiting for a loop to end is not allowed; ours have nothing to wait for.
pub struct EventLoop {
    guard: Arc<Guard>,
    /// There until it is dropped: before the loop, with which it is registered.
    #[cfg(unix)]
    marked: ManuallyDrop<Marked>,
    runtime: ManuallyDrop<Runtime>,
}

thread_local! {
    /// The guard of the loop that this thread drives; null where it drives none. Without a destructor: a thread of the host
    /// may outlive this library.
    static DRIVEN: Cell<*const Guard> = const { Cell::new(std::ptr::null()) };
}

/// The guard of the loop that this thread drives.
pub fn current() -> Option<Arc<Guard>> {
    let guard = DRIVEN.get();
    if guard.is_null() {
        return None;
    }
    // SAFETY: it came from an `Arc` that `EventLoop::drive` keeps alive as long as it is there.
    unsafe {
        Arc::increment_strong_count(guard);
        Some(Arc::from_raw(guard))
    }
}

/// Tells the loop that this thread drives that a connection was made.
pub fn note_connection() {
    if let Some(guard) = current() {
        guard.note_new();
    }
}

impl EventLoop {
    /// Makes a loop.
    pub fn new() -> std::io::Result<Self> {
        let guard = Arc::new(Guard::default());
        let (resting, waking) = (Arc::clone(&guard), Arc::clone(&guard));
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            // Before it waits, and before anything of it runs after a wait. It is no defect, and nothing is printed.
            .on_thread_park(move || {
                if resting.is_deaf() {
                    resume_unwind(Box::new(Lost));
                }
            })
            .on_thread_unpark(move || {
                if waking.is_closed() {
                    resume_unwind(Box::new(Lost));
                }
            })
            .build()?;
        #[cfg(unix)]
        let marked = {
            let _entered = runtime.enter();
            let marker = Arc::new(Marker::new()?);
            mark_current_loop(&marker)?
        };
        #[cfg(target_os = "linux")]
        super::loop_guard::watch(&guard, std::os::fd::AsRawFd::as_raw_fd(&marked));
        Ok(Self {
            guard,
            #[cfg(unix)]
            marked: ManuallyDrop::new(marked),
            runtime: ManuallyDrop::new(runtime),
        })
    }

    /// What knows whether it is lost.
    pub fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// Whether the host has closed what it has, while nobody drove it.
    pub fn is_lost(&self) -> bool {
        self.guard.is_lost_or_robbed()
    }

    /// Drives the loop on this thread until the work is done. Where it is lost, the work must never be dropped.
    pub fn drive<F: Future>(&self, work: Pin<&mut F>) -> Result<F::Output, Lost> {
        if self.is_lost() {
            return Err(Lost);
        }
        let work = pin!(guarded(&self.guard, work));
        let before = DRIVEN.replace(Arc::as_ptr(&self.guard));
        // A panic of the loop's would be followed by another one, when it is dropped on the way.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(work)));
        DRIVEN.set(before);
        match outcome {
            Ok(output) => {
                self.guard.rest();
                Ok(output)
            }
            Err(panic) if panic.is::<Lost>() || self.guard.is_lost() => Err(Lost),
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl Drop for EventLoop {
    /// A lost one is left where it is, and what the host has not closed of it is closed.
    fn drop(&mut self) {
        if self.is_lost() {
            self.guard.close_rest();
            return;
        }
        self.guard.end();
        // SAFETY: dropped here alone, and not used afterwards; in this order.
        unsafe {
            #[cfg(unix)]
            ManuallyDrop::drop(&mut self.marked);
            ManuallyDrop::take(&mut self.runtime).shutdown_background();
        }
    }
}

/// What speaks to a loop when it is dropped, as connections do that the loop drives. Where the loop is lost, it is left where
/// it is.
pub struct Bound<T> {
    /// There until it is dropped.
    value: Option<T>,
    guard: ArcSwapOption<Guard>,
}

impl<T> Bound<T> {
    /// Bound to no loop yet.
    pub fn new(value: T) -> Self {
        Self { value: Some(value), guard: ArcSwapOption::empty() }
    }

    /// Binds it to a loop.
    pub fn bind(&self, guard: Option<Arc<Guard>>) {
        self.guard.store(guard);
    }

    /// Whether its loop is lost.
    pub fn is_lost(&self) -> bool {
        self.guard.load().as_ref().is_some_and(|guard| guard.is_lost())
    }
}

impl<T> Deref for Bound<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is there until it is dropped")
    }
}

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        if self.is_lost() {
            std::mem::forget(self.value.take());
        }
    }
}

/// Work of a loop that is not woken any more once the loop is lost: waking it would write to whatever the number of the
/// loop's own descriptor stands for by then.
pub fn guarded<F: Future + Unpin>(guard: &Arc<Guard>, work: F) -> Guarded<F> {
    Guarded { guard: Arc::clone(guard), waker: None, work }
}

/// See [`guarded`].
pub struct Guarded<F> {
    guard: Arc<Guard>,
    /// The loop's own, and ours around it.
    waker: Option<(Waker, Waker)>,
    work: F,
}

impl<F: Future + Unpin> Future for Guarded<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let ours = match &mut this.waker {
            Some((inner, ours)) if inner.will_wake(context.waker()) => ours,
            none => {
                let inner = context.waker().clone();
                let ours = Waker::from(Arc::new(Guarding { guard: Arc::clone(&this.guard), inner: inner.clone() }));
                &mut none.insert((inner, ours)).1
            }
        };
        Pin::new(&mut this.work).poll(&mut Context::from_waker(ours))
    }
}

struct Guarding {
    guard: Arc<Guard>,
    inner: Waker,
}

impl Wake for Guarding {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The thread that drives the loop has looked since it waited.
        if DRIVEN.get() == Arc::as_ptr(&self.guard) || self.guard.may_be_woken() {
            self.inner.wake_by_ref();
        }
    }
}

/// Whether this thread drives something already, which a blocking call would stop.
pub fn is_inside() -> bool {
    Handle::try_current().is_ok() || turn().is_some()
}
