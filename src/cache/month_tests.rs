//! A month on a paused clock: thousands of schedules from a seeded generator, with outages, suspends, revocations, tokens that
//! end, and answers that come late and out of order. Whatever happens, no decision is from before a revocation that was
//! applied, no token is accepted after its end, and the requests are counted and bounded.

use super::answer::{Answer, Asked, Said};
use super::tests::{cache, facts};
use super::*;

const MINUTE: u64 = 60_000;
const MONTH: u64 = 30 * 24 * 60 * MINUTE;
const TOKENS: usize = 12;
const TTL: u64 = 5 * MINUTE;

/// A token, as the server knows it.
#[derive(Clone, Copy)]
struct Token {
    number: u64,
    ends_at: u64,
    is_revoked: bool,
    /// The verifier has been told.
    is_told: bool,
}

/// A request that is on its way back.
struct Late {
    token: usize,
    number: u64,
    asked: Asked,
    answer: Option<Answer>,
    comes_at: u64,
}

struct Month {
    cache: Cache,
    random: Random,
    now: u64,
    tokens: [Token; TOKENS],
    late: Vec<Late>,
    server_is_down: bool,
    asked: u64,
    failed: u64,
    revocations: u64,
    new_tokens: u64,
    decisions: u64,
}

impl Month {
    fn new(seed: u64) -> Self {
        let (random, now) = (Random::new(seed), 1_000_000);
        let cache = cache(|settings| {
            settings.ttl = Duration::from_millis(TTL);
            settings.stale = Duration::from_millis(if seed.is_multiple_of(2) { 0 } else { 20 * MINUTE });
            settings.max_tokens = 100;
        });
        let none = Token { number: 0, ends_at: 0, is_revoked: true, is_told: true };
        let mut month = Self {
            cache,
            random,
            now,
            tokens: [none; TOKENS],
            late: Vec::new(),
            server_is_down: false,
            asked: 0,
            failed: 0,
            revocations: 0,
            new_tokens: 0,
            decisions: 0,
        };
        (0..TOKENS).for_each(|at| month.renew(at));
        month
    }

    /// The user logs in anew.
    fn renew(&mut self, at: usize) {
        self.new_tokens += 1;
        let ends_at = self.now + MINUTE + self.random.below(12 * 60 * MINUTE);
        self.tokens[at] = Token { number: self.new_tokens, ends_at, is_revoked: false, is_told: false };
    }

    fn name(number: u64) -> String {
        format!("token-{number}")
    }

    /// Somebody asks.
    fn ask(&mut self, at: usize) {
        let token = self.tokens[at];
        let name = Self::name(token.number);
        let question = self.cache.question(&name, Some("a.b"), None);
        if let Some((verdict, _)) = self.cache.look(&question, self.now).verdict() {
            return self.decided(token, verdict);
        }
        if self.cache.breaker.may_ask(self.now, 10_000).is_err() {
            return self.could_not_ask(token);
        }
        self.asked += 1;
        let asked = self.cache.begin(self.now);
        // The server answers at once; the answer may take its time on the way back.
        let is_known = !token.is_revoked && self.now < token.ends_at;
        let answer = (!self.server_is_down).then(|| {
            if is_known {
                let session = format!("session-{}", token.number);
                let mut facts = facts("u", &session, "t", &["a.#"]);
                facts.life = Some(Duration::from_millis(token.ends_at - self.now));
                Answer::Valid(facts)
            } else {
                Answer::Invalid
            }
        });
        let comes_at = self.now + self.random.below(if self.random.below(8) == 0 { 30_000 } else { 50 });
        self.late.push(Late { token: at, number: token.number, asked, answer, comes_at });
    }

    fn could_not_ask(&mut self, token: Token) {
        let question = self.cache.question(&Self::name(token.number), Some("a.b"), None);
        if let Look::Known { verdict, .. } = self.cache.look(&question, self.now) {
            self.decided(token, verdict);
        }
    }

    fn decided(&mut self, token: Token, verdict: Verdict) {
        self.decisions += 1;
        if verdict == Verdict::Allowed {
            assert!(!token.is_told, "a decision from before a revocation");
            assert!(self.now < token.ends_at, "an expired token is accepted");
        }
    }

    /// Answers that have come by now, in whatever order.
    fn receive(&mut self) {
        while let Some(at) = self.late.iter().position(|late| late.comes_at <= self.now) {
            let late = self.late.swap_remove(at);
            let token = self.tokens[late.token];
            let name = Self::name(late.number);
            let question = self.cache.question(&name, Some("a.b"), None);
            let Some(answer) = late.answer else {
                self.failed += 1;
                self.cache.breaker.failed(late.asked.at_ms, self.now, &self.random);
                continue;
            };
            self.cache.breaker.succeeded(self.now);
            self.cache.keep_answer(&question, false, late.asked, &answer, self.now);
            let said = self.cache.verdict_by(&question, false, late.asked, &answer);
            // An answer that came after the token's end is as old as it is; what is kept of it is not used.
            if let Said::Verdict(verdict, _) = said
                && token.number == late.number
                && self.now < token.ends_at
            {
                self.decided(token, verdict);
            }
        }
    }

    fn step(&mut self) {
        self.receive();
        let at = self.random.below(TOKENS as u64) as usize;
        match self.random.below(100) {
            0 if !self.server_is_down => self.server_is_down = true,
            0..10 if self.server_is_down => self.server_is_down = false,
            1 => {
                self.tokens[at].is_revoked = true;
                self.revocations += 1;
            }
            // The bus tells, sooner or later; sometimes of all.
            2..4 if self.tokens[at].is_revoked => {
                let session = format!("session-{}", self.tokens[at].number);
                match self.random.below(4) {
                    0 => self.cache.revoke_token(&Self::name(self.tokens[at].number)),
                    _ => self.cache.revoke_all_of(What::Session, &session),
                }
                self.tokens[at].is_told = true;
            }
            4 if self.tokens[at].is_told || self.now >= self.tokens[at].ends_at => self.renew(at),
            _ => self.ask(at),
        }
        // Mostly seconds; sometimes the machine is suspended for hours, and its clock goes on.
        self.now += match self.random.below(200) {
            0 => self.random.below(8 * 60 * MINUTE),
            1..4 => self.random.below(10 * MINUTE),
            _ => self.random.below(1_000),
        };
    }
}

#[test]
fn a_month_of_outages_suspends_and_revocations_brings_no_wrong_decision() {
    let (mut decisions, mut asked) = (0, 0);
    let begun = 1_000_000;
    for seed in 0..2_000 {
        let mut month = Month::new(seed);
        // A month for some; the others begin differently and are shorter.
        let length = if seed % 100 == 0 { MONTH } else { MONTH / 60 };
        while month.now < begun + length {
            month.step();
        }
        // Not more often than what is kept ends, or is revoked, by each of several that ask at the same time.
        let spans = (month.now - begun) / (TTL * 9 / 10) + 1;
        let outdated = month.cache.counters.sum(Counter::Outdated);
        let expected = spans * TOKENS as u64 + month.revocations + month.new_tokens + outdated;
        let answered = month.asked - month.failed;
        assert!(answered <= 2 * expected, "{answered} requests were answered, {expected} were expected");
        assert!(month.failed <= (month.now - begun) / 500, "{} requests failed", month.failed);
        decisions += month.decisions;
        asked += month.asked;
    }
    assert!(decisions > 1_000_000 && asked > 100_000, "{decisions} decisions, {asked} requests");
}
