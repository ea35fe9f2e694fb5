//! Driving a future on the calling thread, with `poll` and without an event loop.
//!
//! A blocking call waits for one socket. An event loop for that costs an epoll instance, an eventfd and a registration per
//! thread, which a forked child would share with its parent. Here nothing is registered: whenever the future cannot go on,
//! each part of it that waits says for what (a descriptor, a moment, another thread), and the driver waits for the first of
//! these in one system call.
//!
//! What the same code needs in both worlds is here too: [`sleep_until`] and [`within`] work under a [`Driver`] and in a
//! task of an event loop.

use super::event::Event;
use super::interrupt::Watch;
use crate::clock::now;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

pub use platform::Number;

/// What drives futures, one after the other, on whatever thread calls it.
#[derive(Default)]
pub struct Driver(Arc<Alarm>);

/// What a part of a future waits for at a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// That it can be read.
    Read,
    /// That it can be written.
    Write,
}

/// How many descriptors a future can wait for at once: a socket, or the attempts to connect that run side by side.
pub const MOST_DESCRIPTORS: usize = 8;

/// How long the driver waits where it cannot be woken.
const BLIND: Duration = Duration::from_millis(20);

/// What the parts of a future wait for, said anew whenever it is polled.
struct Wants {
    descriptors: [(Number, Interest); MOST_DESCRIPTORS],
    count: usize,
    until: Option<Instant>,
    /// Something is woken by another thread.
    elsewhere: bool,
    /// How often a socket has been read or written.
    transfers: u32,
    /// How many bytes may still be read.
    readable: usize,
}

impl Wants {
    const NOTHING: Self = Self {
        descriptors: [(0, Interest::Read); MOST_DESCRIPTORS],
        count: 0,
        until: None,
        elsewhere: false,
        transfers: 0,
        readable: MOST_BYTES,
    };
}

impl Wants {
    fn clear(&mut self) {
        (self.count, self.until, self.elsewhere) = (0, None, false);
        (self.transfers, self.readable) = (0, MOST_BYTES);
    }
}

/// How often a socket is read or written before the future around it is asked again whether its time is over.
const MOST_TRANSFERS: u32 = 64;

/// How many bytes are read before that. To read them is quick; what is made of them may take some thousand times as long
/// (a head of an answer for every 28 bytes).
pub const MOST_BYTES: usize = 64 << 10;

// Without destructors: a thread of the host may outlive this library.
thread_local! {
    static WANTS: RefCell<Wants> = const { RefCell::new(Wants::NOTHING) };
    /// The turn that runs on this thread; 0 where none does.
    static TURN: Cell<u64> = const { Cell::new(0) };
}

/// A number for each turn of each thread: connections go from thread to thread.
static TURNS: AtomicU64 = AtomicU64::new(1);

/// The turn of the driver that runs on this thread: from one wait to the next. No other of the process has its number.
/// `None` where no driver runs.
pub fn turn() -> Option<u64> {
    Some(TURN.get()).filter(|turn| *turn != 0)
}

/// Waits for a descriptor, in this turn.
pub fn want(number: Number, interest: Interest) {
    WANTS.with_borrow_mut(|wants| {
        if wants.descriptors[..wants.count].contains(&(number, interest)) {
            // A connection looks at its socket several times in a turn.
        } else if let Some(free) = wants.descriptors.get_mut(wants.count) {
            *free = (number, interest);
            wants.count += 1;
        } else {
            debug_assert!(false, "more than {MOST_DESCRIPTORS} descriptors in one turn");
            // Not to wait for it would be to wait for ever.
            wants.until = Some(now());
        }
    });
}

/// Whether a socket may be read or written once more. If not, the future is woken and polled again as a whole: a peer that
/// sends without end would otherwise keep it from looking at its deadline.
pub fn may_transfer(context: &Context<'_>) -> bool {
    let may = WANTS.with_borrow_mut(|wants| {
        wants.transfers += 1;
        wants.transfers <= MOST_TRANSFERS && wants.readable > 0
    });
    if !may {
        context.waker().wake_by_ref();
    }
    may
}

