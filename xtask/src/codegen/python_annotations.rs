//! How types are written in Python: results as classes of `wazo_auth_client/types.py`, and the arguments of methods.

use crate::operations::parameter::{Kind, Parameter, Place};
use crate::operations::{Encoding, Field, Operation, Record, Shape, Type};

/// A result that depends on an argument: where the argument has one of these values, some fields that may be missing
/// otherwise are there.
pub struct Variant {
    /// The operation.
    pub operation: &'static str,
    /// The parameter, a text.
    pub parameter: &'static str,
    /// Its values.
    pub values: &'static [&'static str],
    /// The name of the record, as the names in the table.
    pub name: &'static str,
    /// One sentence: what it stands for.
    pub doc: &'static str,
    /// The fields that are there.
    pub present: &'static [&'static str],
}

/// Every such result, as the recorded exchanges show them. Only Python's types can say it.
pub const VARIANTS: &[Variant] = &[
    Variant {
        operation: "token.new",
        parameter: "access_type",
        values: &["offline"],
        name: "OfflineToken",
        doc: "A token of an `offline` login, which has a refresh token.",
        present: &["refresh_token"],
    },
    Variant {
        operation: "external.get",
        parameter: "auth_type",
        values: &["google", "microsoft"],
        name: "ExternalAccess",
        doc: "What a user has at `google` or `microsoft`.",
        present: &["scope", "access_token", "token_expiration"],
    },
    Variant {
        operation: "external.create",
        parameter: "auth_type",
        values: &["google", "microsoft"],
        name: "ExternalAuthorization",
        doc: "The answer to a new connection with `google` or `microsoft`.",
        present: &["authorization_url", "state"],
    },
];

impl Variant {
    /// The variants of an operation.
    pub fn of(operation: &Operation) -> impl Iterator<Item = &'static Self> {
        VARIANTS.iter().filter(|variant| variant.operation == operation.name)
    }

    /// The name of its type.
    pub fn type_name(&self) -> String {
        format!("{}Dict", self.name)
    }

    /// The type of its parameter.
    pub fn literal(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| format!("'{value}'")).collect();
        format!("Literal[{}]", values.join(", "))
    }
}

/// The name of a record's type: plain names would meet the classes of resources, such as `Token`.
pub fn type_name(record: &Record) -> String {
    format!("{}Dict", record.name)
}

/// A type, by the names of `typing`: in a class that has a method `list`, `list` is the method.
pub fn type_of(kind: &Type) -> String {
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

/// The type of a field, where it is there.
pub fn field_type(field: &Field) -> String {
    let kind = type_of(&field.kind);
    if field.nullable && kind != "Any" { format!("Optional[{kind}]") } else { kind }
}

/// The type of what is given for a parameter.
pub fn given(operation: &Operation, parameter: &Parameter) -> &'static str {
    match (parameter.place, parameter.kind) {
        (Place::File, _) => "_File",
        (_, Kind::Text) => "_Text",
        (_, Kind::Integer) => "int",
        (_, Kind::Boolean) => "bool",
        (Place::Query, Kind::Texts) => "Sequence[_Text]",
        (_, Kind::Texts) if operation.encoding == Encoding::Json => "_Texts",
        (_, Kind::Texts) => "Sequence[_Text]",
        (_, Kind::Objects) => "Sequence[_Object]",
        (_, Kind::Object) => "_Object",
        (_, Kind::Any) => "Any",
    }
}

/// The type of what is returned.
pub fn returned(operation: &Operation) -> String {
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
