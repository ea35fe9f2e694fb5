//! What is generated from the library's own table: nothing of it is lost on the way, and the result fits.

use std::path::Path;
use std::process::Command;

use xtask::operations::{self, Place};
use xtask::{codegen, cpp, python, signature};

#[test]
fn every_operation_is_everywhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = codegen::generate(root).unwrap();
    let count = operations::all().count();
    let own = operations::all().filter(|operation| signature::has_own_function(operation)).count();
    assert_eq!(count - own, 1, "token.is_valid is another name of token.check");
    for (path, mark, count) in [
        ("src/ffi/operations.rs", "pub unsafe extern \"C\" fn wazo_auth_", own),
        ("bindings/python/wazo_auth_client/_operations.py", "return self._call('", count),
        ("bindings/python/wazo_auth_client/_operations.pyi", "def ", count),
        ("docs/operations.md", "\n### ", count),
        ("include/wazo_auth_client/operations.hpp", "        detail::Outcome outcome;\n", own),
    ] {
        let file = files.iter().find(|file| file.path == path).unwrap();
        assert_eq!(file.text.matches(mark).count(), count, "{path}");
    }
    for operation in operations::all() {
        let function = signature::c_function(operation);
        for path in [
            "src/ffi/operations.rs",
            "include/wazo_auth_client.h",
            "include/wazo_auth_client/operations.hpp",
            "docs/operations.md",
        ] {
            let file = files.iter().find(|file| file.path == path).unwrap();
            assert!(file.text.contains(&format!("{function}(")), "{function} is not in {path}");
        }
        let symbols = &files.iter().find(|file| file.path == "tests/data/abi-symbols.txt").unwrap().text;
        assert!(symbols.lines().any(|line| line == function), "{function} is not a symbol");
    }
}

#[test]
fn what_is_generated_for_readers_keeps_to_the_width_of_lines() {
    let operations: Vec<_> = operations::all().collect();
    for text in [python::module(&operations), python::stub(&operations), cpp::header(&operations)] {
        for line in text.lines() {
            assert!(line.chars().count() <= 120, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn c_arguments_are_in_the_paths_order_and_end_with_the_tenant() {
    for operation in operations::all() {
        let names: Vec<_> = signature::c_arguments(operation).iter().map(signature::Argument::name).collect();
        let mut last = 0;
        for name in &names {
            if let Some(position) = operation.path.find(&format!("{{{name}}}")) {
                assert!(position > last, "{}: {names:?}", operation.name);
                last = position;
            }
        }
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{}: {names:?}", operation.name);
        if let Some(tenant) = operation.each_parameter().find(|parameter| parameter.place == Place::Tenant) {
            assert_eq!(names.last(), Some(&tenant.name), "{}", operation.name);
        }
    }
}

#[test]
fn a_task_that_does_not_exist_is_refused_and_the_help_names_those_that_do() {
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap();
    let help = run(&["--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8_lossy(&help.stdout).contains("codegen --check"));

    let wrong = run(&["codegen", "--chekc"]);
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("codegen --chekc"));
}
