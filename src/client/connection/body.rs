//! A response whose head has come, and what becomes of its connection.

use super::direct::Direct;
use super::shared::{Answering, Connections, InUse};
use super::single::Open;
use super::stream::Failure;
use super::target::Target;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

/// A response whose body is still to come.
pub struct Body<'a> {
    carrier: Carrier<'a>,
    /// The head of the response.
    pub response: Response<Incoming>,
}

/// What carries a response, and where it goes when all of it has come. It is gone with a response that is dropped before.
enum Carrier<'a> {
    /// Back to its lane.
    Lane(Open, &'a mut Direct),
    /// To the idle connections of the library's thread.
    Single(Open, &'a Connections),
    /// Other calls use it as well.
    Multiplexed(InUse),
    /// All of it has come.
    Nothing,
}

impl<'a> Body<'a> {
    /// Sends a request over the connection of a lane.
    pub async fn of_lane(
        lane: &'a mut Direct,
        target: &Target,
        request: Request<Full<Bytes>>,
    ) -> Result<Self, Failure> {
        let (open, response) = lane.send(target, request).await?;
        Ok(Self { carrier: Carrier::Lane(open, lane), response })
    }

    /// Sends a request over one of the connections of queues.
    pub async fn of_queue(connections: &'a Connections, request: Request<Full<Bytes>>) -> Result<Self, Failure> {
        let (answering, response) = connections.send(request).await?;
        let carrier = match answering {
            Answering::Single(open) => Carrier::Single(open, connections),
            Answering::Multiplexed(in_use) => Carrier::Multiplexed(in_use),
        };
        Ok(Self { carrier, response })
    }

    /// The next part of the body; after the last one the connection may carry another call.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = self.response.body_mut().frame();
            let frame = match &mut self.carrier {
                Carrier::Lane(open, _) | Carrier::Single(open, _) => open.alongside(frame).await,
                Carrier::Multiplexed(_) => frame.await,
                Carrier::Nothing => return Ok(None),
            };
            match frame {
                Some(Ok(frame)) => {
                    // Trailers are of no use here.
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(Failure::Exchange(error)),
                None => {
                    match std::mem::replace(&mut self.carrier, Carrier::Nothing) {
                        Carrier::Lane(open, lane) => lane.keep(open.rested().await),
                        Carrier::Single(open, connections) => {
                            if let Some(open) = open.rested().await {
                                connections.put_back(open);
                            }
                        }
                        // hyper takes a stream that is reset with NO_ERROR or CANCEL for the end of the body.
                        Carrier::Multiplexed(_) if !self.response.body().is_end_stream() => return Err(Failure::Reset),
                        Carrier::Multiplexed(in_use) => in_use.answered(),
                        Carrier::Nothing => {}
                    }
                    return Ok(None);
                }
            }
        }
    }
}
