//! The connections, and who drives them: the caller's own thread.
//!
//! A *lane* is an event loop for one thread together with its pool of connections. A call takes a lane that lies idle,
//! or makes one, drives it until the answer is there, and lays it back. So a blocking call starts no thread and waits
//! for none, and as many calls run at once as there are callers. What lies idle longer than its connections live, or
//! beyond the size of the pool, is dropped.
//!
//! All lanes of a client belong to one process: a forked child leaves them as they are (see [`crate::host::fork`]),
//! closes their sockets by plain `close`, and makes its own.

use super::error::{Error, ErrorKind, Result};
use super::exchange::{self, Received};
use super::options::{CallSettings, ConnectionSettings};
use super::phase::Observed;
use super::request::Prepared;
use super::resolver::SystemResolver;
use super::tls::Tls;
use crate::host::fork::PerProcess;
use crate::host::signals;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;

/// What makes connections, in any process.
pub struct Transport {
    settings: ConnectionSettings,
    tls: Tls,
    lanes: PerProcess<Lanes>,
    shared: PerProcess<Shared>,
}

/// The connections of calls that tasks make, all on the library's thread.
struct Shared {
    http: reqwest::Client,
    turns: Semaphore,
}

/// The lanes of one process that lie idle, the one used last on top.
struct Lanes {
    idle: Mutex<Vec<Lane>>,
    /// `None` over plain HTTP.
    tls: Option<rustls::ClientConfig>,
    #[cfg(unix)]
    marker: Arc<crate::host::descriptors::Marker>,
}

/// Fields are dropped in this order: what is registered with the event loop before the loop.
struct Lane {
    #[cfg(unix)]
    _marked: crate::host::descriptors::Marked,
    http: reqwest::Client,
    runtime: EventLoop,
    idle_since: Instant,
}

/// An event loop that may be dropped anywhere. The last handle of a client can be let go of by a call of the library's
/// thread, where waiting for a loop to end is not allowed; ours have nothing to wait for.
struct EventLoop(Option<tokio::runtime::Runtime>);

impl EventLoop {
    /// Drives it on this thread until the work is done.
    fn drive<F: Future>(&self, work: F) -> F::Output {
        // It is there until it is dropped.
        self.0.as_ref().expect("an event loop").block_on(work)
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Transport {
    /// Reads the files that the settings name; connects to nothing.
    pub fn new(settings: ConnectionSettings) -> Result<Self> {
        let tls = Tls::new(&settings)?;
        // A wrong proxy is told now; the client itself is made with each lane.
        proxy(&settings)?;
        Ok(Self { settings, tls, lanes: PerProcess::new(), shared: PerProcess::new() })
    }

    /// Makes a call on this thread, until its answer or its deadline.
    pub fn call(&self, prepared: &Prepared, settings: &CallSettings) -> Result<Received> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(Error::invalid(
                "a blocking call was made from inside an event loop (an async function, or a callback of a queue), \
                 which it would stop; make it from a thread of its own, or submit it to a queue",
            ));
        }
        let lanes = self.lanes()?;
        let lane = lanes.take(&self.settings)?;
        let work = async {
            // Nobody drove this loop while it lay idle. What happened to its connections since is seen now, before one
            // of them is chosen: a server's goodbye, and the previous call's way back into the pool.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            exchange::run(&lane.http, prepared, settings, None).await
        };
        let answer = signals::without_sigpipe(|| lane.runtime.drive(work));
        lanes.lay_back(lane, &self.settings);
        answer
    }

    /// Makes a call from a task, on the event loop that the task runs on.
    pub async fn call_from_task(&self, prepared: &Prepared, settings: &CallSettings) -> Result<Received> {
        let shared = self.shared()?;
        exchange::run(&shared.http, prepared, settings, Some(&shared.turns)).await
    }

