//! An HTTP/2 server over TLS, frame by frame, whose behaviour a test writes down: each connection has a function of the test
//! for itself.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Codes of errors (RFC 9113, 7).
pub const NO_ERROR: u32 = 0;
pub const REFUSED_STREAM: u32 = 7;
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// A server on a free port of the loopback. It ends when this is dropped.
pub struct Http2Server {
    pub port: u16,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The server's end of one connection.
pub struct Peer(StreamOwned<ServerConnection, TcpStream>);

/// The authority of its certificate.
pub fn ca_file() -> PathBuf {
    data("loopback-ca.pem")
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/data").join(name)
}

impl Http2Server {
    /// `serve` gets the number of each connection, from 0, and the connection when both sides have begun to speak HTTP/2.
    pub fn start(serve: impl Fn(usize, &mut Peer) -> Option<()> + Send + Sync + 'static) -> Self {
        let chain = CertificateDer::pem_file_iter(data("loopback.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(data("loopback.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut tls = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let tls = Arc::new(tls);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let ends = Arc::new(AtomicBool::new(false));
        let (opened, has_ended, served) = (streams.clone(), ends.clone(), AtomicUsize::new(0));
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                for stream in listener.incoming().map(Result::unwrap) {
                    if has_ended.load(Ordering::SeqCst) {
                        opened.lock().unwrap().iter().for_each(|open| drop(open.shutdown(Shutdown::Both)));
                        return;
                    }
                    opened.lock().unwrap().push(stream.try_clone().unwrap());
                    let (tls, serve, served) = (tls.clone(), &serve, &served);
                    scope.spawn(move || {
                        let mut peer = Peer(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream));
                        let mut preface = [0; PREFACE.len()];
                        // A client may give a connection up before it has said anything.
                        if peer.0.read_exact(&mut preface).is_ok() {
                            assert_eq!(preface, PREFACE);
                            serve(served.fetch_add(1, Ordering::SeqCst), &mut peer);
                        }
                    });
                }
            });
        });
        Self { port, streams, ends, thread: Some(thread) }
    }

    /// How many connections have been opened.
    pub fn connections(&self) -> usize {
        self.streams.lock().unwrap().len()
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Peer {
    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Option<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame).and_then(|()| self.0.flush()).ok()
    }

    fn receive(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.0.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
        Some((head[3], head[4], stream, payload))
    }

    /// Begins: the settings that everybody sends.
    pub fn begin(&mut self) -> Option<()> {
        self.send(SETTINGS, 0, 0, &[])
    }

    /// Allows so many streams at once from now on.
    pub fn allow(&mut self, streams: u32) -> Option<()> {
        let mut payload = vec![0, 3];
        payload.extend(streams.to_be_bytes());
        self.send(SETTINGS, 0, 0, &payload)
    }

    /// Waits for the end of the next request, and answers what belongs to the connection meanwhile. `None` where the client
    /// has closed it.
    pub fn request(&mut self) -> Option<u32> {
        loop {
            match self.receive()? {
                (SETTINGS, flags, _, _) if flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[])?,
                (PING, flags, _, payload) if flags & ACK == 0 => self.send(PING, ACK, 0, &payload)?,
                (HEADERS | DATA, flags, stream, _) if flags & END_STREAM != 0 => return Some(stream),
                _ => {}
            }
        }
    }

    /// Reads and answers nothing more, not even pings, until the client has closed the connection.
    pub fn be_silent(&mut self) -> Option<()> {
        loop {
            self.receive()?;
        }
    }

    /// Answers a request with 200 and this JSON.
    pub fn answer(&mut self, stream: u32, json: &str) -> Option<()> {
        // `:status: 200` is number 8 of the static table.
        self.send(HEADERS, END_HEADERS, stream, &[0x88])?;
        self.send(DATA, END_STREAM, stream, json.as_bytes())
    }

    /// Resets a stream.
    pub fn reset(&mut self, stream: u32, code: u32) -> Option<()> {
        self.send(RST_STREAM, 0, stream, &code.to_be_bytes())
    }

    /// Says that no stream after `last` was processed nor will be.
    pub fn go_away(&mut self, last: u32, code: u32) -> Option<()> {
        let mut payload = last.to_be_bytes().to_vec();
        payload.extend(code.to_be_bytes());
        self.send(GOAWAY, 0, 0, &payload)
    }

    /// Answers every request until the client closes the connection.
    pub fn answer_all(&mut self) -> Option<()> {
        loop {
            let stream = self.request()?;
            self.answer(stream, "{}")?;
        }
    }
}
