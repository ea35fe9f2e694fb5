//! Decisions about other people's tokens, at the rate of calls: mostly from memory, and else by one request to the server.
//!
//! What is known is in the [`cache`](crate::cache); `asking` does the rest, where `flight` sees to it that one asks and the
//! others wait.

mod asking;
mod decision;
mod event;
mod flight;

use crate::cache::Cache;
use crate::cache::counters::Counter;
use crate::cache::keys::What;
use crate::cancellation::Cancellation;
use crate::client::Client;
use crate::clock::Uptime;
use crate::error::{Error, ErrorKind, Result};
use crate::futures::carried;
use crate::host::fork::PerProcess;
use crate::host::interrupt::Watch;
use crate::host::uptime::SystemUptime;
use crate::options::VerifierSettings;
use crate::queue::Queue;
use asking::{Inner, Way};
use decision::is_impossible;
use serde_json::json;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub use crate::cache::Verdict;
pub use decision::Decision;
pub use event::Revoke;

/// Checks other people's tokens. Clones are the same verifier.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

impl Verifier {
    /// Makes a verifier whose questions `client` asks. It starts nothing and asks nothing.
    pub fn new(client: &Client, settings: &VerifierSettings) -> Result<Self> {
        let (cache, flights, created_ms) = (Cache::new(settings)?, PerProcess::new(), SystemUptime.uptime_ms());
        Ok(Self(Arc::new(Inner { cache, client: client.same(), is_shared: settings.shared, flights, created_ms })))
    }

    /// What is known without asking: [`Verdict::Unknown`] where nothing is. It never blocks and makes no system call.
    #[inline]
    pub fn peek(&self, token: &str, access: Option<&str>, tenant: Option<&str>) -> Verdict {
        let cache = &self.0.cache;
        match cache.look(&cache.question(token, access, tenant), SystemUptime.uptime_ms()).verdict() {
            Some((verdict, is_stale)) => {
                cache.counters.count(if is_stale { Counter::Stale } else { Counter::Hit });
                verdict
            }
            // Such a one is never kept; so it is looked at last.
            None if is_impossible(token) => Verdict::InvalidToken,
            None => Verdict::Unknown,
        }
    }

    /// Whether a token is valid, has the access, and may be used in the tenant; asks the server where that is not known.
    /// `None` for an access or a tenant that is not asked about.
    pub fn check(&self, token: &str, access: Option<&str>, tenant: Option<&str>) -> Result<Verdict> {
        check_arguments(access, tenant)?;
        match self.peek(token, access, tenant) {
            Verdict::Unknown => self.ask(token, access, tenant, false).map(|decision| decision.verdict),
            verdict => Ok(verdict),
        }
    }

    /// The same, and whose the token is.
    pub fn decide(&self, token: &str, access: Option<&str>, tenant: Option<&str>) -> Result<Decision> {
        check_arguments(access, tenant)?;
        match self.0.known(token, access, tenant) {
            Some(decision) => Ok(decision),
            None => self.ask(token, access, tenant, true),
        }
    }

    /// What [`Verifier::decide`] would say without asking; `None` where nothing is known. It never blocks.
    pub fn peek_decision(&self, token: &str, access: Option<&str>, tenant: Option<&str>) -> Option<Decision> {
        self.0.known(token, access, tenant)
    }

