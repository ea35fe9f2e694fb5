//! A server's raw bytes against a lane: whatever comes, the call ends, with an error or with an answer that is there; and the
//! next call over the same connection gets its own answer or an error, never what was left over.
//!
//! The first byte is the operation, the second how many bytes come at once; the rest is what the server sends once it has a
//! request. The byte 2 and the one behind it stand for a form of a secret. No socket is needed: where the connection has
//! ended, the second call finds nobody at its address.

use crate::arguments::options;
use crate::byte;
use crate::error_bodies::{GIVEN, TOKEN, known};
use crate::telling::{check, with_secrets};
use std::io::Result;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wazo_auth_client::client::internals::{Lane, Ready};
use wazo_auth_client::{Arguments, Client, ErrorKind, Options};

/// What is asked first.
const OPERATIONS: &[(&str, &[(&str, &str)])] = &[
    ("config.get", &[]),
    ("token.check", &[("token", "7c36ef4b-5e2a-4f0c-9a2b-0a51a6d6d2f1")]),
    ("token.get", &[("token", "7c36ef4b-5e2a-4f0c-9a2b-0a51a6d6d2f1")]),
    ("users.get", &[("user_uuid", "7c36ef4b-5e2a-4f0c-9a2b-0a51a6d6d2f1")]),
    ("users.delete", &[("user_uuid", "7c36ef4b-5e2a-4f0c-9a2b-0a51a6d6d2f1")]),
    ("token.new", &[("username", "alice"), ("password", GIVEN)]),
];

/// What the second call is answered, and nothing else is.
const SECOND: &str = r#"{"this is":"the second answer"}"#;

fn made() -> &'static (Options, Client) {
    static MADE: OnceLock<(Options, Client)> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut options = options();
        options.set("token", TOKEN).expect("a token");
        let client = Client::new(&options).expect("a client");
        (options, client)
    })
}

fn ready(which: u8) -> Ready {
    let (name, texts) = OPERATIONS[usize::from(which) % OPERATIONS.len()];
    let arguments = texts.iter().fold(Arguments::new(), |all, (name, text)| all.with(*name, *text));
    made().1.prepare(name, &arguments).expect("valid arguments")
}

/// The target.
pub fn run(data: &[u8]) {
    two_calls(data);
}

/// Makes two calls and holds each outcome to what is promised; whether both succeeded.
fn two_calls(data: &[u8]) -> [bool; 2] {
    let (which, rest) = byte(data);
    let (at_once, rest) = byte(rest);
    let is_given = OPERATIONS[usize::from(which) % OPERATIONS.len()].0 == "token.new";
    let first = with_secrets(rest, known(is_given));
    let calls = Arc::new(AtomicUsize::new(0));
    let second = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{SECOND}", SECOND.len()).into_bytes();
    let script = Script {
        answers: [first.clone(), second],
        call: Arc::clone(&calls),
        written: 0,
        sent: [0; 2],
        at_once: usize::from(at_once).max(1),
        patience: 8,
        waker: None,
    };
    let mut lane = Lane::over(&made().0, script).expect("a connection that stands");
    calls.store(1, Ordering::Relaxed);
    let outcome = lane.call(ready(which));
    let is_first = outcome.is_ok();
    match outcome {
        Ok(outcome) => {
            let json = &outcome.json;
            assert!(wazo_auth_client::internals::json::is_json(json), "{json:?} of {}", first.escape_ascii());
            let status = outcome.status.to_string();
            let is_there = first.windows(3).any(|three| three == status.as_bytes());
            assert!(is_there, "a status {status} that nobody sent: {}", first.escape_ascii());
        }
        Err(error) => check(&error, known(is_given)),
    }
    calls.store(2, Ordering::Relaxed);
    let outcome = lane.call(ready(0));
    let is_second = outcome.is_ok();
    match outcome {
        Ok(outcome) => assert_eq!(outcome.json, SECOND, "another call's answer: {}", first.escape_ascii()),
        Err(error) => {
            check(&error, known(false));
            let expected = [ErrorKind::Connect, ErrorKind::Protocol];
            assert!(expected.contains(&error.kind), "{error:?} after {}", first.escape_ascii());
        }
    }
    [is_first, is_second]
}

/// A stream that answers each request with what is written down for it.
struct Script {
    answers: [Vec<u8>; 2],
    /// Which call runs; the target says so.
    call: Arc<AtomicUsize>,
    /// The last call that has written its request.
    written: usize,
    /// How much of each answer has been read.
    sent: [usize; 2],
    at_once: usize,
    /// How often the reader is told to wait before the connection is closed: a response that is whole is handed on first.
    patience: usize,
    waker: Option<Waker>,
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let call = self.call.load(Ordering::Relaxed);
        // What is left of the first answer comes whenever it is asked for: nobody has requested it.
        let open = (0..self.written).find(|at| self.sent[*at] < self.answers[*at].len());
        if let Some(at) = open {
            let from = self.sent[at];
            let length = self.at_once.min(buffer.remaining()).min(self.answers[at].len() - from);
            buffer.put_slice(&self.answers[at][from..from + length]);
            self.sent[at] += length;
            return Poll::Ready(Ok(()));
        }
        if self.written < call || call == 0 {
            self.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        // A call waits for more than was written down.
        if self.patience == 0 {
            return Poll::Ready(Ok(()));
        }
        self.patience -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.written = self.call.load(Ordering::Relaxed);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::two_calls;

    #[test]
    fn a_good_answer_is_one_and_the_connection_is_used_again_unless_more_came_than_was_asked_for() {
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        for at_once in ['\u{1}', '\u{7f}'] {
            assert_eq!(two_calls(format!("\0{at_once}{good}").as_bytes()), [true, true], "{at_once:?}");
            assert_eq!(two_calls(format!("\0{at_once}{good}{good}").as_bytes()), [true, false], "{at_once:?}");
            assert_eq!(two_calls(format!("\0{at_once}{}", &good[..30]).as_bytes()), [false, false], "{at_once:?}");
        }
    }
}
