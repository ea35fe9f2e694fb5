//! The connections, and who drives them: the caller's own thread.
//!
//! A *lane* is a connection with what drives it on one thread at a time. A call takes an idle lane, or makes one, drives it
//! until the response is there, and returns it. So a blocking call starts no thread and waits for none, and as many calls
//! run at once as there are callers. What has been idle for longer than its connections live, or is beyond the size of the
//! pool, is dropped.
//!
//! A lane costs one descriptor, its socket. Only what needs reqwest (a proxy, a multipart form) gives it an event loop.
//!
//! All lanes of a client belong to one process: a forked child leaves them as they are (see [`crate::host::fork`]),
//! closes their sockets by plain `close`, and makes its own.

use super::direct::Direct;
use super::http::{http_client, proxy};
use super::pool::Pool;
use super::shared::Connections;
use super::target::Target;
use super::tls::Tls;
use super::turns::Turns;
use crate::clock::SystemClock;
use crate::error::{Error, ErrorKind, Result};
use crate::host::drive::{Driver, within};
use crate::host::event_loop::{self, Bound, EventLoop, Lost, is_inside};
use crate::host::fork::PerProcess;
use crate::host::interrupt::Watch;
use crate::host::{close_inherited, signals};
use crate::options::ConnectionSettings;
use once_cell::race::OnceBox;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What makes connections, in any process.
pub struct Transport {
    settings: ConnectionSettings,
    tls: Tls,
    lanes: PerProcess<Lanes>,
    /// One for each I/O thread, in order.
    shared: Box<[PerProcess<Shared>]>,
    next_io_thread: AtomicUsize,
}

/// By what a call goes to the server.
pub enum Route<'a> {
    /// The connection of a lane, which is the call's own.
    Direct(&'a mut Direct, &'a Target),
    /// Those that the calls of a queue share.
    Shared(&'a Connections),
    /// reqwest: proxies, multipart forms.
    Reqwest(&'a reqwest::Client),
}

/// The connections of calls that tasks make, on one of the library's threads.
struct Shared {
    http: Bound<Http>,
    turns: Turns,
}

/// What belongs to the thread's event loop.
struct Http {
    connections: Connections,
    /// Made with the first call that needs it.
    reqwest: OnceBox<reqwest::Client>,
}

/// The lanes of one process.
struct Lanes {
    idle: Pool<Lane, SystemClock>,
    target: Target,
    /// Of reqwest; `None` over plain HTTP.
    tls: Option<rustls::ClientConfig>,
}

/// A connection, and what drives it.
#[derive(Default)]
struct Lane {
    direct: Direct,
    driver: Driver,
    /// Made with the first call that needs it.
    reqwest: Option<Reqwest>,
}

/// An event loop and its connections. Fields are dropped in this order: the connections before the loop that they are
/// registered with.
struct Reqwest {
    http: Bound<reqwest::Client>,
    event_loop: EventLoop,
}

impl Transport {
    /// Reads the files that the settings name; connects to nothing.
    pub fn new(settings: ConnectionSettings) -> Result<Self> {
        let tls = Tls::new(&settings)?;
        // A wrong proxy is told now; the client itself is made with each lane.
        proxy(&settings)?;
        let shared = std::iter::repeat_with(PerProcess::new).take(settings.io_threads.max(1)).collect();
        Ok(Self { settings, tls, lanes: PerProcess::new(), shared, next_io_thread: AtomicUsize::new(0) })
    }

    /// Drives an exchange on this thread, until it ends. `needs_reqwest` says that the body is one that only reqwest writes.
    pub fn drive<T>(&self, needs_reqwest: bool, exchange: impl AsyncFnOnce(Route<'_>) -> Result<T>) -> Result<T> {
        if is_inside() {
            return Err(Error::invalid(
                "a blocking call was made inside an event loop (in an async function or a wake-up callback) and would \
                 block it; make the call on another thread, or submit it to a queue",
            ));
        }
        let lanes = self.lanes()?;
        let mut lane = lanes.idle.take().unwrap_or_default();
        lane.forget_what_is_lost();
        let outcome = if needs_reqwest || self.settings.proxy.is_some() {
            let Reqwest { http, event_loop } = match &mut lane.reqwest {
                Some(reqwest) => reqwest,
                none => none.insert(lanes.reqwest(&self.settings)?),
            };
            let work = async {
                // Nobody drove this loop while it was idle. What happened to its connections since is seen now, before one
                // of them is chosen: a close by the server, and the return of the previous call's connection to the pool.
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                exchange(Route::Reqwest(http)).await
            };
            // On the heap: should the loop be lost, it can only be left there.
            let (mut work, watch) = (Box::pin(work), Watch::begin());
            let driven = loop {
                // Left for every question: the check may make blocking calls of its own.
                let until_asked = pin!(within(watch.left().unwrap_or(Duration::MAX), work.as_mut()));
                match signals::without_sigpipe(|| event_loop.drive(until_asked)) {
                    Ok(Some(outcome)) => break Ok(outcome),
                    Ok(None) => watch.ask(false),
                    Err(lost) => break Err(lost),
                }
            };
            driven.unwrap_or_else(|Lost| {
                std::mem::forget(work);
                Err(lost())
            })
        } else {
            lane.driver.drive(exchange(Route::Direct(&mut lane.direct, &lanes.target)))
        };
        lanes.idle.put_back(lane);
        outcome
    }

    /// The I/O thread for the next task: each in turn.
    pub fn next_io_thread(&self) -> usize {
        match self.shared.len() {
            1 => 0,
            count => self.next_io_thread.fetch_add(1, Ordering::Relaxed) % count,
        }
    }

    /// The connections that tasks of an I/O thread share, and how many may use them at once. `needs_reqwest` says that the
    /// body is one that only reqwest writes.
    pub fn shared(&self, io_thread: usize, needs_reqwest: bool) -> Result<(Route<'_>, &Turns)> {
        let shared = &self.shared[io_thread];
        let shared = match shared.get() {
            Some(shared) if !shared.http.is_lost() => shared,
            _ => self.make_shared(shared)?,
        };
        shared.http.bind(event_loop::current());
        let route = if needs_reqwest || self.settings.proxy.is_some() {
            Route::Reqwest(shared.http.reqwest.get_or_try_init(|| {
                let (settings, tls) = (&self.settings, self.configuration()?);
                http_client(settings, self.most_idle(), tls).map(Box::new)
            })?)
        } else {
            Route::Shared(&shared.http.connections)
        };
        Ok((route, &shared.turns))
    }

    /// For TLS, where it is asked for.
    fn configuration(&self) -> Result<Option<rustls::ClientConfig>> {
        if self.settings.https { self.tls.configuration().map(Some) } else { Ok(None) }
    }

    /// An I/O thread's part of a number.
    fn of_thread(&self, all: usize) -> usize {
        all.div_ceil(self.shared.len())
    }

    /// As many connections are kept as may be in use at once: fewer would be opened anew by every burst.
    fn most_idle(&self) -> usize {
        self.of_thread(self.settings.pool_size).max(self.of_thread(self.settings.queue_connections))
    }

    fn make_shared<'a>(&self, shared: &'a PerProcess<Shared>) -> Result<&'a Shared> {
        let settings = &self.settings;
        let target = Target::new(settings, self.configuration()?.map(Arc::new)).map_err(|e| unusable_host(&e))?;
        let connections = Connections::new(target, self.most_idle(), settings.pool_idle_timeout);
        let at_once = self.of_thread(settings.queue_connections);
        let turns = Turns::new(at_once, self.of_thread(settings.queue_waiting), settings.queue_wait);
        let fresh = Shared { http: Bound::new(Http { connections, reqwest: OnceBox::new() }), turns };
        Ok(shared.get_or_replace(|shared| !shared.http.is_lost(), || fresh, |_| close_inherited()))
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
        self.shared.iter_mut().for_each(|shared| shared.end(|_| close_inherited()));
    }
}

