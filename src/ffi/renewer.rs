//! Renewers as C sees them.

use super::boundary::guard;
use super::client::{give_client, wazo_auth_client};
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::error::Result;
use crate::options::{RenewerSettings, ServiceSettings};
use crate::renewer::{Listener, Renewer};
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

/// A renewer: it gets a token, renews it before it expires, and gives it to any number of clients.
///
/// Thread-safe. Free it with wazo_auth_renewer_free(). After fork(), a child continues with the token of its parent and
/// renews for itself as soon as it needs another one; it has no callbacks until it sets its own.
pub struct wazo_auth_renewer(Renewer);

impl Handle for wazo_auth_renewer {
    const TYPE: HandleType = HandleType::Renewer;
}

/// The type of the functions that the renewer calls with a token, a state or a refresh token. The text is valid during
/// the call.
pub type wazo_auth_renewer_listener = Option<unsafe extern "C" fn(text: *const c_char, data: *mut c_void)>;

/// Creates a renewer. It logs in with the user name and password of the client, or as its own options say.
///
/// It sends nothing and starts no thread before wazo_auth_renewer_start(), or before the first call that needs a token.
/// Its logins run on the library's thread, with the time limit of the client (timeout_ms), but 10 to 60 seconds.
///
/// @param client The client; the renewer keeps a copy of its options of calls, and shares its connection pool.
/// @param options_json A JSON object, such as {"renew_at_percent": 80}; docs/options.md lists the options. NULL for the
/// defaults.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The renewer; free it with wazo_auth_renewer_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_renewer_new(
    client: *const wazo_auth_client,
    options_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_renewer {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let json = pointer::optional_text("options_json", options_json)?;
            let settings = json.map_or_else(|| Ok(RenewerSettings::defaults()), RenewerSettings::from_json)?;
            Ok(pointer::give(wazo_auth_renewer(Renewer::new(&client.client, settings)?)))
        })
    }
}

/// Starts renewing, and waits for the first token if you want.
///
/// While it waits, a failure that may pass is tried again, after 1 to 32 seconds; another one (a wrong password) is
/// returned at once. Whatever it returns, the renewer goes on trying.
///
/// @param renewer The renewer.
/// @param timeout_ms How long to wait for the first token, in milliseconds: 0 to return at once, -1 for no limit.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if there is a token, or if it does not wait. false on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_start(
    renewer: *const wazo_auth_renewer,
    timeout_ms: i32,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let timeout = match u64::try_from(timeout_ms) {
                Ok(0) => None,
                Ok(timeout_ms) => Some(Duration::from_millis(timeout_ms)),
                Err(_) => Some(Duration::MAX),
            };
            pointer::borrow("renewer", renewer)?.0.start(timeout)?;
            Ok(true)
        })
    }
}

/// Returns the current token. It never waits.
///
/// @param renewer The renewer, or NULL.
/// @return The token; free it with wazo_auth_string_free(). NULL if there is no valid token.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_renewer_token(renewer: *const wazo_auth_renewer) -> *mut c_char {
    // SAFETY: the header's contract.
    let renewer = unsafe { pointer::borrow_optional(renewer) };
    contain(std::ptr::null_mut(), || {
        let token = renewer.and_then(|renewer| renewer.0.token());
        token.and_then(|token| pointer::give_text(token.0).ok()).unwrap_or(std::ptr::null_mut())
    })
}

/// Returns how the renewer is doing. It never waits, and shows no secrets.
///
/// The members: `state` ("starting", "fresh", "stale": renewing fails but the token is valid, "failing": no valid token,
/// "closed"), `expires_in_ms`, `renews_in_ms`, `user_uuid`, `tenant_uuid` (for a service of Wazo: the master tenant),
/// `session_uuid`, `sessions_revoked` (how many other sessions the login ended), `renewals` and `failures` (of this
/// process), `last_error` (`kind` and `message`, if the last attempt failed). What is not known is null.
///
/// @param renewer The renewer, or NULL.
/// @return A JSON object; free it with wazo_auth_string_free(). NULL for NULL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_renewer_snapshot(renewer: *const wazo_auth_renewer) -> *mut c_char {
    // SAFETY: the header's contract.
    let renewer = unsafe { pointer::borrow_optional(renewer) };
    contain(std::ptr::null_mut(), || {
        let snapshot = renewer.and_then(|renewer| pointer::give_text(renewer.0.snapshot()).ok());
        snapshot.unwrap_or(std::ptr::null_mut())
    })
}

