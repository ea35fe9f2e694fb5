//! From an entry of the table and the arguments of a call to the request that goes out.
//!
//! Everything that can be found wrong without the server is found here, before any I/O, and named. [`prepare`] puts an
//! operation's request together from its parts ([`path`], [`query`], [`headers`], [`body`]), each of which reads the
//! arguments by [`given`]; [`raw`] does the same for a request that the table does not have.

mod body;
mod caller;
mod given;
mod headers;
mod path;
mod prepared;
mod query;
mod raw;
mod target;

pub use caller::Caller;
pub use prepared::{Prepared, Shown};
pub use raw::prepare_raw;

use super::arguments::{Argument, Arguments};
use super::base::Base;
use super::trail::Trail;
use crate::clock::{self, Deadline};
use crate::error::Result;
use crate::operations::{Encoding, Operation, Place};
use crate::secret::secrets_of;
use body::{Body, body, body_members};
use caller::JSON;
use given::Given;
use headers::{FORM, headers};
use path::{Subject, path};
use query::query;
use reqwest::header::CONTENT_TYPE;
use std::sync::Arc;
use target::Target;

/// What becomes of an operation and its arguments.
pub enum Preparation {
    /// A request to be sent.
    Request(Box<Prepared>),
    /// A question about a token that no server can know: the answer is no, and nothing is sent.
    No,
}

/// Prepares an operation of the table.
pub fn prepare(
    base: &Arc<Base>,
    operation: &'static Operation,
    arguments: &Arguments,
    caller: &Caller,
) -> Result<Preparation> {
    build(base, Given { operation, arguments }, caller).map_err(|mut error| {
        operation.name.clone_into(&mut error.operation);
        error
    })
}

fn build(base: &Arc<Base>, given: Given<'_>, caller: &Caller) -> Result<Preparation> {
    let Given { operation, arguments } = given;
    given.refuse_unknown()?;
    let mut secrets = base.secrets();
    // Those of a body or a query are noted where these are made.
    for parameter in operation.each_parameter().filter(|parameter| parameter.secret) {
        match arguments.get(parameter.name) {
            Some(Argument::Text(text)) => secrets.add(text.as_str()),
            Some(Argument::Json(raw)) if parameter.place != Place::Document => secrets.extend(secrets_of(raw)),
            _ => {}
        }
    }
    let mut target = Target::new(base.path());
    let subject = path(given, &mut target)?;
    query(given, &mut target, &mut secrets)?;
    target.refuse_length(base.origin())?;
    // Fields of the body and headers can both stand in the JSON object that a typed function takes.
    let mut members = body_members(given)?;
    let mut headers = headers(given, members.as_mut(), caller, &mut secrets)?;
    let body = body(given, members, &mut secrets)?;
    if let Body::Bytes(_) = body {
        headers.insert(CONTENT_TYPE, if operation.encoding == Encoding::Form { FORM } else { JSON });
    }
    // Only now: what else is wrong with the call is a mistake of the program, whatever the token is.
    if subject == Subject::Impossible {
        return Ok(Preparation::No);
    }
    let begun = arguments.begun.unwrap_or_else(clock::now);
    Ok(Preparation::Request(Box::new(Prepared {
        begun,
        deadline: Deadline::after(begun, caller.timeout),
        operation: operation.name.into(),
        effect: operation.effect,
        method: operation.method,
        base: Arc::clone(base),
        target,
        headers,
        body,
        secrets,
        trail: Trail::default(),
    })))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
