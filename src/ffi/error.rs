//! Errors as C sees them.

use super::error_kind::{self, wazo_auth_error_kind_t};
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::error::Error;
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char, c_int};

/// The reason why a function failed.
///
/// The caller of the function that failed owns the error and frees it with wazo_auth_error_free(). The strings that the
/// functions below return belong to the error. Several threads may read an error at the same time. Passwords and tokens
/// are masked in it.
pub struct wazo_auth_error {
    error: Error,
    texts: Texts,
}

impl Handle for wazo_auth_error {
    const TYPE: HandleType = HandleType::Error;
}

/// The texts that were asked for, kept for as long as the error.
#[derive(Default)]
struct Texts {
    message: OnceBox<CString>,
    error_id: OnceBox<CString>,
    details: OnceBox<CString>,
    json: OnceBox<CString>,
    response: OnceBox<CString>,
}

impl wazo_auth_error {
    /// Wraps an error.
    pub fn new(error: Error) -> Self {
        Self { error, texts: Texts::default() }
    }

    /// The error.
    pub fn error(&self) -> &Error {
        &self.error
    }
}

/// A text kept in the error, made when first asked for.
fn kept(place: &OnceBox<CString>, make: impl FnOnce() -> Option<String>) -> *const c_char {
    if let Some(text) = place.get() {
        return text.as_ptr();
    }
    let Some(text) = make() else { return std::ptr::null() };
    // A NUL in a text of the server's would cut it short: it is left out.
    let text = CString::new(text.replace('\0', "")).unwrap_or_default();
    place.get_or_init(|| Box::new(text)).as_ptr()
}

/// Asks something of an error; `none` where there is none.
///
/// # Safety
/// `error` is NULL or a living error.
unsafe fn ask<'a, R: Copy>(
    error: *const wazo_auth_error,
    none: R,
    question: impl FnOnce(&'a wazo_auth_error) -> R,
) -> R {
    // SAFETY: the caller's promise.
    contain(none, || unsafe { pointer::borrow_optional(error) }.map_or(none, question))
}

/// Returns the kind of an error.
///
/// @param error The error, or NULL.
/// @return The kind; ::WAZO_AUTH_ERROR_NONE for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_kind(error: *const wazo_auth_error) -> wazo_auth_error_kind_t {
    // SAFETY: the header's contract.
    unsafe { ask(error, wazo_auth_error_kind_t::WAZO_AUTH_ERROR_NONE, |error| error.error.kind.into()) }
}

/// Returns the name of a kind, such as "not_found", for logs and metrics.
///
/// @param kind A ::wazo_auth_error_kind_t.
/// @return The name, valid as long as the process; "none" for ::WAZO_AUTH_ERROR_NONE, "unknown" for any other number.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_error_kind_text(kind: c_int) -> *const c_char {
    error_kind::text(kind).as_ptr()
}

/// Returns the HTTP status of the response.
///
/// @param error The error, or NULL.
/// @return The status; 0 if no response arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_status(error: *const wazo_auth_error) -> c_int {
    // SAFETY: the header's contract.
    unsafe { ask(error, 0, |error| c_int::from(error.error.status())) }
}

/// Returns a message of one line, for logs: what happened, what was expected and what to do.
///
/// It can repeat texts of the server or the caller. In them control characters, line separators (U+2028, U+2029) and
/// characters that change the direction of text are written as escapes: `\n`, `\r`, `\t`, or `\u{1b}` with the number
/// in hexadecimal. It has 2,000 characters at most, and "..." where it was cut.
///
/// @param error The error, or NULL.
/// @return The message, valid as long as the error; "no error" for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_message(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe {
        ask(error, c"no error".as_ptr(), |error| kept(&error.texts.message, || Some(error.error.message.clone())))
    }
}

/// Returns the `error_id` of the server's response, such as "unknown-user".
///
/// @param error The error, or NULL.
/// @return The identifier, valid as long as the error; NULL if the response has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_id(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.texts.error_id, || error.error.error_id.clone())) }
}

/// Returns the `details` of the server's response.
///
/// @param error The error, or NULL.
/// @return A JSON document, valid as long as the error; NULL if the response has none, or one of more than 64 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_details(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe {
        ask(error, std::ptr::null(), |error| {
            kept(&error.texts.details, || error.error.details.as_ref().map(|details| details.get().to_owned()))
        })
    }
}

/// Returns the whole error as a JSON object.
///
/// @param error The error, or NULL.
/// @return {kind, kind_name, message, operation, method, url, status, error_id, reason, details, is_retryable,
/// is_in_doubt, is_connecting, is_token_invalid, call_id}; reason is the server's own message; is_connecting: whether a
/// call that timed out or was cancelled was still connecting; call_id: the number of the call in its log records
/// (wazo_auth_set_log_callback()), null if there was no call. Valid as long as the error; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_json(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.texts.json, || Some(error.error.to_json()))) }
}

/// Returns the response of the server.
///
/// Of a long body the first 64 KiB are kept, followed by "... (N more bytes were cut off)"; of the headers 64 at most,
/// of 16 KiB together.
///
/// @param error The error, or NULL.
/// @return A JSON object {status, headers, body}; body is a string in which the secrets of the call are masked. Valid
/// as long as the error; NULL if no response arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_response(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.texts.response, || error.error.answer_json())) }
}

/// Returns whether the same call can succeed later without a change: the connection failed, the call timed out, or the
/// server answered 502, 503 or 504.
///
/// If wazo_auth_error_is_in_doubt() is true as well, repeating the call may carry it out twice.
///
/// @param error The error, or NULL.
/// @return true if it can; false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_retryable(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.error.is_retryable()) }
}

/// Returns whether the server may have carried out the request although the call failed: the request was sent, and no
/// response to it arrived.
///
/// @param error The error, or NULL.
/// @return true if it may have; false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_in_doubt(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.error.in_doubt) }
}

/// Returns whether the client's token is unknown or expired, so that a new token is needed. A 401 with another meaning
/// returns false.
///
/// @param error The error, or NULL.
/// @return true if it is; false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_token_invalid(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.error.is_token_invalid()) }
}

/// Frees an error and the strings that belong to it.
///
/// @param error The error, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_free(error: *mut wazo_auth_error) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(error) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_kinds_of_c_have_the_numbers_and_names_of_rust() {
        for kind in ErrorKind::ALL {
            assert_eq!(wazo_auth_error_kind_t::from(*kind) as i32, *kind as i32);
            assert_eq!(error_kind::text(*kind as i32).to_str(), Ok(kind.name()));
        }
        assert_eq!(error_kind::text(0), c"none");
        assert_eq!(error_kind::text(-1), c"unknown");
    }
}
