//! A table of fixed size in memory that several processes may share: read without locks, written by whoever comes, and never
//! left locked or torn, even if a process is killed at any instruction.
//!
//! A cell is a version, a checksum, a key of 128 bits, a payload of a fixed number of words, and a few loose words. An odd
//! version says that somebody writes. A reader copies the payload and takes it only if the version is even and was the same
//! before and after, and if the checksum, which covers the version, is right. A writer that finds a cell being written (its
//! writer may be dead) goes on with the next version; should the one before wake up and write on, the checksum of the mixture
//! is wrong for the version, and the cell is as good as empty until it is written again. Nobody ever waits.
//!
//! A loose word can be added to a cell without writing the cell: it is one word, which is there or not.
//!
//! A key can be in one of two sets of eight cells. The tags of a set lie together in one cache line: a part of each key, and
//! when the cell was last used. What was not used for longest makes room.

use crate::host::region::Region;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// A key: a keyed hash of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub u64, pub u64);

/// The table.
pub struct Cells<const PAYLOAD: usize> {
    memory: Arc<Region>,
    /// Where its words begin.
    start: usize,
    sets: usize,
    loose: usize,
}

/// What a cell holds, as it was at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<const PAYLOAD: usize> {
    /// The payload.
    pub payload: [u64; PAYLOAD],
    /// Which of all writings to this cell it was.
    pub version: u64,
    /// The word of the memory with which the cell begins.
    cell: usize,
}

/// How much a cell matters where room is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It stays until it is the one that was not used for longest.
    Kept,
    /// At most [`MOST_NEGATIVE`] of the sixteen places of a key hold such ones; where all places are taken, they displace each
    /// other.
    Negative,
}

/// The cells of a set: their tags fill one cache line.
const WAYS: usize = 8;
/// How many of the places of a key may hold negative entries.
pub const MOST_NEGATIVE: usize = 4;
/// Version, checksum, key.
const HEAD: usize = 4;

/// A tag: 39 bits of the key, one that says that it is a negative entry, and 24 bits of the time of the last use.
const TICK_BITS: u64 = 24;
const NEGATIVE: u64 = 1 << TICK_BITS;
const TICK_MASK: u64 = NEGATIVE - 1;
const KEY_MASK: u64 = !(TICK_MASK | NEGATIVE);
/// A tick of the time of use, as a power of two of milliseconds: 64 ms. Ages are right up to 12 days.
const TICK_SHIFT: u32 = 6;

impl<const PAYLOAD: usize> Cells<PAYLOAD> {
    /// How many words a table for that many cells needs, with that many loose words in each.
    pub fn words(cells: usize, loose: usize) -> usize {
        Self::sets(cells) * WAYS * (1 + Self::cell_words(loose))
    }

    fn sets(cells: usize) -> usize {
        // An eighth more: two sets to choose from are seldom both full then.
        (cells + cells / 8).div_ceil(WAYS).max(2)
    }

    /// A whole number of cache lines.
    fn cell_words(loose: usize) -> usize {
        (HEAD + PAYLOAD + loose).next_multiple_of(8)
    }

    /// A table in a part of the memory, which must be zero or such a table already.
    pub fn new(memory: Arc<Region>, start: usize, cells: usize, loose: usize) -> Self {
        Self { memory, start, sets: Self::sets(cells), loose: Self::cell_words(loose) - HEAD - PAYLOAD }
    }

    /// The cell of this key, if there is one.
    #[inline]
    pub fn find(&self, key: Key, now_ms: u64) -> Option<Found<PAYLOAD>> {
        for set in self.sets_of(key) {
            for way in 0..WAYS {
                let tag = self.tag(set, way);
                let known = tag.load(Ordering::Relaxed);
                if (known ^ key.1) & KEY_MASK == 0
                    && known != 0
                    && let Some(found) = self.read(self.cell(set, way), key)
                {
                    let used = (known & !TICK_MASK) | tick(now_ms);
                    if used != known {
                        // Somebody else's news of the same cell is as good; and a line is not written more than needed.
                        let _ = tag.compare_exchange(known, used, Ordering::Relaxed, Ordering::Relaxed);
                    }
                    return Some(found);
                }
            }
        }
        None
    }

    /// Writes a cell. True where it displaced another.
    pub fn put(&self, key: Key, class: Class, payload: &[u64; PAYLOAD], now_ms: u64) -> bool {
        let now = tick(now_ms);
        let sets = self.sets_of(key);
        let places: [(usize, usize); 2 * WAYS] = std::array::from_fn(|at| (sets[at / WAYS], at % WAYS));
        let tags = places.map(|(set, way)| self.tag(set, way).load(Ordering::Relaxed));
        let of_key = |at: usize| {
            let (set, way) = places[at];
            (tags[at] ^ key.1) & KEY_MASK == 0 && tags[at] != 0 && self.holds(self.cell(set, way), key)
        };
        let place = (0..places.len()).find(|at| of_key(*at)).or_else(|| room(&tags, class, now));
        let Some(at) = place else { return false };
        let (set, way) = places[at];
        let cell = self.cell(set, way);
        let displaces = tags[at] != 0 && !of_key(at);
        if self.write(cell, key, payload) {
            let negative = if class == Class::Negative { NEGATIVE } else { 0 };
            self.tag(set, way).store((key.1 & KEY_MASK) | negative | now, Ordering::Relaxed);
        }
        displaces
    }

    /// Whether a cell holds a loose word for which this is true.
    #[inline]
    pub fn loose(&self, found: &Found<PAYLOAD>, is_it: impl Fn(u64) -> bool) -> Option<u64> {
        let first = found.cell + HEAD + PAYLOAD;
        self.memory[first..first + self.loose].iter().map(|word| word.load(Ordering::Relaxed)).find(|word| is_it(*word))
    }

