//! What holds from the moment a host's thread enters this library until it leaves.
//!
//! `errno` is as before when it leaves. And the thread is not cancelled meanwhile: `pthread_cancel` would unwind through
//! our frames by force, which ends a process that has Rust in it. A cancellation that is pending strikes at the host's next
//! cancellation point.

/// A stay inside the library, until dropped.
#[must_use]
pub struct Entry(platform::State);

impl Entry {
    /// Begins it.
    pub fn begin() -> Self {
        Self(platform::enter())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        platform::leave(&self.0);
    }
}

#[cfg(all(unix, not(miri)))]
mod platform {
    use libc::c_int;

    pub struct State {
        errno: c_int,
        cancel_state: c_int,
    }

    /// `PTHREAD_CANCEL_DISABLE`, the same wherever we run but on Apple's systems.
    const CANCEL_DISABLE: c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

    unsafe extern "C" {
        /// POSIX; it changes the calling thread's state alone.
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    pub fn enter() -> State {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        let mut cancel_state = 0;
        // SAFETY: a valid state, and a valid place for the one before.
        unsafe { pthread_setcancelstate(CANCEL_DISABLE, &raw mut cancel_state) };
        State { errno, cancel_state }
    }

    pub fn leave(state: &State) {
        let mut ours = 0;
        // SAFETY: the state is the one that `enter` was given.
        unsafe { pthread_setcancelstate(state.cancel_state, &raw mut ours) };
        // SAFETY: the address is this thread's own `errno`.
        unsafe {
            #[cfg(any(target_os = "linux", target_os = "emscripten"))]
            let at = libc::__errno_location();
            #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
            let at = libc::__error();
            #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
            let at = libc::__errno();
            *at = state.errno;
        }
    }
}

// Miri knows no cancellation of threads.
#[cfg(any(not(unix), miri))]
mod platform {
    //! Threads are not cancelled here, and `errno` belongs to the C library's own functions.
    pub struct State;

    pub fn enter() -> State {
        State
    }

    pub fn leave(_: &State) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn set_errno(value: i32) {
        // SAFETY: this thread's own errno.
        unsafe { *libc::__errno_location() = value };
    }

    #[test]
    fn errno_is_as_before_when_a_thread_leaves() {
        set_errno(71);
        let entry = Entry::begin();
        set_errno(2);
        drop(entry);
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(71));
    }
}