    fn ask(&self, token: &str, access: Option<&str>, tenant: Option<&str>, wants_who: bool) -> Result<Decision> {
        // One call to the thread's check: waiting for another process is many short waits.
        let _watch = Watch::begin();
        let asking = self.0.asking(token, access, tenant, wants_who);
        let mut decided = pin!(self.0.decide(&asking, Way::Blocking));
        match decided.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(decision) => decision,
            Poll::Pending => Err(Error::new(ErrorKind::Internal, "a blocking question waited without blocking")),
        }
    }

    /// [`Verifier::decide`] as a future; ready at once where the answer is known.
    pub async fn decide_async(&self, token: &str, access: Option<&str>, tenant: Option<&str>) -> Result<Decision> {
        check_arguments(access, tenant)?;
        if let Some(decision) = self.0.known(token, access, tenant) {
            return Ok(decision);
        }
        let cancellation = Cancellation::new();
        carried(0, cancellation.clone(), self.asked_elsewhere(token, access, tenant, cancellation)).await
    }

    /// Asks on an I/O thread.
    fn asked_elsewhere(
        &self,
        token: &str,
        access: Option<&str>,
        tenant: Option<&str>,
        own: Cancellation,
    ) -> impl Future<Output = Result<Decision>> + Send + 'static {
        let (inner, token) = (Arc::clone(&self.0), token.to_owned());
        let (access, tenant) = (access.map(str::to_owned), tenant.map(str::to_owned));
        async move {
            let asking = inner.asking(&token, access.as_deref(), tenant.as_deref(), true);
            inner.decide(&asking, Way::Task(0, &own)).await
        }
    }

    /// Submits a question to a queue. Its completion has the decision as its result, and says yes only for
    /// [`Verdict::Allowed`]. Where the answer is known, the completion is in the queue when this returns.
    pub fn submit(
        &self,
        queue: &Queue,
        token: &str,
        access: Option<&str>,
        tenant: Option<&str>,
        user_data: usize,
    ) -> Result<u64> {
        const NAME: &str = "verifier.decide";
        check_arguments(access, tenant)?;
        if let Some(decision) = self.0.known(token, access, tenant) {
            return queue.submit_known(NAME, user_data, decision.into_outcome());
        }
        let cancellation = Cancellation::new();
        let asked = self.asked_elsewhere(token, access, tenant, cancellation.clone());
        let work = async move { asked.await.map(Decision::into_outcome) };
        queue.submit_work(NAME, 0, true, user_data, cancellation, work)
    }

    /// Has everything that was learned before now forgotten. When this returns, no decision is made by an answer that was
    /// asked for before.
    pub fn invalidate(&self, what: Revoke<'_>) {
        let cache = &self.0.cache;
        match what {
            Revoke::Token(token) => cache.revoke_token(token),
            Revoke::Session(uuid) => cache.revoke_all_of(What::Session, uuid),
            Revoke::User(uuid) => cache.revoke_all_of(What::User, uuid),
            Revoke::Tenant(uuid) => cache.revoke_all_of(What::Tenant, uuid),
            Revoke::All => cache.revoke_all(),
        }
    }

    /// Applies a message of wazo-auth's bus, as it is. False where it says nothing about tokens.
    pub fn apply_event(&self, event: &str) -> Result<bool> {
        let revoked = event::revoked(event)?;
        if let Some(revoke) = &revoked {
            self.invalidate(revoke.as_revoke());
        }
        Ok(revoked.is_some())
    }

    /// What was counted, as a JSON object. Of a shared verifier it is the sum over all processes.
    pub fn statistics(&self) -> String {
        let cache = &self.0.cache;
        let sum = |counter| cache.counters.sum(counter);
        json!({
            "hits": sum(Counter::Hit),
            "misses": sum(Counter::Miss),
            "coalesced": sum(Counter::Coalesced),
            "stale": sum(Counter::Stale),
            "errors": sum(Counter::Error),
            "evictions": sum(Counter::Eviction),
            "outdated": sum(Counter::Outdated),
            "invalidations": sum(Counter::Invalidation),
            "entries": cache.tokens(),
            "bytes": cache.bytes(),
            "age_ms": SystemUptime.uptime_ms() - self.0.created_ms,
            "is_open": cache.breaker.is_open(),
        })
        .to_string()
    }
}

/// An empty access or tenant is a mistake of the program: the server would not check it.
#[inline]
fn check_arguments(access: Option<&str>, tenant: Option<&str>) -> Result<()> {
    for (name, value) in [("required_access", access), ("tenant_uuid", tenant)] {
        if value == Some("") {
            return Err(Error::invalid(format!("argument {name}: it is empty; leave it out (NULL) to ask for none")));
        }
    }
    Ok(())
}
