//! Checks of request bodies and queries, with the recorded error objects.

use serde_json::{Map, Number, Value, json};

use crate::errors::{Failure, bad_json, detailed};
use crate::http::Request;

/// What type a value must have.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    Uuid,
    Email,
    /// A list of texts, each of which keeps these rules.
    Texts(&'static [Rule]),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of objects with these fields.
    Objects(&'static [Field]),
    /// Any object.
    AnyObject,
}

/// What a value of the right type must keep.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    Length {
        min: Option<usize>,
        max: Option<usize>,
    },
    Range {
        min: Option<i64>,
        max: Option<i64>,
    },
    OneOf(&'static [&'static str]),
    /// The pattern as the error shows it, and whether a text matches.
    Pattern(&'static str, fn(&str) -> bool),
}

/// A field of a body.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub nullable: bool,
    pub rules: [Option<Rule>; 2],
}

impl Field {
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, required: false, nullable: false, rules: [None, None] }
    }

    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    #[must_use]
    pub const fn rule(mut self, rule: Rule) -> Self {
        self.rules = match self.rules {
            [None, _] => [Some(rule), None],
            [first, _] => [first, Some(rule)],
        };
        self
    }

    /// At least `min` and at most `max` characters.
    #[must_use]
    pub const fn length(self, min: usize, max: usize) -> Self {
        self.rule(Rule::Length { min: Some(min), max: Some(max) })
    }
}

/// The errors by field. An error of type is an object, errors of rules are a list, as the real server has it.
pub type Errors = Map<String, Value>;

/// The body as JSON; null, false, 0 and empty ones count as an empty object, as with the real server.
pub fn json_body(request: &Request) -> Result<Value, Failure> {
    serde_json::from_slice(&request.body).map_err(|_| bad_json())
}

