//! Verifiers as C sees them.

use super::boundary::guard;
use super::client::wazo_auth_client;
use super::error::wazo_auth_error;
use super::panic::{contain, contain_quick};
use super::pointer::{self, Handle, HandleType};
use super::queue::wazo_auth_queue;
use crate::error::{Error, Result};
use crate::options::{ServiceSettings, VerifierSettings};
use crate::verifier::{Revoke, Verdict, Verifier};
use std::ffi::{c_char, c_void};

/// Checks other people's tokens, and remembers what the server said.
///
/// One request brings all that is needed to decide about a token; later questions about it are answered from memory.
/// However many threads ask about the same token at the same time, one request is made. Tokens are not stored, only
/// keyed hashes of them.
///
/// Thread-safe. A verifier that was created before fork() works in every child; with the option `shared`, all these
/// processes use one memory, and one of them asks for all. Free it with wazo_auth_verifier_free().
pub struct wazo_auth_verifier(Verifier);

impl Handle for wazo_auth_verifier {
    const TYPE: HandleType = HandleType::Verifier;
}

/// What was decided about a token. The numbers never change; new verdicts are appended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum wazo_auth_verdict_t {
    /// It is not known, or could not be found out.
    WAZO_AUTH_VERDICT_UNKNOWN = 0,
    /// The token is valid, has the access, and may be used in the tenant.
    WAZO_AUTH_VERDICT_ALLOWED = 1,
    /// The token is unknown or has expired.
    WAZO_AUTH_VERDICT_INVALID_TOKEN = 2,
    /// The token is valid, but lacks the access.
    WAZO_AUTH_VERDICT_MISSING_ACCESS = 3,
    /// The token is valid and has the access, but may not be used in the tenant.
    WAZO_AUTH_VERDICT_WRONG_TENANT = 4,
}

impl From<Verdict> for wazo_auth_verdict_t {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unknown => Self::WAZO_AUTH_VERDICT_UNKNOWN,
            Verdict::Allowed => Self::WAZO_AUTH_VERDICT_ALLOWED,
            Verdict::InvalidToken => Self::WAZO_AUTH_VERDICT_INVALID_TOKEN,
            Verdict::MissingAccess => Self::WAZO_AUTH_VERDICT_MISSING_ACCESS,
            Verdict::WrongTenant => Self::WAZO_AUTH_VERDICT_WRONG_TENANT,
        }
    }
}

/// Creates a verifier. It opens no connection, starts no thread and asks nothing; it reserves its memory.
///
/// Create it before fork() if child processes are to share it (option `shared`).
///
/// @param client The client that asks the server; it needs no token. It may be freed before the verifier.
/// @param options_json The options as a JSON object, such as {"ttl_ms": 60000, "shared": true}; NULL for the defaults.
/// docs/options.md lists them.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The verifier; free it with wazo_auth_verifier_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_new(
    client: *const wazo_auth_client,
    options_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_verifier {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let settings = match pointer::optional_text("options_json", options_json)? {
                Some(json) => VerifierSettings::from_json(json)?,
                None => VerifierSettings::defaults(),
            };
            Ok(pointer::give(wazo_auth_verifier(Verifier::new(&client.client, &settings)?)))
        })
    }
}

/// The question of a C program.
struct Asked<'a> {
    verifier: &'a Verifier,
    token: std::borrow::Cow<'a, str>,
    access: Option<&'a str>,
    tenant: Option<&'a str>,
}

/// # Safety
/// The header's contract.
unsafe fn asked<'a>(
    verifier: *const wazo_auth_verifier,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
) -> Result<Asked<'a>> {
    // SAFETY: the caller's promise.
    unsafe {
        Ok(Asked {
            verifier: &pointer::borrow("verifier", verifier)?.0,
            token: pointer::foreign("token", token)?,
            access: pointer::optional_text("required_access", required_access)?,
            tenant: pointer::optional_text("tenant_uuid", tenant_uuid)?,
        })
    }
}

/// What is known; nothing for an argument that is not what it must be.
///
/// # Safety
/// The header's contract.
unsafe fn peeked(
    verifier: *const wazo_auth_verifier,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
) -> Verdict {
    contain_quick(Verdict::Unknown, || {
        // SAFETY: the caller's promise.
        match unsafe { asked(verifier, token, required_access, tenant_uuid) } {
            Ok(asked) if asked.access != Some("") && asked.tenant != Some("") => {
                asked.verifier.peek(&asked.token, asked.access, asked.tenant)
            }
            _ => Verdict::Unknown,
        }
    })
}

