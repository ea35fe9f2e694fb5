//! A breaker: a server that fails is left alone for a while, and then asked by one, not by all.
//!
//! Its words are in shared memory: what one process learned of the server holds for all.

use crate::host::region::Region;
use crate::schedule::{Backoff, Random};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The breaker.
pub struct Breaker {
    memory: Arc<Region>,
    start: usize,
}

/// That it has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whether it was closed before; else one asked, and failed as well.
    pub is_first: bool,
    /// How long nobody asks.
    pub pause_ms: u64,
}

/// So many failures in a row open it: one may be an accident.
pub const FAILURES: u64 = 3;
/// How long it is open at first.
pub const FIRST: Duration = Duration::from_secs(1);
/// How long it is open at most.
pub const LONGEST: Duration = Duration::from_secs(16);
/// Over how many times the length of an outage questions are spread afterwards, one hour at most: a third more come than
/// usual then.
const SPREAD: u64 = 3;
const LONGEST_SPREAD_MS: u64 = 3_600_000;

impl Breaker {
    /// How many words it needs.
    pub const WORDS: usize = 8;

    /// In a part of the memory.
    pub fn new(memory: Arc<Region>, start: usize) -> Self {
        Self { memory, start }
    }

    /// Failures since the last success.
    fn failures(&self) -> &AtomicU64 {
        &self.memory[self.start]
    }

    /// When it is next allowed to ask, in milliseconds of the uptime; 0 where it is closed.
    fn open_until(&self) -> &AtomicU64 {
        &self.memory[self.start + 1]
    }

