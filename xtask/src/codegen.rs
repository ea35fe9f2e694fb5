//! Runs the generators: which file is written by which, and how a file is compared with the one that is there.

use std::fs;
use std::path::Path;

use crate::operations;
use crate::{Operations, cpp, docs, ffi, header, option_reference, python, symbols};

/// What a generator may look at besides the operations.
pub struct Sources<'a> {
    /// The repository.
    pub root: &'a Path,
    /// The text of `src/ffi/operations.rs` as it is to be: the one that lies there may be out of date.
    pub functions: &'a str,
}

/// A file that is derived, and what derives it.
pub struct File {
    /// The path below the repository.
    pub path: &'static str,
    write: fn(Operations, &Sources) -> Result<String, String>,
}

/// The generated C functions; two other files are derived from them.
pub const FUNCTIONS: &str = "src/ffi/operations.rs";

/// Every file that is derived, in the order of writing.
pub const FILES: &[File] = &[
    File { path: FUNCTIONS, write: |_, sources| Ok(sources.functions.to_owned()) },
    File { path: "include/wazo_auth_client.h", write: |_, sources| header::header(sources) },
    File { path: "include/wazo_auth_client/operations.hpp", write: |operations, _| Ok(cpp::header(operations)) },
    File {
        path: "bindings/python/wazo_auth_client/_operations.py",
        write: |operations, _| Ok(python::module(operations)),
    },
    File {
        path: "bindings/python/wazo_auth_client/_operations.pyi",
        write: |operations, _| Ok(python::stub(operations)),
    },
    File { path: "docs/operations.md", write: |operations, _| Ok(docs::reference(operations)) },
    File { path: "docs/options.md", write: |_, _| Ok(option_reference::reference()) },
    File { path: "tests/data/abi-symbols.txt", write: |_, sources| symbols::symbols(sources) },
];

/// A derived file as it is to be, beside what is there.
pub struct Generated {
    /// The path below the repository.
    pub path: &'static str,
    /// What it is to hold.
    pub text: String,
    present: Option<String>,
}

/// Derives every file of the repository at `root` from the library's table; writes none.
pub fn generate(root: &Path) -> Result<Vec<Generated>, String> {
    let operations: Vec<_> = operations::all().collect();
    generate_from(&operations, root)
}

/// Derives every file from these operations; writes none.
pub fn generate_from(operations: Operations, root: &Path) -> Result<Vec<Generated>, String> {
    let functions = ffi::functions(operations)?;
    let sources = Sources { root, functions: &functions };
    FILES
        .iter()
        .map(|file| {
            let text = (file.write)(operations, &sources).map_err(|problem| format!("{}: {problem}", file.path))?;
            Ok(Generated { path: file.path, text, present: read(&root.join(file.path))? })
        })
        .collect()
}

/// The text of a file; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        // A checkout may have turned line ends into the platform's own.
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
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
