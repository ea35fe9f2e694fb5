//! What documentation says of an operation, whatever the language: how it is requested, what a parameter may be, what is
//! in the body and in the query, what it returns.

use crate::operations::parameter::{Kind, Parameter, Place};
use crate::operations::{Credentials, Encoding, Operation};

use super::signature::{Argument, in_body, in_query};

/// Where keywords beyond the table's go: `query`, `body` or nowhere.
pub fn open_to(operation: &Operation) -> Option<&'static str> {
    match (operation.open, operation.encoding) {
        (false, _) => None,
        (true, Encoding::None) => Some("query"),
        (true, _) => Some("body"),
    }
}

/// What the value of a parameter may be.
pub fn kind_in_words(parameter: &Parameter) -> &'static str {
    match parameter.kind {
        Kind::Any if parameter.place == Place::File => "string, or `{\"base64\": ...}`",
        Kind::Text => "string",
        Kind::Integer => "integer",
        Kind::Boolean => "Boolean",
        Kind::Texts => "list of strings",
        Kind::Objects => "list of objects",
        Kind::Object => "object",
        Kind::Any => "any JSON value",
    }
}

/// How a request is addressed and what it needs: `` `GET /users`. Required access: `auth.users.read`. ``.
pub fn request_in_words(operation: &Operation) -> String {
    let needs = match operation.credentials {
        Credentials::Token if operation.access.is_empty() => "Requires a valid token.".to_owned(),
        Credentials::Optional if operation.access.is_empty() => "Requires no token.".to_owned(),
        Credentials::Token | Credentials::Optional => format!("Required access: `{}`.", operation.access),
        Credentials::Basic => {
            "Requires a user name and password, a refresh token or a SAML session, and no token.".to_owned()
        }
    };
    let since = match operation.since {
        "" => String::new(),
        version => format!(" Available since wazo-auth {version}."),
    };
    format!("`{} {}`. {needs}{since}", operation.method.as_str(), operation.path)
}

/// What an argument of the typed functions is, and the parameters that its JSON holds; `or_null` is said of what may be
/// left out.
pub fn argument_in_words(
    operation: &Operation,
    argument: &Argument,
    or_null: &str,
) -> (String, Vec<&'static Parameter>) {
    let or_null = if argument.is_required(operation) { "" } else { or_null };
    let object = |place: &str, what: &str| {
        let further = if open_to(operation) == Some(place) { "; further members are sent as they are" } else { "" };
        format!("{what}{or_null}{further}:")
    };
    match argument {
        Argument::Own(parameter) => {
            let may_be_null = if or_null.is_empty() { "" } else { " May be NULL." };
            (format!("{}{may_be_null}", parameter.doc), Vec::new())
        }
        Argument::Query => (object("query", "The query, a JSON object"), in_query(operation).collect()),
        Argument::Body(_) => {
            let members: Vec<_> = in_body(operation).collect();
            if let [document] = members.as_slice()
                && document.place == Place::Document
            {
                let kind = match document.kind {
                    Kind::Any => "Any JSON value",
                    Kind::Objects => "A JSON list of objects",
                    Kind::Texts => "A JSON list of strings",
                    _ => "A JSON object",
                };
                return (format!("{kind}: {}", document.doc), Vec::new());
            }
            (object("body", "A JSON object"), members)
        }
    }
}

/// A parameter as a member of a JSON object.
pub fn member_in_words(member: &Parameter) -> String {
    let required = if member.required { ", required" } else { "" };
    format!("`{}` ({}{required}): {}", member.name, kind_in_words(member), member.doc)
}
