//! Writes `tests/data/abi-symbols.txt`: every function that the library exports, for the tests of the ABI.
//!
//! The hand-written functions are found by reading `src/ffi/`, not by asking the library: the list says what is meant
//! to be exported, and a test compares it with what is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::GENERATED;
use crate::codegen::{FUNCTIONS, Sources};

/// The list of exported functions, sorted, one a line.
pub fn symbols(sources: &Sources) -> Result<String, String> {
    let mut names = exported(sources.functions);
    for path in hand_written(sources.root)? {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        names.extend(exported(&text));
    }
    let lines = names.into_iter().collect::<Vec<_>>().join("\n");
    Ok(format!("# {GENERATED} The hand-written ones are read from src/ffi.\n{lines}\n"))
}

/// The names of the functions that a Rust source exports.
pub fn exported(source: &str) -> BTreeSet<String> {
    source
        .lines()
        .filter_map(|line| {
            let line = line.trim_start().strip_prefix("pub ")?;
            let line = line.strip_prefix("unsafe ").unwrap_or(line);
            let name = line.strip_prefix("extern \"C\" fn ")?.split(['(', '<']).next()?.trim();
            name.starts_with("wazo_auth_").then(|| name.to_owned())
        })
        .collect()
}

/// The sources of the C ABI but for the generated one, in the order in which a reader of the header meets them.
pub fn hand_written(root: &Path) -> Result<Vec<PathBuf>, String> {
    const FIRST: [&str; 5] = ["text.rs", "error.rs", "options.rs", "client.rs", "call.rs"];
    let mut files = rust_files(&root.join("src/ffi"))?;
    files.retain(|path| *path != root.join(FUNCTIONS));
    // The sort is stable: what is not named here follows by name.
    files.sort_by_key(|path| FIRST.iter().position(|name| path.ends_with(name)).unwrap_or(FIRST.len()));
    Ok(files)
}

/// The Rust sources in a folder and the folders in it, by name; none where there is no such folder.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(problem(error)),
    };
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(problem)?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::exported;

    #[test]
    fn only_what_is_exported_is_listed() {
        let source = "
            #[unsafe(no_mangle)]
            pub unsafe extern \"C\" fn wazo_auth_client_new(options: *const Options) -> *mut Client {
            pub extern \"C\" fn wazo_auth_version() -> *const c_char {
            pub extern \"C\" fn helper() {}
            fn wazo_auth_private() {}
            /// See pub extern \"C\" fn wazo_auth_in_a_comment().
        ";
        assert_eq!(exported(source).into_iter().collect::<Vec<_>>(), ["wazo_auth_client_new", "wazo_auth_version"]);
    }
}
