//! A connection as the server has it: TCP, or TLS over it, and what has been read too far.

use rustls::{ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// A socket that several hold; it is closed with the last of them.
#[derive(Clone)]
pub struct Tcp(pub Arc<TcpStream>);

impl Read for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection.
pub struct Connection {
    pub tcp: Tcp,
    tls: Option<Box<StreamOwned<ServerConnection, Tcp>>>,
    /// Read, and not used yet.
    ahead: Vec<u8>,
}

impl Connection {
    pub fn plain(tcp: Tcp) -> Self {
        Self { tcp, tls: None, ahead: Vec::new() }
    }

    pub fn encrypted(tcp: Tcp, tls: ServerConnection) -> Self {
        let tls = Some(Box::new(StreamOwned::new(tls, tcp.clone())));
        Self { tcp, tls, ahead: Vec::new() }
    }

    /// What the handshake agreed on.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.tls.as_ref().and_then(|tls| tls.conn.alpn_protocol())
    }

    /// Reads some more; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = match &mut self.tls {
            Some(tls) => tls.read(&mut buffer)?,
            None => self.tcp.read(&mut buffer)?,
        };
        self.ahead.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < count {
            if !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.ahead.drain(..count).collect())
    }

    /// All up to and with a line without anything.
    pub fn take_head(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.ahead.windows(4).position(|window| window == b"\r\n\r\n") {
                return self.take(at + 4);
            }
            if !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => {
                tls.write_all(bytes)?;
                tls.flush()
            }
            None => self.tcp.write_all(bytes),
        }
    }

    /// Waits until the client goes.
    pub fn hold(&mut self) {
        let mut buffer = [0; 16 * 1024];
        while matches!(self.tcp.read(&mut buffer), Ok(1..)) {}
    }

    /// Says that nothing follows.
    pub fn half_close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
        let _ = self.tcp.0.shutdown(Shutdown::Write);
    }

    /// Closes, with what TLS says at its end. What the client still sends is read for a moment: a close with unread bytes
    /// would be a reset.
    pub fn close(mut self) {
        self.half_close();
        self.drain();
    }

    /// Closes TCP alone.
    pub fn cut(mut self) {
        let _ = self.tcp.0.shutdown(Shutdown::Write);
        self.drain();
    }

    fn drain(&mut self) {
        let _ = self.tcp.0.set_read_timeout(Some(Duration::from_millis(200)));
        self.hold();
    }

    /// Closes by a reset.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&*self.tcp.0).set_linger(Some(Duration::ZERO));
    }
}
