//! How an operation looks in Python: the parameters of its method, in the table's order, with their defaults.

use crate::operations::Operation;
use crate::operations::parameter::{Parameter, Place};

use super::text::{Layout, bracketed};
use super::words::open_to;

/// A call of the method, for documentation.
pub fn call(operation: &Operation) -> String {
    bracketed(&format!("client.{}(", operation.name), &arguments(operation), ")", Layout::Stacked)
}

/// A method's parameters but for `self`, with their defaults, as it is documented.
pub fn arguments(operation: &Operation) -> Vec<String> {
    written(operation, |_| false)
}

/// The same as it is defined: a required field of a body that takes further fields has a default, because callers of the
/// reference client leave it out and let the server refuse.
pub fn lenient_arguments(operation: &Operation) -> Vec<String> {
    written(operation, |parameter| open_to(operation) == Some("body") && parameter.place == Place::Field)
}

fn written(operation: &Operation, may_be_left_out: impl Fn(&Parameter) -> bool) -> Vec<String> {
    let mut arguments: Vec<String> = parameters(operation)
        .into_iter()
        .map(|parameter| match parameter {
            Slot::KeywordsOnly => "*".to_owned(),
            Slot::Required(parameter) if may_be_left_out(parameter) => format!("{}=UNSET", parameter.name),
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
pub enum Slot {
    /// It must be given.
    Required(&'static Parameter),
    /// It may be left out.
    Optional(&'static Parameter),
    /// From here on by keyword.
    KeywordsOnly,
}

/// A method's parameters in the table's order, required ones first.
///
/// Where the table puts the tenant before required ones, it stays first, as callers give it by position, and the
/// required ones go by keyword.
pub fn parameters(operation: &Operation) -> Vec<Slot> {
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
