//! Signals are the host's: none of ours reaches it, and no handler or mask of it changes for longer than a call.
//!
//! A write to a connection that the peer has reset raises SIGPIPE, whose default is to kill the process. Nothing on a
//! stream socket's write path takes a flag against it (`writev` has none), so a call that may write blocks the signal for
//! its thread, takes away what became pending meanwhile, and restores the mask.

/// Runs `work` such that no SIGPIPE of its writes is ever delivered.
pub fn without_sigpipe<R>(work: impl FnOnce() -> R) -> R {
    let _held = platform::Held::begin();
    work()
}

/// Starts a thread of ours, with all signals blocked: the host's handlers run on the host's threads.
pub fn spawn(
    name: &str,
    stack_bytes: usize,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    super::loading::keep_mapped();
    let _blocked = platform::AllBlocked::begin();
    std::thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(work)
}

#[cfg(unix)]
mod platform {
    use libc::{SIG_BLOCK, SIG_SETMASK, SIGPIPE, c_int, sigset_t};
    use std::mem::MaybeUninit;

    fn empty() -> sigset_t {
        let mut set = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` writes the whole set.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            set.assume_init()
        }
    }

    /// Changes this thread's mask and returns the one before.
    fn mask(how: c_int, set: &sigset_t) -> sigset_t {
        let mut before = empty();
        // SAFETY: both sets are valid for the call; it changes this thread's mask alone.
        unsafe { libc::pthread_sigmask(how, set, &raw mut before) };
        before
    }

    fn has_pipe(set: &sigset_t) -> bool {
        // SAFETY: a valid set and a valid signal number.
        unsafe { libc::sigismember(set, SIGPIPE) == 1 }
    }

    fn pipe_is_pending() -> bool {
        let mut pending = empty();
        // SAFETY: a valid set to write to.
        unsafe { libc::sigpending(&raw mut pending) };
        has_pipe(&pending)
    }

    /// SIGPIPE held back from this thread until dropped.
    pub struct Held {
        before: sigset_t,
        was_pending: bool,
    }

    impl Held {
        pub fn begin() -> Self {
            let mut pipe = empty();
            // SAFETY: a valid set and a valid signal number.
            unsafe { libc::sigaddset(&raw mut pipe, SIGPIPE) };
            let before = mask(SIG_BLOCK, &pipe);
            // One that was pending before is the host's, and stays.
            let was_pending = has_pipe(&before) && pipe_is_pending();
            Self { before, was_pending }
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            if !self.was_pending && pipe_is_pending() {
                let mut pipe = empty();
                let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
                // SAFETY: valid set and time; no information is asked for. It takes the pending signal away.
                unsafe {
                    libc::sigaddset(&raw mut pipe, SIGPIPE);
                    #[cfg(not(target_vendor = "apple"))]
                    libc::sigtimedwait(&raw const pipe, std::ptr::null_mut(), &raw const at_once);
                    #[cfg(target_vendor = "apple")]
                    {
                        let _ = at_once;
                        let mut taken = 0;
                        libc::sigwait(&raw const pipe, &raw mut taken);
                    }
                }
            }
            mask(SIG_SETMASK, &self.before);
        }
    }

    /// All signals blocked for this thread, which a thread that it starts inherits, until dropped.
    pub struct AllBlocked(sigset_t);

    impl AllBlocked {
        pub fn begin() -> Self {
            let mut all = empty();
            // SAFETY: a valid set to fill.
            unsafe { libc::sigfillset(&raw mut all) };
            Self(mask(SIG_BLOCK, &all))
        }
    }

    impl Drop for AllBlocked {
        fn drop(&mut self) {
            mask(SIG_SETMASK, &self.0);
        }
    }
}

#[cfg(not(unix))]
mod platform {
    //! No signals here.
    pub struct Held;
    impl Held {
        pub fn begin() -> Self {
            Self
        }
    }
    pub struct AllBlocked;
    impl AllBlocked {
        pub fn begin() -> Self {
            Self
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_write_to_a_closed_peer_raises_nothing_and_leaves_nothing_pending() {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        // The test runner ignores SIGPIPE; the default is what hosts have.
        // SAFETY: no handler is involved; other tests of this process do not write to closed peers.
        let ignored = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        // A plain write, as the transport's vectored ones are: std's own would ask for no signal.
        // SAFETY: a valid descriptor, and a byte to write.
        let written = without_sigpipe(|| unsafe { libc::write(near.as_raw_fd(), [1_u8].as_ptr().cast(), 1) });
        assert_eq!(written, -1);
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGPIPE, ignored) };
    }
}
