//! Cancellations as C sees them.

use super::boundary::guard;
use super::client::{give_client, wazo_auth_client};
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::cancellation::Cancellation;

/// Ends calls from another thread: all calls of the clients that wazo_auth_client_with_cancellation() created with it.
///
/// Thread-safe. Free it with wazo_auth_cancellation_free(), before or after these clients.
pub struct wazo_auth_cancellation(Cancellation);

impl Handle for wazo_auth_cancellation {
    const TYPE: HandleType = HandleType::Cancellation;
}

/// Creates a cancellation.
///
/// @return The cancellation; free it with wazo_auth_cancellation_free().
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_cancellation_new() -> *mut wazo_auth_cancellation {
    contain(std::ptr::null_mut(), || pointer::give(wazo_auth_cancellation(Cancellation::new())))
}

/// Creates a client that shares the connection pool of another, and whose calls the cancellation ends.
///
/// @param client The client.
/// @param cancellation The cancellation.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A client; free it with wazo_auth_client_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_with_cancellation(
    client: *const wazo_auth_client,
    cancellation: *const wazo_auth_cancellation,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_client {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let cancellation = pointer::borrow("cancellation", cancellation)?;
            Ok(give_client(client.client.with_cancellation(&cancellation.0)))
        })
    }
}

/// Ends all calls that use the cancellation, in any thread and in any queue, with ::WAZO_AUTH_ERROR_CANCELLED.
///
/// Until wazo_auth_cancellation_reset(), new calls fail at once with the same error and send nothing.
///
/// @param cancellation The cancellation, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_cancellation_cancel(cancellation: *const wazo_auth_cancellation) {
    // SAFETY: the header's contract.
    let cancellation = unsafe { pointer::borrow_optional(cancellation) };
    contain((), || cancellation.map_or((), |cancellation| cancellation.0.cancel()));
}

/// Allows new calls again after wazo_auth_cancellation_cancel().
///
/// @param cancellation The cancellation, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_cancellation_reset(cancellation: *const wazo_auth_cancellation) {
    // SAFETY: the header's contract.
    let cancellation = unsafe { pointer::borrow_optional(cancellation) };
    contain((), || cancellation.map_or((), |cancellation| cancellation.0.reset()));
}

/// Frees a cancellation. Calls that use it continue.
///
/// @param cancellation The cancellation, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_cancellation_free(cancellation: *mut wazo_auth_cancellation) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(cancellation) });
}
