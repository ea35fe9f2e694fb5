//! Lists: the parameters that every list takes, searching, sorting and paging.

use std::cmp::Reverse;

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

    /// Sorts by the key of the order's column and cuts the page out. Only the page is sorted, the rest is set apart, so
    /// that a page of a long list stays cheap.
    pub fn page<T>(&self, rows: Vec<T>, key: impl Fn(&T, &str) -> SortKey) -> Vec<T> {
        let end = self.end().min(rows.len());
        let mut rows: Vec<(SortKey, T)> = match &self.order {
            Some(order) => rows.into_iter().map(|row| (key(&row, order), row)).collect(),
            None => rows.into_iter().map(|row| (SortKey::flag(false), row)).collect(),
        };
        let compare = |one: &(SortKey, T), other: &(SortKey, T)| {
            let ordering = one.0.cmp(&other.0);
            if self.descending { ordering.reverse() } else { ordering }
        };
        if self.order.is_some() {
            if end < rows.len() {
                rows.select_nth_unstable_by(end, compare);
                rows.truncate(end);
            }
            rows.sort_by(compare);
        }
        rows.into_iter().map(|(_, row)| row).take(end).skip(self.offset).collect()
    }

    /// Where the page ends.
    pub fn end(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| self.offset.saturating_add(limit))
    }
}

/// What a row is sorted by, as the database sorts: letters and digits first, then case, nothing last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey {
    is_nothing: bool,
    letters: String,
    whole: Reverse<String>,
}

impl SortKey {
    pub fn text(text: Option<&str>) -> Self {
        let letters = text.unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        Self {
            is_nothing: text.is_none(),
            letters: letters.collect(),
            whole: Reverse(text.unwrap_or_default().to_string()),
        }
    }

    pub fn flag(flag: bool) -> Self {
        Self { is_nothing: false, letters: String::from(if flag { "1" } else { "0" }), whole: Reverse(String::new()) }
    }

    /// A time, in seconds since 1970.
    pub fn time(seconds: f64) -> Self {
        Self { is_nothing: false, letters: format!("{seconds:020.6}"), whole: Reverse(String::new()) }
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

/// A search: its words in their order, with anything between.
pub enum Pattern {
    Words(Vec<String>),
    /// With wildcards, which the server passes on to the database.
    Like(Vec<Part>),
}

/// A part of a pattern of the database's `LIKE`.
#[derive(PartialEq)]
pub enum Part {
    /// `%`: any characters.
    Any,
    /// `_`: one character.
    One,
    Is(char),
}

impl Pattern {
    fn new(search: &str) -> Self {
        let words = search.split(' ').filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>();
        if !search.contains(['%', '_', '\\']) {
            return Self::Words(words);
        }
        let whole = format!("%{}%", words.join("%"));
        let mut characters = whole.chars();
        let part = || {
            Some(match characters.next()? {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => Part::Is(characters.next()?),
                character => Part::Is(character),
            })
        };
        Self::Like(std::iter::from_fn(part).collect())
    }

    /// Whether the text holds them.
    pub fn matches(&self, text: &str) -> bool {
        let lower = if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() };
        let words = match self {
            Self::Words(words) => words,
            Self::Like(parts) => return is_like(&lower, parts),
        };
        let mut rest = lower.as_str();
        words.iter().all(|word| {
            rest.find(word.as_str()).is_some_and(|at| {
                rest = &rest[at + word.len()..];
                true
            })
        })
    }
}

/// Whether the whole text is like the parts. Where it is not, the last `Any` takes one character more.
fn is_like(text: &str, parts: &[Part]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut part, mut retry) = (0, 0, None);
    loop {
        match parts.get(part) {
            Some(Part::Any) => {
                retry = Some((at, part + 1));
                part += 1;
            }
            None if at == text.len() => return true,
            Some(Part::One) if at < text.len() => (at, part) = (at + 1, part + 1),
            Some(Part::Is(wanted)) if text.get(at) == Some(wanted) => (at, part) = (at + 1, part + 1),
            _ => match retry {
                Some((from, then)) if from < text.len() => {
                    retry = Some((from + 1, then));
                    (at, part) = (from + 1, then);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_one_of_the_sorted_list() {
        let list = List { order: Some("name".into()), limit: Some(2), offset: 1, ..List::default() };
        let rows = vec!["d", "a", "c", "b", "e"];
        assert_eq!(list.page(rows, |row, _| SortKey::text(Some(row))), ["b", "c"]);
        let beyond = List { offset: 9, ..List::default() };
        assert!(beyond.page(vec![1, 2], |_, _| SortKey::flag(true)).is_empty());
    }

    #[test]
    fn a_search_finds_its_words_in_order_and_any_case() {
        assert!(Pattern::new("FOO bar").matches("a foo with a Bar"));
        assert!(!Pattern::new("bar foo").matches("foo bar"));
    }

    #[test]
    fn a_search_knows_the_wildcards_of_the_database() {
        for (search, text, found) in [
            ("a_c", "xABCx", true),
            ("a_c", "ac", false),
            ("a__c", "a\u{e9}bc", true),
            ("a%c", "a-b-c", true),
            ("a%c d", "a-b-c-d", true),
            ("a%c d", "a-d-c", false),
            (r"a\_c", "a_c", true),
            (r"a\_c", "abc", false),
            // The last backslash takes the `%` that the server adds.
            (r"50\", "50% off", false),
            (r"50\", "at 50%", true),
            ("_", "", false),
            ("%", "", true),
            ("a_b_c", "aab.abbc", false),
            ("a_b%b_c", "aab.abbbc", true),
        ] {
            assert_eq!(Pattern::new(search).matches(text), found, "{search} in {text}");
        }
    }
}
