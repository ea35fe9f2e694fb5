//! Writes `docs/options.md`: every option of a client, and of what is built on it.

use std::fmt::Write as _;

use crate::options::{HealthSettings, OptionEntry, PageSettings, RenewerSettings, ServiceSettings, VerifierSettings};

use super::sources::{Sources, generated_from};
use super::text::cell;

const HEAD: &str = "\
# Options

An option has a key and a value, both strings. Set one with
`wazo_auth_options_set(options, \"timeout_ms\", \"3000\", &error)` in C, or with `native_options={'retries': '2'}` in
Python. Set several at once with a URL (`https://alice:secret@wazo.example.org/api/auth?timeout_ms=3000`), from a Wazo
key file (`service_id`, `service_key`), or from the environment: `WAZO_AUTH_URL`, then `WAZO_AUTH_` and the key in
capitals; only `wazo_auth_options_set_from_environment` reads it. An unknown key or an invalid value is an error that
says what was expected. In a URL write `%23`, `%26`, `%2F` and `%40` for `#`, `&`, `/` and `@` in a password.
";

/// The two tables: the scope, the heading and what holds for its options.
const SCOPES: [(&str, &str); 2] = [
    (
        "call",
        "## Options of calls\n\nA derived handle (`wazo_auth_client_with`) can have different values.\n\
         `wazo_auth_client_set` changes them at any time.\n",
    ),
    (
        "connection",
        "## Options of connections\n\nThey are fixed when the client is created; its derived handles share \
         them.\n",
    ),
];

/// The text of `docs/options.md`.
pub fn reference(sources: &Sources) -> String {
    let mut text = format!("<!-- {} -->\n\n{HEAD}", generated_from("src/options"));
    for (scope, heading) in SCOPES {
        write!(text, "\n{heading}\n| key | default | meaning |\n|---|---|---|\n").expect("a String takes all");
        let of_scope = |entry: &&OptionEntry| entry.scope.name() == scope;
        for OptionEntry { name, default, doc, .. } in sources.tables.options.iter().filter(of_scope) {
            row(&mut text, name, default, doc);
        }
    }
    service::<VerifierSettings>(&mut text, "a verifier", "wazo_auth_verifier_new");
    service::<RenewerSettings>(&mut text, "a renewer", "wazo_auth_renewer_new");
    service::<PageSettings>(&mut text, "an iterator over a listing", "wazo_auth_pages_new");
    service::<HealthSettings>(&mut text, "a watch over the server's health", "wazo_auth_health_new");
    text
}

/// The table of something that is built on a client.
fn service<S: ServiceSettings>(text: &mut String, what: &str, function: &str) {
    let heading = format!("## Options of {what}\n\nGiven to `{function}` as one JSON object.\n");
    write!(text, "\n{heading}\n| key | default | meaning |\n|---|---|---|\n").expect("a String takes all");
    for option in S::OPTIONS {
        row(text, option.name, option.default, option.doc);
    }
}

fn row(text: &mut String, name: &str, default: &str, doc: &str) {
    let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
    writeln!(text, "| `{name}` | {default} | {} |", cell(doc)).expect("a String takes all");
}
