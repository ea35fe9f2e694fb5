//! Tests of the check of a thread.

use super::*;
use crate::host::drive::{Driver, sleep_until, turn, want_until, within};
use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;

thread_local! {
    static CHECK: RefCell<Box<dyn FnMut() -> bool>> = RefCell::new(Box::new(|| true));
}

unsafe extern "C" fn call(_: *mut c_void) -> bool {
    // Taken out: a check that waits itself would be called again while it is borrowed.
    let mut check = CHECK.replace(Box::new(|| panic!("the check was called while it ran")));
    let goes_on = check();
    CHECK.set(check);
    goes_on
}

fn set_check(check: impl FnMut() -> bool + 'static) {
    CHECK.set(Box::new(check));
    // SAFETY: it may be called with anything, and these checks do not panic where the tests succeed.
    unsafe { set(Some(call), std::ptr::null_mut()) };
}

/// A call that waits until the check ends it; how often it was polled.
fn until_over() -> u32 {
    let mut polls = 0;
    Driver::default().drive(poll_fn(|_| {
        polls += 1;
        if is_over() {
            return Poll::Ready(polls);
        }
        // Who waits for nothing is polled now and then.
        want_until(now() + Duration::from_secs(3600));
        Poll::Pending
    }))
}

#[test]
fn the_check_ends_the_call_that_runs_and_no_later_one() {
    let mut left = 3;
    set_check(move || {
        left -= 1;
        left > 0
    });
    // A poll to begin with, and one after every question.
    assert_eq!(until_over(), 4);
    assert!(!is_over());
    assert_eq!(Driver::default().drive(async { 7 }), 7);
}

#[test]
fn many_short_waits_of_one_call_are_one_wait_to_the_check() {
    set_check(|| false);
    {
        let _call = Watch::begin();
        while !is_over() {
            Driver::default().drive(within(Duration::from_millis(5), std::future::pending::<()>()));
        }
    }
    assert!(!is_over());
}

#[test]
fn the_check_may_wait_itself_and_is_not_called_for_that() {
    set_check(|| {
        assert_eq!(turn(), None, "nothing runs on this thread");
        Driver::default().drive(async {
            assert!(!is_over());
            sleep_until(now() + 2 * INTERVAL).await;
        });
        false
    });
    assert_eq!(until_over(), 2);
}

#[test]
fn the_check_may_remove_itself_and_the_call_goes_on() {
    set_check(|| {
        // SAFETY: no check.
        unsafe { set(None, std::ptr::null_mut()) };
        true
    });
    let begun = now();
    let mut polls = 0;
    Driver::default().drive(async {
        let mut sleep = std::pin::pin!(sleep_until(begun + 3 * INTERVAL));
        poll_fn(|context| {
            polls += 1;
            sleep.as_mut().poll(context)
        })
        .await;
    });
    assert!((3..10).contains(&polls), "{polls} polls: a check that is gone has no moment that has come");
}

#[test]
fn the_check_of_one_thread_is_nothing_to_another() {
    set_check(|| false);
    let other = std::thread::spawn(|| Driver::default().drive(within(2 * INTERVAL, std::future::pending::<()>())));
    assert_eq!(other.join().unwrap(), None);
    assert_eq!(until_over(), 2);
}

#[cfg(unix)]
#[test]
fn a_signal_has_the_check_asked_before_its_moment() {
    extern "C" fn noted(_: libc::c_int) {}
    // SAFETY: a handler that does nothing, for a signal that nobody else uses here.
    unsafe { libc::signal(libc::SIGUSR2, noted as *const () as libc::sighandler_t) };
    set_check(|| false);
    let waiting = {
        // SAFETY: this thread's own number.
        unsafe { libc::pthread_self() }
    };
    let waiting = usize::try_from(waiting).expect("a small number");
    let (begin, begun) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || {
        begun.recv().unwrap();
        // Again and again: it must come while the wait lasts.
        while ended.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            // SAFETY: the thread lives until this one has ended.
            unsafe { libc::pthread_kill(waiting as libc::pthread_t, libc::SIGUSR2) };
            std::thread::yield_now();
        }
    });
    let watch = Watch::begin();
    // So late that only a signal can be the reason.
    STATE.set(State { next: Some(now() + Duration::from_secs(3600)), ..STATE.get() });
    begin.send(()).unwrap();
    until_over();
    assert!(watch.is_outermost && is_over());
    end.send(()).unwrap();
    other.join().unwrap();
}
