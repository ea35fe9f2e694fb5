//! Whether the descriptors of an event loop are still its own.
//!
//! The loop's library takes a lost descriptor for a defect: it panics, and again when it is dropped. So this is asked first.
//! A number that still stands for what it stood for is known by what the epoll instance watches: the kernel compares both the
//! number and the file behind it, in one system call.
//!
//! The sockets of a loop that nobody drives (a lane's with reqwest) are noted when it is left, and looked for before it is
//! driven again: meanwhile only the host can have closed them. Those of a loop that always runs are closed by any thread that
//! drops a client; so each of them is looked at before it is used again, as a lane's own socket is.

use super::identity::Identity;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What an event loop has open.
#[derive(Default)]
pub struct Guard {
    /// [`WHOLE`], [`LOST`] or [`ENDED`].
    state: AtomicU8,
    known: OnceLock<platform::Known>,
    sockets: Mutex<Vec<Identity>>,
    /// A connection was made since the sockets were noted.
    has_new: AtomicBool,
}

const WHOLE: u8 = 0;
const LOST: u8 = 1;
const ENDED: u8 = 2;

impl Guard {
    fn sockets(&self) -> MutexGuard<'_, Vec<Identity>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the host has closed what the loop cannot be without. Once it has, it stays so.
    pub fn is_lost(&self) -> bool {
        match self.state.load(Ordering::Acquire) {
            WHOLE => self.known.get().is_some_and(|known| !known.is_whole()) && self.lose(),
            state => state == LOST,
        }
    }

    /// The same, with the sockets. For the thread that drives the loop, or that owns it while nobody does.
    pub fn is_lost_or_robbed(&self) -> bool {
        if self.is_lost() {
            return true;
        }
        self.state.load(Ordering::Acquire) == WHOLE && !self.sockets().iter().all(Identity::is_there) && self.lose()
    }

    /// Whether it is known to be lost: what has been found already, without a system call.
    pub fn is_known_lost(&self) -> bool {
        self.state.load(Ordering::Acquire) == LOST
    }

    /// Whether it can still be waited for: a part of [`Guard::is_lost`], asked before each wait.
    pub fn is_deaf(&self) -> bool {
        self.lacks(0)
    }

    /// Whether sockets can still be registered with it: a part of [`Guard::is_lost`], asked after each wait.
    pub fn is_closed(&self) -> bool {
        self.lacks(1)
    }

    /// Whether one of its two numbers of the epoll instance is not its own any more.
    fn lacks(&self, which: usize) -> bool {
        match self.state.load(Ordering::Acquire) {
            WHOLE => self.known.get().is_some_and(|known| !known.has_epoll(which)) && self.lose(),
            state => state == LOST,
        }
    }

    /// Notes the sockets that the loop has, before it is left.
    pub fn rest(&self) {
        let mut sockets = self.sockets();
        if self.has_new.swap(false, Ordering::AcqRel) {
            *sockets = self.known.get().map(platform::Known::sockets).unwrap_or_default();
        } else {
            sockets.retain(Identity::is_there);
        }
    }

    /// A connection was made.
    pub fn note_new(&self) {
        self.has_new.store(true, Ordering::Release);
    }

    /// Whether another thread may wake the loop: that writes to a descriptor of it.
    pub fn may_be_woken(&self) -> bool {
        // One system call, which knows both the epoll instance and what it is woken by.
        let is_whole =
            self.state.load(Ordering::Acquire) == WHOLE && self.known.get().is_none_or(platform::Known::has_waker);
        is_whole || !self.is_lost()
    }

    /// The loop is about to be dropped, in good order.
    pub fn end(&self) {
        self.state.store(ENDED, Ordering::Release);
    }

    /// Marks it as lost, unless it has ended meanwhile: then it closed its descriptors itself.
    fn lose(&self) -> bool {
        let changed = self.state.compare_exchange(WHOLE, LOST, Ordering::AcqRel, Ordering::Acquire);
        changed.is_ok() || changed == Err(LOST)
    }

    /// Closes what the host has left of a lost loop, which nobody drives any more and which is never dropped.
    pub fn close_rest(&self) {
        if let Some(known) = self.known.get() {
            known.close_rest(std::mem::take(&mut *self.sockets()));
        }
    }
}

#[cfg(target_os = "linux")]
pub use platform::watch;

#[cfg(target_os = "linux")]
mod platform {
    use super::Guard;
    use crate::host::identity::Identity;
    use std::os::fd::RawFd;

