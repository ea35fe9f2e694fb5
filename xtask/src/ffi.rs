//! Writes `src/ffi/operations.rs`: a documented C function for each operation.
//!
//! A function only names its arguments and hands them on; what can go wrong with a pointer is dealt with in one place,
//! `src/ffi/call.rs`. The comments are for the C header, in Doxygen's terms.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::signature::{
    Argument, c_arguments, c_function, has_own_function, in_body, in_query, kind_in_words, open_to, refusals, request_in_words,
    result_in_words,
};
use crate::operations::{Credentials, Operation, Parameter, Place, Shape};
use crate::text::{WIDTH, capitalised, enumeration, wrap_with};
use crate::error::ErrorKind;
use crate::{GENERATED, Operations};

const HEAD: &str = "\
//! The operations as C functions: each names its arguments and hands them to the one place that deals with pointers.

// What a caller must keep to is the same for all of them; the header's first page says it.
#![allow(clippy::missing_safety_doc)]

use std::ffi::c_char;

use crate::ffi::call::{self, Argument};
use crate::ffi::client::wazo_auth_client;
use crate::ffi::error::wazo_auth_error;
use crate::operations::{self, Operation};
";

/// The text of `src/ffi/operations.rs`, as rustfmt leaves it.
pub fn functions(operations: Operations) -> Result<String, String> {
    let mut text = format!("// {GENERATED}\n\n{HEAD}");
    for operation in operations.iter().filter(|operation| has_own_function(operation)) {
        text.push('\n');
        text.push_str(&function(operation));
    }
    formatted(&text)
}

/// The function of one operation, not formatted yet.
pub fn function(operation: &Operation) -> String {
    let arguments = c_arguments(operation);
    let (hand_on, returned) = match operation.result {
        Shape::Nothing => ("returning_done", "bool"),
        Shape::Question => ("returning_answer", "bool"),
        _ => ("returning_text", "*mut c_char"),
    };
    let mut parameters = String::new();
    let mut values = Vec::new();
    for argument in &arguments {
        let name = argument.name();
        write!(parameters, "{name}: *const c_char, ").expect("a String takes all");
        let value = match argument {
            Argument::Own(parameter) => format!("Argument::text({:?}, {name})", parameter.name),
            Argument::Body(_) => format!("Argument::json(\"body\", {name})"),
            Argument::Query => format!("Argument::json(\"query\", {name})"),
        };
        values.push(value + if argument.is_required(operation) { ".required()" } else { "" });
    }
    let (binding, handed) = if values.is_empty() {
        (String::new(), "&[]")
    } else {
        (format!("let arguments = [{}];", values.join(", ")), "&arguments")
    };
    format!(
        "{comment}{must_use}#[unsafe(no_mangle)]\n\
         pub unsafe extern \"C\" fn {function}(client: *const wazo_auth_client, {parameters}\
         error: *mut *mut wazo_auth_error) -> {returned} {{\n\
         const OPERATION: &Operation = operations::named({name:?});\n\
         {binding}\n\
         // SAFETY: the caller keeps the header's contract: every pointer is NULL or valid for the length of the call.\n\
         unsafe {{ call::{hand_on}(client, OPERATION, {handed}, error) }}\n\
         }}\n",
        comment = comment(operation, &arguments),
        // Whoever passes a text by leaks it; whoever passes an answer by need not have asked.
        must_use = if operation.result == Shape::Nothing { "" } else { "#[must_use]\n" },
        function = c_function(operation),
        name = operation.name,
    )
}

/// The C prototype of an operation, for documentation.
pub fn prototype(operation: &Operation) -> String {
    let returned = match operation.result {
        Shape::Nothing | Shape::Question => "bool ",
        _ => "char *",
    };
    let mut arguments = vec!["const wazo_auth_client *client".to_owned()];
    arguments.extend(c_arguments(operation).iter().map(|argument| format!("const char *{}", argument.name())));
    arguments.push("wazo_auth_error **error".to_owned());
    let start = format!("{returned}{}(", c_function(operation));
    let flat = format!("{start}{});", arguments.join(", "));
    if flat.len() <= 100 { flat } else { format!("{start}\n    {});", arguments.join(",\n    ")) }
}

/// The comment of a function.
fn comment(operation: &Operation, arguments: &[Argument]) -> String {
    let mut comment = Comment::default();
    comment.paragraph(operation.summary);
    comment.paragraph(operation.details);
    comment.paragraph(&request_in_words(operation));
    if !operation.deprecated.is_empty() {
        comment.paragraph(&format!("@deprecated {}", operation.deprecated));
    }
    comment.paragraph("@param client The client.");
    for argument in arguments {
        match argument {
            Argument::Own(parameter) => comment.line(&format!(
                "@param {} {}{}",
                argument.name(),
                parameter.doc,
                if parameter.required { "" } else { " May be NULL." }
            )),
            Argument::Body(name) => body(&mut comment, operation, name),
            Argument::Query => {
                let what = match open_to(operation) {
                    Some("query") => "The query, a JSON object, or NULL; keys that are not named here pass through:",
                    _ => "The query, a JSON object, or NULL:",
                };
                comment.line(&format!("@param query {what}"));
                comment.members(in_query(operation));
            }
        }
    }
    comment
        .line("@param error Where an error is put, on failure only; may be NULL. Free it with wazo_auth_error_free().");
    comment.line(&returned(operation));
    let errors = errors(operation);
    if !errors.is_empty() {
        comment.paragraph(&format!("@par Errors\nBesides those that any call can end with: {errors}."));
    }
    comment.paragraph("@par Threads\nAny thread, and any number of them at once with the same client.");
    // Not for readers: cbindgen puts it behind the prototype.
    comment.line(&format!("cbindgen:postfix=WAZO_AUTH_NONNULL({})", nonnull(operation, arguments)));
    comment.text
}

