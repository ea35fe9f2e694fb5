//! A TCP socket for a task of an event loop. What it reads in one turn of the loop is bounded: a peer that sends without end
//! keeps neither the other tasks nor the clock of the loop waiting.

use super::drive::MOST_BYTES;
use super::identity::Identity;
use super::socket::{begin_to_connect, identity, unconnected};
use socket2::{SockRef, TcpKeepalive};
use std::io::{ErrorKind, IoSlice, Result};
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How long a connection is quiet before the kernel asks whether the peer is still there, and between two such questions.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How many questions may stay without an answer.
#[cfg(unix)]
const QUESTIONS: u32 = 3;

/// How long what was sent may stay unacknowledged.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A socket, connected or on its way to it. It belongs to the loop that its task runs in.
pub struct LoopSocket {
    stream: ManuallyDrop<TcpStream>,
    /// What its number stood for when it was made.
    identity: Option<Identity>,
    /// How many bytes may still be read before other tasks have their turn.
    readable: usize,
}

impl LoopSocket {
    /// Begins to connect. [`LoopSocket::poll_connected`] says when it is.
    pub fn connecting(address: SocketAddr) -> Result<Self> {
        let system = unconnected(address)?;
        let identity = identity(&system);
        begin_to_connect(&system, address)?;
        let stream = ManuallyDrop::new(TcpStream::from_std(system.into())?);
        Ok(Self { stream, identity, readable: MOST_BYTES })
    }

    /// Whether it has become connected, or why it cannot.
    pub fn poll_connected(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.stream.poll_write_ready(context))?;
        if let Some(error) = self.stream.take_error()? {
            return Poll::Ready(Err(error));
        }
        self.stream.peer_addr()?;
        self.watch();
        Poll::Ready(Ok(()))
    }

    /// The address that it is connected to.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// What tells whether the host has closed it since; `None` where it had at once.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Has the kernel notice a peer that is gone, also between two calls. A system that cannot does without.
    fn watch(&self) {
        let socket = SockRef::from(&*self.stream);
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        #[cfg(unix)]
        let keepalive = keepalive.with_retries(QUESTIONS);
        let _ = socket.set_tcp_keepalive(&keepalive);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    }
}

impl Drop for LoopSocket {
    fn drop(&mut self) {
        // What the host has closed is not closed again: the number may be another file's by now.
        if self.identity.is_some_and(|identity| identity.is_there()) {
            // SAFETY: dropped here alone, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.stream) };
        }
    }
}

/// Has the task polled again after all others that are ready, and after the loop has looked at its sockets and its clock.
fn after_the_others(context: &mut Context<'_>) {
    // Polled once, it leaves the waker with the loop; it need not be polled again.
    let _ = pin!(tokio::task::yield_now()).poll(context);
}

impl AsyncRead for LoopSocket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        if self.readable == 0 {
            self.readable = MOST_BYTES;
            after_the_others(context);
            return Poll::Pending;
        }
        let (before, room) = (buffer.filled().len(), buffer.remaining().min(self.readable));
        let polled = if room == buffer.remaining() {
            Pin::new(&mut *self.stream).poll_read(context, buffer)
        } else {
            // Only where much is read: it must be written over first.
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
            let polled = Pin::new(&mut *self.stream).poll_read(context, &mut part);
            let length = part.filled().len();
            buffer.advance(length);
            polled
        };
        match polled {
            Poll::Pending => self.readable = MOST_BYTES,
            Poll::Ready(_) => self.readable -= buffer.filled().len() - before,
        }
        polled
    }
}

impl AsyncWrite for LoopSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut *self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        match ready!(Pin::new(&mut *self.stream).poll_shutdown(context)) {
            // The peer was first.
            Err(error) if error.kind() == ErrorKind::NotConnected => Poll::Ready(Ok(())),
            outcome => Poll::Ready(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::event_loop::EventLoop;
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::net::TcpListener;

    #[test]
    fn no_turn_reads_more_than_its_share_of_what_has_come_and_nothing_is_lost() {
        const ALL: usize = 8 << 20;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let far = std::thread::spawn(move || listener.accept().unwrap().0.write_all(&vec![7; ALL]).unwrap());
        let event_loop = EventLoop::new().unwrap();
        let (mut most, mut received) = (0, 0);
        let mut work = Box::pin(async {
            let mut socket = LoopSocket::connecting(address).unwrap();
            poll_fn(|context| socket.poll_connected(context)).await.unwrap();
            // Larger than the share, and read as often as there is something, as a parser of heads does.
            let mut room = vec![0; 400 << 10];
            poll_fn(|context| {
                let mut in_turn = 0;
                loop {
                    let mut buffer = ReadBuf::new(&mut room);
                    let polled = Pin::new(&mut socket).poll_read(context, &mut buffer);
                    assert!(buffer.filled().iter().all(|byte| *byte == 7));
                    in_turn += buffer.filled().len();
                    most = most.max(in_turn);
                    match polled {
                        Poll::Pending => break,
                        Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                            received += in_turn;
                            return Poll::Ready(());
                        }
                        Poll::Ready(outcome) => outcome.unwrap(),
                    }
                }
                received += in_turn;
                Poll::Pending
            })
            .await;
        });
        event_loop.drive(work.as_mut()).unwrap();
        drop(work);
        far.join().unwrap();
        assert_eq!(received, ALL);
        assert!(most <= MOST_BYTES, "{most} bytes in one turn");
    }
}
