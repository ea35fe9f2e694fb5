//! Writes `bindings/python/wazo_auth_client/_kinds.py`: the kinds of errors, for the package's own code.

use std::fmt::Write as _;

use super::comment::Comment;
use super::sources::{Sources, generated_from};

/// The text of `_kinds.py`.
pub fn module(sources: &Sources) -> String {
    let mut text = format!(
        "# {}\n\"\"\"The kinds of errors: the attribute `kind` of an exception is one of these names.\"\"\"\n\
         from __future__ import annotations\n",
        generated_from("src/error/kind.rs")
    );
    for kind in sources.tables.kinds {
        let mut meaning = Comment::new("#: ");
        meaning.line(kind.meaning);
        write!(text, "\n{}{} = '{}'\n", meaning.into_text(), kind.name.to_uppercase(), kind.name)
            .expect("a String takes all");
    }
    text.push_str("\n#: The number of each kind (`kind_code`); the numbers never change.\nNUMBERS = {\n");
    for kind in sources.tables.kinds {
        writeln!(text, "    {}: {},", kind.name.to_uppercase(), kind.number).expect("a String takes all");
    }
    text + "}\n"
}
