//! Reads a result into the type that the table describes.
//!
//! Through `crate::json`, and not by derived code of serde's: the reasons are there. Types are as deep as the table has
//! them, so that no text can make this recurse further.

use crate::json::{Json, Object};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// A result that is of another type than the table describes.
#[derive(Debug)]
pub struct Unexpected {
    /// Where: `items[2].uuid`.
    pub path: String,
    pub expected: &'static str,
    pub came: &'static str,
}

impl Unexpected {
    /// The same, seen from what has this member or item.
    fn within(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

/// What a result can be read into: the [`records`](super::records), and what they are made of. It cannot be implemented
/// elsewhere; for a type of your own, hand [`Reply::json`](super::Reply::json) to a JSON library.
pub trait Readable: Sized + sealed::Sealed {
    /// The type in words.
    #[doc(hidden)]
    const EXPECTED: &'static str;

    #[doc(hidden)]
    fn readable(json: &RawValue) -> Result<Self, Unexpected>;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

/// JSON that the server itself does not describe further.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonText(String);

impl JsonText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JsonText {
    /// Without the text, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}

/// The error for a value of another type.
fn unexpected(expected: &'static str, found: Option<&Json<'_>>) -> Unexpected {
    let came = match found {
        None => "a string that is not valid Unicode",
        Some(Json::Null) => "null",
        Some(Json::Boolean(_)) => "a Boolean",
        Some(Json::Number(_)) => "another number",
        Some(Json::Text(_)) => "a string",
        Some(Json::List(_)) => "a list",
        Some(Json::Object(_)) => "an object",
    };
    Unexpected { path: String::new(), expected, came }
}

/// A type that is read from one JSON value.
macro_rules! readable {
    ($type:ty, $expected:literal, $pattern:pat => $value:expr) => {
        impl sealed::Sealed for $type {}

        impl Readable for $type {
            const EXPECTED: &'static str = $expected;

            fn readable(json: &RawValue) -> Result<Self, Unexpected> {
                let json = Json::of(json);
                let value = match &json {
                    Some($pattern) => $value,
                    _ => None,
                };
                value.ok_or_else(|| unexpected(Self::EXPECTED, json.as_ref()))
            }
        }
    };
}
readable!(String, "a string", Json::Text(text) => Some(text.clone()));
readable!(bool, "true or false", Json::Boolean(value) => Some(*value));
readable!(i64, "an integer of 64 bits", Json::Number(number) => number.parse().ok());
readable!(f64, "a number", Json::Number(number) => number.parse().ok());

impl sealed::Sealed for JsonText {}

impl Readable for JsonText {
    const EXPECTED: &'static str = "JSON";

    fn readable(json: &RawValue) -> Result<Self, Unexpected> {
        Ok(Self(json.get().to_owned()))
    }
}

impl<T: Readable> sealed::Sealed for Vec<T> {}

impl<T: Readable> Readable for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn readable(json: &RawValue) -> Result<Self, Unexpected> {
        match Json::of(json) {
            Some(Json::List(items)) => {
                let item = |(index, json)| T::readable(json).map_err(|error| error.within(&format!("[{index}]")));
                items.enumerate().map(item).collect()
            }
            other => Err(unexpected(Self::EXPECTED, other.as_ref())),
        }
    }
}

impl<T: Readable> sealed::Sealed for BTreeMap<String, T> {}

impl<T: Readable> Readable for BTreeMap<String, T> {
    const EXPECTED: &'static str = "an object";

    fn readable(json: &RawValue) -> Result<Self, Unexpected> {
        let mut values = Vec::new();
        object(json)?.each_member(|name, json| values.push((name, json)));
        let value = |(name, json): (String, &RawValue)| {
            let value = T::readable(json).map_err(|error| error.within(&name))?;
            Ok((name, value))
        };
        values.into_iter().map(value).collect()
    }
}

impl<T: Readable> sealed::Sealed for Option<T> {}

/// `null` is `None`.
impl<T: Readable> Readable for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn readable(json: &RawValue) -> Result<Self, Unexpected> {
        if json.get() == "null" { Ok(None) } else { T::readable(json).map(Some) }
    }
}

pub(super) fn object(json: &RawValue) -> Result<Object<'_>, Unexpected> {
    match Json::of(json) {
        Some(Json::Object(object)) => Ok(object),
        other => Err(unexpected("an object", other.as_ref())),
    }
}

/// A member that is always there.
pub(super) fn required<T: Readable>(name: &str, member: Option<&RawValue>) -> Result<T, Unexpected> {
    match member {
        Some(json) => T::readable(json).map_err(|error| error.within(name)),
        None => Err(Unexpected { path: name.to_owned(), expected: T::EXPECTED, came: "missing" }),
    }
}

/// A member that may be missing or null.
pub(super) fn optional<T: Readable>(name: &str, member: Option<&RawValue>) -> Result<Option<T>, Unexpected> {
    member.map_or(Ok(None), |json| Option::readable(json).map_err(|error| error.within(name)))
}

/// How a record is read: its fields, and for each whether it has to be there, and its name in the JSON.
macro_rules! readable_record {
    ($record:ident { $($field:ident: $need:ident $name:literal),+ $(,)? }) => {
        impl $crate::typed::reading::sealed::Sealed for $record {}

        impl $crate::typed::reading::Readable for $record {
            const EXPECTED: &'static str = "an object";

            fn readable(json: &serde_json::value::RawValue) -> Result<Self, $crate::typed::reading::Unexpected> {
                let [$($field),+] = $crate::typed::reading::object(json)?.members([$($name),+]);
                Ok(Self { $($field: $crate::typed::reading::$need($name, $field)?),+ })
            }
        }

        impl std::fmt::Debug for $record {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($record)).finish_non_exhaustive()
            }
        }
    };
}
pub(super) use readable_record;
