//! The library's threads: one for each task, and none of them is lost.

use loom::thread::JoinHandle;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

include!(concat!(env!("OUT_DIR"), "/concerned.rs"));

pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread for each task that is spawned: more orders than one thread for all of them has.
#[derive(Default)]
pub struct Worker(Mutex<Vec<JoinHandle<()>>>);

/// Runs each task at once, on the thread that brings it.
#[derive(Clone)]
pub struct Tasks;

impl Worker {
    pub fn share(_: usize) -> crate::error::Result<Arc<Self>> {
        Ok(Arc::default())
    }
    pub fn spawn(&self, task: Task) {
        let thread = loom::thread::spawn(move || loom::future::block_on(task));
        self.0.lock().unwrap().push(thread);
    }
    pub fn tasks(&self) -> Tasks {
        Tasks
    }
    pub fn number(&self) -> usize {
        0
    }
    /// It is never lost: a model that plays a loss tells of it itself.
    pub fn look(self: &Arc<Self>) -> crate::error::Result<()> {
        Ok(())
    }
    pub fn replace_lost(self: &Arc<Self>) -> crate::error::Result<()> {
        Ok(())
    }
    pub fn tell_of_loss(&self, _: &Arc<impl Concerned + 'static>) {}
}

impl Tasks {
    pub fn spawn(&self, task: Task) {
        loom::future::block_on(task);
    }
}

impl Drop for Worker {
    /// The last share waits for the end of the thread.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let threads = std::mem::take(self.0.get_mut().unwrap());
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    }
}

pub fn spawn(_: impl Future<Output = ()>) {}

pub fn is_inside_worker() -> bool {
    false
}
