//! How an operation looks in C: the name, the arguments and the prototype of its function.

use crate::operations::parameter::{Parameter, Place};
use crate::operations::{Credentials, Operation, Shape};

use super::text::{Layout, bracketed};

/// One argument of a C function; all of them are strings.
#[derive(Debug)]
pub enum Argument {
    /// A parameter that has an argument of its own.
    Own(&'static Parameter),
    /// All fields, files and headers that have none, or the document, as one JSON document.
    Body(&'static str),
    /// All keys of the query that have none, as one JSON object.
    Query,
}

/// The name of an operation's C function: that of the operation that asks the same, where there is one.
pub fn c_function(operation: &Operation) -> String {
    let name = if has_own_function(operation) { operation.name } else { operation.same_as };
    format!("wazo_auth_{}", name.replace('.', "_"))
}

/// Whether an operation has functions of its own in C and C++; not where another one asks the same.
pub fn has_own_function(operation: &Operation) -> bool {
    operation.same_as.is_empty()
}

/// The arguments of an operation's C function, between the client and the error: those of the path in the path's
/// order; what else has an argument of its own, required ones first; the body; the query; the tenant.
pub fn c_arguments(operation: &Operation) -> Vec<Argument> {
    let own = |wanted: &dyn Fn(&Parameter) -> bool| {
        operation.each_parameter().filter(|parameter| wanted(parameter)).map(Argument::Own).collect::<Vec<_>>()
    };
    let mut path = own(&|parameter| parameter.place == Place::Path);
    path.sort_by_key(|argument| operation.path.find(&format!("{{{}}}", argument.name())));
    let hot = |parameter: &Parameter| parameter.hot && !matches!(parameter.place, Place::Path | Place::Tenant);

    let mut arguments = path;
    arguments.extend(own(&|parameter| hot(parameter) && parameter.required));
    arguments.extend(own(&|parameter| hot(parameter) && !parameter.required));
    if in_body(operation).next().is_some() {
        arguments.push(Argument::Body(if operation.credentials == Credentials::Basic { "options" } else { "body" }));
    }
    if in_query(operation).next().is_some() {
        arguments.push(Argument::Query);
    }
    arguments.extend(own(&|parameter| parameter.place == Place::Tenant));
    arguments
}

/// The parameters that the JSON text of the body holds.
pub fn in_body(operation: &Operation) -> impl Iterator<Item = &'static Parameter> + use<> {
    operation.each_parameter().filter(|parameter| {
        let place = matches!(parameter.place, Place::Field | Place::File | Place::Document | Place::Header(_));
        place && !parameter.hot
    })
}

/// The parameters that the JSON object of the query holds.
pub fn in_query(operation: &Operation) -> impl Iterator<Item = &'static Parameter> + use<> {
    operation.each_parameter().filter(|parameter| parameter.place == Place::Query && !parameter.hot)
}

impl Argument {
    /// The argument's name in C.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Own(parameter) => parameter.argument,
            Self::Body(name) => name,
            Self::Query => "query",
        }
    }

    /// Whether the operation cannot do without it.
    pub fn is_required(&self, operation: &Operation) -> bool {
        match self {
            Self::Own(parameter) => parameter.required,
            Self::Body(_) => in_body(operation).any(|parameter| parameter.required),
            Self::Query => in_query(operation).any(|parameter| parameter.required),
        }
    }
}

/// What a C function returns.
pub fn returned(operation: &Operation) -> &'static str {
    match operation.result {
        Shape::Nothing | Shape::Question => "bool ",
        _ => "char *",
    }
}

/// Whether a compiler warns if the result is ignored: ignoring a returned string leaks it, and ignoring the answer to a
/// question is a mistake.
pub fn must_use(operation: &Operation) -> bool {
    operation.result != Shape::Nothing
}

/// The C prototype of an operation, with `end` behind it.
pub fn prototype(operation: &Operation, end: &str) -> String {
    let mut arguments = vec!["const wazo_auth_client *client".to_owned()];
    arguments.extend(c_arguments(operation).iter().map(|argument| format!("const char *{}", argument.name())));
    arguments.push("wazo_auth_error **error".to_owned());
    let start = format!("{}{}(", returned(operation), c_function(operation));
    bracketed(&start, &arguments, &format!("){end};"), Layout::Filled(4))
}

/// The numbers of the arguments that must not be NULL, from 1, the client's.
pub fn nonnull(operation: &Operation) -> String {
    let arguments = c_arguments(operation);
    let required = arguments.iter().zip(2..).filter(|(argument, _)| argument.is_required(operation));
    let numbers: Vec<String> = required.map(|(_, number): (_, usize)| number.to_string()).collect();
    [&["1".to_owned()], numbers.as_slice()].concat().join(", ")
}
