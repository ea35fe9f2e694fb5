//! Writes `bindings/python/wazo_auth_client/types.py`: what results hold, as types that a program can import.

use std::fmt::Write as _;

use crate::operations::{Field, Operation, Record};

use super::python_annotations::{VARIANTS, Variant, field_type, type_name};
use super::results::{all_records, record_of};
use super::sources::{Operations, Sources, generated_from};
use super::text::{Layout, WIDTH, bracketed, wrap_with};

/// What stands before the records. A TypedDict with a field that is required in one result and may be missing in another
/// is a case of the other only where the field cannot be taken away: `ReadOnly` says so, and is younger than the Python
/// that the package supports.
const BEGINNING: &str = "\"\"\"The types of results, for annotations: `def renew(token: TokenDict) -> None`.

Results are plain dictionaries. A server newer than this version may send more fields than these types have.

`import wazo_auth_client` does not load this module.
\"\"\"
from typing import TYPE_CHECKING, Any, Dict, List, Optional, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import ReadOnly, TypeAlias
else:

    class ReadOnly:
        \"\"\"Stands for typing.ReadOnly of Python 3.13, which means something for type checkers only.\"\"\"

        def __class_getitem__(cls, kind):
            return kind

";

/// What stands behind them: the other names of the reference client's module.
const END: &str = "

class TokenMetadataStackDict(TokenMetadataDict, total=False):
    \"\"\"The metadata of a token, with a field of older servers.\"\"\"

    admin: str


#: What `saml.sso` returns.
SSOResponseDict = SamlLoginDict
#: What `saml.acs` returns: the URL to redirect the browser to.
ACSRedirectLocation = str
#: What `saml.logout` returns: the URL that the browser is to open.
LogoutRedirectLocation = str
#: The name of TokenMetadataDict in older programs.
TokenMetadata = TokenMetadataDict
#: Any JSON value.
JSON: 'TypeAlias' = Union[str, int, float, bool, None, List['JSON'], Dict[str, 'JSON']]
";

/// The names that [`END`] defines.
const END_NAMES: &[&str] = &[
    "ACSRedirectLocation",
    "JSON",
    "LogoutRedirectLocation",
    "SSOResponseDict",
    "TokenMetadata",
    "TokenMetadataStackDict",
];

/// The text of `types.py`.
pub fn module(sources: &Sources) -> Result<String, String> {
    let mut text = format!("# {}\n{BEGINNING}", generated_from("src/operations.rs"));
    let operations = sources.tables.operations;
    let mut records = Vec::new();
    for record in all_records(operations) {
        collect(record, &mut records);
    }
    text.push_str(&exported(&records, operations));
    for record in records {
        let variants = variants_of(record, operations)?;
        text.push_str(&typed_dict(record, &variants));
        for variant in variants {
            text.push_str(&variant_dict(record, variant));
        }
    }
    text.push_str(END);
    Ok(text)
}

/// Appends a record behind those that it consists of, so that the module has no name before its definition: in Python
/// 3.9, a TypedDict of another module that inherits from one here could not resolve it.
fn collect(record: &'static Record, records: &mut Vec<&'static Record>) {
    if records.iter().any(|known| std::ptr::eq(*known, record)) {
        return;
    }
    for inner in record.fields.iter().filter_map(|field| record_of(&field.kind)) {
        collect(inner, records);
    }
    records.push(record);
}

fn exported(records: &[&Record], operations: Operations) -> String {
    let mut names: Vec<String> = records.iter().map(|record| type_name(record)).collect();
    names.extend(operations.iter().flat_map(|operation| Variant::of(operation)).map(Variant::type_name));
    names.extend(END_NAMES.iter().map(|name| (*name).to_owned()));
    names.sort();
    let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    "\n".to_owned() + &bracketed("__all__ = [", &names, "]", Layout::Stacked)
}

/// The variants of a record; each field of theirs has to be one that may be missing.
fn variants_of(record: &Record, operations: Operations) -> Result<Vec<&'static Variant>, String> {
    let returned = |variant: &&Variant| {
        let is_it = |operation: &&&Operation| operation.name == variant.operation;
        let kind = operations.iter().find(is_it).and_then(|operation| operation.returns.as_ref());
        kind.and_then(record_of).is_some_and(|returned| std::ptr::eq(returned, record))
    };
    let variants: Vec<&Variant> = VARIANTS.iter().filter(returned).collect();
    for variant in &variants {
        for name in variant.present {
            if !record.fields.iter().any(|field| field.name == *name && field.optional) {
                return Err(format!("{}: {} has no field {name} that may be missing", variant.name, record.name));
            }
        }
    }
    Ok(variants)
}

/// The class of a record. `NotRequired` is younger than the Python that the package supports: what may be missing
/// stands in a class that inherits from one with the rest.
fn typed_dict(record: &Record, variants: &[&Variant]) -> String {
    let name = type_name(record);
    let in_variant = |field: &Field| variants.iter().any(|variant| variant.present.contains(&field.name));
    let line = |field: &Field| {
        let kind = field_type(field);
        field_line(field, &if in_variant(field) { format!("ReadOnly[{kind}]") } else { kind })
    };
    let (optional, required): (Vec<&Field>, Vec<&Field>) = record.fields.iter().partition(|field| field.optional);
    let lines = |fields: &[&Field]| fields.iter().map(|field| line(field)).collect::<String>();
    if optional.is_empty() {
        return class(&name, "TypedDict", record.doc, &lines(&required));
    }
    if required.is_empty() {
        return class(&name, "TypedDict, total=False", record.doc, &lines(&optional));
    }
    let base = format!("_{name}");
    class(&base, "TypedDict", "", &lines(&required))
        + &class(&name, &format!("{base}, total=False"), record.doc, &lines(&optional))
}

/// The class of a variant. It does not inherit from the record's, in which its fields may be missing: before Python
/// 3.13, they would be required and not required.
fn variant_dict(record: &Record, variant: &Variant) -> String {
    let name = variant.type_name();
    let is_there = |field: &&Field| !field.optional || variant.present.contains(&field.name);
    let (there, optional): (Vec<&Field>, Vec<&Field>) = record.fields.iter().partition(is_there);
    let lines =
        |fields: &[&Field]| fields.iter().map(|field| field_line(field, &field_type(field))).collect::<String>();
    if optional.is_empty() {
        return class(&name, "TypedDict", variant.doc, &lines(&there));
    }
    let base = format!("_{name}");
    class(&base, "TypedDict", "", &lines(&there))
        + &class(&name, &format!("{base}, total=False"), variant.doc, &lines(&optional))
}

fn field_line(field: &Field, kind: &str) -> String {
    wrap_with(field.doc, WIDTH, "    #: ", "    #: ").join("\n") + &format!("\n    {}: {kind}\n", field.name)
}

fn class(name: &str, bases: &str, doc: &str, body: &str) -> String {
    let mut text = format!("\n\nclass {name}({bases}):\n");
    if !doc.is_empty() {
        write!(text, "    \"\"\"{doc}\"\"\"\n\n").expect("a String takes all");
    }
    text + if body.is_empty() { "    pass\n" } else { body }
}
