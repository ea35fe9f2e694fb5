//! The target of a request: its path and query, and where in it secrets stand.

use crate::error::{Error, Result};
use crate::secret::MASK;
use std::ops::Range;

/// The longest URL, in bytes, encoded. The transport takes no more than 65,534 in all.
const LONGEST_URL: usize = 65_000;

/// A path and a query as they are sent.
#[derive(Default)]
pub struct Target {
    text: String,
    /// Where the values of secret parameters stand, one after the other.
    secrets: Vec<Range<usize>>,
    has_query: bool,
}

impl Target {
    /// Begins with a path.
    pub fn new(path: &str) -> Self {
        let mut text = String::with_capacity(path.len() + 128);
        text.push_str(path);
        Self { text, secrets: Vec::new(), has_query: false }
    }

    /// Appends text that is encoded already.
    pub fn push(&mut self, encoded: &str) {
        self.text.push_str(encoded);
    }

    /// Appends parts of text that are encoded already.
    pub fn push_value<'a>(&mut self, encoded: impl Iterator<Item = &'a str>, is_secret: bool) {
        let start = self.text.len();
        self.text.extend(encoded);
        if is_secret {
            self.secrets.push(start..self.text.len());
        }
    }

    /// Appends a pair to the query.
    pub fn push_pair(&mut self, key: &str, value: &str, is_secret: bool) {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.extend(url::form_urlencoded::byte_serialize(key.as_bytes()));
        self.text.push('=');
        self.push_value(url::form_urlencoded::byte_serialize(value.as_bytes()), is_secret);
    }

    /// How long it is, in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// The target as it is sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.text.split('?').next().unwrap_or_default()
    }

    /// The target without its secrets.
    pub fn shown(&self) -> String {
        let mut shown = String::with_capacity(self.text.len());
        let mut at = 0;
        for secret in &self.secrets {
            shown.push_str(&self.text[at..secret.start]);
            shown.push_str(MASK);
            at = secret.end;
        }
        shown.push_str(&self.text[at..]);
        shown
    }

    /// An error where the URL that begins with this origin is too long.
    pub fn refuse_length(&self, origin: &str) -> Result<()> {
        let length = origin.len() + self.text.len();
        if length > LONGEST_URL {
            return Err(Error::invalid(format!(
                "the resulting URL is {length} bytes long; expected {LONGEST_URL} at most"
            )));
        }
        Ok(())
    }
}
