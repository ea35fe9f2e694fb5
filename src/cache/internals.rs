//! The cache for fuzzing: the same keys and jitter each time, and its memory, to be damaged.

use super::Cache;
use super::keys::Keys;
use crate::error::Result;
use crate::options::VerifierSettings;
use crate::schedule::Random;
use std::sync::atomic::AtomicU64;

impl Cache {
    /// One whose hashes and jitter are those of every other with this seed.
    pub fn seeded(settings: &VerifierSettings, seed: u8) -> Result<Self> {
        Self::with(settings, Keys::from_bytes(&[seed; 96]), Random::new(seed.into()))
    }

    /// All its words.
    pub fn memory(&self) -> &[AtomicU64] {
        &self.memory
    }
}
