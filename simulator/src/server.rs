//! Sockets and TLS; one request to one answer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::certificate::Certificate;
use crate::http::{Answer, Body, Connection, Disrupted, Request, decode_pairs, percent_decode};
use crate::request_log::Answered;
use crate::shared::Shared;
use crate::wait::before;
use crate::wire::{self, Wire};
use crate::{control, mock, routes};

/// A request body beyond this is refused, as nginx before the real server does.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A TLS handshake that takes longer is given up.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// An open port, and TLS where it speaks it.
pub struct Listener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

/// Opens the ports; gives them with the numbers that they got.
pub async fn listen(
    address: IpAddr,
    port: Option<u16>,
    tls_port: Option<u16>,
    certificate: &Certificate,
) -> io::Result<(Vec<Listener>, Option<u16>, Option<u16>)> {
    let mut listeners = Vec::new();
    let mut numbers = [None, None];
    for (index, wanted) in [port, tls_port].into_iter().enumerate() {
        let Some(wanted) = wanted else { continue };
        let place = SocketAddr::new(address, wanted);
        let listener = TcpListener::bind(place).await.map_err(|error| cannot_listen(place, &error))?;
        numbers[index] = Some(listener.local_addr()?.port());
        let tls = if index == 1 { Some(certificate.acceptor()?) } else { None };
        listeners.push(Listener { listener, tls });
    }
    Ok((listeners, numbers[0], numbers[1]))
}

/// Why nothing can listen there, and what to do.
fn cannot_listen(place: SocketAddr, error: &io::Error) -> io::Error {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there, perhaps a wazo-auth or another simulator; stop it, or choose another port: \
             port 0 picks a free one"
                .into()
        }
        io::ErrorKind::AddrNotAvailable => {
            "it is not an address of this machine; 127.0.0.1 serves this machine only, 0.0.0.0 all of its addresses"
                .into()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not listen on that port (below 1024, in most systems); port 0 picks a free one".into()
        }
        _ => error.to_string(),
    };
    io::Error::new(error.kind(), format!("cannot listen on {place}: {why}"))
}

/// Serves until told to stop; connections then open are dropped.
pub async fn serve(listeners: Vec<Listener>, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let mut ports = JoinSet::new();
    if shared.events.has_listeners() {
        ports.spawn(notice_expiry(Arc::clone(&shared)));
    }
    for listener in listeners {
        ports.spawn(accept_all(listener, Arc::clone(&shared)));
    }
    let _ = stopped.await;
    ports.shutdown().await;
}

/// What expires is published soon after, not with the next request: somebody waits for it.
async fn notice_expiry(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shared.with_state(|state| {
            state.clean_expired();
            shared.events.publish(state);
        });
    }
}

async fn accept_all(listener: Listener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // Reap what has ended, so that the set does not grow with every connection ever made.
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = listener.listener.accept().await else {
            // Out of descriptors, for example: let some connection end.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let reset = Arc::new(AtomicBool::new(false));
        let (tls, wire) = (listener.tls.is_some(), Wire::default());
        let connection = Connection { peer: peer.ip(), tls, reset: Arc::clone(&reset), wire };
        let socket = Socket { stream, reset };
        // Decided here, in the order in which the connections came.
        if shared.faults.takes_connection() {
            connections.spawn(swallow(socket));
            continue;
        }
        connections.spawn(serve_connection(socket, listener.tls.clone(), connection, Arc::clone(&shared)));
    }
}

async fn serve_connection(socket: Socket, tls: Option<TlsAcceptor>, connection: Connection, shared: Arc<Shared>) {
    match tls {
        None => speak_http(socket, connection, shared).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(socket)).await {
                speak_http(stream, connection, shared).await;
            }
        }
    }
}

async fn speak_http<S>(stream: S, connection: Connection, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (of_requests, for_requests) = (connection.clone(), Arc::clone(&shared));
    let service = service_fn(move |request| answer(request, of_requests.clone(), Arc::clone(&for_requests)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // The real server writes its headers like this; some clients and tests compare them as they are.
    builder.http1().title_case_headers(true);
    let stream = wire::Stream::new(stream, connection.wire.clone());
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // A client that goes away, or a fault that broke the connection: neither is of interest here.
    if before(served.as_mut(), shared.faults.idle_expired(&connection)).await.is_none() {
        served.as_mut().graceful_shutdown();
        let _ = served.await;
    }
}

/// Reads and answers nothing, until the client gives up.
async fn swallow(mut socket: Socket) {
    let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    connection: Connection,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Disrupted> {
    let _busy = connection.wire.busy();
    let (method, version) = (request.method().clone(), request.version());
    let path = percent_decode(request.uri().path(), false);
    // Read to its end whatever becomes of it, as a proxy would before it answers in the server's place.
    let request = read_whole(request, path.clone(), &connection).await;
    let carried_out = carry_out(request, Arc::clone(&shared));
    if path == "/_simulator"
        || path.starts_with("/_simulator/")
        || shared.mock.is_some() && mock::is_control_route(&path)
    {
        // The control routes are never disturbed: a test must be able to take a fault back.
        return Ok(carried_out.await.into_response());
    }
    shared.faults.around(&method, &path, version, &connection, carried_out).await
}

async fn read_whole(
    request: hyper::Request<Incoming>,
    path: String,
    connection: &Connection,
) -> Result<Request, Answer> {
    let (head, body) = request.into_parts();
    let body: Bytes = match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => return Err(Answer::text(413, "text/html; charset=utf-8", "<h1>413 Request Entity Too Large</h1>\n")),
    };
    Ok(Request {
        method: head.method,
        path,
        query: head.uri.query().map(decode_pairs).unwrap_or_default(),
        headers: head.headers,
        body,
        peer: connection.peer,
        tls: connection.tls,
    })
}

async fn carry_out(request: Result<Request, Answer>, shared: Arc<Shared>) -> Answer {
    let request = match request {
        Ok(request) => request,
        Err(refusal) => return refusal,
    };
    // Rooms are plain functions. Those that hash a password take long, and do not run on the thread that serves sockets. A
    // room that only reads, such as the check of a token, takes less time than the way to another thread and back. (A page
    // of a list of 50,000 takes milliseconds; others would wait for the state meanwhile in any case.)
    if matches!(request.method, Method::GET | Method::HEAD) {
        return catch_unwind(AssertUnwindSafe(|| route(request, &shared))).unwrap_or_else(|_| internal());
    }
    let answered = tokio::task::spawn_blocking(move || route(request, &shared)).await;
    answered.unwrap_or_else(|_| internal())
}

/// The answer in the place of a room that panicked.
fn internal() -> Answer {
    crate::errors::internal().into_answer(crate::clock::now())
}

fn route(request: Request, shared: &Shared) -> Answer {
    if request.path == "/_simulator" {
        // The page's own addresses are relative to the one with the slash.
        return Answer::text(308, "text/plain", "").with_header("Location", "/_simulator/".into());
    }
    if let Some(rest) = request.path.strip_prefix("/_simulator/") {
        return control::answer(rest, &request, shared);
    }
    let answer = match &shared.mock {
        Some(mock) => mock.answer(&request),
        None => routes::answer(&request, shared),
    };
    let is_logged = shared.with_state(|state| {
        shared.events.publish(state);
        state.settings.log_requests
    });
    let answer = if request.method == Method::HEAD { answer.without_body() } else { answer };
    if is_logged {
        shared.log.add(Answered::now(request, answer.status));
    }
    answer
}

/// A socket that can be closed with a reset.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::SeqCst) {
            // An orderly end would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
