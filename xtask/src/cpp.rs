//! Writes `include/wazo_auth_client/operations.hpp`: a class for each resource, a method for each operation, over the C
//! functions.

use std::fmt::Write as _;

use crate::signature::{
    Argument, c_arguments, c_function, has_own_function, in_body, in_query, kind_in_words, open_to, request_in_words, result_in_words,
};
use crate::operations::{Credentials, Method, Operation, Parameter, Place, Shape};
use crate::text::{WIDTH, camel_case, capitalised, wrap_with};
use crate::{GENERATED, Operations, ffi};

const HEAD: &str = "\
// The operations by resource: `client.users().get(uuid)`. Included by wazo_auth_client.hpp.
//
// A name that is a keyword of C++ has an underscore behind it: new_, delete_, register_. Arguments are those of the C
// function, in its order, but those that may be left out (by `{}`) come last. What only reads is [[nodiscard]]. Every
// method may be called by any number of threads at once, and throws wazo::auth::Error.

#ifndef WAZO_AUTH_CLIENT_OPERATIONS_HPP
#define WAZO_AUTH_CLIENT_OPERATIONS_HPP

#include \"text.hpp\"

namespace wazo::auth {
";

/// The keywords of C++20 that can be names elsewhere, and `errno`, which is a macro.
const KEYWORDS: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
];

/// What a name of the table is called in C++.
pub fn name(name: &str) -> String {
    // `client()` is the base class's, `outcome` the methods' own variable.
    let taken = KEYWORDS.contains(&name) || ["client", "outcome"].contains(&name);
    format!("{name}{}", if taken { "_" } else { "" })
}

/// The text of `operations.hpp`.
pub fn header(operations: Operations) -> String {
    let mut resources: Vec<&str> = Vec::new();
    for operation in operations {
        if !resources.contains(&operation.resource()) {
            resources.push(operation.resource());
        }
    }
    let mut text = format!("// {GENERATED}\n{HEAD}");
    for resource in &resources {
        let class = class(resource);
        write!(
            text,
            "\n/// The operations of `{resource}`: `client.{}()`.\nclass {class} : private detail::Resource {{\npublic:\n    \
             explicit {class}(detail::Handle client) noexcept : Resource(std::move(client)) {{}}\n",
            name(resource)
        )
        .expect("a String takes all");
        let of_resource = |operation: &&&Operation| operation.resource() == *resource && has_own_function(operation);
        for operation in operations.iter().filter(of_resource) {
            text.push('\n');
            text.push_str(&method(operation));
        }
        text.push_str("};\n");
    }
    text.push_str("\n/// The resources of a client; see Client.\nclass Operations {\npublic:\n");
    for resource in &resources {
        writeln!(
            text,
            "    /// The operations of `{resource}`.\n    [[nodiscard]] {class} {name}() const noexcept {{ return \
             {class}(handle_); }}",
            class = class(resource),
            name = name(resource),
        )
        .expect("a String takes all");
    }
    text.push_str(TAIL);
    text
}

const TAIL: &str = "
protected:
    explicit Operations(detail::Handle handle) noexcept : handle_(std::move(handle)) {}
    ~Operations() = default;
    Operations(Operations &&) noexcept = default;
    Operations &operator=(Operations &&) noexcept = default;

    [[nodiscard]] const detail::Handle &handle() const noexcept { return handle_; }

private:
    detail::Handle handle_;
};

} // namespace wazo::auth

#endif
";

/// The class of a resource.
fn class(resource: &str) -> String {
    // Plain names would meet others: a Token is a token, and `Status` is a macro of X11's.
    format!("{}Operations", camel_case(resource))
}

/// The method of one operation, indented as in its class.
pub fn method(operation: &Operation) -> String {
    let arguments = c_arguments(operation);
    let (required, optional) = by_need(operation, &arguments);
    let mut parameters: Vec<String> =
        required.iter().map(|argument| format!("Text {}", name(argument.name()))).collect();
    parameters.extend(optional.iter().map(|argument| format!("OptionalText {} = {{}}", name(argument.name()))));

    let (returned, handed_on) = match operation.result {
        Shape::Nothing => ("void", "outcome.done"),
        Shape::Question => ("bool", "return outcome.answer"),
        _ => ("std::string", "return outcome.text"),
    };
    let nodiscard = if must_be_used(operation) { "[[nodiscard]] " } else { "" };
    let deprecated = match operation.deprecated {
        "" => String::new(),
        why => format!("[[deprecated({why:?})]] "),
    };
    let start = format!("    {deprecated}{nodiscard}{returned} {}(", name(operation.verb()));
    let mut values = vec!["client()".to_owned()];
    values.extend(arguments.iter().map(|argument| format!("{}.c_str(\"{}\")", name(argument.name()), argument.name())));
    values.push("outcome.error()".to_owned());

    let mut text = comment(operation, &required, &optional);
    text.push_str(&list(&start, &parameters, ") const {"));
    text.push_str("        detail::Outcome outcome;\n");
    text.push_str(&list(&format!("        {handed_on}({}(", c_function(operation)), &values, "));"));
    text.push_str("    }\n");
    text
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

/// The arguments that must be given, and those that may be left out.
fn by_need<'a>(operation: &Operation, arguments: &'a [Argument]) -> (Vec<&'a Argument>, Vec<&'a Argument>) {
    arguments.iter().partition(|argument| argument.is_required(operation))
}

