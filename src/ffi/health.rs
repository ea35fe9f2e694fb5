//! Readiness and health as C sees them.

use super::boundary::guard;
use super::client::wazo_auth_client;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer::{self, Handle, HandleType};
use crate::options::{HealthSettings, ServiceSettings};
use crate::readiness::{Health, OnChange, State, wait_until_ready};
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

/// How the server does, see wazo_auth_health_state(). New states are appended, so give every switch a default.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum wazo_auth_health_state_t {
    /// Not known yet: no probe has ended.
    WAZO_AUTH_HEALTH_UNKNOWN = 0,
    /// The last probe succeeded.
    WAZO_AUTH_HEALTH_REACHABLE = 1,
    /// The last probe failed, or the server answers that it cannot do its work (500, 503).
    WAZO_AUTH_HEALTH_DEGRADED = 2,
    /// So many probes in a row failed (the option `down_after`) that the server counts as gone.
    WAZO_AUTH_HEALTH_DOWN = 3,
}

/// A watch over the health of a server: it probes it now and then on the library's thread.
///
/// A cancellation of the client ends its probes too; the state stays as it was meanwhile.
///
/// Thread-safe. Free it with wazo_auth_health_free(). After fork() the child watches for itself, from the first call of
/// a function of the watch on; it has no function to call before it sets one.
pub struct wazo_auth_health(Health);

impl Handle for wazo_auth_health {
    const TYPE: HandleType = HandleType::Health;
}

/// The type of the function that wazo_auth_health_set_on_change() sets. It is called when the state has changed.
pub type wazo_auth_health_on_change = Option<unsafe extern "C" fn(state: wazo_auth_health_state_t, data: *mut c_void)>;

fn shown(state: State) -> wazo_auth_health_state_t {
    match state {
        State::Unknown => wazo_auth_health_state_t::WAZO_AUTH_HEALTH_UNKNOWN,
        State::Reachable => wazo_auth_health_state_t::WAZO_AUTH_HEALTH_REACHABLE,
        State::Degraded => wazo_auth_health_state_t::WAZO_AUTH_HEALTH_DEGRADED,
        State::Down => wazo_auth_health_state_t::WAZO_AUTH_HEALTH_DOWN,
    }
}

/// Waits until the server is ready: until wazo_auth_status_check() succeeds. Between the attempts there are pauses of
/// 0.1 to 5 seconds, shortened at random.
///
/// It ends early if a cancellation of the client is cancelled (wazo_auth_client_with_cancellation()).
///
/// @param client The client.
/// @param timeout_ms How long to wait, in milliseconds; -1 to wait without a limit.
/// @param error Receives the error of the last attempt on failure; NULL if you do not need it.
/// @return true if the server is ready. false if it was not ready in time.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_client_wait_until_ready(
    client: *const wazo_auth_client,
    timeout_ms: i64,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let client = pointer::borrow("client", client)?;
            wait_until_ready(&client.client, u64::try_from(timeout_ms).ok().map(Duration::from_millis))?;
            Ok(true)
        })
    }
}

/// Begins to watch the health of a server. The first probe is sent at once. The library's thread is started if it does
/// not run yet.
///
/// @param client The client; it may be freed before the watch.
/// @param options_json The options as a JSON object, such as {"interval_ms": 10000, "down_after": 3}; docs/options.md
/// lists them. NULL for the defaults.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The watch; free it with wazo_auth_health_free(). NULL on failure.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_health_new(
    client: *const wazo_auth_client,
    options_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut wazo_auth_health {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let options = pointer::optional_text("options_json", options_json)?;
            let settings = options.map_or_else(|| Ok(HealthSettings::defaults()), HealthSettings::from_json)?;
            Ok(pointer::give(wazo_auth_health(Health::new(&client.client, settings)?)))
        })
    }
}

/// Returns the state by the last probe. It never blocks.
///
/// @param health The watch, or NULL.
/// @return The state; ::WAZO_AUTH_HEALTH_UNKNOWN before the end of the first probe, and for NULL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_health_state(health: *const wazo_auth_health) -> wazo_auth_health_state_t {
    // SAFETY: the header's contract.
    let health = unsafe { pointer::borrow_optional(health) };
    contain(wazo_auth_health_state_t::WAZO_AUTH_HEALTH_UNKNOWN, || {
        shown(health.and_then(|health| health.0.state().ok()).unwrap_or(State::Unknown))
    })
}

/// Sets a function to call when the state has changed. If the state is known already, the function is called with it
/// soon.
///
/// The function runs on the library's thread. It must be short. It may free the watch; it must not make blocking calls
/// or fork. When wazo_auth_health_set_on_change() returns, the previous function is no longer running. After
/// wazo_auth_health_free() no function is called.
///
/// @param health The watch.
/// @param on_change The function; NULL to remove it.
/// @param data The last argument of the function, which uses it on the library's thread.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set.
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_health_set_on_change(
    health: *mut wazo_auth_health,
    on_change: wazo_auth_health_on_change,
    data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let health = pointer::borrow("health", health.cast_const())?;
            // As a number it may go to another thread, which the caller has promised it may.
            let data = data as usize;
            let on_change = on_change.map(|function| -> Arc<OnChange> {
                Arc::new(move |state| function(shown(state), data as *mut c_void))
            });
            health.0.set_on_change(on_change)?;
            Ok(true)
        })
    }
}

/// Ends a watch. The function is not called any more.
///
/// @param health The watch, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_health_free(health: *mut wazo_auth_health) {
    // SAFETY: the header's contract.
    contain((), || unsafe { pointer::take_back(health) });
}
