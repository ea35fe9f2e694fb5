//! Writes `src/typed/calls.rs`: a method of the client for each operation, and the type of its call.

use std::fmt::Write as _;

use crate::error::kind::Kind;
use crate::operations::{Operation, Parameter, Shape, Type};

use super::comment::Comment;
use super::kinds::known_errors;
use super::results::result_in_words;
use super::rust_signature::{by_need, call_type, given, given_in_words, method, parameter_name, returned, value_type};
use super::rustfmt::formatted;
use super::signature::{c_function, has_own_function};
use super::sources::{Sources, generated_from};
use super::words::{open_to, request_in_words};

const HEAD: &str = "\
//! The operations as methods of the client, and a type for the call of each: the module above describes them.

use super::call::{Call, ways_to_make};
use super::reading::JsonText;
use super::records;
use super::reply::Reply;
use crate::client::Client;
use crate::error::Result;
use crate::operations::{self, Operation};
use crate::queue::Queue;
";

/// The text of `src/typed/calls.rs`, as rustfmt leaves it.
pub fn source(sources: &Sources) -> Result<String, String> {
    let mut text = format!("// {}\n\n{HEAD}", generated_from("src/operations.rs"));
    for resource in sources.tables.resources() {
        let operations = || resource.operations.iter().filter(|operation| has_own_function(operation));
        write!(text, "\n/// The operations of `{}`.\nimpl Client {{\n", resource.name).expect("a String takes all");
        for (index, operation) in operations().enumerate() {
            text.push_str(if index == 0 { "" } else { "\n" });
            text.push_str(&of_client(operation, sources.tables.kinds));
        }
        text.push_str("}\n");
        for operation in operations() {
            text.push_str(&call(operation));
        }
    }
    formatted(&text)
}

/// The method of the client.
fn of_client(operation: &Operation, kinds: &[Kind]) -> String {
    let (required, _) = by_need(operation);
    let mut comment = Comment::new("    /// ");
    comment.paragraph(operation.summary);
    comment.paragraph(operation.details);
    comment.paragraph(&request_in_words(operation));
    if !required.is_empty() {
        comment.gap();
    }
    for parameter in &required {
        comment.item(&format!("`{}`: {}", parameter_name(parameter), given_in_words(parameter)));
    }
    match operation.result {
        Shape::Nothing => {}
        Shape::Question => comment.paragraph("Returns true only if the server answers yes."),
        Shape::Text | Shape::Location => {
            comment.paragraph(&format!("Returns a [`Reply`] with {}.", result_in_words(operation)));
        }
        _ => {
            let null = if operation.result == Shape::JsonOrNothing { ", or null" } else { "" };
            comment.paragraph(&format!("Returns a [`Reply`] with {}{null}.", result_as_link(operation)));
        }
    }
    let errors = known_errors(kinds, operation);
    if !errors.is_empty() {
        comment.paragraph(&format!("Known errors: {errors}."));
    }
    comment.paragraph(&format!("In C: `{}()`.", c_function(operation)));

    let mut arguments = String::new();
    let mut values = String::new();
    for parameter in &required {
        let (kind, _) = given(parameter);
        write!(arguments, ", {}: {kind}", parameter_name(parameter)).expect("a String takes all");
        values.push_str(&handed_on(parameter));
    }
    let deprecated = match operation.deprecated {
        "" => String::new(),
        why => format!("#[deprecated(note = {why:?})]\n"),
    };
    format!(
        "{comment}{deprecated}pub fn {method}(&self{arguments}) -> {call}<'_> {{\n\
         const OPERATION: &Operation = operations::named({name:?});\n\
         {call}(Call::new(self, OPERATION){values})\n}}\n",
        comment = comment.into_text(),
        method = method(operation),
        call = call_type(operation),
        name = operation.name,
    )
}

/// The type of a result, with a link to its record.
fn result_as_link(operation: &Operation) -> String {
    match &operation.returns {
        Some(Type::Record(record)) => format!("[`{0}`](records::{0})", record.name),
        Some(kind) => format!("`{}`", value_type(kind, "")),
        None => "[`JsonText`]".to_owned(),
    }
}

/// `.integer("expiration", expiration)`.
fn handed_on(parameter: &Parameter) -> String {
    let (_, function) = given(parameter);
    format!(".{function}({:?}, {})", parameter.name, parameter_name(parameter))
}

/// The type of the call, and its methods.
fn call(operation: &Operation) -> String {
    let (_, optional) = by_need(operation);
    let name = call_type(operation);
    let mut comment = Comment::new("/// ");
    comment.line(operation.summary);
    comment.paragraph(&format!("[`Client::{}`] prepares this call.", method(operation)));
    let mut text = format!(
        "\n{}#[must_use = \"nothing is sent before `call`, `call_async` or `submit`\"]\npub struct {name}<'a>(Call<'a>);\n",
        comment.into_text(),
    );
    let mut setters = Vec::new();
    for parameter in optional {
        let (kind, _) = given(parameter);
        let (own, handed_on) = (parameter_name(parameter), handed_on(parameter));
        setters.push((given_in_words(parameter), own.clone(), format!("{own}: {kind}"), handed_on));
    }
    if let Some(place) = open_to(operation) {
        let what = if place == "query" { "keys of the query" } else { "fields of the body" };
        let doc = format!("Further {what}, a JSON object: sent as they are, for what a newer server knows.");
        setters.push((doc, "further".to_owned(), "json: impl AsRef<str>".to_owned(), format!(".{place}(json)")));
    }
    if !setters.is_empty() {
        write!(text, "\nimpl {name}<'_> {{\n").expect("a String takes all");
        for (index, (doc, own, given, handed_on)) in setters.into_iter().enumerate() {
            let mut comment = Comment::new("    /// ");
            comment.line(&doc);
            let gap = if index == 0 { "" } else { "\n" };
            write!(
                text,
                "{gap}{}pub fn {own}(self, {given}) -> Self {{\nSelf(self.0{handed_on})\n}}\n",
                comment.into_text()
            )
            .expect("a String takes all");
        }
        text.push_str("}\n");
    }
    write!(text, "\nways_to_make!({name} -> {});\n", returned(operation)).expect("a String takes all");
    text
}
