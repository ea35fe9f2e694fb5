//! The connections of the calls of queues on one of the library's threads: those of HTTP/1.1 that are idle, and the one of
//! HTTP/2 that all calls use where the server speaks it.
//!
//! A call that ends without its whole answer (it timed out, failed, or was cancelled) takes an HTTP/1.1 connection with it,
//! and leaves one of HTTP/2: the calls that are on it stay, and no other one begins there. So a peer that has become silent
//! costs the calls that it has, and none that come later.

use super::multiplexed::Multiplexed;
use super::phase::{self, Phase};
use super::pool::Pool;
use super::single::{Open, Sent};
use super::stream::Failure;
use super::target::{Fresh, Target};
use crate::clock::{SystemClock, now};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The connections of one thread.
pub struct Connections(Arc<Kept>);

struct Kept {
    target: Target,
    longest_idle: Duration,
    /// Of HTTP/1.1.
    idle: Pool<Open, SystemClock>,
    /// Of HTTP/2, and when it was last used.
    multiplexed: Mutex<Option<(Instant, Arc<Multiplexed>)>>,
    /// Tells those who are connecting that there is one of HTTP/2 now.
    has_come: Notify,
    /// Whether a task closes what has been idle for too long.
    is_swept: AtomicBool,
}

/// What carries a response whose head has come.
pub enum Answering {
    /// A connection that is the call's own, to be [put back](Connections::put_back).
    Single(Open),
    /// One that other calls use as well.
    Multiplexed(InUse),
}

/// The shortest time between two looks at what is idle.
const SHORTEST_SWEEP: Duration = Duration::from_millis(100);

/// A call's use of a connection of HTTP/2. One that is dropped before the whole answer has come leaves the connection.
pub struct InUse(Option<Arc<Multiplexed>>);

impl InUse {
    /// The whole answer has come.
    pub fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.leave();
        }
    }
}

impl Connections {
    /// None yet. As many idle ones are kept as `most_idle` says, each for `longest_idle`.
    pub fn new(target: Target, most_idle: usize, longest_idle: Duration) -> Self {
        Self(Arc::new(Kept {
            target,
            longest_idle,
            idle: Pool::new(most_idle, longest_idle, SystemClock),
            multiplexed: Mutex::new(None),
            has_come: Notify::new(),
            is_swept: AtomicBool::new(false),
        }))
    }

