//! What wakes a driver: a wake is never lost, wherever the driver is, and ends no wait but its own.

use crate::host::drive::{Driver, from_elsewhere};
use crate::model;
use crate::sync::Notify;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// What another thread tells without a lock: a word, and then the waker.
#[derive(Default)]
struct Told {
    count: AtomicU64,
}

/// Polls until the others have told so often.
async fn told(told: Arc<Told>, waker: std::sync::mpsc::Sender<Waker>, due: u64) {
    let mut sender = Some(waker);
    from_elsewhere(poll_fn(move |context| {
        if let Some(sender) = sender.take() {
            (0..due).for_each(|_| sender.send(context.waker().clone()).unwrap());
        }
        // Relaxed: whatever was done before a wake is to be seen by the poll that follows it, by the alarm's doing.
        if told.count.load(Ordering::Relaxed) == due { Poll::Ready(()) } else { Poll::Pending }
    }))
    .await;
}

fn woken_by(threads: u64, preemptions: usize) {
    model(preemptions, move || {
        let (driver, word) = (Driver::default(), Arc::new(Told::default()));
        let (send, wakers) = std::sync::mpsc::channel();
        let mut work = Box::pin(told(Arc::clone(&word), send, threads));
        let mut others = Vec::new();
        driver.drive(poll_fn(|context| {
            let outcome = work.as_mut().poll(context);
            others.extend(wakers.try_iter().map(|waker| {
                let word = Arc::clone(&word);
                thread::spawn(move || {
                    word.count.fetch_add(1, Ordering::Relaxed);
                    waker.wake();
                })
            }));
            outcome
        }));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn another_thread_wakes_the_driver_wherever_it_is_and_what_it_did_before_is_seen() {
    woken_by(1, 4);
}

#[test]
fn two_threads_that_wake_it_at_once_are_both_heard() {
    woken_by(2, 2);
}

#[test]
fn a_wake_that_comes_late_does_not_keep_the_next_work_from_its_own() {
    model(3, || {
        let driver = Driver::default();
        let first = Arc::new(Mutex::new(None));
        let taken = Arc::clone(&first);
        driver.drive(poll_fn(move |context| {
            *taken.lock().unwrap() = Some(context.waker().clone());
            Poll::Ready(())
        }));
        // Of work that is over.
        let late = first.lock().unwrap().take().unwrap();
        let late = thread::spawn(move || late.wake());
        let notify = Arc::new(Notify::new());
        let other = Arc::clone(&notify);
        let other = thread::spawn(move || other.notify_one());
        driver.drive(from_elsewhere(async move { notify.notified().await }));
        late.join().unwrap();
        other.join().unwrap();
    });
}
