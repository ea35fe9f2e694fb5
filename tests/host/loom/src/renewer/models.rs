//! The renewer: one thread renews, whoever asks; who waits for a token gets one, or is told that there will be none; and
//! the schedule knows of the token that is used.

use super::*;
use crate::client::Client;
use crate::model;
use crate::options::RenewerSettings;
use crate::schedule::renewal::RenewalState;
use crate::stand_ins::login::{LIFE_MS, grant};
use crate::stand_ins::uptime::NOW_MS;
use loom::future::block_on;
use loom::thread;

fn renewer() -> Renewer {
    let settings = RenewerSettings { renew_at_percent: 50, ..RenewerSettings::default() };
    Renewer(Arc::new(Core::new(&Client, settings).unwrap()))
}

/// The schedule and the token that is used tell the same.
fn assert_agree(core: &Core) {
    let is_fresh = core.shared().progress().renewal.state(NOW_MS) == RenewalState::Fresh;
    assert_eq!(core.token().is_some(), is_fresh, "the schedule has another token than the calls");
}

#[test]
fn two_calls_that_wait_for_the_first_token_both_get_it_and_one_login_is_made() {
    model(1, || {
        let renewer = renewer();
        let core = Arc::clone(&renewer.0);
        let other = thread::spawn(move || block_on(valid_token(&core)).unwrap());
        let mine = block_on(valid_token(&renewer.0)).unwrap();
        assert_eq!((mine.0.as_str(), other.join().unwrap().0.as_str()), ("token 1", "token 1"));
        assert_agree(&renewer.0);
    });
}

#[test]
fn a_thread_that_starts_it_has_the_first_token_when_that_returns() {
    model(3, || {
        let renewer = renewer();
        renewer.start(Some(Duration::from_secs(3600))).unwrap();
        assert!(renewer.0.token().is_some());
        assert_agree(&renewer.0);
    });
}

#[test]
fn a_call_whose_token_was_rejected_gets_another_one() {
    model(2, || {
        let renewer = renewer();
        let first = block_on(valid_token(&renewer.0)).unwrap();
        assert!(renewer.0.note_rejected(&first));
        let second = block_on(valid_token(&renewer.0)).unwrap();
        assert_eq!(second.0, "token 2");
        assert_agree(&renewer.0);
    });
}

#[test]
fn a_rejection_that_comes_late_does_no_harm_to_the_next_token() {
    model(4, || {
        let renewer = renewer();
        let (core, shared) = (&renewer.0, renewer.0.shared());
        let random = &shared.random;
        core.current.store(Some(Arc::new(grant("old"))));
        shared.progress().renewal.succeeded(NOW_MS, Duration::from_millis(LIFE_MS), random);
        let late: Vec<_> = (0..2)
            .map(|_| {
                let core = Arc::clone(core);
                thread::spawn(move || core.note_rejected(&Secret("old".to_owned())))
            })
            .collect();
        // As the task does when a login has ended.
        let mut progress = shared.progress();
        progress.renewal.succeeded(NOW_MS, Duration::from_millis(LIFE_MS), random);
        core.current.store(Some(Arc::new(grant("new"))));
        drop(progress);
        let news = late.into_iter().map(|thread| thread.join().unwrap()).filter(|is_news| *is_news).count();
        assert!(news <= 1, "a rejection was told {news} times");
        assert_eq!(core.token().map(|token| token.0).as_deref(), Some("new"));
        assert_agree(core);
    });
}

#[test]
fn closing_ends_the_task_and_everybody_who_waits() {
    model(2, || {
        let renewer = renewer();
        let core = Arc::clone(&renewer.0);
        let waiting = thread::spawn(move || block_on(valid_token(&core)).map_err(|error| error.kind));
        renewer.close(None).unwrap();
        assert!(renewer.0.token().is_none(), "a token is used after the end");
        let came = waiting.join().unwrap();
        // The token came before the end, or none will.
        assert!(matches!(came, Ok(_) | Err(ErrorKind::Closed)));
        // No thread was started behind its back.
        assert!(renewer.0.shared().worker().is_none());
    });
}
