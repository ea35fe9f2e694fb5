//! Queues as C sees them.

use super::boundary::guard;
use super::call::RawRequest;
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

/// A queue of calls, for programs with their own event loop.
///
/// Thread-safe. Free it with wazo_auth_queue_free(). After fork(), the queue has another thread and another file
/// descriptor in the child: call wazo_auth_queue_descriptor() again. In the child, the parent's calls end with
/// ::WAZO_AUTH_ERROR_CLOSED.
pub struct wazo_auth_queue(Queue);

impl Handle for wazo_auth_queue {
    const TYPE: HandleType = HandleType::Queue;
}

impl wazo_auth_queue {
    /// The queue.
    pub fn get(&self) -> &Queue {
        &self.0
    }
}

/// The type of the function that wazo_auth_queue_set_wake_up() sets. It is called when a completion arrives in an empty
/// queue.
pub type wazo_auth_wake_up = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// Creates a queue. The first queue of a process starts the library's only thread, which ends with the last queue.
///
/// @param limit The largest number of calls in the queue, counted from wazo_auth_queue_submit() until the completion is
/// taken: at most 1,048,576; 0 for 1,024.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The queue; free it with wazo_auth_queue_free(). NULL on failure.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_new(limit: u32, error: *mut *mut wazo_auth_error) -> *mut wazo_auth_queue {
    // SAFETY: the header's contract.
    unsafe { guard(error, std::ptr::null_mut(), || Ok(pointer::give(wazo_auth_queue(Queue::new(limit as usize)?)))) }
}

/// Submits a call. It never blocks. The time limit of the call (timeout_ms) starts now.
///
/// @param queue The queue.
/// @param client The client that makes the call; it may be freed before the call ends.
/// @param operation The name, such as "token.check".
/// @param arguments_json The arguments, as for wazo_auth_call(); NULL for none.
/// @param user_data A pointer for wazo_auth_completion_user_data(); the library does not use it.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The number of the call. 0 on failure: an argument is invalid, or the queue is full
/// (::WAZO_AUTH_ERROR_QUOTA).
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

/// Submits wazo_auth_token_check(), with its arguments as strings instead of JSON.
///
/// Read the answer with wazo_auth_completion_is_yes().
///
/// @param queue The queue.
/// @param client The client that makes the call; it may be freed before the call ends.
/// @param token The token.
/// @param required_acl The access that the token must have, such as "confd.users.read"; NULL to check no access.
/// @param tenant_uuid The UUID of the tenant in which the token must be valid; NULL to check no tenant.
/// @param user_data A pointer for wazo_auth_completion_user_data(); the library does not use it.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The number of the call. 0 on failure, as for wazo_auth_queue_submit().
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

/// Submits a request for which this library has no operation, as wazo_auth_request() sends it.
///
/// Read the status and headers of the response with wazo_auth_completion_response().
///
/// @param queue The queue.
/// @param client The client that makes the call; it may be freed before the call ends.
/// @param method "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE".
/// @param path The path below the version of the API, percent-encoded, such as "/users/UUID/groups".
/// @param query A JSON object of query keys; NULL for none.
/// @param body A JSON document; NULL for none.
/// @param user_data A pointer for wazo_auth_completion_user_data(); the library does not use it.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The number of the call. 0 on failure, as for wazo_auth_queue_submit().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 3, 4)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_submit_request(
    queue: *mut wazo_auth_queue,
    client: *const wazo_auth_client,
    method: *const c_char,
    path: *const c_char,
    query: *const c_char,
    body: *const c_char,
    user_data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> u64 {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, 0, || {
            let queue = pointer::borrow("queue", queue)?;
            let client = pointer::borrow("client", client)?;
            let RawRequest { method, path, arguments } = RawRequest::read(method, path, query, body)?;
            queue.0.submit_request(&client.client, method, path, &arguments, user_data as usize)
        })
    }
}

/// Returns the file descriptor to wait on, with poll, epoll, libevent, libuv or a socket notifier. It is readable while
/// the queue holds completions.
///
/// Do not read from it and do not close it: call wazo_auth_queue_next() with a timeout of 0 until it returns NULL.
///
/// @param queue The queue, or NULL.
/// @return The file descriptor, valid as long as the queue; -1 if there is none (on Windows, and for NULL).
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_queue_descriptor(queue: *const wazo_auth_queue) -> c_int {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain(-1, || queue.and_then(|queue| queue.0.descriptor().ok().flatten()).unwrap_or(-1))
}

/// Sets a function to call when a completion arrives in an empty queue, for event loops that cannot wait on a file
/// descriptor (Windows).
///
/// The wake-up function runs on the library's thread. It must be short, and either take completions until none is left
/// or make another thread do so. It may submit calls; it must not make blocking calls or fork. If the queue already
/// holds completions, the wake-up function is called at once. When wazo_auth_queue_set_wake_up() returns, the previous
/// wake-up function is no longer running. After wazo_auth_queue_free() no wake-up function is called.
///
/// @param queue The queue.
/// @param wake_up The wake-up function; NULL to remove it.
/// @param data The argument of the wake-up function, which uses it on the library's thread.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set.
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
/// @param queue The queue, or NULL.
/// @param timeout_ms How long to wait for a completion, in milliseconds: 0 to return at once, -1 to wait until a
/// completion arrives or the queue is closed (wazo_auth_queue_close()). In a wake-up function it never waits.
/// @return The completion; free it with wazo_auth_completion_free(). NULL if no completion arrived in time.
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

/// Stops accepting calls and ends the calls in progress. Their completions still arrive. When none is left,
/// wazo_auth_queue_next() returns NULL at once, in every thread: use this to end threads that wait for completions
/// before freeing the queue.
///
/// @param queue The queue, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_close(queue: *mut wazo_auth_queue) {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain((), || {
        // It fails only in a child that can have no queue of its own, and then nothing runs.
        queue.map(|queue| queue.0.close());
    });
}

/// Ends a call that was submitted. Its completion arrives with ::WAZO_AUTH_ERROR_CANCELLED, unless the call ends at the
/// same time. Take it like any other: until then the call counts towards the limit, and its user data must stay valid.
///
/// @param queue The queue, or NULL.
/// @param id The number that wazo_auth_queue_submit() returned.
/// @return true if the call was in progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_cancel(queue: *mut wazo_auth_queue, id: u64) -> bool {
    // SAFETY: the header's contract.
    let queue = unsafe { pointer::borrow_optional(queue) };
    contain(false, || queue.is_some_and(|queue| queue.0.cancel(id)))
}

/// Frees a queue. Calls in progress are cancelled, completions that were not taken are discarded, and the wake-up
/// function is not called any more.
///
/// @param queue The queue, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_queue_free(queue: *mut wazo_auth_queue) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(queue) });
}
