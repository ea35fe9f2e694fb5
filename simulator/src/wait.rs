//! Waiting for the first of two.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// What the first one gives, where it ends before the second one; none, where the second one does.
///
/// It stands here for `tokio::select!`, whose feature the library's tokio does not have: tokio, and all that is built
/// on it, would be built once more for the simulator.
pub async fn before<T>(first: impl Future<Output = T>, second: impl Future) -> Option<T> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => second.as_mut().poll(context).map(|_| None),
    })
    .await
}
