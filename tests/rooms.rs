//! The rooms of the library: imports lead downwards, and no two files import each other.
//!
//! Every import of `src` is read from its text: the `use` lines, and the paths that begin with `crate::` or `super::`.
//! `cargo test --test rooms -- --nocapture` lists them. docs/design.md draws the rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up: a file may import its own room and those above it in this list.
/// Names of rooms that are still to come are here already, so that nobody has to decide later where they belong.
const FLOORS: &[&[&str]] = &[
    &["error", "json", "percent", "secret", "clock", "callback"],
    &["host", "operations", "options"],
    &["cancellation", "log", "access", "schedule"],
    &["cache"],
    &["client", "worker"],
    &["queue", "futures"],
    &["renewer", "verifier", "paging", "readiness", "typed"],
    &["ffi"],
    // For the benchmarks and for fuzzing alone.
    &["internals"],
];

/// Rooms that may use a crate, where not every room may.
const CRATES: &[(&str, &[&str])] = &[
    ("reqwest", &["client"]),
    ("rustls", &["client"]),
    ("rustls_native_certs", &["host"]),
    ("tower_layer", &["client"]),
    ("tower_service", &["client"]),
    ("tokio", &["host", "cancellation", "client", "worker", "queue", "futures", "verifier", "renewer"]),
    ("libc", &["host"]),
];

/// Words that stand in one place alone.
const WORDS: &[(&str, &str)] = &[
    ("Instant::now(", "clock"),
    ("SystemTime::now(", "clock"),
    ("cfg(unix)", "host"),
    ("cfg(not(unix))", "host"),
    ("cfg(windows)", "host"),
    ("cfg(all(unix", "host"),
    ("target_os", "host"),
    ("target_vendor", "host"),
];

/// Arrows that are forbidden inside of a room.
const FORBIDDEN: &[(&str, &str, &str)] =
    &[("client/exchange", "client/response", "an exchange receives, and does not judge what it received")];

/// The floor of a room; `None` where it is not in the list.
fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The room of a file: `client` of `client/request/path`.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

/// The sources below a folder, by their module paths (`client/request/path`), without tests, comments and what is only
/// compiled for tests.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(&root).unwrap().with_extension("");
                let name = name.to_str().unwrap().replace('\\', "/");
                if name != "lib"
                    && name != "main"
                    && name != "tests"
                    && !name.ends_with("_tests")
                    && !name.ends_with("/tests")
                {
                    found.insert(name, without_tests(&fs::read_to_string(&entry).unwrap()));
                }
            }
        }
    }
    found
}

fn without_tests(source: &str) -> String {
    let end = ["\n#[cfg(test)]", "\n#[cfg(all(test"].iter().filter_map(|mark| source.find(mark)).min();
    let source = &source[..end.unwrap_or(source.len())];
    let lines = source.lines().map(|line| match line.find("//") {
        // A URL in a text is no comment.
        Some(at) if !line[..at].ends_with(':') => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that a source imports, as lists of words: `use` trees taken apart, and paths in the code.
fn paths(source: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut code = String::new();
    let mut rest = source;
    while let Some((before, tree, after)) = next_use(rest) {
        code.push_str(before);
        expand(&tree.split_whitespace().collect::<Vec<_>>().join(" "), &[], &mut found);
        rest = after;
    }
    code.push_str(rest);
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let path = code[at..].split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).next().unwrap();
            if is_whole {
                found.push(path.trim_end_matches(':').split("::").map(str::to_owned).collect());
            }
        }
    }
    found
}

/// What stands before the next `use`, its tree, and what follows it.
fn next_use(source: &str) -> Option<(&str, &str, &str)> {
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        let words = line.trim_start();
        let words = ["pub(crate) ", "pub(super) ", "pub "].iter().find_map(|p| words.strip_prefix(p)).unwrap_or(words);
        if words.starts_with("use ") {
            let start = at + line.find("use ").unwrap();
            let end = start + source[start..].find(';').unwrap();
            return Some((&source[..at], &source[start + 4..end], &source[end + 1..]));
        }
        at += line.len();
    }
    None
}

