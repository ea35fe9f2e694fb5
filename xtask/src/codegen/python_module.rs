//! Writes `bindings/python/wazo_auth_client/_operations.py`: a class for each resource, a method for each operation, and
//! the small table that the runtime (`_resource.py`, `_arguments.py`) works by.

use std::fmt::Write as _;

use crate::operations::Operation;

use super::kinds::refusals;
use super::python_signature::lenient_arguments;
use super::sources::{Sources, generated_from};
use super::text::{Layout, WIDTH, bracketed, camel_case, enumeration, wrap_with};
use super::words::{open_to, request_in_words};

/// What is said in Python only, after an operation's own words.
const NOTES: &[(&str, &str)] = &[
    (
        "token.check",
        "Returns True, or raises `InvalidTokenException` (404) or `MissingPermissionsTokenException` (403). As in the \
         reference client, an empty access or tenant is not checked.",
    ),
    ("token.is_valid", "Returns True or False. As in the reference client, an empty access or tenant is not checked."),
    ("token.get", "As in the reference client, an empty access or tenant is not checked."),
    ("token.revoke", "Like the reference client's, it raises no exception if the server refuses."),
    ("external.list", "`list_`, its name in the reference client, is the same method."),
];

/// The text of `_operations.py`.
pub fn module(sources: &Sources) -> String {
    let resources = sources.tables.resources();
    let mut text = format!(
        "# {}\n\
         \"\"\"The operations of wazo-auth: a class for each resource, a method for each operation.\n\n\
         A parameter whose default is UNSET is not sent unless it is given. Further keywords, where a method takes them, \
         are\nsent as they are: query keys or fields of the body that this version does not know.\n\"\"\"\n\
         from __future__ import annotations\n\n\
         from ._resource import UNSET, Resource\n",
        generated_from("src/operations.rs")
    );
    for resource in &resources {
        write!(
            text,
            "\n\nclass {}(Resource):\n    \"\"\"The operations of `{}`.\"\"\"\n",
            camel_case(resource.name),
            resource.name
        )
        .expect("a String takes all");
        for operation in &resource.operations {
            text.push('\n');
            text.push_str(&method(operation));
        }
    }
    text.push_str(
        "\n\nclass Resources:\n    \"\"\"What a client has for each resource: an attribute of its name.\"\"\"\n\n\n\
         class AsyncResources:\n    \"\"\"The same of an asynchronous client, whose methods are awaited.\"\"\"\n",
    );
    text.push_str("\n\n#: The class of each resource.\nRESOURCES = {\n");
    for resource in &resources {
        writeln!(text, "    '{}': {},", resource.name, camel_case(resource.name)).expect("a String takes all");
    }
    text.push_str(
        "}\n\n#: For each operation: where its parameters stand in the request, which of them are required, whether \
         further\n#: keywords are sent and where, and what is returned.\nOPERATIONS = {\n",
    );
    for operation in sources.tables.operations {
        text.push_str(&entry(operation));
    }
    text.push_str("}\n");
    text
}

/// One method, indented as in its class.
fn method(operation: &Operation) -> String {
    let mut signature = vec!["self".to_owned()];
    signature.extend(lenient_arguments(operation));
    let mut text = bracketed(&format!("    def {}(", operation.verb()), &signature, "):", Layout::Stacked);
    text.push_str(&docstring(operation));

    let names: Vec<String> =
        operation.each_parameter().map(|parameter| format!("'{0}': {0}", parameter.name)).collect();
    let start = format!("        return self._call('{}', {{", operation.name);
    let end = if open_to(operation).is_some() { "}, more)" } else { "})" };
    text.push_str(&bracketed(&start, &names, end, Layout::Stacked));
    text
}

fn docstring(operation: &Operation) -> String {
    const INDENT: &str = "        ";
    let mut lines = Vec::new();
    let mut paragraph = |text: &str| {
        if !text.is_empty() {
            lines.push(String::new());
            lines.extend(wrap_with(text, WIDTH, INDENT, INDENT));
        }
    };
    let note = NOTES.iter().find(|(name, _)| *name == operation.name).map_or("", |(_, note)| note);
    paragraph(format!("{} {note}", operation.details).trim());
    if !operation.deprecated.is_empty() {
        paragraph(&format!("Deprecated: {}", operation.deprecated));
    }
    paragraph(&request_in_words(operation));
    let refusals = refusals(operation);
    if !refusals.is_empty() {
        paragraph(&format!("Known refusals: {}.", enumeration(&refusals)));
    }
    let documented: Vec<_> = operation.each_parameter().collect();
    if !documented.is_empty() {
        lines.push(String::new());
    }
    for parameter in documented {
        let text = format!(":param {}: {}", parameter.name, parameter.doc);
        lines.extend(wrap_with(&text, WIDTH, INDENT, &format!("{INDENT}    ")));
    }
    let mut text = String::new();
    let summary = wrap_with(operation.summary, WIDTH - 3, &format!("{INDENT}\"\"\""), INDENT).join("\n");
    writeln!(text, "{summary}\n{}\n{INDENT}\"\"\"", lines.join("\n")).expect("a String takes all");
    text.replace('\\', "\\\\")
}

/// What the runtime needs to know of an operation.
fn entry(operation: &Operation) -> String {
    let quoted = |name: &str| format!("'{name}'");
    let places: Vec<String> = operation
        .each_parameter()
        .map(|parameter| format!("'{}': '{}'", parameter.name, parameter.place.name()))
        .collect();
    let required: Vec<String> =
        operation.each_parameter().filter(|parameter| parameter.required).map(|p| quoted(p.name)).collect();
    let required = match required.as_slice() {
        [] => "()".to_owned(),
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    };
    let open = open_to(operation).map_or_else(|| "None".to_owned(), quoted);
    let mut text = format!("    '{}': {{\n", operation.name);
    text.push_str(&bracketed("        'places': {", &places, "},", Layout::Stacked));
    writeln!(
        text,
        "        'required': {required},\n        'open': {open},\n        'result': '{}',\n    }},",
        operation.result.name()
    )
    .expect("a String takes all");
    text
}
