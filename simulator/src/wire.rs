//! The stream between HTTP and the socket (above TLS), which can send other bytes than HTTP would, stop in the middle
//! of them, and die on command.
//!
//! [`Wire`] is the handle that the faults hold, [`Stream`] the stream that HTTP reads and writes. Without a plan all
//! passes straight through.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use hyper::body::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A handle to the stream of one connection.
#[derive(Debug, Clone, Default)]
pub struct Wire(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    plan: Plan,
    /// Requests under way, their bodies included.
    busy: usize,
    /// When something last came or went; none before the first bytes came.
    last: Option<Instant>,
    /// The task that reads: woken when the connection must die without anything being sent.
    reader: Option<Waker>,
}

/// What becomes of the bytes that HTTP writes.
#[derive(Debug, Default)]
enum Plan {
    #[default]
    Through,
    /// The next write (the head of an answer without a body) is dropped; these bytes go out in its place.
    Replace {
        bytes: Bytes,
        pace: Option<Pace>,
        then: Then,
        is_dropped: bool,
    },
    /// So many bytes go out, then the connection dies.
    Cut {
        left: usize,
    },
    /// What was written goes out, then the connection dies.
    DieWhenFlushed,
    Dead,
}

/// Bytes go out one by one, each after a pause.
#[derive(Debug)]
struct Pace {
    pause: Duration,
    next: Pin<Box<Sleep>>,
}

/// What follows on replaced bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The next request.
    Continue,
    /// The end of the connection.
    Die,
}

impl Wire {
    /// The next answer, which must have no body, is replaced by these bytes.
    pub(super) fn replace_next_answer(&self, bytes: Vec<u8>, then: Then) {
        self.inner().plan = Plan::Replace { bytes: bytes.into(), pace: None, then, is_dropped: false };
    }

    /// The next answer, which must have no body, is replaced by these bytes, which go out one by one.
    pub(super) fn drip_next_answer(&self, bytes: Vec<u8>, pause: Duration) {
        let pace = Some(Pace { pause, next: Box::pin(sleep(pause)) });
        self.inner().plan = Plan::Replace { bytes: bytes.into(), pace, then: Then::Continue, is_dropped: false };
    }

    /// So many more bytes go out, then the connection dies.
    pub(super) fn cut_after(&self, bytes: usize) {
        self.inner().plan = Plan::Cut { left: bytes };
    }

    /// The connection dies as soon as what was written has gone out.
    pub(super) fn die_when_flushed(&self) {
        self.plan_and_wake(Plan::DieWhenFlushed);
    }

    /// The connection dies at once.
    pub(super) fn die(&self) {
        self.plan_and_wake(Plan::Dead);
    }

    /// Nothing more may be written that would let the plan be seen: the task of the connection is woken to look.
    fn plan_and_wake(&self, plan: Plan) {
        let reader = {
            let mut inner = self.inner();
            inner.plan = plan;
            inner.reader.take()
        };
        reader.inspect(Waker::wake_by_ref);
    }

    /// Marks the connection busy for as long as the mark is held.
    pub fn busy(&self) -> Busy {
        self.inner().busy += 1;
        Busy(self.clone())
    }

    /// For how long nothing happened; none while a request is under way, or before the first.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        let inner = self.inner();
        let is_busy = inner.busy > 0 || matches!(inner.plan, Plan::Replace { .. });
        inner.last.filter(|_| !is_busy).map(|last| last.elapsed())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request is under way.
#[derive(Debug)]
pub struct Busy(Wire);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.busy -= 1;
        inner.last = Some(Instant::now());
    }
}

/// The stream that HTTP reads and writes.
pub struct Stream<S> {
    stream: S,
    wire: Wire,
}

impl<S> Stream<S> {
    pub fn new(stream: S, wire: Wire) -> Self {
        Self { stream, wire }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the connection is broken on purpose")
}

impl<S: AsyncWrite + Unpin> Stream<S> {
    /// Sends what is planned beyond HTTP's own bytes. Ready with an error when the connection is to die.
    fn poll_plan(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.wire.inner();
        match &mut inner.plan {
            Plan::Replace { bytes, pace, then, is_dropped: true } => {
                while !bytes.is_empty() {
                    let mut most = bytes.len();
                    if let Some(pace) = pace {
                        // What was written before the pause is on its way before it begins.
                        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
                        ready!(pace.next.as_mut().poll(context));
                        most = 1;
                    }
                    let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..most]))?;
                    if sent == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    bytes.advance(sent);
                    if let Some(pace) = pace {
                        pace.next = Box::pin(sleep(pace.pause));
                    }
                }
                ready!(Pin::new(&mut self.stream).poll_flush(context))?;
                inner.plan = if *then == Then::Continue { Plan::Through } else { Plan::Dead };
            }
            Plan::Cut { left: 0 } | Plan::DieWhenFlushed => {
                ready!(Pin::new(&mut self.stream).poll_flush(context))?;
                inner.plan = Plan::Dead;
            }
            _ => {}
        }
        Poll::Ready(if matches!(inner.plan, Plan::Dead) { Err(broken()) } else { Ok(()) })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        {
            let mut inner = self.wire.inner();
            if matches!(inner.plan, Plan::Dead) {
                return Poll::Ready(Err(broken()));
            }
            inner.reader = Some(context.waker().clone());
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        if into.filled().len() > before {
            self.wire.inner().last = Some(Instant::now());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        if let Plan::Replace { is_dropped: is_dropped @ false, .. } = &mut self.wire.inner().plan {
            *is_dropped = true;
            return Poll::Ready(Ok(from.len()));
        }
        if !matches!(self.wire.inner().plan, Plan::DieWhenFlushed) {
            ready!(self.poll_plan(context))?;
        }
        let most = match self.wire.inner().plan {
            Plan::Cut { left } => from.len().min(left),
            _ => from.len(),
        };
        let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &from[..most]))?;
        let mut inner = self.wire.inner();
        inner.last = Some(Instant::now());
        if let Plan::Cut { left } = &mut inner.plan {
            *left -= sent;
        }
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_plan(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if ready!(self.poll_plan(context)).is_err() {
            // A broken connection has no orderly end, such as TLS would write.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
