//! When something is done again: back-off, jitter, and a budget for repetitions. Pure arithmetic: time and chance are given.
//!
//! Thousands of hosts that lose the server at the same moment must not come back at the same moment. So every pause has
//! jitter, and repetitions have a budget that grows with successes only.

pub mod renewal;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where jitter takes its numbers from: fast, and never the same in two processes. Not for secrets.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// A sequence that begins here: the same for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A sequence of its own.
    pub fn from_system() -> Self {
        let mut seed = [0; 8];
        // Without the system's numbers, the address of this variable differs from process to process at least.
        if getrandom::getrandom(&mut seed).is_err() {
            seed = (std::ptr::from_ref(&seed) as usize as u64).to_ne_bytes();
        }
        Self::new(u64::from_ne_bytes(seed))
    }

    /// The next number (SplitMix64).
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// A number from 0 to `below` less one; 0 where `below` is 0.
    pub fn below(&self, below: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(below)) >> 64) as u64
    }

    /// A length between `length` less `percent` of it and `length`.
    pub fn shortened(&self, length: Duration, percent: u64) -> Duration {
        let nanoseconds = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let most = u64::try_from(u128::from(nanoseconds) * u128::from(percent.min(100)) / 100).unwrap_or(u64::MAX);
        Duration::from_nanos(nanoseconds - self.below(most.saturating_add(1)))
    }
}

/// Pauses that double from one length to another: 1, 2, 4, 8, 16, 32, 32 ... seconds. A success starts them over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// So many failures already.
    pub const fn after(first: Duration, longest: Duration, failures: u32) -> Self {
        Self { first, longest, failures }
    }

    /// The pause after one more failure, shortened at random by up to half, so that those who failed together come back
    /// apart.
    pub fn failed(&mut self, random: &Random) -> Duration {
        let pause = self.pause();
        self.failures = self.failures.saturating_add(1);
        random.shortened(pause, 50)
    }

    /// Starts over.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How many failures there have been since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    fn pause(&self) -> Duration {
        self.first.saturating_mul(1_u32.checked_shl(self.failures.min(31)).unwrap_or(u32::MAX)).min(self.longest)
    }
}

/// How many repetitions are allowed: a tenth of what succeeds, and a few at the start. In an outage nothing succeeds, so
/// repetitions end soon, and the load does not double when the server can bear it least.
#[derive(Debug)]
pub struct Budget(AtomicU64);

impl Budget {
    /// What one repetition costs, in the unit of what one success brings.
    const COST: u64 = 10;
    /// No more is saved up than for this many repetitions. When the server fails, every host spends what it has saved up at
    /// the same time; docs/fleet.md shows that this stays below the double of the load.
    const MOST: u64 = 5;

    /// Full.
    pub const fn new() -> Self {
        Self(AtomicU64::new(Self::COST * Self::MOST))
    }

    /// Something has succeeded.
    pub fn succeeded(&self) {
        // Mostly it is full, and nothing is written.
        if self.0.load(Ordering::Relaxed) < Self::COST * Self::MOST {
            let more = |saved: u64| Some((saved + 1).min(Self::COST * Self::MOST));
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// Takes one repetition out; false where none is left.
    pub fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| saved.checked_sub(Self::COST)).is_ok()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over_after_a_success() {
        let random = Random::new(1);
        let mut backoff = Backoff::new(SECOND, 32 * SECOND);
        for _ in 0..2 {
            for seconds in [1, 2, 4, 8, 16, 32, 32, 32] {
                let pause = backoff.failed(&random);
                assert!(pause <= seconds * SECOND && pause >= seconds * SECOND / 2, "{pause:?} of {seconds}");
            }
            backoff.succeeded();
            assert_eq!(backoff.failures(), 0);
        }
        backoff.failures = u32::MAX;
        assert!(backoff.failed(&random) >= 16 * SECOND);
    }

    #[test]
    fn jitter_stays_within_its_part_and_spreads() {
        let random = Random::new(7);
        let lengths: Vec<_> = (0..1000).map(|_| random.shortened(100 * SECOND, 10)).collect();
        assert!(lengths.iter().all(|length| (90 * SECOND..=100 * SECOND).contains(length)));
        assert!(lengths.iter().any(|l| *l < 91 * SECOND) && lengths.iter().any(|l| *l > 99 * SECOND));
        assert_eq!(random.shortened(SECOND, 0), SECOND);
        assert_eq!(random.below(0), 0);
        assert_ne!(Random::from_system().next(), Random::from_system().next());
    }

    #[test]
    fn a_budget_lets_a_tenth_be_repeated() {
        let budget = Budget::new();
        assert_eq!((0..100).filter(|_| budget.take()).count(), 5);
        (0..1000).for_each(|_| {
            budget.succeeded();
        });
        assert_eq!((0..100).filter(|_| budget.take()).count(), 5);
        (0..25).for_each(|_| budget.succeeded());
        assert_eq!((0..100).filter(|_| budget.take()).count(), 2);
    }
}
