//! The schedule of renewals: single promises, and thousands of months on a clock that is moved by hand.

use super::*;

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const MONTH: u64 = 30 * 24 * HOUR;

/// A renewal that got a token of this life at 1000 ms.
fn with_token(life_s: u64, random: &Random) -> Renewal {
    let mut renewal = Renewal::new(80);
    renewal.begin(1000);
    assert_eq!(renewal.succeeded(1000, Duration::from_secs(life_s), random), Some(1000 + life_s * SECOND));
    renewal
}

#[test]
fn a_token_is_renewed_at_its_share_and_up_to_a_tenth_of_that_earlier() {
    let random = Random::new(1);
    let dues: Vec<_> = (0..1000).map(|_| with_token(1000, &random).due_ms().unwrap() - 1000).collect();
    assert!(dues.iter().all(|due| (720 * SECOND..=800 * SECOND).contains(due)), "{dues:?}");
    assert!(dues.iter().any(|due| *due < 730 * SECOND) && dues.iter().any(|due| *due > 790 * SECOND));
}

#[test]
fn a_life_is_counted_from_when_the_request_was_sent() {
    let random = Random::new(2);
    let mut renewal = Renewal::new(80);
    renewal.begin(1000);
    assert_eq!(renewal.succeeded(6000, Duration::from_secs(60), &random), Some(61_000));
    assert!(renewal.is_valid(60_999) && !renewal.is_valid(61_000));
    // One that has expired on its way is none.
    let mut renewal = Renewal::new(80);
    renewal.begin(1000);
    assert_eq!(renewal.succeeded(6000, Duration::from_secs(5), &random), None);
    assert_eq!(renewal.state(6000), RenewalState::Failing);
}

#[test]
fn failures_back_off_and_a_success_starts_over() {
    let random = Random::new(3);
    let mut renewal = with_token(100, &random);
    for _ in 0..2 {
        let mut now = renewal.due_ms().unwrap();
        for pause in [1, 2, 4, 8, 16, 32, 32] {
            renewal.begin(now);
            assert_eq!(renewal.due_ms(), None);
            renewal.failed(now, &random);
            let due = renewal.due_ms().unwrap();
            assert!((pause * SECOND / 2..=pause * SECOND).contains(&(due - now)), "{} of {pause} s", due - now);
            now = due;
        }
        renewal.begin(now);
        renewal.succeeded(now, Duration::from_secs(100), &random);
        assert_eq!(renewal.state(now), RenewalState::Fresh);
    }
}

#[test]
fn the_state_tells_how_the_token_is_doing() {
    let random = Random::new(4);
    let mut renewal = Renewal::new(80);
    assert_eq!(renewal.state(0), RenewalState::Starting);
    renewal.begin(0);
    renewal.failed(0, &random);
    assert_eq!(renewal.state(0), RenewalState::Failing);
    let mut renewal = with_token(100, &random);
    assert_eq!(renewal.state(1000), RenewalState::Fresh);
    renewal.begin(80_000);
    assert_eq!(renewal.state(80_000), RenewalState::Fresh);
    renewal.failed(80_000, &random);
    assert_eq!(renewal.state(80_000), RenewalState::Stale);
    assert_eq!(renewal.state(101_000), RenewalState::Failing);
}

#[test]
fn a_rejected_token_is_renewed_at_once_and_rejected_new_ones_after_growing_pauses() {
    let random = Random::new(5);
    let mut renewal = with_token(3600, &random);
    let mut now = 2000;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        renewal.rejected(now, &random);
        // The others that it failed change nothing.
        let due = renewal.due_ms().unwrap();
        renewal.rejected(now, &random);
        assert_eq!(renewal.due_ms(), Some(due));
        assert!(!renewal.is_valid(now));
        pauses.push(due - now);
        now = due;
        renewal.begin(now);
        renewal.succeeded(now, Duration::from_secs(3600), &random);
    }
    assert_eq!(pauses[0], 0);
    assert!(pauses[1] >= 1000 && pauses[7] >= 16_000, "{pauses:?}");
    // A token that was good for long is replaced at once again.
    renewal.rejected(now + PROVEN_MS, &random);
    assert_eq!(renewal.due_ms(), Some(now + PROVEN_MS));
}

#[test]
fn pauses_after_rejections_start_over_with_short_lived_tokens_too() {
    let random = Random::new(7);
    let mut renewal = with_token(30, &random);
    let mut now = 1000;
    for rejection in 0..10 {
        now += SECOND;
        renewal.rejected(now, &random);
        assert_eq!(renewal.due_ms(), Some(now), "rejection {rejection}");
        // The new one is good, and so are those after it.
        for _ in 0..3 {
            renewal.begin(now);
            renewal.succeeded(now, Duration::from_secs(30), &random);
            now = renewal.due_ms().unwrap();
        }
        renewal.begin(now);
        renewal.succeeded(now, Duration::from_secs(30), &random);
    }
}

