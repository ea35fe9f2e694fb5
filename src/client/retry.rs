//! When a call is sent again, and after how long.

use super::answer::Answer;
use super::connection::phase::{self, Phase};
use super::request::Prepared;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::host::fork::PerProcess;
use crate::schedule::{Budget, Random};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// What follows an attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Its outcome is that of the call.
    End,
    /// Another attempt at once: nothing was processed, or the connection had been closed while it was idle.
    AtOnce,
    /// Another attempt after this time.
    After(Duration),
}

/// What all calls of an engine share, so that an outage does not double the load on the server.
#[derive(Default)]
pub struct Repetitions {
    budget: Budget,
    /// Of each process its own: siblings that were forked with the same numbers would come back at the same moments.
    random: PerProcess<Random>,
}

/// The attempts of one call so far.
pub struct Attempts<'a> {
    shared: &'a Repetitions,
    allowed: u32,
    repeated: u32,
    /// One of them followed at once.
    was_at_once: bool,
}

/// A server that wants to be left alone for longer gets no repetition, even of a call without a deadline.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

impl<'a> Attempts<'a> {
    /// None yet; `retries` may follow the first.
    pub fn new(shared: &'a Repetitions, retries: u32) -> Self {
        Self { shared, allowed: retries, repeated: 0, was_at_once: false }
    }

    /// What follows an attempt that came to this.
    pub fn next(&mut self, prepared: &Prepared, outcome: &Result<Answer>) -> Next {
        if is_unreceived(outcome) {
            phase::enter(Phase::Refused);
        }
        let is_at_once = match outcome {
            Ok(_) => phase::current() == Phase::Refused,
            Err(error) => phase::current() == Phase::Refused || is_stale(error, prepared),
        };
        if is_at_once && !std::mem::replace(&mut self.was_at_once, true) {
            return Next::AtOnce;
        }
        let may_repeat = match outcome {
            Ok(answer) => may_repeat(answer.status, prepared.is_safe()),
            Err(error) => error.is_retryable() && !error.in_doubt,
        };
        if is_success(outcome) {
            self.shared.budget.succeeded();
        }
        if !may_repeat || self.repeated >= self.allowed {
            return Next::End;
        }
        let asked = outcome.as_ref().ok().and_then(|answer| retry_after(answer, clock::time_of_day()));
        let pause = pause_before(self.repeated, asked, self.shared.random());
        // A repetition that would not come in time is none: the outcome says more than the deadline would.
        let is_in_time = prepared.deadline.left(clock::now()).is_none_or(|left| pause < left);
        // The budget comes last: what is not repeated for another reason costs nothing.
        if pause > LONGEST_PAUSE || !is_in_time || !self.shared.budget.take() {
            return Next::End;
        }
        self.repeated += 1;
        Next::After(pause)
    }
}

impl Repetitions {
    fn random(&self) -> &Random {
        self.random.get_or_make(Random::from_system, |_| {})
    }
}

/// Whether an answer of this status allows another attempt. 503 says that the request was not carried out; of 502 and 504
/// nobody knows. 429 of a login means too many sessions, which another attempt does not change.
fn may_repeat(status: u16, is_safe: bool) -> bool {
    status == 503 || (matches!(status, 429 | 502 | 504) && is_safe)
}

/// Whether the server does its work: every answer but those of a server in trouble.
fn is_success(outcome: &Result<Answer>) -> bool {
    outcome.as_ref().is_ok_and(|answer| answer.status < 500 && answer.status != 429)
}

/// 100 ms, doubled with every repetition, 2 s at most.
fn pause(repetitions: u32) -> Duration {
    Duration::from_millis((100 << repetitions.min(5)).min(2000))
}

/// The pause before a repetition: at random, and after the time that the server has asked for. All whom it has told the same
/// time would come back at the same moment otherwise.
fn pause_before(repetitions: u32, asked: Option<Duration>, random: &Random) -> Duration {
    let own = random.shortened(pause(repetitions), 50);
    asked.map_or(own, |asked| asked.saturating_add(random.shortened((asked / 4).max(own), 100)))
}

/// How long the server asks to be left alone: a number of seconds, or a date.
fn retry_after(answer: &Answer, time_of_day: SystemTime) -> Option<Duration> {
    if !matches!(answer.status, 429 | 503) {
        return None;
    }
    let text = |name| header(&answer.headers, name);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    // The server's own clock, where it says what that shows: the two need not agree.
    let now = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(time_of_day);
    Some(until.duration_since(now).unwrap_or_default())
}

fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whether an answer says that the request was not received as a whole (RFC 9110, 15.5.9), over a connection that was there
/// before: a proxy has closed it because it was idle, at the moment when the request was sent.
fn is_unreceived(outcome: &Result<Answer>) -> bool {
    outcome.as_ref().is_ok_and(|answer| answer.status == 408) && phase::has_reused()
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

    #[test]
    fn those_whom_the_server_has_told_the_same_time_come_back_after_it_and_apart() {
        let (random, asked) = (Random::new(7), Duration::from_secs(8));
        let pauses: Vec<_> = (0..1000).map(|_| pause_before(0, Some(asked), &random)).collect();
        assert!(pauses.iter().all(|pause| (asked..=asked + Duration::from_secs(2)).contains(pause)));
        let late = pauses.iter().filter(|pause| **pause > asked + Duration::from_secs(1)).count();
        assert!((400..600).contains(&late), "{late} of 1,000 come in the second half");
    }

    #[test]
    fn a_server_says_how_long_to_wait_in_seconds_or_by_its_own_clock() {
        let asked = |status, headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
            retry_after(&Answer { status, headers, body: Vec::new() }, now).map(|length| length.as_secs())
        };
        assert_eq!(asked(503, &[("retry-after", "7")]), Some(7));
        assert_eq!(asked(429, &[("retry-after", " 0 ")]), Some(0));
        assert_eq!(asked(502, &[("retry-after", "7")]), None);
        let date = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(asked(503, &[date]), Some(30));
        assert_eq!(asked(503, &[date, ("date", "Sun, 06 Nov 1994 08:50:02 GMT")]), Some(5));
        assert_eq!(asked(503, &[date, ("date", "Sun, 06 Nov 1994 09:00:00 GMT")]), Some(0));
        for nonsense in ["", "-1", "soon", "1e3", "99999999999999999999999"] {
            assert_eq!(asked(503, &[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn only_what_changes_nothing_is_repeated_where_it_may_have_been_carried_out() {
        for status in [429, 502, 504] {
            assert!(may_repeat(status, true) && !may_repeat(status, false), "{status}");
        }
        assert!(may_repeat(503, true) && may_repeat(503, false));
        assert!([200, 401, 404, 500].iter().all(|status| !may_repeat(*status, true)));
    }
}
