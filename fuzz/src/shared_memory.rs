//! The memory of a cache, damaged: bits that flip, pages that are stale or torn, zeros, noise. Whatever stands there, nothing
//! panics, and the cache says yes only where a yes was once kept.
//!
//! The input is a program: steps of three bytes until one that begins with 255, damages of six bytes until another, and steps
//! again. Who can write what he likes to the memory can do anything; so noise is made of a seed, and each word loses one
//! bit at most.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wazo_auth_client::access::Entries;
use wazo_auth_client::cache::claims::Claim;
use wazo_auth_client::cache::counters::Counter;
use wazo_auth_client::cache::facts::{Facts, Who};
use wazo_auth_client::cache::keys::What;
use wazo_auth_client::cache::{Cache, Look, Question, Verdict};
use wazo_auth_client::options::{ServiceSettings, VerifierSettings};
use wazo_auth_client::schedule::Random;

const TOKENS: [&str; 6] = ["t0", "t1", "t2", "t3", "t4", "t5"];
const ACCESSES: [Option<&str>; 5] = [None, Some("a.read"), Some("a.u0.read"), Some("b.write"), Some("c.x.y")];
const TENANTS: [Option<&str>; 4] = [None, Some("n0"), Some("n1"), Some("n2")];
const LISTS: [&[&str]; 4] = [&["a.read"], &["a.me.read", "b.*"], &["#", "!b.write"], &[]];
const USERS: [&str; 4] = ["u0", "u1", "wazo-auth", "u3"];

/// What was kept, and the cache.
struct Run {
    cache: Cache,
    now_ms: u64,
    random: Random,
    snapshot: Vec<u64>,
    /// Tokens and accesses that were allowed by something that was kept.
    accesses: BTreeSet<(usize, usize)>,
    /// Tokens and tenants, likewise.
    tenants: BTreeSet<(usize, usize)>,
}

