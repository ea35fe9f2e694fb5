//! What is generated from the library's own table: nothing of it is lost on the way, and the result fits.

mod support;

use std::process::Command;

use support::{flat, root, text_of};
use xtask::codegen::python_annotations::VARIANTS;
use xtask::codegen::{self, results, rust_signature, signature};
use xtask::operations::{self, Place};

#[test]
fn every_operation_is_everywhere() {
    let files = codegen::generate(root()).unwrap();
    let count = operations::all().count();
    let own = operations::all().filter(|operation| signature::has_own_function(operation)).count();
    assert_eq!(count - own, 1, "token.is_valid is another name of token.check");
    for (path, mark, count) in [
        ("src/ffi/operations.rs", "pub unsafe extern \"C\" fn wazo_auth_", own),
        ("bindings/python/wazo_auth_client/_operations.py", "return self._call('", count),
        // One more for each overload, and the four of `_Texts`.
        ("bindings/python/wazo_auth_client/_operations.pyi", "\n    def ", count + VARIANTS.len() + 4),
        ("bindings/python/wazo_auth_client/_operations.pyi", "\n    async def ", count + VARIANTS.len()),
        ("src/typed/calls.rs", "\nways_to_make!(", own),
        ("src/typed/calls.rs", "> {\n        const OPERATION: &Operation = operations::named(\"", own),
        ("docs/operations.md", "\n```cpp\n", count),
        ("include/wazo_auth_client/operations.h", ") WAZO_AUTH_NONNULL(1", own),
        ("include/wazo_auth_client/operations.hpp", "        detail::Outcome outcome;\n", own),
    ] {
        let file = files.iter().find(|file| file.path == path).unwrap();
        assert_eq!(file.text.matches(mark).count(), count, "{path}");
    }
    for operation in operations::all() {
        let function = signature::c_function(operation);
        for path in [
            "src/ffi/operations.rs",
            "include/wazo_auth_client/operations.h",
            "include/wazo_auth_client/operations.hpp",
            "docs/operations.md",
        ] {
            let file = files.iter().find(|file| file.path == path).unwrap();
            assert!(file.text.contains(&format!("{function}(")), "{function} is not in {path}");
        }
        let calls = &files.iter().find(|file| file.path == "src/typed/calls.rs").unwrap().text;
        let method = function.trim_start_matches("wazo_auth_");
        assert!(calls.contains(&format!("pub fn {method}(")), "{method} is not in src/typed/calls.rs");
        let symbols = &files.iter().find(|file| file.path == "tests/data/abi-symbols.txt").unwrap().text;
        assert!(symbols.lines().any(|line| line == function), "{function} is not a symbol");
    }
}

#[test]
fn every_exported_function_has_a_version_and_none_that_had_one_is_gone() {
    let files = codegen::generate(root()).unwrap();
    let text = |path: &str| &files.iter().find(|file| file.path == path).unwrap().text;
    let mut versioned: Vec<_> = text("library/wazo_auth_client.map")
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.strip_suffix(';'))
        .collect();
    versioned.retain(|name| *name != "*");
    versioned.sort_unstable();
    let exported: Vec<_> = text("tests/data/abi-symbols.txt").lines().skip(1).collect();
    assert_eq!(versioned, exported, "docs/abi.md says what to do with a function that is not wanted any more");
}

#[test]
fn a_rust_method_takes_what_the_c_function_needs_in_its_order_and_the_rest_by_name() {
    for operation in operations::all() {
        let (required, optional) = rust_signature::by_need(operation);
        let every = operation.each_parameter().count();
        assert_eq!(required.len() + optional.len(), every, "{}: each parameter once", operation.name);
        assert!(required.iter().all(|parameter| parameter.required) && optional.iter().all(|it| !it.required));
        let own = |argument: &signature::Argument| match argument {
            signature::Argument::Own(parameter) if parameter.required => Some(parameter.name),
            _ => None,
        };
        let in_c: Vec<_> = signature::c_arguments(operation).iter().filter_map(own).collect();
        let first: Vec<_> = required.iter().take(in_c.len()).map(|parameter| parameter.name).collect();
        assert_eq!(first, in_c, "{}", operation.name);
    }
}

