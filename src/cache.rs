//! What is known of tokens: a cache of decisions, in memory of fixed size that forked processes may share.
//!
//! Nothing here asks a server, waits, or reads a clock; the time is given. `verifier` does the asking. What is kept is
//! described in [`cells`] (the table), [`revoked`] (why an answer from before a revocation is never used), [`blobs`] (access
//! lists and identities), [`claims`] and [`breaker`] (which process asks, and whether the server is left alone).

#![allow(clippy::cast_possible_truncation, reason = "hashes are cut into parts; lengths are far below")]

pub mod answer;
pub mod blobs;
pub mod breaker;
pub mod cells;
pub mod claims;
pub mod counters;
pub mod facts;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
pub mod keys;
mod record;
pub mod revoked;
pub mod verdict;

use crate::access::allow;
use crate::error::{Error, ErrorKind, Result};
use crate::host::region::Region;
use crate::options::VerifierSettings;
use crate::schedule::Random;
use blobs::Blobs;
use breaker::Breaker;
use cells::{Cells, Class, Found, Key};
use claims::Claims;
use counters::{Counter, Counters};
use facts::{Facts, Who};
use keys::{Keys, What};
use record::{ANSWER_MASK, ANSWERS, ANY_TENANT, NO, Record, VALID, WORDS_OF_RECORD, YES};
use revoked::{Groups, Revoked};
use std::sync::Arc;
use std::time::Duration;

pub use verdict::{Age, Look, Question, Verdict};

/// The cache.
pub struct Cache {
    /// What is counted of it.
    pub counters: Counters,
    /// Which process asks.
    pub claims: Claims,
    /// Whether the server is left alone.
    pub breaker: Breaker,
    /// The numbers of revocations.
    pub revoked: Revoked,
    tokens: Cells<WORDS_OF_RECORD>,
    blobs: Blobs,
    keys: Keys,
    random: Random,
    ttl: Duration,
    negative_ttl: Duration,
    stale: Duration,
    bytes: usize,
    #[cfg(feature = "internals")]
    memory: Arc<Region>,
}

impl Cache {
    /// Makes an empty one, and reserves all its memory.
    pub fn new(settings: &VerifierSettings) -> Result<Self> {
        Self::with(settings, Keys::from_system()?, Random::from_system())
    }

    fn with(settings: &VerifierSettings, keys: Keys, random: Random) -> Result<Self> {
        let tokens = settings.max_tokens;
        // A piece for each token's identity; and access lists, which mostly are those of many.
        let pieces = tokens + tokens / 4 + 512;
        let mut words = 0;
        let mut place = |length: usize| {
            let start = words;
            // A whole number of cache lines, and those of counters away from each other.
            words += length.next_multiple_of(16);
            start
        };
        let (breaker, counters) = (place(Breaker::WORDS), place(Counters::WORDS));
        let (revoked, claims) = (place(Revoked::WORDS), place(Claims::WORDS));
        let cells = place(Cells::<WORDS_OF_RECORD>::words(tokens, ANSWERS));
        let blobs = place(Blobs::words(pieces));
        let memory = Region::new(words, settings.shared).map(Arc::new).map_err(|e| {
            let bytes = words * 8;
            Error::new(ErrorKind::Internal, format!("cannot reserve {bytes} bytes for the decisions: {e} (max_tokens)"))
        })?;
        let share = || Arc::clone(&memory);
        Ok(Self {
            counters: Counters::new(share(), counters),
            claims: Claims::new(share(), claims),
            breaker: Breaker::new(share(), breaker),
            revoked: Revoked::new(share(), revoked),
            tokens: Cells::new(share(), cells, tokens, ANSWERS),
            blobs: Blobs::new(share(), blobs, pieces),
            keys,
            random,
            ttl: settings.ttl,
            negative_ttl: settings.negative_ttl,
            stale: settings.stale,
            bytes: words * 8,
            #[cfg(feature = "internals")]
            memory: share(),
        })
    }

