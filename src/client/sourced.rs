//! The token of a call that comes from a source: waited for where there is none, and replaced once where the server has
//! rejected it.

use super::exchange::{self, Cancellations};
use super::report::{Fate, report};
use super::request::{Caller, Prepared};
use super::token_source::TokenSource;
use crate::error::{Error, Result};
use crate::operations::Credentials;
use crate::options::CallSettings;
use crate::secret::Secret;
use std::sync::Arc;

/// The source of a call's token, and the token that it has of it.
pub struct Sourced {
    source: Arc<dyn TokenSource>,
    /// `None` until there is one.
    token: Option<Secret>,
}

impl Sourced {
    /// What a source gives to a call that begins now; `None` where the call has the token of its client's options.
    pub fn now(source: &Arc<dyn TokenSource>) -> Option<Self> {
        let token = source.token();
        let can_wait = || source.wait().is_some();
        (token.is_some() || can_wait()).then(|| Self { source: Arc::clone(source), token })
    }

    /// The caller of a call whose token is this one.
    pub fn caller(&self, caller: &Caller) -> Caller {
        let mut settings = caller.settings().clone();
        settings.token.clone_from(&self.token);
        Caller::new(settings)
    }

    /// Whether the token of a request is this one: not where the call's arguments hold another, and a request that goes
    /// without a token waits for none.
    pub fn concerns(&self, prepared: &Prepared, credentials: Credentials) -> bool {
        match &self.token {
            Some(token) => prepared.token() == Some(token.0.as_bytes()),
            None => prepared.token().is_none() && credentials == Credentials::Token,
        }
    }

    /// Waits for the first token, where there is none.
    pub async fn first(
        &mut self,
        prepared: &mut Prepared,
        settings: &CallSettings,
        cancellations: Cancellations<'_>,
    ) -> Result<()> {
        if self.token.is_none() {
            // On the heap: most calls have one, and need no room for this.
            Box::pin(self.next(prepared, settings, cancellations)).await?;
        }
        Ok(())
    }

    /// Tells the source that the server has rejected the token.
    pub fn rejected(&self) {
        if let Some(token) = &self.token {
            self.source.rejected(token);
        }
    }

    /// Waits for a token, and has the request carry it. False where nobody can wait for this source.
    pub async fn next(
        &mut self,
        prepared: &mut Prepared,
        settings: &CallSettings,
        cancellations: Cancellations<'_>,
    ) -> Result<bool> {
        let Some(waiting) = self.source.wait() else { return Ok(false) };
        let token = exchange::for_token(prepared, settings, cancellations, waiting).await?;
        let token = token.map_err(|error| no_token(prepared, &error))?;
        prepared.carry_token(&token)?;
        self.token = Some(token);
        Ok(true)
    }
}

/// A call that has no token, because none could be had.
fn no_token(prepared: &Prepared, why: &Error) -> Error {
    let message = format!("there is no token, because the renewal failed: {}", why.message);
    report(prepared, why.kind, &message, Fate::NotCarriedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Arguments, Client, Waiting, operation};
    use crate::options::Options;

    /// Has this token, or none yet.
    struct Fixed(Option<&'static str>);

    impl TokenSource for Fixed {
        fn token(&self) -> Option<Secret> {
            self.0.map(|token| Secret(token.to_owned()))
        }

        fn rejected(&self, _: &Secret) {}

        fn wait(&self) -> Option<Waiting<'_>> {
            Some(Box::pin(std::future::pending()))
        }
    }

    #[test]
    fn a_call_with_a_token_of_its_own_and_one_that_needs_none_leave_the_source_alone() {
        let mut options = Options::new();
        options.set("host", "localhost").unwrap();
        let client = Client::new(&options).unwrap();
        let concerns = |token, name: &str, arguments: &Arguments| {
            let bound = client.with_token_source(Arc::new(Fixed(token)));
            bound.begin(operation(name).unwrap(), arguments).unwrap().sourced.is_some()
        };
        let password = Arguments::new().with("user_uuid", "8f3a").with("password", "another");
        for token in [Some("a-token"), None] {
            assert!(concerns(token, "users.list", &Arguments::new()));
            assert!(concerns(token, "users.set_password", &password));
            assert!(!concerns(token, "users.set_password", &password.clone().with("token", "of-the-mail")));
        }
        assert!(!concerns(None, "backends.list", &Arguments::new()), "nobody waits for what is not needed");
    }
}