/// Sets a function to call with each new token. If there is a token already, it is called with that.
///
/// It runs on the library's thread. It must be short; it must not make blocking calls or fork. When this function
/// returns, the previous one is no longer running (unless it is the one that calls this). After
/// wazo_auth_renewer_free() it is not called any more.
///
/// @param renewer The renewer.
/// @param on_change The function; NULL to remove it.
/// @param data The second argument of the function, which uses it on the library's thread.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_set_on_change(
    renewer: *const wazo_auth_renewer,
    on_change: wazo_auth_renewer_listener,
    data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe { listen(renewer, on_change, data, error, Renewer::set_on_change) }
}

/// Sets a function to call with each new state: "starting", "fresh", "stale" or "failing", as in
/// wazo_auth_renewer_snapshot(). If the renewer has started already, it is called with the current state.
///
/// It runs as the function of wazo_auth_renewer_set_on_change() does.
///
/// @param renewer The renewer.
/// @param on_state The function; NULL to remove it.
/// @param data The second argument of the function, which uses it on the library's thread.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_set_on_state(
    renewer: *const wazo_auth_renewer,
    on_state: wazo_auth_renewer_listener,
    data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe { listen(renewer, on_state, data, error, Renewer::set_on_state) }
}

/// Sets a function to call with each new refresh token, so that you can store it for the next start of your program
/// (the option `refresh_token`). If one has been received already, it is called with that.
///
/// It runs as the function of wazo_auth_renewer_set_on_change() does.
///
/// @param renewer The renewer, with the option `offline`.
/// @param on_refresh_token The function; NULL to remove it.
/// @param data The second argument of the function, which uses it on the library's thread.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_set_on_refresh_token(
    renewer: *const wazo_auth_renewer,
    on_refresh_token: wazo_auth_renewer_listener,
    data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe { listen(renewer, on_refresh_token, data, error, Renewer::set_on_refresh_token) }
}

/// Sets one of the functions.
///
/// # Safety
/// The header's contract.
unsafe fn listen(
    renewer: *const wazo_auth_renewer,
    function: wazo_auth_renewer_listener,
    data: *mut c_void,
    error: *mut *mut wazo_auth_error,
    set: fn(&Renewer, Option<Arc<Listener>>) -> Result<()>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        guard(error, false, || {
            let renewer = pointer::borrow("renewer", renewer)?;
            // As a number it may go to another thread, which the caller has promised it may.
            let data = data as usize;
            let listener = function.map(|function| -> Arc<Listener> {
                Arc::new(move |text: &str| {
                    // No token has a NUL in it; one that had would be another one when cut.
                    if let Ok(text) = CString::new(text) {
                        function(text.as_ptr(), data as *mut c_void);
                    }
                })
            });
            set(&renewer.0, listener)?;
            Ok(true)
        })
    }
}

/// Renews the token now. It does not wait for the new token.
///
/// @param renewer The renewer.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if the renewal is on its way. false if the renewer is closed.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_renew(
    renewer: *const wazo_auth_renewer,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            pointer::borrow("renewer", renewer)?.0.renew()?;
            Ok(true)
        })
    }
}

/// Logs out: ends the renewals and revokes the token, those that it replaced, and the refresh token. Calls of bound
/// clients fail afterwards, with ::WAZO_AUTH_ERROR_CLOSED.
///
/// In a child process it revokes only what the child has received itself: other processes may use the parent's token.
///
/// @param renewer The renewer. It must still be freed.
/// @param timeout_ms The time limit for everything, in milliseconds; 0 or less for that of a login for each request.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if nothing is left. false if not: call it again, or the tokens live until they expire.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_close(
    renewer: *const wazo_auth_renewer,
    timeout_ms: i32,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let timeout = u64::try_from(timeout_ms).ok().filter(|timeout_ms| *timeout_ms > 0);
            pointer::borrow("renewer", renewer)?.0.close(timeout.map(Duration::from_millis))?;
            Ok(true)
        })
    }
}

/// Creates a client whose calls use the token of a renewer. It shares the connection pool of the other client.
///
/// A call that finds no token waits for one, within its own time limit. If the server answers that the token is not
/// valid any more, the token is renewed, once for any number of calls, and the call is repeated once with the new one.
/// An option `token` that is set on the client later takes the place of the renewer.
///
/// @param client The client.
/// @param renewer The renewer; it may be freed before the client, whose calls then fail when the token is no longer
/// valid.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A client; free it with wazo_auth_client_free(), before or after the other. NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_with_renewer(
    client: *const wazo_auth_client,
    renewer: *const wazo_auth_renewer,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_client {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            Ok(give_client(pointer::borrow("renewer", renewer)?.0.bind(&client.client)))
        })
    }
}

/// Frees a renewer. Renewals end, and no function is called any more. The token is not revoked: call
/// wazo_auth_renewer_close() before, to log out.
///
/// @param renewer The renewer, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_renewer_free(renewer: *mut wazo_auth_renewer) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(renewer) });
}
