//! The query of a request, and everything else that is written as a form.

use super::given::{Given, refuse_length};
use super::target::Target;
use crate::client::arguments::Argument;
use crate::error::{Error, Result, cut};
use crate::json::Json;
use crate::operations::{Parameter, Place};
use crate::secret::Secrets;

/// The longest query, in bytes, encoded.
const LONGEST_QUERY: usize = 60_000;

/// A pair of the query, and whether its value is secret.
pub type Pair<'a> = (&'a str, String, bool);

/// Appends the query of an operation to the target.
pub fn query(given: Given<'_>, target: &mut Target, secrets: &mut Secrets) -> Result<()> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    let further = &given.arguments.query;
    for parameter in given.parameters(Place::Query) {
        // The typed C functions hand the whole query on as one object, by the same names.
        let from_object = further.get(parameter.name).map(|raw| Argument::Json(raw.clone()));
        let own = if parameter.required && from_object.is_some() { None } else { given.value(parameter)? };
        if let Some(argument) = own.or(from_object.as_ref()) {
            values(parameter.name, argument, &mut |text| {
                refuse_empty(parameter, &text)?;
                pairs.push((parameter.wire, text, parameter.secret));
                Ok(())
            })?;
        }
    }
    for (key, raw) in further {
        let mut in_table = given.parameters(Place::Query);
        if in_table.any(|parameter| parameter.name == key) {
            continue;
        }
        let known: Vec<_> = given.parameters(Place::Query).filter(|parameter| parameter.wire == key).collect();
        // Of a key that the table does not have nobody knows what it holds: its name is shown, and not its value.
        let is_secret = known.is_empty() || known.iter().any(|parameter| parameter.secret);
        values(key, &Argument::Json(raw.clone()), &mut |text| {
            known.iter().try_for_each(|parameter| refuse_empty(parameter, &text))?;
            pairs.push((key, text, is_secret));
            Ok(())
        })?;
    }
    note_secrets(&pairs, secrets);
    push_pairs(&pairs, target)
}

/// Has the secret values of a query masked wherever they come back. Numbers, and what else is no name or proof by itself,
/// only where the key says so: masking `1000` everywhere would make other numbers unreadable.
pub fn note_secrets(pairs: &[Pair<'_>], secrets: &mut Secrets) {
    let is_noted = |(key, text, is_secret): &&Pair<'_>| {
        let is_plain =
            matches!(text.as_str(), "True" | "False") || text.bytes().all(|byte| b"0123456789.+-eE".contains(&byte));
        *is_secret && (!is_plain || names_a_secret(key))
    };
    secrets.extend(pairs.iter().filter(is_noted).map(|(_, text, _)| text.clone()));
}

/// Whether a key looks as if its value were secret.
fn names_a_secret(key: &str) -> bool {
    const WORDS: &[&str] = &["pass", "pwd", "pin", "secret", "token", "key", "code", "session", "credential", "auth"];
    let key = key.to_ascii_lowercase();
    WORDS.iter().any(|word| key.contains(word))
}

/// An empty text, where the server would take it for "not asked": what was to be checked would be allowed unchecked.
pub fn refuse_empty(parameter: &Parameter, text: &str) -> Result<()> {
    if parameter.not_empty && text.is_empty() {
        return Err(Error::invalid(format!(
            "argument {}: it is empty, so the server would not check it; give a value, or leave it out",
            parameter.argument
        )));
    }
    Ok(())
}

/// A query value as the reference writes it: nothing for null, `True` and `False`, a list as repeated keys.
pub fn values(name: &str, argument: &Argument, push: &mut dyn FnMut(String) -> Result<()>) -> Result<()> {
    let expected =
        || Error::invalid(format!("argument {name}: expected a string, a number, a Boolean or a list of those"));
    let mut push_scalar = |value: Option<Json>| match value.ok_or_else(expected)? {
        Json::Null => Ok(()),
        Json::Boolean(boolean) => push(if boolean { "True" } else { "False" }.to_owned()),
        Json::Number(number) => push(number.to_owned()),
        Json::Text(text) => push(text),
        Json::List(_) | Json::Object(_) => Err(expected()),
    };
    let raw = match argument {
        Argument::Text(text) => return push(text.clone()),
        Argument::Json(raw) => raw,
    };
    match Json::of(raw) {
        Some(Json::List(mut items)) => items.try_for_each(|item| push_scalar(Json::of(item))),
        single => push_scalar(single),
    }
}

/// Appends the pairs to the target, as its query.
pub fn push_pairs(pairs: &[Pair<'_>], target: &mut Target) -> Result<()> {
    let before = target.len();
    for (key, value, is_secret) in pairs {
        target.push_pair(key, value, *is_secret);
    }
    let length = target.len() - before;
    if length > LONGEST_QUERY {
        let largest = pairs.iter().max_by_key(|(key, value, _)| key.len() + value.len());
        let largest = largest.map(|(key, _, _)| cut(key, 60)).unwrap_or_default();
        refuse_length(&format!("query (most of it {largest:?})"), length, LONGEST_QUERY)?;
    }
    Ok(())
}

/// Pairs as `application/x-www-form-urlencoded`.
pub fn encode_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
