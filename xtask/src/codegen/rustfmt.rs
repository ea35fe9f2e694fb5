//! Formats a generated Rust source as the repository's own are.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// A Rust source as rustfmt leaves it with the repository's settings.
pub fn formatted(source: &str) -> Result<String, String> {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut rustfmt = Command::new(std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into()))
        .args(["--edition", "2024", "--emit", "stdout", "--config-path", settings])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt, which formats what is generated, does not start: {error}"))?;
    // Written from a thread of its own: rustfmt may begin to answer before it has read all.
    let mut input = rustfmt.stdin.take().ok_or("rustfmt: its input is not piped")?;
    let written = source.to_owned();
    let writer = std::thread::spawn(move || input.write_all(written.as_bytes()));
    let output = rustfmt.wait_with_output().map_err(|error| format!("rustfmt: {error}"))?;
    writer.join().map_err(|_| "rustfmt: writing to it panicked")?.map_err(|error| format!("rustfmt: {error}"))?;
    if !output.status.success() {
        return Err(format!("rustfmt refuses what was generated:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}
