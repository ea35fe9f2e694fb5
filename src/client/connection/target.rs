//! How connections to the server are made: looked up, connected, and encrypted, within `connect_timeout_ms`.

use super::connect::{Connecting, connect};
use super::multiplexed::Multiplexed;
use super::phase;
use super::resolver::addresses;
use super::single::Open;
use super::stream::{BoxError, Failure, Io, Stream};
use crate::clock::now;
use crate::host::drive::within;
use crate::host::identity::Identity;
use crate::host::loop_socket::LoopSocket;
use crate::host::socket::Socket;
use crate::log::{Level, wants};
use crate::options::ConnectionSettings;
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// How connections to the server are made.
#[derive(Clone)]
pub struct Target {
    host: Arc<str>,
    port: u16,
    /// Host and port as HTTP/2 names them.
    authority: Authority,
    connect_timeout: Option<Duration>,
    /// `None` over plain HTTP.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection for calls of a queue, as the server has chosen.
pub enum Fresh {
    /// HTTP/1.1: for one call at a time.
    Single(Open),
    /// HTTP/2: for many.
    Multiplexed(Multiplexed),
}

/// A stream that was made.
struct Made {
    io: Io,
    /// Whether the server has chosen HTTP/2.
    is_http2: bool,
    /// Of its socket.
    identity: Option<Identity>,
}

impl Target {
    /// Connections of these settings; `tls` is the configuration, whose ALPN says what the server may choose from.
    pub fn new(settings: &ConnectionSettings, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self, BoxError> {
        let host = &settings.host;
        let port = match (settings.port, settings.https) {
            (0, true) => 443,
            (0, false) => 80,
            (port, _) => port,
        };
        let name = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let authority = if matches!((port, settings.https), (443, true) | (80, false)) {
            Authority::try_from(name)?
        } else {
            Authority::try_from(format!("{name}:{port}"))?
        };
        let tls = match tls {
            None => None,
            Some(configuration) => Some((TlsConnector::from(configuration), ServerName::try_from(host.clone())?)),
        };
        Ok(Self { host: host.as_str().into(), port, authority, connect_timeout: settings.connect_timeout, tls })
    }

    /// Scheme and authority, as they stand in a request over HTTP/2.
    pub fn origin(&self) -> (Scheme, Authority) {
        let scheme = if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        (scheme, self.authority.clone())
    }

    /// A request that was made for HTTP/2, as it is for HTTP/1.1.
    pub fn for_http1(&self, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        if let Ok(host) = HeaderValue::from_str(self.authority.as_str()) {
            request.headers_mut().insert(HOST, host);
        }
        request
    }

    /// A connection for a lane. On the heap: the future is large, and seldom needed.
    pub fn connect(&self) -> Pin<Box<impl Future<Output = Result<Open, Failure>> + '_>> {
        Box::pin(self.in_time(async {
            let made = self.stream::<Socket>().await?;
            Open::new(made.io, made.identity).await
        }))
    }

    /// A connection for calls of a queue, which tasks make.
    pub fn connect_shared(&self) -> Pin<Box<impl Future<Output = Result<Fresh, Failure>> + Send + '_>> {
        Box::pin(self.in_time(async {
            let made = self.stream::<LoopSocket>().await?;
            Ok(if made.is_http2 {
                Fresh::Multiplexed(Multiplexed::new(made.io, made.identity, self.origin()).await?)
            } else {
                Fresh::Single(Open::new(made.io, made.identity).await?)
            })
        }))
    }

    async fn in_time<T>(&self, connecting: impl Future<Output = Result<T, BoxError>>) -> Result<T, Failure> {
        phase::connect();
        let connected = match self.connect_timeout {
            None => connecting.await,
            Some(limit) => within(limit, connecting).await.ok_or(Failure::ConnectTimeout)?,
        };
        connected.map_err(Failure::Connect)
    }

    /// A stream to the server.
    async fn stream<S: Connecting + Stream + 'static>(&self) -> Result<Made, BoxError> {
        let begun = wants(Level::Debug).then(now);
        let socket: S = connect(addresses(&self.host, self.port).await?).await?;
        let (identity, address) = (socket.identity(), begun.and_then(|_| socket.peer()));
        let (stream, is_http2, tls): (Box<dyn Stream>, bool, _) = match &self.tls {
            None => (Box::new(socket), false, None),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), socket).await?;
                let tls = &stream.get_ref().1;
                let (is_http2, version) = (tls.alpn_protocol() == Some(b"h2"), tls.protocol_version());
                (Box::new(stream), is_http2, version.and_then(shown))
            }
        };
        if let Some(begun) = begun {
            phase::log_opened(begun, address, tls, if is_http2 { "2" } else { "1.1" });
        }
        Ok(Made { io: TokioIo::new(stream), is_http2, identity })
    }
}

/// A version of TLS, as it is written.
fn shown(version: rustls::ProtocolVersion) -> Option<&'static str> {
    match version {
        rustls::ProtocolVersion::TLSv1_2 => Some("1.2"),
        rustls::ProtocolVersion::TLSv1_3 => Some("1.3"),
        _ => None,
    }
}
