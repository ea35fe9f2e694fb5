//! The project's tasks, for `cargo xtask`.

use std::path::Path;
use std::process::ExitCode;

use xtask::codegen;

const HELP: &str = "\
The project's own tasks.

Usage: cargo xtask <task>

Tasks:
  codegen           Write all files that are generated from the tables of operations, options and kinds of errors:
                    the C functions, the C and C++ headers, the Python and the Rust methods, the reference, the
                    list of symbols
  codegen --check   Write nothing; list each generated file that is out of date, and exit with 1 if there is one
  codegen --list    List the generated files
  help, --help      Print this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] | ["help" | "--help" | "-h"] | ["codegen", "--help" | "-h"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        ["codegen"] => generate().map(|()| ExitCode::SUCCESS),
        ["codegen", "--check"] => check(),
        ["codegen", "--list"] => {
            for file in codegen::FILES {
                println!("{}", file.path);
            }
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("unknown task `{}`; `cargo xtask --help` lists the tasks", other.join(" "))),
    };
    done.unwrap_or_else(|problem| {
        eprintln!("xtask: {problem}");
        ExitCode::FAILURE
    })
}

/// The repository: the folder above this package.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

fn generate() -> Result<(), String> {
    for file in codegen::generate(root())? {
        if file.differs() {
            file.write(root())?;
            println!("wrote {}", file.path);
        }
    }
    Ok(())
}

fn check() -> Result<ExitCode, String> {
    let mut code = ExitCode::SUCCESS;
    for file in codegen::generate(root())?.iter().filter(|file| file.differs()) {
        eprintln!("{} is out of date: run `cargo xtask codegen`{}", file.path, file.first_difference());
        code = ExitCode::FAILURE;
    }
    Ok(code)
}
