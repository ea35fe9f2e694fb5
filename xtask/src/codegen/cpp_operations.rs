//! Writes `include/wazo_auth_client/operations.hpp`: a class for each resource, a method for each operation, over the C
//! functions.

use std::fmt::Write as _;

use crate::error::kind::Kind;
use crate::operations::{Credentials, Method, Operation, Place, Shape};

use super::comment::Comment;
use super::cpp_signature::{by_need, class, name};
use super::kinds::known_errors;
use super::results::result_in_words;
use super::signature::{Argument, c_arguments, c_function, has_own_function};
use super::sources::{Sources, generated_from};
use super::text::{Layout, bracketed, capitalised};
use super::words::{argument_in_words, member_in_words, request_in_words};

const HEAD: &str = "\
// The operations by resource: `client.users().get(uuid)`. Included by wazo_auth_client.hpp.
//
// These rules apply to all of them:
//
// - Arguments are those of the C function, in its order, but optional ones come last; `{}` leaves one out.
// - A name that is a keyword of C++ ends with an underscore: new_, delete_, register_.
// - Methods are thread-safe: any number of threads may call them at once.
// - A failure is a wazo::auth::Error. \"Known errors\" lists the HTTP statuses that the server is known to fail with, and
//   the kinds of error that they become; any call can fail with other kinds as well, such as connect or timeout.
// - A question returns true only if the server answers yes, and throws if the answer is not known.
// - The description of a result lists its fields: `name?` may be missing, `[...]` is a list; docs/operations.md has the
//   types.
// - [[nodiscard]] marks operations that only read, and logins.

#ifndef WAZO_AUTH_CLIENT_OPERATIONS_HPP
#define WAZO_AUTH_CLIENT_OPERATIONS_HPP

#include \"text.hpp\"

// A deprecated method calls a deprecated function: the program is warned where it calls the method, and not here.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"
#elif defined(_MSC_VER)
#pragma warning(push)
#pragma warning(disable : 4996)
#endif

namespace wazo::auth {
";

/// The text of `operations.hpp`.
pub fn header(sources: &Sources) -> String {
    let resources = sources.tables.resources();
    let mut text = format!("// {}\n{HEAD}", generated_from("src/operations.rs"));
    for resource in &resources {
        let operations = &resource.operations;
        let (resource, class) = (resource.name, class(resource.name));
        write!(
            text,
            "\n/// The operations of `{resource}`: `client.{}()`.\nclass {class} : private detail::Resource {{\npublic:\n    \
             explicit {class}(detail::Handle client) noexcept : Resource(std::move(client)) {{}}\n",
            name(resource)
        )
        .expect("a String takes all");
        for operation in operations.iter().filter(|operation| has_own_function(operation)) {
            text.push('\n');
            text.push_str(&method(operation, sources.tables.kinds));
        }
        text.push_str("};\n");
    }
    text.push_str("\n/// The resources of a client; see Client.\nclass Operations {\npublic:\n");
    for resource in &resources {
        writeln!(
            text,
            "    /// The operations of `{resource}`.\n    [[nodiscard]] {class} {name}() const noexcept {{ return \
             {class}(handle_); }}",
            class = class(resource.name),
            name = name(resource.name),
            resource = resource.name,
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

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#elif defined(_MSC_VER)
#pragma warning(pop)
#endif

#endif
";

/// The method of one operation, indented as in its class.
fn method(operation: &Operation, kinds: &[Kind]) -> String {
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

    let mut text = comment(operation, kinds, &required, &optional);
    text.push_str(&bracketed(&start, &parameters, ") const {", Layout::Filled(8)));
    if operation.result == Shape::Question {
        // It comes from the other side of the network: a NUL byte in it is no mistake of the program's, and no token.
        let is_asked_about = |argument: &&Argument| match argument {
            Argument::Own(parameter) => parameter.secret && parameter.place == Place::Path,
            _ => false,
        };
        for argument in arguments.iter().filter(is_asked_about) {
            writeln!(text, "        if ({}.has_nul()) return false;", name(argument.name()))
                .expect("a String takes all");
        }
    }
    text.push_str("        detail::Outcome outcome;\n");
    let start = format!("        {handed_on}({}(", c_function(operation));
    text.push_str(&bracketed(&start, &values, "));", Layout::Filled(8)));
    text.push_str("    }\n");
    text
}

/// Whether a call is pointless without a look at its result: it only reads, or logs in.
fn must_be_used(operation: &Operation) -> bool {
    let reads = matches!(operation.method, Method::Get | Method::Head);
    operation.result != Shape::Nothing && (reads || operation.credentials == Credentials::Basic)
}

/// The comment of a method.
fn comment(operation: &Operation, kinds: &[Kind], required: &[&Argument], optional: &[&Argument]) -> String {
    let mut comment = Comment::new("    /// ");
    comment.paragraph(operation.summary);
    comment.paragraph(operation.details);
    comment.paragraph(&request_in_words(operation));
    if !required.is_empty() || !optional.is_empty() {
        comment.gap();
    }
    for argument in required.iter().chain(optional) {
        let (what, members) = argument_in_words(operation, argument, "");
        comment.line(&format!("@param {} {what}", name(argument.name())));
        for member in members {
            comment.item(&member_in_words(member));
        }
    }
    match operation.result {
        Shape::Nothing => {}
        Shape::Question => comment.line("@return true only if the server answers yes."),
        _ => comment.line(&format!("@return {}.", capitalised(&result_in_words(operation)))),
    }
    let errors = known_errors(kinds, operation);
    if !errors.is_empty() {
        comment.line(&format!("@throws Error Known errors: {errors}."));
    }
    comment.into_text()
}
