//! How an operation looks in Rust: its method, the type of its call, what is given to the method and what is set later.

use crate::operations::parameter::{Kind, Parameter, Place};
use crate::operations::{Operation, Shape, Type};

use super::signature::{Argument, c_arguments, c_function, in_body, in_query};
use super::text::camel_case;

/// The keywords of Rust that can be names elsewhere; the three ways to make a call, and what adds further members.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    "call", "call_async", "submit", "further",
];

/// What a name of the table is called in Rust.
pub fn name(name: &str) -> String {
    format!("{name}{}", if TAKEN.contains(&name) { "_" } else { "" })
}

/// The method of the client: the name of the C function without its prefix.
pub fn method(operation: &Operation) -> String {
    c_function(operation).trim_start_matches("wazo_auth_").to_owned()
}

/// The type of the call that the method returns.
pub fn call_type(operation: &Operation) -> String {
    camel_case(&method(operation))
}

/// A parameter, by the name that it has in typed functions.
pub fn parameter_name(parameter: &Parameter) -> String {
    name(if parameter.hot { parameter.argument } else { parameter.name })
}

/// The parameters that are given to the method, and those that are set later; both in the order of the C function.
pub fn by_need(operation: &Operation) -> (Vec<&'static Parameter>, Vec<&'static Parameter>) {
    let all = c_arguments(operation).into_iter().flat_map(|argument| match argument {
        Argument::Own(parameter) => vec![parameter],
        Argument::Body(_) => in_body(operation).collect(),
        Argument::Query => in_query(operation).collect(),
    });
    all.partition(|parameter| parameter.required)
}

/// How a parameter is handed on: the type that is given, and the function that takes it.
pub fn given(parameter: &Parameter) -> (&'static str, &'static str) {
    match parameter.kind {
        _ if parameter.place == Place::File => ("impl AsRef<[u8]>", "file"),
        Kind::Text => ("impl Into<String>", "text"),
        Kind::Integer => ("i64", "integer"),
        Kind::Boolean => ("bool", "boolean"),
        Kind::Texts => ("impl IntoIterator<Item = impl Into<String>>", "texts"),
        Kind::Object | Kind::Objects | Kind::Any => ("impl AsRef<str>", "json"),
    }
}

/// What a parameter is, where its type does not say it.
pub fn given_in_words(parameter: &Parameter) -> String {
    let json = match parameter.kind {
        _ if parameter.place == Place::File => "",
        Kind::Object => " A JSON object.",
        Kind::Objects => " A JSON list of objects.",
        Kind::Any => " Any JSON value.",
        _ => "",
    };
    format!("{}{json}", parameter.doc)
}

/// The type of a value of a result.
pub fn value_type(kind: &Type, records: &str) -> String {
    match kind {
        Type::Text => "String".to_owned(),
        Type::Integer => "i64".to_owned(),
        Type::Number => "f64".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Any => "JsonText".to_owned(),
        Type::Record(record) => format!("{records}{}", record.name),
        Type::List(item) => format!("Vec<{}>", value_type(item, records)),
        Type::Map(value) => format!("BTreeMap<String, {}>", value_type(value, records)),
    }
}

/// What making the call returns, within a `Result`.
pub fn returned(operation: &Operation) -> String {
    let described = operation.returns.as_ref().map_or("JsonText".to_owned(), |kind| value_type(kind, "records::"));
    match operation.result {
        Shape::Nothing => "()".to_owned(),
        Shape::Question => "bool".to_owned(),
        Shape::Text | Shape::Location => "Reply<String>".to_owned(),
        Shape::Json | Shape::Member(_) => format!("Reply<{described}>"),
        Shape::JsonOrNothing => format!("Reply<Option<{described}>>"),
    }
}
