//! Counters that are cheap enough to be always on: each thread adds to one of several copies, so that two threads seldom
//! write to the same cache line.

use crate::host::region::Region;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is counted. The words of one copy fill a cache line.
#[derive(Clone, Copy, Debug)]
pub enum Counter {
    /// Decisions that were known.
    Hit,
    /// Questions to the server.
    Miss,
    /// Decisions that waited for the answer to somebody else's question.
    Coalesced,
    /// Decisions by an answer that was too old, because the server could not be asked.
    Stale,
    /// Decisions that could not be made.
    Error,
    /// What was displaced by something newer.
    Eviction,
    /// Answers that were not kept: what they are about was revoked meanwhile.
    Outdated,
    /// Revocations.
    Invalidation,
}

/// The counters.
pub struct Counters {
    memory: Arc<Region>,
    start: usize,
}

const COPIES: usize = 32;
const LINE: usize = 8;

thread_local! {
    /// The copy that this thread adds to.
    static COPY: Cell<usize> = const { Cell::new(usize::MAX) };
}
static NEXT: AtomicUsize = AtomicUsize::new(0);

impl Counters {
    /// How many words they need.
    pub const WORDS: usize = COPIES * LINE;

    /// In a part of the memory.
    pub fn new(memory: Arc<Region>, start: usize) -> Self {
        Self { memory, start }
    }

    /// Counts one.
    #[inline]
    pub fn count(&self, counter: Counter) {
        let mut copy = COPY.get();
        if copy == usize::MAX {
            // Processes begin at different copies, as their threads are numbered alike.
            copy = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() as usize) % COPIES;
            COPY.set(copy);
        }
        self.memory[self.start + copy * LINE + counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were counted. (The sum of damaged memory is some number.)
    pub fn sum(&self, counter: Counter) -> u64 {
        let of_copy = |copy: usize| &self.memory[self.start + copy * LINE + counter as usize];
        (0..COPIES).fold(0, |sum, copy| sum.wrapping_add(of_copy(copy).load(Ordering::Relaxed)))
    }
}
