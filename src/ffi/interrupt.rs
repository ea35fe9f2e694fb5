//! The interrupt check as C sees it.

use super::panic::contain_quick;
use crate::host::interrupt;
use std::ffi::c_void;

/// The type of the function that wazo_auth_set_interrupt_check() sets. It returns true to let the call go on, false
/// to end it.
pub type wazo_auth_interrupt_check = Option<unsafe extern "C" fn(data: *mut c_void) -> bool>;

/// Sets a function that the library calls while a blocking call of this thread waits, and that can end the call.
///
/// Use it to notice signals in a language whose runtime handles them (PyErr_CheckSignals() of Python), or to end a
/// call for somebody who has hung up. The check is called on the thread that set it: at least every 50 ms while the
/// call waits, and at once after a signal has interrupted the wait. (With a proxy or a multipart form, and while a
/// renewer is waited for, a signal does not interrupt the wait: then it is called within the 50 ms.) A call that
/// takes less than 50 ms, without a signal, never calls it. If it returns false, the call fails at once with
/// ::WAZO_AUTH_ERROR_CANCELLED; wazo_auth_error_is_in_doubt() says whether the server may have carried out the
/// request. Later calls are not affected.
///
/// Every function that makes a call on this thread asks the check: wazo_auth_call() and the others by name,
/// wazo_auth_request(), those of wazo_auth_client/operations.h, verifiers, listings,
/// wazo_auth_client_wait_until_ready(), wazo_auth_renewer_start() and wazo_auth_renewer_close().
/// wazo_auth_queue_next() does not: wait for the queue's file descriptor instead. Calls of a queue run on another
/// thread, and have wazo_auth_queue_cancel().
///
/// The check must be short. It must not throw a C++ exception or leave by longjmp(). It may set another check, or
/// remove itself, and it may make blocking calls; it is not called for these. It must not use the verifier or the
/// iterator over a listing that the call uses: it would wait for itself.
///
/// A thread has one check, and starts without one. Only the thread itself can set it. After fork(), the child's
/// thread has the same check.
///
/// @param check The check; NULL to remove it.
/// @param data The argument of the check.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_set_interrupt_check(check: wazo_auth_interrupt_check, data: *mut c_void) {
    // SAFETY: the header's contract.
    contain_quick((), || unsafe { interrupt::set(check, data) });
}
