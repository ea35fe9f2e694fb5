//! A server that answers late, and holds 10,000 connections: what a wazo-auth under load looks like from outside.
//!
//! `--delay-ms` is the time that an answer takes. `--quiet-ms` answers when no request has come for that time: so all calls
//! that were made at once are in flight at once, however long their handshakes took. `--permits` is how many requests are worked on at the same time (25 in
//! wazo-auth); the others wait for their turn, as they do there. It prints `listening on PLAIN_PORT TLS_PORT` (0: no TLS)
//! and ends when its standard input does. `GET /stats` tells what came, and needs no turn.

use crate::measure::{Failure, event_loop};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// A token as wazo-auth answers it: about 700 bytes.
const BODY: &str = include_str!("../../token.json");

struct Server {
    delay: Duration,
    quiet: Duration,
    last_request: Mutex<Instant>,
    permits: Option<Semaphore>,
    connections: AtomicUsize,
    handshakes: AtomicUsize,
    requests: AtomicUsize,
}

pub fn run(mut words: impl Iterator<Item = String>) -> Result<(), Failure> {
    let (mut delay, mut quiet, mut permits, mut certificate, mut key) = (0, 0, None, None, None);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("an option without a value")?;
        match word.as_str() {
            "--delay-ms" => delay = value.parse()?,
            "--quiet-ms" => quiet = value.parse()?,
            "--permits" => permits = Some(Semaphore::new(value.parse()?)),
            "--certificate" => certificate = Some(value),
            "--key" => key = Some(value),
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    let acceptor = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(acceptor(&certificate, &key)?),
        _ => None,
    };
    let counters = || AtomicUsize::new(0);
    let server = Arc::new(Server {
        delay: Duration::from_millis(delay),
        quiet: Duration::from_millis(quiet),
        last_request: Mutex::new(Instant::now()),
        permits,
        connections: counters(),
        handshakes: counters(),
        requests: counters(),
    });
    event_loop()?.block_on(async {
        let (plain, plain_port) = listen()?;
        tokio::spawn(accept(plain, Arc::clone(&server), None));
        let mut tls_port = 0;
        if acceptor.is_some() {
            let (tls, port) = listen()?;
            tls_port = port;
            tokio::spawn(accept(tls, server, acceptor));
        }
        println!("listening on {plain_port} {tls_port}");
        // Until whoever started it ends, however that ends.
        let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
        std::process::exit(0)
    })
}

fn acceptor(certificate: &str, key: &str) -> Result<TlsAcceptor, Failure> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn listen() -> Result<(TcpListener, u16), Failure> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(16_384)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn accept(listener: TcpListener, server: Arc<Server>, acceptor: Option<TlsAcceptor>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // No descriptor is left: one may be in a moment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        server.connections.fetch_add(1, Ordering::Relaxed);
        let _ = socket.set_nodelay(true);
        let (server, acceptor) = (Arc::clone(&server), acceptor.clone());
        tokio::spawn(async move {
            let Some(acceptor) = acceptor else { return serve(socket, &server).await };
            if let Ok(stream) = acceptor.accept(socket).await {
                server.handshakes.fetch_add(1, Ordering::Relaxed);
                serve(stream, &server).await;
            }
        });
    }
}

/// One request after another, without bodies: GET and HEAD.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, server: &Server) {
    let mut buffer: Vec<u8> = Vec::with_capacity(1024);
    loop {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            if buffer.len() > 64 * 1024 || !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
            continue;
        };
        let (is_head, is_stats) = (buffer.starts_with(b"HEAD "), buffer.starts_with(b"GET /stats "));
        buffer.drain(..end + 4);
        let answer = if is_stats { server.stats() } else { server.answer(is_head).await };
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

impl Server {
    async fn answer(&self, is_head: bool) -> String {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let permit = match &self.permits {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.until_quiet().await;
        drop(permit);
        if is_head { "HTTP/1.1 204 No Content\r\n\r\n".into() } else { response(BODY) }
    }

    /// Waits until no request has come for the time of `--quiet-ms`.
    async fn until_quiet(&self) {
        if self.quiet.is_zero() {
            return;
        }
        let lock = || self.last_request.lock().unwrap_or_else(PoisonError::into_inner);
        *lock() = Instant::now();
        loop {
            let due = *lock() + self.quiet;
            if due <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(due.into()).await;
        }
    }

    fn stats(&self) -> String {
        let number = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        response(&format!(
            "{{\"connections\": {}, \"handshakes\": {}, \"requests\": {}}}",
            number(&self.connections),
            number(&self.handshakes),
            number(&self.requests)
        ))
    }
}

fn response(body: &str) -> String {
    let mut answer = String::with_capacity(body.len() + 128);
    let _ = write!(
        answer,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    answer
}
