//! The log of the library: one record for each call that ends, given to one function of the host.
//!
//! Nothing is logged unless a logger is set, and then a call costs one more load. A record holds no secret: what it says
//! of a call is what an error would say of it.

use crate::error::ErrorKind;
use arc_swap::ArcSwapOption;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A call that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The operation, such as `users.get`; for a raw request its method and path, tokens masked.
    pub operation: &'a str,
    /// The HTTP status of the response; 0 where none came.
    pub status: u16,
    /// The kind of the failure; `None` for a success.
    pub kind: Option<ErrorKind>,
    /// The error's message, secrets masked; empty for a success.
    pub message: &'a str,
    /// The time from the beginning of the call to its end.
    pub duration: Duration,
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duration_ms = self.duration.as_millis();
        match self.kind {
            None => write!(f, "{}: {} in {duration_ms} ms", self.operation, self.status),
            Some(kind) => write!(f, "{} after {duration_ms} ms ({})", self.message, kind.name()),
        }
    }
}

/// What takes the records: called on the thread that made the call, or on the library's own. It must be short.
pub type Logger = dyn Fn(&Record<'_>) + Send + Sync;

static LOGGER: ArcSwapOption<Box<Logger>> = ArcSwapOption::const_empty();

/// Sets the logger of this process; `None` for none. Calls that are ending may still give their record to the one before.
pub fn set_logger(logger: Option<Box<Logger>>) {
    LOGGER.store(logger.map(Arc::new));
}

/// Lets `make` write a record, where there is a logger.
pub(crate) fn log(make: impl FnOnce(&Logger)) {
    if let Some(logger) = LOGGER.load().as_deref() {
        make(logger);
    }
}