impl Lanes {
    fn new(settings: &ConnectionSettings, tls: &Tls) -> Result<Self> {
        let configuration = if settings.https { Some(tls.configuration()?) } else { None };
        // A lane carries one call at a time: HTTP/2 would cost more and give nothing. (reqwest's see to it themselves.)
        let of_lanes = configuration.clone().map(|mut configuration| {
            configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
            Arc::new(configuration)
        });
        Ok(Self {
            idle: Pool::new(settings.pool_size, settings.pool_idle_timeout, SystemClock),
            target: Target::new(settings, of_lanes).map_err(|e| unusable_host(&e))?,
            tls: configuration,
        })
    }

    /// reqwest for one lane.
    fn reqwest(&self, settings: &ConnectionSettings) -> Result<Reqwest> {
        let event_loop = EventLoop::new().map_err(|e| exhausted(&e))?;
        let http = Bound::new(http_client(settings, settings.pool_size, self.tls.clone())?);
        http.bind(Some(Arc::clone(event_loop.guard())));
        Ok(Reqwest { http, event_loop })
    }
}

fn unusable_host(error: &dyn std::fmt::Display) -> Error {
    Error::invalid(format!("option host: {error}"))
}

impl Lane {
    /// What the host has closed while it was idle is forgotten, before anything is read or written.
    fn forget_what_is_lost(&mut self) {
        self.direct.forget_if_lost();
        self.reqwest.take_if(|reqwest| reqwest.event_loop.is_lost());
    }
}

/// The host closed descriptors of a call that ran.
fn lost() -> Error {
    let message = "a file descriptor of the library was closed by the program while the call ran";
    let mut error = Error::new(ErrorKind::Internal, message);
    error.in_doubt = true;
    error
}

fn exhausted(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("cannot create an event loop: {error}; is the limit of open files (ulimit -n) too low?"),
    )
}
