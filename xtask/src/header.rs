//! Writes `include/wazo_auth_client.h`, by cbindgen, from the sources in `src/ffi/` and the settings in
//! `cbindgen.toml`.

use std::fs;
use std::path::PathBuf;

use crate::GENERATED;
use crate::codegen::Sources;
use crate::symbols::hand_written;

/// The C header.
pub fn header(sources: &Sources) -> Result<String, String> {
    // cbindgen reads files; the functions as they are to be may not have been written yet.
    let scratch = Scratch::new(sources.functions)?;
    let settings = sources.root.join("cbindgen.toml");
    let config = cbindgen::Config::from_file(&settings).map_err(|error| format!("{}: {error}", settings.display()))?;
    let mut builder = cbindgen::Builder::new().with_config(config);
    // Given file by file, cbindgen asks cargo nothing, and needs no library that compiles.
    for path in hand_written(sources.root)? {
        builder = builder.with_src(path);
    }
    let bindings = builder.with_src(&scratch.functions).generate().map_err(|error| error.to_string())?;
    let mut header = format!("/* {GENERATED} */\n").into_bytes();
    bindings.write(&mut header);
    String::from_utf8(header).map_err(|error| error.to_string())
}

/// A folder that is gone again with this value.
struct Scratch {
    folder: PathBuf,
    functions: PathBuf,
}

impl Scratch {
    fn new(functions: &str) -> Result<Self, String> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("wazo-auth-xtask-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(unique);
        let scratch = Self { functions: folder.join("operations.rs"), folder };
        fs::create_dir_all(&scratch.folder)
            .and_then(|()| fs::write(&scratch.functions, functions))
            .map_err(|error| format!("{}: {error}", scratch.functions.display()))?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
