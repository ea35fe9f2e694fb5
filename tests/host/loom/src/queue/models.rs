//! The queue: no completion is lost, nobody waits for one that is there, and a host that goes by the descriptor alone gets
//! each of them.

use super::*;
use crate::model;
use crate::stand_ins::CHILD;
use loom::thread;

fn queue(limit: usize) -> Arc<Queue> {
    let slots = std::iter::repeat_with(Slot::default).take(limit).collect();
    let (refused, logged_full_ms) = (AtomicU64::new(0), AtomicU64::new(0));
    let queue = Queue { slots, next_id: AtomicU64::new(1), refused, logged_full_ms, process: PerProcess::new() };
    queue.state().unwrap();
    Arc::new(queue)
}

/// A thread in which a call is submitted that ends at once.
fn submitting(queue: &Arc<Queue>, number: u64) -> thread::JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        queue.submit_known("a call", number as usize, Outcome(number)).unwrap();
    })
}

/// What a completion has brought, whose parts must belong together.
fn number(completion: Completion) -> u64 {
    let Outcome(number) = completion.outcome.unwrap();
    assert_eq!(completion.user_data as u64, number);
    number
}

#[test]
fn a_thread_that_waits_gets_every_completion_whoever_brings_them() {
    model(3, || {
        let queue = queue(2);
        let threads = [submitting(&queue, 1), submitting(&queue, 2)];
        let mut seen: Vec<_> = (0..2).map(|_| number(queue.next(None).unwrap().unwrap())).collect();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_host_that_waits_for_the_descriptor_alone_gets_every_completion() {
    model(3, || {
        let queue = queue(2);
        let readable = queue.state().unwrap().shared.lock().event.readable();
        let threads = [submitting(&queue, 1), submitting(&queue, 2)];
        let mut seen = 0;
        while seen < 2 {
            readable.wait();
            // One at a time: it is readable as long as there is another.
            seen += usize::from(queue.next(Some(Duration::ZERO)).unwrap().is_some());
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // Nothing is left, and nothing says that something is.
        assert!(!readable.is() && queue.next(Some(Duration::ZERO)).unwrap().is_none());
    });
}

#[test]
fn a_queue_that_is_closed_lets_everybody_go_who_waits() {
    model(3, || {
        let queue = queue(1);
        let waiting = Arc::clone(&queue);
        let waiting = thread::spawn(move || waiting.next(None).unwrap().is_none());
        queue.close().unwrap();
        assert!(waiting.join().unwrap());
        assert!(queue.submit_known("late", 0, Outcome(0)).is_err());
    });
}

#[test]
fn a_call_that_was_accepted_before_the_end_is_taken_before_the_end_is_told() {
    model(2, || {
        let queue = queue(1);
        let submitting = Arc::clone(&queue);
        let submitting = thread::spawn(move || submitting.submit_known("a call", 1, Outcome(1)).is_ok());
        let closing = Arc::clone(&queue);
        let closing = thread::spawn(move || closing.close().unwrap());
        let taken = queue.next(None).unwrap().map(number);
        assert_eq!(taken.is_some(), submitting.join().unwrap(), "a call was accepted and never ended");
        closing.join().unwrap();
    });
}

#[test]
fn a_wake_up_is_called_for_what_comes_to_an_empty_queue_and_never_after_it_was_removed() {
    model(2, || {
        let queue = queue(1);
        let woken = std::sync::Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let count = woken.clone();
        queue
            .set_wake_up(Some(Arc::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
            })))
            .unwrap();
        let submitting = submitting(&queue, 1);
        queue.set_wake_up(None).unwrap();
        let removed = woken.load(Ordering::Relaxed);
        submitting.join().unwrap();
        assert!(removed <= 1 && woken.load(Ordering::Relaxed) == removed, "it was called after it was removed");
        assert_eq!(queue.next(None).unwrap().map(number), Some(1));
    });
}

#[test]
fn a_child_finds_of_each_call_of_its_parent_what_the_host_gave_along() {
    model(4, || {
        let queue = queue(2);
        let submitting = submitting(&queue, 7);
        let slots = Arc::clone(&queue.slots);
        let child = thread::spawn(move || {
            CHILD.with(|child| child.set(2));
            let shared = Shared::new(slots).unwrap();
            let inner = shared.lock();
            assert_eq!(inner.ended.len() + inner.free.len(), 2);
            for (_, completion) in &inner.ended {
                assert_eq!((completion.user_data, completion.id), (7, 1));
                assert!(completion.outcome.is_err() && inner.event.readable().is());
            }
        });
        submitting.join().unwrap();
        child.join().unwrap();
    });
}

#[test]
fn a_call_that_ends_while_its_thread_is_told_as_lost_has_one_completion() {
    model(3, || {
        let queue = queue(1);
        let state = queue.state().unwrap();
        let delivery = queue.enter(state, "a call", 1, true, Cancellation::new(), 0).unwrap();
        let carrying = thread::spawn(move || {
            delivery.begin();
            delivery.bring(Ok(Outcome(1)));
        });
        crate::worker::Concerned::is_bereft(Arc::clone(&state.shared), &state.worker);
        let completion = queue.next(None).unwrap().unwrap();
        assert_eq!((completion.id, completion.user_data), (1, 1));
        carrying.join().unwrap();
        assert!(queue.next(Some(Duration::ZERO)).unwrap().is_none(), "a call has ended twice");
        assert_eq!(state.shared.lock().free, [0]);
    });
}
