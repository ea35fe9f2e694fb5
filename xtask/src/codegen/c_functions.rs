//! Writes `src/ffi/operations.rs`: a C function for each operation.
//!
//! A function only names its arguments and hands them on; what can go wrong with a pointer is dealt with in one place,
//! `src/ffi/call.rs`. What callers read of it stands in the header (`c_operations`).

use std::fmt::Write as _;

use crate::operations::{Operation, Shape};

use super::comment::Comment;
use super::rustfmt::formatted;
use super::signature::{Argument, c_arguments, c_function, has_own_function, must_use};
use super::sources::{Tables, generated_from};

const HEAD: &str = "\
//! The operations as C functions: each names its arguments and hands them to the one place that deals with pointers.
//! They are documented in `include/wazo_auth_client/operations.h`.

use std::ffi::c_char;

use crate::ffi::call::{self, Argument};
use crate::ffi::client::wazo_auth_client;
use crate::ffi::error::wazo_auth_error;
use crate::operations::{self, Operation};
";

/// The text of `src/ffi/operations.rs`, as rustfmt leaves it.
pub fn functions(tables: &Tables) -> Result<String, String> {
    let mut text = format!("// {}\n\n{HEAD}", generated_from("src/operations.rs"));
    for operation in tables.operations.iter().filter(|operation| has_own_function(operation)) {
        text.push('\n');
        text.push_str(&function(operation));
    }
    formatted(&text)
}

/// The function of one operation, not formatted yet.
fn function(operation: &Operation) -> String {
    let arguments = c_arguments(operation);
    let (hand_on, returned) = match operation.result {
        Shape::Nothing => ("returning_done", "bool"),
        Shape::Question => ("returning_answer", "bool"),
        _ => ("returning_text", "*mut c_char"),
    };
    let mut parameters = String::new();
    let mut values = Vec::new();
    for argument in &arguments {
        let name = argument.name();
        write!(parameters, "{name}: *const c_char, ").expect("a String takes all");
        let value = match argument {
            Argument::Own(parameter) => format!("Argument::text({:?}, {name})", parameter.name),
            Argument::Body(_) => format!("Argument::json(\"body\", {name})"),
            Argument::Query => format!("Argument::json(\"query\", {name})"),
        };
        values.push(value + if argument.is_required(operation) { ".required()" } else { "" });
    }
    let (binding, handed) = if values.is_empty() {
        (String::new(), "&[]")
    } else {
        (format!("let arguments = [{}];", values.join(", ")), "&arguments")
    };
    let mut comment = Comment::new("/// ");
    comment.line(operation.summary);
    format!(
        "{comment}{must_use}#[unsafe(no_mangle)]\n\
         pub unsafe extern \"C\" fn {function}(client: *const wazo_auth_client, {parameters}\
         error: *mut *mut wazo_auth_error) -> {returned} {{\n\
         const OPERATION: &Operation = operations::named({name:?});\n\
         {binding}\n\
         // SAFETY: the caller keeps the header's contract: every pointer is NULL or valid for the length of the call.\n\
         unsafe {{ call::{hand_on}(client, OPERATION, {handed}, error) }}\n\
         }}\n",
        comment = comment.into_text(),
        must_use = if must_use(operation) { "#[must_use]\n" } else { "" },
        function = c_function(operation),
        name = operation.name,
    )
}
