//! The task that renews: it runs on the library's thread, and waits for what the schedule says.

use super::login::{self, Login};
use super::state::{ALIVE, Core, Grant, Shared, tell, uptime_ms};
use crate::error::{Error, ErrorKind, Result};
use crate::host::drive::within;
use crate::log::{Level, call_id, event, log, status, tail};
use crate::secret::Secret;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The event loop's clock stops while the machine is suspended: so the time is looked at so often.
const LONGEST_SLEEP_MS: u64 = 15_000;

/// How long calls may still use a token whose place another has taken, before it is revoked.
const GRACE_MS: u64 = 10_000;

/// What is to be done next.
enum Step {
    End,
    Renew(u64),
    Revoke(Secret),
    Sleep(Duration),
}

/// Renews until the renewer ends.
pub async fn keep(core: Arc<Core>) {
    let Some(shared) = core.known() else { return };
    // What ends with the renewer itself, such as a login that is cut off, is no news to anybody.
    while core.life.load(Ordering::Acquire) == ALIVE {
        shared.report();
        match step(&core, shared) {
            Step::End => return,
            Step::Renew(began_ms) => {
                let outcome = login::log_in(&core, began_ms, &shared.cancellation).await;
                settle(&core, shared, began_ms, outcome);
            }
            // By a task of its own: no renewal waits for it. Should it fail, the token lives until it expires; the log has it.
            Step::Revoke(token) => {
                let core = Arc::clone(&core);
                tokio::spawn(async move {
                    if let Some(shared) = core.known() {
                        drop(login::revoke(&core.client, &token, &shared.cancellation).await);
                    }
                });
            }
            Step::Sleep(length) => drop(within(length, shared.woken.notified()).await),
        }
    }
}

fn step(core: &Core, shared: &Shared) -> Step {
    let now_ms = uptime_ms();
    let mut progress = shared.progress();
    if core.life.load(Ordering::Acquire) != ALIVE {
        return Step::End;
    }
    let due_ms = progress.renewal.due_ms().unwrap_or(u64::MAX);
    if due_ms <= now_ms {
        progress.renewal.begin(now_ms);
        return Step::Renew(now_ms);
    }
    if let Some(at) = progress.replaced.iter().position(|(at_ms, _)| *at_ms <= now_ms) {
        return Step::Revoke(progress.replaced.swap_remove(at).1);
    }
    // The end of the token changes the state.
    let expires_ms = progress.renewal.expires_ms().filter(|expires_ms| *expires_ms > now_ms);
    let moments = progress.replaced.iter().map(|(at_ms, _)| *at_ms).chain(expires_ms).chain([due_ms]);
    let next_ms = moments.min().unwrap_or(u64::MAX);
    Step::Sleep(Duration::from_millis((next_ms - now_ms).min(LONGEST_SLEEP_MS)))
}

/// Notes what an attempt came to, and tells all who wait for it or listen.
fn settle(core: &Core, shared: &Shared, began_ms: u64, outcome: Result<Login>) {
    let now_ms = uptime_ms();
    let mut progress = shared.progress();
    let (mut token, mut refresh_token, mut renewed) = (None, None, None);
    match outcome {
        Ok(login) => {
            // A refresh token is good however late it comes.
            refresh_token = login.refresh_token.filter(|secret| login::keep_refresh_token(core, secret));
            if progress.renewal.succeeded(now_ms, login.life, &shared.random).is_some() {
                token = Some(login.session.token.clone());
                let replaced = core.current.swap(Some(Arc::new(login.session)));
                progress.renewals += 1;
                progress.last_error = None;
                renewed = Some((login.by, login.life, now_ms.saturating_sub(began_ms)));
                if let Some(replaced) = replaced.filter(|replaced| core.settings.revoke_replaced && replaced.is_own()) {
                    progress.replaced.extend(revocation(&replaced, now_ms));
                }
            } else {
                let message = "token.new: the token had expired when it came; is the server too slow, or its clock \
                               wrong?";
                progress.failures += 1;
                progress.last_error = Some(Error::new(ErrorKind::Protocol, message));
            }
        }
        Err(error) => {
            progress.renewal.failed(now_ms, &shared.random);
            progress.failures += 1;
            progress.last_error = Some(error);
        }
    }
    let next_ms = progress.renewal.due_ms().map(|due_ms| due_ms.saturating_sub(now_ms));
    let (renewals, failures, failed) = (progress.renewals, progress.failures, progress.last_error.clone());
    drop(progress);
    shared.tell();
    if let (Some(token), Some((by, life, took_ms))) = (&token, renewed) {
        log(Level::Info, &event::RENEWAL_SUCCEEDED, || {
            let (server, token, life_s) = (core.client.base_url(), tail(&token.0), life.as_secs());
            let next = next_ms.map_or(String::new(), |next_ms| format!(", the next in {} s", next_ms / 1000));
            let message = format!("renewer: a new token {token} by {by}, valid for {life_s} s{next}");
            let fields = [
                server.into(),
                token.into(),
                by.into(),
                took_ms.saturating_mul(1000).into(),
                life_s.into(),
                next_ms.into(),
                renewals.into(),
            ];
            (message, fields)
        });
    }
    if core.life.load(Ordering::Acquire) != ALIVE {
        return;
    }
    if let Some(error) = failed {
        log_failed(core, &error, next_ms, failures);
    }
    // Who stores it should have it before anything else happens.
    if let Some(refresh_token) = refresh_token {
        tell(&shared.on_refresh_token, &refresh_token.0);
    }
    if let Some(token) = token {
        tell(&shared.on_change, &token.0);
    }
}

/// Logs an attempt that failed; while the old token is valid, nothing else has.
fn log_failed(core: &Core, error: &Error, next_ms: Option<u64>, failures: u64) {
    let has_token = core.token().is_some();
    let level = if has_token { Level::Warning } else { Level::Error };
    log(level, &event::RENEWAL_FAILED, || {
        let next = next_ms.map_or(String::new(), |next_ms| format!("; the next attempt in {next_ms} ms"));
        let state = if has_token { "the token is still valid" } else { "there is no valid token" };
        let message = format!("renewer: the renewal failed and {state}: {}{next}", error.message);
        let fields = [
            core.client.base_url().into(),
            call_id(error),
            status(error),
            error.kind.name().into(),
            has_token.into(),
            next_ms.into(),
            failures.into(),
        ];
        (message, fields)
    });
}

/// When a token that was replaced is revoked, where that is of use.
fn revocation(replaced: &Grant, now_ms: u64) -> Option<(u64, Secret)> {
    replaced.is_valid(now_ms).then(|| {
        let left_ms = replaced.expires_ms - now_ms;
        (now_ms + GRACE_MS.min(left_ms / 2), replaced.token.clone())
    })
}