/// Takes `a::{b, c::{self, D as E}}` apart.
fn expand(tree: &str, before: &[&str], found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some((path, list)) = tree.split_once('{') {
        let mut before = before.to_vec();
        before.extend(path.trim().trim_end_matches("::").split("::").filter(|word| !word.is_empty()));
        let list = list.rsplit_once('}').expect("a closing bracket").0;
        let (mut depth, mut start) = (0_i32, 0);
        for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    if !list[start..at].trim().is_empty() {
                        expand(&list[start..at], &before, found);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let path = tree.split(" as ").next().unwrap();
    let words = before.iter().copied().chain(path.split("::")).filter(|word| *word != "self");
    found.push(words.map(|word| word.trim().to_owned()).collect());
}

/// What a file imports: files of the library, and other crates.
fn imports(file: &str, source: &str, files: &BTreeSet<&str>) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut of_library, mut of_others) = (BTreeSet::new(), BTreeSet::new());
    for path in paths(source) {
        let mut module: Vec<&str> = file.split('/').collect();
        let mut words = path.iter().map(String::as_str).peekable();
        match words.peek().copied() {
            Some("crate") => {
                module.clear();
                words.next();
            }
            Some("super") => {
                while words.next_if_eq(&"super").is_some() {
                    module.pop();
                }
            }
            Some(first) => {
                // A module of this file's own, or another crate.
                if !files.contains(format!("{file}/{first}").as_str()) {
                    of_others.insert(first.to_owned());
                    continue;
                }
            }
            None => continue,
        }
        // As far as there are files: what follows is a name in the last of them.
        for word in words {
            module.push(word);
            let is_file = files.contains(module.join("/").as_str());
            let is_folder = files.iter().any(|known| known.starts_with(&format!("{}/", module.join("/"))));
            if !is_file && !is_folder {
                module.pop();
                break;
            }
        }
        let target = module.join("/");
        // The crate's root is no room; a name that it re-exports would hide where it comes from.
        assert!(!target.is_empty(), "{file} imports {} from the crate's root; name its room", path.join("::"));
        if target != file {
            of_library.insert(target);
        }
    }
    (of_library, of_others)
}

/// Everything that is wrong with a tree of sources.
fn problems(sources: &BTreeMap<String, String>) -> Vec<String> {
    let files: BTreeSet<&str> = sources.keys().map(String::as_str).collect();
    let mut arrows = BTreeMap::new();
    let mut found = Vec::new();
    for (file, source) in sources {
        let (of_library, of_others) = imports(file, source, &files);
        let Some(own_floor) = floor(room(file)) else {
            found.push(format!("{file} is in no room that tests/rooms.rs knows"));
            continue;
        };
        for target in &of_library {
            println!("{file} -> {target}");
            let is_below = floor(room(target)).is_some_and(|floor| floor < own_floor);
            let is_ground = own_floor == 0 && floor(room(target)) == Some(0);
            if room(target) != room(file) && !is_below && !is_ground {
                found.push(format!("{file} imports {target}, which is not below it"));
            }
            for (from, to, why) in FORBIDDEN {
                if file == from && target == to {
                    found.push(format!("{file} imports {target}: {why}"));
                }
            }
        }
        for (name, rooms) in CRATES {
            if of_others.contains(*name) && !rooms.contains(&room(file)) {
                found.push(format!("{file} uses {name}, which only {} may", rooms.join(", ")));
            }
        }
        for (word, only) in WORDS {
            if source.contains(word) && room(file) != *only {
                found.push(format!("{file} holds `{word}`, which only {only} may"));
            }
        }
        arrows.insert(file.clone(), of_library);
    }
    found.extend(circles(&arrows));
    found
}

