//! The arguments of one call: texts and JSON values by the names of the table.

use crate::error::{Error, Result};
use crate::json::{Json, quoted};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

/// One value: a text, or JSON as the caller wrote it.
#[derive(Clone)]
pub enum Argument {
    /// A text, as it is.
    Text(String),
    /// JSON, unparsed.
    Json(Box<RawValue>),
}

impl Argument {
    /// The value as a text: of a JSON string, number or Boolean; `None` for anything else.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Json(raw) => Json::of(raw)?.into_text(),
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Json(raw) => raw.get().to_owned(),
        }
    }

    /// Whether it is JSON's null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Json(raw) if raw.get() == "null")
    }
}

/// An object's members, each as it stands in the text.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

/// The arguments of one call.
#[derive(Clone, Default)]
pub struct Arguments {
    pub(super) named: Vec<(Cow<'static, str>, Argument)>,
    pub(super) query: Members,
    pub(super) body: Option<Box<RawValue>>,
    /// When the call began, where that was before the arguments were read.
    pub(super) begun: Option<Instant>,
}

impl Arguments {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of one JSON object: parameters by their names in the table, and beside them `query` (an object of further
    /// query keys) and `body` (an object of further fields, or the whole body).
    pub fn from_json(text: &str) -> Result<Self> {
        let mut members = members("arguments", text)?;
        let mut arguments = Self::new();
        if let Some(query) = members.remove("query").filter(|query| query.get() != "null") {
            arguments = arguments.with_query(query.get())?;
        }
        arguments.body = members.remove("body");
        arguments.named = members.into_iter().map(|(name, value)| (name.into(), Argument::Json(value))).collect();
        Ok(arguments)
    }

    /// Notes when the call began: reading a large text of arguments is part of the call's time.
    #[must_use]
    pub(crate) fn since(mut self, begun: Instant) -> Self {
        self.begun = Some(begun);
        self
    }

    /// Adds a parameter that is a text.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        self.named.push((name.into(), Argument::Text(text.into())));
        self
    }

    /// Adds a parameter that is a JSON value.
    pub fn with_json(mut self, name: impl Into<Cow<'static, str>>, json: &str) -> Result<Self> {
        let name = name.into();
        let value = raw(&name, json)?;
        self.named.push((name, Argument::Json(value)));
        Ok(self)
    }

    /// Sets the query, a JSON object.
    pub fn with_query(mut self, json: &str) -> Result<Self> {
        self.query = members("query", json)?;
        Ok(self)
    }

    /// Sets the body, a JSON text.
    pub fn with_body(mut self, json: &str) -> Result<Self> {
        self.body = Some(raw("body", json)?);
        Ok(self)
    }

    /// Whether a parameter, or a query key, of this name was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_null()) || self.query.contains_key(name)
    }

    /// The parameter of this name, if it was given.
    pub(super) fn get(&self, name: &str) -> Option<&Argument> {
        self.named.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// JSON, checked but not taken apart. The text itself is not repeated in the error: it may hold a secret.
fn raw(name: &str, json: &str) -> Result<Box<RawValue>> {
    serde_json::from_str(json).map_err(|e| invalid_json(name, "JSON", &e))
}

pub(super) fn members(name: &str, json: &str) -> Result<Members> {
    serde_json::from_str(json).map_err(|e| invalid_json(name, "a JSON object", &e))
}

fn invalid_json(name: &str, expected: &str, error: &serde_json::Error) -> Error {
    use serde_json::error::Category;
    // Of serde_json's words only those about syntax are sure to hold nothing of the text.
    let why = match error.classify() {
        Category::Data => "it is JSON of another type".to_owned(),
        Category::Eof => "it ends too early".to_owned(),
        _ => format!("syntax error at line {} column {}", error.line(), error.column()),
    };
    Error::invalid(format!("argument {name}: expected {expected}: {why}"))
}
