//! Runs the generators: which file is written by which, and how a file is compared with the one that is there.
//!
//! Each generator is a function from [`Sources`] to a text, in a file of its own, and knows nothing of the others. Below
//! them lie what they share, each importing only what stands before it:
//!
//! | room | what it has |
//! |---|---|
//! | [`sources`] | the tables, the files of the C ABI, operations by resource |
//! | [`text`] | wrapped sentences, bracketed lists, names in other spellings |
//! | [`comment`] | a comment that grows line by line, in any language |
//! | [`kinds`] | the kinds of errors: their names, their statuses |
//! | [`rustfmt`] | Rust sources formatted |
//! | [`results`] | what results hold, in the words of readers |
//! | [`signature`] | how an operation looks in C |
//! | [`words`] | what documentation says of an operation in every language |
//! | [`cpp_signature`], [`python_signature`], [`rust_signature`] | how an operation looks in C++, Python and Rust |
//! | [`python_annotations`] | how types are written in Python |

pub mod comment;
pub mod cpp_signature;
pub mod kinds;
pub mod python_annotations;
pub mod python_signature;
pub mod results;
pub mod rust_signature;
pub mod rustfmt;
pub mod signature;
pub mod sources;
pub mod text;
pub mod words;

pub mod c_error_kinds;
pub mod c_functions;
pub mod c_header;
pub mod c_operations;
pub mod cpp_error_kinds;
pub mod cpp_operations;
pub mod error_reference;
pub mod operation_reference;
pub mod option_reference;
pub mod python_kinds;
pub mod python_module;
pub mod python_stub;
pub mod python_types;
pub mod rust_operations;
pub mod rust_records;
pub mod symbols;
pub mod version_script;

use std::fs;
use std::path::Path;

use sources::{FUNCTIONS, Sources, Tables, read};

/// A file that is derived, and what derives it.
pub struct File {
    /// The path below the repository.
    pub path: &'static str,
    write: fn(&Sources) -> Result<String, String>,
}

/// Every file that is derived, in the order of writing.
pub const FILES: &[File] = &[
    File { path: FUNCTIONS, write: |sources| Ok(sources.functions.clone()) },
    File { path: "src/ffi/error_kind.rs", write: c_error_kinds::source },
    File { path: "include/wazo_auth_client.h", write: c_header::header },
    File { path: "include/wazo_auth_client/operations.h", write: |sources| Ok(c_operations::header(sources)) },
    File { path: "include/wazo_auth_client/operations.hpp", write: |sources| Ok(cpp_operations::header(sources)) },
    File { path: "include/wazo_auth_client/error_kind.hpp", write: |sources| Ok(cpp_error_kinds::header(sources)) },
    File {
        path: "bindings/python/wazo_auth_client/_operations.py",
        write: |sources| Ok(python_module::module(sources)),
    },
    File { path: "bindings/python/wazo_auth_client/_operations.pyi", write: |sources| Ok(python_stub::stub(sources)) },
    File { path: "bindings/python/wazo_auth_client/types.py", write: python_types::module },
    File { path: "bindings/python/wazo_auth_client/_kinds.py", write: |sources| Ok(python_kinds::module(sources)) },
    File { path: "src/typed/calls.rs", write: rust_operations::source },
    File { path: "src/typed/records.rs", write: rust_records::source },
    File { path: "docs/operations.md", write: |sources| Ok(operation_reference::reference(sources)) },
    File { path: "docs/options.md", write: |sources| Ok(option_reference::reference(sources)) },
    File { path: "docs/errors.md", write: |sources| Ok(error_reference::reference(sources)) },
    File { path: "tests/data/abi-symbols.txt", write: symbols::symbols },
    File { path: version_script::VERSION_SCRIPT, write: version_script::script },
];

/// A derived file as it is to be, beside what is there.
pub struct Generated {
    /// The path below the repository.
    pub path: &'static str,
    /// What it is to hold.
    pub text: String,
    present: Option<String>,
}

/// Derives every file of the repository at `root` from the library's tables; writes none.
pub fn generate(root: &Path) -> Result<Vec<Generated>, String> {
    let operations: Vec<_> = crate::operations::all().collect();
    generate_from(&Tables::of_library(&operations), root)
}

/// Derives every file from these tables; writes none.
pub fn generate_from(tables: &Tables, root: &Path) -> Result<Vec<Generated>, String> {
    let sources = Sources { root, tables, functions: c_functions::functions(tables)? };
    FILES
        .iter()
        .map(|file| {
            let text = (file.write)(&sources).map_err(|problem| format!("{}: {problem}", file.path))?;
            Ok(Generated { path: file.path, text, present: read(&root.join(file.path))? })
        })
        .collect()
}

impl Generated {
    /// Whether the file that is there is another.
    pub fn differs(&self) -> bool {
        self.present.as_ref() != Some(&self.text)
    }

    /// Where it differs, as the end of a sentence.
    pub fn first_difference(&self) -> String {
        let Some(present) = &self.present else { return ": it is missing".to_owned() };
        let same = present.lines().zip(self.text.lines()).take_while(|(left, right)| left == right).count();
        let line = |text: &str| text.lines().nth(same).unwrap_or("(end of file)").to_owned();
        format!(", from line {}:\n  there:    {}\n  expected: {}", same + 1, line(present), line(&self.text))
    }

    /// Writes the file into the repository at `root`.
    pub fn write(&self, root: &Path) -> Result<(), String> {
        let path = root.join(self.path);
        fs::create_dir_all(path.parent().unwrap_or(root))
            .and_then(|()| fs::write(&path, &self.text))
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}
