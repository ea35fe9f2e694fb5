//! When a call is sent again, and after how long.

use super::answer::Answer;
use super::connection::phase::{self, Phase};
use super::request::Prepared;
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;

/// What follows an attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Its outcome is that of the call.
    End,
    /// Another attempt at once: the connection had been closed while it was idle.
    AtOnce,
    /// Another attempt after this time.
    After(Duration),
}

/// The attempts of one call so far.
pub struct Attempts {
    allowed: u32,
    repeated: u32,
    was_stale: bool,
}

impl Attempts {
    /// None yet; `retries` may follow the first.
    pub fn new(retries: u32) -> Self {
        Self { allowed: retries, repeated: 0, was_stale: false }
    }

    /// What follows an attempt that came to this.
    pub fn next(&mut self, prepared: &Prepared, outcome: &Result<Answer>) -> Next {
        let may_repeat = match outcome {
            // 503 says that it was not carried out; of 502 and 504 nobody knows.
            Ok(answer) => answer.status == 503 || (matches!(answer.status, 502 | 504) && prepared.is_safe()),
            Err(error) if is_stale(error, prepared) && !self.was_stale => {
                self.was_stale = true;
                return Next::AtOnce;
            }
            Err(error) => error.is_retryable() && !error.in_doubt,
        };
        if !may_repeat || self.repeated >= self.allowed {
            return Next::End;
        }
        let pause = pause(self.repeated);
        self.repeated += 1;
        Next::After(pause)
    }
}

/// 100 ms, doubled with every repetition, 2 s at most.
fn pause(repetitions: u32) -> Duration {
    Duration::from_millis((100 << repetitions.min(5)).min(2000))
}

/// Whether a connection that had been idle was closed before any of the answer came, and the request may be repeated:
/// it changes nothing twice. (What was never written is repeated by the transport itself, of any method.)
fn is_stale(error: &Error, prepared: &Prepared) -> bool {
    error.kind == ErrorKind::Protocol
        && phase::has_reused()
        && phase::current() == Phase::Sending
        && prepared.is_idempotent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_two_seconds() {
        let pauses: Vec<_> = [0, 1, 2, 3, 4, 5, 6, u32::MAX].map(|n| pause(n).as_millis()).into();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
    }
}
