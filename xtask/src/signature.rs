//! How an operation looks from outside: the arguments of its C function, and the words that documentation uses for the
//! kinds of its parameters.

use crate::operations::parameter::{Kind, Parameter, Place};
use crate::operations::{Credentials, Encoding, Operation, Shape};

/// One argument of a C function; all of them are texts.
#[derive(Debug)]
pub enum Argument {
    /// A parameter that has an argument of its own.
    Own(&'static Parameter),
    /// All fields, files and headers that have none, or the document, as one JSON text.
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

/// Where keywords beyond the table's go: `query`, `body` or nowhere.
pub fn open_to(operation: &Operation) -> Option<&'static str> {
    match (operation.open, operation.encoding) {
        (false, _) => None,
        (true, Encoding::None) => Some("query"),
        (true, _) => Some("body"),
    }
}

/// What the value of a parameter may be, in a reader's words.
pub fn kind_in_words(parameter: &Parameter) -> &'static str {
    match parameter.kind {
        Kind::Any if parameter.place == Place::File => "text, or `{\"base64\": ...}`",
        Kind::Text => "text",
        Kind::Integer => "whole number",
        Kind::Boolean => "true or false",
        Kind::Texts => "list of texts",
        Kind::Objects => "list of objects",
        Kind::Object => "object",
        Kind::Any => "any JSON",
    }
}

/// What a successful call gives, as a noun, in terms of JSON.
pub fn result_in_words(shape: Shape) -> String {
    match shape {
        Shape::Nothing => "nothing".to_owned(),
        Shape::Json => "the answer's JSON".to_owned(),
        Shape::JsonOrNothing => "the answer's JSON, `null` where it is empty".to_owned(),
        Shape::Member(names) => format!("the member `{}` of the answer's JSON", names[0]),
        Shape::Text => "the answer's text, as a JSON string; `{\"base64\": ...}` where it is not UTF-8".to_owned(),
        Shape::Location => "the URL of the redirect, as a JSON string".to_owned(),
        Shape::Question => "yes or no".to_owned(),
    }
}

/// The known statuses that are failures; to a question, 403 and 404 are the answer no.
pub fn refusals(operation: &Operation) -> Vec<u16> {
    let is_answer = |status| operation.result == Shape::Question && matches!(status, 403 | 404);
    operation.refused.iter().copied().filter(|status| !is_answer(*status)).collect()
}

/// How a request is addressed and what it needs: `` `GET /users`, needs the access `auth.users.read` ``.
pub fn request_in_words(operation: &Operation) -> String {
    let needs = match operation.credentials {
        Credentials::Token if operation.access.is_empty() => "needs a valid token".to_owned(),
        Credentials::Token => format!("needs the access `{}`", operation.access),
        Credentials::Optional if operation.access.is_empty() => "needs no token".to_owned(),
        Credentials::Optional => format!("needs a token with the access `{}`", operation.access),
        Credentials::Basic => "needs credentials instead of a token".to_owned(),
    };
    let since = match operation.since {
        "" => String::new(),
        version => format!(" Servers have it since {version}."),
    };
    format!("`{} {}`, {needs}.{since}", operation.method.as_str(), operation.path)
}