/// How many bytes may still be read before the future is polled again as a whole.
pub fn readable() -> usize {
    WANTS.with_borrow(|wants| wants.readable)
}

/// Notes that so many bytes have been read.
pub fn have_read(bytes: usize) {
    WANTS.with_borrow_mut(|wants| wants.readable = wants.readable.saturating_sub(bytes));
}

/// Waits for a moment, in this turn.
pub fn want_until(at: Instant) {
    WANTS.with_borrow_mut(|wants| wants.until = Some(wants.until.map_or(at, |until| until.min(at))));
}

/// A future that another thread wakes. Such a one is to be marked by this.
pub async fn from_elsewhere<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        let outcome = work.as_mut().poll(context);
        if outcome.is_pending() {
            WANTS.with_borrow_mut(|wants| wants.elsewhere = true);
        }
        outcome
    })
    .await
}

/// Returns when the moment has come.
pub async fn sleep_until(at: Instant) {
    if turn().is_none() {
        // By the clock itself: a task that reads much has used up what tokio lets a task do in one turn, and would find its
        // timer never ready.
        let mut sleep = pin!(tokio::time::sleep_until(at.into()));
        return poll_fn(|context| if now() >= at { Poll::Ready(()) } else { sleep.as_mut().poll(context) }).await;
    }
    poll_fn(|_| {
        if now() >= at {
            return Poll::Ready(());
        }
        want_until(at);
        Poll::Pending
    })
    .await;
}

/// The output of `work`, or `None` where it takes longer than `limit`.
pub async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    let Some(at) = now().checked_add(limit) else { return Some(work.await) };
    let (mut work, mut sleep) = (pin!(work), pin!(sleep_until(at)));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

impl Driver {
    /// Drives the work on this thread until it is done.
    pub fn drive<F: Future>(&self, work: F) -> F::Output {
        let mut work: Pin<&mut F> = pin!(work);
        let waker = Waker::from(Arc::clone(&self.0));
        let mut context = Context::from_waker(&waker);
        let (_inside, watch) = (Inside, Watch::begin());
        self.0.forget_lost_event();
        next_turn();
        loop {
            WANTS.with_borrow_mut(Wants::clear);
            if let Poll::Ready(output) = work.as_mut().poll(&mut context) {
                self.0.rest();
                return output;
            }
            let waited = self.0.wait(watch.next());
            // It may make blocking calls of its own: for these, nothing runs on this thread.
            let turn = TURN.replace(0);
            watch.ask(waited == Waited::Signal);
            TURN.set(turn);
            // The work may have woken itself. Then nothing has come from outside, and it is the same turn still.
            if waited != Waited::Not {
                next_turn();
            }
        }
    }
}

/// A stay in the driver, until dropped.
struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        TURN.set(0);
    }
}

fn next_turn() {
    TURN.set(TURNS.fetch_add(1, Ordering::Relaxed));
}

/// The driver runs, and nobody has woken it.
const QUIET: u8 = 0;
/// Somebody has woken it since the turn began.
const WOKEN: u8 = 1;
/// It waits, or is about to.
const WAITING: u8 = 2;

/// How a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// It did not begin: somebody had woken the driver before.
    Not,
    /// Something has come, or the time.
    Ended,
    /// A signal.
    Signal,
}

/// What wakes a driver.
#[derive(Default)]
struct Alarm {
    /// [`QUIET`], [`WOKEN`] or [`WAITING`].
    state: AtomicU8,
    /// There while something is woken by another thread.
    event: Mutex<Option<Event>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Most wakes come from the turn itself, and need no system call.
        if self.state.swap(WOKEN, Ordering::AcqRel) == WAITING
            && let Some(event) = &*self.event()
        {
            let _ = event.set();
        }
    }
}