/// The target.
pub fn run(data: &[u8]) {
    let settings = VerifierSettings::from_json(r#"{"max_tokens": 4, "stale_ms": 60000, "ttl_ms": 60000}"#);
    let cache = Cache::seeded(&settings.expect("valid options"), 7).expect("memory");
    let mut run = Run {
        cache,
        now_ms: 1_000_000,
        random: Random::new(7),
        snapshot: Vec::new(),
        accesses: BTreeSet::new(),
        tenants: BTreeSet::new(),
    };
    let rest = run.steps(data);
    let rest = run.damages(rest);
    run.steps(rest);
    // Whatever the program was: every question is asked.
    for token in 0..TOKENS.len() {
        for access in 0..ACCESSES.len() {
            for tenant in 0..TENANTS.len() {
                run.look(token, access, tenant);
            }
        }
    }
    let counters = [Counter::Hit, Counter::Miss, Counter::Eviction, Counter::Invalidation];
    counters.iter().for_each(|counter| {
        run.cache.counters.sum(*counter);
    });
    run.cache.tokens();
}

impl Run {
    fn question(&self, token: usize, access: usize, tenant: usize) -> Question<'static> {
        self.cache.question(TOKENS[token], ACCESSES[access], TENANTS[tenant])
    }

    fn look(&self, token: usize, access: usize, tenant: usize) {
        let question = self.question(token, access, tenant);
        let (whole, who) = self.cache.look_at_whom(&question, self.now_ms);
        for look in [self.cache.look(&question, self.now_ms), whole] {
            if let Look::Known { verdict: Verdict::Allowed, .. } = look {
                let is_kept = self.accesses.contains(&(token, access)) && self.tenants.contains(&(token, tenant));
                assert!(is_kept, "a yes that was not kept: {token} {access} {tenant}");
            }
        }
        if let Some(who) = who {
            assert!(USERS.contains(&who.auth_id.as_str()), "an identity that was not kept: {who:?}");
        }
    }

    /// Valid steps, as processes take them.
    fn steps<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let mut rest = data;
        loop {
            let (step, a, b);
            (step, a, b, rest) = match rest {
                [255, after @ ..] => return after,
                [step, a, b, after @ ..] => (step, a, b, after),
                _ => return &[],
            };
            self.step(step % 10, *a, *b);
        }
    }

    fn step(&mut self, step: u8, a: u8, b: u8) {
        let (cache, now_ms) = (&self.cache, self.now_ms);
        let (token, other) = (usize::from(a) % TOKENS.len(), usize::from(b));
        let key = self.question(token, 0, 0).token;
        match step {
            0 => self.keep(token, other),
            1 => cache.keep_invalid(key, cache.revoked.last(), now_ms, now_ms),
            2 => {
                let (tenant, is_allowed) = (1 + other % (TENANTS.len() - 1), b & 0x80 != 0);
                cache.keep_tenant(&self.question(token, 0, tenant), is_allowed, cache.revoked.last(), now_ms);
                if is_allowed {
                    self.tenants.insert((token, tenant));
                }
            }
            3 => self.look(token, other % ACCESSES.len(), other / 8 % TENANTS.len()),
            4 => match other % 4 {
                0 => cache.revoke_token(TOKENS[token]),
                1 => cache.revoke_all_of(What::User, USERS[token % USERS.len()]),
                2 => cache.revoke_all_of(What::Tenant, TENANTS[1 + token % 3].expect("a tenant")),
                _ => cache.revoke_all(),
            },
            5 => self.snapshot = cache.memory().iter().map(|word| word.load(Ordering::Relaxed)).collect(),
            6 => self.now_ms += u64::from(a) << (b % 12),
            7 => match other % 3 {
                0 => drop(cache.breaker.failed(now_ms, now_ms, &self.random)),
                1 => drop(cache.breaker.succeeded(now_ms)),
                _ => {
                    let _ = cache.breaker.may_ask(now_ms, 500);
                    cache.breaker.is_deferred(now_ms.saturating_sub(u64::from(a) << 10), now_ms);
                }
            },
            8 => {
                if let Claim::Held(held) = cache.claims.claim(u64::from(a) << 50, now_ms, now_ms + 500)
                    && other % 2 == 0
                {
                    cache.claims.release(&held);
                }
            }
            _ => cache.counters.count(Counter::Hit),
        }
    }

    fn keep(&mut self, token: usize, variant: usize) {
        let (user, list, tenant) = (variant % 4, variant / 4 % 4, 1 + variant / 16 % 3);
        let who = Who {
            auth_id: USERS[user].into(),
            user_uuid: USERS[user].into(),
            tenant_uuid: TENANTS[tenant].unwrap_or_default().into(),
            session_uuid: "s".into(),
            metadata: format!(r#"{{"long": "{}"}}"#, "x".repeat(variant * 4)),
        };
        let facts =
            Facts { who, entries: Entries::new(LISTS[list].iter().copied()), life: Some(Duration::from_secs(3600)) };
        let key = self.question(token, 0, 0).token;
        let asked = self.cache.revoked.last();
        if !self.cache.keep(key, &facts, asked, self.now_ms, self.now_ms) {
            return;
        }
        for (at, access) in ACCESSES.iter().enumerate() {
            if access.is_none_or(|access| facts.entries.allow(access, facts.who.subject())) {
                self.accesses.insert((token, at));
            }
        }
        for at in 0..TENANTS.len() {
            if at == 0 || at == tenant || facts.who.is_server() {
                self.tenants.insert((token, at));
            }
        }
    }

    /// Damages, all of them before anything else is kept.
    fn damages<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        const PAGE: usize = 512;
        let memory = self.cache.memory();
        let used: Vec<usize> = (0..memory.len()).filter(|at| memory[*at].load(Ordering::Relaxed) != 0).collect();
        let mut flipped = BTreeSet::new();
        let mut rest = data;
        loop {
            let (kind, high, low, length, seed, bit);
            (kind, high, low, length, seed, bit, rest) = match rest {
                [255, after @ ..] => return after,
                [kind, high, low, length, seed, bit, after @ ..] => (kind, high, low, length, seed, bit, after),
                _ => return &[],
            };
            let place = usize::from(u16::from_be_bytes([*high, *low]));
            // Mostly where something is: nearly all of the memory is empty.
            let at = if used.is_empty() || kind & 0x80 != 0 { place % memory.len() } else { used[place % used.len()] };
            let page = at / PAGE * PAGE;
            let (start, end) = if *length == 0 { (page, page + PAGE) } else { (at, at + usize::from(*length)) };
            let range = start..end.min(memory.len());
            let noise = Random::new(u64::from(*seed));
            match kind % 5 {
                0 if flipped.insert(at) => {
                    memory[at].fetch_xor(1 << (bit % 64), Ordering::Relaxed);
                }
                // Stale, or torn where it ends in the middle of something.
                1 if !self.snapshot.is_empty() => {
                    range.for_each(|at| memory[at].store(self.snapshot[at], Ordering::Relaxed));
                }
                2 => range.for_each(|at| memory[at].store(noise.next(), Ordering::Relaxed)),
                3 => range.for_each(|at| memory[at].store(0, Ordering::Relaxed)),
                4 => range.for_each(|at| memory[at].store(u64::MAX - u64::from(*seed), Ordering::Relaxed)),
                _ => {}
            }
        }
    }
}
