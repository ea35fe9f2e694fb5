//! Writes `bindings/python/wazo_auth_client/_operations.pyi`: the types of the methods, once for the client that waits
//! and once for the asynchronous one.

use std::fmt::Write as _;

use crate::operations::{Operation, Type};

use super::python_annotations::{Variant, given, returned, type_name};
use super::python_signature::{Slot, parameters};
use super::results::record_of;
use super::sources::{Resource, Sources, generated_from};
use super::text::{Layout, bracketed, camel_case};
use super::words::open_to;

const BEGINNING: &str = "from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, List, Literal, Optional, Protocol, TypedDict, Union, overload, type_check_only
from uuid import UUID

from ._resource import Resource
";

const NAMES: &str = "
_Text = Union[str, UUID]
_Object = Mapping[str, Any]
_Content = Union[str, bytes, IO[str], IO[bytes]]
_File = Union[_Content, tuple[Any, _Content], tuple[Any, _Content, Any], tuple[Any, _Content, Any, Any]]
_Pairs = Union[Mapping[str, Any], Iterable[tuple[str, Any]]]

@type_check_only
class _Texts(Protocol):
    # A sequence of texts that is not itself a text: a text only contains texts.
    def __contains__(self, value: object, /) -> bool: ...
    def __getitem__(self, index: int, /) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

@type_check_only
class _Entry(TypedDict):
    places: dict[str, str]
    required: tuple[str, ...]
    open: Optional[str]
    result: str
";

/// For which client a class is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    Blocking,
    /// At runtime, the classes are the same; these stand for what their methods return there.
    Asynchronous,
}

/// What `_compat.py` changes of the generated methods. For the blocking client, its own annotations say so; the classes
/// of the asynchronous client exist in the stub only.
const COMPATIBLE: &[(&str, &str)] = &[
    (
        "saml_config.create",
        "    async def create(
        self,
        tenant_uuid: Optional[_Text] = ...,
        data: Optional[_Pairs] = ...,
        files: Optional[_Pairs] = ...,
        **fields: Any,
    ) -> SamlConfigurationDict: ...
",
    ),
    (
        "saml_config.update",
        "    async def update(
        self,
        tenant_uuid: Optional[_Text] = ...,
        data: Optional[_Pairs] = ...,
        files: Optional[_Pairs] = ...,
        **fields: Any,
    ) -> None: ...
",
    ),
    (
        "saml_config.get_metadata",
        "    async def get_metadata(self, tenant_uuid: Optional[_Text] = ...) -> bytes: ...\n",
    ),
];

/// Second names of methods, which `_compat.py` adds.
const ALIASES: &[(&str, &str)] = &[("external.list", "list_")];

/// The text of `_operations.pyi`.
pub fn stub(sources: &Sources) -> String {
    let resources = sources.tables.resources();
    let mut text = format!("# {}\n{BEGINNING}", generated_from("src/operations.rs"));
    text.push_str(&bracketed("from .types import (", &imported(sources.tables.operations), ")", Layout::Stacked));
    text.push_str(NAMES);
    for client in [Client::Blocking, Client::Asynchronous] {
        for resource in &resources {
            text.push_str(&resource_class(resource, client));
        }
        text.push_str(match client {
            Client::Blocking => "\nclass Resources:\n",
            Client::Asynchronous => "\nclass AsyncResources:\n",
        });
        for resource in &resources {
            writeln!(text, "    {}: {}", resource.name, class_name(resource, client)).expect("a String takes all");
        }
    }
    text.push_str("\nRESOURCES: dict[str, type[Resource]]\nOPERATIONS: dict[str, _Entry]\n");
    text
}

/// The names of the types that the methods return.
fn imported(operations: &[&Operation]) -> Vec<String> {
    let returns = operations.iter().filter_map(|operation| operation.returns.as_ref());
    let mut names: Vec<String> = returns.filter_map(|kind: &Type| record_of(kind)).map(type_name).collect();
    names.extend(operations.iter().flat_map(|operation| Variant::of(operation)).map(Variant::type_name));
    names.sort();
    names.dedup();
    names
}

fn class_name(resource: &Resource, client: Client) -> String {
    let name = camel_case(resource.name);
    if client == Client::Asynchronous { format!("Async{name}") } else { name }
}

fn resource_class(resource: &Resource, client: Client) -> String {
    let name = class_name(resource, client);
    let mut text = match client {
        Client::Blocking => format!("\nclass {name}(Resource):\n"),
        Client::Asynchronous => format!("\n@type_check_only\nclass {name}:\n"),
    };
    for operation in &resource.operations {
        let compatible = |table: &'static [(&str, &'static str)]| {
            let found = table.iter().find(|(name, _)| *name == operation.name && client == Client::Asynchronous);
            found.map(|(_, words)| *words)
        };
        match compatible(COMPATIBLE) {
            Some(method) => text.push_str(method),
            None => text.push_str(&methods(operation, client)),
        }
        if let Some(alias) = compatible(ALIASES) {
            writeln!(text, "    {alias} = {}", operation.verb()).expect("a String takes all");
        }
    }
    text
}

/// One method, with an overload for each variant of its result.
fn methods(operation: &Operation, client: Client) -> String {
    let variants: Vec<&Variant> = Variant::of(operation).collect();
    if variants.is_empty() {
        return method(operation, None, client);
    }
    let mut text = String::new();
    for variant in variants.into_iter().map(Some).chain([None]) {
        text.push_str("    @overload\n");
        text.push_str(&method(operation, variant, client));
    }
    text
}

fn method(operation: &Operation, variant: Option<&Variant>, client: Client) -> String {
    let mut signature = vec!["self".to_owned()];
    for slot in parameters(operation) {
        match slot {
            Slot::KeywordsOnly => signature.push("*".to_owned()),
            Slot::Required(parameter) => {
                let narrowed = variant.filter(|variant| variant.parameter == parameter.name).map(Variant::literal);
                let kind = narrowed.unwrap_or_else(|| given(operation, parameter).to_owned());
                signature.push(format!("{}: {kind}", parameter.name));
            }
            Slot::Optional(parameter) => match variant.filter(|variant| variant.parameter == parameter.name) {
                // It has to be given, and stands behind others that have not: it goes by keyword.
                Some(variant) => {
                    signature.push("*".to_owned());
                    signature.push(format!("{}: {}", parameter.name, variant.literal()));
                }
                None => signature.push(format!("{}: Optional[{}] = ...", parameter.name, given(operation, parameter))),
            },
        }
    }
    if open_to(operation).is_some() {
        signature.push("**more: Any".to_owned());
    }
    let start = if client == Client::Asynchronous { "async def" } else { "def" };
    let result = variant.map_or_else(|| returned(operation), Variant::type_name);
    bracketed(
        &format!("    {start} {}(", operation.verb()),
        &signature,
        &format!(") -> {result}: ..."),
        Layout::Stacked,
    )
}
