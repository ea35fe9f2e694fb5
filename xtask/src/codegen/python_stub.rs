//! Writes `bindings/python/wazo_auth_client/_operations.pyi`: the types of the methods, and of the objects that they
//! return.

use std::fmt::Write as _;

use crate::operations::parameter::{Kind, Parameter, Place};
use crate::operations::{Encoding, Field, Operation, Record, Shape, Type};

use super::python_signature::{Slot, parameters};
use super::results::all_records;
use super::sources::{Sources, generated_from};
use super::text::{Layout, bracketed, camel_case};
use super::words::open_to;

/// The text of `_operations.pyi`.
pub fn stub(sources: &Sources) -> String {
    let resources = sources.tables.resources();
    let mut text = format!(
        "# {}\n\
         from collections.abc import Mapping, Sequence\n\
         from typing import IO, Any, Dict, List, Optional, TypedDict, Union\n\
         from uuid import UUID\n\n\
         from ._resource import Resource\n\n\
         _Text = Union[str, UUID]\n\
         _Object = Mapping[str, Any]\n\
         _Content = Union[str, bytes, IO[str], IO[bytes]]\n\
         _File = Union[_Content, tuple[Any, _Content], tuple[Any, _Content, Any], tuple[Any, _Content, Any, Any]]\n\n\
         class _Entry(TypedDict):\n    places: dict[str, str]\n    required: tuple[str, ...]\n    \
         open: Optional[str]\n    result: str\n",
        generated_from("src/operations.rs")
    );
    for record in all_records(sources.tables.operations) {
        text.push_str(&typed_dict(record));
    }
    for resource in &resources {
        write!(text, "\nclass {}(Resource):\n", camel_case(resource.name)).expect("a String takes all");
        for operation in &resource.operations {
            text.push_str(&stub_method(operation));
        }
    }
    text.push_str("\nclass Resources:\n");
    for resource in &resources {
        writeln!(text, "    {}: {}", resource.name, camel_case(resource.name)).expect("a String takes all");
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
    let end = format!(") -> {}: ...", returned(operation));
    bracketed(&format!("    def {}(", operation.verb()), &signature, &end, Layout::Stacked)
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

/// The type of what is returned.
fn returned(operation: &Operation) -> String {
    let described = operation.returns.as_ref().map_or_else(|| "Any".to_owned(), type_of);
    match operation.result {
        Shape::Nothing => "None".to_owned(),
        Shape::Json | Shape::Member(_) => described,
        Shape::JsonOrNothing if described == "Any" => described,
        Shape::JsonOrNothing => format!("Optional[{described}]"),
        Shape::Text => "Union[str, bytes]".to_owned(),
        Shape::Location => "str".to_owned(),
        Shape::Question => "bool".to_owned(),
    }
}

/// The name of a record's type: plain names would meet the classes of resources, such as `Token`.
fn type_name(record: &Record) -> String {
    format!("{}Dict", record.name)
}

/// A type, by the names of `typing`: in a class that has a method `list`, `list` is the method.
fn type_of(kind: &Type) -> String {
    match kind {
        Type::Text => "str".to_owned(),
        Type::Integer => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Any => "Any".to_owned(),
        Type::Record(record) => type_name(record),
        Type::List(item) => format!("List[{}]", type_of(item)),
        Type::Map(value) => format!("Dict[str, {}]", type_of(value)),
    }
}

/// The class of a record. `NotRequired` is younger than the Python that the package supports: what may be missing
/// stands in a class that inherits from one with the rest.
fn typed_dict(record: &Record) -> String {
    let name = type_name(record);
    let (optional, required): (Vec<&Field>, Vec<&Field>) = record.fields.iter().partition(|field| field.optional);
    if optional.is_empty() {
        return class(&name, "TypedDict", &required);
    }
    if required.is_empty() {
        return class(&name, "TypedDict, total=False", &optional);
    }
    let base = format!("_{name}");
    class(&base, "TypedDict", &required) + &class(&name, &format!("{base}, total=False"), &optional)
}

fn class(name: &str, base: &str, fields: &[&Field]) -> String {
    let mut text = format!("\nclass {name}({base}):");
    if fields.is_empty() {
        return text + " ...\n";
    }
    text.push('\n');
    for field in fields {
        let kind = type_of(&field.kind);
        let kind = if field.nullable && kind != "Any" { format!("Optional[{kind}]") } else { kind };
        writeln!(text, "    {}: {kind}", field.name).expect("a String takes all");
    }
    text
}