/// Whether a call is pointless without a look at its result: it only reads, or logs in.
fn must_be_used(operation: &Operation) -> bool {
    let reads = matches!(operation.method, Method::Get | Method::Head);
    operation.result != Shape::Nothing && (reads || operation.credentials == Credentials::Basic)
}

/// A bracketed list: on one line where it fits, else filled, on lines that are indented by eight.
fn list(start: &str, items: &[String], end: &str) -> String {
    let flat = format!("{start}{}{end}", items.join(", "));
    if flat.chars().count() <= WIDTH {
        return flat + "\n";
    }
    let indent = " ".repeat(start.len() - start.trim_start().len() + 8);
    let mut text = start.to_owned();
    let mut room = 0;
    for (index, item) in items.iter().enumerate() {
        let piece = format!("{item}{}", if index + 1 == items.len() { end } else { "," });
        if piece.len() < room {
            text.push(' ');
            room -= piece.len() + 1;
        } else {
            write!(text, "\n{indent}").expect("a String takes all");
            room = WIDTH.saturating_sub(indent.len() + piece.len());
        }
        text.push_str(&piece);
    }
    text + "\n"
}

/// The comment of a method.
fn comment(operation: &Operation, required: &[&Argument], optional: &[&Argument]) -> String {
    let mut comment = Comment(String::new());
    comment.paragraph(operation.summary);
    comment.paragraph(operation.details);
    comment.paragraph(&request_in_words(operation));
    if !required.is_empty() || !optional.is_empty() {
        comment.0.push_str("    ///\n");
    }
    for argument in required.iter().chain(optional) {
        let (what, members): (String, Vec<&Parameter>) = match argument {
            Argument::Own(parameter) => (parameter.doc.to_owned(), Vec::new()),
            Argument::Body(_) => body(operation),
            Argument::Query if open_to(operation) == Some("query") => (
                "The query, a JSON object; keys that are not named here pass through:".into(),
                in_query(operation).collect(),
            ),
            Argument::Query => ("The query, a JSON object:".into(), in_query(operation).collect()),
        };
        comment.line(&format!("@param {} {what}", name(argument.name())), "", "");
        for member in members {
            let required = if member.required { ", required" } else { "" };
            let kind = kind_in_words(member);
            comment.line(&format!("`{}` ({kind}{required}): {}", member.name, member.doc), "- ", "  ");
        }
    }
    match operation.result {
        Shape::Nothing => {}
        Shape::Question => {
            comment.line(
                "@return true only where the server says yes; throws where it could not be found out.",
                "",
                "",
            );
        }
        shape => comment.line(&format!("@return {}.", capitalised(&result_in_words(shape))), "", ""),
    }
    let errors = ffi::errors(operation);
    if !errors.is_empty() {
        comment.line(&format!("@throws Error, besides those that any call can end with: {errors}."), "", "");
    }
    comment.0
}

/// What the body is, and its members where it has names for them.
fn body(operation: &Operation) -> (String, Vec<&'static Parameter>) {
    let members: Vec<_> = in_body(operation).collect();
    if let [document] = members.as_slice()
        && document.place == Place::Document
    {
        return (format!("A JSON {}: {}", kind_in_words(document), document.doc), Vec::new());
    }
    let more = if open_to(operation) == Some("body") { "; fields that are not named here pass through" } else { "" };
    (format!("A JSON object{more}:"), members)
}

/// A comment that grows line by line.
struct Comment(String);

impl Comment {
    /// Adds a paragraph, after an empty line where it is not the first; nothing for an empty text.
    fn paragraph(&mut self, text: &str) {
        if !self.0.is_empty() && !text.is_empty() {
            self.0.push_str("    ///\n");
        }
        self.line(text, "", "");
    }

    /// Adds a text that begins on a line of its own.
    fn line(&mut self, text: &str, first: &str, rest: &str) {
        for line in wrap_with(text, WIDTH, &format!("    /// {first}"), &format!("    /// {rest}")) {
            self.0.push_str(&line);
            self.0.push('\n');
        }
    }
}
