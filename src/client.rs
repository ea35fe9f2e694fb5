//! The client: one engine for all operations. The only place where HTTP happens.
//!
//! A call goes through here in this order: [`Arguments`] and an entry of the table become a request (`request`), a lane
//! carries it to the server within its deadline (`transport`, `exchange`), and the answer is judged by the entry
//! (`response`) into an [`Outcome`] or an [`Error`].

mod arguments;
mod cancellation;
mod error;
mod exchange;
mod json;
mod option_keys;
mod options;
mod phase;
mod request;
mod resolver;
mod response;
mod secret;
mod tls;
mod transport;

pub use arguments::{Argument, Arguments};
pub use cancellation::Cancellation;
pub(crate) use error::shown;
pub use error::{Error, ErrorKind, Result, ServerAnswer};
pub(crate) use json::{Json, pointed_at, quoted};
pub use options::{OPTION_KEYS, OptionKey, Options, Scope};
pub use response::Outcome;
pub use secret::Secret;

use crate::operations::{self, Method, Operation, Shape};
use arc_swap::ArcSwap;
use exchange::Received;
use options::{CallSettings, ConnectionSettings};
use request::Prepared;
use response::Expected;
use std::sync::Arc;
use transport::Transport;

/// A client of one wazo-auth.
///
/// It may be used by any number of threads at once, and in every child of the process that made it. Handles derived
/// from it ([`Client::with`]) share its connections.
pub struct Client {
    engine: Arc<Engine>,
    settings: ArcSwap<CallSettings>,
}

/// What a client and the handles derived from it share.
struct Engine {
    /// Scheme, host, port, prefix and version: what every path is put behind.
    base: String,
    transport: Transport,
}

impl Client {
    /// Makes a client. Nothing is connected, and no thread is started.
    pub fn new(options: &Options) -> Result<Self> {
        let base = base(&options.connection)?;
        let transport = Transport::new(options.connection.clone())?;
        let settings = ArcSwap::from_pointee(options.call.clone());
        Ok(Self { engine: Arc::new(Engine { base, transport }), settings })
    }

    /// Makes a handle that shares this one's connections and differs in the given options of calls: another token, user,
    /// tenant or deadline.
    pub fn with<'a>(&self, changes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut settings = CallSettings::clone(&self.settings.load());
        for (key, value) in changes {
            settings.change(key, value)?;
        }
        Ok(Self { engine: Arc::clone(&self.engine), settings: ArcSwap::from_pointee(settings) })
    }

    /// Makes a handle that shares this one's connections and whose calls `cancellation` ends.
    #[must_use]
    pub fn with_cancellation(&self, cancellation: &Cancellation) -> Self {
        let mut settings = CallSettings::clone(&self.settings.load());
        settings.cancellations.push(cancellation.clone());
        Self { engine: Arc::clone(&self.engine), settings: ArcSwap::from_pointee(settings) }
    }

    /// Changes an option of this handle's calls; an empty text unsets it. Calls that run keep what they began with;
    /// every later one has the whole change.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        CallSettings::clone(&self.settings.load()).change(key, value)?;
        self.settings.rcu(|current| {
            let mut changed = CallSettings::clone(current);
            // Checked above; the same key and value cannot fail now.
            let _ = changed.change(key, value);
            changed
        });
        Ok(())
    }

    /// The URL that the paths of operations are put behind.
    pub fn base_url(&self) -> &str {
        &self.engine.base
    }

    /// Carries out an operation.
    pub fn call(&self, operation: &Operation, arguments: &Arguments) -> Result<Outcome> {
        let call = self.prepare(operation, arguments)?;
        let received = self.engine.transport.call(&call.prepared, &call.settings)?;
        judged(&call.prepared, call.expected, received)
    }

    /// Prepares a call to be carried out by a task of the library's thread.
    pub(crate) fn begin(&self, name: &str, arguments: &Arguments) -> Result<PendingCall> {
        self.prepare(operation(name)?, arguments)
    }

    fn prepare(&self, operation: &Operation, arguments: &Arguments) -> Result<PendingCall> {
        let settings = self.settings.load_full();
        let prepared = request::prepare(&self.engine.base, operation, arguments, &settings)?;
        let expected = Expected { accepted: operation.accepted, shape: operation.result };
        Ok(PendingCall { engine: Arc::clone(&self.engine), settings, prepared, expected })
    }

    /// Carries out the operation of this name.
    pub fn call_by_name(&self, name: &str, arguments: &Arguments) -> Result<Outcome> {
        self.call(operation(name)?, arguments)
    }

    /// Sends a request that the table does not have. `path` is below the API's version and already percent-encoded;
    /// query and body are those of `arguments`. The result is the body: JSON as it came, another text as a JSON string.
    pub fn request(&self, method: Method, path: &str, arguments: &Arguments) -> Result<Outcome> {
        let settings = self.settings.load_full();
        let prepared = request::prepare_raw(&self.engine.base, method, path, arguments, &settings)?;
        let received = self.engine.transport.call(&prepared, &settings)?;
        let body = received.answer.body.clone();
        let expected = Expected { accepted: &[], shape: Shape::Nothing };
        let outcome = judged(&prepared, expected, received)?;
        Ok(Outcome { json: response::any_as_json(body), ..outcome })
    }
}

/// A call that is ready to be sent.
pub(crate) struct PendingCall {
    engine: Arc<Engine>,
    settings: Arc<CallSettings>,
    prepared: Prepared,
    expected: Expected,
}

impl PendingCall {
    /// Carries it out, on the event loop of the task.
    pub(crate) async fn run(self) -> Result<Outcome> {
        let received = self.engine.transport.call_from_task(&self.prepared, &self.settings).await?;
        judged(&self.prepared, self.expected, received)
    }

    /// Whether it changes nothing at the server.
    pub(crate) fn is_safe(&self) -> bool {
        self.prepared.is_safe()
    }
}

/// Judges what came, and remembers the doubt that an earlier attempt left.
fn judged(prepared: &Prepared, expected: Expected, received: Received) -> Result<Outcome> {
    response::judge(prepared, expected, received.answer).map_err(|mut error| {
        error.in_doubt |= received.in_doubt;
        error
    })
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
            format!("resources are {}", resources.join(", "))
        } else {
            format!("{resource} has {}", of_resource.join(", "))
        };
        Error::invalid(format!("argument operation: there is none named {}; {known}", shown(name)))
    })
}

fn base(settings: &ConnectionSettings) -> Result<String> {
    if settings.host.is_empty() {
        return Err(Error::invalid("option host is not set; expected the server's name or address"));
    }
    let scheme = if settings.https { "https" } else { "http" };
    let host = if settings.host.contains(':') { format!("[{}]", settings.host) } else { settings.host.clone() };
    let port = if settings.port == 0 { String::new() } else { format!(":{}", settings.port) };
    Ok(format!("{scheme}://{host}{port}{}/{}", settings.prefix, settings.version))
}
