//! One parameter of an operation: its name, where it stands in the request, what it may be.

/// Where a parameter stands in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One segment of the path, percent-encoded.
    Path,
    /// A key of the query string.
    Query,
    /// A field of the body (a member of the JSON object, or a field of the form).
    Field,
    /// A file of a multipart form.
    File,
    /// The whole JSON body.
    Document,
    /// This header.
    Header(&'static str),
    /// `Wazo-Tenant`; the client's own tenant where it is not given.
    Tenant,
    /// `X-Auth-Token`; the client's own token where it is not given.
    Token,
    /// The user name of HTTP Basic; the client's own where neither it nor the password is given.
    Username,
    /// The password of HTTP Basic; the client's own where neither it nor the user name is given.
    Password,
}

impl Place {
    /// The place in one word, for machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Field => "field",
            Self::File => "file",
            Self::Document => "document",
            Self::Header(_) => "header",
            Self::Tenant => "tenant",
            Self::Token => "token",
            Self::Username => "username",
            Self::Password => "password",
        }
    }
}

/// What the value of a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list of texts; in a query, the key is repeated.
    Texts,
    /// A list of objects.
    Objects,
    /// An object.
    Object,
    /// Any JSON value.
    Any,
}

/// One parameter of an operation.
#[derive(Debug)]
#[must_use]
#[allow(clippy::struct_excessive_bools, reason = "columns of a table")]
pub struct Parameter {
    /// The name in every binding and in the arguments of a call by name.
    pub name: &'static str,
    /// The name on the wire, where it differs.
    pub wire: &'static str,
    /// The name of its argument in the typed C and C++ functions, where that differs.
    pub argument: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it may be.
    pub kind: Kind,
    /// Whether a call without it is refused before any I/O.
    pub required: bool,
    /// Whether the typed C function takes it as an argument of its own instead of in the JSON text. Path parameters,
    /// the tenant and tokens always are.
    pub hot: bool,
    /// Whether its value may never be shown: masked in URLs and errors.
    pub secret: bool,
    /// Whether an empty text is refused, because the server would take it for "not asked" and check nothing.
    pub not_empty: bool,
    /// One sentence: what it is, with the unit where there is one.
    pub doc: &'static str,
}

const fn parameter(name: &'static str, place: Place, kind: Kind, doc: &'static str) -> Parameter {
    Parameter {
        name,
        wire: name,
        argument: name,
        place,
        kind,
        required: false,
        hot: false,
        secret: false,
        not_empty: false,
        doc,
    }
}

/// A segment of the path; always required.
pub const fn path(name: &'static str, doc: &'static str) -> Parameter {
    let mut made = parameter(name, Place::Path, Kind::Text, doc);
    made.required = true;
    made.hot = true;
    made
}

/// A key of the query string.
pub const fn query(name: &'static str, kind: Kind, doc: &'static str) -> Parameter {
    parameter(name, Place::Query, kind, doc)
}

/// A field of the body.
pub const fn field(name: &'static str, kind: Kind, doc: &'static str) -> Parameter {
    parameter(name, Place::Field, kind, doc)
}

/// A file of a multipart form: its content as a text, or `{"base64": ...}`.
pub const fn file(name: &'static str, doc: &'static str) -> Parameter {
    parameter(name, Place::File, Kind::Any, doc)
}

/// The whole JSON body.
pub const fn document(name: &'static str, kind: Kind, doc: &'static str) -> Parameter {
    let mut made = parameter(name, Place::Document, kind, doc);
    made.required = true;
    made
}

/// A header.
pub const fn header(name: &'static str, header: &'static str, doc: &'static str) -> Parameter {
    parameter(name, Place::Header(header), Kind::Text, doc)
}

/// The tenant on whose behalf the call is made (`Wazo-Tenant`).
pub const TENANT: Parameter = tenant(
    "tenant_uuid",
    "The tenant on whose behalf the call is made: the token's own or one below it; the client's own if left out.",
);

/// The tenant, under another name.
pub const fn tenant(name: &'static str, doc: &'static str) -> Parameter {
    let mut made = parameter(name, Place::Tenant, Kind::Text, doc);
    made.hot = true;
    made
}

/// A token of the call's own, in place of the client's.
pub const fn own_token(name: &'static str, doc: &'static str) -> Parameter {
    let mut made = parameter(name, Place::Token, Kind::Text, doc);
    made.hot = true;
    made.secret = true;
    made
}

/// The user name or the password of HTTP Basic.
pub const fn basic(name: &'static str, place: Place, doc: &'static str) -> Parameter {
    let mut made = parameter(name, place, Kind::Text, doc);
    made.hot = true;
    made.secret = matches!(place, Place::Password);
    made
}

impl Parameter {
    /// A call without it is refused.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The typed C function takes it as an argument of its own.
    pub const fn hot(mut self) -> Self {
        self.hot = true;
        self
    }

    /// Never shown.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// An empty text is refused.
    pub const fn not_empty(mut self) -> Self {
        self.not_empty = true;
        self
    }

    /// The name of its argument in the typed C and C++ functions.
    pub const fn argument(mut self, argument: &'static str) -> Self {
        self.argument = argument;
        self
    }

    /// The name on the wire.
    pub const fn wire(mut self, wire: &'static str) -> Self {
        self.wire = wire;
        self
    }
}

/// How every listing is searched, ordered and paged; `order` names the columns that this one sorts by.
pub const fn list(order: &'static str) -> [Parameter; 5] {
    [
        query("search", Kind::Text, "Only items that contain this text in one of the searched columns."),
        query("order", Kind::Text, order),
        query("direction", Kind::Text, "`asc` (ascending, the default) or `desc`."),
        query("limit", Kind::Integer, "Largest number of items; 0 or more, all items if left out."),
        query("offset", Kind::Integer, "Number of items to skip; 0 or more, 0 if left out."),
    ]
}

/// Whether the tenants below are included.
pub const RECURSE: &[Parameter] =
    &[query("recurse", Kind::Boolean, "Whether the items of the tenants below are included.")];
