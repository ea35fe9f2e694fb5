//! Completions as C sees them.

use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType, Shell};
use crate::client::{Head, Outcome};
use crate::queue::Completion;
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char, c_void};

/// The end of a call that was submitted to a queue: its result or its error.
///
/// Not thread-safe: use it from one thread at a time. Free it with wazo_auth_completion_free(), which also frees what
/// the functions below returned.
pub struct wazo_auth_completion {
    id: u64,
    user_data: *mut c_void,
    is_yes: bool,
    result: Option<CString>,
    /// What the response has besides the result.
    head: Option<Head>,
    /// The whole response, once somebody has asked for it.
    response: OnceBox<CString>,
    error: Option<Shell<wazo_auth_error>>,
}

impl Handle for wazo_auth_completion {
    const TYPE: HandleType = HandleType::Completion;
}

impl wazo_auth_completion {
    /// Wraps a completion.
    pub fn new(completion: Completion) -> Self {
        let is_yes = completion.outcome.as_ref().is_ok_and(Outcome::is_yes);
        let (result, head, error) = match completion.outcome {
            Ok(outcome) => {
                let (json, head) = outcome.into_parts();
                match pointer::c_text(json) {
                    Ok(text) => (Some(text), Some(head), None),
                    Err(error) => (None, None, Some(Shell::new(wazo_auth_error::new(error)))),
                }
            }
            Err(error) => (None, None, Some(Shell::new(wazo_auth_error::new(error)))),
        };
        let (id, user_data) = (completion.id, completion.user_data as *mut c_void);
        Self { id, user_data, is_yes, result, head, response: OnceBox::new(), error }
    }

    /// The whole response; made when it is asked for first. None where there is no memory for it.
    fn response(&self) -> Option<&CString> {
        let (result, head) = (self.result.as_ref()?, self.head.as_ref()?);
        let result = result.to_str().ok()?;
        let make = || head.to_json(result).and_then(pointer::c_text).map(Box::new);
        self.response.get_or_try_init(make).ok()
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

/// Returns the number of the call.
///
/// @param completion The completion, or NULL.
/// @return The number that wazo_auth_queue_submit() returned; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_id(completion: *const wazo_auth_completion) -> u64 {
    // SAFETY: the header's contract.
    unsafe { ask(completion, 0, |completion| completion.id) }
}

/// Returns the pointer that was passed to wazo_auth_queue_submit().
///
/// @param completion The completion, or NULL.
/// @return The pointer; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_user_data(completion: *const wazo_auth_completion) -> *mut c_void {
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null_mut(), |completion| completion.user_data) }
}

/// Returns whether the call was a question, such as token.check, and the server answered yes. Use this function for
/// permissions: it returns false for no, for a failed call, for an operation that is not a question, and for NULL.
///
/// @param completion The completion, or NULL.
/// @return true only for yes. false means no if wazo_auth_completion_error() returns NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_is_yes(completion: *const wazo_auth_completion) -> bool {
    // SAFETY: the header's contract.
    unsafe { ask(completion, false, |completion| completion.is_yes) }
}

/// Returns the result of the call.
///
/// Do not use it for the answer to a question, which is "true" or "false": the pointer to "false" is not NULL. Use
/// wazo_auth_completion_is_yes().
///
/// @param completion The completion, or NULL.
/// @return A JSON document, valid as long as the completion; "null" for an operation without a result; NULL if the call
/// failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_result(completion: *const wazo_auth_completion) -> *const c_char {
    let result =
        |completion: &wazo_auth_completion| completion.result.as_ref().map_or(std::ptr::null(), |r| r.as_ptr());
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null(), result) }
}

/// Returns the result of the call with the status and headers of the response, as wazo_auth_call_response() does. It is
/// made when you ask for it.
///
/// @param completion The completion, or NULL.
/// @return A JSON object {status, headers, result}, valid as long as the completion; NULL if the call failed. A decision
/// of a verifier has the status 200 and no headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_response(completion: *const wazo_auth_completion) -> *const c_char {
    let response = |completion: &wazo_auth_completion| completion.response().map_or(std::ptr::null(), |r| r.as_ptr());
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null(), response) }
}

/// Returns the error of the call.
///
/// @param completion The completion, or NULL.
/// @return The error, valid as long as the completion: do not free it. NULL if the call succeeded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_error(completion: *const wazo_auth_completion) -> *const wazo_auth_error {
    let error = |completion: &wazo_auth_completion| completion.error.as_ref().map_or(std::ptr::null(), Shell::lend);
    // SAFETY: the header's contract.
    unsafe { ask(completion, std::ptr::null(), error) }
}

/// Frees a completion, its result and its error.
///
/// @param completion The completion, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_completion_free(completion: *mut wazo_auth_completion) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(completion) });
}
