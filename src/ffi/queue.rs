//! Queues as C sees them.

use super::boundary::guard;
use super::client::wazo_auth_client;
use super::completion::wazo_auth_completion;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::client::Arguments;
use crate::clock;
use crate::queue::{Queue, WakeUp};
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::time::Duration;

/// A queue of calls, for hosts with an event loop of their own.
///
/// Any thread may submit to it and take from it. Freed with wazo_auth_queue_free(). In a child of the process that made
/// it, it is the child's own: its calls are carried by a thread of the child, its descriptor is another one (ask again),
/// and the calls of the parent end with WAZO_AUTH_ERROR_CLOSED.
pub struct wazo_auth_queue(Queue);

impl Handle for wazo_auth_queue {
    const TYPE: HandleType = HandleType::Queue;
}

/// Called when a completion comes to an empty queue. See wazo_auth_queue_set_wake_up().
pub type wazo_auth_wake_up = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// Makes a queue. The first one of a process starts the library's only thread, which ends with the last.
///
/// @param limit how many calls it holds at most, from wazo_auth_queue_submit() until the completion is taken; 0 for 1024; at most
/// 1048576
/// @param error where an error is written, or NULL
/// @return a queue, freed with wazo_auth_queue_free(); NULL on failure
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_new(limit: u32, error: *mut *mut wazo_auth_error) -> *mut wazo_auth_queue {
    // SAFETY: the header's contract.
    unsafe { guard(error, std::ptr::null_mut(), || Ok(pointer::give(wazo_auth_queue(Queue::new(limit as usize)?)))) }
}

/// Submits a call. It never waits; the call's time (timeout_ms) begins now.
///
/// @param queue a queue
/// @param client the client whose call it is; it may be freed before the call ends
/// @param operation a name such as "token.check"
/// @param arguments_json the arguments, as for wazo_auth_call(); NULL for none
/// @param user_data given back by wazo_auth_completion_user_data(); never looked at
/// @param error where an error is written, or NULL
/// @return the call's number; 0 on failure: wrong arguments, or WAZO_AUTH_ERROR_QUOTA where the queue is full
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 3)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_submit(
    queue: *mut wazo_auth_queue,
    client: *const wazo_auth_client,
    operation: *const c_char,
    arguments_json: *const c_char,
    user_data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> u64 {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, 0, || {
            let begun = clock::now();
            let queue = pointer::borrow("queue", queue)?;
            let client = pointer::borrow("client", client)?;
            let operation = pointer::text("operation", operation)?;
            let arguments = pointer::optional_text("arguments_json", arguments_json)?;
            let arguments = arguments.map_or_else(|| Ok(Arguments::new()), Arguments::from_json)?;
            queue.0.submit(&client.client, operation, &arguments.since(begun), user_data as usize)
        })
    }
}

/// Submits the question that hosts ask most, wazo_auth_token_check(), with its arguments by name: no JSON to be written.
///
/// @param queue a queue
/// @param client the client whose call it is; it may be freed before the call ends
/// @param token the token
/// @param required_acl the access that it must have, such as "confd.users.read"; NULL for none
/// @param tenant_uuid the tenant in which it must be usable; NULL for none
/// @param user_data given back by wazo_auth_completion_user_data(); never looked at
/// @param error where an error is written, or NULL
/// @return the call's number; its completion's result is "true" or "false". 0 on failure, as for wazo_auth_queue_submit()
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 3)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_submit_token_check(
    queue: *mut wazo_auth_queue,
    client: *const wazo_auth_client,
    token: *const c_char,
    required_acl: *const c_char,
    tenant_uuid: *const c_char,
    user_data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> u64 {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, 0, || {
            let queue = pointer::borrow("queue", queue)?;
            let client = pointer::borrow("client", client)?;
            let token = pointer::foreign_text("token", token)?;
            let required_acl = pointer::optional_text("required_acl", required_acl)?;
            let tenant_uuid = pointer::optional_text("tenant_uuid", tenant_uuid)?;
            queue.0.submit_token_check(&client.client, &token, required_acl, tenant_uuid, user_data as usize)
        })
    }
}

/// The descriptor to wait on, with poll, epoll, libevent, libuv or a socket notifier: readable while completions wait.
/// Never read from it or close it; take completions with wazo_auth_queue_next(queue, 0) until there is none.
///
/// @param queue a queue
/// @return the descriptor, which lives as long as the queue; -1 where there is none (Windows, NULL)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_descriptor(queue: *const wazo_auth_queue) -> c_int {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain(-1, || queue.and_then(|queue| queue.0.descriptor().ok().flatten()).unwrap_or(-1))
}

/// Sets what is called when a completion comes to an empty queue, for event loops that no descriptor fits (Windows). It
/// is called on the library's thread: it must be short, should take completions until there is none, may submit calls, and
/// may neither make blocking calls nor fork. Where completions wait already, it is called at once. When this function
/// returns, the one set before is not running any more; after wazo_auth_queue_free() nothing
/// is called.
///
/// @param queue a queue
/// @param wake_up the function; NULL for none
/// @param data given to it; it must be usable from the library's thread
/// @param error where an error is written, or NULL
/// @return true when set
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_set_wake_up(
    queue: *mut wazo_auth_queue,
    wake_up: wazo_auth_wake_up,
    data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let queue = pointer::borrow("queue", queue)?;
            // As a number it may go to another thread, which the caller has promised it may.
            let data = data as usize;
            let wake_up = wake_up.map(|function| -> Arc<WakeUp> { Arc::new(move || function(data as *mut c_void)) });
            queue.0.set_wake_up(wake_up)?;
            Ok(true)
        })
    }
}

/// Takes the completion that has waited longest.
///
/// @param queue a queue
/// @param timeout_ms how long to wait for one, in ms: 0 does not wait, -1 waits until there is one or the queue is closed
/// (see wazo_auth_queue_close()); in a wake-up it never waits
/// @return a completion, freed with wazo_auth_completion_free(); NULL where there is none
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_next(
    queue: *mut wazo_auth_queue,
    timeout_ms: i32,
) -> *mut wazo_auth_completion {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain(std::ptr::null_mut(), || {
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        let taken = queue.and_then(|queue| queue.0.next(timeout).ok().flatten());
        taken.map_or(std::ptr::null_mut(), |completion| pointer::give(wazo_auth_completion::new(completion)))
    })
}

/// Takes no more calls and ends those that run. Their completions still come; when none is left, wazo_auth_queue_next()
/// returns NULL without waiting, in every thread. So threads that wait for completions are told to end, before the queue
/// is freed.
///
/// @param queue a queue, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_close(queue: *mut wazo_auth_queue) {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain((), || {
        // It fails only in a child that can have no queue of its own, and then nothing runs.
        queue.map(|queue| queue.0.close());
    });
}

/// Ends a call that has been submitted. Its completion comes, with WAZO_AUTH_ERROR_CANCELLED unless it was just ending, and
/// has to be taken like any other: until then the call counts against the limit, and its user data must live.
///
/// @param queue a queue
/// @param id the number that wazo_auth_queue_submit() returned
/// @return true where the call was still running
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_cancel(queue: *mut wazo_auth_queue, id: u64) -> bool {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain(false, || queue.is_some_and(|queue| queue.0.cancel(id)))
}

/// Frees a queue. Calls that run are ended, completions that wait are dropped, and nothing is called afterwards.
///
/// @param queue a queue, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_free(queue: *mut wazo_auth_queue) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(queue) });
}
