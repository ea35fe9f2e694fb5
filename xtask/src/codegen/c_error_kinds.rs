//! Writes `src/ffi/error_kind.rs`: the kinds of errors as a C enum, and the word of each.

use std::fmt::Write as _;

use super::comment::Comment;
use super::kinds::c_name;
use super::rustfmt::formatted;
use super::sources::{Sources, generated_from};
use super::text::camel_case;

const HEAD: &str = "\
//! The kinds of errors as C sees them.

use crate::error::ErrorKind;
use std::ffi::CStr;

/// The kind of an error, see wazo_auth_error_kind(). The numbers never change; new kinds are appended, so give every
/// switch a default.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum wazo_auth_error_kind_t {
    /// No error.
    WAZO_AUTH_ERROR_NONE = 0,
";

/// The text of `src/ffi/error_kind.rs`.
pub fn source(sources: &Sources) -> Result<String, String> {
    let (mut variants, mut arms, mut words) = (String::new(), String::new(), String::new());
    for kind in sources.tables.kinds {
        let mut meaning = Comment::new("    /// ");
        meaning.line(kind.meaning);
        let (name, number) = (c_name(kind), kind.number);
        writeln!(variants, "{}    {name} = {number},", meaning.into_text()).expect("a String takes all");
        writeln!(arms, "            ErrorKind::{} => Self::{name},", camel_case(kind.name))
            .expect("a String takes all");
        writeln!(words, "        {number} => c\"{}\",", kind.name).expect("a String takes all");
    }
    formatted(&format!(
        "// {generated}\n\n{HEAD}{variants}}}\n\n\
         impl From<ErrorKind> for wazo_auth_error_kind_t {{\n    fn from(kind: ErrorKind) -> Self {{\n        match kind \
         {{\n{arms}        }}\n    }}\n}}\n\n\
         /// The word of a kind by its number; \"unknown\" for a number that is none.\n\
         pub fn text(number: i32) -> &'static CStr {{\n    match number {{\n        0 => c\"none\",\n{words}        _ => \
         c\"unknown\",\n    }}\n}}\n",
        generated = generated_from("src/error/kind.rs"),
    ))
}
