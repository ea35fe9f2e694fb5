//! Writes `docs/errors.md`: every kind of error, its name in each language, and what to do about it.

use std::fmt::Write as _;

use super::cpp_signature::name;
use super::kinds::{c_name, retryable_in_words, statuses_in_words};
use super::sources::{Sources, generated_from};
use super::text::cell;

const HEAD: &str = "\
# Errors

Every failure has a kind. C returns it from `wazo_auth_error_kind()`, C++ from `Error::kind()`; in Python it is the
attribute `kind` of the exception, and its number is `kind_code`. The numbers never change. New kinds can be added: give
every switch a default.

| number | C | C++ | Python |
|---|---|---|---|
";

const MIDDLE: &str = "
*HTTP status* lists the statuses that become this kind. 401 becomes one of four kinds: the library reads the body of the
response to tell them apart. *Retryable* says whether the same call can succeed later without a change
(`wazo_auth_error_is_retryable()`, `is_retryable`).

| kind | when | HTTP status | retryable | what to do |
|---|---|---|---|---|
";

const TAIL: &str = "
## Before repeating a call

`wazo_auth_error_is_in_doubt()` (`is_in_doubt`) is true if the request was sent, but no response to it arrived: the
server may have carried it out. Repeating such a call may carry it out twice.

`wazo_auth_error_is_token_invalid()` (`is_token_invalid`) is true if the client's token is unknown or expired. Create a
new token and repeat the call.

An error also has the HTTP status, the server's `error_id` and `details`, and a message of one line for logs. No error
contains a password or a token.
";

/// The text of `docs/errors.md`.
pub fn reference(sources: &Sources) -> String {
    let kinds = sources.tables.kinds;
    let mut text = format!("<!-- {} -->\n\n{HEAD}", generated_from("src/error/kind.rs"));
    for kind in kinds {
        writeln!(
            text,
            "| {} | `{}` | `ErrorKind::{}` | `'{}'` |",
            kind.number,
            c_name(kind),
            name(kind.name),
            kind.name
        )
        .expect("a String takes all");
    }
    text.push_str(MIDDLE);
    for kind in kinds {
        let statuses = statuses_in_words(kind);
        let statuses = if statuses.is_empty() { "none" } else { &statuses };
        let (meaning, advice) = (cell(kind.meaning), cell(kind.advice));
        writeln!(text, "| `{}` | {meaning} | {statuses} | {} | {advice} |", kind.name, retryable_in_words(kind))
            .expect("a String takes all");
    }
    text + TAIL
}
