//! The server of one case: as evil as its mode says until it is told to be good; then it answers rightly.

use crate::certificates::Certificates;
use crate::frames;
use crate::mode::{Handshake, Mode, Shown, Step, Wire};
use crate::wire::{Connection, Tcp};
use rustls::ServerConnection;
use socket2::{Domain, Socket, Type};
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// What all connections of a server share.
pub struct Shared {
    pub mode: Mode,
    wire: Wire,
    is_evil: AtomicBool,
    has_ended: AtomicBool,
    /// The numbers of the requests that came, in their order.
    pub seen: Mutex<Vec<u64>>,
    /// How many requests the steps are over for.
    pub settled: AtomicUsize,
    open: Mutex<Vec<Weak<TcpStream>>>,
    certificates: Arc<Certificates>,
}

/// A server on a free port of the loopback; it ends when this is dropped.
pub struct Server {
    pub port: u16,
    pub shared: Arc<Shared>,
    /// Bound, and listening once there is a thread.
    socket: Socket,
    /// What fills the backlog.
    fillers: Vec<Socket>,
    thread: Option<JoinHandle<()>>,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    pub number: u64,
    /// Of HTTP/2.
    pub stream: u32,
}

impl Server {
    pub fn start(mode: &Mode, wire: Wire, certificates: &Arc<Certificates>) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let shared = Arc::new(Shared {
            mode: mode.clone(),
            wire,
            is_evil: AtomicBool::new(mode.after == 0),
            has_ended: AtomicBool::new(false),
            seen: Mutex::default(),
            settled: AtomicUsize::new(0),
            open: Mutex::default(),
            certificates: Arc::clone(certificates),
        });
        let mut server = Self { port: address.port(), shared, socket, fillers: Vec::new(), thread: None };
        match mode.handshake {
            Handshake::Refused => {}
            Handshake::BlackHole => {
                server.socket.listen(0).unwrap();
                server.fillers = (0..4)
                    .map(|_| {
                        let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                        filler.set_nonblocking(true).unwrap();
                        let _ = filler.connect(&address.into());
                        filler
                    })
                    .collect();
            }
            _ => server.listen(),
        }
        server
    }

    fn listen(&mut self) {
        self.socket.listen(128).unwrap();
        let listener: TcpListener = self.socket.try_clone().unwrap().into();
        let shared = Arc::clone(&self.shared);
        self.thread = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.has_ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let _ = stream.set_nodelay(true);
                let stream = Arc::new(stream);
                shared.open.lock().unwrap().push(Arc::downgrade(&stream));
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(shared.serve(Tcp(stream))));
            }
        }));
    }

    /// From now on it behaves itself, and does not.
    pub fn set_evil(&mut self, is_evil: bool) {
        self.shared.is_evil.store(is_evil, Ordering::SeqCst);
        self.fillers.clear();
        if self.thread.is_none() && !is_evil {
            self.listen();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        // They wait for requests, or for somebody who reads.
        for open in self.shared.open.lock().unwrap().drain(..).filter_map(|open| open.upgrade()) {
            let _ = open.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = TcpStream::connect(("127.0.0.1", self.port));
            let _ = thread.join();
        }
    }
}

/// What follows the steps.
pub enum Then {
    GoOn(Connection),
    Over,
}

impl Shared {
    pub fn is_evil(&self) -> bool {
        self.is_evil.load(Ordering::SeqCst)
    }

    /// Whether the steps are for this request.
    pub fn is_evil_to_this(&self) -> bool {
        if self.mode.is_once { self.is_evil.swap(false, Ordering::SeqCst) } else { self.is_evil() }
    }

    /// What was to be done to several requests is done.
    pub fn is_good_now(&self) {
        self.is_evil.store(false, Ordering::SeqCst);
    }

    pub fn has_come(&self, asked: &Asked) {
        self.seen.lock().unwrap().push(asked.number);
    }

