//! Writes `docs/options.md`: every option of a client, from the library's own list of keys.

use crate::GENERATED;
use crate::options::{OPTIONS, OptionEntry};
use std::fmt::Write as _;

const HEAD: &str = "\
# Options

An option is a key and a text. Set one by `wazo_auth_options_set(options, \"timeout_ms\", \"3000\", &error)` in C or
`native_options={'retries': '2'}` in Python; many at once by a URL
(`https://alice:secret@wazo.example.org/api/auth?timeout_ms=3000`), by the environment (`WAZO_AUTH_URL`, then
`WAZO_AUTH_` and the key in capitals, read only when you ask for it), or by a key file of Wazo's (`service_id`,
`service_key`). An unknown key or a wrong value is an error that says what was expected.
";

/// The text of `docs/options.md`.
pub fn reference() -> String {
    let mut text = format!("<!-- {} -->\n\n{HEAD}", GENERATED.replace("operations.rs", "options/entry.rs"));
    text.push_str(
        "\n## Of calls\n\nA derived handle (`wazo_auth_client_with`) may have its own, and `wazo_auth_client_set` changes \
         them at any time.\n\n",
    );
    table(&mut text, "call");
    text.push_str("\n## Of connections\n\nFixed when the client is made; the handles derived from it share them.\n\n");
    table(&mut text, "connection");
    text
}

fn table(text: &mut String, scope: &str) {
    text.push_str("| key | default | what |\n|---|---|---|\n");
    for OptionEntry { name, default, doc, .. } in OPTIONS.iter().filter(|entry| entry.scope.name() == scope) {
        let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
        writeln!(text, "| `{name}` | {default} | {doc} |").expect("a String takes all");
    }
}
