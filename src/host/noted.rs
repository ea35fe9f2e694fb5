//! Lists of descriptors that a forked child must recognise, each with the process that made it.
//!
//! A list only grows, to the greatest number of entries that lived at once, and is read without a lock: in a child, the
//! thread that held one would not exist.

use super::fork::generation;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

/// A list of descriptors.
pub struct List(AtomicPtr<Entry>);

/// A descriptor that is noted until this is dropped.
#[derive(Debug)]
pub struct Note(&'static Entry);

#[derive(Debug)]
struct Entry {
    /// 0 where the entry is free, [`CLAIMED`] while somebody fills it in.
    inode: AtomicU64,
    number: AtomicI32,
    generation: AtomicU64,
    next: Option<&'static Self>,
}

const CLAIMED: u64 = u64::MAX;

impl List {
    /// An empty list.
    pub const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        // SAFETY: what the list holds was leaked by `note` and is never freed.
        let first = unsafe { self.0.load(Ordering::Acquire).as_ref() };
        std::iter::successors(first, |entry| entry.next)
    }

    /// Notes a descriptor of this process. One whose inode is not known (0) is never recognised.
    pub fn note(&self, number: RawFd, inode: u64) -> Note {
        let inode = if inode == 0 { CLAIMED } else { inode };
        let free = self.entries().find(|entry| {
            entry.inode.load(Ordering::Relaxed) == 0
                && entry.inode.compare_exchange(0, CLAIMED, Ordering::AcqRel, Ordering::Acquire).is_ok()
        });
        if let Some(entry) = free {
            entry.number.store(number, Ordering::Relaxed);
            entry.generation.store(generation(), Ordering::Release);
            entry.inode.store(inode, Ordering::Release);
            return Note(entry);
        }
        let fresh: &'static mut Entry = Box::leak(Box::new(Entry {
            inode: AtomicU64::new(inode),
            number: AtomicI32::new(number),
            generation: AtomicU64::new(generation()),
            next: None,
        }));
        let mut head = self.0.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `entries`.
            fresh.next = unsafe { head.as_ref() };
            match self.0.compare_exchange(head, &raw mut *fresh, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Note(fresh),
                Err(other) => head = other,
            }
        }
    }

    /// Takes what an ancestor noted out of the list: numbers, and the inodes that they stood for.
    #[cfg(target_os = "linux")]
    pub fn take_inherited(&self) -> Vec<(RawFd, u64)> {
        let ours = generation();
        let taken = self.entries().filter_map(|entry| {
            let inode = entry.inode.load(Ordering::Acquire);
            let is_theirs = inode != 0 && inode != CLAIMED && entry.generation.load(Ordering::Acquire) != ours;
            let number = entry.number.load(Ordering::Relaxed);
            // Only what is still what it was found to be: another thread of this child may have freed the entry and noted
            // a descriptor of our own there.
            let is_taken =
                is_theirs && entry.inode.compare_exchange(inode, 0, Ordering::AcqRel, Ordering::Acquire).is_ok();
            is_taken.then_some((number, inode))
        });
        taken.collect()
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.0.inode.store(0, Ordering::Release);
    }
}
