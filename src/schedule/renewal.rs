//! When a token is renewed, as a pure state machine: time (since the machine was started) and chance are given.
//!
//! It knows no token, only how long the current one lives. Whoever drives it asks [`Renewal::due_ms`], tells when an
//! attempt begins and what it came to, and that the server has rejected the token. It is asked again whenever its driver
//! likes: nothing is counted by how often it is asked, so time may jump (suspend) without harm.

use super::{Backoff, Random};
use std::time::Duration;

/// How a token is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalState {
    /// There has been no token yet, and no failure.
    Starting,
    /// There is a valid token, and nothing has failed since it came.
    Fresh,
    /// There is a valid token, but its renewal has failed so far.
    Stale,
    /// There is no valid token: none could be had, it has expired, or the server has rejected it.
    Failing,
}

impl RenewalState {
    /// Its name, for hosts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Failing => "failing",
        }
    }
}

/// The schedule of one token's renewals.
#[derive(Debug)]
pub struct Renewal {
    /// At which share of a token's life it is renewed.
    percent: u32,
    /// Failed attempts since the last that succeeded.
    failures: Backoff,
    /// New tokens that were rejected one after the other.
    rejections: Backoff,
    /// When the attempt that runs began.
    running_since: Option<u64>,
    /// When the last attempt ended.
    ended_ms: Option<u64>,
    due_ms: u64,
    token: Option<Life>,
    has_had_one: bool,
}

/// The life of the current token.
#[derive(Clone, Copy, Debug)]
struct Life {
    came_ms: u64,
    expires_ms: u64,
}

/// Attempts never follow each other faster, whatever lifetimes the server gives; but for the first rejection.
const CLOSEST_MS: u64 = 500;

/// A token that was used for so long was a good one: if it is rejected now, it was revoked, and a new one is had at once.
const PROVEN_MS: u64 = 60_000;

impl Renewal {
    /// No token yet: the first attempt is due at once.
    pub const fn new(percent: u32) -> Self {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(32));
        Self {
            percent,
            failures: backoff,
            rejections: backoff,
            running_since: None,
            ended_ms: None,
            due_ms: 0,
            token: None,
            has_had_one: false,
        }
    }

    /// Begins with a token that somebody else has got (the process that this one was forked from).
    pub fn with_token(percent: u32, began_ms: u64, expires_ms: u64, random: &Random) -> Self {
        let mut renewal = Self::new(percent);
        renewal.has_had_one = true;
        renewal.token = Some(Life { came_ms: began_ms, expires_ms });
        renewal.due_ms = began_ms + share(percent, expires_ms.saturating_sub(began_ms), random);
        renewal
    }

    /// When the next attempt is due; `None` while one runs.
    pub fn due_ms(&self) -> Option<u64> {
        self.running_since.is_none().then_some(self.due_ms)
    }

    /// Whether an attempt runs.
    pub fn is_running(&self) -> bool {
        self.running_since.is_some()
    }

    /// Whether an attempt is due and has not begun.
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.due_ms().is_some_and(|due_ms| due_ms <= now_ms)
    }

    /// Whether an attempt runs or is due: who needs a token waits for what it comes to.
    pub fn is_under_way(&self, now_ms: u64) -> bool {
        self.running_since.is_some() || self.due_ms <= now_ms
    }

    /// An attempt begins: its request is sent not before now.
    pub fn begin(&mut self, now_ms: u64) {
        self.running_since = Some(now_ms);
    }

    /// The attempt has brought a token that lives so long. Its life is counted from when the request was sent: the server
    /// counts from a later moment, so a token that is valid here is valid there. Returns when it expires.
    ///
    /// A token that has expired on its way is none: the attempt has failed.
    pub fn succeeded(&mut self, now_ms: u64, life: Duration, random: &Random) -> Option<u64> {
        let began_ms = self.running_since.unwrap_or(now_ms);
        let life_ms = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let expires_ms = began_ms.saturating_add(life_ms);
        if expires_ms <= now_ms {
            self.failed(now_ms, random);
            return None;
        }
        self.end(now_ms);
        self.failures.succeeded();
        // The one before was good to its end, however short its life: rejections are over.
        if self.token.is_some() {
            self.rejections.succeeded();
        }
        self.token = Some(Life { came_ms: now_ms, expires_ms });
        self.has_had_one = true;
        let at_share = began_ms.saturating_add(share(self.percent, life_ms, random));
        self.due_ms = at_share.max(now_ms + CLOSEST_MS);
        Some(expires_ms)
    }

    /// The attempt has failed.
    pub fn failed(&mut self, now_ms: u64, random: &Random) {
        self.end(now_ms);
        self.due_ms = now_ms + milliseconds(self.failures.failed(random));
    }

    /// The server has rejected the current token. A new one is due at once, but if new ones are rejected again and again,
    /// after pauses that grow.
    pub fn rejected(&mut self, now_ms: u64, random: &Random) {
        // Of many calls that it fails, the first tells something new.
        let Some(token) = self.token.take() else { return };
        if now_ms.saturating_sub(token.came_ms) >= PROVEN_MS {
            self.rejections.succeeded();
        }
        let is_first = self.rejections.failures() == 0;
        let pause = milliseconds(self.rejections.failed(random));
        // Where attempts fail already, a rejection is no reason to make them more often.
        if self.failures.failures() == 0 {
            self.due_ms = if is_first { now_ms } else { now_ms + pause };
        }
    }

    /// Somebody wants a new token now: pauses are cut short.
    pub fn ask(&mut self, now_ms: u64) {
        let closest = self.ended_ms.map_or(now_ms, |ended_ms| now_ms.max(ended_ms + CLOSEST_MS));
        self.due_ms = self.due_ms.min(closest);
    }

    /// The same, where there is no valid token.
    pub fn ask_if_failing(&mut self, now_ms: u64) {
        if !self.is_valid(now_ms) {
            self.ask(now_ms);
        }
    }

    /// Whether there is a token that is valid.
    pub fn is_valid(&self, now_ms: u64) -> bool {
        self.token.is_some_and(|token| now_ms < token.expires_ms)
    }

    /// When the token expires, where there is one.
    pub fn expires_ms(&self) -> Option<u64> {
        self.token.map(|token| token.expires_ms)
    }

    /// How the token is doing.
    pub fn state(&self, now_ms: u64) -> RenewalState {
        match (self.is_valid(now_ms), self.failures.failures()) {
            (true, 0) => RenewalState::Fresh,
            (true, _) => RenewalState::Stale,
            (false, 0) if !self.has_had_one => RenewalState::Starting,
            (false, _) => RenewalState::Failing,
        }
    }

    fn end(&mut self, now_ms: u64) {
        self.running_since = None;
        self.ended_ms = Some(now_ms);
    }
}

/// A share of a life, earlier at random by up to a tenth of that share: a fleet that logged in together renews apart.
fn share(percent: u32, life_ms: u64, random: &Random) -> u64 {
    let share = u64::try_from(u128::from(life_ms) * u128::from(percent.min(100)) / 100).unwrap_or(u64::MAX);
    milliseconds(random.shortened(Duration::from_millis(share), 10))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "renewal_tests.rs"]
mod tests;
