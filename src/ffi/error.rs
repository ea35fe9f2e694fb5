//! Errors as C sees them.

use super::boundary::contain;
use super::pointer;
use crate::client::{Error, ErrorKind};
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char, c_int};

/// What went wrong in a call.
///
/// It belongs to the caller of the function that wrote it, who frees it with wazo_auth_error_free(). Texts that its
/// functions return belong to it and live as long. It holds no secret: passwords and tokens are masked.
pub struct wazo_auth_error(pub(super) Error, Texts);

/// The texts that were asked for, kept for as long as the error.
#[derive(Default)]
struct Texts {
    message: OnceBox<CString>,
    error_id: OnceBox<CString>,
    details: OnceBox<CString>,
    json: OnceBox<CString>,
    response: OnceBox<CString>,
}

/// What kind of failure it was. Numbers never change; new kinds are appended, so expect unknown ones.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum wazo_auth_error_code {
    /// No error (of a NULL error).
    WAZO_AUTH_ERROR_NONE = 0,
    /// An argument is missing or not what it must be; nothing was sent.
    WAZO_AUTH_ERROR_INVALID_ARGUMENT = 1,
    /// User name and password were refused (401).
    WAZO_AUTH_ERROR_AUTHENTICATION_FAILED = 2,
    /// The client's token is unknown or expired (401): a new one may help.
    WAZO_AUTH_ERROR_TOKEN_INVALID = 3,
    /// The token is good, but lacks the access (401 or 403).
    WAZO_AUTH_ERROR_PERMISSION_DENIED = 4,
    /// The tenant is neither the token's nor below it (401).
    WAZO_AUTH_ERROR_TENANT_UNAUTHORIZED = 5,
    /// There is no such thing, or no such route (404).
    WAZO_AUTH_ERROR_NOT_FOUND = 6,
    /// It exists already, or is in a state that forbids this (409).
    WAZO_AUTH_ERROR_CONFLICT = 7,
    /// A limit of the server, such as the number of a user's sessions (429).
    WAZO_AUTH_ERROR_QUOTA = 8,
    /// The server found the request wrong (400, 405 and other 4xx).
    WAZO_AUTH_ERROR_REJECTED = 9,
    /// The server failed (500).
    WAZO_AUTH_ERROR_SERVER_ERROR = 10,
    /// The server, or what stands in front of it, cannot serve now (502, 503, 504).
    WAZO_AUTH_ERROR_UNAVAILABLE = 11,
    /// No connection: name not found, refused, unreachable.
    WAZO_AUTH_ERROR_CONNECT = 12,
    /// The call's time ended first.
    WAZO_AUTH_ERROR_TIMEOUT = 13,
    /// TLS failed: a certificate that is not trusted, a name that does not match.
    WAZO_AUTH_ERROR_TLS = 14,
    /// The answer is not what it must be: cut short, not JSON, a redirect.
    WAZO_AUTH_ERROR_PROTOCOL = 15,
    /// The answer is larger than max_response_bytes.
    WAZO_AUTH_ERROR_TOO_LARGE = 16,
    /// The caller cancelled the call.
    WAZO_AUTH_ERROR_CANCELLED = 17,
    /// The handle was closed, or the call belonged to the parent of this process.
    WAZO_AUTH_ERROR_CLOSED = 18,
    /// A fault of this library, caught before it could reach the host.
    WAZO_AUTH_ERROR_INTERNAL = 19,
}

impl From<ErrorKind> for wazo_auth_error_code {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidArgument => Self::WAZO_AUTH_ERROR_INVALID_ARGUMENT,
            ErrorKind::AuthenticationFailed => Self::WAZO_AUTH_ERROR_AUTHENTICATION_FAILED,
            ErrorKind::TokenInvalid => Self::WAZO_AUTH_ERROR_TOKEN_INVALID,
            ErrorKind::PermissionDenied => Self::WAZO_AUTH_ERROR_PERMISSION_DENIED,
            ErrorKind::TenantUnauthorized => Self::WAZO_AUTH_ERROR_TENANT_UNAUTHORIZED,
            ErrorKind::NotFound => Self::WAZO_AUTH_ERROR_NOT_FOUND,
            ErrorKind::Conflict => Self::WAZO_AUTH_ERROR_CONFLICT,
            ErrorKind::Quota => Self::WAZO_AUTH_ERROR_QUOTA,
            ErrorKind::Rejected => Self::WAZO_AUTH_ERROR_REJECTED,
            ErrorKind::ServerError => Self::WAZO_AUTH_ERROR_SERVER_ERROR,
            ErrorKind::Unavailable => Self::WAZO_AUTH_ERROR_UNAVAILABLE,
            ErrorKind::Connect => Self::WAZO_AUTH_ERROR_CONNECT,
            ErrorKind::Timeout => Self::WAZO_AUTH_ERROR_TIMEOUT,
            ErrorKind::Tls => Self::WAZO_AUTH_ERROR_TLS,
            ErrorKind::Protocol => Self::WAZO_AUTH_ERROR_PROTOCOL,
            ErrorKind::TooLarge => Self::WAZO_AUTH_ERROR_TOO_LARGE,
            ErrorKind::Cancelled => Self::WAZO_AUTH_ERROR_CANCELLED,
            ErrorKind::Closed => Self::WAZO_AUTH_ERROR_CLOSED,
            ErrorKind::Internal => Self::WAZO_AUTH_ERROR_INTERNAL,
        }
    }
}

