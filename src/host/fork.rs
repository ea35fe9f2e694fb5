//! The fork guard: state that belongs to one process, noticed as foreign by every child.
//!
//! A child of `fork` inherits memory, but none of the threads that kept it in order: a mutex may be held by nobody, a
//! runtime's epoll instance and its sockets are still shared with the parent. So state that must not be shared is kept
//! in a [`PerProcess`]: the child finds the parent's value marked with another [`generation`], never locks, drops or
//! uses it, and makes its own.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A number that is the same for the whole life of a process and differs in each of its descendants.
///
/// It lives in a page that the kernel empties on fork (`MADV_WIPEONFORK`), so that reading it costs a load, and children
/// made by `fork`, by `clone` or in another PID namespace are all noticed. Where the kernel has no such page, the
/// process id stands in: it is in the number's upper half, which is zero elsewhere.
pub fn generation() -> u64 {
    let page = page();
    let known = page.load(Ordering::Acquire);
    if known != 0 && is_of_this_process(known) {
        return known;
    }
    // Emptied: this is a child (or the first call). The counter was copied from the parent, so the next number is one
    // that no ancestor has used. Two threads may race; one number wins.
    let fresh = platform::fresh(NEXT.fetch_add(1, Ordering::Relaxed) + 1);
    match page.compare_exchange(known, fresh, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => fresh,
        Err(winner) => winner,
    }
}

/// Whether there is a process of this number. (It may be another one by now, or one that has ended and not been waited for.)
pub fn is_running(process: u32) -> bool {
    platform_process::is_running(process)
}

#[cfg(unix)]
mod platform_process {
    pub fn is_running(process: u32) -> bool {
        if process == std::process::id() {
            return true;
        }
        let Ok(process) = libc::pid_t::try_from(process) else { return false };
        // SAFETY: signal 0 is sent to nobody; it asks alone. One that may not be asked is there.
        let asked = unsafe { libc::kill(process, 0) };
        asked == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
    }
}

#[cfg(not(unix))]
mod platform_process {
    pub fn is_running(_: u32) -> bool {
        true
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);
static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new(std::ptr::null_mut());

fn page() -> &'static AtomicU64 {
    let known = PAGE.load(Ordering::Acquire);
    let page = if known.is_null() {
        let fresh = platform::page();
        // A thread that loses this race leaves one page behind, once in the life of a process.
        match PAGE.compare_exchange(std::ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(winner) => winner,
        }
    } else {
        known
    };
    // SAFETY: `platform::page` returns memory that is never unmapped, aligned and large enough for an `AtomicU64`, and
    // only ever used as one.
    unsafe { &*page }
}

/// Whether a number that was found in the page is this process's: one without a process id is not there in a child.
fn is_of_this_process(number: u64) -> bool {
    number >> 32 == 0 || number >> 32 == u64::from(std::process::id())
}

/// A number of this process.
fn with_process_id(number: u64) -> u64 {
    u64::from(std::process::id()) << 32 | (number & 0xffff_ffff)
}

#[cfg(all(target_os = "linux", not(miri)))]
mod platform {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    /// Whether the page stays as it is in a child. Set before a page is given out.
    static STAYS: AtomicBool = AtomicBool::new(false);

    pub fn fresh(number: u64) -> u64 {
        if STAYS.load(Ordering::Relaxed) { super::with_process_id(number) } else { number & 0xffff_ffff }
    }

