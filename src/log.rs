//! The log of the library: records of what its calls, connections and renewals come to, given to one function of the host.
//!
//! A record is made only where its level is wanted: before that, a place that logs costs one relaxed load. It holds no
//! secret, and its texts are one line each. [`event`] has the table of what is logged.
//!
//! The function is the process's. A forked child has that of its parent. It runs on the thread that something happened on:
//! that of a blocking call, or the library's own; no lock of the library is held meanwhile.

#[cfg(feature = "tracing")]
mod bridge;
pub mod event;
mod level;
mod record;

pub use event::{EVENTS, Event};
pub use level::Level;
pub use record::{Record, Value};

use crate::callback::Callback;
use crate::error::Error;
use crate::error::one_line;
use crate::host::fork::PerProcess;
use arc_swap::ArcSwapOption;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// What takes the records. It may run on several threads at once, must be short, and may not use the library, but for
/// [`set_logger`]. One that panics loses the record.
pub type Logger = dyn Fn(&Record<'_>) + Send + Sync;

struct Setting {
    level: Level,
    logger: Box<Logger>,
}

/// The level of the setting; 0 without one.
static LEVEL: AtomicU8 = AtomicU8::new(0);
/// The setting as a forked child finds it; a [`Callback`] has a lock, which a thread of the parent may hold.
static INHERITED: ArcSwapOption<Setting> = ArcSwapOption::const_empty();
static LOGGER: PerProcess<Callback<Setting>> = PerProcess::new();
static NEXT_CALL_ID: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// Whether this thread is in the logger: what that does is not logged.
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the logger of this process, and the level up to which it gets records; `None` for none.
///
/// When this returns, the logger before is not running any more and is never called again, but on the thread that calls
/// this. So it may not be called with a lock held that the logger takes.
pub fn set_logger(level: Level, logger: Option<Box<Logger>>) {
    let setting = logger.map(|logger| Arc::new(Setting { level, logger }));
    let number = setting.as_ref().map_or(0, |setting| setting.level as u8);
    if number == 0 {
        LEVEL.store(0, Ordering::Release);
    }
    INHERITED.store(setting.clone());
    this_process().set(setting);
    LEVEL.store(number, Ordering::Release);
}

fn this_process() -> &'static Callback<Setting> {
    let make = || {
        let callback = Callback::new();
        callback.set(INHERITED.load_full());
        callback
    };
    LOGGER.get_or_make(make, |_| {})
}

/// A number for a call, which no other call of this process has.
pub(crate) fn next_call_id() -> u64 {
    NEXT_CALL_ID.fetch_add(1, Ordering::Relaxed)
}

/// Whether records of this level are wanted.
pub(crate) fn wants(level: Level) -> bool {
    let is_wanted = level as u8 <= LEVEL.load(Ordering::Relaxed);
    #[cfg(feature = "tracing")]
    let is_wanted = is_wanted || bridge::wants(level);
    is_wanted
}

/// Logs something where that is wanted: its message, and its fields in the order of the event.
pub(crate) fn log<const N: usize>(level: Level, event: &'static Event, make: impl FnOnce() -> (String, [Value; N])) {
    if wants(level) && !IS_LOGGING.get() {
        let (message, values) = make();
        write(level, event, &message, values.into());
    }
}

#[cold]
fn write(level: Level, event: &'static Event, message: &str, mut values: Vec<Value>) {
    debug_assert!(event.levels.contains(&level), "{} at {level:?}", event.name);
    debug_assert_eq!(event.fields.len(), values.len(), "{}", event.name);
    for value in &mut values {
        if let Value::Text(text) = value {
            *text = one_line(text);
        }
    }
    let record = Record { level, event, message: &one_line(message), values: &values };
    IS_LOGGING.set(true);
    // Whatever the logger does, the call goes on.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "tracing")]
        bridge::write(&record);
        this_process().call(|setting| {
            if level <= setting.level {
                (setting.logger)(&record);
            }
        });
    }));
    IS_LOGGING.set(false);
}

/// How a token is told from others: by its last four characters, where it has many more.
pub(crate) fn tail(token: &str) -> String {
    const SHORTEST: usize = 16;
    let length = token.chars().count();
    if length < SHORTEST {
        "***".to_owned()
    } else {
        format!("...{}", token.chars().skip(length - 4).collect::<String>())
    }
}

/// The field `call_id` of a record about an error.
pub(crate) fn call_id(error: &Error) -> Value {
    (error.call_id != 0).then_some(error.call_id).into()
}

/// The field `status` of a record about an error.
pub(crate) fn status(error: &Error) -> Value {
    error.answer.as_ref().map(|answer| u32::from(answer.status)).into()
}

/// Microseconds of a length of time.
pub(crate) fn microseconds(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_nobody_wants_is_not_built() {
        // Tests of other modules set no logger.
        for level in Level::ALL {
            log(level, &event::SERVER_STATE, || -> (String, [Value; 3]) { panic!("it was built") });
        }
    }

    #[test]
    fn a_token_is_told_by_its_last_four_characters_and_a_short_one_not_at_all() {
        assert_eq!(tail("00000000-0000-4000-8000-00000000abcd"), "...abcd");
        assert_eq!((tail("0123456789abcdef").as_str(), tail("0123456789abcde").as_str()), ("...cdef", "***"));
        assert_eq!((tail("ééééééééééééééé").as_str(), tail("").as_str()), ("***", "***"));
    }
}