    /// Sends a request and receives the head of its response.
    ///
    /// A request that could not be written, because the connection had been closed while it was idle, is sent over another
    /// one.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<(Answering, Response<Incoming>), Failure> {
        let mut request = request;
        loop {
            let (connection, is_fresh) = match self.kept() {
                Some(kept) => (kept, false),
                None => (self.connect().await?, true),
            };
            match connection {
                Connection::Single(open) => match open.send(request).await {
                    Sent::Answered(open, response) => return Ok((Answering::Single(open), response)),
                    Sent::Unsent(unsent) => request = unsent,
                    Sent::Failed(error) => return Err(Failure::Exchange(error)),
                },
                Connection::Multiplexed(connection) => {
                    phase::enter(Phase::Sending);
                    let sending = connection.send(request);
                    let in_use = InUse(Some(connection));
                    match sending.await {
                        Ok(response) => return Ok((Answering::Multiplexed(in_use), response)),
                        Err(mut failed) => match failed.take_message() {
                            Some(unsent) if !is_fresh => request = self.0.target.for_http1(unsent),
                            unsent => {
                                if unsent.is_some() {
                                    phase::enter(Phase::Refused);
                                }
                                return Err(Failure::Exchange(failed.into_error()));
                            }
                        },
                    }
                }
            }
        }
    }

    /// Keeps a connection for another call.
    pub fn put_back(&self, open: Open) {
        self.0.idle.put_back(open);
        self.sweep();
    }

    /// A connection that is there. One whose socket the host has closed is forgotten, which says nothing to the peer, and does
    /// not close what is not ours any more.
    fn kept(&self) -> Option<Connection> {
        match self.0.multiplexed() {
            Some(connection) => Some(Connection::Multiplexed(connection)),
            None => std::iter::from_fn(|| self.0.idle.take()).find(|open| !open.is_lost()).map(Connection::Single),
        }
    }

    /// A new connection; or, while it is being made, one of HTTP/2 that another call has made.
    async fn connect(&self) -> Result<Connection, Failure> {
        let mut come = pin!(self.0.has_come.notified());
        let mut connecting = self.0.target.connect_shared();
        let fresh = poll_fn(|context| {
            if come.as_mut().poll(context).is_ready() {
                come.set(self.0.has_come.notified());
                // Waited for as well.
                let _ = come.as_mut().poll(context);
                if let Some(connection) = self.0.multiplexed() {
                    phase::reuse();
                    return Poll::Ready(Ok(Connection::Multiplexed(connection)));
                }
            }
            connecting.as_mut().poll(context).map_ok(|fresh| match fresh {
                Fresh::Single(open) => Connection::Single(open),
                Fresh::Multiplexed(connection) => Connection::Multiplexed(self.0.put(connection)),
            })
        })
        .await?;
        if matches!(fresh, Connection::Multiplexed(_)) {
            self.sweep();
        }
        Ok(fresh)
    }

    /// Has a task close what has been idle for too long, until nothing is left.
    fn sweep(&self) {
        if self.0.is_swept.load(Ordering::Relaxed) || self.0.is_swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let (swept, pause) = (Swept(Arc::downgrade(&self.0)), self.0.longest_idle.max(SHORTEST_SWEEP));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                if !swept.0.upgrade().is_some_and(|kept| kept.close_old()) {
                    return;
                }
            }
        });
    }
}

/// What a task closes when it has been idle for too long; all of it, where the task ends because its event loop does: nobody
/// would hear of these connections any more.
struct Swept(Weak<Kept>);

impl Drop for Swept {
    fn drop(&mut self) {
        if let Some(kept) = self.0.upgrade() {
            kept.is_swept.store(false, Ordering::Relaxed);
            while kept.idle.take().is_some() {}
            let dropped = kept.slot().take();
            drop(dropped);
        }
    }
}

/// A connection for a call.
enum Connection {
    Single(Open),
    Multiplexed(Arc<Multiplexed>),
}

impl Kept {
    fn slot(&self) -> MutexGuard<'_, Option<(Instant, Arc<Multiplexed>)>> {
        self.multiplexed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection of HTTP/2, where there is one that may be used.
    fn multiplexed(&self) -> Option<Arc<Multiplexed>> {
        let mut slot = self.slot();
        let (since, connection) = slot.as_mut()?;
        let now = now();
        let is_old = now.saturating_duration_since(*since) > self.longest_idle && Arc::strong_count(connection) == 1;
        if is_old || !connection.is_usable() || connection.is_lost() {
            let dropped = slot.take();
            drop(slot);
            drop(dropped);
            return None;
        }
        *since = now;
        Some(Arc::clone(connection))
    }

    /// Keeps a new connection of HTTP/2 for all; it is the caller's alone where another one is there already.
    fn put(&self, connection: Multiplexed) -> Arc<Multiplexed> {
        let connection = Arc::new(connection);
        let mut slot = self.slot();
        if !slot.as_ref().is_some_and(|(_, there)| there.is_usable()) {
            *slot = Some((now(), Arc::clone(&connection)));
            drop(slot);
            self.has_come.notify_waiters();
        }
        connection
    }

    /// Closes what has been idle for too long. False where nothing is left that could become so.
    fn close_old(&self) -> bool {
        let is_idle_left = self.idle.drop_old();
        let is_over = self.slot().as_ref().is_some_and(|(since, connection)| {
            !connection.is_usable()
                || (Arc::strong_count(connection) == 1 && now().saturating_duration_since(*since) > self.longest_idle)
        });
        let dropped = if is_over { self.slot().take() } else { None };
        drop(dropped);
        is_idle_left || self.slot().is_some()
    }
}