impl Alarm {
    fn event(&self) -> MutexGuard<'_, Option<Event>> {
        self.event.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the first of what this turn's parts wait for, and not beyond `latest`.
    fn wait(&self, latest: Option<Instant>) -> Waited {
        WANTS.with_borrow(|wants| {
            // Made before the state says that it waits: who wakes it then finds it.
            let event = if wants.elsewhere { self.descriptor() } else { None };
            let may_wait = self.state.compare_exchange(QUIET, WAITING, Ordering::AcqRel, Ordering::Acquire).is_ok();
            let mut waited = Waited::Not;
            if may_wait {
                let is_blind = event.is_none() && (wants.elsewhere || (wants.count == 0 && wants.until.is_none()));
                let blind = is_blind.then(|| now() + BLIND);
                let until = [wants.until, blind, latest].into_iter().flatten().min();
                let left = until.map(|until| until.saturating_duration_since(now()));
                let has_event;
                (waited, has_event) = platform::wait(&wants.descriptors[..wants.count], event, left);
                // Not by the state: who wakes it may set the event after another descriptor has ended the wait.
                if has_event {
                    self.event().as_ref().inspect(|event| event.clear());
                    self.forget_lost_event();
                }
            }
            // A swap, not a store: whatever a wake before it told of is seen by the poll that follows.
            self.state.swap(QUIET, Ordering::AcqRel);
            waited
        })
    }

    /// The descriptor by which other threads wake it; `None` where there is none, or none can be made.
    fn descriptor(&self) -> Option<Number> {
        let mut event = self.event();
        if event.is_none() {
            *event = Event::new().ok();
        }
        event.as_ref().and_then(Event::descriptor).map(platform::number)
    }

    /// One that the host has closed is made anew when it is needed.
    fn forget_lost_event(&self) {
        self.event().take_if(|event| !event.is_there());
    }

    /// Between two calls a descriptor is kept only where calls can be cancelled.
    fn rest(&self) {
        if !WANTS.with_borrow(|wants| wants.elsewhere) && self.event.lock().is_ok_and(|event| event.is_some()) {
            *self.event() = None;
        }
        self.state.store(QUIET, Ordering::Release);
    }
}

#[cfg(unix)]
mod platform {
    use super::{Interest, MOST_DESCRIPTORS, Waited};
    use crate::host::event::Descriptor;
    use std::time::Duration;

    /// The number of a descriptor.
    pub type Number = std::os::fd::RawFd;

    pub fn number(descriptor: Descriptor) -> Number {
        descriptor
    }

    /// Waits until something has come, or a signal, or the time is over. True where the event has come.
    pub fn wait(descriptors: &[(Number, Interest)], event: Option<Number>, left: Option<Duration>) -> (Waited, bool) {
        const NONE: libc::pollfd = libc::pollfd { fd: -1, events: 0, revents: 0 };
        let mut all = [NONE; MOST_DESCRIPTORS + 1];
        for (entry, (number, interest)) in all.iter_mut().zip(descriptors) {
            let events = match interest {
                Interest::Read => libc::POLLIN,
                Interest::Write => libc::POLLOUT,
            };
            *entry = libc::pollfd { fd: *number, events, revents: 0 };
        }
        let mut count = descriptors.len();
        if let Some(number) = event {
            all[count] = libc::pollfd { fd: number, events: libc::POLLIN, revents: 0 };
            count += 1;
        }
        // Rounded up: a turn that comes too early would wait again.
        let milliseconds =
            left.map_or(-1, |left| left.as_micros().div_ceil(1000).try_into().unwrap_or(libc::c_int::MAX));
        // SAFETY: `count` valid entries, and no more. What has come, the next turn looks for itself.
        let came = unsafe { libc::poll(all.as_mut_ptr(), count as libc::nfds_t, milliseconds) };
        let is_signal = came < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted;
        let has_event = event.is_some() && all[count - 1].revents != 0;
        (if is_signal { Waited::Signal } else { Waited::Ended }, has_event)
    }
}

