//! One HTTP/2 connection, which carries many calls at once: hyper's connection, driven by a task of the event loop.

use super::stream::{BoxError, Io};
use crate::host::identity::Identity;
use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{Builder, Connection, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a peer is quiet, while it has a call to answer, before it is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(5);

/// How long it has for the answer to that.
const PATIENCE: Duration = Duration::from_secs(5);

/// What carries the calls of a connection to its streams.
type Driven = Pin<Box<Connection<Io, Full<Bytes>, TokioExecutor>>>;

/// An open connection. Its task ends with it.
pub struct Multiplexed {
    sender: SendRequest<Full<Bytes>>,
    origin: (Scheme, Authority),
    /// Of its socket.
    identity: Option<Identity>,
    /// Whether a call over it has had no answer: no other one begins on it.
    is_left: AtomicBool,
    /// What its task drives; it knows how many streams the peer allows. None once it has ended.
    driven: Arc<Mutex<Option<Driven>>>,
    /// Dropped with it, which its task sees. hyper would wait for a stream that the peer never allows.
    _ends: oneshot::Sender<()>,
}

impl Multiplexed {
    /// Begins to speak HTTP/2 over a stream.
    pub async fn new(io: Io, identity: Option<Identity>, origin: (Scheme, Authority)) -> Result<Self, BoxError> {
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(QUIET)
            .keep_alive_timeout(PATIENCE)
            .handshake(io)
            .await?;
        let (ends, mut has_ended) = oneshot::channel::<()>();
        let driven = Arc::new(Mutex::new(Some(Box::pin(connection))));
        let connection = Arc::clone(&driven);
        tokio::spawn(poll_fn(move |context| {
            let mut driven = connection.lock().unwrap_or_else(PoisonError::into_inner);
            if driven.as_mut().is_none_or(|driven| driven.as_mut().poll(context).is_ready()) {
                // What has ended is dropped at once: a call that waits in it, or comes to it now, gets its error by that.
                let ended = driven.take();
                drop(driven);
                drop(ended);
                return Poll::Ready(());
            }
            drop(driven);
            Pin::new(&mut has_ended).poll(context).map(|_| ())
        }));
        Ok(Self { sender, origin, identity, is_left: AtomicBool::new(false), driven, _ends: ends })
    }

    /// Whether another call may begin on it.
    pub fn is_usable(&self) -> bool {
        !self.is_left.load(Ordering::Relaxed) && self.sender.is_ready() && self.has_streams()
    }

    /// Whether the peer allows any stream: one that says that it allows none answers pings, and nothing else.
    fn has_streams(&self) -> bool {
        let driven = self.driven.try_lock();
        driven.map_or(true, |driven| driven.as_ref().is_some_and(|driven| driven.current_max_send_streams() > 0))
    }

    /// Whether the host has closed its socket.
    pub fn is_lost(&self) -> bool {
        !self.identity.is_some_and(|identity| identity.is_there())
    }

    /// Has no other call begin on it. Those that it carries stay.
    pub fn leave(&self) {
        self.is_left.store(true, Ordering::Relaxed);
    }

    /// Sends a request, as it is for HTTP/1.1.
    pub fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>> + use<> {
        let (mut head, body) = request.into_parts();
        head.headers.remove(HOST);
        let mut parts = std::mem::take(&mut head.uri).into_parts();
        let (scheme, authority) = self.origin.clone();
        (parts.scheme, parts.authority) = (Some(scheme), Some(authority));
        // A path and the two before it make a URI.
        head.uri = Uri::from_parts(parts).unwrap_or_default();
        self.sender.clone().try_send_request(Request::from_parts(head, body))
    }
}