    fn shared(&self) -> Result<&Shared> {
        if let Some(shared) = self.shared.get() {
            return Ok(shared);
        }
        let tls = if self.settings.https { Some(self.tls.configuration()?) } else { None };
        let http = http_client(&self.settings, tls)?;
        let fresh = Shared { http, turns: Semaphore::new(self.settings.queue_connections.min(Semaphore::MAX_PERMITS)) };
        Ok(self.shared.get_or_make(|| fresh, |_| close_inherited()))
    }

    fn lanes(&self) -> Result<&Lanes> {
        if let Some(lanes) = self.lanes.get() {
            return Ok(lanes);
        }
        let fresh = Lanes::new(&self.settings, &self.tls)?;
        Ok(self.lanes.get_or_make(|| fresh, |_| close_inherited()))
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.lanes.end(|_| close_inherited());
        self.shared.end(|_| close_inherited());
    }
}

impl Lanes {
    fn new(settings: &ConnectionSettings, tls: &Tls) -> Result<Self> {
        Ok(Self {
            idle: Mutex::new(Vec::new()),
            tls: if settings.https { Some(tls.configuration()?) } else { None },
            #[cfg(unix)]
            marker: Arc::new(crate::host::descriptors::Marker::new().map_err(|e| exhausted(&e))?),
        })
    }

    fn take(&self, settings: &ConnectionSettings) -> Result<Lane> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.make(settings), Ok)
    }

    fn lay_back(&self, mut lane: Lane, settings: &ConnectionSettings) {
        lane.idle_since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(lane);
        // The oldest lie below. Their connections have ended or soon will; nobody drives them any more.
        let old = idle.iter().take_while(|lane| lane.idle_since.elapsed() > settings.pool_idle_timeout).count();
        let surplus = old.max(idle.len().saturating_sub(settings.pool_size));
        let dropped: Vec<_> = idle.drain(..surplus).collect();
        drop(idle);
        drop(dropped);
    }

    fn make(&self, settings: &ConnectionSettings) -> Result<Lane> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|e| exhausted(&e))?;
        let http = http_client(settings, self.tls.clone())?;
        #[cfg(unix)]
        let marked = {
            let _entered = runtime.enter();
            crate::host::descriptors::mark_current_loop(&self.marker).map_err(|e| exhausted(&e))?
        };
        Ok(Lane {
            #[cfg(unix)]
            _marked: marked,
            http,
            runtime: EventLoop(Some(runtime)),
            idle_since: Instant::now(),
        })
    }
}

/// In a child: closes what the parent's event loops had open, and leaves all else alone.
fn close_inherited() {
    #[cfg(unix)]
    crate::host::descriptors::close_inherited();
}

fn http_client(settings: &ConnectionSettings, tls: Option<rustls::ClientConfig>) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_idle_timeout(settings.pool_idle_timeout)
        .pool_max_idle_per_host(settings.pool_size)
        .dns_resolver(SystemResolver)
        .connector_layer(Observed::LAYER);
    if let Some(proxy) = proxy(settings)? {
        builder = builder.proxy(proxy);
    }
    if let Some(limit) = settings.connect_timeout {
        builder = builder.connect_timeout(limit);
    }
    // Without HTTPS no certificate is ever asked for, but the transport wants some configuration: an empty one.
    let tls = tls.map_or_else(without_tls, Ok)?;
    builder
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| Error::new(ErrorKind::Internal, format!("the transport could not be set up: {}", e.without_url())))
}

fn without_tls() -> Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Internal, format!("TLS could not be set up: {e}")))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

fn proxy(settings: &ConnectionSettings) -> Result<Option<reqwest::Proxy>> {
    let Some(url) = &settings.proxy else { return Ok(None) };
    let expected = || Error::invalid("option proxy: expected http://[user:password@]host:port");
    // Of another scheme the transport would take no notice, and send token and all directly.
    let parsed = reqwest::Url::parse(&url.0).map_err(|_| expected())?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err(expected());
    }
    reqwest::Proxy::all(parsed).map(Some).map_err(|_| expected())
}

fn exhausted(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("no event loop could be made: {error}; is the limit of open files (ulimit -n) too low?"),
    )
}
