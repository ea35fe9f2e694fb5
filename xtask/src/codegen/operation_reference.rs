//! Writes `docs/operations.md`: every operation as C, C++ and Python see it, as it goes over the wire, and what it
//! returns.

use std::fmt::Write as _;

use crate::error::kind::Kind;
use crate::operations::parameter::{Parameter, Place};
use crate::operations::{Field, Operation, Record, Shape, Type};

use super::kinds::known_errors;
use super::results::{Naming, nested_records, result_in_words, type_in_words};
use super::signature::prototype;
use super::sources::{Sources, generated_from};
use super::text::{WIDTH, cell, enumeration, wrap};
use super::words::{kind_in_words, open_to, request_in_words};
use super::{cpp_signature, python_signature};

const HEAD: &str = "\
# Operations

Every operation of wazo-auth, by resource: the C function, the C++ method, the Python method and the HTTP request. Any
operation can also be called by its name, with `wazo_auth_call` and a JSON object of its parameters.

**C.** Every argument is a string in UTF-8; NULL means *not given*. A parameter that is not an argument of the C function
is a member of `body` (`options` for logins) or `query`, which are JSON documents. `error` may be NULL. Free a returned
`char *` with `wazo_auth_string_free`.

**C++.** The methods have the same arguments, but optional ones come last; `{}` leaves one out. A method returns a
result as a `std::string`, and the answer to a question as a `bool`; on failure it throws an exception. A name that is a
keyword of C++ ends with an underscore (`new_`, `delete_`).

**Python.** A parameter whose default is `UNSET` is not sent unless it is given.

*Known errors* lists the HTTP statuses that the server is known to fail with, and the kinds of error that they become:
see [errors.md](errors.md). *Result* describes the JSON that is returned. A field is always present unless it is marked
as *optional*, and never null unless it is marked as *nullable*.
";

const RECORDS: &str = "
## Records

The objects that the results above contain.
";

/// The text of `docs/operations.md`.
pub fn reference(sources: &Sources) -> String {
    let resources = sources.tables.resources();
    let mut text =
        format!("<!-- {} -->\n\n{HEAD}\n| resource | operations |\n|---|---|\n", generated_from("src/operations.rs"));
    for resource in &resources {
        let links: Vec<String> = resource.operations.iter().map(|operation| link(operation)).collect();
        writeln!(text, "| [{0}](#{0}) | {1} |", resource.name, links.join(", ")).expect("a String takes all");
    }
    for resource in &resources {
        write!(text, "\n## {}\n", resource.name).expect("a String takes all");
        for operation in &resource.operations {
            text.push_str(&section(operation, sources.tables.kinds));
        }
    }
    let records = nested_records(sources.tables.operations);
    if !records.is_empty() {
        text.push_str(RECORDS);
    }
    for record in records {
        write!(text, "\n### Record {}\n\n{}\n{}", record.name, wrapped(record.doc), fields(record))
            .expect("a String takes all");
    }
    text
}

fn wrapped(text: &str) -> String {
    wrap(text, WIDTH).join("\n")
}

/// A link to an operation's section.
fn link(operation: &Operation) -> String {
    let retired = if operation.deprecated.is_empty() { "" } else { " (deprecated)" };
    format!("[{}](#{}){retired}", operation.verb(), operation.name.replace('.', ""))
}