    /// Whether the server may be asked now; if not, after how many milliseconds. Where it was open, one may ask, and until it
    /// has the answer, or for `probe_ms`, no other.
    pub fn may_ask(&self, now_ms: u64, probe_ms: u64) -> Result<(), u64> {
        let until = self.open_until().load(Ordering::Acquire);
        if until == 0 {
            return Ok(());
        }
        if now_ms < until {
            return Err(until - now_ms);
        }
        let probe = self.open_until().compare_exchange(
            until,
            now_ms.saturating_add(probe_ms),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        probe.map(|_| ()).map_err(|until| until.saturating_sub(now_ms).max(1))
    }

    /// When it opened for the first time since the last success.
    fn opened_at(&self) -> &AtomicU64 {
        &self.memory[self.start + 3]
    }

    /// When the server was back after the last outage, and how long questions are spread from then on.
    fn recovery(&self) -> [&AtomicU64; 2] {
        [&self.memory[self.start + 4], &self.memory[self.start + 5]]
    }

    /// The server has answered. Returns how long it was left alone, where that is over now.
    pub fn succeeded(&self, now_ms: u64) -> Option<u64> {
        // Mostly nothing is written: the line is shared by all.
        if self.failures().load(Ordering::Relaxed) != 0 {
            self.failures().store(0, Ordering::Release);
            if self.open_until().swap(0, Ordering::AcqRel) != 0 {
                let outage_ms = now_ms.saturating_sub(self.opened_at().load(Ordering::Relaxed));
                let [since, spread] = self.recovery();
                spread.store(SPREAD.saturating_mul(outage_ms).min(LONGEST_SPREAD_MS), Ordering::Relaxed);
                since.store(now_ms, Ordering::Release);
                return Some(outage_ms);
            }
        }
        None
    }

    /// Whether an answer that has become too old is used a little longer: until it is its turn to be asked about, after an
    /// outage. What became too old since the outage began, and what does so until the spread is over, is asked about in that
    /// order, at an even rate: if all of it were asked about when the server is back, it would fail again.
    pub fn is_deferred(&self, fresh_until_ms: u64, now_ms: u64) -> bool {
        let [since, spread] = self.recovery().map(|word| word.load(Ordering::Acquire));
        let opened = self.opened_at().load(Ordering::Relaxed);
        if since == 0 || spread == 0 || fresh_until_ms < opened || now_ms >= since.saturating_add(spread) {
            return false;
        }
        // Wide enough for whatever damaged memory holds, and never 0.
        let whole = u128::from(since) + u128::from(spread) - u128::from(opened.min(since));
        let turn = u128::from(fresh_until_ms - opened) * u128::from(spread) / whole;
        u128::from(now_ms) < u128::from(since) + turn
    }

    /// The server could not be asked, or failed, when it was asked at `asked_ms`. Returns what it is left alone for, where
    /// this is why.
    pub fn failed(&self, asked_ms: u64, now_ms: u64, random: &Random) -> Option<Opened> {
        let failures = self.failures().fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        let was = self.open_until().load(Ordering::Acquire);
        // Those that were on their way when it opened say nothing new.
        let is_probe = was != 0 && failures > FAILURES && asked_ms > self.opened_at().load(Ordering::Relaxed);
        if failures == FAILURES || is_probe {
            let opened = self.memory[self.start + 2].load(Ordering::Relaxed);
            let opened = if failures == FAILURES { 0 } else { opened.saturating_add(1) };
            if failures == FAILURES {
                self.opened_at().store(now_ms, Ordering::Relaxed);
            }
            self.memory[self.start + 2].store(opened, Ordering::Relaxed);
            let mut backoff = Backoff::after(FIRST, LONGEST, u32::try_from(opened).unwrap_or(u32::MAX));
            let pause = u64::try_from(backoff.failed(random).as_millis()).unwrap_or(u64::MAX);
            let until = now_ms.saturating_add(pause);
            let set = self.open_until().compare_exchange(was, until, Ordering::AcqRel, Ordering::Acquire);
            return set.is_ok().then_some(Opened { is_first: failures == FAILURES, pause_ms: pause });
        }
        None
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open_until().load(Ordering::Acquire) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_lets_one_ask_and_closes_after_a_success() {
        let breaker = Breaker::new(Arc::new(Region::new(Breaker::WORDS, false).unwrap()), 0);
        let random = Random::new(1);
        let mut now = 1000;
        breaker.failed(now, now, &random);
        breaker.failed(now, now, &random);
        breaker.succeeded(now);
        for _ in 0..2 {
            breaker.failed(now, now, &random);
            assert_eq!(breaker.may_ask(now, 500), Ok(()));
        }
        breaker.failed(now, now, &random);
        let mut longest = 0;
        for _ in 0..10 {
            let left = breaker.may_ask(now, 500).unwrap_err();
            longest = longest.max(left);
            assert!(left > 400 && left <= 16_000, "{left}");
            now += left;
            assert_eq!(breaker.may_ask(now, 500), Ok(()));
            assert!(breaker.may_ask(now, 500).is_err(), "one asks");
            breaker.failed(now, now, &random);
        }
        assert!(longest > 8000);
        now += 20_000;
        assert_eq!(breaker.may_ask(now, 500), Ok(()));
        breaker.succeeded(now);
        assert!(!breaker.is_open());
        assert_eq!((breaker.may_ask(now, 500), breaker.may_ask(now, 500)), (Ok(()), Ok(())));
    }

    #[test]
    fn after_an_outage_questions_that_can_wait_have_their_turn_one_after_the_other() {
        let breaker = Breaker::new(Arc::new(Region::new(Breaker::WORDS, false).unwrap()), 0);
        let random = Random::new(1);
        // A thousand answers that become too old at an even rate: during the outage, and for three times its length afterwards.
        let is_waiting = |at: &u64, now: u64| {
            let fresh_until = 10_000 + at * 1000;
            fresh_until < now && breaker.is_deferred(fresh_until, now)
        };
        let deferred = |now| (0..1200).filter(|at| is_waiting(at, now)).count();
        assert_eq!(deferred(10_000), 0);
        for _ in 0..FAILURES {
            breaker.failed(10_000, 10_000, &random);
        }
        assert_eq!(deferred(20_000), 0, "it is open: nobody asks anyway");
        breaker.succeeded(310_000);
        for (now, due) in [(310_000, 299), (460_000, 250), (760_000, 150), (1_209_000, 1), (1_210_000, 0)] {
            assert!(deferred(now).abs_diff(due) <= 2, "{} of {due} at {now}", deferred(now));
        }
    }

    #[test]
    fn those_that_were_on_their_way_when_it_opened_do_not_lengthen_the_pause() {
        let breaker = Breaker::new(Arc::new(Region::new(Breaker::WORDS, false).unwrap()), 0);
        let random = Random::new(1);
        for _ in 0..100 {
            breaker.failed(1000, 1300, &random);
        }
        let pause = breaker.may_ask(1300, 500).unwrap_err();
        assert!(pause <= 1000, "{pause}");
        let now = 1300 + pause;
        assert_eq!(breaker.may_ask(now, 500), Ok(()));
        // The probe fails, and one that is much too late.
        breaker.failed(now, now + 300, &random);
        breaker.failed(1000, now + 300, &random);
        let pause = breaker.may_ask(now + 300, 500).unwrap_err();
        assert!(pause <= 2000, "{pause}");
    }

    #[test]
    fn who_asks_first_after_a_pause_may_die_and_another_asks() {
        let breaker = Breaker::new(Arc::new(Region::new(Breaker::WORDS, false).unwrap()), 0);
        for _ in 0..FAILURES {
            breaker.failed(0, 0, &Random::new(1));
        }
        assert_eq!(breaker.may_ask(2000, 500), Ok(()));
        assert_eq!(breaker.may_ask(2499, 500), Err(1));
        assert_eq!(breaker.may_ask(2500, 500), Ok(()));
    }
}
