//! A socket, poll and rustls: the least that a call with a deadline can cost. No client can be faster in this language.
//!
//! It understands just the answers of the benchmarks' servers: a `Content-Length`, nothing chunked.

use crate::measure::{Arguments, Failure, Latencies, Measurement, Tickets, WARM_UP, raise_descriptor_limit};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

struct Connection {
    stream: Stream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    fn open(arguments: &Arguments, tls: &Arc<ClientConfig>) -> Result<Self, Failure> {
        let socket = TcpStream::connect(&arguments.authority)?;
        socket.set_nodelay(true)?;
        let stream = if arguments.https {
            let connection = ClientConnection::new(Arc::clone(tls), arguments.server_name()?)?;
            let mut stream = StreamOwned::new(connection, socket);
            while stream.conn.is_handshaking() {
                stream.conn.complete_io(&mut stream.sock)?;
            }
            stream.sock.set_nonblocking(true)?;
            Stream::Tls(Box::new(stream))
        } else {
            socket.set_nonblocking(true)?;
            Stream::Plain(socket)
        };
        let request =
            format!("GET {} HTTP/1.1\r\nhost: {}\r\naccept: */*\r\n\r\n", arguments.path, arguments.authority).into();
        Ok(Self { stream, request, answer: Vec::with_capacity(16 * 1024) })
    }

    /// Waits until there is something to read, a minute at most.
    fn wait(&self) -> Result<(), Failure> {
        let descriptor = match &self.stream {
            Stream::Plain(socket) => socket.as_raw_fd(),
            Stream::Tls(stream) => stream.sock.as_raw_fd(),
        };
        let mut wanted = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        // SAFETY: one pollfd, which is a local variable.
        match unsafe { libc::poll(&raw mut wanted, 1, 60_000) } {
            1 => Ok(()),
            _ => Err("no answer within a minute".into()),
        }
    }

    /// The body's length.
    fn get(&mut self) -> Result<usize, Failure> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(&self.request)?,
            Stream::Tls(stream) => {
                stream.write_all(&self.request)?;
                stream.flush()?;
            }
        }
        self.answer.clear();
        let mut whole = usize::MAX;
        while self.answer.len() < whole {
            self.wait()?;
            self.read_what_is_there()?;
            if whole == usize::MAX {
                whole = length(&self.answer)?.unwrap_or(usize::MAX);
            }
        }
        Ok(self.answer.len())
    }

    fn read_what_is_there(&mut self) -> Result<(), Failure> {
        let mut piece = [0; 16 * 1024];
        let read = match &mut self.stream {
            Stream::Plain(socket) => socket.read(&mut piece),
            Stream::Tls(stream) => stream.read(&mut piece),
        };
        match read {
            Ok(0) => Err("the server closed the connection".into()),
            Ok(count) => {
                self.answer.extend_from_slice(&piece[..count]);
                Ok(())
            }
            // A TLS record of the server's own, such as a session ticket.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The length of head and body together, once the head is there.
fn length(answer: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&answer[..head])?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err("the status is not 200".into());
    }
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(Some(head + 4 + body.ok_or("no Content-Length")?))
}

pub fn run(arguments: &'static Arguments) -> Result<(), Failure> {
    if arguments.http2 {
        return Err("the socket speaks HTTP/1.1 only".into());
    }
    raise_descriptor_limit();
    let tls = Arc::new(arguments.tls()?);
    let mut first = Connection::open(arguments, &tls)?;
    for _ in 0..WARM_UP {
        first.get()?;
    }
    let measurement = Measurement::start();
    let tickets = Arc::new(Tickets::new(arguments.count));
    let start = |_| {
        let (tls, tickets) = (Arc::clone(&tls), Arc::clone(&tickets));
        thread::spawn(move || work(arguments, &tls, &tickets, None))
    };
    let others: Vec<_> = (1..arguments.concurrency).map(start).collect();
    let mut latencies = vec![work(arguments, &tls, &tickets, Some(first))];
    for other in others {
        latencies.push(other.join().map_err(|_| "a thread failed")?);
    }
    measurement.finish(latencies, arguments.count);
    Ok(())
}

fn work(
    arguments: &Arguments,
    tls: &Arc<ClientConfig>,
    tickets: &Tickets,
    mut connection: Option<Connection>,
) -> Latencies {
    let mut latencies = Latencies::with_capacity(arguments.count.div_ceil(arguments.concurrency));
    while tickets.take() {
        let began = Instant::now();
        if connection.is_none() {
            connection = Connection::open(arguments, tls).ok();
        }
        let Some(open) = &mut connection else { continue };
        match open.get() {
            Ok(_) => latencies.note(began),
            Err(_) => connection = None,
        }
    }
    latencies
}
