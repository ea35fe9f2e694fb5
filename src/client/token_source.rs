//! Where a client takes its token from, if not from its options: from something that renews it.

use crate::error::Result;
use crate::secret::Secret;
use std::pin::Pin;

/// Gives tokens to the calls of a client.
///
/// It is asked for each call, on the thread that makes it; so it must not block.
pub trait TokenSource: Send + Sync {
    /// The token for a call that begins now. `None` where it has none: then the call waits for one, where this source has
    /// [`TokenSource::wait`]; else it has the token of the client's options.
    fn token(&self) -> Option<Secret>;

    /// Tells that the server answered a call with "this token is unknown or expired" (401), and with no other 401.
    fn rejected(&self, token: &Secret);

    /// Gives a valid token as soon as there is one, or the error that says why there is none. A call waits for it within its
    /// own deadline, if it has no token or its token was rejected. `None` for a source that calls cannot wait for.
    fn wait(&self) -> Option<Waiting<'_>> {
        None
    }
}

/// A token to come. It is woken by another thread (`host::drive::from_elsewhere`).
pub type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Secret>> + Send + 'a>>;