    /// The numbers that a loop has.
    pub struct Known {
        /// What the loop watches only in order to be recognised; it is never ready.
        marker: (RawFd, Option<Identity>),
        /// One that is waited for, and one by which sockets are registered: the same epoll instance twice.
        epolls: Vec<RawFd>,
        /// What other threads write to.
        waker: Option<RawFd>,
    }

    /// What the loop watches its waker for, and by which name. See tokio's and mio's sources.
    const OF_WAKER: u32 = (libc::EPOLLIN | libc::EPOLLET).cast_unsigned();

    /// Finds out what a loop has that was just made and watches the marker.
    pub fn watch(guard: &Guard, marker: RawFd) {
        // Numbers are given from the lowest, so what is new is near. What is not found is not looked after.
        const HIGHEST: RawFd = 1 << 16;
        let mut epolls = Vec::new();
        for number in 0..HIGHEST {
            if number != marker && is_watching(number, marker) {
                epolls.push(number);
                if epolls.len() == 2 {
                    break;
                }
            }
        }
        let Some(&first) = epolls.first() else { return };
        let waker =
            (0..HIGHEST).find(|number| *number != marker && control(first, libc::EPOLL_CTL_MOD, *number, OF_WAKER));
        let _ = guard.known.set(Known { marker: (marker, Identity::of(marker)), epolls, waker });
    }

    /// Whether a number stands for an epoll instance that watches this very marker. It is watched for nothing.
    fn is_watching(epoll: RawFd, marker: RawFd) -> bool {
        control(epoll, libc::EPOLL_CTL_MOD, marker, 0)
    }

    fn control(epoll: RawFd, what: libc::c_int, number: RawFd, events: u32) -> bool {
        let mut event = libc::epoll_event { events, u64: 0 };
        // SAFETY: a valid event; numbers that stand for anything else are refused.
        unsafe { libc::epoll_ctl(epoll, what, number, &raw mut event) == 0 }
    }

    impl Known {
        pub fn has_epoll(&self, which: usize) -> bool {
            self.epolls.get(which).is_none_or(|epoll| is_watching(*epoll, self.marker.0))
        }

        pub fn is_whole(&self) -> bool {
            self.epolls.iter().all(|epoll| is_watching(*epoll, self.marker.0)) && self.has_waker()
        }

        /// Asked by adding it, which is refused while it is there. (Changing it would wake the loop.)
        pub fn has_waker(&self) -> bool {
            let (Some(epoll), Some(waker)) = (self.epolls.first(), self.waker) else { return true };
            if control(*epoll, libc::EPOLL_CTL_ADD, waker, 0) {
                control(*epoll, libc::EPOLL_CTL_DEL, waker, 0);
                return false;
            }
            std::io::Error::last_os_error().raw_os_error() == Some(libc::EEXIST)
        }

        /// What the loop watches besides.
        pub fn sockets(&self) -> Vec<Identity> {
            let Some(epoll) = self.epolls.first() else { return Vec::new() };
            let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{epoll}")).unwrap_or_default();
            let watched = about.lines().filter_map(crate::host::descriptors::watched);
            let others = watched.filter(|(number, _)| *number != self.marker.0 && Some(*number) != self.waker);
            others
                .filter_map(|(number, inode)| Identity::of(number).filter(|it| it.socket_inode() == Some(inode)))
                .collect()
        }

        pub fn close_rest(&self, sockets: Vec<Identity>) {
            let has_waker =
                self.epolls.first().is_some_and(|epoll| is_watching(*epoll, self.marker.0)) && self.has_waker();
            // Found before the first is closed: each is known by the marker.
            let epolls: Vec<RawFd> =
                self.epolls.iter().copied().filter(|epoll| is_watching(*epoll, self.marker.0)).collect();
            for identity in sockets.into_iter().chain(self.marker.1) {
                // SAFETY: of this loop, whose owners have forgotten it.
                unsafe { identity.close() };
            }
            for number in epolls.into_iter().chain(self.waker.filter(|_| has_waker)) {
                // SAFETY: of this loop, as it was found to be just now, and its owners have forgotten it.
                unsafe { libc::close(number) };
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    //! What a loop watches cannot be asked here: it is believed to be whole.
    use crate::host::identity::Identity;

    pub struct Known;

    impl Known {
        pub fn has_epoll(&self, _: usize) -> bool {
            true
        }

        pub fn has_waker(&self) -> bool {
            true
        }

        pub fn is_whole(&self) -> bool {
            true
        }

        pub fn sockets(&self) -> Vec<Identity> {
            Vec::new()
        }

        pub fn close_rest(&self, _: Vec<Identity>) {}
    }
}
