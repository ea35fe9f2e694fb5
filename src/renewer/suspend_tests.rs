//! What a renewer does after the machine was suspended: the time since its start has gone on, the clock of the event loop
//! has not.

#[path = "../../tests/support/mod.rs"]
#[allow(unreachable_pub, missing_docs, reason = "it is shared with the programs of tests")]
mod support;

use super::state::SUSPENDED_MS;
use super::*;
use crate::client::Arguments;
use crate::options::{Options, ServiceSettings as _};
use support::Simulator;

const DAY_MS: u64 = 24 * 3600 * 1000;

#[test]
fn after_a_suspend_who_asks_for_a_token_does_not_wait_for_a_task_that_sleeps() {
    let server = Simulator::start("secret");
    let mut options = Options::new();
    // Less than the task may sleep.
    options.set_url(&format!("http://admin:secret@127.0.0.1:{}?timeout_ms=8000", server.port)).unwrap();
    let client = Client::new(&options).unwrap();
    let renewer = Renewer::new(&client, RenewerSettings::defaults()).unwrap();
    renewer.start(Some(Duration::from_secs(30))).unwrap();
    let bound = renewer.bind(&client);
    for _ in 0..3 {
        SUSPENDED_MS.fetch_add(DAY_MS, Ordering::SeqCst);
        bound.call_by_name("users.list", &Arguments::new()).unwrap();
    }
    SUSPENDED_MS.fetch_add(DAY_MS, Ordering::SeqCst);
    assert!(renewer.token().is_none(), "it has expired meanwhile");
    let begun = clock::now();
    while renewer.token().is_none() {
        assert!(clock::now() - begun < Duration::from_secs(8), "nobody has woken the task");
        std::thread::yield_now();
    }
}
