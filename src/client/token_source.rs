//! Where a client takes its token from, if not from its options: from something that renews it.

use crate::secret::Secret;

/// Gives tokens to the calls of a client.
///
/// It is asked for each call, on the thread that makes it; so it must not block.
pub trait TokenSource: Send + Sync {
    /// The token for a call that begins now; `None` for the one that the client's options hold.
    fn token(&self) -> Option<Secret>;

    /// Tells that the server answered a call with "this token is unknown or expired" (401), and with no other 401.
    fn rejected(&self, token: &Secret);
}
