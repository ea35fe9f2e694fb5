//! Waiting until the server is ready: at the start of a host, which may be up before it.

use super::probe::probe;
use crate::client::Client;
use crate::clock::{self, Deadline};
use crate::error::{ErrorKind, Result};
use crate::host::interrupt::Watch;
use crate::schedule::{Backoff, Random};
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A probe with less time than this would say nothing but that.
const SHORTEST_PROBE: Duration = Duration::from_millis(100);

/// Returns when the server says that it is ready. At the deadline it returns the error of the last probe; earlier where a
/// cancellation of the client ends it, or where waiting helps nothing (an invalid option, a fault of this library).
pub fn wait_until_ready(client: &Client, timeout: Option<Duration>) -> Result<()> {
    // One call to the thread's check, however many probes it is.
    let _watch = Watch::begin();
    let deadline = Deadline::after(clock::now(), timeout);
    let (mut backoff, random) = (Backoff::new(FIRST_PAUSE, LONGEST_PAUSE), Random::from_system());
    loop {
        let client = patient(client, deadline.left(clock::now()))?;
        let Err(error) = probe(&client)?.run() else { return Ok(()) };
        if is_final(error.kind) {
            return Err(error);
        }
        let pause = backoff.failed(&random);
        let pause = match deadline.left(clock::now()) {
            Some(left) if left <= SHORTEST_PROBE => return Err(error),
            // One more probe before the end.
            Some(left) => pause.min(left.saturating_sub(SHORTEST_PROBE)),
            None => pause,
        };
        client.pause(pause)?;
    }
}

/// The client of a probe, which ends in time and is not repeated by itself.
fn patient(client: &Client, left: Option<Duration>) -> Result<Client> {
    let no_retries = client.with([("retries", "0")])?;
    let Some(left) = left else { return Ok(no_retries) };
    let left = left.max(Duration::from_millis(1));
    match client.timeout() {
        Some(own) if own <= left => Ok(no_retries),
        _ => no_retries.with([("timeout_ms", left.as_millis().to_string().as_str())]),
    }
}

/// Errors that time does not mend.
fn is_final(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidArgument | ErrorKind::Cancelled | ErrorKind::Closed | ErrorKind::Internal)
}
