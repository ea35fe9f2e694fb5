//! Lists: the parameters that every list takes, searching, sorting and paging.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::errors::{Failure, invalid_list_parameter};
use crate::http::Request;
use crate::validate::{Field, Kind, Rule, load};

/// What a list was asked for.
#[derive(Debug, Default)]
pub struct List {
    pub order: Option<String>,
    pub descending: bool,
    pub limit: Option<usize>,
    pub offset: usize,
    pub search: Option<String>,
    pub recurse: bool,
    pub read_only: Option<bool>,
}

/// By what a list can be sorted; the first is the default.
pub struct Columns(pub &'static [&'static str]);

impl List {
    /// Reads the parameters.
    pub fn from_request(request: &Request, columns: &Columns) -> Result<Self, Failure> {
        let mut given = Map::new();
        for (key, value) in &request.query {
            given.entry(key.clone()).or_insert_with(|| value.clone().into());
        }
        let fields = [
            Field::new("direction", Kind::Text).rule(Rule::OneOf(&["asc", "desc"])),
            Field::new("order", Kind::Text).rule(Rule::OneOf(columns.0)),
            Field::new("limit", Kind::Integer).rule(Rule::Range { min: Some(0), max: None }),
            Field::new("offset", Kind::Integer).rule(Rule::Range { min: Some(0), max: None }),
            Field::new("search", Kind::Text),
            Field::new("recurse", Kind::Boolean),
            Field::new("read_only", Kind::Boolean),
        ];
        let values =
            load(&fields, &Value::Object(given)).map_err(|errors| invalid_list_parameter(Value::Object(errors)))?;
        let text = |key: &str| values.get(key).and_then(Value::as_str).map(String::from);
        let number = |key: &str| values.get(key).and_then(Value::as_u64).and_then(|value| usize::try_from(value).ok());
        Ok(Self {
            order: text("order").or_else(|| columns.0.first().map(ToString::to_string)),
            descending: text("direction").as_deref() == Some("desc"),
            limit: number("limit"),
            offset: number("offset").unwrap_or_default(),
            search: text("search"),
            recurse: values.get("recurse") == Some(&Value::Bool(true)),
            read_only: values.get("read_only").and_then(Value::as_bool),
        })
    }

    /// Whether one of the texts holds the words of the search, in their order, in any case.
    pub fn finds(&self, texts: &[Option<&str>]) -> bool {
        let Some(search) = &self.search else { return true };
        let pattern = Pattern::new(search);
        texts.iter().flatten().any(|text| pattern.matches(text))
    }

    /// The search, prepared for many rows.
    pub fn pattern(&self) -> Option<Pattern> {
        self.search.as_deref().map(Pattern::new)
    }

    /// Sorts by `compare` of the order's column and cuts the page out. Only the page is sorted, the rest is set apart,
    /// so that a page of a long list stays cheap.
    pub fn page<T>(&self, mut rows: Vec<T>, compare: impl Fn(&T, &T, &str) -> Ordering) -> Vec<T> {
        let end = self.limit.map_or(rows.len(), |limit| self.offset.saturating_add(limit).min(rows.len()));
        if let Some(order) = &self.order {
            let compare = |one: &T, other: &T| {
                let ordering = compare(one, other, order);
                if self.descending { ordering.reverse() } else { ordering }
            };
            if end < rows.len() {
                rows.select_nth_unstable_by(end, compare);
                rows.truncate(end);
            }
            rows.sort_by(compare);
        }
        rows.truncate(end);
        rows.drain(..self.offset.min(rows.len()));
        rows
    }
}

/// `{"total", "filtered", "items"}` in the order that most lists have.
pub fn answer(total: usize, filtered: usize, items: Vec<Value>) -> Value {
    object([("filtered", filtered.into()), ("total", total.into()), ("items", items.into())])
}

/// The same in the order of the lists that hang on another resource.
pub fn answer_items_first(total: usize, filtered: usize, items: Vec<Value>) -> Value {
    object([("items", items.into()), ("total", total.into()), ("filtered", filtered.into())])
}

/// An object made of values as they are; `json!` would copy each of them.
fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
}

/// Texts as the database sorts them: letters and digits first, then case, nothing last.
pub fn compare_texts(one: Option<&str>, other: Option<&str>) -> Ordering {
    match (one, other) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => {
            let letters = |text: &str| {
                text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
            };
            if one.is_ascii() && other.is_ascii() {
                let letters = |text: &'_ str| -> Vec<u8> {
                    text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect()
                };
                return letters(one).cmp(&letters(other)).then_with(|| other.cmp(one));
            }
            letters(one).cmp(&letters(other)).then_with(|| other.cmp(one))
        }
    }
}

/// A search: its words in their order, with anything between.
pub struct Pattern(Vec<String>);

impl Pattern {
    fn new(search: &str) -> Self {
        Self(search.split(' ').filter(|word| !word.is_empty()).map(str::to_lowercase).collect())
    }

    /// Whether the text holds them.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let mut rest = text.as_str();
        self.0.iter().all(|word| match rest.find(word.as_str()) {
            Some(at) => {
                rest = &rest[at + word.len()..];
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_one_of_the_sorted_list() {
        let list = List { order: Some("name".into()), limit: Some(2), offset: 1, ..List::default() };
        let rows = vec!["d", "a", "c", "b", "e"];
        assert_eq!(list.page(rows, |one, other, _| one.cmp(other)), ["b", "c"]);
        let beyond = List { offset: 9, ..List::default() };
        assert!(beyond.page(vec![1, 2], |_, _, _| Ordering::Equal).is_empty());
    }

    #[test]
    fn a_search_finds_its_words_in_order_and_any_case() {
        assert!(Pattern::new("FOO bar").matches("a foo with a Bar"));
        assert!(!Pattern::new("bar foo").matches("foo bar"));
    }
}
