//! What is asked of the cache, and what it says.

use super::cells::Key;

/// What a token is good for, as far as somebody asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Verdict {
    /// It could not be found out.
    Unknown = 0,
    /// The token is valid, has the access, and may be used in the tenant.
    Allowed = 1,
    /// The token is unknown or has expired.
    InvalidToken = 2,
    /// The token lacks the access.
    MissingAccess = 3,
    /// The token may not be used in the tenant.
    WrongTenant = 4,
}

impl Verdict {
    /// The verdict in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Allowed => "allowed",
            Self::InvalidToken => "invalid_token",
            Self::MissingAccess => "missing_access",
            Self::WrongTenant => "wrong_tenant",
        }
    }
}

/// A question: may this token be used for this access, in this tenant?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The key of the token.
    pub token: Key,
    /// The access, and its hash.
    pub access: Option<(&'a str, u64)>,
    /// The hash of the tenant.
    pub tenant: Option<u64>,
}

/// What the cache says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The answer, and how good it is.
    Known {
        /// The answer.
        verdict: Verdict,
        /// How good it is.
        age: Age,
    },
    /// The server must be asked about the token.
    AskToken,
    /// The server must be asked about the token in this tenant.
    AskTenant,
}

/// How good a known answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// It is used.
    Fresh,
    /// It is too old, and used all the same: the server is back after an outage, and it is not this question's turn yet.
    Deferred,
    /// It is too old: it is used only if the server cannot be asked.
    Stale,
}

impl Look {
    /// The verdict that can be given without asking, and whether it is too old.
    pub fn verdict(self) -> Option<(Verdict, bool)> {
        match self {
            Self::Known { verdict, age: Age::Fresh } => Some((verdict, false)),
            Self::Known { verdict, age: Age::Deferred } => Some((verdict, true)),
            _ => None,
        }
    }
}
