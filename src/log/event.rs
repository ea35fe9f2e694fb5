//! What is logged: the table of events. docs/logging.md is its page for readers, and a test compares the two.

use super::level::Level;
use Level::{Debug, Error, Info, Warning};

/// A kind of record.
#[derive(Debug)]
pub struct Event {
    /// Its name, such as `call.ended`. Names and fields are only added, never changed.
    pub name: &'static str,
    /// The levels that its records can have.
    pub levels: &'static [Level],
    /// The names of its fields; each record has all of them. `_us` is microseconds, `_ms` milliseconds, `_s` seconds.
    pub fields: &'static [&'static str],
}

/// Every event.
pub static EVENTS: &[&Event] = &[
    &CALL_ENDED,
    &CALL_REPEATED,
    &CONNECTION_OPENED,
    &LOOKUP_SLOW,
    &QUEUE_FULL,
    &RENEWAL_SUCCEEDED,
    &RENEWAL_FAILED,
    &TOKEN_REJECTED,
    &BREAKER_OPENED,
    &BREAKER_CLOSED,
    &SERVER_STATE,
];

/// A call has ended: well or refused (debug), because server or network failed (warning), by a defect of ours (error).
pub static CALL_ENDED: Event = Event {
    name: "call.ended",
    levels: &[Error, Warning, Debug],
    fields: &[
        "call_id",
        "operation",
        "method",
        "path",
        "server",
        "status",
        "kind",
        "duration_us",
        "attempts",
        "connection",
        "in_doubt",
    ],
};

/// An attempt has failed and another follows: after a pause (warning), or at once as the connection had been idle (debug).
pub static CALL_REPEATED: Event = Event {
    name: "call.repeated",
    levels: &[Warning, Debug],
    fields: &[
        "call_id",
        "operation",
        "method",
        "path",
        "server",
        "status",
        "kind",
        "attempt",
        "connection",
        "pause_ms",
    ],
};

/// A connection was opened.
pub static CONNECTION_OPENED: Event = Event {
    name: "connection.opened",
    levels: &[Debug],
    fields: &["call_id", "address", "tls", "http", "duration_us"],
};

/// The look-up of a name took a second or more.
pub static LOOKUP_SLOW: Event =
    Event { name: "lookup.slow", levels: &[Warning], fields: &["host", "addresses", "duration_us"] };

/// Calls were refused because a queue was full.
pub static QUEUE_FULL: Event =
    Event { name: "queue.full", levels: &[Warning], fields: &["operation", "limit", "refused"] };

/// A renewer has a new token.
pub static RENEWAL_SUCCEEDED: Event = Event {
    name: "renewal.succeeded",
    levels: &[Info],
    fields: &["server", "token", "by", "duration_us", "life_s", "next_ms", "renewals"],
};

/// A renewal has failed: the token is still valid (warning), or there is none (error).
pub static RENEWAL_FAILED: Event = Event {
    name: "renewal.failed",
    levels: &[Error, Warning],
    fields: &["server", "call_id", "status", "kind", "has_token", "next_ms", "failures"],
};

/// The server has rejected the token of a renewer.
pub static TOKEN_REJECTED: Event = Event { name: "token.rejected", levels: &[Warning], fields: &["server", "token"] };

/// A verifier leaves the server alone: after failures in a row (warning), or after a try that failed as well (info).
pub static BREAKER_OPENED: Event = Event {
    name: "breaker.opened",
    levels: &[Warning, Info],
    fields: &["server", "call_id", "status", "kind", "pause_ms"],
};

/// The server answers a verifier again.
pub static BREAKER_CLOSED: Event = Event { name: "breaker.closed", levels: &[Info], fields: &["server", "outage_ms"] };

/// The state of a watched server has changed: to reachable (info), or to another one (warning).
pub static SERVER_STATE: Event =
    Event { name: "server.state", levels: &[Warning, Info], fields: &["server", "state", "before"] };
