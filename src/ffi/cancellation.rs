//! Cancellations as C sees them.

use super::boundary::guard;
use super::client::{give_client, wazo_auth_client};
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::cancellation::Cancellation;

/// Ends calls from another thread: those of the handles that were made with it. Any thread may use it at any time. Freed
/// with wazo_auth_cancellation_free(); the handles made with it may live on.
pub struct wazo_auth_cancellation(Cancellation);

impl Handle for wazo_auth_cancellation {
    const TYPE: HandleType = HandleType::Cancellation;
}

/// Makes a cancellation.
///
/// @return a cancellation, freed with wazo_auth_cancellation_free()
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_cancellation_new() -> *mut wazo_auth_cancellation {
    contain(std::ptr::null_mut(), || pointer::give(wazo_auth_cancellation(Cancellation::new())))
}

/// Makes a handle that shares a client's connections and whose calls the cancellation ends.
///
/// @param client a client
/// @param cancellation a cancellation
/// @param error where an error is written, or NULL
/// @return a client of its own right, freed with wazo_auth_client_free(); NULL on failure
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

/// Ends all calls that run with it, in any thread and in any queue, with WAZO_AUTH_ERROR_CANCELLED; calls that begin later end at once and
/// send nothing, until wazo_auth_cancellation_reset().
///
/// @param cancellation a cancellation, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_cancellation_cancel(cancellation: *const wazo_auth_cancellation) {
    // SAFETY: the header's contract.
    let cancellation = unsafe { pointer::borrow_optional(cancellation) };
    contain((), || cancellation.map_or((), |cancellation| cancellation.0.cancel()));
}

/// Lets calls that begin from now on run again.
///
/// @param cancellation a cancellation, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_cancellation_reset(cancellation: *const wazo_auth_cancellation) {
    // SAFETY: the header's contract.
    let cancellation = unsafe { pointer::borrow_optional(cancellation) };
    contain((), || cancellation.map_or((), |cancellation| cancellation.0.reset()));
}

/// Frees a cancellation without cancelling.
///
/// @param cancellation a cancellation, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_cancellation_free(cancellation: *mut wazo_auth_cancellation) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(cancellation) });
}
