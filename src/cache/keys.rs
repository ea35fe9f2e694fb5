//! Keyed hashes. What is kept of a token, and of what was asked about it, are hashes that nobody can compute, or find two
//! alike of, without the key; the key is random and is in no memory that is shared.

use super::cells::Key;
use crate::error::{Error, ErrorKind, Result};
use siphasher::sip::SipHasher13;
use siphasher::sip128::SipHasher13 as SipHasher128;

/// What a text is; the same text as something else has another hash.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// A required access.
    Access,
    /// A tenant.
    Tenant,
    /// A user.
    User,
    /// A session.
    Session,
}

/// The hashes of one cache.
pub struct Keys {
    token: SipHasher128,
    blob: SipHasher128,
    texts: [SipHasher13; 4],
}

impl Keys {
    /// With a key of the system's random numbers.
    pub fn from_system() -> Result<Self> {
        let mut random = [0; 96];
        getrandom::getrandom(&mut random)
            .map_err(|e| Error::new(ErrorKind::Internal, format!("the system gives no random numbers: {e}")))?;
        Ok(Self::from_bytes(&random))
    }

    /// With this key.
    pub(super) fn from_bytes(random: &[u8; 96]) -> Self {
        let part = |at: usize| {
            let mut key = [0; 16];
            key.copy_from_slice(&random[at * 16..at * 16 + 16]);
            key
        };
        Self {
            token: SipHasher128::new_with_key(&part(0)),
            blob: SipHasher128::new_with_key(&part(1)),
            texts: [2, 3, 4, 5].map(|at| SipHasher13::new_with_key(&part(at))),
        }
    }

    /// The key of a token.
    #[inline]
    pub fn token(&self, token: &str) -> Key {
        let hash = self.token.hash(token.as_bytes());
        Key(hash.h1, hash.h2)
    }

    /// The key of bytes that are kept under their own hash.
    pub fn blob(&self, bytes: &[u8]) -> Key {
        let hash = self.blob.hash(bytes);
        Key(hash.h1, hash.h2)
    }

    /// The hash of a text.
    #[inline]
    pub fn text(&self, what: What, text: &str) -> u64 {
        self.texts[what as usize].hash(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_key_and_on_what_the_text_is() {
        let (keys, same, other) =
            (Keys::from_bytes(&[1; 96]), Keys::from_bytes(&[1; 96]), Keys::from_system().unwrap());
        assert_eq!(keys.token("x"), same.token("x"));
        assert_ne!(keys.token("x"), other.token("x"));
        assert_ne!(keys.token("x"), keys.token("y"));
        assert_ne!(other.text(What::User, "x"), other.text(What::Session, "x"));
        assert_ne!(other.token("x"), other.blob(b"x"));
    }
}
