//! The connection of a lane, which is a caller's own for one call after the other.

use super::single::{Open, Sent};
use super::stream::Failure;
use super::target::Target;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

/// The connection of a lane; there is none before the first call, nor after one that failed.
#[derive(Default)]
pub struct Direct(Option<Open>);

#[cfg(feature = "internals")]
impl Direct {
    /// A connection over any stream, as one that was used before.
    pub async fn over(
        stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, super::stream::BoxError> {
        let stream: Box<dyn super::stream::Stream> = Box::new(stream);
        Ok(Self(Some(Open::new(hyper_util::rt::TokioIo::new(stream), None).await?)))
    }
}

impl Direct {
    /// Forgets a connection whose socket the host has closed, before anything is read from that number or written to it. It
    /// costs one `fstat`.
    pub fn forget_if_lost(&mut self) {
        // Dropping it says nothing to the peer, and does not close what is not ours any more.
        self.0.take_if(|open| open.is_lost());
    }

    /// Sends a request and receives the head of its response, over a connection that is the caller's until it is
    /// [kept](Direct::keep).
    ///
    /// A request that could not be written, because the connection had been closed while it was idle, is sent over a new one.
    pub async fn send(
        &mut self,
        target: &Target,
        request: Request<Full<Bytes>>,
    ) -> Result<(Open, Response<Incoming>), Failure> {
        let mut request = request;
        loop {
            let open = match self.0.take() {
                Some(open) => open,
                None => target.connect().await?,
            };
            match open.send(request).await {
                Sent::Answered(open, response) => return Ok((open, response)),
                Sent::Unsent(unsent) => request = unsent,
                Sent::Failed(error) => return Err(Failure::Exchange(error)),
            }
        }
    }

    /// Keeps a connection for the next call.
    pub fn keep(&mut self, open: Option<Open>) {
        self.0 = open;
    }
}
