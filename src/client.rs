//! The client: one engine for all operations. The only place where HTTP happens.
//!
//! A call goes through here in this order: [`Arguments`] and an entry of the table become a request (`request`), which a
//! lane carries to the server within its deadline (`connection`, `exchange`, `retry`), and the answer is judged by the entry
//! (`response`, `refusal`) into an [`Outcome`] or an [`Error`] (`report`).

mod answer;
mod arguments;
mod base;
mod connection;
mod exchange;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod kept;
mod refusal;
mod report;
mod request;
mod response;
mod retry;
mod sourced;
mod statistics;
mod token_source;
mod trail;

pub use answer::{Head, Outcome};
pub use arguments::{Argument, Arguments};
pub use token_source::{TokenSource, Waiting};

use crate::cancellation::Cancellation;
use crate::clock;
use crate::error::{Error, ErrorKind, Result, shown};
use crate::log::{Level, event, log, microseconds};
use crate::operations::{self, Credentials, Method, Operation};
use crate::options::{CallSettings, Options};
use arc_swap::ArcSwap;
use base::Base;
use connection::{Route, Transport, Turns};
use exchange::Cancellations;
use report::doubted;
use request::{Caller, Preparation, Prepared};
use response::Expected;
use sourced::Sourced;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A client of one wazo-auth.
///
/// It is thread-safe, and may be used in every child of the process that made it. Handles derived from it
/// ([`Client::with`]) share its connections.
pub struct Client {
    engine: Arc<Engine>,
    identity: ArcSwap<Identity>,
}

/// What a client and the handles derived from it share.
struct Engine {
    /// What every request begins with.
    base: Arc<Base>,
    transport: Transport,
    shared: exchange::Shared,
    kept: kept::Kept,
}

/// What is a handle's own: swapped whole, so that a call has the old one or the new one.
#[derive(Clone)]
struct Identity {
    caller: Caller,
    /// What ends the calls from outside.
    cancellations: Vec<Cancellation>,
    token_source: Option<Arc<dyn TokenSource>>,
}

/// The option that says which token calls have.
const TOKEN: &str = "token";

impl Identity {
    /// Has other settings. A token among them is what calls have from now on, and not that of a source.
    fn change(&mut self, settings: CallSettings, has_token: bool) {
        self.caller = Caller::new(settings);
        if has_token {
            self.token_source = None;
        }
    }
}

impl Client {
    /// Makes a client. Nothing is connected, and no thread is started.
    pub fn new(options: &Options) -> Result<Self> {
        let base = Arc::new(Base::new(&options.connection)?);
        let transport = Transport::new(options.connection.clone())?;
        let identity =
            Identity { caller: Caller::new(options.call.clone()), cancellations: Vec::new(), token_source: None };
        let (shared, kept) = Default::default();
        let engine = Arc::new(Engine { base, transport, shared, kept });
        Ok(Self { engine, identity: ArcSwap::from_pointee(identity) })
    }

    fn derived(&self, change: impl FnOnce(&mut Identity)) -> Self {
        let mut identity = Identity::clone(&self.identity.load());
        change(&mut identity);
        Self { engine: Arc::clone(&self.engine), identity: ArcSwap::from_pointee(identity) }
    }

