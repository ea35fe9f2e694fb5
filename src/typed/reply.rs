//! What a call with a result returns.

use super::reading::{Readable, Unexpected};
use crate::client::Outcome;
use crate::error::{Error, ErrorKind, Result};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// The result of a call: the server's JSON as it came, and the type that it can be read into.
///
/// The call has succeeded, whatever the JSON is. Reading is a step of its own: a result with other fields than this
/// version knows must not make a call fail that the server has carried out.
pub struct Reply<T> {
    outcome: Outcome,
    result: PhantomData<fn() -> T>,
}

impl<T> Reply<T> {
    /// The result as JSON: the server's own text where it sent JSON.
    pub fn json(&self) -> &str {
        &self.outcome.json
    }

    /// The same, without a copy.
    pub fn into_json(self) -> String {
        self.outcome.json
    }

    /// Status, headers and JSON.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The same as a value of its own.
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }
}

impl<T: Readable> Reply<T> {
    /// Reads the JSON. Members that the type does not have are left out. A member that is missing, or of another type,
    /// is an error of the kind `protocol` that names it.
    pub fn read(&self) -> Result<T> {
        let json: &RawValue =
            serde_json::from_str(self.json()).map_err(|_| not_readable("the result is expected to be JSON"))?;
        T::readable(json).map_err(|Unexpected { path, expected, came }| {
            let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
            not_readable(&format!("the result{place} is expected to be {expected}, and it is {came}"))
        })
    }
}

fn not_readable(why: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("{why}; the call succeeded, Reply::json has the whole result"))
}

impl<T> From<Outcome> for Reply<T> {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, result: PhantomData }
    }
}

impl From<Outcome> for bool {
    /// The answer to a question.
    fn from(outcome: Outcome) -> Self {
        outcome.is_yes()
    }
}

impl From<Outcome> for () {
    fn from(_: Outcome) {}
}

impl<T> fmt::Debug for Reply<T> {
    /// Without the result: a login's is the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.outcome, f)
    }
}
