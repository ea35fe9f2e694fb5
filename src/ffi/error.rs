//! Errors as C sees them.

use super::error_kind::{self, wazo_auth_error_kind_t};
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::error::Error;
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char, c_int};

/// What went wrong in a call.
///
/// It belongs to the caller of the function that wrote it, who frees it with wazo_auth_error_free(). Texts that its
/// functions return belong to it and live as long. It holds no secret: passwords and tokens are masked.
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

/// What kind of failure it was.
///
/// @param error an error, or NULL
/// @return the kind; WAZO_AUTH_ERROR_NONE for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_kind(error: *const wazo_auth_error) -> wazo_auth_error_kind_t {
    // SAFETY: the header's contract.
    unsafe { ask(error, wazo_auth_error_kind_t::WAZO_AUTH_ERROR_NONE, |error| error.error.kind.into()) }
}

/// A kind as a word, such as "not_found", for logs and metrics.
///
/// @param kind what wazo_auth_error_kind() returned
/// @return a text that lives as long as the library; "none" for WAZO_AUTH_ERROR_NONE, "unknown" for a number that is no kind
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_error_kind_text(kind: c_int) -> *const c_char {
    error_kind::text(kind).as_ptr()
}

/// The HTTP status that the server answered with.
///
/// @param error an error, or NULL
/// @return the status, 0 where the server did not answer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_status(error: *const wazo_auth_error) -> c_int {
    // SAFETY: the header's contract.
    unsafe { ask(error, 0, |error| c_int::from(error.error.status())) }
}

/// What happened, what was expected and what to do: one line for a log, without secrets.
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; "no error" for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_message(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe {
        ask(error, c"no error".as_ptr(), |error| kept(&error.texts.message, || Some(error.error.message.clone())))
    }
}

/// The server's `error_id`, such as "unknown-user".
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; NULL where the server gave none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_id(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.texts.error_id, || error.error.error_id.clone())) }
}

/// The server's `details`, as JSON.
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; NULL where the server gave none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_details(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe {
        ask(error, std::ptr::null(), |error| {
            kept(&error.texts.details, || error.error.details.as_ref().map(|details| details.get().to_owned()))
        })
    }
}

/// The whole error as a JSON object: kind, kind_name, message, operation, method, url, status, error_id, reason (the
/// server's own words), details, is_retryable, is_in_doubt, is_token_invalid.
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; NULL for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_json(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.texts.json, || Some(error.error.to_json()))) }
}

/// What the server answered, as a JSON object: status, headers, body (a text; the call's secrets are masked in it).
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; NULL where the server did not answer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_response(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.texts.response, || error.error.answer_json())) }
}

/// Whether the same call may succeed later without a change: no connection, a timeout, 502, 503, 504. Where
/// wazo_auth_error_is_in_doubt() is true as well, repeating it may carry it out twice.
///
/// @param error an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_retryable(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.error.is_retryable()) }
}

/// Whether the request may have been carried out all the same: it left, and no answer about it came.
///
/// @param error an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_in_doubt(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.error.in_doubt) }
}

/// Whether the client's token is unknown or expired, so that a new one should be taken. No other 401 is one.
///
/// @param error an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_token_invalid(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.error.is_token_invalid()) }
}

/// Frees an error and the texts that it gave out.
///
/// @param error an error, or NULL
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
