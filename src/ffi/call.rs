//! Calls as C sees them: by a typed function (generated, see [`super::operations`]), by name, or raw.

use super::boundary::guard;
use super::client::wazo_auth_client;
use super::error::wazo_auth_error;
use super::panic::contain;
use super::pointer;
use crate::client::{Arguments, Outcome};
use crate::clock;
use crate::error::{Error, Result};
use crate::operations::{self, Credentials, Encoding, Kind, Method, Operation, Place, Shape};
use once_cell::race::OnceBox;
use serde_json::{Value, json};
use std::ffi::{CString, c_char};

/// An argument of a typed function: its name, and the caller's text.
pub struct Argument {
    name: &'static str,
    pointer: *const c_char,
    is_json: bool,
    is_required: bool,
}

impl Argument {
    /// A parameter of the table.
    pub fn text(name: &'static str, pointer: *const c_char) -> Self {
        Self { name, pointer, is_json: false, is_required: false }
    }

    /// `query` (a JSON object) or `body` (a JSON text).
    pub fn json(name: &'static str, pointer: *const c_char) -> Self {
        Self { name, pointer, is_json: true, is_required: false }
    }

    /// It must not be NULL. (A call by name is freer: there the reference client's users may leave out what the server
    /// then misses.)
    #[must_use]
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// The error for NULL where that is not allowed.
    fn missing(&self, operation: &Operation) -> Error {
        let fields = || {
            let needed = |place| matches!(place, Place::Field | Place::File | Place::Document);
            let fields = operation.each_parameter().filter(|field| field.required && needed(field.place));
            fields.map(|field| field.name).collect::<Vec<_>>()
        };
        let what = if self.is_json { fields().join(", ") } else { "it".into() };
        Error::invalid(format!("argument {}: it is NULL, but {} needs {what}", self.name, operation.name))
    }
}

/// Makes a call whose result is a text.
///
/// # Safety
/// The header's contract: every pointer is NULL or valid for the length of the call.
pub unsafe fn returning_text(
    client: *const wazo_auth_client,
    operation: &'static Operation,
    arguments: &[Argument],
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            make(client, operation, arguments).and_then(|outcome| pointer::give_text(outcome.json))
        })
    }
}

/// Makes a call that has no result.
///
/// # Safety
/// As [`returning_text`].
pub unsafe fn returning_done(
    client: *const wazo_auth_client,
    operation: &'static Operation,
    arguments: &[Argument],
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe { guard(error, false, || make(client, operation, arguments).map(|_| true)) }
}

/// Asks a question: true only for the server's yes.
///
/// # Safety
/// As [`returning_text`].
pub unsafe fn returning_answer(
    client: *const wazo_auth_client,
    operation: &'static Operation,
    arguments: &[Argument],
    error: *mut *mut wazo_auth_error,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe { guard(error, false, || make(client, operation, arguments).map(|outcome| outcome.is_yes())) }
}

unsafe fn make(
    client: *const wazo_auth_client,
    operation: &'static Operation,
    arguments: &[Argument],
) -> Result<Outcome> {
    // SAFETY: the caller's promise.
    let client = unsafe { pointer::borrow("client", client) }?;
    let mut all = Arguments::new().since(clock::now());
    for argument in arguments {
        if argument.pointer.is_null() {
            if argument.is_required {
                return Err(argument.missing(operation));
            }
            continue;
        }
        // A token that is asked about comes from the other side of the network: no mistake of the program's is in it.
        let is_asked_about = operation.result == Shape::Question
            && operation.parameter(argument.name).is_some_and(|known| known.secret && known.place == Place::Path);
        if is_asked_about {
            // SAFETY: the caller's promise.
            all = all.with(argument.name, unsafe { pointer::foreign_text(argument.name, argument.pointer) }?);
            continue;
        }
        // SAFETY: the caller's promise.
        let text = unsafe { pointer::text(argument.name, argument.pointer) }?;
        all = match (argument.is_json, argument.name) {
            (false, name) => all.with(name, text),
            (true, "query") => all.with_query(text)?,
            (true, _) => all.with_body(text)?,
        };
    }
    client.client.call(operation, &all)
}

unsafe fn by_name(
    client: *const wazo_auth_client,
    operation: *const c_char,
    arguments_json: *const c_char,
) -> Result<Outcome> {
    let begun = clock::now();
    // SAFETY: the caller's promise.
    let (client, operation, arguments) = unsafe {
        (
            pointer::borrow("client", client)?,
            pointer::text("operation", operation)?,
            pointer::optional_text("arguments_json", arguments_json)?,
        )
    };
    let arguments = arguments.map_or_else(|| Ok(Arguments::new()), Arguments::from_json)?;
    client.client.call_by_name(operation, &arguments.since(begun))
}

/// Makes a call of any operation by its name.
///
/// Example: wazo_auth_call(client, "users.list", "{\"search\": \"ali\", \"limit\": 10}", &error).
///
/// For a question, such as "token.check", prefer its typed function, wazo_auth_token_check().
///
/// @param client The client.
/// @param operation The name, such as "users.get".
/// @param arguments_json A JSON object with the operation's parameters, by the names in docs/operations.md, and
/// optionally "query" (an object of further query keys) and "body" (an object of further fields, or the whole body).
/// NULL for no arguments.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return The result as a JSON document; "null" for an operation without a result. A question returns "true" for yes,
/// and NULL without an error for no. NULL on failure. Free it with wazo_auth_string_free().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_call(
    client: *const wazo_auth_client,
    operation: *const c_char,
    arguments_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let outcome = by_name(client, operation, arguments_json)?;
            if outcome.is_no() { Ok(std::ptr::null_mut()) } else { pointer::give_text(outcome.json) }
        })
    }
}