    /// Makes a handle that shares this one's connections and differs in the given options of calls: another token, user,
    /// tenant or deadline. Another token takes the place of a source.
    pub fn with<'a>(&self, changes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut settings = self.identity.load().caller.settings().clone();
        let mut has_token = false;
        changes.into_iter().try_for_each(|(key, value)| {
            has_token |= key == TOKEN;
            settings.change(key, value)
        })?;
        Ok(self.derived(|identity| identity.change(settings, has_token)))
    }

    /// Makes a handle that shares this one's connections and whose calls `cancellation` ends.
    #[must_use]
    pub fn with_cancellation(&self, cancellation: &Cancellation) -> Self {
        self.derived(|identity| identity.cancellations.push(cancellation.clone()))
    }

    /// Makes a handle for logins in the background: it sends no token, and nobody's cancellation ends its calls. They have
    /// a limit of time, but not that of a host which must answer within half a second: a login is slow on purpose.
    pub(crate) fn for_logins(&self) -> Self {
        const SHORTEST: Duration = Duration::from_secs(10);
        const LONGEST: Duration = Duration::from_secs(60);
        self.derived(|identity| {
            let mut settings = identity.caller.settings().clone();
            settings.token = None;
            settings.timeout = Some(settings.timeout.map_or(LONGEST, |timeout| timeout.clamp(SHORTEST, LONGEST)));
            identity.change(settings, true);
            identity.cancellations.clear();
        })
    }

    /// Whether it has a user name and a password.
    pub(crate) fn has_login(&self) -> bool {
        let identity = self.identity.load();
        identity.caller.username.is_some() && identity.caller.password.is_some()
    }

    /// Makes a handle that shares this one's connections and whose calls take their token from `source`.
    #[must_use]
    pub fn with_token_source(&self, source: Arc<dyn TokenSource>) -> Self {
        self.derived(|identity| identity.token_source = Some(source))
    }

    /// Changes an option of this handle's calls; an empty text unsets it. Calls that run keep what they began with;
    /// every later one has the whole change.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        self.identity.load().caller.settings().clone().change(key, value)?;
        self.identity.rcu(|current| {
            let mut changed = Identity::clone(current);
            // Checked above; the same key and value cannot fail now.
            let mut settings = changed.caller.settings().clone();
            let _ = settings.change(key, value);
            changed.change(settings, key == TOKEN);
            changed
        });
        Ok(())
    }

    /// The URL that the paths of operations are put behind.
    pub fn base_url(&self) -> &str {
        self.engine.base.as_str()
    }

    /// What this client and the handles that share its connections have done so far, as JSON: `calls` that have begun,
    /// `in_progress`, `succeeded`, `errors` by kind, `retries` (every attempt after the first of a call),
    /// `connections_opened` and `connections_reused` by attempts, `bytes_received` in bodies, and `latency_us` (`count`, `mean`, `p50`, `p90`, `p99`, `p999`, `max`).
    ///
    /// What was refused before anything was sent, and a question that needs no server, is not counted. A forked child
    /// goes on from its parent's numbers, except for `in_progress`, which is its own.
    pub fn statistics(&self) -> String {
        self.engine.shared.statistics.to_json()
    }

    /// The time limit of its calls.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.identity.load().caller.settings().timeout
    }

    /// Waits on this thread, or until the client's calls are cancelled, which is an error.
    pub(crate) fn pause(&self, length: Duration) -> Result<()> {
        let identity = self.identity.load_full();
        exchange::pause(Cancellations { own: None, of_client: &identity.cancellations }, length)
    }

    /// What `ask` answers, kept for the client's token and tenant for this long by all handles that share the connections.
    /// For one question only: answers to different ones are not told apart.
    pub(crate) fn kept_for(&self, oldest: Duration, ask: impl FnOnce() -> Result<String>) -> Result<Arc<str>> {
        let key = || {
            let (identity, _) = self.identity_now();
            let settings = identity.caller.settings();
            let token = settings.token.as_ref().map_or("", |secret| secret.0.as_str());
            self.engine.kept.key(token, settings.tenant_uuid.as_deref().unwrap_or_default())
        };
        let (of, begun) = (key()?, clock::now());
        if let Some(known) = self.engine.kept.get(of, begun, oldest) {
            return Ok(known);
        }
        let answer: Arc<str> = ask()?.into();
        // Another token may have come meanwhile, and the answer may be its.
        if key()? == of {
            self.engine.kept.put(of, begun, Arc::clone(&answer));
        }
        Ok(answer)
    }

    /// Carries out an operation.
    pub fn call(&self, operation: &'static Operation, arguments: &Arguments) -> Result<Outcome> {
        self.begin(operation, arguments)?.run()
    }

    /// Carries out the operation of this name.
    pub fn call_by_name(&self, name: &str, arguments: &Arguments) -> Result<Outcome> {
        self.call(operation(name)?, arguments)
    }

    /// Sends a request that the table does not have. `path` is below the API's version and already percent-encoded;
    /// query and body are those of `arguments`. The result is the body: JSON as it came, another text as a JSON string.
    pub fn request(&self, method: Method, path: &str, arguments: &Arguments) -> Result<Outcome> {
        self.begin_request(method, path, arguments)?.run()
    }

    /// Prepares a request that the table does not have.
    pub(crate) fn begin_request(&self, method: Method, path: &str, arguments: &Arguments) -> Result<PendingCall> {
        let (identity, sourced) = self.identity_now();
        let prepared = request::prepare_raw(&self.engine.base, method, path, arguments, &identity.caller)?;
        let preparation = Preparation::Request(Box::new(prepared));
        Ok(self.pending(identity, sourced, Credentials::Token, preparation, Expected::Anything))
    }

    /// Another handle that is the same.
    pub(crate) fn same(&self) -> Self {
        self.derived(|_| {})
    }

    /// Returns when the calls of this handle are cancelled, or those of `own`.
    pub(crate) async fn cancelled(&self, own: Option<&Cancellation>) {
        let identity = self.identity.load_full();
        Cancellations { own, of_client: &identity.cancellations }.any().await;
    }

    /// Prepares a call.
    pub(crate) fn begin(&self, operation: &'static Operation, arguments: &Arguments) -> Result<PendingCall> {
        let (identity, sourced) = self.identity_now();
        let preparation = request::prepare(&self.engine.base, operation, arguments, &identity.caller)?;
        let expected = Expected::Operation { accepted: operation.accepted, shape: operation.result };
        Ok(self.pending(identity, sourced, operation.credentials, preparation, expected))
    }

    /// The identity of a call that begins now, and its token where that is a source's.
    fn identity_now(&self) -> (Arc<Identity>, Option<Sourced>) {
        let identity = self.identity.load_full();
        let Some(sourced) = identity.token_source.as_ref().and_then(Sourced::now) else { return (identity, None) };
        let mut own = Identity::clone(&identity);
        own.caller = sourced.caller(&own.caller);
        (Arc::new(own), Some(sourced))
    }

    fn pending(
        &self,
        identity: Arc<Identity>,
        sourced: Option<Sourced>,
        credentials: Credentials,
        preparation: Preparation,
        expected: Expected,
    ) -> PendingCall {
        let sourced = sourced.filter(|sourced| match &preparation {
            Preparation::Request(prepared) => sourced.concerns(prepared, credentials),
            Preparation::No => false,
        });
        PendingCall { engine: Arc::clone(&self.engine), identity, sourced, preparation, expected, cancellation: None }
    }
}

