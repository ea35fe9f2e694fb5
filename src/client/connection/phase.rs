//! How far a call has come when it fails: the difference between "never sent" and "may have been carried out".
//!
//! The transport tells connecting from sending only by its connector, so a layer around the connector notes it, in a
//! variable of the task that makes the call.

use crate::clock::now;
use crate::host::event_loop::note_connection;
use crate::log::{Level, event, log, microseconds, wants};
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Not begun: waiting for its turn.
    Waiting,
    /// Looking up the name, connecting, shaking hands: nothing of the request has left.
    Connecting,
    /// A connection was there: some or all of the request may have left.
    Sending,
    /// The head of the answer has come.
    Receiving,
    /// An attempt has failed without having been carried out; waiting to repeat it.
    Pausing,
    /// The attempt failed, and certainly nothing of it was processed: it was not written, or the server said so.
    Refused,
}

impl Phase {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Connecting, Self::Sending, Self::Receiving, Self::Pausing, Self::Refused];

    /// Whether the request may have left.
    pub fn may_have_left(self) -> bool {
        matches!(self, Self::Sending | Self::Receiving)
    }
}

struct Progress {
    /// The call's number; 0 where it has none.
    call_id: u64,
    phase: AtomicU8,
    /// Whether the attempt that runs had to connect.
    has_connected: AtomicBool,
    /// Whether an attempt before it may have been carried out.
    is_in_doubt: AtomicBool,
}

tokio::task_local! {
    /// The progress of the call that this task makes.
    static PROGRESS: Arc<Progress>;
}

/// A call such that its phase is known. `call_id` is for what connecting logs; 0 for none.
pub fn observed<F: Future>(call_id: u64, call: F) -> impl Future<Output = F::Output> {
    let progress = Progress {
        call_id,
        phase: AtomicU8::new(Phase::Waiting as u8),
        has_connected: AtomicBool::new(false),
        is_in_doubt: AtomicBool::new(false),
    };
    PROGRESS.scope(Arc::new(progress), call)
}

/// The phase of the call that runs.
pub fn current() -> Phase {
    let phase = PROGRESS.try_with(|progress| progress.phase.load(Ordering::Relaxed));
    phase.map_or(Phase::Sending, |phase| Phase::ALL[usize::from(phase)])
}

/// Logs a connection that was opened, since then, for the call that runs. `http` is its version; `tls` that of TLS.
pub fn log_opened(begun: Instant, address: Option<SocketAddr>, tls: Option<&'static str>, http: &'static str) {
    let id = PROGRESS.try_with(|progress| progress.call_id).ok();
    log_opened_for(id, begun, address, tls, http);
}

fn log_opened_for(
    id: Option<u64>,
    begun: Instant,
    address: Option<SocketAddr>,
    tls: Option<&'static str>,
    http: &'static str,
) {
    log(Level::Debug, &event::CONNECTION_OPENED, || {
        let took = now().saturating_duration_since(begun);
        let address = address.map(|address| address.to_string());
        let to = address.as_deref().unwrap_or("the server");
        let over = tls.map_or(String::new(), |version| format!(", TLS {version}"));
        let message = format!("connected to {to} in {} ms (HTTP/{http}{over})", took.as_millis());
        let id = id.filter(|id| *id != 0);
        (message, [id.into(), address.into(), tls.into(), http.into(), microseconds(took).into()])
    });
}

/// Whether the attempt that runs went over a connection that was there before.
pub fn has_reused() -> bool {
    PROGRESS.try_with(|progress| !progress.has_connected.load(Ordering::Relaxed)).unwrap_or(false)
}

/// Begins an attempt of the call that runs; one that has no need to connect is `Sending` from the start.
pub fn begin() {
    let _ = PROGRESS.try_with(|progress| {
        progress.has_connected.store(false, Ordering::Relaxed);
        progress.enter(Phase::Sending);
    });
}

/// Notes that the attempt that runs connects first.
pub fn connect() {
    let _ = PROGRESS.try_with(|progress| {
        progress.has_connected.store(true, Ordering::Relaxed);
        progress.enter(Phase::Connecting);
    });
}

/// Notes that the attempt that connects goes over a connection of another call after all.
pub fn reuse() {
    begin();
}

/// Notes that the attempt that failed may have been carried out, and that another follows.
pub fn doubt() {
    let _ = PROGRESS.try_with(|progress| progress.is_in_doubt.store(true, Ordering::Relaxed));
}

/// Whether an attempt of the call that runs may have been carried out without an answer.
pub fn is_in_doubt() -> bool {
    PROGRESS.try_with(|progress| progress.is_in_doubt.load(Ordering::Relaxed)).unwrap_or(false)
}

/// Notes a phase.
pub fn enter(phase: Phase) {
    let _ = PROGRESS.try_with(|progress| progress.enter(phase));
}

impl Progress {
    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Whether this is the progress of the task that runs.
    fn is_current(self: &Arc<Self>) -> bool {
        PROGRESS.try_with(|current| Arc::ptr_eq(current, self)).unwrap_or(false)
    }
}

/// Wraps a connector such that `Connecting` lasts as long as a call waits for it.
#[derive(Clone, Copy)]
pub struct Observed<S = ()>(S);

impl Observed {
    /// The layer.
    pub const LAYER: Self = Self(());
}

impl<S> Layer<S> for Observed {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed(inner)
    }
}

impl<S, R> Service<R> for Observed<S>
where
    S: Service<R>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // Without one where a task of the transport's own connects; no call is waiting for that.
        let progress = PROGRESS.try_with(Arc::clone).ok();
        if let Some(progress) = &progress {
            progress.has_connected.store(true, Ordering::Relaxed);
            progress.enter(Phase::Connecting);
        }
        let begun = wants(Level::Debug).then(now);
        Connecting { inner: Box::pin(self.0.call(request)), progress, begun }
    }
}

/// A connection being made, for a call.
pub struct Connecting<F> {
    inner: Pin<Box<F>>,
    progress: Option<Arc<Progress>>,
    /// When it began, where that is logged.
    begun: Option<Instant>,
}

impl<F: Future<Output = Result<T, E>>, T: Connection, E> Future for Connecting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // While it is being made, another call may lay its connection back, which this call then takes; the transport goes
        // on connecting in a task of its own. The call has sent its request, over a connection that was there before.
        if self.progress.as_ref().is_some_and(|progress| !progress.is_current())
            && let Some(progress) = self.progress.take()
        {
            progress.has_connected.store(false, Ordering::Relaxed);
            let (from, to) = (Phase::Connecting as u8, Phase::Sending as u8);
            let _ = progress.phase.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        }
        let outcome = self.inner.as_mut().poll(context);
        if let Poll::Ready(Ok(_)) = &outcome {
            note_connection();
            if let Some(progress) = &self.progress {
                progress.enter(Phase::Sending);
            }
        }
        if let (Poll::Ready(Ok(connection)), Some(begun)) = (&outcome, self.begun) {
            let (connected, mut extras) = (connection.connected(), http::Extensions::new());
            connected.get_extras(&mut extras);
            let address = extras.get::<HttpInfo>().map(HttpInfo::remote_addr);
            let version = if connected.is_negotiated_h2() { "2" } else { "1.1" };
            let id = self.progress.as_ref().map(|progress| progress.call_id);
            log_opened_for(id, begun, address, None, version);
        }
        outcome
    }
}
