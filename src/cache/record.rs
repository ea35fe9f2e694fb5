//! What is kept of a token, as the words of a cell.

use super::cells::Key;
use super::revoked::Groups;

/// What is kept of a token.
#[derive(Clone, Copy)]
pub struct Record {
    /// What can revoke it.
    pub groups: Groups,
    /// The number of the last revocation when it was asked about.
    pub asked: u64,
    /// Until when it is used.
    pub fresh_until_ms: u64,
    /// Until when it is used if the server cannot be asked.
    pub stale_until_ms: u64,
    /// [`VALID`], [`ANY_TENANT`].
    pub flags: u64,
    /// The hash of the token's own tenant.
    pub own_tenant: u64,
    /// The identity, among the texts.
    pub who: Key,
    /// The access list, among the texts.
    pub entries: Key,
    /// The lengths of both: of the identity in the lower half.
    pub lengths: u64,
}

/// Its words.
pub const WORDS_OF_RECORD: usize = 11;
/// Answers about accesses and other tenants, beside each token.
pub const ANSWERS: usize = 9;
/// The token is valid.
pub const VALID: u64 = 1;
/// It may be used in every tenant.
pub const ANY_TENANT: u64 = 2;
/// The lowest bits of a kept answer: yes.
pub const YES: u64 = 1;
/// No.
pub const NO: u64 = 2;
/// The bits of both.
pub const ANSWER_MASK: u64 = 3;

impl Record {
    /// From the words of a cell.
    #[inline]
    pub fn from_words(words: &[u64; WORDS_OF_RECORD]) -> Self {
        Self {
            groups: Groups(words[0]),
            asked: words[1],
            fresh_until_ms: words[2],
            stale_until_ms: words[3],
            flags: words[4],
            own_tenant: words[5],
            who: Key(words[6], words[7]),
            entries: Key(words[8], words[9]),
            lengths: words[10],
        }
    }

    /// As the words of a cell.
    pub fn to_words(self) -> [u64; WORDS_OF_RECORD] {
        [
            self.groups.0,
            self.asked,
            self.fresh_until_ms,
            self.stale_until_ms,
            self.flags,
            self.own_tenant,
            self.who.0,
            self.who.1,
            self.entries.0,
            self.entries.1,
            self.lengths,
        ]
    }
}
