//! A TCP socket for a future under a [`Driver`](super::drive::Driver): it never blocks, no write of it raises SIGPIPE, and a
//! forked child knows it for its parent's.

#[cfg(unix)]
use super::descriptors::note_socket;
use super::drive::{Interest, Number, have_read, may_transfer, readable, turn, want};
use super::identity::Identity;
#[cfg(unix)]
use super::noted::Note;
use socket2::{Domain, Protocol, SockAddr, Socket as System, Type};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::mem::ManuallyDrop;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket, connected or on its way to it.
pub struct Socket {
    /// There until it is dropped: before the socket is closed.
    #[cfg(unix)]
    note: Option<Note>,
    /// Closed when this is dropped, unless the host has closed it.
    system: ManuallyDrop<System>,
    identity: Option<Identity>,
    /// The turn in which it was read empty; it is not asked again before the next one.
    read_empty: u64,
}

impl Socket {
    /// Begins to connect. [`Socket::poll_connected`] says when it is.
    pub fn connecting(address: SocketAddr) -> Result<Self> {
        let system = unconnected(address)?;
        let identity = identity(&system);
        let new = Self {
            #[cfg(unix)]
            note: Some(note_socket(number(&system), identity.as_ref())),
            system: ManuallyDrop::new(system),
            identity,
            read_empty: 0,
        };
        begin_to_connect(&new.system, address)?;
        Ok(new)
    }

    /// Whether it has become connected, or why it cannot.
    pub fn poll_connected(&self) -> Poll<Result<()>> {
        if let Some(error) = self.system.take_error()? {
            return Poll::Ready(Err(error));
        }
        if self.system.peer_addr().is_ok() {
            return Poll::Ready(Ok(()));
        }
        self.wait(Interest::Write)
    }

    /// The address that it is connected to.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.system.peer_addr().ok()?.as_socket()
    }

    /// What tells whether the host has closed it since; `None` where it had at once.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    fn wait<T>(&self, interest: Interest) -> Poll<T> {
        want(number(&self.system), interest);
        Poll::Pending
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        #[cfg(unix)]
        drop(self.note.take());
        // What the host has closed is not closed again: the number may be another file's by now.
        if self.identity.is_some_and(|identity| identity.is_there()) {
            // SAFETY: dropped here alone, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.system) };
        }
    }
}

/// A socket that never blocks, for a connection to this address.
pub(super) fn unconnected(address: SocketAddr) -> Result<System> {
    // Close-on-exec, as all descriptors of this library.
    let system = System::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    system.set_nonblocking(true)?;
    // Requests are short and waited for.
    system.set_tcp_nodelay(true)?;
    Ok(system)
}

