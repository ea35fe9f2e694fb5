//! Options as C sees them.

use super::boundary::guard;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::options::{OPTIONS, Options};
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char};
use std::path::Path;

/// The settings of a client to be: keys and texts, as a configuration file has them.
///
/// To be used by one thread at a time; freed with wazo_auth_options_free().
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

/// Makes options with the defaults; only `host` is missing.
///
/// @return options, freed with wazo_auth_options_free()
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_options_new() -> *mut wazo_auth_options {
    contain(std::ptr::null_mut(), || pointer::give(wazo_auth_options(Options::new())))
}

/// Sets one option. The keys stand in docs/options.md, and in wazo_auth_option_keys().
///
/// @param options options
/// @param key such as "timeout_ms"
/// @param value its value as a text; "" for none
/// @param error where an error is written, or NULL
/// @return true when set; false where key or value is wrong, and the error says what was expected
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

/// Sets what a URL says: https://alice:secret@host:443/api/auth?timeout_ms=3000. The path is the prefix; the query holds
/// further options.
///
/// @param options options
/// @param url the URL
/// @param error where an error is written, or NULL
/// @return true when set
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

/// Sets what the environment says: WAZO_AUTH_URL, then WAZO_AUTH_ and each option's key in capitals, such as
/// WAZO_AUTH_TIMEOUT_MS. Absent and empty variables change nothing. No other function reads the environment. It must not
/// run while another thread changes the environment.
///
/// @param options options
/// @param error where an error is written, or NULL
/// @return true when all that was there was right
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

/// Sets user name and password from a key file of Wazo's, which has the lines `service_id: ...` and `service_key: ...`.
///
/// @param options options
/// @param path of the file, such as "/var/lib/wazo-auth-keys/asterisk-key.yml"
/// @param error where an error is written, or NULL
/// @return true when set
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

/// Frees options. Clients made from them are not concerned.
///
/// @param options options, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_options_free(options: *mut wazo_auth_options) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(options) });
}

/// Every option, as a JSON list of objects: name, scope ("connection" or "call"), default, doc.
///
/// @return a text that lives as long as the library
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
