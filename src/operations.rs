//! The table: what every operation of wazo-auth is, as data.
//!
//! Everything else is derived from it. The engine (`crate::client`) reads an entry to build a request and to judge its
//! answer; `cargo xtask codegen` reads all of them to write the C functions, the Python methods, the C++ methods, the
//! documentation and the list of symbols. Adding an operation of a new server version is one entry here, then
//! `cargo xtask codegen`.
//!
//! An entry is made by [`operation`] and narrowed by the builder methods of [`Operation`]; parameters are made by the
//! functions of [`parameter`]. Entries live in one file for each group of resources.

pub mod parameter;
pub mod result;

mod access;
mod emails;
mod external;
mod groups;
mod identity;
mod records;
mod service;
mod tenants;
mod tokens;
mod users;

pub use parameter::{Kind, Parameter, Place};
pub use result::{Field, Record, Type};

/// All operations, resource by resource, in the order of the documentation.
pub const RESOURCES: &[&[Operation]] = &[
    tokens::OPERATIONS,
    users::OPERATIONS,
    emails::OPERATIONS,
    groups::OPERATIONS,
    access::OPERATIONS,
    tenants::OPERATIONS,
    external::OPERATIONS,
    identity::OPERATIONS,
    service::OPERATIONS,
];

/// Every operation of the table.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    RESOURCES.iter().flat_map(|resource| resource.iter())
}

/// The operation of this name (`users.get_groups`), if the table has it.
pub fn find(name: &str) -> Option<&'static Operation> {
    all().find(|operation| operation.name == name)
}

/// The operation of this name, for constants: found when the program is compiled.
///
/// # Panics
/// Where the table has no such operation: in a constant, that does not compile.
pub const fn named(name: &str) -> &'static Operation {
    let mut resource = 0;
    while resource < RESOURCES.len() {
        let operations = RESOURCES[resource];
        let mut index = 0;
        while index < operations.len() {
            if is_same(operations[index].name.as_bytes(), name.as_bytes()) {
                return &operations[index];
            }
            index += 1;
        }
        resource += 1;
    }
    panic!("the table has no operation of this name")
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// An HTTP method that wazo-auth uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether carrying the request out twice is the same as once (RFC 9110, 9.2.2), unless the operation says otherwise
    /// ([`Operation::effect`]).
    pub const fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }
}

/// How a request proves who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `X-Auth-Token`, with the client's token; needed by the server.
    Token,
    /// `X-Auth-Token` is sent where the client has a token; the server does not ask for it.
    Optional,
    /// HTTP Basic with a user name and a password (and `X-Auth-Token` where the client has a token).
    Basic,
}

/// What carrying out an operation does at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What its method says (RFC 9110, 9.2).
    OfMethod,
    /// It changes something each time that it is carried out, although its method says otherwise.
    Changes,
    /// It changes nothing, although its method says otherwise.
    Reads,
}

impl Effect {
    /// Whether nothing is changed.
    pub const fn is_safe(self, method: Method) -> bool {
        match self {
            Self::OfMethod => matches!(method, Method::Get | Method::Head),
            Self::Changes => false,
            Self::Reads => true,
        }
    }

    /// Whether carrying it out twice is the same as once.
    pub const fn is_idempotent(self, method: Method) -> bool {
        match self {
            Self::OfMethod => method.is_idempotent(),
            Self::Changes => false,
            Self::Reads => true,
        }
    }
}

/// How the body of a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The operation sends no body.
    None,
    /// One JSON document: an object of the fields, or the one `Place::Document` parameter.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`, for operations that send a file.
    Multipart,
}

/// What a successful answer means, and what the caller gets of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing but success.
    Nothing,
    /// The JSON document of the body, as it came.
    Json,
    /// The JSON document of the body; an empty body is `null`.
    JsonOrNothing,
    /// The first of these members that the JSON object of the body has.
    Member(&'static [&'static str]),
    /// The body as a text (XML, YAML, HTML), given as a JSON string; `{"base64": ...}` where it is not UTF-8.
    Text,
    /// The `Location` header of a 302, as a JSON string; it is not followed.
    Location,
    /// A question: an accepted status means yes, 403 and 404 mean no, anything else is an error.
    Question,
}

impl Shape {
    /// The shape in one word, for machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Json => "json",
            Self::JsonOrNothing => "json_or_nothing",
            Self::Member(_) => "member",
            Self::Text => "text",
            Self::Location => "location",
            Self::Question => "question",
        }
    }
}