/// Makes a call of any operation by its name, and returns the status and headers of the response as well.
///
/// @param client The client.
/// @param operation The name, such as "token.new".
/// @param arguments_json The arguments, as for wazo_auth_call(); NULL for none.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A JSON object {status, headers, result}: status is an integer; headers is an object whose names are in lower
/// case, such as "wazo-sessions-revoked"; result is the JSON of the result, true or false for a question. NULL on
/// failure. Free it with wazo_auth_string_free().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_call_response(
    client: *const wazo_auth_client,
    operation: *const c_char,
    arguments_json: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            by_name(client, operation, arguments_json).and_then(|outcome| pointer::give_text(outcome.to_json()?))
        })
    }
}

/// Sends a request for which this library has no operation, such as one of a newer server.
///
/// @param client The client.
/// @param method "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE".
/// @param path The path below the version of the API, percent-encoded, such as "/users/UUID/groups".
/// @param query A JSON object of query keys; NULL for none.
/// @param body A JSON document; NULL for none.
/// @param error Receives the error on failure; NULL if you do not need it.
/// @return A JSON object {status, headers, result}: result is the body, a JSON document or, if it is not JSON, a
/// string. NULL on failure, which includes every status other than 2xx. Free it with wazo_auth_string_free().
/// cbindgen:postfix=WAZO_AUTH_NONNULL(1, 2, 3)
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn wazo_auth_request(
    client: *const wazo_auth_client,
    method: *const c_char,
    path: *const c_char,
    query: *const c_char,
    body: *const c_char,
    error: *mut *mut wazo_auth_error,
) -> *mut c_char {
    // SAFETY: the header's contract.
    unsafe {
        guard(error, std::ptr::null_mut(), || {
            let client = pointer::borrow("client", client)?;
            let RawRequest { method, path, arguments } = RawRequest::read(method, path, query, body)?;
            client.client.request(method, path, &arguments).and_then(|outcome| pointer::give_text(outcome.to_json()?))
        })
    }
}

/// A request as C gives it. Its time begins when it is read.
pub struct RawRequest<'a> {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded.
    pub path: &'a str,
    /// Query and body.
    pub arguments: Arguments,
}

impl RawRequest<'_> {
    /// Reads the arguments of a function.
    ///
    /// # Safety
    /// Each pointer is NULL or a text that lives as long as what is returned.
    pub unsafe fn read(
        method: *const c_char,
        path: *const c_char,
        query: *const c_char,
        body: *const c_char,
    ) -> Result<Self> {
        let mut arguments = Arguments::new().since(clock::now());
        // SAFETY: the caller's promise.
        let (method, path, query, body) = unsafe {
            (
                pointer::text("method", method)?,
                pointer::text("path", path)?,
                pointer::optional_text("query", query)?,
                pointer::optional_text("body", body)?,
            )
        };
        let method = method_named(method)?;
        if let Some(query) = query {
            arguments = arguments.with_query(query)?;
        }
        if let Some(body) = body {
            arguments = arguments.with_body(body)?;
        }
        Ok(Self { method, path, arguments })
    }
}

fn method_named(name: &str) -> Result<Method> {
    const ALL: [Method; 6] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];
    ALL.into_iter().find(|method| method.as_str() == name).ok_or_else(|| {
        Error::invalid(format!("argument method: expected GET, HEAD, POST, PUT, PATCH or DELETE, got {name:?}"))
    })
}

/// Returns every operation.
///
/// @return A JSON list of objects {name, method, path, summary, details, access, parameters, open, accepted, refused,
/// result, credentials, encoding, since, deprecated}; accepted and refused are lists of statuses, and a parameter is
/// {name, wire, place, kind, required, secret, doc}. Valid as long as the process.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn wazo_auth_operations() -> *const c_char {
    static TEXT: OnceBox<CString> = OnceBox::new();
    contain(std::ptr::null(), || {
        TEXT.get_or_init(|| {
            let all: Value = operations::all().map(described).collect();
            Box::new(CString::new(all.to_string()).unwrap_or_default())
        })
        .as_ptr()
    })
}

fn described(operation: &Operation) -> Value {
    let parameters: Vec<Value> = operation
        .each_parameter()
        .map(|parameter| {
            json!({
                "name": parameter.name,
                "wire": parameter.wire,
                "place": parameter.place.name(),
                "kind": kind_name(parameter.kind),
                "required": parameter.required,
                "secret": parameter.secret,
                "doc": parameter.doc,
            })
        })
        .collect();
    json!({
        "name": operation.name,
        "method": operation.method.as_str(),
        "path": operation.path,
        "summary": operation.summary,
        "details": operation.details,
        "access": operation.access,
        "parameters": parameters,
        "open": operation.open,
        "accepted": operation.accepted,
        "refused": operation.refused,
        "result": operation.result.name(),
        "credentials": match operation.credentials {
            Credentials::Token => "token",
            Credentials::Optional => "none",
            Credentials::Basic => "basic",
        },
        "encoding": match operation.encoding {
            Encoding::None => "none",
            Encoding::Json => "json",
            Encoding::Form => "form",
            Encoding::Multipart => "multipart",
        },
        "since": operation.since,
        "deprecated": operation.deprecated,
    })
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
        Kind::Texts => "texts",
        Kind::Objects => "objects",
        Kind::Object => "object",
        Kind::Any => "any",
    }
}
