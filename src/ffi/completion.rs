//! Completions as C sees them.

use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType, Shell};
use crate::client::Outcome;
use crate::queue::Completion;
use std::ffi::{CString, c_char, c_void};

/// The end of a submitted call: its result or its error.
///
/// It is used by one thread at a time, and freed with wazo_auth_completion_free(), which ends what its functions returned.
pub struct wazo_auth_completion {
    id: u64,
    user_data: *mut c_void,
    is_yes: bool,
    result: Option<CString>,
    error: Option<Shell<wazo_auth_error>>,
}

impl Handle for wazo_auth_completion {
    const TYPE: HandleType = HandleType::Completion;
}

impl wazo_auth_completion {
    /// Wraps a completion.
    pub fn new(completion: Completion) -> Self {
        let is_yes = completion.outcome.as_ref().is_ok_and(Outcome::is_yes);
        let (result, error) = match completion.outcome {
            // JSON has no NUL in it.
            Ok(outcome) => (Some(CString::new(outcome.json).unwrap_or_default()), None),
            Err(error) => (None, Some(Shell::new(wazo_auth_error::new(error)))),
        };
        Self { id: completion.id, user_data: completion.user_data as *mut c_void, is_yes, result, error }
    }
}

/// Asks something of a completion; `none` where there is none.
///
/// # Safety
/// `completion` is NULL or a living completion.
unsafe fn ask<R: Copy>(
    completion: *const wazo_auth_completion,
    none: R,
    question: impl FnOnce(&wazo_auth_completion) -> R,
) -> R {
    // SAFETY: the caller's promise.
    contain(none, || unsafe { pointer::borrow_optional(completion) }.map_or(none, question))
}

/// The number of the call.
///
/// @param completion a completion, or NULL
/// @return what wazo_auth_queue_submit() returned; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_id(completion: *const wazo_auth_completion) -> u64 {
    // SAFETY: the header's contract.
    unsafe { ask(completion, 0, |completion| completion.id) }
}

/// The pointer that was given to wazo_auth_queue_submit() with the call.
///
/// @param completion a completion, or NULL
/// @return the pointer; NULL for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_user_data(completion: *const wazo_auth_completion) -> *mut c_void {
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null_mut(), |completion| completion.user_data) }
}

/// Whether the call asked a question (token.check) and the server answered yes. This is the function for every
/// permission: it returns false for no, for a failed call, for an operation that asks no question, and for NULL.
///
/// @param completion a completion, or NULL
/// @return true only for yes; false without a wazo_auth_completion_error() is no
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_is_yes(completion: *const wazo_auth_completion) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(completion, false, |completion| completion.is_yes) }
}

/// The result as JSON.
///
/// Do not take it for the answer to a question: that is the text "true" or "false", and the pointer to "false" is not NULL.
/// Use wazo_auth_completion_is_yes().
///
/// @param completion a completion, or NULL
/// @return a text that lives as long as the completion: the server's own JSON, "null" for an operation without a result;
/// NULL if the call failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_result(completion: *const wazo_auth_completion) -> *const c_char {
    let result =
        |completion: &wazo_auth_completion| completion.result.as_ref().map_or(std::ptr::null(), |r| r.as_ptr());
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null(), result) }
}

/// Why the call failed.
///
/// @param completion a completion, or NULL
/// @return an error that lives as long as the completion and is freed with it; NULL if the call succeeded
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_error(completion: *const wazo_auth_completion) -> *const wazo_auth_error {
    let error = |completion: &wazo_auth_completion| completion.error.as_ref().map_or(std::ptr::null(), Shell::lend);
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null(), error) }
}

/// Frees a completion.
///
/// @param completion a completion, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_free(completion: *mut wazo_auth_completion) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(completion) });
}
