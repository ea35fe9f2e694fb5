//! The stream under a connection, and what goes wrong with it.

use hyper_util::rt::TokioIo;
use std::error::Error as StdError;
use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of either kind, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A stream as hyper takes it.
pub type Io = TokioIo<Box<dyn Stream>>;

/// Any error of the transport.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong on the way to a response.
pub enum Failure {
    /// The connection could not be made.
    Connect(BoxError),
    /// It was not made within `connect_timeout_ms`.
    ConnectTimeout,
    /// The request, or its response, failed.
    Exchange(hyper::Error),
    /// The server reset the stream of HTTP/2 in the middle of the body.
    Reset,
}
