//! A record: what has happened, as a sentence and as fields.

use super::event::Event;
use super::level::Level;
use serde_json::{Map, json};
use std::fmt;

/// What a field of a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: there is none, or it is not known.
    None,
    /// A text of one line.
    Text(String),
    /// A number; the field's name has its unit.
    Number(u64),
    /// A yes or a no.
    Flag(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

/// Something that has happened.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// How important it is.
    pub level: Level,
    /// What it was.
    pub event: &'static Event,
    /// All of it in a sentence of one line, secrets masked.
    pub message: &'a str,
    pub(super) values: &'a [Value],
}

impl Record<'_> {
    /// A field; `None` where records of this event have no such field.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.event.fields.iter().position(|known| *known == name).and_then(|at| self.values.get(at))
    }

    /// The fields, with the names that the event gives them.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.event.fields.iter().copied().zip(self.values)
    }

    /// All but the message, as a JSON object in one line: `level`, `event`, then the fields.
    pub fn to_json(&self) -> String {
        let mut all = Map::new();
        all.insert("level".to_owned(), self.level.name().into());
        all.insert("event".to_owned(), self.event.name.into());
        all.extend(self.fields().map(|(name, value)| {
            let value = match value {
                Value::None => json!(null),
                Value::Text(text) => json!(text),
                Value::Number(number) => json!(number),
                Value::Flag(flag) => json!(flag),
            };
            (name.to_owned(), value)
        }));
        serde_json::Value::Object(all).to_string()
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}
