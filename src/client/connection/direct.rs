//! One HTTP/1.1 connection of a lane, which carries one call at a time: hyper's connection, driven by the call itself.
//!
//! Nothing is spawned, and no other task is woken: the future of the call polls the connection and its own response. A call
//! that is dropped in the middle takes the connection with it; only one whose response was read to its end stays open.

use super::connect::connect;
use super::phase::{self, Phase};
use super::resolver::addresses;
use crate::host::drive::within;
use crate::options::ConnectionSettings;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// Any error of the transport.
type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong on the way to a response.
pub enum Failure {
    /// The connection could not be made.
    Connect(BoxError),
    /// It was not made within `connect_timeout_ms`.
    ConnectTimeout,
    /// The request, or its response, failed.
    Exchange(hyper::Error),
}

/// How connections to the server are made, by every lane of a process.
#[derive(Clone)]
pub struct Target {
    host: Arc<str>,
    port: u16,
    connect_timeout: Option<Duration>,
    /// `None` over plain HTTP.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A stream of either kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Io = TokioIo<Box<dyn Stream>>;

/// An open connection.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    connection: Pin<Box<Connection<Io, Full<Bytes>>>>,
    /// The connection's future has ended and may not be polled again.
    has_ended: bool,
}

/// The connection of a lane; there is none before the first call, nor after one that failed.
#[derive(Default)]
pub struct Direct(Option<Open>);

impl Target {
    /// Connections of these settings; `tls` is the configuration, whose ALPN must offer HTTP/1.1 alone.
    pub fn new(settings: &ConnectionSettings, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self, BoxError> {
        let host = &settings.host;
        let port = match (settings.port, settings.https) {
            (0, true) => 443,
            (0, false) => 80,
            (port, _) => port,
        };
        let tls = match tls {
            None => None,
            Some(configuration) => Some((TlsConnector::from(configuration), ServerName::try_from(host.clone())?)),
        };
        Ok(Self { host: host.as_str().into(), port, connect_timeout: settings.connect_timeout, tls })
    }

    /// [`Target::connect`] on the heap: it is large, and seldom needed.
    fn connect_on_heap(&self) -> Pin<Box<impl Future<Output = Result<Open, Failure>> + '_>> {
        Box::pin(self.connect())
    }

    async fn connect(&self) -> Result<Open, Failure> {
        phase::connect();
        let open = match self.connect_timeout {
            None => self.open().await,
            Some(limit) => within(limit, self.open()).await.ok_or(Failure::ConnectTimeout)?,
        };
        open.map_err(Failure::Connect)
    }

    async fn open(&self) -> Result<Open, BoxError> {
        let socket = connect(addresses(&self.host, self.port).await?).await?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(socket),
            Some((connector, name)) => Box::new(connector.connect(name.clone(), socket).await?),
        };
        let (sender, connection) = Builder::new().handshake(TokioIo::new(stream)).await?;
        Ok(Open { sender, connection: Box::pin(connection), has_ended: false })
    }
}

impl Open {
    /// Does work that waits for the connection, and drives the connection meanwhile.
    async fn alongside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if !self.has_ended {
                // Its error comes to the work as well.
                self.has_ended = self.connection.as_mut().poll(context).is_ready();
            }
            work.as_mut().poll(context)
        })
        .await
    }

    /// Looks at a connection that has been idle: false where the server has closed it.
    async fn is_alive(&mut self) -> bool {
        self.alongside(std::future::ready(())).await;
        !self.has_ended && !self.sender.is_closed()
    }
}

impl Direct {
    /// Sends a request and receives the head of its response. `receive` reads the rest by [`Body::chunk`].
    ///
    /// A request that could not be written, because the connection had been closed while it was idle, is sent over a new one.
    pub async fn send(&mut self, target: &Target, request: Request<Full<Bytes>>) -> Result<Body<'_>, Failure> {
        let mut request = request;
        // Taken: whoever drops this call in the middle drops the connection too.
        let mut kept = self.0.take();
        if let Some(open) = &mut kept
            && !open.is_alive().await
        {
            kept = None;
        }
        loop {
            let is_reused = kept.is_some();
            let mut open = match kept.take() {
                Some(open) => open,
                None => target.connect_on_heap().await?,
            };
            phase::enter(Phase::Sending);
            let sent = match poll_ready(&mut open).await {
                Ok(()) => {
                    let sending = open.sender.try_send_request(request);
                    open.alongside(sending).await
                }
                Err(error) if is_reused && error.is_closed() => {
                    // Closed between the look and the request: nothing was written.
                    continue;
                }
                Err(error) => return Err(Failure::Exchange(error)),
            };
            match sent {
                Ok(response) => return Ok(Body { lane: self, open: Some(open), response }),
                Err(mut failed) => match failed.take_message() {
                    // It was not written: as if the connection had not been there.
                    Some(unsent) if is_reused => request = unsent,
                    _ => return Err(Failure::Exchange(failed.into_error())),
                },
            }
        }
    }
}

/// Waits until the connection takes a request.
async fn poll_ready(open: &mut Open) -> Result<(), hyper::Error> {
    poll_fn(|context| {
        if !open.has_ended {
            open.has_ended = open.connection.as_mut().poll(context).is_ready();
        }
        open.sender.poll_ready(context)
    })
    .await
}

/// A response whose body is still to come.
pub struct Body<'a> {
    lane: &'a mut Direct,
    open: Option<Open>,
    /// The head of the response.
    pub response: Response<Incoming>,
}

impl Body<'_> {
    /// The next part of the body; after the last one the connection is the lane's again.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(open) = &mut self.open else { return Ok(None) };
        loop {
            match open.alongside(self.response.body_mut().frame()).await {
                Some(Ok(frame)) => {
                    // Trailers are of no use here.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(Failure::Exchange(error)),
                None => {
                    // Only a connection that would take the next request now. A server can respond before it has read the
                    // whole request; the rest of that request would block the next one.
                    open.alongside(std::future::ready(())).await;
                    self.lane.0 = self.open.take().filter(|open| !open.has_ended && open.sender.is_ready());
                    return Ok(None);
                }
            }
        }
    }
}