/// One operation of wazo-auth.
#[derive(Debug)]
#[must_use]
pub struct Operation {
    /// `resource.verb`, the name that every language binding derives its own from.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the API's version, with `{name}` for each path parameter.
    pub path: &'static str,
    /// One sentence: what it does.
    pub summary: &'static str,
    /// What a caller should know besides; may be empty.
    pub details: &'static str,
    /// The access that the token needs, with `{name}` for path parameters; empty where none is needed.
    pub access: &'static str,
    /// The parameters, in the order in which the bindings take them; groups of them can be shared.
    pub parameters: &'static [&'static [Parameter]],
    /// Whether query keys or body fields beyond the table's pass through, for what a newer server knows.
    pub open: bool,
    /// How the body is written.
    pub encoding: Encoding,
    /// How the request proves who sends it.
    pub credentials: Credentials,
    /// The statuses that the server answers with on success.
    pub accepted: &'static [u16],
    /// The statuses that it is known to answer with on failure, for the documentation.
    pub refused: &'static [u16],
    /// What it does at the server.
    pub effect: Effect,
    /// What the caller gets.
    pub result: Shape,
    /// What the result holds; `None` where there is none, or only the answer to a question.
    pub returns: Option<Type>,
    /// The operation that asks the same, where this is only another name of it (for users of the reference client). The C
    /// and C++ interfaces have one function for both.
    pub same_as: &'static str,
    /// Whether its 401 may also mean a wrong password in the request, which is no invalid token.
    pub proves_password: bool,
    /// The server version that introduced it, where that matters; else empty.
    pub since: &'static str,
    /// Why it should not be used any more; empty for living operations.
    pub deprecated: &'static str,
}

/// Begins an entry: a JSON result on 200, the client's token, no parameters, no body.
pub const fn operation(name: &'static str, method: Method, path: &'static str) -> Operation {
    Operation {
        name,
        method,
        path,
        summary: "",
        details: "",
        access: "",
        parameters: &[],
        open: false,
        encoding: Encoding::None,
        credentials: Credentials::Token,
        accepted: &[200],
        refused: &[],
        effect: Effect::OfMethod,
        result: Shape::Json,
        returns: None,
        same_as: "",
        proves_password: false,
        since: "",
        deprecated: "",
    }
}

impl Operation {
    /// One sentence: what it does.
    pub const fn summary(mut self, text: &'static str) -> Self {
        self.summary = text;
        self
    }

    /// What a caller should know besides.
    pub const fn details(mut self, text: &'static str) -> Self {
        self.details = text;
        self
    }

    /// The access that the token needs.
    pub const fn access(mut self, access: &'static str) -> Self {
        self.access = access;
        self
    }

    /// The parameters, in groups.
    pub const fn parameters(mut self, parameters: &'static [&'static [Parameter]]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Further query keys or body fields pass through.
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The body is written so.
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The body is one JSON document.
    pub const fn json(self) -> Self {
        self.encoding(Encoding::Json)
    }

    /// The server asks for no token.
    pub const fn public(mut self) -> Self {
        self.credentials = Credentials::Optional;
        self
    }

    /// The request carries HTTP Basic credentials.
    pub const fn basic(mut self) -> Self {
        self.credentials = Credentials::Basic;
        self
    }

    /// The result and the statuses that carry it.
    pub const fn result(mut self, result: Shape, accepted: &'static [u16]) -> Self {
        self.result = result;
        self.accepted = accepted;
        self
    }

    /// What the result holds: of `Shape::Member`, the member.
    pub const fn returns(mut self, kind: Type) -> Self {
        self.returns = Some(kind);
        self
    }

    /// Another name of that operation.
    pub const fn same_as(mut self, name: &'static str) -> Self {
        self.same_as = name;
        self
    }

    /// Its 401 may also mean a wrong password in the request.
    pub const fn proves_password(mut self) -> Self {
        self.proves_password = true;
        self
    }

    /// 204 and nothing else.
    pub const fn nothing(self) -> Self {
        self.result(Shape::Nothing, &[204])
    }

    /// The statuses of known refusals.
    pub const fn refused(mut self, statuses: &'static [u16]) -> Self {
        self.refused = statuses;
        self
    }

    /// It changes something each time that it is carried out, whatever its method says: it is never repeated by itself
    /// where it may have been carried out, and in doubt where no answer came.
    pub const fn changes(mut self) -> Self {
        self.effect = Effect::Changes;
        self
    }

    /// It changes nothing, whatever its method says: it is never in doubt, and repeated like a GET.
    pub const fn reads(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }

    /// The server version that introduced it.
    pub const fn since(mut self, version: &'static str) -> Self {
        self.since = version;
        self
    }

    /// Why it should not be used any more.
    pub const fn deprecated(mut self, why: &'static str) -> Self {
        self.deprecated = why;
        self
    }

    /// Every parameter, in the order of the bindings.
    pub fn each_parameter(&self) -> impl Iterator<Item = &'static Parameter> + use<> {
        self.parameters.iter().flat_map(|group| group.iter())
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.each_parameter().find(|parameter| parameter.name == name)
    }

    /// Whether it takes query parameters.
    pub fn has_query(&self) -> bool {
        self.each_parameter().any(|parameter| parameter.place == Place::Query)
    }

    /// Whether it is a listing that is read page by page (`limit`, `offset`).
    pub fn is_paged(&self) -> bool {
        ["limit", "offset"].iter().all(|name| self.parameter(name).is_some_and(|found| found.place == Place::Query))
    }

    /// The resource's part of the name (`users` of `users.get_groups`).
    pub fn resource(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(resource, _)| resource)
    }

    /// The verb's part of the name (`get_groups` of `users.get_groups`).
    pub fn verb(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, verb)| verb)
    }
}
