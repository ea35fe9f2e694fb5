//! Who asks the server at the moment: so that of several processes one asks, and the others take its answer.
//!
//! A claim is one word: a part of the hash of what is asked, the process that asks, and the time at which the claim ends by
//! itself. It ends earlier with its process, if that is killed. Two questions may share a word by chance; then the second is
//! asked without a claim.

use crate::host::fork::is_running;
use crate::host::region::Region;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The claims, in shared memory.
pub struct Claims {
    memory: Arc<Region>,
    start: usize,
}

/// What became of an attempt to claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is this process's to ask.
    Held(Held),
    /// Another process asks this.
    Taken,
    /// The word is in use for another question.
    None,
}

/// A claim that is held: the word, as it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Held {
    place: usize,
    word: u64,
}

const COUNT: u64 = 1024;
/// The time in milliseconds, which turns over after 70 minutes.
const TIME_BITS: u32 = 22;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// The number of the process: Linux has none above.
const PROCESS_MASK: u64 = ((1 << 22) - 1) << TIME_BITS;
const TOPIC_MASK: u64 = !(TIME_MASK | PROCESS_MASK);

impl Claims {
    /// How many words they need.
    pub const WORDS: usize = COUNT as usize;

    /// In a part of the memory.
    pub fn new(memory: Arc<Region>, start: usize) -> Self {
        Self { memory, start }
    }

    /// Claims a question until a time.
    pub fn claim(&self, hash: u64, now_ms: u64, until_ms: u64) -> Claim {
        let place = self.start + (hash % COUNT) as usize;
        let process = u64::from(std::process::id()) << TIME_BITS & PROCESS_MASK;
        let word = (hash & TOPIC_MASK) | process | (until_ms & TIME_MASK);
        let known = self.memory[place].load(Ordering::Acquire);
        // How far its end lies ahead; one that is over lies far behind, which is as far ahead.
        let left = known.wrapping_sub(now_ms) & TIME_MASK;
        let is_over = known == 0 || left == 0 || left > TIME_MASK / 2 || !is_running(process_of(known));
        if !is_over {
            return if known & TOPIC_MASK == hash & TOPIC_MASK { Claim::Taken } else { Claim::None };
        }
        match self.word(place).compare_exchange(known, word, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Claim::Held(Held { place, word }),
            Err(now) if now & TOPIC_MASK == hash & TOPIC_MASK => Claim::Taken,
            Err(_) => Claim::None,
        }
    }

    /// Ends a claim.
    pub fn release(&self, held: &Held) {
        // Where it was over, it may be somebody else's by now.
        let _ = self.word(held.place).compare_exchange(held.word, 0, Ordering::AcqRel, Ordering::Relaxed);
    }

    fn word(&self, place: usize) -> &AtomicU64 {
        &self.memory[place]
    }
}

fn process_of(word: u64) -> u32 {
    u32::try_from((word & PROCESS_MASK) >> TIME_BITS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asks_and_a_claim_ends_by_itself() {
        let claims = Claims::new(Arc::new(Region::new(Claims::WORDS, false).unwrap()), 0);
        let (hash, other) = (0xabcd_0000_0000_0007, 0x1234_0000_0000_0007);
        let Claim::Held(held) = claims.claim(hash, 1000, 1500) else { panic!("it is free") };
        assert_eq!(claims.claim(hash, 1499, 2000), Claim::Taken);
        assert_eq!(claims.claim(other, 1499, 2000), Claim::None);
        let Claim::Held(next) = claims.claim(hash, 1500, 2000) else { panic!("it is over") };
        claims.release(&held);
        assert_eq!(claims.claim(hash, 1600, 2100), Claim::Taken, "only its holder ends a claim");
        claims.release(&next);
        assert!(matches!(claims.claim(other, 1600, 2100), Claim::Held(_)));
    }

    #[test]
    fn the_end_of_a_claim_may_lie_behind_the_turn_of_its_clock() {
        let claims = Claims::new(Arc::new(Region::new(Claims::WORDS, false).unwrap()), 0);
        let now = 7 * TIME_MASK - 10;
        assert!(matches!(claims.claim(u64::MAX, now, now + 100), Claim::Held(_)));
        assert_eq!(claims.claim(u64::MAX, now + 99, now + 500), Claim::Taken);
        assert!(matches!(claims.claim(u64::MAX, now + 100, now + 500), Claim::Held(_)));
    }
}
