//! What lies idle until it is used again: the one that was used last first, so that the others can grow old and go.

use crate::clock::Clock;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A pool of idle things, bounded in number and in age.
pub struct Pool<T, C> {
    size: usize,
    longest_idle: Duration,
    clock: C,
    /// The one that was returned last on top.
    idle: Mutex<Vec<(Instant, T)>>,
}

impl<T, C: Clock> Pool<T, C> {
    /// An empty pool that keeps `size` things at most, each for `longest_idle` at most.
    pub fn new(size: usize, longest_idle: Duration, clock: C) -> Self {
        Self { size, longest_idle, clock, idle: Mutex::new(Vec::new()) }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, T)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the one that was returned last.
    pub fn take(&self) -> Option<T> {
        self.idle().pop().map(|(_, thing)| thing)
    }

    /// Drops those that are too old. False where none is left.
    pub fn drop_old(&self) -> bool {
        let now = self.clock.now();
        let mut idle = self.idle();
        let old = self.old(&idle, now);
        let dropped: Vec<_> = idle.drain(..old).collect();
        let is_any_left = !idle.is_empty();
        drop(idle);
        drop(dropped);
        is_any_left
    }

    /// How many are too old: those at the bottom.
    fn old(&self, idle: &[(Instant, T)], now: Instant) -> usize {
        let is_old = |since: Instant| now.saturating_duration_since(since) > self.longest_idle;
        idle.iter().take_while(|(since, _)| is_old(*since)).count()
    }

    /// Returns one to the pool, and drops those that are too old or too many.
    pub fn put_back(&self, thing: T) {
        let now = self.clock.now();
        let mut idle = self.idle();
        idle.push((now, thing));
        let surplus = self.old(&idle, now).max(idle.len().saturating_sub(self.size));
        let dropped: Vec<_> = idle.drain(..surplus).collect();
        drop(idle);
        // Without the lock: dropping may take a while.
        drop(dropped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::manual::ManualClock;

    const LONGEST: Duration = Duration::from_secs(5);

    #[test]
    fn no_more_are_kept_than_the_pool_holds_and_the_last_used_is_taken_first() {
        let pool = Pool::new(2, LONGEST, ManualClock::default());
        (1..=3).for_each(|thing| pool.put_back(thing));
        assert_eq!([pool.take(), pool.take(), pool.take()], [Some(3), Some(2), None]);
        let none = Pool::new(0, LONGEST, ManualClock::default());
        none.put_back(1);
        assert_eq!(none.take(), None);
    }

    #[test]
    fn what_has_been_idle_for_too_long_is_dropped() {
        let pool = Pool::new(8, LONGEST, ManualClock::default());
        pool.put_back("old");
        pool.clock.advance(LONGEST);
        pool.put_back("young");
        pool.clock.advance(Duration::from_millis(1));
        pool.put_back("fresh");
        pool.clock.advance(LONGEST);
        assert!(pool.drop_old(), "the last one is young still");
        assert_eq!([pool.take(), pool.take()], [Some("fresh"), None]);
        assert!(!pool.drop_old());
    }
}