/// The numbers of the arguments that must not be NULL, from 1, the client's.
fn nonnull(operation: &Operation, arguments: &[Argument]) -> String {
    let required = arguments.iter().zip(2..).filter(|(argument, _)| argument.is_required(operation));
    let numbers: Vec<String> = required.map(|(_, number): (_, usize)| number.to_string()).collect();
    [&["1".to_owned()], numbers.as_slice()].concat().join(", ")
}

/// The argument that holds the body, with what is in it.
fn body(comment: &mut Comment, operation: &Operation, name: &'static str) {
    let members: Vec<_> = in_body(operation).collect();
    if let [document] = members.as_slice()
        && document.place == Place::Document
    {
        comment.line(&format!("@param {name} A JSON {}: {}", kind_in_words(document), document.doc));
        return;
    }
    let or_null = if Argument::Body(name).is_required(operation) { "" } else { ", or NULL" };
    let more = if open_to(operation) == Some("body") { "; fields that are not named here pass through" } else { "" };
    comment.line(&format!("@param {name} A JSON object{or_null}{more}:"));
    comment.members(members.into_iter());
}

/// What the function returns, and to whom it belongs.
fn returned(operation: &Operation) -> String {
    match operation.result {
        Shape::Nothing => "@return true when done; false on failure.".to_owned(),
        Shape::Question => "@return true only where the server says yes; false without an error means no, false with \
                            one that it could not be found out."
            .to_owned(),
        shape => format!(
            "@return {}; NULL on failure. Free it with wazo_auth_string_free().",
            capitalised(&result_in_words(shape))
        ),
    }
}

/// The known refusals, each with the kinds of error that it becomes.
pub fn errors(operation: &Operation) -> String {
    let refusals = refusals(operation).into_iter().map(|status| format!("{status} ({})", kinds(operation, status)));
    enumeration(&refusals.collect::<Vec<_>>())
}

/// The kinds of error that a status becomes.
fn kinds(operation: &Operation, status: u16) -> String {
    let is_login = operation.credentials == Credentials::Basic;
    let has_tenant = operation.each_parameter().any(|parameter| parameter.place == Place::Tenant);
    let kinds = ErrorKind::all_of_status(status).filter(|kind| match kind {
        ErrorKind::AuthenticationFailed => is_login || operation.proves_password,
        ErrorKind::TenantUnauthorized => has_tenant && !is_login,
        ErrorKind::TokenInvalid => !is_login,
        ErrorKind::PermissionDenied => !(is_login && status == 401),
        _ => true,
    });
    kinds.map(|kind| kind.name().replace('_', " ")).collect::<Vec<_>>().join(", ")
}

/// A comment that grows line by line.
#[derive(Default)]
struct Comment {
    text: String,
}

impl Comment {
    /// Adds a paragraph, after an empty line where it is not the first; nothing for an empty text.
    fn paragraph(&mut self, text: &str) {
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push_str("///\n");
        }
        text.lines().for_each(|line| self.line(line));
    }

    /// Adds a text that begins on a line of its own.
    fn line(&mut self, text: &str) {
        self.wrapped(text, "", "");
    }

    /// Adds a list of parameters, as the members of a JSON object.
    fn members(&mut self, parameters: impl Iterator<Item = &'static Parameter>) {
        for parameter in parameters {
            let required = if parameter.required { ", required" } else { "" };
            let kind = kind_in_words(parameter);
            self.wrapped(&format!("`{}` ({kind}{required}): {}", parameter.name, parameter.doc), "- ", "  ");
        }
        self.text.push_str("///\n");
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        for line in wrap_with(text, WIDTH, &format!("/// {first}"), &format!("/// {rest}")) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }
}

/// A Rust source as rustfmt leaves it with the repository's settings.
fn formatted(source: &str) -> Result<String, String> {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut rustfmt = Command::new(std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()))
        .args(["--edition", "2024", "--emit", "stdout", "--config-path", settings])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt, which formats what is generated, does not start: {error}"))?;
    // Written from a thread of its own: rustfmt may begin to answer before it has read all.
    let mut input = rustfmt.stdin.take().expect("stdin is piped");
    let written = source.to_owned();
    let writer = std::thread::spawn(move || input.write_all(written.as_bytes()));
    let output = rustfmt.wait_with_output().map_err(|error| format!("rustfmt: {error}"))?;
    writer.join().expect("writing does not panic").map_err(|error| format!("rustfmt: {error}"))?;
    if !output.status.success() {
        return Err(format!("rustfmt refuses what was generated:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}
