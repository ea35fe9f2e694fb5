//! How an operation looks in C++: the names of its class, its method and its arguments.

use crate::operations::Operation;

use super::signature::{Argument, c_arguments};
use super::text::camel_case;

/// The keywords of C++20 that can be names elsewhere, and `errno`, which is a macro.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "class", "co_await", "co_return", "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr",
    "constinit", "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "errno",
    "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "long",
    "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
    "protected", "public", "register", "reinterpret_cast", "requires", "return", "short", "signed", "sizeof",
    "static", "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local", "throw", "true",
    "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t",
    "while", "xor", "xor_eq",
];

/// What a name of the table is called in C++.
pub fn name(name: &str) -> String {
    // `client()` is the base class's, `outcome` the methods' own variable.
    let taken = KEYWORDS.contains(&name) || ["client", "outcome"].contains(&name);
    format!("{name}{}", if taken { "_" } else { "" })
}

/// The class of a resource.
pub fn class(resource: &str) -> String {
    // Plain names would meet others: a Token is a token, and `Status` is a macro of X11's.
    format!("{}Operations", camel_case(resource))
}

/// The arguments that must be given, and those that may be left out.
pub fn by_need<'a>(operation: &Operation, arguments: &'a [Argument]) -> (Vec<&'a Argument>, Vec<&'a Argument>) {
    arguments.iter().partition(|argument| argument.is_required(operation))
}

/// A call of the method, for documentation.
pub fn call(operation: &Operation) -> String {
    let arguments = c_arguments(operation);
    let (required, optional) = by_need(operation, &arguments);
    let mut names: Vec<String> = required.iter().map(|argument| name(argument.name())).collect();
    names.extend(optional.iter().map(|argument| format!("{} = {{}}", name(argument.name()))));
    let (resource, verb) = match operation.same_as.split_once('.') {
        None => (operation.resource(), operation.verb()),
        Some(same) => same,
    };
    format!("client.{}().{}({})", name(resource), name(verb), names.join(", "))
}