    fn serve(&self, tcp: Tcp) -> io::Result<()> {
        let handshake = if self.is_evil() { self.mode.handshake.clone() } else { Handshake::Whole(Shown::Good) };
        match handshake {
            Handshake::AtAccept => return self.on_tcp(tcp),
            Handshake::LateAccept(ms) => std::thread::sleep(Duration::from_millis(ms)),
            _ => {}
        }
        let mut connection = match self.wire {
            Wire::Plain => Connection::plain(tcp),
            Wire::Tls | Wire::Http2 => {
                let Some(tls) = self.handshake(&tcp, &handshake)? else { return self.on_tcp(tcp) };
                Connection::encrypted(tcp, tls)
            }
        };
        if let Handshake::Finished = handshake {
            return self.on_tcp(connection.tcp);
        }
        if let Handshake::AfterRequest = handshake {
            connection.take_head()?;
            return self.on_tcp(connection.tcp);
        }
        if connection.protocol() == Some(b"h2") && self.wire == Wire::Http2 {
            frames::serve(self, connection)
        } else {
            self.serve_http1(connection)
        }
    }

    fn on_tcp(&self, tcp: Tcp) -> io::Result<()> {
        self.steps(&self.mode.steps, Connection::plain(tcp), &Asked::default()).map(|_| ())
    }

    /// The handshake, as far as it is to go; `None` where it goes no further.
    fn handshake(&self, tcp: &Tcp, how: &Handshake) -> io::Result<Option<ServerConnection>> {
        let shown = if let Handshake::Whole(shown) = how { *shown } else { Shown::Good };
        let default: &[&str] = if self.wire == Wire::Http2 { &["h2", "http/1.1"] } else { &["http/1.1"] };
        let protocols = if self.is_evil() { self.mode.alpn.unwrap_or(default) } else { default };
        let configuration = self.certificates.configuration(shown, protocols, self.mode.is_tls12);
        let mut tls = ServerConnection::new(configuration).map_err(io::Error::other)?;
        let mut tcp = tcp.clone();
        while tls.is_handshaking() {
            if tls.wants_write() {
                let mut flight = Vec::new();
                while tls.wants_write() {
                    tls.write_tls(&mut flight)?;
                }
                match how {
                    Handshake::Flight(share) => {
                        tcp.write_all(&flight[..flight.len() * share / 1000])?;
                        return Ok(None);
                    }
                    Handshake::Spoiled(share) => {
                        let at = flight.len() * share / 1000;
                        flight[at] ^= 0x55;
                        tcp.write_all(&flight)?;
                        return Ok(None);
                    }
                    _ => tcp.write_all(&flight)?,
                }
            } else {
                if tls.read_tls(&mut tcp)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                if let Handshake::AfterHello = how {
                    return Ok(None);
                }
                if let Err(error) = tls.process_new_packets() {
                    // The alert that says so.
                    let _ = tls.write_tls(&mut tcp);
                    return Err(io::Error::other(error));
                }
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut tcp)?;
        }
        Ok(Some(tls))
    }