impl wazo_auth_error {
    pub(super) fn new(error: Error) -> Self {
        Self(error, Texts::default())
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
    let error = unsafe { error.as_ref() };
    contain(none, || error.map_or(none, question))
}

/// What kind of failure it was.
///
/// @param error an error, or NULL
/// @return the kind; WAZO_AUTH_ERROR_NONE for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_kind(error: *const wazo_auth_error) -> wazo_auth_error_code {
    // SAFETY: the header's contract.
    unsafe { ask(error, wazo_auth_error_code::WAZO_AUTH_ERROR_NONE, |error| error.0.kind.into()) }
}

/// The kind as a word, such as "not_found", for logs and metrics.
///
/// @param error an error, or NULL
/// @return a text that lives as long as the library; "none" for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_kind_name(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe {
        ask(error, c"none".as_ptr(), |error| {
            const NAMES: &[&std::ffi::CStr] = &[
                c"invalid_argument",
                c"authentication_failed",
                c"token_invalid",
                c"permission_denied",
                c"tenant_unauthorized",
                c"not_found",
                c"conflict",
                c"quota",
                c"rejected",
                c"server_error",
                c"unavailable",
                c"connect",
                c"timeout",
                c"tls",
                c"protocol",
                c"too_large",
                c"cancelled",
                c"closed",
                c"internal",
            ];
            NAMES[error.0.kind as usize - 1].as_ptr()
        })
    }
}

/// The HTTP status that the server answered with.
///
/// @param error an error, or NULL
/// @return the status, 0 where the server did not answer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_status(error: *const wazo_auth_error) -> c_int {
    // SAFETY: the header's contract.
    unsafe { ask(error, 0, |error| c_int::from(error.0.status())) }
}

/// What happened, what was expected and what to do: one line for a log, without secrets.
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; "no error" for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_message(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, c"no error".as_ptr(), |error| kept(&error.1.message, || Some(error.0.message.clone()))) }
}

/// The server's `error_id`, such as "unknown-user".
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; NULL where the server gave none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_error_id(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.1.error_id, || error.0.error_id.clone())) }
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
            kept(&error.1.details, || error.0.details.as_ref().map(|details| details.get().to_owned()))
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
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.1.json, || Some(error.0.to_json()))) }
}

/// What the server answered, as a JSON object: status, headers, body (a text; the call's secrets are masked in it).
///
/// @param error an error, or NULL
/// @return a text that lives as long as the error; NULL where the server did not answer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_response(error: *const wazo_auth_error) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { ask(error, std::ptr::null(), |error| kept(&error.1.response, || error.0.answer_json())) }
}

/// Whether the same call may succeed later without a change: no connection, a timeout, 502, 503, 504. Where
/// wazo_auth_error_is_in_doubt() is true as well, repeating it may carry it out twice.
///
/// @param error an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_retryable(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.0.is_retryable()) }
}

/// Whether the request may have been carried out all the same: it left, and no answer about it came.
///
/// @param error an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_in_doubt(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.0.in_doubt) }
}

/// Whether the client's token is unknown or expired, so that a new one should be taken. No other 401 is one.
///
/// @param error an error, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_error_is_token_invalid(error: *const wazo_auth_error) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(error, false, |error| error.0.is_token_invalid()) }
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
#[allow(clippy::disallowed_methods, reason = "reading back what C would read")]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_c_have_the_numbers_and_names_of_rust() {
        for kind in ErrorKind::ALL {
            assert_eq!(wazo_auth_error_code::from(kind) as i32, kind as i32);
            let error = wazo_auth_error::new(Error::new(kind, "x"));
            // SAFETY: a living error; the text lives as long as the library.
            let name = unsafe { std::ffi::CStr::from_ptr(wazo_auth_error_kind_name(&raw const error)) };
            assert_eq!(name.to_str(), Ok(kind.name()));
        }
    }
}