#[test]
fn a_result_that_depends_on_an_argument_is_one_of_the_table() {
    for variant in VARIANTS {
        let operation = operations::find(variant.operation).unwrap();
        assert!(operation.each_parameter().any(|parameter| parameter.name == variant.parameter), "{}", variant.name);
        let record = results::record_of(operation.returns.as_ref().unwrap()).unwrap();
        for name in variant.present {
            let field = record.fields.iter().find(|field| field.name == *name).unwrap();
            assert!(field.optional, "{}: {name} is there without it", variant.name);
        }
    }
}

#[test]
fn what_is_generated_for_readers_keeps_to_the_width_of_lines() {
    let files = codegen::generate(root()).unwrap();
    for path in [
        "include/wazo_auth_client.h",
        "include/wazo_auth_client/operations.h",
        "include/wazo_auth_client/operations.hpp",
        "include/wazo_auth_client/error_kind.hpp",
        "bindings/python/wazo_auth_client/_operations.py",
        "bindings/python/wazo_auth_client/_operations.pyi",
        "bindings/python/wazo_auth_client/types.py",
        "bindings/python/wazo_auth_client/_kinds.py",
        "src/typed/calls.rs",
        "src/typed/records.rs",
    ] {
        for line in text_of(&files, path).lines() {
            assert!(line.chars().count() <= 120, "{path}: {line}");
            assert_eq!(line, line.trim_end(), "{path}");
        }
    }
}

/// The two are written apart from each other: a difference would be undefined behaviour in every caller.
#[test]
fn the_prototypes_of_operations_are_those_that_cbindgen_makes_of_the_functions() {
    let files = codegen::generate(root()).unwrap();
    let source = std::env::temp_dir().join(format!("wazo-auth-xtask-{}.rs", std::process::id()));
    std::fs::write(&source, text_of(&files, "src/ffi/operations.rs")).unwrap();
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new().with_config(config).with_src(&source).generate().unwrap();
    std::fs::remove_file(&source).unwrap();
    let mut made = Vec::new();
    bindings.write(&mut made);

    let prototypes = |text: &str| -> Vec<String> {
        // cbindgen knows nothing of what is deprecated.
        let lines = text.lines().filter(|line| !line.starts_with("WAZO_AUTH_DEPRECATED("));
        let text = flat(&lines.collect::<Vec<_>>().join("\n"));
        let declarations = text.split("*/").skip(1).filter_map(|part| part.split_once(';')).map(|(start, _)| start);
        let bare = |start: &str| start.split(" WAZO_AUTH_NONNULL").next().unwrap().trim().to_owned();
        declarations
            .map(bare)
            .filter(|start| start.contains("(const wazo_auth_client *client,") && !start.starts_with("/**"))
            .collect()
    };
    let declared = prototypes(&text_of(&files, "include/wazo_auth_client/operations.h"));
    assert!(declared.len() > 80, "{declared:?}");
    assert_eq!(declared, prototypes(&String::from_utf8(made).unwrap()));
}

#[test]
fn the_core_header_repeats_no_operation_and_leads_to_them() {
    let files = codegen::generate(root()).unwrap();
    let header = text_of(&files, "include/wazo_auth_client.h");
    assert!(header.contains("\n#include \"wazo_auth_client/operations.h\"\n"));
    assert!(!header.contains("wazo_auth_users_list("));
    assert!(header.contains("@mainpage"), "the contract comes first");
}

#[test]
fn a_record_has_one_meaning_and_one_name() {
    let operations: Vec<_> = operations::all().collect();
    let records = results::all_records(&operations);
    let mut names: Vec<_> = records.iter().map(|record| record.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), records.len());
    for field in records.iter().flat_map(|record| record.fields) {
        assert!(
            field.name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        );
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
