//! Writes `include/wazo_auth_client.h`: the contract (`include/preamble.h`), then a section for each kind of object, by
//! cbindgen from the sources in `src/ffi/` with the settings in `cbindgen.toml`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::c_error_kinds;
use super::sources::{Sources, exported, generated_from, hand_written, read_present};

/// What stands together in the header: a group of Doxygen's.
struct Section {
    group: &'static str,
    title: &'static str,
    /// The file of `src/ffi` that has it.
    file: &'static str,
}

/// The sections in the order in which a reader meets them; a type is declared before it is used.
const SECTIONS: &[Section] = &[
    Section { group: "version", title: "Version and strings", file: "text.rs" },
    Section { group: "errors", title: "Errors", file: "error.rs" },
    Section { group: "options", title: "Options", file: "options.rs" },
    Section { group: "clients", title: "Clients", file: "client.rs" },
    Section { group: "calls", title: "Calls by name", file: "call.rs" },
    Section { group: "cancellations", title: "Cancellations", file: "cancellation.rs" },
    Section { group: "interrupt", title: "Interrupt check", file: "interrupt.rs" },
    Section { group: "completions", title: "Completions", file: "completion.rs" },
    Section { group: "queues", title: "Queues", file: "queue.rs" },
    Section { group: "renewers", title: "Renewers", file: "renewer.rs" },
    Section { group: "access", title: "Access lists", file: "access.rs" },
    Section { group: "verifiers", title: "Verifiers", file: "verifier.rs" },
    Section { group: "pages", title: "Listings", file: "pages.rs" },
    Section { group: "health", title: "Readiness and health", file: "health.rs" },
    Section { group: "log", title: "Log", file: "log.rs" },
    Section { group: "json", title: "JSON helpers", file: "json.rs" },
];

const GUARD: &str = "WAZO_AUTH_CLIENT_H";

/// The C header.
pub fn header(sources: &Sources) -> Result<String, String> {
    let files = hand_written(sources.root)?;
    every_function_has_a_section(&files)?;
    let settings = sources.root.join("cbindgen.toml");
    let config = cbindgen::Config::from_file(&settings).map_err(|error| format!("{}: {error}", settings.display()))?;

    // The preamble says in a first paragraph what it is itself; that is not for the header.
    let preamble = read_present(&sources.root.join("include/preamble.h"))?;
    let (_, preamble) = preamble.split_once("\n\n").ok_or("include/preamble.h: it has one paragraph only")?;
    let mut text = format!(
        "/* {} */\n\n#ifndef {GUARD}\n#define {GUARD}\n\n{}\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n",
        generated_from("src/ffi and include/preamble.h"),
        preamble.trim_end()
    );
    for Section { group, title, file } in SECTIONS {
        let body = section(sources, &config, file)?;
        write!(text, "\n/**\n * @defgroup wazo_auth_{group} {title}\n * @{{\n */\n\n{body}\n\n/** @}} */\n")
            .expect("a String takes all");
    }
    write!(
        text,
        "\n#ifdef __cplusplus\n}}\n#endif\n\n/* A function for each operation of wazo-auth. */\n\
         #include \"wazo_auth_client/operations.h\"\n\n#endif /* {GUARD} */\n"
    )
    .expect("a String takes all");
    Ok(text)
}

/// The declarations of one file.
fn section(sources: &Sources, config: &cbindgen::Config, file: &str) -> Result<String, String> {
    let mut builder = cbindgen::Builder::new().with_config(config.clone());
    // Given file by file, cbindgen asks cargo nothing, and needs no library that compiles.
    let scratch;
    if file == "error.rs" {
        // The generated enum may not have been written yet.
        scratch = Scratch::new(&c_error_kinds::source(sources)?)?;
        builder = builder.with_src(&scratch.file);
    }
    let bindings = builder.with_src(sources.root.join("src/ffi").join(file)).generate();
    let mut text = Vec::new();
    bindings.map_err(|error| error.to_string())?.write(&mut text);
    Ok(String::from_utf8(text).map_err(|error| error.to_string())?.trim().to_owned())
}

fn every_function_has_a_section(files: &[PathBuf]) -> Result<(), String> {
    for path in files {
        let has_section = SECTIONS.iter().any(|section| path.ends_with(Path::new("src/ffi").join(section.file)));
        if !has_section && !exported(&read_present(path)?).is_empty() {
            return Err(format!("{}: it exports functions, and no section of c_header.rs has them", path.display()));
        }
    }
    Ok(())
}

/// A file that is gone again with this value, and its folder.
struct Scratch {
    folder: PathBuf,
    file: PathBuf,
}

impl Scratch {
    fn new(text: &str) -> Result<Self, String> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("wazo-auth-xtask-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        let scratch = Self { file: folder.join("source.rs"), folder };
        fs::create_dir_all(&scratch.folder)
            .and_then(|()| fs::write(&scratch.file, text))
            .map_err(|error| format!("{}: {error}", scratch.file.display()))?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
