//! Logging out: everything that this process has got is ended at the server. What has failed is left for another try.

use super::login;
use super::state::{Core, RefreshToken, uptime_ms};
use crate::client::{Arguments, Client};
use crate::clock::{self, Deadline};
use crate::error::Result;
use crate::host::fork::generation;
use crate::secret::Secret;
use std::sync::atomic::Ordering;

/// Deletes the refresh token, then revokes the tokens. It is a success only where nothing is left. The renewals have ended.
pub fn log_out(core: &Core, deadline: Deadline) -> Result<()> {
    let mut outcome = delete_refresh_token(core, deadline);
    let replaced = core.known().map(|shared| shared.progress().replaced.clone()).unwrap_or_default();
    for (_, token) in replaced {
        let revoked = revoke(core, &token, deadline);
        if let (Ok(()), Some(shared)) = (&revoked, core.known()) {
            shared.progress().replaced.retain(|(_, known)| *known != token);
        }
        outcome = outcome.and(revoked);
    }
    let session = core.current.load_full().filter(|session| session.is_own() && session.is_valid(uptime_ms()));
    if let Some(session) = session {
        let revoked = revoke(core, &session.token, deadline);
        session.is_rejected.fetch_or(revoked.is_ok(), Ordering::AcqRel);
        outcome = outcome.and(revoked);
    }
    outcome
}

fn delete_refresh_token(core: &Core, deadline: Deadline) -> Result<()> {
    let is_own = |kept: &RefreshToken| kept.generation == generation();
    let Some(kept) = core.refresh_token.load_full().filter(|kept| is_own(kept)) else { return Ok(()) };
    let Some(client_id) = &core.settings.client_id else { return Ok(()) };
    let session = core.current.load_full().filter(|session| session.is_valid(uptime_ms()));
    // Without a token nothing is deleted; the refresh token itself is good for one.
    let is_extra = session.is_none();
    let token = match session {
        Some(session) => Some(session.token.clone()),
        None => login::log_in_to_delete(core, &client(core, deadline, None)?, &kept.secret)?,
    };
    let Some(token) = token else {
        // The server knows it no more.
        core.refresh_token.store(None);
        return Ok(());
    };
    let arguments = Arguments::new().with("user_uuid", "me").with("client_id", client_id.as_str());
    let deleted = client(core, deadline, Some(&token))?.call_by_name("token.delete", &arguments);
    let mut outcome = match deleted {
        // Somebody else has deleted it.
        Err(error) if error.status() != 404 => Err(error),
        _ => {
            core.refresh_token.store(None);
            Ok(())
        }
    };
    if is_extra {
        outcome = outcome.and(revoke(core, &token, deadline));
    }
    outcome
}

fn revoke(core: &Core, token: &Secret, deadline: Deadline) -> Result<()> {
    let arguments = Arguments::new().with("token", token.0.as_str());
    client(core, deadline, None)?.call_by_name("token.revoke", &arguments).map(|_| ())
}

/// A client whose calls end within what is left of the time.
fn client(core: &Core, deadline: Deadline, token: Option<&Secret>) -> Result<Client> {
    let left = deadline.left(clock::now()).map(|left| left.as_millis().max(1).to_string());
    let changes = left.iter().map(|left| ("timeout_ms", left.as_str()));
    core.client.with(changes.chain(token.map(|token| ("token", token.0.as_str()))))
}
