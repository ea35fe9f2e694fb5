//! Writes `src/typed/records.rs`: what results hold, as types.

use std::fmt::Write as _;

use crate::operations::{Field, Record};

use super::comment::Comment;
use super::results::all_records;
use super::rust_signature::{name, value_type};
use super::rustfmt::formatted;
use super::sources::{Sources, generated_from};
use super::text::{Layout, WIDTH, bracketed};

const HEAD: &str = "\
//! What results hold. A server newer than this version may send more: [`Reply::json`](super::Reply::json) has it all.
//!
//! Formatting one by `{:?}` writes its name only: its fields may be secrets.

use super::reading::{JsonText, readable_record};
use std::collections::BTreeMap;
";

/// The text of `src/typed/records.rs`, as rustfmt leaves it.
pub fn source(sources: &Sources) -> Result<String, String> {
    let mut records = all_records(sources.tables.operations);
    records.sort_by_key(|record| record.name);
    let mut text = format!("// {}\n\n{HEAD}", generated_from("src/operations.rs"));
    for record in records {
        text.push_str(&of_record(record));
    }
    formatted(&text)
}

fn of_record(record: &Record) -> String {
    let (mut fields, mut reading) = (String::new(), Vec::new());
    for Field { name: json_name, kind, optional, nullable, doc } in record.fields {
        let (own, kind) = (name(json_name), value_type(kind, ""));
        let may_lack = *optional || *nullable;
        let mut comment = Comment::new("    /// ");
        comment.line(doc);
        let kind = if may_lack { format!("Option<{kind}>") } else { kind };
        writeln!(fields, "{}    pub {own}: {kind},", comment.into_text()).expect("a String takes all");
        reading.push(format!("{own}: {} {json_name:?}", if may_lack { "optional" } else { "required" }));
    }
    let mut comment = Comment::new("/// ");
    comment.line(record.doc);
    let record = record.name;
    let flat = format!("readable_record!({record} {{ {} }});\n", reading.join(", "));
    let reading = if flat.len() <= WIDTH + 1 {
        flat
    } else {
        bracketed(&format!("readable_record!({record} {{"), &reading, "});", Layout::Stacked)
    };
    format!(
        "\n{}#[derive(Clone, PartialEq)]\n#[non_exhaustive]\npub struct {record} {{\n{fields}}}\n\n{reading}",
        comment.into_text()
    )
}
