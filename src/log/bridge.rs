//! The records as events of the crate `tracing`, for programs in Rust. The feature `tracing` turns it on.
//!
//! The names of fields are fixed where an event is written, so an event has those of all records; what a record does not
//! have is not recorded.

use super::level::Level;
use super::record::{Record, Value};

/// Whether a subscriber wants records of this level.
pub fn wants(level: Level) -> bool {
    match level {
        Level::Error => tracing::event_enabled!(target: "wazo_auth_client", tracing::Level::ERROR),
        Level::Warning => tracing::event_enabled!(target: "wazo_auth_client", tracing::Level::WARN),
        Level::Info => tracing::event_enabled!(target: "wazo_auth_client", tracing::Level::INFO),
        Level::Debug => tracing::event_enabled!(target: "wazo_auth_client", tracing::Level::DEBUG),
    }
}

macro_rules! event {
    ($level:ident, $record:ident, [$($text:ident),*], [$($number:ident),*], [$($flag:ident),*]) => {
        tracing::event!(
            target: "wazo_auth_client",
            tracing::Level::$level,
            event = $record.event.name,
            $($text = text($record, stringify!($text)),)*
            $($number = number($record, stringify!($number)),)*
            $($flag = flag($record, stringify!($flag)),)*
            "{}", $record.message
        )
    };
    ($level:ident, $record:ident) => {
        event!(
            $level,
            $record,
            [operation, method, path, server, kind, connection, address, tls, http, host, token, by, state, before],
            [
                call_id, status, duration_us, attempts, attempt, pause_ms, addresses, limit, refused, life_s, next_ms,
                renewals, failures, outage_ms
            ],
            [in_doubt, has_token]
        )
    };
}

/// Gives a record to the subscriber.
pub fn write(record: &Record<'_>) {
    match record.level {
        Level::Error => event!(ERROR, record),
        Level::Warning => event!(WARN, record),
        Level::Info => event!(INFO, record),
        Level::Debug => event!(DEBUG, record),
    }
}

fn text<'a>(record: &'a Record<'_>, name: &str) -> Option<&'a str> {
    match record.field(name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn number(record: &Record<'_>, name: &str) -> Option<u64> {
    match record.field(name) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

fn flag(record: &Record<'_>, name: &str) -> Option<bool> {
    match record.field(name) {
        Some(Value::Flag(flag)) => Some(*flag),
        _ => None,
    }
}
