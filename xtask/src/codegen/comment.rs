//! A comment that grows line by line, wrapped to the width of the repository, in the comment signs of any language.

use super::text::{WIDTH, wrap_with};

/// A comment; each of its lines begins with the same signs.
pub struct Comment {
    lead: &'static str,
    text: String,
}

impl Comment {
    /// An empty comment whose lines begin with `lead`, such as `"/// "`.
    pub fn new(lead: &'static str) -> Self {
        Self { lead, text: String::new() }
    }

    /// Adds a paragraph, after an empty line where it is not the first; nothing for an empty text.
    pub fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.gap();
            self.line(text);
        }
    }

    /// Adds an empty line where something stands before it.
    pub fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str(self.lead.trim_end());
            self.text.push('\n');
        }
    }

    /// Adds a text that begins on a line of its own.
    pub fn line(&mut self, text: &str) {
        self.hanging(text, "", "");
    }

    /// Adds an item of a list.
    pub fn item(&mut self, text: &str) {
        self.hanging(text, "- ", "  ");
    }

    fn hanging(&mut self, text: &str, first: &str, rest: &str) {
        let (first, rest) = (format!("{}{first}", self.lead), format!("{}{rest}", self.lead));
        for line in wrap_with(text, WIDTH, &first, &rest) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// The comment.
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_set_apart_and_items_hang() {
        let mut comment = Comment::new("/// ");
        comment.paragraph("One.");
        comment.paragraph("");
        comment.paragraph("Two.");
        comment.item(&"word ".repeat(30));
        let text = comment.into_text();
        assert!(text.starts_with("/// One.\n///\n/// Two.\n/// - word word"), "{text}");
        assert!(text.contains("\n///   word"), "{text}");
    }
}
