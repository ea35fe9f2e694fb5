//! An HTTP/1.1 connection, which carries one call at a time: hyper's connection, driven by the call itself.
//!
//! Nothing is spawned, and no other task is woken: the future of the call polls the connection and its own response. A call
//! that is dropped in the middle takes the connection with it; only one whose response was read to its end stays open.

use super::phase::{self, Phase};
use super::stream::{BoxError, Io};
use crate::host::identity::Identity;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use std::future::poll_fn;
use std::pin::{Pin, pin};

/// An open connection.
pub struct Open {
    sender: SendRequest<Full<Bytes>>,
    connection: Pin<Box<Connection<Io, Full<Bytes>>>>,
    /// The connection's future has ended and may not be polled again.
    has_ended: bool,
    /// It has carried a call.
    is_used: bool,
    /// Of its socket.
    identity: Option<Identity>,
}

/// What became of a request over a connection.
pub enum Sent {
    /// The head of its response has come.
    Answered(Open, Response<Incoming>),
    /// Nothing of it was written, because the connection had been closed while it was idle.
    Unsent(Request<Full<Bytes>>),
    /// It failed.
    Failed(hyper::Error),
}

impl Open {
    /// Begins to speak HTTP/1.1 over a stream.
    pub async fn new(io: Io, identity: Option<Identity>) -> Result<Self, BoxError> {
        let (sender, connection) = Builder::new().handshake(io).await?;
        Ok(Self { sender, connection: Box::pin(connection), has_ended: false, is_used: false, identity })
    }

    /// Sends a request and receives the head of its response. Whoever drops this in the middle drops the connection too.
    pub async fn send(mut self, request: Request<Full<Bytes>>) -> Sent {
        if self.is_used && !self.is_alive().await {
            return Sent::Unsent(request);
        }
        let was_used = std::mem::replace(&mut self.is_used, true);
        phase::enter(Phase::Sending);
        match self.poll_ready().await {
            Ok(()) => {}
            // Closed between the look and the request: nothing was written.
            Err(error) if was_used && error.is_closed() => return Sent::Unsent(request),
            Err(error) => return Sent::Failed(error),
        }
        let sending = self.sender.try_send_request(request);
        match self.alongside(sending).await {
            Ok(response) => Sent::Answered(self, response),
            Err(mut failed) => match failed.take_message() {
                // As if the connection had not been there.
                Some(unsent) if was_used => Sent::Unsent(unsent),
                unsent => {
                    if unsent.is_some() {
                        phase::enter(Phase::Refused);
                    }
                    Sent::Failed(failed.into_error())
                }
            },
        }
    }

    /// Whether the host has closed its socket.
    pub fn is_lost(&self) -> bool {
        !self.identity.is_some_and(|identity| identity.is_there())
    }

    /// Does work that waits for the connection, and drives the connection meanwhile.
    pub async fn alongside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if !self.has_ended {
                // Its error comes to the work as well.
                self.has_ended = self.connection.as_mut().poll(context).is_ready();
            }
            work.as_mut().poll(context)
        })
        .await
    }

    /// Waits until the connection takes a request.
    async fn poll_ready(&mut self) -> Result<(), hyper::Error> {
        poll_fn(|context| {
            if !self.has_ended {
                self.has_ended = self.connection.as_mut().poll(context).is_ready();
            }
            self.sender.poll_ready(context)
        })
        .await
    }

    /// Looks at a connection that has been idle: false where the server has closed it.
    async fn is_alive(&mut self) -> bool {
        self.alongside(std::future::ready(())).await;
        !self.has_ended && !self.sender.is_closed()
    }

    /// Itself, if it would take the next request now. A server can respond before it has read the whole request; the rest of
    /// that request would block the next one.
    pub async fn rested(mut self) -> Option<Self> {
        self.alongside(std::future::ready(())).await;
        Some(self).filter(|open| !open.has_ended && open.sender.is_ready())
    }
}
