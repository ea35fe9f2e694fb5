//! Writes `include/wazo_auth_client/operations.h`: the prototype and the documentation of each operation's C function.
//!
//! The prototypes come from the same words as the functions (`c_functions`); a test compares them with what cbindgen
//! makes of those.

use std::fmt::Write as _;

use crate::error::kind::Kind;
use crate::operations::{Operation, Shape};

use super::comment::Comment;
use super::kinds::known_errors;
use super::results::result_in_words;
use super::signature::{c_arguments, has_own_function, must_use, nonnull, prototype};
use super::sources::{Sources, generated_from};
use super::text::capitalised;
use super::words::{argument_in_words, member_in_words, request_in_words};

const HEAD: &str = "\
/**
 * @file operations.h
 * A C function for each operation of wazo-auth, by resource. Included by wazo_auth_client.h.
 *
 * These rules apply to all of them:
 *
 * - `client` is a client and must not be NULL. Any number of threads may make calls with the same client at once.
 * - A call blocks until the response has arrived, or until the client's `timeout_ms`.
 * - Every argument is a string in UTF-8, or NULL if its description allows it. The library copies what it
 *   needs: the caller keeps ownership of every argument.
 * - `body`, `options` and `query` are JSON documents. Members that are not marked as required may be missing.
 * - `error` is NULL, or points to a `wazo_auth_error *` that is NULL. On failure the error is stored there; free it
 *   with wazo_auth_error_free(). On success nothing is stored.
 * - A function that returns `char *` returns NULL on failure. Otherwise free the string with wazo_auth_string_free().
 * - A function that returns `bool` returns true on success, and false on failure. Questions are an exception: true
 *   means yes, false without an error means no, false with an error means that the answer is not known. Their
 *   description says \"true only if the server answers yes\".
 * - \"Known errors\" lists the HTTP statuses that the server is known to fail with, and the kinds of error that they
 *   become: `not_found` stands for WAZO_AUTH_ERROR_NOT_FOUND. Any call can fail with other kinds as well, such as
 *   WAZO_AUTH_ERROR_CONNECT, WAZO_AUTH_ERROR_TIMEOUT or WAZO_AUTH_ERROR_INVALID_ARGUMENT.
 * - The description of a result lists its fields: `name?` may be missing, `[...]` is a list. docs/operations.md has
 *   the type and the meaning of each field.
 */

#ifndef WAZO_AUTH_CLIENT_OPERATIONS_H
#define WAZO_AUTH_CLIENT_OPERATIONS_H

#include \"../wazo_auth_client.h\"

#ifdef __cplusplus
extern \"C\" {
#endif

/**
 * @defgroup wazo_auth_operations Operations
 * A function for each operation, by resource.
 */
";

const TAIL: &str = "
#ifdef __cplusplus
}
#endif

#endif /* WAZO_AUTH_CLIENT_OPERATIONS_H */
";

/// The text of `operations.h`.
pub fn header(sources: &Sources) -> String {
    let mut text = format!("/* {} */\n\n{HEAD}", generated_from("src/operations.rs"));
    for resource in sources.tables.resources() {
        let name = resource.name;
        write!(
            text,
            "\n/**\n * @defgroup wazo_auth_operations_{name} Operations: {name}\n * @ingroup wazo_auth_operations\n * \
             @{{\n */\n"
        )
        .expect("a String takes all");
        for operation in resource.operations.iter().filter(|operation| has_own_function(operation)) {
            text.push('\n');
            text.push_str(&function(operation, sources.tables.kinds));
        }
        text.push_str("\n/** @} */\n");
    }
    text + TAIL
}

/// The documented prototype of one operation.
fn function(operation: &Operation, kinds: &[Kind]) -> String {
    let must_use = if must_use(operation) { "WAZO_AUTH_MUST_USE\n" } else { "" };
    let deprecated = match operation.deprecated {
        "" => String::new(),
        why => format!("WAZO_AUTH_DEPRECATED({why:?})\n"),
    };
    let prototype = prototype(operation, &format!(" WAZO_AUTH_NONNULL({})", nonnull(operation)));
    format!("/**\n{} */\n{deprecated}{must_use}{prototype}", comment(operation, kinds))
}

fn comment(operation: &Operation, kinds: &[Kind]) -> String {
    let mut comment = Comment::new(" * ");
    comment.paragraph(operation.summary);
    comment.paragraph(operation.details);
    comment.paragraph(&request_in_words(operation));
    if !operation.deprecated.is_empty() {
        comment.paragraph(&format!("@deprecated {}", operation.deprecated));
    }
    let mut gap_is_due = true;
    for argument in &c_arguments(operation) {
        if std::mem::take(&mut gap_is_due) {
            comment.gap();
        }
        let (what, members) = argument_in_words(operation, argument, ", or NULL");
        comment.line(&format!("@param {} {what}", argument.name()));
        if !members.is_empty() {
            for member in members {
                comment.item(&member_in_words(member));
            }
            gap_is_due = true;
        }
    }
    let returned = match operation.result {
        Shape::Nothing => String::new(),
        Shape::Question => "@return true only if the server answers yes.".to_owned(),
        _ => format!("@return {}.", capitalised(&result_in_words(operation))),
    };
    if !returned.is_empty() {
        if gap_is_due {
            comment.gap();
        }
        comment.line(&returned);
    }
    let errors = known_errors(kinds, operation);
    if !errors.is_empty() {
        comment.paragraph(&format!("Known errors: {errors}."));
    }
    comment.into_text()
}
