//! What a call leaves for the log besides its answer: its number, how many attempts it took, and over what connection.
//!
//! It is written to as the call goes, whether anybody listens or not: a few plain stores. The number is drawn when it is
//! first asked for, so that calls that nobody hears of share nothing.

use crate::log;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// The trail of one call.
#[derive(Default)]
pub struct Trail {
    id: AtomicU64,
    attempts: AtomicU32,
    /// 0 for none, 1 for a new connection, 2 for one that was there before.
    connection: AtomicU8,
}

impl Trail {
    /// The call's number, which no other call of this process has.
    pub fn id(&self) -> u64 {
        let known = self.id.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let fresh = log::next_call_id();
        let outcome = self.id.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed);
        outcome.map_or_else(|known| known, |_| fresh)
    }

    /// An attempt begins. (One task makes a call, so nothing is lost between the two.)
    pub fn begin_attempt(&self) {
        self.attempts.store(self.attempts() + 1, Ordering::Relaxed);
        self.connection.store(0, Ordering::Relaxed);
    }

    /// The attempt went over a connection that was there before, or over a new one; `None` where it had none.
    pub fn went_over(&self, is_reused: Option<bool>) {
        self.connection.store(is_reused.map_or(0, |is_reused| 1 + u8::from(is_reused)), Ordering::Relaxed);
    }

    /// How many attempts have begun.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// What the last attempt went over, in a word.
    pub fn connection(&self) -> Option<&'static str> {
        [None, Some("new"), Some("reused")][usize::from(self.connection.load(Ordering::Relaxed))]
    }
}
