//! Memory in words, all zero at first: of this process alone, or shared with every process that is forked from now on.
//!
//! Every word is an atomic, so that whatever another process does to it at the same time is seen as some value, and never
//! undefined. What the words mean is not known here.

use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// A piece of memory. It is reserved as a whole; the system gives each page when it is first written.
pub struct Region {
    start: NonNull<AtomicU64>,
    words: usize,
}

impl Region {
    /// Reserves memory. `shared`: forked processes see one and the same memory; otherwise each has its own copy.
    pub fn new(words: usize, shared: bool) -> io::Result<Self> {
        let words = words.max(1);
        Ok(Self { start: platform::reserve(words, shared)?, words })
    }
}

impl Deref for Region {
    type Target = [AtomicU64];

    #[inline]
    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: `platform::reserve` gave that many words, all zero, which is a valid value of an atomic, aligned to a
        // page; they are released in `drop` alone.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: what `reserve` gave, once, with the same length. Other processes keep their own mapping of it.
        unsafe { platform::release(self.start, self.words) };
    }
}

// SAFETY: a slice of atomics, owned.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

#[cfg(all(unix, not(miri)))]
mod platform {
    use std::io;
    use std::ptr::NonNull;
    use std::sync::atomic::AtomicU64;

    pub fn reserve(words: usize, shared: bool) -> io::Result<NonNull<AtomicU64>> {
        let bytes = words.checked_mul(8).ok_or(io::ErrorKind::OutOfMemory)?;
        let kind = if shared { libc::MAP_SHARED } else { libc::MAP_PRIVATE };
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, kind | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
        // SAFETY: a new anonymous mapping touches no memory of anybody else.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // It tells about people; it has no place in a core dump. (It may fail, and nothing depends on it.)
        #[cfg(target_os = "linux")]
        // SAFETY: the mapping made above.
        unsafe {
            libc::madvise(start, bytes, libc::MADV_DONTDUMP)
        };
        NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    pub unsafe fn release(start: NonNull<AtomicU64>, words: usize) {
        // SAFETY: the caller's promise.
        unsafe { libc::munmap(start.as_ptr().cast(), words * 8) };
    }
}

// Miri knows no shared mappings.
#[cfg(any(not(unix), miri))]
mod platform {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::io;
    use std::ptr::NonNull;
    use std::sync::atomic::AtomicU64;

    fn layout(words: usize) -> io::Result<Layout> {
        let bytes = words.checked_mul(8).ok_or(io::ErrorKind::OutOfMemory)?;
        Layout::from_size_align(bytes, 64).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }

    pub fn reserve(words: usize, shared: bool) -> io::Result<NonNull<AtomicU64>> {
        if shared {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no fork"));
        }
        // SAFETY: `Region::new` asks for one word at least.
        NonNull::new(unsafe { alloc_zeroed(layout(words)?) }.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    pub unsafe fn release(start: NonNull<AtomicU64>, words: usize) {
        if let Ok(layout) = layout(words) {
            // SAFETY: the caller's promise; the same layout.
            unsafe { dealloc(start.as_ptr().cast(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn memory_is_zero_at_first_and_keeps_what_is_written() {
        let region = Region::new(100_000, false).unwrap();
        assert!(region.iter().all(|word| word.load(Ordering::Relaxed) == 0));
        region[99_999].store(7, Ordering::Relaxed);
        assert_eq!((region.len(), region[99_999].load(Ordering::Relaxed)), (100_000, 7));
        assert!(Region::new(usize::MAX, false).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_forked_process_writes_to_the_same_memory_where_it_is_shared() {
        let (shared, own) = (Region::new(8, true).unwrap(), Region::new(8, false).unwrap());
        // SAFETY: the child writes two words and ends at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            shared[0].store(1, Ordering::SeqCst);
            own[0].store(1, Ordering::SeqCst);
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) }
        }
        // SAFETY: waits for the child made above.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
        assert_eq!((shared[0].load(Ordering::SeqCst), own[0].load(Ordering::SeqCst)), (1, 0));
    }
}
