//! Bare hyper: a connection for each call in flight, or one for all of them over HTTP/2.

use crate::measure::{Arguments, Failure, Latencies, Measurement, Tickets, WARM_UP, event_loop};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, body::Incoming, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The sending end of a connection.
enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Sender {
    async fn get(&mut self, arguments: &Arguments) -> Result<Bytes, Failure> {
        let (uri, http2) = match self {
            Self::Http1(_) => (arguments.path.as_str(), false),
            Self::Http2(_) => (arguments.url.as_str(), true),
        };
        let mut request = Request::get(uri).header(header::ACCEPT, "application/json");
        if !http2 {
            request = request.header(header::HOST, &arguments.authority);
        }
        let request = request.body(Empty::new())?;
        let response: Response<Incoming> = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => sender.send_request(request).await?,
        };
        if !response.status().is_success() {
            return Err(response.status().as_str().into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}

async fn connect(arguments: &Arguments, tls: &TlsConnector) -> Result<Sender, Failure> {
    let socket = TcpStream::connect(&arguments.authority).await?;
    socket.set_nodelay(true)?;
    if arguments.https {
        upgrade(tls.connect(arguments.server_name()?, socket).await?, arguments.http2).await
    } else {
        upgrade(socket, arguments.http2).await
    }
}

async fn upgrade<S>(socket: S, http2: bool) -> Result<Sender, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if http2 {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Sender::Http2(sender))
    } else {
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Sender::Http1(sender))
    }
}

pub fn run(arguments: &'static Arguments) -> Result<(), Failure> {
    let mut tls = arguments.tls()?;
    tls.alpn_protocols = vec![if arguments.http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    let tls = TlsConnector::from(Arc::new(tls));
    event_loop()?.block_on(async {
        let mut first = connect(arguments, &tls).await?;
        for _ in 0..WARM_UP {
            first.get(arguments).await?;
        }
        let measurement = Measurement::start();
        let tickets = Arc::new(Tickets::new(arguments.count));
        let mut senders = Vec::with_capacity(arguments.concurrency);
        for _ in 1..arguments.concurrency {
            senders.push(match &first {
                Sender::Http2(shared) => Some(Sender::Http2(shared.clone())),
                Sender::Http1(_) => None,
            });
        }
        senders.push(Some(first));
        let start = |sender| tokio::spawn(work(arguments, tls.clone(), Arc::clone(&tickets), sender));
        let workers: Vec<_> = senders.into_iter().map(start).collect();
        let mut latencies = Vec::with_capacity(workers.len());
        for worker in workers {
            latencies.push(worker.await?);
        }
        measurement.finish(latencies, arguments.count);
        Ok(())
    })
}

/// One call after another, on a connection that is kept.
async fn work(
    arguments: &'static Arguments,
    tls: TlsConnector,
    tickets: Arc<Tickets>,
    mut sender: Option<Sender>,
) -> Latencies {
    let mut latencies = Latencies::with_capacity(arguments.count.div_ceil(arguments.concurrency));
    while tickets.take() {
        let began = Instant::now();
        if sender.is_none() {
            sender = connect(arguments, &tls).await.ok();
        }
        let Some(connection) = &mut sender else { continue };
        match connection.get(arguments).await {
            Ok(body) if !body.is_empty() => latencies.note(began),
            _ => sender = None,
        }
    }
    latencies
}
