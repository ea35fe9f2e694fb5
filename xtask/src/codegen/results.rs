//! What results hold, in the words of readers: types, lists of fields, and the records that stand within others.

use crate::operations::{Field, Operation, Record, Shape, Type};

/// How a record is named where a type mentions it.
pub type Naming = fn(&Record) -> String;

/// A type in the words of JSON: `string`, `list of User`, `object of Booleans by name`.
pub fn type_in_words(kind: &Type, name: Naming) -> String {
    match kind {
        Type::Record(record) => name(record),
        Type::List(item) => format!("list of {}", plural(item, name)),
        Type::Map(value) => format!("object whose values are {}", plural(value, name)),
        simple => simple_type(simple).to_owned(),
    }
}

fn simple_type(kind: &Type) -> &'static str {
    match kind {
        Type::Text => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "Boolean",
        _ => "any JSON value",
    }
}

fn plural(kind: &Type, name: Naming) -> String {
    match kind {
        Type::Record(record) => name(record),
        Type::List(item) => format!("lists of {}", plural(item, name)),
        Type::Map(value) => format!("objects whose values are {}", plural(value, name)),
        Type::Any => "any JSON values".to_owned(),
        simple => format!("{}s", simple_type(simple)),
    }
}

/// The record that a type is made of, directly or within lists and maps.
pub fn record_of(kind: &Type) -> Option<&'static Record> {
    match kind {
        Type::Record(record) => Some(record),
        Type::List(inner) | Type::Map(inner) => record_of(inner),
        _ => None,
    }
}

/// A type in one line, for comments: the names of the fields of a record, and of the items of a listing.
pub fn type_in_short(kind: &Type) -> String {
    let name: Naming = |record| record.name.to_owned();
    match record_of(kind) {
        Some(record) => {
            let words = match kind {
                Type::Record(_) => format!("object `{}`", record.name),
                _ => type_in_words(kind, name),
            };
            format!("{words} {{{}}}", fields_in_short(record))
        }
        None => type_in_words(kind, name),
    }
}

fn fields_in_short(record: &Record) -> String {
    let mut fields: Vec<String> = record.fields.iter().map(field_in_short).collect();
    if record.open {
        fields.push("...".to_owned());
    }
    fields.join(", ")
}

fn field_in_short(field: &Field) -> String {
    let optional = if field.optional { "?" } else { "" };
    match (&field.kind, record_of(&field.kind)) {
        // The items of a listing are what a reader looks for; other records are in the reference.
        (Type::List(_), Some(item)) if field.name == "items" => {
            let names: Vec<&str> = item.fields.iter().map(|field| field.name).collect();
            format!("{}{optional}: [{{{}{}}}]", field.name, names.join(", "), if item.open { ", ..." } else { "" })
        }
        (Type::List(_), Some(item)) => format!("{}{optional}: [{}]", field.name, item.name),
        (Type::Map(_), Some(value)) => format!("{}{optional}: {{name: {}}}", field.name, value.name),
        (_, Some(record)) => format!("{}{optional}: {}", field.name, record.name),
        _ => format!("{}{optional}", field.name),
    }
}

/// What a successful call returns, as a noun: from the table's description, or from the shape alone.
pub fn result_in_words(operation: &Operation) -> String {
    if let Some(kind) = &operation.returns
        && matches!(operation.result, Shape::Json | Shape::JsonOrNothing | Shape::Member(_))
    {
        let null = if operation.result == Shape::JsonOrNothing { ", or `null`" } else { "" };
        return format!("JSON: {}{null}", type_in_short(kind));
    }
    match operation.result {
        Shape::Nothing => "nothing".to_owned(),
        Shape::Json => "the JSON of the response".to_owned(),
        Shape::JsonOrNothing => "the JSON of the response, `null` if it is empty".to_owned(),
        Shape::Member(names) => format!("the member `{}` of the JSON of the response", names[0]),
        Shape::Text => "the text of the response as a JSON string; `{\"base64\": ...}` if it is not UTF-8".to_owned(),
        Shape::Location => "the URL of the redirect as a JSON string".to_owned(),
        Shape::Question => "yes or no".to_owned(),
    }
}

/// Every record that the results of these operations consist of, each once.
pub fn all_records(operations: &[&Operation]) -> Vec<&'static Record> {
    let mut records = Vec::new();
    for kind in operations.iter().filter_map(|operation| operation.returns.as_ref()) {
        if let Some(record) = record_of(kind) {
            collect(record, &mut records);
        }
    }
    records
}

/// The records that stand within others.
pub fn nested_records(operations: &[&Operation]) -> Vec<&'static Record> {
    let mut nested: Vec<&'static Record> = Vec::new();
    for kind in operations.iter().filter_map(|operation| operation.returns.as_ref()) {
        match kind {
            Type::Record(record) => within(record, &mut nested),
            other => record_of(other).into_iter().for_each(|record| collect(record, &mut nested)),
        }
    }
    nested.sort_by_key(|record| record.name);
    nested
}

fn collect(record: &'static Record, records: &mut Vec<&'static Record>) {
    if !records.iter().any(|known| std::ptr::eq(*known, record)) {
        records.push(record);
        within(record, records);
    }
}

fn within(record: &'static Record, records: &mut Vec<&'static Record>) {
    for inner in record.fields.iter().filter_map(|field| record_of(&field.kind)) {
        collect(inner, records);
    }
}
