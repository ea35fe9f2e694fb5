//! Options as C sees them.

use super::boundary::guard;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::options::{OPTIONS, Options};
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char};
use std::path::Path;

/// The settings of a client: keys and string values, as in a configuration file.
///
/// Not thread-safe: use it from one thread at a time. Free it with wazo_auth_options_free().
pub struct wazo_auth_options(Options);

impl Handle for wazo_auth_options {
    const TYPE: HandleType = HandleType::Options;
}

impl wazo_auth_options {
    /// The settings.
    pub fn get(&self) -> &Options {
        &self.0
    }
}

/// Creates options with their defaults. Only `host` has no default and must be set.
///
/// @return The options; free them with wazo_auth_options_free().
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_options_new() -> *mut wazo_auth_options {
    contain(std::ptr::null_mut(), || pointer::give(wazo_auth_options(Options::new())))
}

/// Sets one option. docs/options.md and wazo_auth_option_keys() list the keys.
///
/// @param options The options.
/// @param key The key, such as "timeout_ms".
/// @param value The value as a string; "" unsets an option that has no default.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set; false if the key is unknown or the value invalid.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_options_set(
    options: *mut wazo_auth_options,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let options = pointer::borrow_mut("options", options)?;
            options.0.set(pointer::text("key", key)?, pointer::text("value", value)?)?;
            Ok(true)
        })
    }
}

/// Sets options from a URL: `https://alice:secret@host:443/api/auth?timeout_ms=3000`.
///
/// The path is the prefix; the query contains further options.
///
/// @param options The options.
/// @param url The URL.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if they were set.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_options_set_url(
    options: *mut wazo_auth_options,
    url: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            pointer::borrow_mut("options", options)?.0.set_url(pointer::text("url", url)?)?;
            Ok(true)
        })
    }
}

/// Sets options from the environment: first WAZO_AUTH_URL, then WAZO_AUTH_ followed by the key of an option in
/// capitals, such as WAZO_AUTH_TIMEOUT_MS.
///
/// Unset and empty variables are ignored. No other function reads the environment. No other thread may change the
/// environment during the call.
///
/// @param options The options.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if the values of all these variables are valid.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_options_set_from_environment(
    options: *mut wazo_auth_options,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            pointer::borrow_mut("options", options)?.0.set_from_environment()?;
            Ok(true)
        })
    }
}

/// Sets the user name and password from a Wazo key file, which has the lines `service_id: ...` and `service_key: ...`.
///
/// @param options The options.
/// @param path The path of the file, such as "/var/lib/wazo-auth-keys/asterisk-key.yml".
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if they were set.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_options_set_from_key_file(
    options: *mut wazo_auth_options,
    path: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let options = pointer::borrow_mut("options", options)?;
            options.0.set_from_key_file(Path::new(pointer::text("path", path)?))?;
            Ok(true)
        })
    }
}

/// Frees options. Clients created with them are not affected.
///
/// @param options The options, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_options_free(options: *mut wazo_auth_options) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(options) });
}

/// Returns every option.
///
/// @return A JSON list of objects {name, scope, default, doc}; scope is "connection" or "call". Valid as long as the
/// process.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_option_keys() -> *const c_char {
    static TEXT: OnceBox<CString> = OnceBox::new();
    contain(std::ptr::null(), || {
        let keys = || {
            OPTIONS.iter().map(|entry| {
                let (name, scope) = (entry.name, entry.scope.name());
                serde_json::json!({"name": name, "scope": scope, "default": entry.default, "doc": entry.doc})
            })
        };
        TEXT.get_or_init(|| {
            Box::new(CString::new(keys().collect::<serde_json::Value>().to_string()).unwrap_or_default())
        })
        .as_ptr()
    })
}