#[cfg(windows)]
mod platform {
    use super::{Interest, MOST_DESCRIPTORS, Waited};
    use crate::host::event::Descriptor;
    use std::time::Duration;
    use windows_sys::Win32::Networking::WinSock::{POLLRDNORM, POLLWRNORM, WSAPOLLFD, WSAPoll};

    /// The number of a socket.
    pub type Number = std::os::windows::io::RawSocket;

    pub fn number(_: Descriptor) -> Number {
        unreachable!("an event has no descriptor here")
    }

    /// How long a socket that is being connected is waited for before it is looked at. WSAPoll of a Windows before version
    /// 2004 (Server 2019) does not tell that a connection was refused; the socket itself does.
    const CONNECTING: Duration = Duration::from_millis(100);

    /// Waits until something has come, or the time is over. There is no event.
    pub fn wait(descriptors: &[(Number, Interest)], _: Option<Number>, left: Option<Duration>) -> (Waited, bool) {
        let connects = descriptors.iter().any(|(_, interest)| *interest == Interest::Write);
        let left = if connects { Some(left.map_or(CONNECTING, |left| left.min(CONNECTING))) } else { left };
        let milliseconds: i32 = left.map_or(-1, |left| left.as_micros().div_ceil(1000).try_into().unwrap_or(i32::MAX));
        if descriptors.is_empty() {
            // WSAPoll refuses an empty list.
            std::thread::sleep(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(20)));
            return (Waited::Ended, false);
        }
        let mut all = [WSAPOLLFD { fd: 0, events: 0, revents: 0 }; MOST_DESCRIPTORS];
        for (entry, (number, interest)) in all.iter_mut().zip(descriptors) {
            let events = match interest {
                Interest::Read => POLLRDNORM,
                Interest::Write => POLLWRNORM,
            };
            *entry = WSAPOLLFD { fd: *number as usize, events, revents: 0 };
        }
        let count = u32::try_from(descriptors.len()).unwrap_or(0);
        // SAFETY: `count` valid entries, and no more. Whatever it returns, the next turn looks for itself.
        unsafe { WSAPoll(all.as_mut_ptr(), count, milliseconds) };
        (Waited::Ended, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn a_moment_is_waited_for_and_no_longer() {
        let driver = Driver::default();
        let begun = now();
        driver.drive(sleep_until(begun + Duration::from_millis(30)));
        assert!(now() - begun >= Duration::from_millis(30));
        assert_eq!(driver.drive(within(Duration::from_millis(5), std::future::pending::<()>())), None);
        assert_eq!(driver.drive(within(Duration::MAX, async { 7 })), Some(7));
        assert_eq!(turn(), None);
    }

    #[test]
    fn another_thread_wakes_the_driver_wherever_it_is() {
        let driver = Driver::default();
        for round in 0..2000 {
            let (tell, told) = tokio::sync::oneshot::channel();
            let (begin, begun) = mpsc::channel();
            let other = thread::spawn(move || {
                begun.recv().unwrap();
                tell.send(round).unwrap();
            });
            let begun = now();
            let heard = driver.drive(async {
                begin.send(()).unwrap();
                within(Duration::from_secs(60), from_elsewhere(told)).await
            });
            assert_eq!(heard, Some(Ok(round)));
            assert!(now() - begun < Duration::from_secs(30), "it slept through the alarm");
            other.join().unwrap();
        }
    }

    #[test]
    fn a_wake_from_the_turn_itself_begins_another_turn() {
        let driver = Driver::default();
        let mut left = 3;
        let turns = driver.drive(poll_fn(|context| {
            left -= 1;
            context.waker().wake_by_ref();
            if left == 0 { Poll::Ready(turn()) } else { Poll::Pending }
        }));
        assert!(turns.is_some());
    }
}
