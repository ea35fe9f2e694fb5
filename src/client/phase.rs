//! How far a call has come when it fails: the difference between "never sent" and "may have been carried out".
//!
//! The transport tells connecting from sending only by its connector, so a layer around the connector notes it, in a
//! variable of the task that makes the call.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not begun: waiting for its turn.
    Waiting,
    /// Looking up the name, connecting, shaking hands: nothing of the request has left.
    Connecting,
    /// A connection was there: some or all of the request may have left.
    Sending,
    /// The head of the answer has come.
    Receiving,
}

tokio::task_local! {
    /// The phase of the call that this task makes, and whether it had to connect.
    static PHASE: Cell<(Phase, bool)>;
}

/// Runs a call such that its phase is known.
pub async fn observed<R>(call: impl Future<Output = R>) -> R {
    PHASE.scope(Cell::new((Phase::Waiting, false)), call).await
}

/// The phase of the call that runs.
pub fn current() -> Phase {
    PHASE.try_with(Cell::get).map_or(Phase::Sending, |(phase, _)| phase)
}

/// Whether the attempt that runs went over a connection that was there before.
pub fn has_reused() -> bool {
    PHASE.try_with(Cell::get).is_ok_and(|(_, connected)| !connected)
}

/// Begins an attempt of the call that runs; one that has no need to connect is `Sending` from the start.
pub fn begin() {
    let _ = PHASE.try_with(|current| current.set((Phase::Sending, false)));
}

/// Notes a phase.
pub fn enter(phase: Phase) {
    // A connection can be made by a task of the transport's own; no call is waiting for that one.
    let _ = PHASE.try_with(|current| current.set((phase, current.get().1 || phase == Phase::Connecting)));
}

/// Wraps a connector such that `Connecting` lasts as long as it works.
#[derive(Clone, Copy)]
pub struct Observed<S = ()>(S);

impl Observed {
    /// The layer.
    pub const LAYER: Self = Self(());
}

impl<S> Layer<S> for Observed {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed(inner)
    }
}

impl<S, R> Service<R> for Observed<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        enter(Phase::Connecting);
        let connecting = self.0.call(request);
        Box::pin(async move {
            let outcome = connecting.await;
            if outcome.is_ok() {
                enter(Phase::Sending);
            }
            outcome
        })
    }
}
