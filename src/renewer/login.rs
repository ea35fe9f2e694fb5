//! Logging in: by refresh token, SAML session or password, and what the server's answer says.

use super::state::{Core, Grant, RefreshToken};
use crate::cancellation::Cancellation;
use crate::client::{Arguments, Client, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fork::generation;
use crate::operations::{self, Operation};
use crate::secret::Secret;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a login has brought.
pub struct Login {
    pub session: Grant,
    /// By the server's own count.
    pub life: Duration,
    /// A refresh token that was not known before.
    pub refresh_token: Option<Secret>,
}

/// By what a login proves who asks.
enum Proof {
    RefreshToken(Secret),
    SamlSession(Secret),
    Password,
}

const LOGIN: &Operation = operations::named("token.new");
const REVOCATION: &Operation = operations::named("token.revoke");

/// Logs in, by what is cheapest for the server first. `began_ms` is the time before anything is sent.
pub async fn log_in(core: &Core, began_ms: u64, cancellation: &Cancellation) -> Result<Login> {
    let has_password = core.client.has_login();
    if let Some(refresh_token) = core.refresh_token.load_full() {
        let proof = Proof::RefreshToken(refresh_token.secret.clone());
        match by(core, proof, began_ms, cancellation).await {
            // Refused for good: the password is another way.
            Err(error) if is_refused(&error) && has_password => core.refresh_token.store(None),
            outcome => return outcome,
        }
    }
    if let Some(session) = core.settings.saml_session_id.clone()
        && !core.is_saml_over.load(Ordering::Acquire)
    {
        let outcome = by(core, Proof::SamlSession(session), began_ms, cancellation).await;
        let is_over = outcome.as_ref().map_or_else(is_refused, |_| true);
        core.is_saml_over.store(is_over, Ordering::Release);
        match outcome {
            Err(error) if is_refused(&error) && has_password => {}
            outcome => return outcome,
        }
    }
    if !has_password {
        let message =
            "the SAML session has been used, and there is neither a refresh token nor a password to log in with";
        return Err(Error::new(ErrorKind::AuthenticationFailed, message));
    }
    by(core, Proof::Password, began_ms, cancellation).await
}

fn is_refused(error: &Error) -> bool {
    error.kind == ErrorKind::AuthenticationFailed
}

async fn by(core: &Core, proof: Proof, began_ms: u64, cancellation: &Cancellation) -> Result<Login> {
    let settings = &core.settings;
    let text = |arguments: Arguments, name: &'static str, text: Option<&str>| match text {
        Some(text) => arguments.with(name, text),
        None => arguments,
    };
    let mut arguments = Arguments::new();
    if let Some(expiration_s) = settings.expiration_s {
        arguments = arguments.with_json("expiration", &expiration_s.to_string())?;
    }
    arguments = text(arguments, "session_type", settings.mobile.then_some("mobile"));
    arguments = text(arguments, "client_id", settings.client_id.as_deref());
    let without_login;
    let client = if let Proof::Password = proof {
        &core.client
    } else {
        // The client's own user name and password would go along.
        without_login = core.client.with([("username", ""), ("password", "")])?;
        &without_login
    };
    arguments = match &proof {
        Proof::RefreshToken(secret) => arguments.with("refresh_token", secret.0.as_str()),
        Proof::SamlSession(secret) => arguments.with("saml_session_id", secret.0.as_str()),
        Proof::Password => {
            let arguments = text(arguments, "domain_name", settings.domain_name.as_deref());
            text(arguments, "tenant_id", settings.tenant_id.as_deref())
        }
    };
    // A refresh token is not asked for another.
    if settings.offline && !matches!(proof, Proof::RefreshToken(_)) {
        arguments = arguments.with("access_type", "offline");
    }
    let call = client.begin(LOGIN, &arguments)?.cancelled_by(cancellation.clone());
    // Boxed: the task has room for a call only while there is one.
    let outcome = Box::pin(call.run_ahead()).await?;
    read(&outcome, began_ms)
}

/// Reads the answer to a login.
fn read(outcome: &Outcome, began_ms: u64) -> Result<Login> {
    let unexpected = |what: &str| Error::new(ErrorKind::Protocol, format!("token.new: the answer has no {what}"));
    let answer: Value = serde_json::from_str(&outcome.json).map_err(|_| unexpected("JSON"))?;
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let owned = |pointer: &str| text(pointer).map(str::to_owned);
    let time = |pointer: &str| {
        let read = text(pointer).and_then(|text| humantime::parse_rfc3339_weak(text).ok());
        read.ok_or_else(|| unexpected(&format!("valid {}", &pointer[1..])))
    };
    // Both are the server's, so its clock may be wrong. Where it turned back between them, the token has no life.
    let life = time("/utc_expires_at")?.duration_since(time("/utc_issued_at")?).unwrap_or_default();
    let headers = outcome.headers();
    let revoked = headers.iter().find(|(name, _)| name == "wazo-sessions-revoked");
    let session = Grant {
        token: Secret(owned("/token").ok_or_else(|| unexpected("token"))?),
        began_ms,
        expires_ms: began_ms.saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX)),
        user_uuid: owned("/metadata/uuid").or_else(|| owned("/auth_id")),
        tenant_uuid: owned("/metadata/tenant_uuid"),
        session_uuid: owned("/session_uuid"),
        sessions_revoked: revoked.and_then(|(_, value)| value.trim().parse().ok()),
        generation: generation(),
        is_rejected: AtomicBool::new(false),
    };
    Ok(Login { session, life, refresh_token: owned("/refresh_token").map(Secret) })
}

/// Keeps a refresh token; true where it is not the one that is kept already.
pub fn keep_refresh_token(core: &Core, secret: &Secret) -> bool {
    let is_known = core.refresh_token.load().as_ref().is_some_and(|known| known.secret == *secret);
    if !is_known {
        let fresh = RefreshToken { secret: secret.clone(), generation: generation() };
        core.refresh_token.store(Some(Arc::new(fresh)));
    }
    !is_known
}

/// Revokes a token, on the library's thread.
pub async fn revoke(client: &Client, token: &Secret, cancellation: &Cancellation) -> Result<Outcome> {
    let arguments = Arguments::new().with("token", token.0.as_str());
    let call = client.begin(REVOCATION, &arguments)?.cancelled_by(cancellation.clone());
    Box::pin(call.run_ahead()).await
}