/// A call that is ready to be made.
pub(crate) struct PendingCall {
    engine: Arc<Engine>,
    identity: Arc<Identity>,
    /// Its token, where that is a source's.
    sourced: Option<Sourced>,
    preparation: Preparation,
    expected: Expected,
    /// What ends this call alone.
    cancellation: Option<Cancellation>,
}

impl PendingCall {
    /// Has a cancellation end it, besides those of its client.
    pub(crate) fn cancelled_by(self, cancellation: Cancellation) -> Self {
        Self { cancellation: Some(cancellation), ..self }
    }

    fn cancellations(&self) -> Cancellations<'_> {
        Cancellations { own: self.cancellation.as_ref(), of_client: &self.identity.cancellations }
    }

    /// Makes it on this thread.
    pub(crate) fn run(mut self) -> Result<Outcome> {
        let Some((mut prepared, mut sourced)) = self.take() else { return Ok(Outcome::no()) };
        let _running = self.engine.shared.statistics.begin();
        let outcome = self.engine.transport.drive(prepared.needs_reqwest(), async |route| {
            self.first_token(&mut prepared, &mut sourced).await?;
            self.exchange(route, &mut prepared, &mut sourced).await
        });
        self.ended(&prepared, outcome)
    }

    /// What changes while the call runs; `None` where nothing is sent.
    fn take(&mut self) -> Option<(Box<Prepared>, Option<Sourced>)> {
        match std::mem::replace(&mut self.preparation, Preparation::No) {
            Preparation::Request(prepared) => Some((prepared, self.sourced.take())),
            Preparation::No => None,
        }
    }

    /// The I/O thread to make it on, of those that its client has.
    pub(crate) fn io_thread(&self) -> usize {
        self.engine.transport.next_io_thread()
    }

    /// Makes it as a task of an I/O thread.
    pub(crate) async fn run_as_task(mut self, io_thread: usize) -> Result<Outcome> {
        let Some((mut prepared, mut sourced)) = self.take() else { return Ok(Outcome::no()) };
        let _running = self.engine.shared.statistics.begin();
        let outcome = match self.engine.transport.shared(io_thread, prepared.needs_reqwest()) {
            Ok((route, turns)) => self.in_turn(route, turns, &mut prepared, &mut sourced).await,
            Err(error) => Err(error),
        };
        self.ended(&prepared, outcome)
    }

    /// Makes it as a task of the first I/O thread without waiting for a turn: for what others wait for while they have theirs.
    pub(crate) async fn run_ahead(mut self) -> Result<Outcome> {
        let Some((mut prepared, mut sourced)) = self.take() else { return Ok(Outcome::no()) };
        let _running = self.engine.shared.statistics.begin();
        let outcome = match self.engine.transport.shared(0, prepared.needs_reqwest()) {
            Ok((route, _)) => self.exchange_on_heap(route, &mut prepared, &mut sourced).await,
            Err(error) => Err(error),
        };
        self.ended(&prepared, outcome)
    }

    /// Whether it changes nothing at the server.
    pub(crate) fn is_safe(&self) -> bool {
        match &self.preparation {
            Preparation::Request(prepared) => prepared.is_safe(),
            Preparation::No => true,
        }
    }

    /// Waits for a token and for a turn, then exchanges.
    async fn in_turn(
        &self,
        route: Route<'_>,
        turns: &Turns,
        prepared: &mut Prepared,
        sourced: &mut Option<Sourced>,
    ) -> Result<Outcome> {
        self.first_token(prepared, sourced).await?;
        let _turn = exchange::turn(turns, prepared, &self.identity.caller, self.cancellations()).await?;
        self.exchange_on_heap(route, prepared, sourced).await
    }

    /// [`PendingCall::exchange`] on the heap: a call that waits for its turn has no room for it yet.
    fn exchange_on_heap<'a>(
        &'a self,
        route: Route<'a>,
        prepared: &'a mut Prepared,
        sourced: &'a mut Option<Sourced>,
    ) -> Pin<Box<impl Future<Output = Result<Outcome>> + 'a>> {
        Box::pin(self.exchange(route, prepared, sourced))
    }

    async fn first_token(&self, prepared: &mut Prepared, sourced: &mut Option<Sourced>) -> Result<()> {
        match sourced {
            Some(sourced) => sourced.first(prepared, &self.identity.caller, self.cancellations()).await,
            None => Ok(()),
        }
    }

    /// One exchange with the server; two, where the token of a source was rejected and there is another one.
    async fn exchange(
        &self,
        mut route: Route<'_>,
        prepared: &mut Prepared,
        sourced: &mut Option<Sourced>,
    ) -> Result<Outcome> {
        let mut is_repetition = false;
        // One loop, and not the same twice: the future has room for one exchange.
        loop {
            let settings = &self.identity.caller;
            let received =
                exchange::run(&mut route, prepared, settings, self.cancellations(), &self.engine.shared).await?;
            let in_doubt = received.in_doubt;
            let outcome = response::judge(prepared, self.expected, received.answer);
            let error = match outcome {
                Ok(outcome) => return Ok(outcome),
                Err(error) => doubted(error, in_doubt),
            };
            let Some(sourced) = sourced.as_mut().filter(|_| error.is_token_invalid()) else { return Err(error) };
            sourced.rejected();
            // What an earlier attempt may have done is not done again.
            if is_repetition || in_doubt {
                return Err(error);
            }
            if !Box::pin(sourced.next(prepared, settings, self.cancellations())).await? {
                return Err(error);
            }
            is_repetition = true;
        }
    }

    /// What follows every call: the log of its end.
    fn ended(&self, prepared: &Prepared, outcome: Result<Outcome>) -> Result<Outcome> {
        let kind = outcome.as_ref().err().map(|error| error.kind);
        let duration = clock::now().saturating_duration_since(prepared.begun);
        self.engine.shared.statistics.ended(kind, duration);
        log(level_of(kind), &event::CALL_ENDED, || {
            let (status, in_doubt) = match &outcome {
                Ok(outcome) => (outcome.status, false),
                Err(error) => (error.status(), error.in_doubt),
            };
            let (id, operation) = (prepared.trail.id(), prepared.shown_operation());
            let (attempts, connection) = (prepared.trail.attempts(), prepared.trail.connection());
            let after = format!("after {} ms (call {id}, attempt {attempts}", duration.as_millis());
            let message = match &outcome {
                Ok(_) => format!("{operation}: {status} {after})"),
                Err(error) => {
                    format!("{} {after}, {})", prepared.without_query(&error.message), error.kind.name())
                }
            };
            let fields = [
                id.into(),
                operation.into(),
                prepared.method.as_str().into(),
                prepared.shown_path().into(),
                prepared.origin().into(),
                (status != 0).then_some(u32::from(status)).into(),
                kind.map(ErrorKind::name).into(),
                microseconds(duration).into(),
                attempts.into(),
                connection.into(),
                in_doubt.into(),
            ];
            (message, fields)
        });
        outcome
    }
}

/// How important the end of a call is: what the server refuses is the caller's matter, what it fails in is the operator's.
fn level_of(kind: Option<ErrorKind>) -> Level {
    use ErrorKind::{Busy, Connect, Internal, Protocol, ServerError, Timeout, Tls, TooLarge, Unavailable};
    match kind {
        Some(Internal) => Level::Error,
        Some(Busy | Connect | Protocol | ServerError | Timeout | Tls | TooLarge | Unavailable) => Level::Warning,
        _ => Level::Debug,
    }
}

/// The operation of this name, or an error that helps to find it.
pub fn operation(name: &str) -> Result<&'static Operation> {
    operations::find(name).ok_or_else(|| {
        let resource = name.split('.').next().unwrap_or_default();
        let of_resource: Vec<_> =
            operations::all().filter(|operation| operation.resource() == resource).map(|o| o.name).collect();
        let known = if of_resource.is_empty() {
            let mut resources: Vec<_> = operations::all().map(Operation::resource).collect();
            resources.dedup();
            format!("the resources are {}", resources.join(", "))
        } else {
            format!("the operations of {resource} are {}", of_resource.join(", "))
        };
        Error::invalid(format!("argument operation: there is no operation {}; {known}", shown(name)))
    })
}
