//! Just enough of JSON for a C program without a JSON library: to take a value out of an answer, and to put a text into a
//! body. What people write for that by hand is `strstr` and `sprintf`, and both are holes.

use super::boundary::guard;
use super::error::wazo_auth_error;
use super::pointer;
use crate::client::Error;
use serde_json::Value;
use std::ffi::c_char;

/// Takes a value out of a JSON text.
///
/// Example: char *token = wazo_auth_json_get(answer, "/token", &error);
///
/// @param json a JSON text
/// @param path where the value stands, as a JSON Pointer (RFC 6901): "/token", "/metadata/uuid", "/items/0/uuid"; "" is
/// the whole document
/// @param error where an error is written, or NULL; none is, where the value is just not there
/// @return a string's text, decoded; any other value's JSON; NULL where there is none, where it is null, and on failure.
/// Freed with wazo_auth_string_free().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_json_get(
    json: *const c_char,
    path: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let (json, path) = (pointer::text("json", json)?, pointer::text("path", path)?);
            if !path.is_empty() && !path.starts_with('/') {
                return Err(Error::invalid(r#"argument path: expected a JSON Pointer, such as "/items/0/uuid""#));
            }
            // The text itself is not repeated: it may hold a token.
            let document: Value = serde_json::from_str(json).map_err(|e| {
                Error::invalid(format!("argument json: it is not JSON (line {}, column {})", e.line(), e.column()))
            })?;
            match document.pointer(path) {
                None | Some(Value::Null) => Ok(std::ptr::null_mut()),
                Some(Value::String(text)) => pointer::give_text(text.clone()),
                Some(other) => pointer::give_text(other.to_string()),
            }
        })
    }
}

/// Writes a text as a JSON string, quotation marks included, to be put into a body: nothing in it can change what stands
/// around it.
///
/// @param text a text
/// @param error where an error is written, or NULL
/// @return the JSON string, freed with wazo_auth_string_free(); NULL where the text is NULL or not UTF-8
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_json_quote(text: *const c_char, error: *mut *mut wazo_auth_error) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || pointer::give_text(Value::from(pointer::text("text", text)?).to_string()))
    }
}
