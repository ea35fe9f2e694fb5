//! A TCP socket whose writes never raise SIGPIPE.
//!
//! A plain write of a socket is `send` with MSG_NOSIGNAL; a vectored one is `writev`, which takes no flag. So vectored
//! writes are made plain ones here, and who uses this socket needs no signal mask.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connected socket.
pub struct Socket(pub TcpStream);

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let filled = parts.iter().filter(|part| !part.is_empty());
        match filled.clone().count() {
            0 => Poll::Ready(Ok(0)),
            // A TLS handshake sends several short records: one packet, as `writev` would.
            2.. if filled.clone().map(|part| part.len()).sum::<usize>() <= LONGEST_JOINED => {
                let joined: Vec<u8> = filled.flat_map(|part| part.iter().copied()).collect();
                self.poll_write(context, &joined)
            }
            _ => self.poll_write(context, filled.clone().next().expect("there is one")),
        }
    }

    /// So that whoever writes hands a large body on as it is, instead of copying it behind the head.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Longer parts are written one after the other instead of being copied.
const LONGEST_JOINED: usize = 4096;
