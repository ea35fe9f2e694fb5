//! The same calls as futures, for Rust programs that have an executor of their own: any executor will do.
//!
//! The library's thread carries them, as it does those of a queue; a future that is dropped ends its call. The thread is
//! started with the first future, and stays.

use crate::cancellation::Cancellation;
use crate::client::{Arguments, Client, Outcome, operation};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fork::PerProcess;
use crate::operations::Operation;
use crate::worker::Worker;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use tokio::sync::oneshot;

impl Client {
    /// [`Client::call`] as a future.
    pub async fn call_async(&self, operation: &'static Operation, arguments: &Arguments) -> Result<Outcome> {
        let cancellation = Cancellation::new();
        let call = self.begin(operation, arguments)?.cancelled_by(cancellation.clone());
        let io_thread = call.io_thread();
        carried(io_thread, cancellation, call.run_as_task(io_thread)).await
    }

    /// [`Client::call_by_name`] as a future.
    pub async fn call_by_name_async(&self, name: &str, arguments: &Arguments) -> Result<Outcome> {
        self.call_async(operation(name)?, arguments).await
    }
}

/// What the library's thread makes of this work; ended by the cancellation if nobody waits for it any more.
pub(crate) async fn carried<T: Send + 'static>(
    io_thread: usize,
    cancellation: Cancellation,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let worker = kept(io_thread)?;
    worker.look()?;
    let (tell, told) = oneshot::channel();
    let has_begun = Arc::new(AtomicBool::new(false));
    let begins = Arc::clone(&has_begun);
    // Enlisted before the work can begin.
    let mut lost = Box::pin(worker.lost());
    worker.spawn(Box::pin(async move {
        begins.store(true, Ordering::Release);
        let _ = tell.send(work.await);
    }));
    let _dropped = CancelOnDrop(cancellation);
    let mut told = pin!(told);
    let fault = |message| {
        let mut error = Error::new(ErrorKind::Internal, message);
        error.in_doubt = true;
        Err(error)
    };
    poll_fn(|context| {
        if let Poll::Ready(told) = told.as_mut().poll(context) {
            return Poll::Ready(
                told.unwrap_or_else(|_| fault("a fault of this library ended the call, please report it")),
            );
        }
        while lost.as_mut().poll(context).is_ready() {
            if has_begun.load(Ordering::Acquire) {
                return Poll::Ready(fault("the program closed a file descriptor of the library, which ended the call"));
            }
            // What had not begun goes on with the next thread.
            lost.set(worker.lost());
        }
        Poll::Pending
    })
    .await
}

/// The threads that futures have needed so far.
static KEPT: PerProcess<Mutex<Kept>> = PerProcess::new();

/// Threads by their numbers.
type Kept = Vec<(usize, Arc<Worker>)>;

fn kept(io_thread: usize) -> Result<Arc<Worker>> {
    let kept = KEPT.get_or_make(Mutex::default, |_| {});
    let find = |kept: &Kept| kept.iter().find(|(number, _)| *number == io_thread).map(|(_, worker)| Arc::clone(worker));
    if let Some(worker) = find(&kept.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(worker);
    }
    let worker = Worker::share(io_thread)?;
    kept.lock().unwrap_or_else(PoisonError::into_inner).push((io_thread, Arc::clone(&worker)));
    Ok(worker)
}

struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
