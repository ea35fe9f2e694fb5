//! What has been revoked, and when: so that an answer which was asked for before is not used afterwards, however late it
//! comes.
//!
//! Every revocation has a number, one more than the last. Tokens, sessions, users and tenants are spread over groups by their
//! hashes; a group has the number of its last revocation. An answer is used only while none of its groups has a higher number
//! than was the last when the answer was asked for. So revoking is one addition and one store, whatever is kept, and nothing
//! needs to be found. Others of the same group (one in 8,192) are asked about once more than needed.

use super::cells::Key;
use crate::host::region::Region;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The numbers of revocations, in shared memory.
pub struct Revoked {
    memory: Arc<Region>,
    start: usize,
}

/// The groups of a token: its own, and its session's, user's and tenant's; 16 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups(pub u64);

/// How many groups there are.
const GROUPS: u64 = 8192;
/// The words in front of the groups: the last number, and the one of the last revocation of everything.
const HEAD: usize = 8;
/// The largest number that an answer can have been asked for after.
const LARGEST: u64 = u64::MAX - 1;

impl Revoked {
    /// How many words it needs.
    pub const WORDS: usize = HEAD + GROUPS as usize;

    /// In a part of the memory.
    pub fn new(memory: Arc<Region>, start: usize) -> Self {
        Self { memory, start }
    }

    /// The number of the last revocation. To be read before an answer is asked for.
    pub fn last(&self) -> u64 {
        self.memory[self.start].load(Ordering::SeqCst).min(LARGEST)
    }

    /// The number of a revocation that is made now. Nobody counts up to the last of all numbers; but where damaged memory
    /// holds it, everything that is revoked stays revoked.
    fn next(&self) -> u64 {
        let number = self.memory[self.start].fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if number > LARGEST {
            self.memory[self.start].store(u64::MAX, Ordering::SeqCst);
        }
        number
    }

    /// Revokes everything.
    pub fn all(&self) {
        let number = self.next();
        self.memory[self.start + 1].fetch_max(number, Ordering::SeqCst);
    }

    /// Revokes what has this hash.
    pub fn one(&self, hash: u64) {
        let number = self.next();
        self.memory[self.start + HEAD + usize::from(group(hash))].fetch_max(number, Ordering::SeqCst);
    }

    /// Whether nothing of these groups was revoked after this number.
    #[inline]
    pub fn is_current(&self, groups: Groups, asked: u64) -> bool {
        let words = &self.memory[self.start..self.start + Self::WORDS];
        let latest = words[1].load(Ordering::Acquire);
        let of_group =
            |at: u32| words[HEAD + (groups.0 >> (16 * at)) as usize % GROUPS as usize].load(Ordering::Acquire);
        latest.max(of_group(0)).max(of_group(1)).max(of_group(2)).max(of_group(3)) <= asked
    }

    /// The number of the last revocation in the group of this hash.
    pub fn of(&self, hash: u64) -> u64 {
        self.memory[self.start + HEAD + usize::from(group(hash))].load(Ordering::Acquire)
    }
}

impl Groups {
    /// Those of a token, and of what it belongs to, by hashes.
    pub fn new(token: Key, others: [u64; 3]) -> Self {
        let all = [token.0, others[0], others[1], others[2]];
        Self(all.iter().enumerate().fold(0, |groups, (at, hash)| groups | u64::from(group(*hash)) << (16 * at)))
    }
}

fn group(hash: u64) -> u16 {
    u16::try_from(hash % GROUPS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_before_a_revocation_is_not_current_and_what_was_asked_after_is() {
        let revoked = Revoked::new(Arc::new(Region::new(Revoked::WORDS, false).unwrap()), 0);
        let (mine, other) = (Groups::new(Key(1, 0), [2, 3, 4]), Groups::new(Key(11, 0), [12, 13, 14]));
        for revoke in 1..=4 {
            let asked = revoked.last();
            assert!(revoked.is_current(mine, asked));
            revoked.one(revoke);
            assert!(!revoked.is_current(mine, asked) && revoked.is_current(other, asked));
            assert!(revoked.is_current(mine, revoked.last()));
        }
        let asked = revoked.last();
        revoked.all();
        assert!(!revoked.is_current(mine, asked) && !revoked.is_current(other, asked));
        assert!(revoked.is_current(other, revoked.last()));
    }

    #[test]
    fn where_damaged_memory_holds_the_last_number_what_is_revoked_stays_revoked() {
        let memory = Arc::new(Region::new(Revoked::WORDS, false).unwrap());
        let revoked = Revoked::new(Arc::clone(&memory), 0);
        let (mine, other) = (Groups::new(Key(1, 0), [2, 3, 4]), Groups::new(Key(11, 0), [12, 13, 14]));
        memory[0].store(u64::MAX, Ordering::SeqCst);
        let asked = revoked.last();
        assert!(revoked.is_current(mine, asked));
        for _ in 0..3 {
            revoked.one(1);
            assert!(!revoked.is_current(mine, asked) && !revoked.is_current(mine, revoked.last()));
            assert!(revoked.is_current(other, asked));
        }
        revoked.all();
        assert!(!revoked.is_current(other, revoked.last()));
    }
}
