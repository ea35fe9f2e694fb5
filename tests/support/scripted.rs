//! An HTTP server that answers what a test says, one request after the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// An answer: the status, further header lines (each with its line end), and the body.
pub type Answer = (u16, String, String);

/// A server on a free port of the loopback. It ends when this is dropped.
pub struct Scripted {
    pub port: u16,
    requests: Arc<AtomicUsize>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    /// `answer` gets the number of the request, from 0, and its request line.
    pub fn start(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let ends = Arc::new(AtomicBool::new(false));
        let (counter, opened, has_ended, answer) = (requests.clone(), streams.clone(), ends.clone(), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                for stream in listener.incoming().map(Result::unwrap) {
                    if has_ended.load(Ordering::SeqCst) {
                        // Their threads wait for requests.
                        opened.lock().unwrap().iter().for_each(|open| drop(open.shutdown(Shutdown::Both)));
                        return;
                    }
                    opened.lock().unwrap().push(stream.try_clone().unwrap());
                    let (counter, answer) = (&counter, &answer);
                    scope.spawn(move || serve(stream, counter, &**answer));
                }
            });
        });
        Self { port, requests, streams, ends, thread: Some(thread) }
    }

    /// How many requests have come.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many connections have been opened.
    pub fn connections(&self) -> usize {
        self.streams.lock().unwrap().len()
    }
}

fn serve(stream: TcpStream, counter: &AtomicUsize, answer: &(impl Fn(usize, &str) -> Answer + ?Sized)) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if !matches!(lines.read_line(&mut first), Ok(1..)) {
            return;
        }
        loop {
            let mut line = String::new();
            if !matches!(lines.read_line(&mut line), Ok(1..)) {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if lines.read_exact(&mut body).is_err() {
            return;
        }
        let (status, headers, body) = answer(counter.fetch_add(1, Ordering::SeqCst), first.trim());
        let length = body.len();
        let body = if first.starts_with("HEAD ") { String::new() } else { body };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}");
        let length = if status == 204 { String::new() } else { format!("Content-Length: {length}\r\n") };
        if stream.write_all(format!("{head}{length}\r\n{body}").as_bytes()).is_err() {
            return;
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