/// Asks whether a token is valid, has an access, and may be used in a tenant. Asks the server only if that is not known.
///
/// If the server cannot be asked, the answer is false, with an error, unless the option `stale_ms` allows an older
/// answer. After several failures the server is left alone for a while: then the function fails at once, with
/// ::WAZO_AUTH_ERROR_UNAVAILABLE.
///
/// Example: if (wazo_auth_verifier_check(verifier, token, "sip.alice.register", NULL, NULL, &error)) { ... }
///
/// @param verifier The verifier.
/// @param token The token; it may come from the network, and may be any string.
/// @param required_access The access, such as "confd.users.read"; NULL to check no access.
/// @param tenant_uuid The UUID of the tenant in which the token must be valid; NULL to check no tenant.
/// @param verdict Receives what was decided; NULL if you do not need it.
/// @param error Receives the error if it could not be found out; NULL if you do not need it.
/// @return true only for yes. false for no, and on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_check(
    verifier: *const wazo_auth_verifier,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
    verdict: *mut wazo_auth_verdict_t,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        let known = peeked(verifier, token, required_access, tenant_uuid);
        pointer::put_value(verdict, known.into());
        if known != Verdict::Unknown {
            return known == Verdict::Allowed;
        }
        guard(error, false, || {
            let asked = asked(verifier, token, required_access, tenant_uuid)?;
            let decided = asked.verifier.check(&asked.token, asked.access, asked.tenant)?;
            pointer::put_value(verdict, decided.into());
            Ok(decided == Verdict::Allowed)
        })
    }
}

/// Asks like wazo_auth_verifier_check(), but only the memory: it never blocks, makes no system call and no request.
///
/// @param verifier The verifier.
/// @param token The token; any string.
/// @param required_access The access; NULL to check no access.
/// @param tenant_uuid The UUID of the tenant; NULL to check no tenant.
/// @param verdict Receives what is known, ::WAZO_AUTH_VERDICT_UNKNOWN if nothing; NULL if you do not need it.
/// @return true only for a yes that is known. false for no, if it is not known, and for an invalid argument.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_peek(
    verifier: *const wazo_auth_verifier,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
    verdict: *mut wazo_auth_verdict_t,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        let known = peeked(verifier, token, required_access, tenant_uuid);
        pointer::put_value(verdict, known.into());
        known == Verdict::Allowed
    }
}

/// Asks like wazo_auth_verifier_check(), and tells whose the token is, so that you can compare it with what the token
/// is used for.
///
/// @param verifier The verifier.
/// @param token The token; any string.
/// @param required_access The access; NULL to check no access.
/// @param tenant_uuid The UUID of the tenant; NULL to check no tenant.
/// @param decision_json Receives a JSON object {verdict, is_stale, user_uuid, tenant_uuid, session_uuid, auth_id,
/// metadata}, for yes and for no; verdict is "allowed", "invalid_token", "missing_access" or "wrong_tenant"; the others
/// are null for an invalid token. NULL on failure. Free it with wazo_auth_string_free().
/// @param error Receives the error if it could not be found out; NULL if you do not need it.
/// @return true only for yes. false for no, and on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 5)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_decide(
    verifier: *const wazo_auth_verifier,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
    decision_json: *mut *mut c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        pointer::put_value(decision_json, std::ptr::null_mut());
        guard(error, false, || {
            if decision_json.is_null() {
                return Err(Error::invalid("argument decision_json: it is NULL; expected a place for a string"));
            }
            let asked = asked(verifier, token, required_access, tenant_uuid)?;
            let decision = asked.verifier.decide(&asked.token, asked.access, asked.tenant)?;
            pointer::put_value(decision_json, pointer::give_text(decision.to_json())?);
            Ok(decision.is_allowed())
        })
    }
}

/// Asks like wazo_auth_verifier_decide(), but only the memory: it never blocks and makes no request.
///
/// @param verifier The verifier.
/// @param token The token; any string.
/// @param required_access The access; NULL to check no access.
/// @param tenant_uuid The UUID of the tenant; NULL to check no tenant.
/// @param decision_json Receives the JSON object of wazo_auth_verifier_decide(). NULL if it is not known, and for an
/// invalid argument. Free it with wazo_auth_string_free().
/// @return true only for a yes that is known.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 5)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_peek_decision(
    verifier: *const wazo_auth_verifier,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
    decision_json: *mut *mut c_char,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        pointer::put_value(decision_json, std::ptr::null_mut());
        guard(std::ptr::null_mut(), false, || {
            let asked = asked(verifier, token, required_access, tenant_uuid)?;
            if decision_json.is_null() || asked.access == Some("") || asked.tenant == Some("") {
                return Ok(false);
            }
            let known = asked.verifier.peek_decision(&asked.token, asked.access, asked.tenant);
            let Some(decision) = known else { return Ok(false) };
            pointer::put_value(decision_json, pointer::give_text(decision.to_json())?);
            Ok(decision.is_allowed())
        })
    }
}