/// Begins to connect, and does not wait for it.
pub(super) fn begin_to_connect(system: &System, address: SocketAddr) -> Result<()> {
    match system.connect(&SockAddr::from(address)) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether connecting goes on by itself.
fn is_under_way(error: &Error) -> bool {
    #[cfg(unix)]
    let is_in_progress = error.raw_os_error() == Some(libc::EINPROGRESS);
    #[cfg(not(unix))]
    let is_in_progress = false;
    is_in_progress || matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What its number stands for.
#[cfg(unix)]
pub(super) fn identity(socket: &System) -> Option<Identity> {
    Identity::of(number(socket))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(super) fn identity(_: &System) -> Option<Identity> {
    Some(Identity)
}

#[cfg(unix)]
fn number(socket: &System) -> Number {
    std::os::fd::AsRawFd::as_raw_fd(socket)
}

#[cfg(windows)]
fn number(socket: &System) -> Number {
    std::os::windows::io::AsRawSocket::as_raw_socket(socket)
}

/// Linux and others take a flag against SIGPIPE; on Apple's systems the socket itself has one.
#[cfg(all(unix, not(target_vendor = "apple")))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
#[cfg(any(not(unix), target_vendor = "apple"))]
const NO_SIGNAL: i32 = 0;

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        // Outside of a driver there is no turn to wait for.
        let turn = turn().unwrap_or(u64::MAX);
        if self.read_empty == turn {
            return self.wait(Interest::Read);
        }
        if !may_transfer(context) {
            return Poll::Pending;
        }
        loop {
            // SAFETY: `recv` writes to it and does not de-initialise what was written before.
            let room = unsafe { buffer.unfilled_mut() };
            let asked = room.len().min(readable());
            match self.system.recv(&mut room[..asked]) {
                Ok(length) => {
                    have_read(length);
                    // SAFETY: `recv` has written `length` bytes at the beginning of the room.
                    unsafe { buffer.assume_init(length) };
                    buffer.advance(length);
                    if length < asked {
                        self.read_empty = turn;
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.read_empty = turn;
                    return self.wait(Interest::Read);
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if !may_transfer(context) {
            return Poll::Pending;
        }
        loop {
            match self.system.send_with_flags(bytes, NO_SIGNAL) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.wait(Interest::Write),
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if let [only] = parts {
            return self.poll_write(context, only);
        }
        if !may_transfer(context) {
            return Poll::Pending;
        }
        loop {
            match self.system.send_vectored_with_flags(parts, NO_SIGNAL) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.wait(Interest::Write),
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        match self.system.shutdown(Shutdown::Write) {
            // The peer was first.
            Err(error) if error.kind() == ErrorKind::NotConnected => Poll::Ready(Ok(())),
            outcome => Poll::Ready(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::drive::{Driver, MOST_BYTES};
    use std::future::poll_fn;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn connected(driver: &Driver, listener: &TcpListener) -> (Socket, std::net::TcpStream) {
        let socket = Socket::connecting(listener.local_addr().unwrap()).unwrap();
        driver.drive(poll_fn(|_| socket.poll_connected())).unwrap();
        (socket, listener.accept().unwrap().0)
    }

    #[test]
    fn more_than_the_kernel_buffers_goes_both_ways() {
        const LENGTH: usize = 8 << 20;
        let (driver, listener) = (Driver::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (mut socket, mut far) = connected(&driver, &listener);
        let echo = std::thread::spawn(move || {
            let mut bytes = vec![0; LENGTH];
            far.read_exact(&mut bytes).unwrap();
            far.write_all(&bytes).unwrap();
        });
        let sent: Vec<u8> = (0..LENGTH).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut received = Vec::new();
        driver.drive(async {
            socket.write_all(&sent).await.unwrap();
            socket.shutdown().await.unwrap();
            socket.read_to_end(&mut received).await.unwrap();
        });
        assert!(sent == received);
        echo.join().unwrap();
    }

    #[test]
    fn no_turn_reads_more_than_its_share_of_what_has_come() {
        const ALL: usize = 2 << 20;
        let (driver, listener) = (Driver::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (mut socket, mut far) = connected(&driver, &listener);
        let far = std::thread::spawn(move || far.write_all(&vec![7; ALL]).unwrap());
        let (mut most, mut received) = (0, 0);
        let mut room = vec![0; 400 << 10];
        driver.drive(poll_fn(|context| {
            let mut in_turn = 0;
            loop {
                let mut buffer = ReadBuf::new(&mut room);
                let polled = Pin::new(&mut socket).poll_read(context, &mut buffer);
                in_turn += buffer.filled().len();
                match polled {
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                    Poll::Ready(outcome) => outcome.unwrap(),
                    Poll::Pending => break,
                }
                if received + in_turn == ALL {
                    break;
                }
            }
            most = most.max(in_turn);
            received += in_turn;
            if received == ALL { Poll::Ready(()) } else { Poll::Pending }
        }));
        far.join().unwrap();
        assert!(most <= MOST_BYTES, "{most} bytes in one turn");
    }

    #[test]
    fn a_refused_connection_and_a_reset_one_are_errors() {
        let (driver, listener) = (Driver::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (mut socket, far) = connected(&driver, &listener);
        let address = listener.local_addr().unwrap();
        drop(listener);
        let refused =
            Socket::connecting(address).and_then(|refused| driver.drive(poll_fn(|_| refused.poll_connected())));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        drop(far);
        let error = driver.drive(async {
            loop {
                if let Err(error) = socket.write_all(&[0; 1 << 10]).await {
                    return error;
                }
            }
        });
        assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    }
}
