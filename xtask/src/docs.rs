//! Writes `docs/operations.md`: every operation as C, C++ and Python see it, and as it goes over the wire.

use std::fmt::Write as _;

use crate::signature::{kind_in_words, open_to, request_in_words, result_in_words};
use crate::operations::parameter::{Parameter, Place};
use crate::operations::{Operation, Shape};
use crate::text::{WIDTH, enumeration, wrap};
use crate::{GENERATED, Operations, cpp, ffi, python};

const HEAD: &str = "\
# Operations

Everything that wazo-auth offers, by resource: as a C function, as a C++ and a Python method, and as it goes over the
wire. By its name an operation can also be called with `wazo_auth_call` and a JSON object of its parameters.

In C every argument is a text in UTF-8, and NULL means *not given*; what has no argument of its own goes into `body` or
`query`, each a JSON text. `error` may be NULL. A `char *` that comes back is freed with `wazo_auth_string_free`. C++
has the same arguments, those that may be left out (by `{}`) last; a result is a `std::string`, a question a `bool`, a
failure an exception; a name that is a keyword of C++ has an underscore behind it (`new_`, `delete_`). In Python a
parameter that says `UNSET` is left out unless it is given.

The statuses are those of the server that are known; see the errors of the library for what each of them becomes.
";

/// The text of `docs/operations.md`.
pub fn reference(operations: Operations) -> String {
    let mut resources: Vec<&str> = Vec::new();
    for operation in operations {
        if !resources.contains(&operation.resource()) {
            resources.push(operation.resource());
        }
    }
    let mut text = format!("<!-- {GENERATED} -->\n\n{HEAD}\n| resource | operations |\n|---|---|\n");
    for resource in &resources {
        let links: Vec<String> = of(operations, resource).map(link).collect();
        writeln!(text, "| [{resource}](#{resource}) | {} |", links.join(", ")).expect("a String takes all");
    }
    for resource in &resources {
        write!(text, "\n## {resource}\n").expect("a String takes all");
        for operation in of(operations, resource) {
            text.push_str(&section(operation));
        }
    }
    text
}

fn of<'a>(operations: Operations<'a>, resource: &str) -> impl Iterator<Item = &'a Operation> {
    operations.iter().copied().filter(move |operation| operation.resource() == resource)
}

/// A link to an operation's section.
fn link(operation: &Operation) -> String {
    let retired = if operation.deprecated.is_empty() { "" } else { " (deprecated)" };
    format!("[{}](#{}){retired}", operation.verb(), operation.name.replace('.', ""))
}

/// What is said about one operation.
pub fn section(operation: &Operation) -> String {
    let mut text = format!("\n### {}\n", operation.name);
    let mut paragraph = |paragraph: &str| {
        if !paragraph.is_empty() {
            write!(text, "\n{}\n", wrap(paragraph, WIDTH).join("\n")).expect("a String takes all");
        }
    };
    paragraph(operation.summary);
    if !operation.deprecated.is_empty() {
        paragraph(&format!("**Deprecated.** {}", operation.deprecated));
    }
    paragraph(operation.details);
    paragraph(&request_in_words(operation));
    write!(text, "\n```c\n{}\n```\n", ffi::prototype(operation)).expect("a String takes all");
    write!(text, "\n```cpp\n{}\n```\n", cpp::call(operation)).expect("a String takes all");
    write!(text, "\n```python\n{}```\n", python::call(operation)).expect("a String takes all");
    if operation.each_parameter().next().is_some() {
        text.push_str("\n| parameter | in | what |\n|---|---|---|\n");
        operation.each_parameter().for_each(|parameter| text.push_str(&row(parameter)));
    }
    if let Some(place) = open_to(operation) {
        let what = if place == "query" { "keys of the query" } else { "fields of the body" };
        write!(text, "\nFurther {what} pass through.\n").expect("a String takes all");
    }
    text.push_str(&outcome(operation));
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
    format!("| `{}` | {place}{wire} | {required}{kind}. {} |\n", parameter.name, parameter.doc.replace('|', "\\|"))
}

/// The statuses and the result.
fn outcome(operation: &Operation) -> String {
    let accepted = enumeration(operation.accepted);
    let good = match operation.result {
        Shape::Question => format!("Yes: {accepted}. No: 403 and 404."),
        Shape::Nothing => format!("Success: {accepted}, without a result."),
        shape => format!("Success: {accepted}, with {}.", result_in_words(shape)),
    };
    let known = ffi::errors(operation);
    let bad = if known.is_empty() { String::new() } else { format!(" Known refusals: {known}.") };
    format!("\n{}\n", wrap(&format!("{good}{bad}"), WIDTH).join("\n"))
}
