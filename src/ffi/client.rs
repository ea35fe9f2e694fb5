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

/// A client of one wazo-auth.
///
/// Any number of threads may use it at once, and every child of the process that made it. Freed with
/// wazo_auth_client_free(), when no call of it runs any more.
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

/// Makes a client. Nothing is connected and no thread is started; files that the options name are read.
///
/// @param options what it is to be; not needed any more afterwards
/// @param error where an error is written, or NULL
/// @return a client, freed with wazo_auth_client_free(); NULL where an option is wrong or missing
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

/// Makes a handle that shares a client's connections and differs in one option of its calls: username, password, token,
/// tenant_uuid, timeout_ms, user_agent, max_response_bytes or retries. One pool serves many identities so.
///
/// @param client a client
/// @param key of the option
/// @param value its value as a text; "" or NULL for none
/// @param error where an error is written, or NULL
/// @return a client of its own right, freed with wazo_auth_client_free() before or after the other; NULL on failure
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

/// The same with several options at once, given as a JSON object: {"token": "...", "timeout_ms": 500}.
///
/// @param client a client
/// @param options_json the options; values are texts, numbers, truth values, or null for none
/// @param error where an error is written, or NULL
/// @return a client of its own right, freed with wazo_auth_client_free() before or after the other; NULL on failure
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
            let expected = || Error::invalid("argument options_json: expected a JSON object of texts and numbers");
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

/// Changes an option of the calls of this handle, at once and whole: a call has the old value or the new one. Handles
/// derived from it keep theirs.
///
/// @param client a client
/// @param key of an option of calls, such as "token"
/// @param value its value as a text; "" or NULL for none
/// @param error where an error is written, or NULL
/// @return true when changed
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

/// Changes the token of this handle's calls; the same as wazo_auth_client_set() with "token".
///
/// @param client a client
/// @param token the token; NULL for none
/// @param error where an error is written, or NULL
/// @return true when changed
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

/// The URL that the paths of operations are put behind, such as "https://host:443/api/auth/0.1", for logs.
///
/// @param client a client, or NULL
/// @return a text that lives as long as the handle; NULL for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_client_base_url(client: *const wazo_auth_client) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { pointer::borrow_optional(client) }.map_or(std::ptr::null(), |client| client.base_url.as_ptr())
}

/// Frees a handle. The last of those that share connections closes them, without a word to the server.
///
/// @param client a client, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_client_free(client: *mut wazo_auth_client) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(client) });
}