/// Files that reach themselves by their imports.
fn circles(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let reached = |start: &String| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&String> = arrows[start].iter().collect();
        while let Some(file) = open.pop() {
            if reached.insert(file) {
                open.extend(arrows.get(file).into_iter().flatten());
            }
        }
        reached
    };
    let in_circle: Vec<&String> = arrows.keys().filter(|file| reached(file).contains(file)).collect();
    let mutual = |file: &&String| {
        let others = in_circle.iter().filter(|other| reached(file).contains(**other) && *other != file);
        others.map(|other| other.as_str()).collect::<Vec<_>>().join(", ")
    };
    in_circle.iter().map(|file| format!("{file} is in a circle of imports with {}", mutual(file))).collect()
}

#[test]
fn imports_lead_downwards_and_no_two_files_import_each_other() {
    let sources = sources("src");
    assert!(sources.len() > 50, "{} files were read", sources.len());
    let found = problems(&sources);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_two_files_of_the_simulator_import_each_other() {
    let sources = sources("simulator/src");
    assert!(sources.len() > 50, "{} files were read", sources.len());
    let files: BTreeSet<&str> = sources.keys().map(String::as_str).collect();
    let imports_of = |(file, source): (&String, &String)| (file.clone(), imports(file, source, &files).0);
    let arrows: BTreeMap<String, BTreeSet<String>> = sources.iter().map(imports_of).collect();
    // A file uses the modules of its own without an import, so that its folder counts as one with it.
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, targets) in &arrows {
        let others = targets.iter().map(|target| room(target)).filter(|target| *target != room(file));
        rooms.entry(room(file).into()).or_default().extend(others.map(String::from));
    }
    let found = [circles(&arrows), circles(&rooms)].concat();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_arrow_that_is_forbidden_is_found() {
    let with = |changes: &[(&str, &str)]| {
        let mut tree: BTreeMap<String, String> =
            ["error", "clock", "host", "options", "client", "client/exchange", "client/response", "renewer", "ffi"]
                .map(|file| (file.to_owned(), String::new()))
                .into();
        tree.extend(changes.iter().map(|(file, source)| ((*file).to_owned(), without_tests(source))));
        problems(&tree)
    };
    assert_eq!(with(&[]), [""; 0]);
    let allowed = "use crate::error::{Error, kind::Kind};\n\n#[cfg(test)]\nmod tests { use crate::ffi::X; }";
    assert_eq!(with(&[("client", allowed), ("client/exchange", "// crate::ffi\nuse crate::error::Error;")]), [""; 0]);
    for (file, source, expected) in [
        ("client", "use crate::renewer::Renewer;", "client imports renewer, which is not below it"),
        ("error", "use crate::client::{self, Client};", "error imports client, which is not below it"),
        ("client", "fn f() { crate::ffi::call(); }", "client imports ffi, which is not below it"),
        ("host", "pub(crate) use crate::{\n    error::X,\n    options::Y};", "host imports options, which is not"),
        ("client/exchange", "use super::response::judge;", "an exchange receives, and does not judge"),
        ("client/exchange", "use crate::client::Outcome as O;\n", ""),
        ("error", "use tokio::sync::Notify;", "error uses tokio, which only"),
        ("options", "use reqwest::Url;", "options uses reqwest, which only client may"),
        ("client", "let x = std::time::Instant::now();", "client holds `Instant::now(`"),
        ("client", "#[cfg(unix)]\nfn f() {}", "client holds `cfg(unix)`"),
        ("elsewhere", "", "elsewhere is in no room"),
    ] {
        let found = with(&[(file, source)]);
        let is_right = if expected.is_empty() { found.is_empty() } else { found.iter().any(|p| p.contains(expected)) };
        assert!(is_right, "{file}: {source}\n{found:?}");
    }
    let circle = with(&[("client", "mod exchange;\npub use exchange::X;"), ("client/exchange", "use super::Y;")]);
    assert_eq!(circle.len(), 2, "{circle:?}");
    assert!(circle[0].contains("client is in a circle of imports with client/exchange"), "{circle:?}");
}
