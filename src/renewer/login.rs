//! Logging in: by refresh token, SAML session or password, and what the server's answer says.

use super::state::{Core, Grant, RefreshToken};
use crate::cancellation::Cancellation;
use crate::client::{Arguments, Client, Outcome, PendingCall};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fork::generation;
use crate::json::{Json, pointed_at};
use crate::operations::{self, Operation};
use crate::secret::Secret;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// What a login has brought.
pub struct Login {
    pub session: Grant,
    /// By the server's own count.
    pub life: Duration,
    /// What was shown, in a word.
    pub by: &'static str,
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

/// Whether the server says of the proof itself that it is not good, and will say so again: not a proxy's page.
fn is_refused(error: &Error) -> bool {
    error.kind == ErrorKind::AuthenticationFailed || (error.kind == ErrorKind::NotFound && error.error_id.is_some())
}

async fn by(core: &Core, proof: Proof, began_ms: u64, cancellation: &Cancellation) -> Result<Login> {
    let call = prepared(core, &core.client, &proof)?.cancelled_by(cancellation.clone());
    // Boxed: the task has room for a call only while there is one.
    let outcome = Box::pin(call.run_ahead()).await?;
    let by = match &proof {
        Proof::RefreshToken(_) => "refresh_token",
        Proof::SamlSession(_) => "saml_session",
        Proof::Password => "password",
    };
    let headers = outcome.headers();
    let revoked = headers.iter().find(|(name, _)| name == "wazo-sessions-revoked");
    let login = read(&outcome.json, revoked.and_then(|(_, value)| value.trim().parse().ok()), began_ms)?;
    Ok(Login { by, ..login })
}

/// Logs in by a refresh token on this thread, to have a token to delete it with. `None` where the server knows it no more.
pub fn log_in_to_delete(core: &Core, client: &Client, refresh_token: &Secret) -> Result<Option<Secret>> {
    match prepared(core, client, &Proof::RefreshToken(refresh_token.clone()))?.run() {
        Ok(outcome) => Ok(Some(read(&outcome.json, None, 0)?.session.token)),
        Err(error) if is_refused(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The login that shows this proof.
fn prepared(core: &Core, client: &Client, proof: &Proof) -> Result<PendingCall> {
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
    if let Proof::Password = proof {
        return client.begin(LOGIN, &arguments);
    }
    // The client's own user name and password would go along.
    client.with([("username", ""), ("password", "")])?.begin(LOGIN, &arguments)
}

/// Reads the answer to a login.
fn read(answer: &str, sessions_revoked: Option<u64>, began_ms: u64) -> Result<Login> {
    let unexpected = |what: &str| Error::new(ErrorKind::Protocol, format!("token.new: the answer has no {what}"));
    let answer: &RawValue = serde_json::from_str(answer).map_err(|_| unexpected("JSON"))?;
    let text = |pointer: &str| match pointed_at(answer, pointer).and_then(Json::of) {
        Some(Json::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let time = |pointer: &str| {
        let read = text(pointer).and_then(|text| humantime::parse_rfc3339_weak(&text).ok());
        read.ok_or_else(|| unexpected(&format!("valid {}", &pointer[1..])))
    };
    // The server's database keeps whole seconds: the fraction that the answer has is not part of the token's life.
    let expires_s = time("/utc_expires_at")?.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let expires = UNIX_EPOCH + Duration::from_secs(expires_s);
    // Both are the server's, so its clock may be wrong. Where it turned back between them, the token has no life.
    let life = expires.duration_since(time("/utc_issued_at")?).unwrap_or_default();
    let session = Grant {
        token: Secret(text("/token").ok_or_else(|| unexpected("token"))?),
        began_ms,
        expires_ms: began_ms.saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX)),
        user_uuid: text("/metadata/uuid").or_else(|| text("/auth_id")),
        tenant_uuid: text("/metadata/tenant_uuid"),
        session_uuid: text("/session_uuid"),
        sessions_revoked,
        generation: generation(),
        is_rejected: AtomicBool::new(false),
    };
    Ok(Login { session, life, by: "", refresh_token: text("/refresh_token").map(Secret) })
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

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: &str =
        r#""utc_issued_at": "2026-05-01T10:00:00.750000", "utc_expires_at": "2026-05-01T12:00:00.750000""#;

    #[test]
    fn a_life_is_the_difference_of_the_servers_two_dates_up_to_a_whole_second() {
        let login =
            read(&format!(r#"{{"token": "t", {TIMES}, "metadata": {{"tenant_uuid": "m"}}}}"#), Some(2), 1000).unwrap();
        assert_eq!((login.life, login.session.expires_ms), (Duration::from_millis(7_199_250), 7_200_250));
        assert_eq!((login.session.tenant_uuid.as_deref(), login.session.sessions_revoked), (Some("m"), Some(2)));
        for wrong in [r#"{"token": "t"}"#.to_owned(), format!("{{{TIMES}}}"), "no JSON".to_owned()] {
            let error = read(&wrong, None, 0).map(|login| login.life).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol, "{error}");
        }
    }

    #[test]
    fn no_name_in_an_answer_is_an_instruction() {
        let magic =
            format!(r#"{{"$serde_json::private::RawValue": "{}", "token": "t", {TIMES}}}"#, "[".repeat(100_000));
        assert_eq!(read(&magic, None, 0).map(|login| login.session.token.0).unwrap(), "t");
    }

    #[test]
    fn a_proof_is_refused_by_the_server_and_not_by_a_page_of_a_proxy() {
        let mut error = Error::new(ErrorKind::NotFound, "a page");
        assert!(!is_refused(&error));
        error.error_id = Some("unknown-refresh-token".to_owned());
        assert!(is_refused(&error) && is_refused(&Error::new(ErrorKind::AuthenticationFailed, "wrong")));
        assert!(!is_refused(&Error::new(ErrorKind::Connect, "down")));
    }
}