    /// A question in the form in which it is answered.
    #[inline]
    pub fn question<'a>(&self, token: &str, access: Option<&'a str>, tenant: Option<&str>) -> Question<'a> {
        Question {
            token: self.keys.token(token),
            access: access.map(|access| (access, self.keys.text(What::Access, access))),
            tenant: tenant.map(|tenant| self.keys.text(What::Tenant, tenant)),
        }
    }

    /// What is known.
    #[inline]
    pub fn look(&self, question: &Question<'_>, now_ms: u64) -> Look {
        match self.record(question.token, now_ms) {
            None => Look::AskToken,
            Some((found, record)) => self.decide(question, &found, &record, now_ms),
        }
    }

    /// What is known, and of whom. Without the identity of a valid token, the server is to be asked about it.
    pub fn look_at_whom(&self, question: &Question<'_>, now_ms: u64) -> (Look, Option<Who>) {
        let Some((found, record)) = self.record(question.token, now_ms) else { return (Look::AskToken, None) };
        let look = self.decide(question, &found, &record, now_ms);
        if record.flags & VALID == 0 {
            return (look, None);
        }
        match self.who(&record, now_ms) {
            Some(who) => (look, Some(who)),
            None => (Look::AskToken, None),
        }
    }

    /// Whether the token of a question is known, and fresh.
    fn is_fresh(&self, question: &Question<'_>, now_ms: u64) -> bool {
        self.record(question.token, now_ms).is_some_and(|(_, record)| now_ms < record.fresh_until_ms)
    }

    /// The record of a token, as long as it may be used.
    #[inline]
    fn record(&self, token: Key, now_ms: u64) -> Option<(Found<WORDS_OF_RECORD>, Record)> {
        let found = self.tokens.find(token, now_ms)?;
        let record = Record::from_words(&found.payload);
        let is_usable = now_ms < record.stale_until_ms && self.revoked.is_current(record.groups, record.asked);
        is_usable.then_some((found, record))
    }

    #[inline]
    fn decide(&self, question: &Question<'_>, found: &Found<WORDS_OF_RECORD>, record: &Record, now_ms: u64) -> Look {
        let age = if now_ms < record.fresh_until_ms {
            Age::Fresh
        } else if self.breaker.is_deferred(record.fresh_until_ms, now_ms) {
            Age::Deferred
        } else {
            Age::Stale
        };
        let known = |verdict| Look::Known { verdict, age };
        if record.flags & VALID == 0 {
            return known(Verdict::InvalidToken);
        }
        if let Some((access, hash)) = question.access {
            match self.answer_about_access(found, record, access, hash, now_ms) {
                None => return Look::AskToken,
                Some(false) => return known(Verdict::MissingAccess),
                Some(true) => {}
            }
        }
        if let Some(tenant) = question.tenant
            && record.flags & ANY_TENANT == 0
            && tenant != record.own_tenant
        {
            let answer = self.answer_of_tenant(found.version, tenant);
            match self.tokens.loose(found, |word| word & !ANSWER_MASK == answer).map(|word| word & ANSWER_MASK) {
                Some(YES) => {}
                Some(_) => return known(Verdict::WrongTenant),
                None => return Look::AskTenant,
            }
        }
        known(Verdict::Allowed)
    }

    #[inline]
    fn answer_about_access(
        &self,
        found: &Found<WORDS_OF_RECORD>,
        record: &Record,
        access: &str,
        hash: u64,
        now_ms: u64,
    ) -> Option<bool> {
        let answer = mixed(hash, found.version);
        if let Some(word) = self.tokens.loose(found, |word| word & !ANSWER_MASK == answer) {
            return Some(word & ANSWER_MASK == YES);
        }
        let who = self.who_bytes(record, now_ms)?;
        let entries = self.blobs.get(record.entries, (record.lengths >> 32) as usize, now_ms)?;
        let is_allowed = allow(&entries, access, Who::subject_of(&who)?);
        self.tokens.add_loose(found, answer | if is_allowed { YES } else { NO });
        Some(is_allowed)
    }

    /// An answer about a tenant counts only until something is revoked in that tenant, be it added or removed itself.
    #[inline]
    fn answer_of_tenant(&self, version: u64, tenant: u64) -> u64 {
        mixed(tenant ^ self.revoked.of(tenant).rotate_left(48), version)
    }

    fn who(&self, record: &Record, now_ms: u64) -> Option<Who> {
        Who::from_bytes(&self.who_bytes(record, now_ms)?)
    }

    fn who_bytes(&self, record: &Record, now_ms: u64) -> Option<Vec<u8>> {
        self.blobs.get(record.who, (record.lengths & 0xffff_ffff) as usize, now_ms)
    }

    /// Keeps what the server said of a token when it was asked at `asked_ms`, the last revocation being `asked`. False where
    /// something of it was revoked meanwhile: then it is not kept, and must not be used.
    #[must_use]
    pub fn keep(&self, token: Key, facts: &Facts, asked: u64, asked_ms: u64, now_ms: u64) -> bool {
        let who = &facts.who;
        let groups = self.groups(token, who);
        if !self.revoked.is_current(groups, asked) {
            self.counters.count(Counter::Outdated);
            return false;
        }
        let life_ms = facts.life.map_or(u64::MAX, milliseconds);
        let fresh_ms = milliseconds(self.random.shortened(self.ttl, 10)).min(life_ms);
        let stale_ms = fresh_ms.saturating_add(milliseconds(self.stale)).min(life_ms);
        let (who_bytes, entries) = (who.to_bytes(), facts.entries.as_bytes());
        let (who_key, entries_key) = (self.keys.blob(&who_bytes), self.keys.blob(entries));
        self.blobs.put(who_key, &who_bytes, now_ms);
        self.blobs.put(entries_key, entries, now_ms);
        let record = Record {
            groups,
            asked,
            fresh_until_ms: asked_ms.saturating_add(fresh_ms),
            stale_until_ms: asked_ms.saturating_add(stale_ms),
            flags: VALID | if who.is_server() { ANY_TENANT } else { 0 },
            own_tenant: self.keys.text(What::Tenant, &who.tenant_uuid),
            who: who_key,
            entries: entries_key,
            lengths: (who_bytes.len() as u64) & 0xffff_ffff | (entries.len() as u64) << 32,
        };
        self.put(token, Class::Kept, &record, now_ms);
        true
    }

    fn groups(&self, token: Key, who: &Who) -> Groups {
        let session = self.keys.text(What::Session, &who.session_uuid);
        let user = self.keys.text(What::User, &who.auth_id);
        Groups::new(token, [session, user, self.keys.text(What::Tenant, &who.tenant_uuid)])
    }

    /// Keeps that the server does not know a token.
    pub fn keep_invalid(&self, token: Key, asked: u64, asked_ms: u64, now_ms: u64) {
        let until = asked_ms.saturating_add(milliseconds(self.random.shortened(self.negative_ttl, 10)));
        let none = Key(0, 0);
        let record = Record {
            groups: Groups::new(token, [token.0; 3]),
            asked,
            fresh_until_ms: until,
            stale_until_ms: until,
            flags: 0,
            own_tenant: 0,
            who: none,
            entries: none,
            lengths: 0,
        };
        self.put(token, Class::Negative, &record, now_ms);
    }

    /// Keeps whether a token may be used in the tenant of a question. `asked`: as for [`Cache::keep`].
    pub fn keep_tenant(&self, question: &Question<'_>, is_allowed: bool, asked: u64, now_ms: u64) {
        let Some(tenant) = question.tenant else { return };
        // Not beside what was asked later, nor where the tenant has changed meanwhile.
        if let Some((found, record)) = self.record(question.token, now_ms)
            && record.asked <= asked
            && self.revoked.of(tenant) <= asked
        {
            let answer = self.answer_of_tenant(found.version, tenant) | if is_allowed { YES } else { NO };
            self.tokens.add_loose(&found, answer);
        }
    }

    fn put(&self, token: Key, class: Class, record: &Record, now_ms: u64) {
        if self.tokens.put(token, class, &record.to_words(), now_ms) {
            self.counters.count(Counter::Eviction);
        }
    }

    /// What facts say to a question: what [`Cache::look`] would say if they had been kept.
    fn decide_by(&self, facts: &Facts, question: &Question<'_>) -> Option<Verdict> {
        if let Some((access, _)) = question.access
            && !facts.entries.allow(access, facts.who.subject())
        {
            return Some(Verdict::MissingAccess);
        }
        let is_own = |tenant: u64| tenant == self.keys.text(What::Tenant, &facts.who.tenant_uuid);
        let is_decided = facts.who.is_server() || question.tenant.is_none_or(is_own);
        is_decided.then_some(Verdict::Allowed)
    }

    /// A hash of what is asked of the server, for those who ask at the same time.
    pub fn topic(question: &Question<'_>, with_tenant: bool) -> u128 {
        let tenant = if with_tenant { question.tenant.unwrap_or(0) } else { 0 };
        u128::from(question.token.0) << 64 | u128::from(question.token.1 ^ tenant)
    }

    /// The same, for those in other processes.
    pub fn topic_of_processes(topic: u128) -> u64 {
        (topic >> 64) as u64 ^ topic as u64
    }

    /// Revokes what is known of a token.
    pub fn revoke_token(&self, token: &str) {
        self.revoke(self.keys.token(token).0);
    }

    /// Revokes what is known of the tokens of a session, a user or a tenant.
    pub fn revoke_all_of(&self, what: What, uuid: &str) {
        self.revoke(self.keys.text(what, uuid));
    }

    fn revoke(&self, hash: u64) {
        self.revoked.one(hash);
        self.counters.count(Counter::Invalidation);
    }

    /// Revokes everything.
    pub fn revoke_all(&self) {
        self.revoked.all();
        self.counters.count(Counter::Invalidation);
    }

    /// How many tokens are kept, those that are not current any more among them.
    pub fn tokens(&self) -> usize {
        self.tokens.count()
    }

    /// How much memory is reserved.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Chance, for whoever works with this cache.
    pub fn random(&self) -> &Random {
        &self.random
    }
}

/// A kept answer without its lowest bits: it belongs to one version of one cell, and means nothing for another.
#[inline]
fn mixed(hash: u64, version: u64) -> u64 {
    (hash ^ version.wrapping_mul(0x9e37_79b9_7f4a_7c15)) & !ANSWER_MASK
}

/// A length in milliseconds.
pub fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod month_tests;
#[cfg(test)]
mod tests;
