//! Clients as C sees them.

use super::boundary::guard;
use super::error::wazo_auth_error;
use super::options::wazo_auth_options;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::client::Client;
use crate::error::Error;
use crate::json::Json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ffi::{CString, c_char};

/// A client of one wazo-auth server, with a connection pool.
///
/// Thread-safe: any number of threads may use it at the same time. It works in every child of the process that created
/// it. Free it with wazo_auth_client_free() when no call uses it any more.
pub struct wazo_auth_client {
    /// The client.
    pub client: Client,
    base_url: CString,
}

impl Handle for wazo_auth_client {
    const TYPE: HandleType = HandleType::Client;
}

/// Hands a client to the caller.
pub fn give_client(client: Client) -> *mut wazo_auth_client {
    let base_url = CString::new(client.base_url()).unwrap_or_default();
    pointer::give(wazo_auth_client { client, base_url })
}

/// Creates a client. It opens no connection and starts no thread, but it reads the files that the options name.
///
/// @param options The options; the client keeps a copy.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The client; free it with wazo_auth_client_free(). NULL if an option is invalid or missing.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_new(
    options: *const wazo_auth_options,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_client {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let options = pointer::borrow("options", options)?;
            Client::new(options.get()).map(give_client)
        })
    }
}

/// Creates a client that shares the connection pool of another, with a different value of one option of calls:
/// username, password, token, tenant_uuid, timeout_ms, user_agent, max_response_bytes or retries.
///
/// Use it to serve many users with one connection pool.
///
/// @param client The client.
/// @param key The key of the option.
/// @param value The value as a string; "" or NULL unsets an option that has no default.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A client; free it with wazo_auth_client_free(), before or after the other. NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_with(
    client: *const wazo_auth_client,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_client {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let value = pointer::optional_text("value", value)?.unwrap_or_default();
            client.client.with([(pointer::text("key", key)?, value)]).map(give_client)
        })
    }
}

/// Creates a client like wazo_auth_client_with(), with several options at once.
///
/// @param client The client.
/// @param options_json The options as a JSON object, such as {"token": "...", "timeout_ms": 500}. Values are strings,
/// integers, Booleans, or null, which unsets an option that has no default.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A client; free it with wazo_auth_client_free(), before or after the other. NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_with_json(
    client: *const wazo_auth_client,
    options_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_client {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let json = pointer::text("options_json", options_json)?;
            let expected = || {
                Error::invalid("argument options_json: expected a JSON object of strings, integers, Booleans and nulls")
            };
            let options: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(|_| expected())?;
            let mut changes = Vec::with_capacity(options.len());
            for (key, value) in &options {
                changes.push((
                    key.as_str(),
                    match Json::of(value).ok_or_else(expected)? {
                        Json::Null => String::new(),
                        other => other.into_text().ok_or_else(expected)?,
                    },
                ));
            }
            client.client.with(changes.iter().map(|(key, value)| (*key, value.as_str()))).map(give_client)
        })
    }
}

/// Changes an option of the calls of this client. The change is atomic: a call uses the old value or the new one.
/// Clients that share its connection pool are not affected.
///
/// @param client The client.
/// @param key The key of an option of calls, such as "token".
/// @param value The value as a string; "" or NULL unsets an option that has no default.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was changed.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_client_set(
    client: *const wazo_auth_client,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let client = pointer::borrow("client", client)?;
            let value = pointer::optional_text("value", value)?.unwrap_or_default();
            client.client.set(pointer::text("key", key)?, value)?;
            Ok(true)
        })
    }
}

/// Changes the token of this client: wazo_auth_client_set() with the key "token".
///
/// @param client The client.
/// @param token The token; NULL for none.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was changed.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_client_set_token(
    client: *const wazo_auth_client,
    token: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe { wazo_auth_client_set(client, c"token".as_ptr(), token, error) }
}

/// Returns the URL that precedes the paths of operations, such as "https://host:443/api/auth/0.1", for logs.
///
/// @param client The client, or NULL.
/// @return The URL, valid as long as the client; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_client_base_url(client: *const wazo_auth_client) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { pointer::borrow_optional(client) }.map_or(std::ptr::null(), |client| client.base_url.as_ptr())
}

/// Returns what a client, and the clients that share its connection pool, have done so far: a JSON object of counters.
///
/// The members: `calls` (begun), `in_progress`, `succeeded`, `errors` (an object: the name of a kind and how many calls
/// ended with it), `retries`, `connections_opened`, `connections_reused`, `bytes_received` (response bodies), and
/// `latency_us` with `count`, `mean`, `p50`, `p90`, `p99`, `p999` and `max`: how long calls took, in microseconds, with
/// their repetitions; quantiles are within 5 %.
///
/// Calls that end before anything is sent, because an argument is invalid or the answer is known, are not counted.
/// Always on: counting needs no lock. After fork() the child goes on from its parent's numbers, except for
/// `in_progress`.
///
/// @param client The client.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A JSON object; free it with wazo_auth_string_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_stats(
    client: *const wazo_auth_client,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            pointer::give_text(pointer::borrow("client", client)?.client.statistics())
        })
    }
}

/// Frees a client. The last client that shares a connection pool closes the connections, without waiting for the
/// server.
///
/// @param client The client, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_client_free(client: *mut wazo_auth_client) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(client) });
}
