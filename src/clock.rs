//! Time. The only file that asks the system for it; what keeps a schedule or a cache takes a [`Clock`], so that tests can
//! move it.

use std::time::{Duration, Instant, SystemTime};

/// The current time, from a clock that never goes backwards.
pub fn now() -> Instant {
    Instant::now()
}

/// Where a schedule or a cache takes the time from.
pub trait Clock: Send + Sync {
    /// The current time; never earlier than what an earlier call returned.
    fn now(&self) -> Instant;
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        now()
    }
}

/// The time of day, by the system's clock, which may be wrong and may jump: good for reading dates, and for nothing else.
pub fn time_of_day() -> SystemTime {
    SystemTime::now()
}

/// Time since the machine was started, in milliseconds. It never goes backwards, goes on while the machine is suspended,
/// and is the same in all processes of the machine. (`host::uptime` has the system's.)
pub trait Uptime: Send + Sync {
    /// Milliseconds since the machine was started.
    fn uptime_ms(&self) -> u64;
}

/// The moment by which something must have ended, computed once and handed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The moment `limit` after `begun`; none where there is no limit, or one beyond what a clock can hold.
    pub fn after(begun: Instant, limit: Option<Duration>) -> Self {
        Self(limit.and_then(|limit| begun.checked_add(limit)))
    }

    /// The moment; `None` where there is no limit.
    pub fn at(self) -> Option<Instant> {
        self.0
    }

    /// The time left at `now`, zero where it has passed; `None` where there is no limit.
    pub fn left(self, now: Instant) -> Option<Duration> {
        self.0.map(|deadline| deadline.saturating_duration_since(now))
    }
}

/// A clock that stands still until it is moved, for tests.
#[cfg(test)]
pub mod manual {
    use super::{Clock, Uptime, now};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    /// A clock that stands still until it is moved.
    pub struct ManualClock(Mutex<Instant>);

    impl ManualClock {
        /// Moves it.
        pub fn advance(&self, by: Duration) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    impl Default for ManualClock {
        fn default() -> Self {
            Self(Mutex::new(now()))
        }
    }

    /// An uptime that stands still until it is moved.
    #[derive(Default)]
    pub struct ManualUptime(AtomicU64);

    impl ManualUptime {
        /// At this many milliseconds.
        pub const fn at(uptime_ms: u64) -> Self {
            Self(AtomicU64::new(uptime_ms))
        }

        /// Moves it.
        pub fn advance(&self, by: Duration) {
            self.0.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
        }
    }

    impl Uptime for ManualUptime {
        fn uptime_ms(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Instant {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_beyond_what_a_clock_can_hold_is_none() {
        let begun = now();
        assert_eq!(Deadline::after(begun, Some(Duration::MAX)).at(), None);
        assert_eq!(Deadline::after(begun, None).left(begun), None);
        let second = Duration::from_secs(1);
        let deadline = Deadline::after(begun, Some(second));
        assert_eq!(deadline.left(begun), Some(second));
        assert_eq!(deadline.left(begun + 2 * second), Some(Duration::ZERO));
    }
}
