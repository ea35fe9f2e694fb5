//! An event loop of this library: made here, so that each one carries the marker by which a forked child finds what it
//! inherited ([`super::descriptors`]).

#[cfg(unix)]
use super::descriptors::{Marked, Marker, mark_current_loop};
use super::drive::turn;
use std::pin::pin;
use std::sync::Arc;
use tokio::runtime::{Builder, Handle, Runtime};

/// What marks the event loops of one owner. Loops that one owner makes may share it.
#[derive(Clone)]
pub struct LoopMarker {
    #[cfg(unix)]
    marker: Arc<Marker>,
    #[cfg(not(unix))]
    _none: Arc<()>,
}

impl LoopMarker {
    /// Makes one.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            marker: Arc::new(Marker::new()?),
            #[cfg(not(unix))]
            _none: Arc::new(()),
        })
    }
}

/// An event loop for one thread. It may be dropped anywhere: the last handle of a client can be dropped by a call of the
/// library's thread, where waiting for a loop to end is not allowed; ours have nothing to wait for.
pub struct EventLoop {
    /// There until it is dropped: before the loop, with which it is registered.
    #[cfg(unix)]
    marked: Option<Marked>,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl EventLoop {
    /// Makes a loop that carries the marker.
    pub fn new(marker: &LoopMarker) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        #[cfg(unix)]
        let marked = {
            let _entered = runtime.enter();
            mark_current_loop(&marker.marker)?
        };
        #[cfg(not(unix))]
        let _ = marker;
        Ok(Self {
            #[cfg(unix)]
            marked: Some(marked),
            runtime: Some(runtime),
        })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until it is dropped")
    }

    /// Drives the loop on this thread until the work is done.
    pub fn drive<F: Future>(&self, work: F) -> F::Output {
        // Pinned here: the loop would move it about as a whole.
        let work = pin!(work);
        self.runtime().block_on(work)
    }

    /// What other threads give tasks to the loop by.
    pub fn handle(&self) -> Handle {
        self.runtime().handle().clone()
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        #[cfg(unix)]
        drop(self.marked.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whether this thread drives something already, which a blocking call would stop.
pub fn is_inside() -> bool {
    Handle::try_current().is_ok() || turn().is_some()
}