    /// Adds a loose word to a cell. It must tell by itself to which version it belongs: the cell may be another one meanwhile.
    pub fn add_loose(&self, found: &Found<PAYLOAD>, word: u64) {
        let first = found.cell + HEAD + PAYLOAD;
        let words = &self.memory[first..first + self.loose];
        for place in words {
            if place.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return;
            }
        }
        // All are taken: one of them goes, whichever.
        if let Some(place) = words.get((word >> 32) as usize % self.loose.max(1)) {
            place.store(word, Ordering::Relaxed);
        }
    }

    /// How many cells are in use.
    pub fn count(&self) -> usize {
        let tags = &self.memory[self.start..self.start + self.sets * WAYS];
        tags.iter().filter(|tag| tag.load(Ordering::Relaxed) != 0).count()
    }

    /// The two sets in which a key can be. (A multiplication spreads hashes as evenly as a division, and takes less time.)
    #[inline]
    fn sets_of(&self, key: Key) -> [usize; 2] {
        let spread = |hash: u64| ((u128::from(hash) * self.sets as u128) >> 64) as usize;
        [spread(key.0), spread(key.0.rotate_left(32) ^ key.1)]
    }

    #[inline]
    fn tag(&self, set: usize, way: usize) -> &AtomicU64 {
        &self.memory[self.start + set * WAYS + way]
    }

    #[inline]
    fn cell(&self, set: usize, way: usize) -> usize {
        self.start + self.sets * WAYS + (set * WAYS + way) * (HEAD + PAYLOAD + self.loose)
    }

    fn holds(&self, cell: usize, key: Key) -> bool {
        self.memory[cell + 2].load(Ordering::Relaxed) == key.0 && self.memory[cell + 3].load(Ordering::Relaxed) == key.1
    }

    #[inline]
    fn read(&self, cell: usize, key: Key) -> Option<Found<PAYLOAD>> {
        let words = &self.memory[cell..cell + HEAD + PAYLOAD];
        let version = words[0].load(Ordering::Acquire);
        if version & 1 != 0 || version == 0 {
            return None;
        }
        let load = |at: usize| words[at].load(Ordering::Relaxed);
        let (sum, found) = (load(1), Key(load(2), load(3)));
        let payload: [u64; PAYLOAD] = std::array::from_fn(|at| load(HEAD + at));
        fence(Ordering::Acquire);
        let is_whole =
            words[0].load(Ordering::Relaxed) == version && found == key && checksum(version, key, &payload) == sum;
        is_whole.then_some(Found { payload, version, cell })
    }

    fn write(&self, cell: usize, key: Key, payload: &[u64; PAYLOAD]) -> bool {
        let words = &self.memory[cell..cell + HEAD + PAYLOAD + self.loose];
        let before = words[0].load(Ordering::Relaxed);
        // The next odd number: of a cell that is being written too. (Damaged memory may hold the last of all numbers.)
        let writing = before.wrapping_add(1) | 1;
        if words[0].compare_exchange(before, writing, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        fence(Ordering::Release);
        let version = writing.wrapping_add(1);
        words[1].store(checksum(version, key, payload), Ordering::Relaxed);
        words[2].store(key.0, Ordering::Relaxed);
        words[3].store(key.1, Ordering::Relaxed);
        for (word, value) in words[HEAD..].iter().zip(payload) {
            word.store(*value, Ordering::Relaxed);
        }
        for word in &words[HEAD + PAYLOAD..] {
            word.store(0, Ordering::Relaxed);
        }
        words[0].compare_exchange(writing, version, Ordering::Release, Ordering::Relaxed).is_ok()
    }
}

/// The place, of those of two sets, in which something new is put.
fn room(tags: &[u64; 2 * WAYS], class: Class, now: u64) -> Option<usize> {
    let is_negative = |at: &usize| tags[*at] & NEGATIVE != 0;
    let is_free = |at: &usize| tags[*at] == 0;
    let age = |at: &usize| now.wrapping_sub(tags[*at]) & TICK_MASK;
    let all = 0..tags.len();
    let negatives = all.clone().filter(is_negative).count();
    if class == Class::Kept || negatives < MOST_NEGATIVE {
        // In the set that has more room: so both are full late.
        let free_in = |set: usize| (set * WAYS..(set + 1) * WAYS).filter(is_free).count();
        let first = if free_in(1) > free_in(0) { WAYS } else { 0 };
        if let Some(free) = (first..tags.len()).find(is_free) {
            return Some(free);
        }
    }
    // Negative entries go first where negative entries come; else what was not used for longest.
    let of_negatives = if class == Class::Negative { all.clone().filter(is_negative).max_by_key(age) } else { None };
    of_negatives.or_else(|| all.clone().max_by_key(age))
}

#[inline]
fn tick(now_ms: u64) -> u64 {
    // Never 0 together with an empty key: a tag of 0 is a free place.
    ((now_ms >> TICK_SHIFT) & TICK_MASK).max(1)
}

/// A checksum against chance, not against malice: who can write to the memory can do anything.
#[inline]
fn checksum(version: u64, key: Key, payload: &[u64]) -> u64 {
    const ODD: [u64; 2] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db];
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let start = fold(key.0 ^ ODD[0], key.1 ^ version ^ ODD[1]) ^ version;
    payload.chunks(2).fold(start, |sum, pair| {
        let second = pair.get(1).copied().unwrap_or(0);
        fold(pair[0] ^ ODD[1], second ^ ODD[0] ^ sum) ^ sum.rotate_left(29)
    })
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
