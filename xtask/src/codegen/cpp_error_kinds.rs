//! Writes `include/wazo_auth_client/error_kind.hpp`: the kinds of errors as a C++ enum.

use std::fmt::Write as _;

use super::comment::Comment;
use super::cpp_signature::name;
use super::kinds::c_name;
use super::sources::{Sources, generated_from};

const HEAD: &str = "\
// The kinds of errors. Included by error.hpp.

#ifndef WAZO_AUTH_CLIENT_ERROR_KIND_HPP
#define WAZO_AUTH_CLIENT_ERROR_KIND_HPP

#include \"../wazo_auth_client.h\"

namespace wazo::auth {

/// The kind of an error. The numbers never change; new kinds are appended, so give every switch a default.
enum class ErrorKind : int {
    /// No error.
    none = WAZO_AUTH_ERROR_NONE,
";

/// The text of `error_kind.hpp`.
pub fn header(sources: &Sources) -> String {
    let mut text = format!("// {}\n{HEAD}", generated_from("src/error/kind.rs"));
    for kind in sources.tables.kinds {
        let mut meaning = Comment::new("    /// ");
        meaning.line(kind.meaning);
        writeln!(text, "{}    {} = {},", meaning.into_text(), name(kind.name), c_name(kind))
            .expect("a String takes all");
    }
    text + "};\n\n} // namespace wazo::auth\n\n#endif\n"
}
