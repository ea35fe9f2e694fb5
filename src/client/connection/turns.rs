//! Whose turn it is: how many calls of queues are with the server at once, and how many wait for that, and for how long.
//!
//! A server that falls behind is told apart from one that is slow: what would wait too long ends early with an error of its
//! own, while there is still time to do something else.

use crate::clock::{Deadline, now};
use crate::host::drive::within;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The turns of one I/O thread.
pub struct Turns {
    at_once: Semaphore,
    most_at_once: usize,
    waiting: AtomicUsize,
    /// 0: as many as there are.
    most_waiting: usize,
    /// `None`: half of the time that a call has in all.
    longest: Option<Duration>,
}

/// A turn, until dropped. It is never read: dropping it lets the next call in.
pub struct Turn<'a>(#[allow(dead_code, reason = "it is held")] SemaphorePermit<'a>);

/// Why a call has no turn.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// So many wait already.
    TooMany(usize),
    /// It has waited for so long.
    TooLong(Duration),
}

impl Turns {
    /// `most_at_once` calls have a turn, `most_waiting` wait for one, each for `longest`.
    pub fn new(most_at_once: usize, most_waiting: usize, longest: Option<Duration>) -> Self {
        let most_at_once = most_at_once.clamp(1, Semaphore::MAX_PERMITS);
        let at_once = Semaphore::new(most_at_once);
        Self { at_once, most_at_once, waiting: AtomicUsize::new(0), most_waiting, longest }
    }

    /// How many have a turn at once.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once
    }

    /// A turn, where one is there.
    pub fn try_take(&self) -> Option<Turn<'_>> {
        self.at_once.try_acquire().ok().map(Turn)
    }

    /// Waits for a turn, in the order of asking, as long as a call may that began then and must end by its deadline. Where
    /// that comes first there is no turn and no refusal.
    pub async fn take(&self, begun: Instant, deadline: Deadline) -> Option<Result<Turn<'_>, Refused>> {
        if let Some(turn) = self.try_take() {
            return Some(Ok(turn));
        }
        let _waiting = match self.wait() {
            Ok(waiting) => waiting,
            Err(refused) => return Some(Err(refused)),
        };
        let left = deadline.left(now());
        let half = || deadline.left(begun).map(|whole| whole / 2);
        // One timer for both: thousands may wait here.
        let longest = self.longest.or_else(half);
        let taken = match [longest, left].into_iter().flatten().min() {
            Some(limit) => match within(limit, self.at_once.acquire()).await {
                Some(taken) => taken,
                None => return longest.filter(|_| longest <= left || left.is_none()).map(|l| Err(Refused::TooLong(l))),
            },
            None => self.at_once.acquire().await,
        };
        // It fails only where the semaphore was closed, which nobody does.
        Some(taken.map(Turn).map_err(|_| Refused::TooMany(0)))
    }

    fn wait(&self) -> Result<Waiting<'_>, Refused> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(self);
        if self.most_waiting != 0 && before >= self.most_waiting { Err(Refused::TooMany(before)) } else { Ok(waiting) }
    }
}

/// A call that waits, until dropped.
struct Waiting<'a>(&'a Turns);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::drive::Driver;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn so_many_have_a_turn_so_many_wait_and_the_others_are_told_at_once() {
        let (turns, begun) = (Turns::new(1, 1, None), now());
        let driver = Driver::default();
        let first = driver.drive(turns.take(begun, Deadline::after(begun, None))).unwrap().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut second = pin!(turns.take(begun, Deadline::after(begun, None)));
        assert!(second.as_mut().poll(&mut context).is_pending());
        let third = driver.drive(turns.take(begun, Deadline::after(begun, None)));
        assert_eq!(third.unwrap().err(), Some(Refused::TooMany(1)));
        drop(first);
        assert!(matches!(second.as_mut().poll(&mut context), Poll::Ready(Some(Ok(_)))));
    }

    #[test]
    fn nobody_waits_longer_than_the_limit_which_is_half_of_the_calls_time_unless_set() {
        let driver = Driver::default();
        let short = Duration::from_millis(20);
        for turns in [Turns::new(1, 0, None), Turns::new(1, 0, Some(short))] {
            let begun = now();
            let deadline = Deadline::after(begun, Some(2 * short));
            let _first = driver.drive(turns.take(begun, deadline)).unwrap().unwrap();
            assert_eq!(driver.drive(turns.take(begun, deadline)).unwrap().err(), Some(Refused::TooLong(short)));
            assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
        }
        // The deadline of the call comes first.
        let turns = Turns::new(1, 0, Some(Duration::from_secs(60)));
        let _first = driver.drive(turns.take(now(), Deadline::after(now(), None))).unwrap().unwrap();
        assert!(driver.drive(turns.take(now(), Deadline::after(now(), Some(short)))).is_none());
    }
}
