//! From an answer of the server to a decision: what is kept of it, and whether it may be used.
//!
//! Whoever asks does three things in this order: [`Cache::begin`] before the request leaves, [`Cache::keep_answer`] when the
//! answer has come, once; and [`Cache::verdict_by`] for each question that waited for it.

use super::Cache;
use super::cells::Key;
use super::facts::{Facts, Who};
use super::verdict::{Question, Verdict};
use crate::cache::counters::Counter;

/// What a request to the server is about.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The number of the last revocation when it left.
    revocation: u64,
    /// The uptime when it left.
    pub at_ms: u64,
}

/// What the server answered.
#[derive(Debug)]
pub enum Answer {
    /// The token is valid; and may be used in the tenant, if one was asked about.
    Valid(Facts),
    /// The token is unknown or has expired.
    Invalid,
    /// The token may not be used in the tenant that was asked about, or there is no such tenant.
    WrongTenant,
}

/// What an answer says to a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// This, about this user.
    Verdict(Verdict, Option<Who>),
    /// It does not say whether the token may be used in the tenant.
    AskTenant,
    /// Something was revoked since it was asked for: ask again.
    AskAgain,
}

impl Cache {
    /// To be called before a request leaves.
    pub fn begin(&self, now_ms: u64) -> Asked {
        self.counters.count(Counter::Miss);
        Asked { revocation: self.revoked.last(), at_ms: now_ms }
    }

    /// Keeps an answer. `tenant_asked`: the request was about the question's tenant too.
    pub fn keep_answer(&self, question: &Question<'_>, tenant_asked: bool, asked: Asked, answer: &Answer, now_ms: u64) {
        let Asked { revocation, at_ms } = asked;
        match answer {
            // What is known of the token stays, and with it what is known of its use in other tenants.
            Answer::Valid(_) if tenant_asked && self.is_fresh(question, now_ms) => {
                self.keep_tenant(question, true, revocation, now_ms);
            }
            Answer::Valid(facts) => {
                if self.keep(question.token, facts, revocation, at_ms, now_ms) && tenant_asked {
                    self.keep_tenant(question, true, revocation, now_ms);
                }
            }
            Answer::Invalid => self.keep_invalid(question.token, revocation, at_ms, now_ms),
            Answer::WrongTenant => self.keep_tenant(question, false, revocation, now_ms),
        }
    }

    /// What an answer says to a question.
    pub fn verdict_by(&self, question: &Question<'_>, tenant_asked: bool, asked: Asked, answer: &Answer) -> Said {
        match answer {
            Answer::Invalid => Said::Verdict(Verdict::InvalidToken, None),
            Answer::WrongTenant => match question.tenant {
                Some(tenant) if self.revoked.of(tenant) > asked.revocation => Said::AskAgain,
                _ => Said::Verdict(Verdict::WrongTenant, None),
            },
            Answer::Valid(facts) => {
                if !self.is_current(question.token, facts, asked.revocation) {
                    return Said::AskAgain;
                }
                match self.decide_by(facts, question) {
                    Some(verdict) => Said::Verdict(verdict, Some(facts.who.clone())),
                    None if tenant_asked => Said::Verdict(Verdict::Allowed, Some(facts.who.clone())),
                    None => Said::AskTenant,
                }
            }
        }
    }

    /// Whether nothing of what facts are about was revoked after this number.
    fn is_current(&self, token: Key, facts: &Facts, revocation: u64) -> bool {
        self.revoked.is_current(self.groups(token, &facts.who), revocation)
    }
}