/// Asks on a queue. It never blocks; if the answer is known, its completion is in the queue when the function returns.
///
/// The result of the completion is the JSON object of wazo_auth_verifier_decide(), and wazo_auth_completion_is_yes()
/// returns true only for yes.
///
/// @param verifier The verifier; it may be freed before the completion arrives.
/// @param queue The queue.
/// @param token The token; any string.
/// @param required_access The access; NULL to check no access.
/// @param tenant_uuid The UUID of the tenant; NULL to check no tenant.
/// @param user_data A pointer for wazo_auth_completion_user_data(); the library does not use it.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The number of the call. 0 on failure, as for wazo_auth_queue_submit().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 3)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_submit(
    verifier: *const wazo_auth_verifier,
    queue: *mut wazo_auth_queue,
    token: *const c_char,
    required_access: *const c_char,
    tenant_uuid: *const c_char,
    user_data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> u64 {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, 0, || {
            let queue = pointer::borrow("queue", queue)?;
            let asked = asked(verifier, token, required_access, tenant_uuid)?;
            asked.verifier.submit(queue.get(), &asked.token, asked.access, asked.tenant, user_data as usize)
        })
    }
}

/// Forgets what is known. When the function returns, no decision is made by an answer that was asked for before, in any
/// process that shares the verifier, not even by one that arrives later.
///
/// @param verifier The verifier.
/// @param kind What `id` is: "token", "session", "user", "tenant", or "all".
/// @param id The token, or the UUID; NULL for "all".
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was forgotten; false if an argument is invalid.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_verifier_invalidate(
    verifier: *const wazo_auth_verifier,
    kind: *const c_char,
    id: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let verifier = pointer::borrow("verifier", verifier)?;
            let (kind, id) = (pointer::text("kind", kind)?, pointer::optional_text("id", id)?);
            let id = |kind: &str| {
                id.ok_or_else(|| Error::invalid(format!("argument id: it is NULL; expected the {kind} to forget")))
            };
            verifier.0.invalidate(match kind {
                "token" => Revoke::Token(id(kind)?),
                "session" => Revoke::Session(id(kind)?),
                "user" => Revoke::User(id(kind)?),
                "tenant" => Revoke::Tenant(id(kind)?),
                "all" => Revoke::All,
                _ => return Err(Error::invalid("argument kind: expected token, session, user, tenant or all")),
            });
            Ok(true)
        })
    }
}

/// Applies a message of wazo-auth's bus (RabbitMQ), as it is: auth_session_deleted ends what is known of the tokens of
/// that session; messages about tenants end what is known of these. bindings/c/revocation_listener.c shows how to
/// receive them.
///
/// @param verifier The verifier.
/// @param event_json The body of the message, {"name": "auth_session_deleted", "data": {"uuid": ...}, ...}.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if something was forgotten. false without an error for a message that says nothing about tokens, and
/// with an error if it is no message.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_verifier_apply_event(
    verifier: *const wazo_auth_verifier,
    event_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let verifier = pointer::borrow("verifier", verifier)?;
            verifier.0.apply_event(pointer::text("event_json", event_json)?)
        })
    }
}

/// Returns what was counted since the verifier was created; of a shared verifier, in all processes together.
///
/// @param verifier The verifier.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A JSON object {hits, misses, coalesced, stale, errors, evictions, outdated, invalidations, entries,
/// bytes, age_ms, is_open}: misses are requests to the server, entries the tokens in memory, bytes the reserved
/// memory, age_ms the age of the verifier; is_open says that the server failed and is left alone. Free it with
/// wazo_auth_string_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_verifier_stats(
    verifier: *const wazo_auth_verifier,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || pointer::give_text(pointer::borrow("verifier", verifier)?.0.statistics()))
    }
}

/// Frees a verifier. Questions in progress on queues still end.
///
/// @param verifier The verifier, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_verifier_free(verifier: *mut wazo_auth_verifier) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(verifier) });
}
