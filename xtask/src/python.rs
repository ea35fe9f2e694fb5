//! Writes `bindings/python/wazo_auth_client/_operations.py` and its stub: a class for each resource, a method for each
//! operation, and the small table that the runtime (`_resource.py`, `_arguments.py`) works by.

use std::fmt::Write as _;

use crate::signature::{open_to, refusals, request_in_words};
use crate::operations::parameter::{Kind, Parameter, Place};
use crate::operations::{Encoding, Operation, Shape};
use crate::text::{WIDTH, camel_case, enumeration, wrap_with};
use crate::{GENERATED, Operations};

/// What is said in Python only, after an operation's own words.
const NOTES: &[(&str, &str)] = &[
    (
        "token.check",
        "Returns True, or raises `InvalidTokenException` (404) or `MissingPermissionsTokenException` (403).",
    ),
    ("token.is_valid", "Returns True or False."),
    ("token.revoke", "Raises for no answer of the server, as the reference client's does not."),
    ("external.list", "Also called `list_`, its name in the reference client."),
];

/// What a generated class looks like for one resource.
struct Resource<'a> {
    name: &'static str,
    class: String,
    operations: Vec<&'a Operation>,
}

/// The resources, each with its operations, in the order of the table.
fn resources<'a>(operations: Operations<'a>) -> Vec<Resource<'a>> {
    let mut resources: Vec<Resource<'a>> = Vec::new();
    for operation in operations {
        let name = operation.resource();
        match resources.iter_mut().find(|resource| resource.name == name) {
            Some(resource) => resource.operations.push(operation),
            None => resources.push(Resource { name, class: camel_case(name), operations: vec![operation] }),
        }
    }
    resources
}

/// The text of `_operations.py`.
pub fn module(operations: Operations) -> String {
    let resources = resources(operations);
    let mut text = format!(
        "# {GENERATED}\n\
         \"\"\"The operations of wazo-auth: a class for each kind of thing, a method for each operation.\n\n\
         A parameter whose default is UNSET is left out unless it is given. Where a method takes further keywords, they \
         pass\nthrough to the server: query keys or fields of the body that this version does not know.\n\"\"\"\n\
         from __future__ import annotations\n\n\
         from ._resource import UNSET, Resource\n"
    );
    for resource in &resources {
        write!(
            text,
            "\n\nclass {}(Resource):\n    \"\"\"The operations of `{}`.\"\"\"\n",
            resource.class, resource.name
        )
        .expect("a String takes all");
        for operation in &resource.operations {
            text.push('\n');
            text.push_str(&method(operation));
        }
    }
    text.push_str(
        "\n\nclass Resources:\n    \"\"\"What a client has for each resource: an attribute of its name.\"\"\"\n",
    );
    text.push_str("\n\n#: The class of each resource.\nRESOURCES = {\n");
    for resource in &resources {
        writeln!(text, "    '{}': {},", resource.name, resource.class).expect("a String takes all");
    }
    text.push_str(
        "}\n\n#: For each operation: where its parameters stand in the request, which of them are required, whether \
         further\n#: keywords pass through and to where, and what comes back.\nOPERATIONS = {\n",
    );
    for operation in operations {
        text.push_str(&entry(operation));
    }
    text.push_str("}\n");
    text
}

/// One method, indented as in its class.
pub fn method(operation: &Operation) -> String {
    let mut signature = vec!["self".to_owned()];
    signature.extend(arguments(operation));
    let mut text = bracketed(&format!("    def {}(", operation.verb()), &signature, "):");
    text.push_str(&docstring(operation));

    let names: Vec<String> =
        operation.each_parameter().map(|parameter| format!("'{0}': {0}", parameter.name)).collect();
    let start = format!("        return self._call('{}', {{", operation.name);
    let end = if open_to(operation).is_some() { "}, more)" } else { "})" };
    text.push_str(&bracketed(&start, &names, end));
    text
}

/// A call of the method, for documentation.
pub fn call(operation: &Operation) -> String {
    bracketed(&format!("client.{}(", operation.name), &arguments(operation), ")")
}

/// A method's parameters but for `self`, with their defaults.
fn arguments(operation: &Operation) -> Vec<String> {
    let mut arguments: Vec<String> = parameters(operation)
        .into_iter()
        .map(|parameter| match parameter {
            Slot::KeywordsOnly => "*".to_owned(),
            Slot::Required(parameter) => parameter.name.to_owned(),
            Slot::Optional(parameter) => format!("{}={}", parameter.name, default(parameter)),
        })
        .collect();
    if open_to(operation).is_some() {
        arguments.push("**more".to_owned());
    }
    arguments
}