/// What is said about one operation.
fn section(operation: &Operation, kinds: &[Kind]) -> String {
    let mut text = format!("\n### {}\n", operation.name);
    let mut paragraph = |paragraph: &str| {
        if !paragraph.is_empty() {
            write!(text, "\n{}\n", wrapped(paragraph)).expect("a String takes all");
        }
    };
    paragraph(operation.summary);
    if !operation.deprecated.is_empty() {
        paragraph(&format!("**Deprecated.** {}", operation.deprecated));
    }
    paragraph(operation.details);
    paragraph(&request_in_words(operation));
    write!(text, "\n```c\n{}\n```\n", prototype(operation, "").trim_end()).expect("a String takes all");
    write!(text, "\n```cpp\n{}\n```\n", cpp_signature::call(operation)).expect("a String takes all");
    write!(text, "\n```python\n{}```\n", python_signature::call(operation)).expect("a String takes all");
    if operation.each_parameter().next().is_some() {
        text.push_str("\n| parameter | in | meaning |\n|---|---|---|\n");
        operation.each_parameter().for_each(|parameter| text.push_str(&row(parameter)));
    }
    if let Some(place) = open_to(operation) {
        let what = if place == "query" { "keys of the query" } else { "fields of the body" };
        write!(text, "\nFurther {what} are sent as they are given.\n").expect("a String takes all");
    }
    text.push_str(&outcome(operation, kinds));
    text
}

/// A parameter's line in the table.
fn row(parameter: &Parameter) -> String {
    let place = match parameter.place {
        Place::Path => "path".to_owned(),
        Place::Query => "query".to_owned(),
        Place::Field => "body".to_owned(),
        Place::File => "body, file".to_owned(),
        Place::Document => "the body".to_owned(),
        Place::Header(name) => format!("`{name}`"),
        Place::Tenant => "`Wazo-Tenant`".to_owned(),
        Place::Token => "`X-Auth-Token`".to_owned(),
        Place::Username | Place::Password => "HTTP Basic".to_owned(),
    };
    let wire = match parameter.place {
        Place::Query | Place::Field if parameter.wire != parameter.name => format!(" as `{}`", parameter.wire),
        _ => String::new(),
    };
    let required = if parameter.required { "**required**, " } else { "" };
    let kind = kind_in_words(parameter);
    format!("| `{}` | {place}{wire} | {required}{kind}. {} |\n", parameter.name, cell(parameter.doc))
}

/// The statuses and the result.
fn outcome(operation: &Operation, kinds: &[Kind]) -> String {
    let accepted = enumeration(operation.accepted);
    let good = match (operation.result, &operation.returns) {
        (Shape::Question, _) => format!("Yes: {accepted}. No: 403 and 404."),
        (Shape::Nothing, _) => format!("Success: {accepted}. No result."),
        (Shape::JsonOrNothing, Some(kind)) => {
            format!("Success: {accepted}. Result: {}, or `null`.", type_in_words(kind, LINK))
        }
        (_, Some(Type::Record(_))) => format!("Success: {accepted}."),
        (Shape::Text | Shape::Location, _) | (_, None) => {
            format!("Success: {accepted}. Result: {}.", result_in_words(operation))
        }
        (_, Some(kind)) => format!("Success: {accepted}. Result: {}.", type_in_words(kind, LINK)),
    };
    let known = known_errors(kinds, operation);
    let bad = if known.is_empty() { String::new() } else { format!(" Known errors: {known}.") };
    let result = match operation.returns {
        Some(Type::Record(record)) => format!("\nResult: {}\n{}", wrapped(record.doc), fields(record)),
        _ => String::new(),
    };
    format!("\n{}\n{result}", wrapped(&format!("{good}{bad}")))
}

/// A record as a link to its section.
const LINK: Naming = |record| format!("[{}](#record-{})", record.name, record.name.to_lowercase());

/// The table of a record's fields.
fn fields(record: &Record) -> String {
    let mut text = "\n| field | type | meaning |\n|---|---|---|\n".to_owned();
    record.fields.iter().for_each(|field| text.push_str(&field_row(field)));
    if record.open {
        text.push_str("\nFurther fields are possible.\n");
    }
    text
}

fn field_row(field: &Field) -> String {
    let optional = if field.optional { ", optional" } else { "" };
    let nullable = if field.nullable { ", nullable" } else { "" };
    format!("| `{}` | {}{optional}{nullable} | {} |\n", field.name, type_in_words(&field.kind, LINK), cell(field.doc))
}
