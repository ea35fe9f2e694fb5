//! The log as C sees it.

use super::boundary::guard;
use super::error::wazo_auth_error;
use crate::error::Error;
use crate::log::{Level, Logger, Record, set_logger};
use std::ffi::{CString, c_char, c_int, c_void};

/// The level of a log record. A callback of a level gets the records of this level and those of smaller numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum wazo_auth_log_level_t {
    /// Somebody should act: this library has a defect, or a renewer has no valid token.
    WAZO_AUTH_LOG_ERROR = 1,
    /// The server or the network failed.
    WAZO_AUTH_LOG_WARNING = 2,
    /// Something changed: a token was renewed, the server answers again.
    WAZO_AUTH_LOG_INFO = 3,
    /// Every call and every connection.
    WAZO_AUTH_LOG_DEBUG = 4,
}

/// The type of the function that wazo_auth_set_log_callback() sets.
///
/// message is one line, UTF-8, without control characters. fields_json is a JSON object of one line with the members
/// level and event, and those that docs/logging.md lists for the event, such as call_id, operation, status, kind,
/// duration_us. Both strings are valid until the callback returns.
pub type wazo_auth_log_callback = Option<
    unsafe extern "C" fn(
        level: wazo_auth_log_level_t,
        message: *const c_char,
        fields_json: *const c_char,
        user_data: *mut c_void,
    ),
>;

/// Sets the function that gets the log records of this library. There is one for the whole process; docs/logging.md
/// lists what is logged. No record contains a secret; a token is told by its last 4 characters at most.
///
/// The callback is called on the thread where something happened: the thread of a blocking call, or a thread of this
/// library. It may be called by several threads at once. No lock of this library is held, but the call waits, and its
/// time limit runs: so the callback must be short. It must not throw a C++ exception, leave by longjmp() or
/// pthread_exit(), nor fork. Of this library it may use only wazo_auth_json_get(), wazo_auth_string_free() and
/// wazo_auth_set_log_callback(); nothing is logged meanwhile on its thread.
///
/// When this function returns, the previous callback is not running and is not called again: a module can be unloaded
/// after it has set NULL. (A callback that calls this function itself still runs.) So do not hold a lock that the
/// callback takes. After fork(), the child has the same callback.
///
/// @param callback The callback; NULL to remove it.
/// @param level One of ::wazo_auth_log_level_t: the callback gets the records of this level and more important ones.
/// Ignored if callback is NULL.
/// @param user_data The last argument of the callback.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return true if it was set; false if the level is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wazo_auth_set_log_callback(
    callback: wazo_auth_log_callback,
    level: c_int,
    user_data: *mut c_void,
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, false, || {
            let Some(callback) = callback else {
                set_logger(Level::Error, None);
                return Ok(true);
            };
            let known = Level::ALL.into_iter().find(|known| *known as c_int == level);
            let known = known.ok_or_else(|| {
                Error::invalid(format!(
                    "argument level: {level}; expected 1 (error), 2 (warning), 3 (info) or 4 (debug)"
                ))
            })?;
            // As a number it may go to other threads, which the caller has promised it may.
            let user_data = user_data as usize;
            let logger = move |record: &Record<'_>| {
                // Neither has a NUL: control characters are replaced in the one, and escaped in the other.
                let message = CString::new(record.message).unwrap_or_default();
                let fields = CString::new(record.to_json()).unwrap_or_default();
                callback(level_of(record.level), message.as_ptr(), fields.as_ptr(), user_data as *mut c_void);
            };
            let logger: Box<Logger> = Box::new(logger);
            set_logger(known, Some(logger));
            Ok(true)
        })
    }
}

fn level_of(level: Level) -> wazo_auth_log_level_t {
    match level {
        Level::Error => wazo_auth_log_level_t::WAZO_AUTH_LOG_ERROR,
        Level::Warning => wazo_auth_log_level_t::WAZO_AUTH_LOG_WARNING,
        Level::Info => wazo_auth_log_level_t::WAZO_AUTH_LOG_INFO,
        Level::Debug => wazo_auth_log_level_t::WAZO_AUTH_LOG_DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_of_c_are_those_of_rust() {
        assert_eq!(Level::ALL.map(|level| level_of(level) as c_int), Level::ALL.map(|level| level as c_int));
    }
}
