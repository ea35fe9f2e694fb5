//! Answers that an engine keeps for a while: for a token and a tenant, of which only a keyed hash is here. Few and bounded:
//! what is asked at call rate has a cache of its own.

use crate::error::{Error, ErrorKind, Result};
use crate::host::fork::PerProcess;
use siphasher::sip128::SipHasher13;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The hash of a token and a tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(u64, u64);

/// The answers of one engine. A forked child begins without any: a lock of its parent's may be held by nobody.
#[derive(Default)]
pub struct Kept(PerProcess<OfProcess>);

struct OfProcess {
    hasher: SipHasher13,
    /// The oldest first.
    answers: Mutex<Vec<Answer>>,
}

struct Answer {
    key: Key,
    since: Instant,
    text: Arc<str>,
}

/// How many are kept at most; the oldest goes first.
const MOST: usize = 64;

impl Kept {
    fn of_process(&self) -> Result<&OfProcess> {
        if let Some(known) = self.0.get() {
            return Ok(known);
        }
        let mut key = [0; 16];
        getrandom::getrandom(&mut key)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("the system gives no random numbers: {e}")))?;
        let fresh = OfProcess { hasher: SipHasher13::new_with_key(&key), answers: Mutex::default() };
        Ok(self.0.get_or_make(|| fresh, |_| {}))
    }

    /// The key of a token and a tenant.
    pub fn key(&self, token: &str, tenant: &str) -> Result<Key> {
        // Both go into headers, so that neither has a line end.
        let hash = self.of_process()?.hasher.hash(format!("{token}\n{tenant}").as_bytes());
        Ok(Key(hash.h1, hash.h2))
    }

    /// The answer of this key, unless it is older than that.
    pub fn get(&self, key: Key, now: Instant, oldest: Duration) -> Option<Arc<str>> {
        let mut answers = self.0.get()?.answers();
        answers.retain(|answer| now.saturating_duration_since(answer.since) < oldest);
        answers.iter().find(|answer| answer.key == key).map(|answer| Arc::clone(&answer.text))
    }

    /// Keeps an answer that was asked for at this moment.
    pub fn put(&self, key: Key, since: Instant, text: Arc<str>) {
        let Some(known) = self.0.get() else { return };
        let mut answers = known.answers();
        answers.retain(|answer| answer.key != key);
        if answers.len() >= MOST {
            answers.remove(0);
        }
        answers.push(Answer { key, since, text });
    }
}

impl OfProcess {
    fn answers(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;

    #[test]
    fn answers_are_few_grow_old_and_belong_to_one_token_and_tenant() {
        let (kept, begun, minute) = (Kept::default(), now(), Duration::from_secs(60));
        let key = kept.key("token", "").unwrap();
        kept.put(key, begun, "first".into());
        assert_eq!(kept.get(key, begun, minute).as_deref(), Some("first"));
        for other in [kept.key("token", "tenant").unwrap(), kept.key("other", "").unwrap()] {
            assert_eq!(kept.get(other, begun, minute), None);
        }
        kept.put(key, begun, "second".into());
        assert_eq!(kept.get(key, begun + Duration::from_millis(59_999), minute).as_deref(), Some("second"));
        assert_eq!(kept.get(key, begun + minute, minute), None);
        for number in 0..1000 {
            kept.put(kept.key(&number.to_string(), "").unwrap(), begun, "".into());
        }
        assert_eq!(kept.of_process().unwrap().answers().len(), MOST);
        assert!(kept.get(kept.key("999", "").unwrap(), begun, minute).is_some());
        assert!(kept.get(kept.key("1", "").unwrap(), begun, minute).is_none());
    }
}