/// One place in a method's signature.
enum Slot {
    Required(&'static Parameter),
    Optional(&'static Parameter),
    /// From here on by keyword.
    KeywordsOnly,
}

/// A method's parameters in the table's order, required ones first.
///
/// Where the table puts the tenant before required ones, it stays first, as callers give it by position, and the
/// required ones go by keyword.
fn parameters(operation: &Operation) -> Vec<Slot> {
    let tenant_first = operation.each_parameter().next().filter(|first| first.place == Place::Tenant);
    let rest = || operation.each_parameter().skip(usize::from(tenant_first.is_some()));
    let required: Vec<Slot> = rest().filter(|parameter| parameter.required).map(Slot::Required).collect();
    let optional = rest().filter(|parameter| !parameter.required).map(Slot::Optional);
    let mut slots = Vec::new();
    if let Some(tenant) = tenant_first {
        slots.push(Slot::Optional(tenant));
        if !required.is_empty() {
            slots.push(Slot::KeywordsOnly);
        }
    }
    slots.extend(required);
    slots.extend(optional);
    slots
}

/// The default of an optional parameter. None means the client's own, or "as if it were not given"; UNSET is for what
/// can be null on the wire.
fn default(parameter: &Parameter) -> &'static str {
    match parameter.place {
        Place::Tenant | Place::Token | Place::Username | Place::Password | Place::Header(_) => "None",
        _ => "UNSET",
    }
}

/// A bracketed list: on one line where it fits, else with a line for each item.
fn bracketed(start: &str, items: &[String], end: &str) -> String {
    let flat = format!("{start}{}{end}", items.join(", "));
    if flat.chars().count() <= WIDTH {
        return flat + "\n";
    }
    let indent = " ".repeat(start.len() - start.trim_start().len());
    let mut text = format!("{start}\n");
    for item in items {
        writeln!(text, "{indent}    {item},").expect("a String takes all");
    }
    text + &format!("{indent}{end}\n")
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
    text.push_str(&bracketed("        'places': {", &places, "},"));
    writeln!(
        text,
        "        'required': {required},\n        'open': {open},\n        'result': '{}',\n    }},",
        operation.result.name()
    )
    .expect("a String takes all");
    text
}

/// The text of `_operations.pyi`.
pub fn stub(operations: Operations) -> String {
    let resources = resources(operations);
    let mut text = format!(
        "# {GENERATED}\n\
         from collections.abc import Mapping, Sequence\n\
         from typing import IO, Any, Optional, TypedDict, Union\n\
         from uuid import UUID\n\n\
         from ._resource import Resource\n\n\
         _Text = Union[str, UUID]\n\
         _Object = Mapping[str, Any]\n\
         _Content = Union[str, bytes, IO[str], IO[bytes]]\n\
         _File = Union[_Content, tuple[Any, _Content], tuple[Any, _Content, Any], tuple[Any, _Content, Any, Any]]\n\n\
         class _Entry(TypedDict):\n    places: dict[str, str]\n    required: tuple[str, ...]\n    \
         open: Optional[str]\n    result: str\n"
    );
    for resource in &resources {
        write!(text, "\nclass {}(Resource):\n", resource.class).expect("a String takes all");
        for operation in &resource.operations {
            text.push_str(&stub_method(operation));
        }
    }
    text.push_str("\nclass Resources:\n");
    for resource in &resources {
        writeln!(text, "    {}: {}", resource.name, resource.class).expect("a String takes all");
    }
    text.push_str("\nRESOURCES: dict[str, type[Resource]]\nOPERATIONS: dict[str, _Entry]\n");
    text
}

/// One method of the stub.
fn stub_method(operation: &Operation) -> String {
    let mut signature = vec!["self".to_owned()];
    signature.extend(parameters(operation).into_iter().map(|parameter| match parameter {
        Slot::KeywordsOnly => "*".to_owned(),
        Slot::Required(parameter) => format!("{}: {}", parameter.name, given(operation, parameter)),
        Slot::Optional(parameter) => {
            format!("{}: Optional[{}] = ...", parameter.name, given(operation, parameter))
        }
    }));
    if open_to(operation).is_some() {
        signature.push("**more: Any".to_owned());
    }
    let end = format!(") -> {}: ...", returned(operation.result));
    bracketed(&format!("    def {}(", operation.verb()), &signature, &end)
}

/// The type of what is given for a parameter.
fn given(operation: &Operation, parameter: &Parameter) -> &'static str {
    match (parameter.place, parameter.kind) {
        (Place::File, _) => "_File",
        (_, Kind::Text) => "_Text",
        (_, Kind::Integer) => "int",
        (_, Kind::Boolean) => "bool",
        (Place::Query, Kind::Texts) => "Sequence[_Text]",
        (_, Kind::Texts) if operation.encoding == Encoding::Json => "Sequence[str]",
        (_, Kind::Texts) => "Sequence[_Text]",
        (_, Kind::Objects) => "Sequence[_Object]",
        (_, Kind::Object) => "_Object",
        (_, Kind::Any) => "Any",
    }
}

/// The type of what comes back.
fn returned(shape: Shape) -> &'static str {
    match shape {
        Shape::Nothing => "None",
        Shape::Json | Shape::JsonOrNothing | Shape::Member(_) => "Any",
        Shape::Text => "Union[str, bytes]",
        Shape::Location => "str",
        Shape::Question => "bool",
    }
}