    fn serve_http1(&self, mut connection: Connection) -> io::Result<()> {
        loop {
            let mut asked = Asked::default();
            let is_early = self.mode.is_early && self.is_evil();
            if !is_early {
                asked = read_request(&mut connection)?;
                self.has_come(&asked);
            }
            let good = [Step::Good];
            let steps: &[Step] = if self.is_evil_to_this() { &self.mode.steps } else { &good };
            connection = match self.steps(steps, connection, &asked)? {
                Then::GoOn(connection) => connection,
                Then::Over => return Ok(()),
            };
            if is_early {
                asked = read_request(&mut connection)?;
                self.has_come(&asked);
                connection.write(good_text(&asked).as_bytes())?;
            }
            self.settled.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Takes the steps. Those of HTTP/2 are [`frames`]'s.
    pub fn steps(&self, steps: &[Step], mut connection: Connection, asked: &Asked) -> io::Result<Then> {
        for step in steps {
            if matches!(step, Step::Hold | Step::Close | Step::Cut | Step::Reset) {
                self.settled.fetch_add(1, Ordering::SeqCst);
            }
            match step {
                Step::Hold => {
                    connection.hold();
                    return Ok(Then::Over);
                }
                Step::Close => {
                    connection.close();
                    return Ok(Then::Over);
                }
                Step::Cut => {
                    connection.cut();
                    return Ok(Then::Over);
                }
                Step::Reset => {
                    connection.reset();
                    return Ok(Then::Over);
                }
                step => self.step(step, &mut connection, asked)?,
            }
        }
        Ok(Then::GoOn(connection))
    }

    /// A step after which the connection is still there.
    fn step(&self, step: &Step, connection: &mut Connection, asked: &Asked) -> io::Result<()> {
        match step {
            Step::Text(text) => connection.write(filled(text, asked).as_bytes()),
            Step::Raw(bytes) => connection.write(bytes),
            Step::Frame(kind, flags, on, payload) => {
                connection.write(&frames::frame(*kind, *flags, *on, payload, asked))
            }
            Step::Good if self.wire == Wire::Http2 => connection.write(&frames::good_frames(asked)),
            Step::Good => connection.write(good_text(asked).as_bytes()),
            Step::Times(count, steps) => {
                (0..*count).try_for_each(|_| steps.iter().try_for_each(|step| self.step(step, connection, asked)))
            }
            Step::Flood(steps) => {
                while !self.has_ended.load(Ordering::SeqCst) {
                    steps.iter().try_for_each(|step| self.step(step, connection, asked))?;
                }
                Ok(())
            }
            Step::FloodWhileEvil(steps) => {
                while self.is_evil() {
                    steps.iter().try_for_each(|step| self.step(step, connection, asked))?;
                }
                Ok(())
            }
            Step::Drip(text, ms) => filled(text, asked).as_bytes().chunks(1).try_for_each(|byte| {
                connection.write(byte)?;
                std::thread::sleep(Duration::from_millis(*ms));
                Ok(())
            }),
            Step::Wait(ms) => {
                std::thread::sleep(Duration::from_millis(*ms));
                Ok(())
            }
            Step::HalfClose => {
                connection.half_close();
                Ok(())
            }
            Step::Hold | Step::Close | Step::Cut | Step::Reset => unreachable!("it is the last one"),
        }
    }
}

fn read_request(connection: &mut Connection) -> io::Result<Asked> {
    let head = String::from_utf8_lossy(&connection.take_head()?).into_owned();
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let body = connection.take(length.unwrap_or(0))?;
    let method = head.split(' ').next().unwrap_or_default().to_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    Ok(Asked { number: number(path, &body), method, stream: 0 })
}

/// Who asks: the number in the token, or in the group's name.
pub fn number(path: &str, body: &[u8]) -> u64 {
    let body = String::from_utf8_lossy(body);
    let digits = path.split_once("/token/t").or_else(|| body.split_once("\"g")).map_or("", |(_, rest)| rest);
    digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The right status and body. A question about an odd number is answered with no.
pub fn good(asked: &Asked) -> (&'static str, String) {
    let number = asked.number;
    match asked.method.as_str() {
        "HEAD" if number % 2 == 1 => ("404 Not Found", String::new()),
        "HEAD" => ("204 No Content", String::new()),
        "GET" => ("200 OK", format!(r#"{{"data": {{"token": "t{number}", "number": {number}}}}}"#)),
        "DELETE" => ("200 OK", r#"{"data": {"message": "success"}}"#.to_owned()),
        _ => ("200 OK", format!(r#"{{"name": "g{number}", "number": {number}}}"#)),
    }
}

fn good_text(asked: &Asked) -> String {
    let length = if asked.method == "HEAD" { "" } else { "Content-Length: {L}\r\n" };
    filled(&format!("HTTP/1.1 {{S}}\r\n{{H}}{length}\r\n{{B}}"), asked)
}

/// A template filled in; see [`Step::Text`].
pub fn filled(template: &str, asked: &Asked) -> String {
    if !template.contains('{') {
        return template.to_owned();
    }
    let (status, body) = good(asked);
    let another = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Number: 999\r\nContent-Length: 48\r\n\r\n\
                   {\"data\": {\"token\": \"t999999\", \"number\": 999999}}";
    let mut text = template.replace("{W}", another);
    for (name, value) in [
        ("{S}", status),
        ("{C}", &status[..3]),
        ("{H}", "Content-Type: application/json\r\nX-Number: {N}\r\n"),
        ("{L}", &body.len().to_string()),
        ("{B}", &body),
        ("{N}", &asked.number.to_string()),
    ] {
        text = text.replace(name, value);
    }
    if text.contains("{K}") { text.replace("{K}", &"k".repeat(1000)) } else { text }
}
