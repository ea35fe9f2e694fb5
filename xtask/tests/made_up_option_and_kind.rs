//! An option or a kind of error that is added to its table appears everywhere, without a further hand: shown with made-up
//! ones.

mod support;

use support::{assert_contains, flat, generated, root, text_of};
use xtask::codegen::sources::Tables;
use xtask::codegen::{self, Generated};
use xtask::error::kind::{KINDS, Kind, Retryable};
use xtask::operations::{self, Method, Operation, operation};
use xtask::options::OptionEntry;
use xtask::options::entry::Scope;

const OPTION: OptionEntry = OptionEntry {
    name: "altitude_m",
    scope: Scope::Call(|_, _, _| Ok(())),
    default: "300",
    doc: "How high calls fly, in m; `low|high` is refused.",
};

const KIND: Kind = Kind {
    number: 20,
    name: "out_of_sky",
    meaning: "There is no sky left (418).",
    advice: "Come down.",
    retryable: Retryable::Unanswered,
    statuses: &[418..=418],
};

const FLY: Operation =
    operation("users.fly", Method::Post, "/users/flights").summary("Lets a user fly.").refused(&[418, 422]);

fn with_made_up_ones() -> Vec<Generated> {
    let mut kinds = KINDS.to_vec();
    kinds.push(KIND);
    generated(&Tables { operations: &[&FLY], options: &[OPTION], kinds: &kinds })
}

#[test]
fn a_new_option_is_documented_under_its_scope() {
    let options = text_of(&with_made_up_ones(), "docs/options.md");
    let row = "| `altitude_m` | `300` | How high calls fly, in m; `low\\|high` is refused. |\n";
    let (of_calls, of_connections) = options.split_once("## Options of connections").unwrap();
    assert!(of_calls.contains(row), "{options}");
    assert!(!of_connections.contains("altitude_m"));
    assert!(!options.contains("timeout_ms` |"), "only what is in the table");
}

#[test]
fn a_new_kind_is_in_every_language() {
    let files = with_made_up_ones();
    assert_contains(
        &text_of(&files, "src/ffi/error_kind.rs"),
        &[
            "    /// There is no sky left (418).\n    WAZO_AUTH_ERROR_OUT_OF_SKY = 20,\n",
            "            ErrorKind::OutOfSky => Self::WAZO_AUTH_ERROR_OUT_OF_SKY,\n",
            "        20 => c\"out_of_sky\",\n",
        ],
    );
    assert_contains(
        &text_of(&files, "include/wazo_auth_client.h"),
        &["     * There is no sky left (418).\n     */\n    WAZO_AUTH_ERROR_OUT_OF_SKY = 20,\n"],
    );
    assert_contains(
        &text_of(&files, "include/wazo_auth_client/error_kind.hpp"),
        &["    /// There is no sky left (418).\n    out_of_sky = WAZO_AUTH_ERROR_OUT_OF_SKY,\n"],
    );
    assert_contains(
        &text_of(&files, "bindings/python/wazo_auth_client/_kinds.py"),
        &["#: There is no sky left (418).\nOUT_OF_SKY = 'out_of_sky'\n", "    OUT_OF_SKY: 20,\n"],
    );
}

#[test]
fn a_new_kind_is_documented_with_what_to_do() {
    let files = with_made_up_ones();
    assert_contains(
        &text_of(&files, "docs/errors.md"),
        &[
            "| 20 | `WAZO_AUTH_ERROR_OUT_OF_SKY` | `ErrorKind::out_of_sky` | `'out_of_sky'` |\n",
            "| `out_of_sky` | There is no sky left (418). | 418 | if no response arrived | Come down. |\n",
            "| `unavailable` | The server, or a proxy in front of it, cannot serve the request now (502, 503, 504). | \
             502, 503 and 504 | yes |",
            "| other 400 to 499 | no |",
        ],
    );
}

#[test]
fn a_new_kind_is_among_the_errors_of_operations_with_its_status() {
    let files = with_made_up_ones();
    for path in
        ["include/wazo_auth_client/operations.h", "include/wazo_auth_client/operations.hpp", "docs/operations.md"]
    {
        let text = flat(&text_of(&files, path));
        assert_contains(&text, &["Known errors: 418 (out_of_sky), 422 (rejected)."]);
    }
}

#[test]
fn every_kind_of_the_library_is_in_every_file_of_kinds() {
    let all: Vec<_> = operations::all().collect();
    let files = codegen::generate_from(&Tables::of_library(&all), root()).unwrap();
    for kind in KINDS {
        let name = kind.name.to_uppercase();
        for (path, expected) in [
            ("src/ffi/error_kind.rs", format!("WAZO_AUTH_ERROR_{name} = {},", kind.number)),
            ("include/wazo_auth_client.h", format!("WAZO_AUTH_ERROR_{name} = {},", kind.number)),
            ("include/wazo_auth_client/error_kind.hpp", format!(" = WAZO_AUTH_ERROR_{name},")),
            ("bindings/python/wazo_auth_client/_kinds.py", format!("    {name}: {},", kind.number)),
            ("docs/errors.md", format!("| {} | `WAZO_AUTH_ERROR_{name}` |", kind.number)),
        ] {
            assert_contains(&text_of(&files, path), &[&expected]);
        }
    }
}
