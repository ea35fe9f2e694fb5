//! A TCP connection to the first of a host's addresses that answers.
//!
//! Addresses of both families are tried in turn, each a moment after the one before, as "happy eyeballs" (RFC 8305) has
//! it: a family that leads nowhere costs that moment and not the whole deadline.

use crate::clock::now;
use crate::host::drive::{MOST_DESCRIPTORS, sleep_until};
use crate::host::identity::Identity;
use crate::host::loop_socket::LoopSocket;
use crate::host::socket::Socket;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long an attempt runs alone (RFC 8305, section 5).
const ALONE: Duration = Duration::from_millis(250);

/// A socket that can be on its way to an address.
pub trait Connecting: Sized {
    /// Begins to connect.
    fn begin(address: SocketAddr) -> Result<Self>;

    /// Whether it has become connected, or why it cannot.
    fn poll_connected(&self, context: &mut Context<'_>) -> Poll<Result<()>>;

    /// The address that it is connected to.
    fn peer(&self) -> Option<SocketAddr>;

    /// What tells whether the host has closed it since; `None` where it had at once.
    fn identity(&self) -> Option<Identity>;
}

/// That of a lane.
impl Connecting for Socket {
    fn begin(address: SocketAddr) -> Result<Self> {
        Self::connecting(address)
    }

    fn poll_connected(&self, _: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_connected()
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.peer()
    }

    fn identity(&self) -> Option<Identity> {
        self.identity()
    }
}

/// That of a task.
impl Connecting for LoopSocket {
    fn begin(address: SocketAddr) -> Result<Self> {
        Self::connecting(address)
    }

    fn poll_connected(&self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_connected(context)
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.peer()
    }

    fn identity(&self) -> Option<Identity> {
        self.identity()
    }
}

/// Connects to one of these addresses. The error is that of the last attempt.
pub async fn connect<S: Connecting>(addresses: impl IntoIterator<Item = SocketAddr>) -> Result<S> {
    let mut waiting = in_turn(addresses);
    let mut running: Vec<S> = Vec::new();
    // When the next attempt begins; none at once.
    let mut next_at: Option<Pin<Box<dyn Future<Output = ()> + Send>>> = None;
    let mut failure = Error::new(ErrorKind::NotFound, "the host has no addresses");
    poll_fn(move |context| {
        let mut at = 0;
        while at < running.len() {
            match running[at].poll_connected(context) {
                Poll::Pending => at += 1,
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(running.swap_remove(at))),
                Poll::Ready(Err(error)) => {
                    (failure, next_at) = (error, None);
                    running.remove(at);
                }
            }
        }
        while !waiting.is_empty() && running.len() < MOST_DESCRIPTORS {
            if next_at.as_mut().is_some_and(|next_at| next_at.as_mut().poll(context).is_pending()) {
                break;
            }
            next_at = None;
            let Some(address) = waiting.pop_front() else { break };
            match S::begin(address) {
                Ok(socket) => match socket.poll_connected(context) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Ok(socket)),
                    Poll::Ready(Err(error)) => failure = error,
                    Poll::Pending => {
                        running.push(socket);
                        // The last one needs no time for itself.
                        let is_last = waiting.is_empty();
                        next_at =
                            now().checked_add(ALONE).filter(|_| !is_last).map(|at| Box::pin(sleep_until(at)) as _);
                    }
                },
                Err(error) => failure = error,
            }
        }
        if running.is_empty() && waiting.is_empty() {
            return Poll::Ready(Err(std::mem::replace(&mut failure, ErrorKind::NotConnected.into())));
        }
        Poll::Pending
    })
    .await
}

/// The addresses with their families in turn, beginning with that of the first, which the system prefers.
fn in_turn(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let addresses: Vec<_> = addresses.into_iter().collect();
    let is_first = |address: &SocketAddr| addresses.first().is_some_and(|first| first.is_ipv4() == address.is_ipv4());
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_first);
    let mut ordered = VecDeque::with_capacity(addresses.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = (first.next(), second.next());
        ordered.extend(pair.0.into_iter().chain(pair.1));
        if pair == (None, None) {
            return ordered;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::drive::Driver;
    use std::net::TcpListener;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns_and_the_system_says_which_begins() {
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(address);
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"].map(address);
        assert_eq!(in_turn(given), expected);
        assert!(in_turn([]).is_empty());
    }

    #[test]
    fn the_address_that_answers_is_taken_and_without_one_the_error_says_why() {
        let (driver, listener) = (Driver::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let open = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        driver.drive(connect::<Socket>([closed, closed, open])).unwrap();
        let refused = driver.drive(connect::<Socket>([closed, closed])).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(driver.drive(connect::<Socket>([])).err().unwrap().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn an_address_that_does_not_answer_holds_up_the_next_for_a_moment_only() {
        // A listener whose backlog is full drops what comes: it neither accepts nor refuses.
        let silent = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        silent.bind(&address("127.0.0.1:0").into()).unwrap();
        silent.listen(0).unwrap();
        let full = silent.local_addr().unwrap().as_socket().unwrap();
        let fillers: Vec<_> = (0..4).map(|_| Socket::connecting(full).unwrap()).collect();
        let (driver, listener) = (Driver::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let begun = now();
        driver.drive(connect::<Socket>([full, listener.local_addr().unwrap()])).unwrap();
        let took = now() - begun;
        assert!(took >= ALONE && took < Duration::from_secs(20), "{took:?}");
        drop(fillers);
    }
}