    /// A page of zeros that fork empties again: `MADV_WIPEONFORK` is older (Linux 4.14) than any kernel that our C
    /// library runs on. A sandbox may refuse it. An emulator (qemu-user 7.2) takes any advice and follows none, also
    /// what no kernel knows, which tells it from a kernel.
    pub fn page() -> *mut AtomicU64 {
        const LENGTH: usize = 4096;
        const UNKNOWN_ADVICE: libc::c_int = 0xfff;
        // SAFETY: a new private anonymous mapping touches no memory of anybody else.
        let page = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                LENGTH,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(page != libc::MAP_FAILED, "mmap of the fork guard's page: {}", std::io::Error::last_os_error());
        // SAFETY: `page` is the mapping of `LENGTH` bytes made above; nothing is in it yet.
        let advise = |advice| unsafe { libc::madvise(page, LENGTH, advice) == 0 };
        if !advise(libc::MADV_WIPEONFORK) || advise(UNKNOWN_ADVICE) {
            STAYS.store(true, Ordering::Relaxed);
        }
        page.cast()
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
mod platform {
    //! No page is emptied on fork here (nor under Miri).
    use std::sync::atomic::AtomicU64;

    pub fn fresh(number: u64) -> u64 {
        super::with_process_id(number)
    }

    pub fn page() -> *mut AtomicU64 {
        Box::leak(Box::new(AtomicU64::new(0)))
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A value of which every process has its own.
///
/// The first use in a process makes it; a child of that process finds it inherited and makes another, without touching
/// the parent's: no lock of it is taken and no destructor run, because the threads that would have to let go of it do
/// not exist in the child.
pub struct PerProcess<T> {
    slot: AtomicPtr<Owned<T>>,
}

struct Owned<T> {
    generation: u64,
    value: T,
}

impl<T> PerProcess<T> {
    /// Empty: nothing is made before the first use.
    pub const fn new() -> Self {
        Self { slot: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// This process's value if it has been made.
    pub fn get(&self) -> Option<&T> {
        let current = self.slot.load(Ordering::Acquire);
        // SAFETY: a pointer in the slot came from `Box::into_raw` and is freed only by `drop`, which has `&mut self`;
        // an inherited one that was replaced is never freed.
        let owned = unsafe { current.as_ref() }?;
        (owned.generation == generation()).then_some(&owned.value)
    }

    /// This process's value, made by `make` where there is none.
    ///
    /// `abandon` is called once in a child with what was inherited, to close what a child must not keep open. It may
    /// read plain fields; it may not lock, and the value is never dropped. Where threads race, several may call `make`,
    /// and one value wins; `make` must therefore be free of effects that dropping its value does not undo.
    pub fn get_or_make(&self, make: impl FnOnce() -> T, abandon: impl FnOnce(&T)) -> &T {
        self.get_or_replace(|_| true, make, abandon)
    }

    /// The same, but a value of this process that is not `good` any more is treated as one that was inherited.
    pub fn get_or_replace(&self, good: impl Fn(&T) -> bool, make: impl FnOnce() -> T, abandon: impl FnOnce(&T)) -> &T {
        // Read once: what is replaced below is what was found foreign here, and nothing that another thread has put there
        // since.
        let inherited = self.slot.load(Ordering::Acquire);
        // SAFETY: as in `get`.
        if let Some(owned) = unsafe { inherited.as_ref() }
            && owned.generation == generation()
            && good(&owned.value)
        {
            return &owned.value;
        }
        let fresh = Box::into_raw(Box::new(Owned { generation: generation(), value: make() }));
        match self.slot.compare_exchange(inherited, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                // SAFETY: as in `get`; the slot no longer holds it, and it is left to leak.
                if let Some(owned) = unsafe { inherited.as_ref() } {
                    abandon(&owned.value);
                }
                // SAFETY: `fresh` is in the slot now; see `get`.
                unsafe { &(*fresh).value }
            }
            Err(winner) => {
                // SAFETY: `fresh` was never shared.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: the winner is in the slot and, threads of one process racing, of this generation; see `get`.
                unsafe { &(*winner).value }
            }
        }
    }

    /// Ends it: dropped where it is this process's own, else given to `abandon` and left.
    pub fn end(&mut self, abandon: impl FnOnce(&T)) {
        let current = std::mem::replace(self.slot.get_mut(), std::ptr::null_mut());
        if current.is_null() {
            return;
        }
        // SAFETY: see `get`; `&mut self` says that nobody else reads it, and the slot no longer holds it.
        let owned = unsafe { &*current };
        if owned.generation == generation() {
            // SAFETY: made by `Box::into_raw` and taken out of the slot above.
            drop(unsafe { Box::from_raw(current) });
        } else {
            abandon(&owned.value);
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        self.end(|_| {});
    }
}

// SAFETY: it gives out `&T` from any thread and may drop a `T` in another than made it: what `Mutex` needs, plus `Sync`.
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}
// SAFETY: as for a `Box<T>`.
unsafe impl<T: Send> Send for PerProcess<T> {}

#[cfg(all(test, unix, not(miri)))]
mod tests {
    use super::*;

    /// Runs `check` in a forked child and says whether it returned true.
    fn in_a_child(check: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child calls async-signal-unsafe code, which glibc allows while no lock is held by another
        // thread that it needs; it ends by `_exit`, so that no destructor of the test runner runs twice.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).unwrap_or(false);
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!passed)) }
        }
        let mut status = 0;
        // SAFETY: waits for the child made above.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    #[test]
    fn every_descendant_has_a_generation_of_its_own() {
        let parent = generation();
        assert_eq!(parent, generation());
        assert!(in_a_child(move || {
            let child = generation();
            child != parent && child == generation() && in_a_child(move || ![parent, child].contains(&generation()))
        }));
        assert_eq!(parent, generation());
    }

    #[test]
    fn a_child_knows_its_parents_number_where_no_page_is_emptied() {
        let of_parent = with_process_id(1);
        assert!(is_of_this_process(of_parent));
        assert!(in_a_child(move || !is_of_this_process(of_parent) && is_of_this_process(with_process_id(2))));
    }

    #[test]
    fn a_child_makes_its_own_value_and_abandons_the_inherited_one_once() {
        let shared = PerProcess::new();
        assert_eq!(*shared.get_or_make(|| 1, |_| panic!("nothing is inherited yet")), 1);
        assert!(in_a_child(|| {
            let mut abandoned = Vec::new();
            shared.get().is_none()
                && *shared.get_or_make(|| 2, |old| abandoned.push(*old)) == 2
                && *shared.get_or_make(|| 3, |_| panic!("abandoned twice")) == 2
                && abandoned == [1]
        }));
        assert_eq!(shared.get(), Some(&1));
    }

    #[test]
    fn a_value_is_dropped_by_the_process_that_made_it_only() {
        let alive = std::sync::Arc::new(());
        let mut shared = PerProcess::new();
        shared.get_or_make(|| std::sync::Arc::clone(&alive), |_| {});
        assert!(in_a_child(|| {
            shared.end(|_| {});
            std::sync::Arc::strong_count(&alive) == 2
        }));
        shared.end(|_| panic!("it is this process's own"));
        assert_eq!(std::sync::Arc::strong_count(&alive), 1);
    }
}