#[test]
fn asking_cuts_a_pause_short_but_not_without_end() {
    let random = Random::new(6);
    let mut renewal = with_token(3600, &random);
    renewal.ask(1000);
    assert_eq!(renewal.due_ms(), Some(1000 + CLOSEST_MS));
    renewal.ask(9000);
    assert_eq!(renewal.due_ms(), Some(1000 + CLOSEST_MS), "never later than it was");
}

/// What a month brought.
#[derive(Debug, Default)]
struct Month {
    asked: u64,
    had: u64,
    attempts: u64,
    failures: u64,
    rejections: u64,
    outage_ms: u64,
    outages: u64,
    suspends: u64,
}

/// The server of a month: until when it is down, and what it knows of the current token.
struct Server {
    /// Its end by the server's own count.
    token_ends_ms: u64,
    is_revoked: bool,
    down_until_ms: u64,
}

/// One month, from a seed. Everything that happens is drawn: lifetimes, outages, suspends, revocations, slow answers.
fn month(seed: u64) -> (Month, u64) {
    let random = Random::new(seed);
    let life_ms = [10, 60, 600, 7200, 21_600, 86_400][usize::try_from(random.below(6)).unwrap()] * SECOND;
    let percent = 50 + u32::try_from(random.below(46)).unwrap();
    let (every_outage, every_suspend, every_revocation) =
        (HOUR + random.below(200 * HOUR), HOUR + random.below(400 * HOUR), HOUR + random.below(100 * HOUR));
    let length = if life_ms < 600 * SECOND { MONTH / 30 } else { MONTH };
    let mut month = Month::default();
    let mut renewal = Renewal::new(percent);
    let mut server = Server { token_ends_ms: 0, is_revoked: false, down_until_ms: 0 };
    let begin = random.below(1 << 40);
    let (mut now, end) = (begin, begin + length);
    let after = |now: u64, every: u64| now + 1 + random.below(2 * every);
    let (mut outage, mut suspend, mut revocation) =
        (after(now, every_outage), after(now, every_suspend), after(now, every_revocation));
    // When the answer to the attempt that runs is there, and the end of the token that it brings (0: a failure).
    let mut answer: Option<(u64, u64)> = None;
    let mut question = now;
    while now < end {
        // What comes first.
        let due = renewal.due_ms().map(|due| due.max(now));
        let next = [Some(outage), Some(suspend), Some(revocation), Some(question), due, answer.map(|(at, _)| at)];
        now = next.into_iter().flatten().min().unwrap().max(now);
        if now >= outage {
            let length = random.below(2 * HOUR);
            server.down_until_ms = now + length;
            (month.outages, month.outage_ms) = (month.outages + 1, month.outage_ms + length);
            outage = after(now + length, every_outage);
        }
        if now >= suspend {
            // Nothing runs meanwhile, and then all that was due is.
            now += random.below(24 * HOUR);
            month.suspends += 1;
            suspend = after(now, every_suspend);
        }
        if now >= revocation {
            server.is_revoked = true;
            revocation = after(now, every_revocation);
        }
        if let Some((at, ends_ms)) = answer
            && now >= at
        {
            answer = None;
            let life = Duration::from_millis(life_ms);
            if ends_ms > 0 && renewal.succeeded(now, life, &random).is_some() {
                (server.token_ends_ms, server.is_revoked) = (ends_ms, false);
            } else {
                if ends_ms == 0 {
                    renewal.failed(now, &random);
                }
                month.failures += 1;
            }
        }
        if renewal.due_ms().is_some_and(|due| due <= now) {
            renewal.begin(now);
            month.attempts += 1;
            // Mostly fast; some take up to 10 s, and the server makes the token anywhere between.
            let takes = if random.below(20) == 0 { random.below(10 * SECOND) } else { 5 + random.below(400) };
            let made = now + random.below(takes + 1);
            let is_down = made < server.down_until_ms;
            answer = Some((now + takes, if is_down { 0 } else { made + life_ms }));
        }
        if now >= question {
            month.asked += 1;
            if renewal.is_valid(now) {
                month.had += 1;
                assert!(now < server.token_ends_ms, "seed {seed}: an expired token was given out");
                if server.is_revoked {
                    // The server says 401.
                    month.rejections += 1;
                    renewal.rejected(now, &random);
                }
            }
            question = after(now, life_ms / 20);
        }
    }
    (month, length / (life_ms * u64::from(percent) * 9 / 1000))
}

#[test]
fn in_thousands_of_months_no_expired_token_is_given_out_and_requests_are_bounded() {
    for seed in 0..2000 {
        let (month, predicted) = month(seed);
        // By its life, for each rejection and each suspend; and what fails does so in outages, by the back-off: eight
        // attempts until pauses are at their longest, then one in 16 s at most (or expired on its way).
        let fetched = month.attempts - month.failures;
        assert!(fetched <= predicted + month.rejections + month.suspends + 2, "seed {seed}: {predicted} {month:?}");
        let failed = month.outages * 8 + month.outage_ms / (16 * SECOND) + month.attempts / 20 + month.suspends + 8;
        assert!(month.failures <= failed, "seed {seed}: {failed} {month:?}");
        assert!(month.had <= month.asked && month.had > 0, "seed {seed}: {month:?}");
    }
}