/// The values of the known fields that are there; unknown fields are left out.
pub fn load(fields: &[Field], body: &Value) -> Result<Map<String, Value>, Errors> {
    let empty = Map::new();
    let given = match body {
        Value::Object(given) => given,
        _ if is_nothing(body) => &empty,
        _ => return Err(Map::from_iter([("_schema".into(), json!(["Invalid input type."]))])),
    };
    let mut values = Map::new();
    let mut errors = Errors::new();
    for field in fields {
        match given.get(field.name) {
            None if field.required => {
                errors.insert(field.name.into(), problem("Missing data for required field.", "required", "required"));
            }
            None => {}
            Some(Value::Null) if field.nullable => {
                values.insert(field.name.into(), Value::Null);
            }
            Some(Value::Null) => {
                errors.insert(field.name.into(), problem("Field may not be null.", "not_null", "not_null"));
            }
            Some(value) => match convert(field, value) {
                Ok(value) => {
                    values.insert(field.name.into(), value);
                }
                Err(error) => {
                    errors.insert(field.name.into(), error);
                }
            },
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// Loads, and makes the first error the failure of a resource: `message` its text, `details` the field and its error.
pub fn load_for(resource: &str, fields: &[Field], body: &Value) -> Result<Map<String, Value>, Failure> {
    load(fields, body).map_err(|errors| first_error(resource, &errors))
}

/// The failure that the first of the errors is.
pub fn first_error(resource: &str, errors: &Errors) -> Failure {
    let (field, info) = errors.iter().next().map_or(("", &Value::Null), |(field, info)| (field.as_str(), info));
    let info = first_of(info);
    let (info, detail) = match info {
        Value::String(text) => (json!({"message": text}), json!({"message": text})),
        Value::Object(inner) if !inner.contains_key("message") => {
            let (name, inner) = inner.iter().next().map_or(("", &Value::Null), |(name, inner)| (name.as_str(), inner));
            let inner = first_of(inner);
            (inner.clone(), json!({name: inner}))
        }
        other => (other.clone(), other.clone()),
    };
    let message = info.get("message").cloned().unwrap_or_default();
    detailed(400, message, "invalid-data", json!({field: detail}), resource)
}

fn first_of(value: &Value) -> &Value {
    value.as_array().and_then(|list| list.first()).unwrap_or(value)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
}

fn problem(message: &str, id: &str, constraint: &str) -> Value {
    json!({"message": message, "constraint_id": id, "constraint": constraint})
}

fn convert(field: &Field, value: &Value) -> Result<Value, Value> {
    let converted = match field.kind {
        Kind::Text => text(value)?,
        Kind::Email => {
            let address = text(value)?;
            if !address.as_str().is_some_and(is_email) {
                return Err(json!([problem("Not a valid email address.", "type", "email")]));
            }
            address
        }
        Kind::Integer => integer(value).ok_or_else(|| problem("Not a valid integer.", "type", "integer"))?,
        Kind::Boolean => boolean(value).ok_or_else(|| problem("Not a valid boolean.", "type", "boolean"))?,
        Kind::Uuid => {
            let uuid = value.as_str().and_then(normal_uuid);
            uuid.ok_or_else(|| problem("Not a valid UUID.", "type", "uuid"))?.into()
        }
        Kind::Texts(rules) => {
            let list = value.as_array().ok_or_else(|| problem("Not a valid list.", "type", "list"))?;
            let mut errors = Map::new();
            for (index, item) in list.iter().enumerate() {
                let checked = if item.is_null() {
                    Err(problem("Field may not be null.", "not_null", "not_null"))
                } else {
                    text(item).and_then(|item| keep(rules.iter().copied(), item))
                };
                if let Err(error) = checked {
                    errors.insert(index.to_string(), error);
                }
            }
            if !errors.is_empty() {
                return Err(errors.into());
            }
            value.clone()
        }
        Kind::Object(fields) => {
            if !value.is_object() {
                return Err(problem("Invalid type.", "type", "dict"));
            }
            Value::Object(load(fields, value)?)
        }
        Kind::Objects(fields) => {
            let list = value.as_array().ok_or_else(|| problem("Invalid type.", "type", "dict"))?;
            let mut values = Vec::new();
            let mut errors = Map::new();
            for (index, item) in list.iter().enumerate() {
                match load(fields, item) {
                    Ok(loaded) => values.push(Value::Object(loaded)),
                    Err(error) => {
                        errors.insert(index.to_string(), error.into());
                    }
                }
            }
            if !errors.is_empty() {
                return Err(errors.into());
            }
            values.into()
        }
        Kind::AnyObject if value.is_object() => value.clone(),
        Kind::AnyObject => return Err(problem("Not a valid mapping type.", "type", "dict")),
    };
    keep(field.rules.into_iter().flatten(), converted)
}

fn text(value: &Value) -> Result<Value, Value> {
    if value.is_string() { Ok(value.clone()) } else { Err(problem("Not a valid string.", "type", "string")) }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        #[allow(clippy::cast_possible_truncation)] // a fraction is cut off, as Python's int() does
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)).map(Value::from),
        Value::String(text) => text.trim().parse::<i64>().ok().map(|number| Value::Number(Number::from(number))),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<Value> {
    const TRUE: [&str; 8] = ["t", "true", "1", "on", "y", "yes", "True", "TRUE"];
    const FALSE: [&str; 8] = ["f", "false", "0", "off", "n", "no", "False", "FALSE"];
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::Number(number) if number.as_i64() == Some(1) => Some(true.into()),
        Value::Number(number) if number.as_i64() == Some(0) => Some(false.into()),
        Value::String(text) if TRUE.contains(&text.to_lowercase().as_str()) => Some(true.into()),
        Value::String(text) if FALSE.contains(&text.to_lowercase().as_str()) => Some(false.into()),
        _ => None,
    }
}

/// The errors of the rules that the value breaks, as a list; or the value.
fn keep(rules: impl Iterator<Item = Rule>, value: Value) -> Result<Value, Value> {
    let errors: Vec<Value> = rules.filter_map(|rule| broken(rule, &value)).collect();
    if errors.is_empty() { Ok(value) } else { Err(errors.into()) }
}

fn broken(rule: Rule, value: &Value) -> Option<Value> {
    match rule {
        Rule::Length { min, max } => {
            let length = match value {
                Value::Array(list) => list.len(),
                _ => value.as_str().map_or(0, |text| text.chars().count()),
            };
            let inside = min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max);
            let message = match (min, max) {
                (Some(min), Some(max)) => format!("Length must be between {min} and {max}."),
                (Some(min), None) => format!("Shorter than minimum length {min}."),
                (None, max) => format!("Longer than maximum length {}.", max.unwrap_or_default()),
            };
            let constraint = json!({"min": min, "max": max});
            (!inside).then(|| json!({"constraint_id": "length", "constraint": constraint, "message": message}))
        }
        Rule::Range { min, max } => {
            let number = value.as_i64()?;
            let inside = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
            let mut constraint = Map::new();
            constraint.extend(min.map(|min| ("min".to_string(), min.into())));
            constraint.extend(max.map(|max| ("max".to_string(), max.into())));
            let message = match (min, max) {
                (Some(min), Some(max)) => {
                    format!("Must be greater than or equal to {min} and less than or equal to {max}.")
                }
                (Some(min), None) => format!("Must be greater than or equal to {min}."),
                (None, max) => format!("Must be less than or equal to {}.", max.unwrap_or_default()),
            };
            (!inside).then(|| json!({"constraint_id": "range", "constraint": constraint, "message": message}))
        }
        Rule::OneOf(choices) => {
            let inside = value.as_str().is_some_and(|text| choices.contains(&text));
            let message = format!("Must be one of: {}.", choices.join(", "));
            let constraint = json!({"choices": choices});
            (!inside).then(|| json!({"constraint_id": "enum", "constraint": constraint, "message": message}))
        }
        Rule::Pattern(pattern, matches) => {
            let inside = value.as_str().is_some_and(matches);
            let message = "String does not match expected pattern.";
            (!inside).then(|| json!({"constraint_id": "regex", "constraint": pattern, "message": message}))
        }
    }
}

/// A UUID in lower case with its hyphens; also taken without hyphens, as Python does.
pub fn normal_uuid(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(|character| *character != '-').collect::<String>().to_lowercase();
    if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// An address with one name and a domain of at least two labels.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let name_fits = !name.is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{}|~.".contains(c) || !c.is_ascii());
    let label_fits = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    name_fits && (domain == "localhost" || (domain.contains('.') && domain.split('.').all(label_fits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [Field; 2] = [
        Field::new("name", Kind::Text).required().length(1, 8),
        Field::new("names", Kind::Texts(&[Rule::Length { min: Some(1), max: Some(2) }])),
    ];

    #[test]
    fn a_missing_field_is_told_as_recorded() {
        let failure = load_for("groups", &FIELDS, &json!({})).unwrap_err();
        let Failure::Detailed(told) = failure else { panic!("not E2") };
        assert_eq!(told.message, "Missing data for required field.");
        assert_eq!(told.details["name"]["constraint_id"], "required");
    }

    #[test]
    fn an_unknown_field_is_left_out() {
        assert_eq!(
            load(&FIELDS, &json!({"name": "a", "other": 1})).unwrap(),
            *json!({"name": "a"}).as_object().unwrap()
        );
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        assert!(is_email("one@example.com"));
        assert!(!is_email("one"));
        assert!(!is_email("one@@example"));
    }
}
