//! Texts: sentences wrapped to a width, bracketed lists, lists of words, names in other spellings.

use std::fmt::Write as _;

/// The width of lines in generated files, as everywhere in the repository.
pub const WIDTH: usize = 120;

/// A text in lines of at most `width` characters; a word that is longer has a line of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A text in lines of at most `width` characters, each led by `first` or, from the second on, by `rest`.
pub fn wrap_with(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let longest = first.chars().count().max(rest.chars().count());
    wrap(text, width - longest)
        .into_iter()
        .enumerate()
        .map(|(index, line)| format!("{}{line}", if index == 0 { first } else { rest }))
        .collect()
}

/// The text with its first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `refresh_tokens` as `RefreshTokens`.
pub fn camel_case(name: &str) -> String {
    name.split('_').map(capitalised).collect()
}

/// `400, 401 and 404`.
pub fn enumeration<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Where the items of a bracketed list stand that does not fit on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As many on a line as fit, indented by this much more than the start: C and C++.
    Filled(usize),
    /// A line for each, with a comma behind the last: Python.
    Stacked,
}

/// A bracketed list: on one line where it fits, else laid out.
pub fn bracketed(start: &str, items: &[String], end: &str, layout: Layout) -> String {
    let flat = format!("{start}{}{end}", items.join(", "));
    if flat.chars().count() <= WIDTH {
        return flat + "\n";
    }
    let indent = start.len() - start.trim_start().len();
    match layout {
        Layout::Filled(more) => filled(start, items, end, &" ".repeat(indent + more)),
        Layout::Stacked => {
            let indent = " ".repeat(indent);
            let mut text = format!("{start}\n");
            for item in items {
                writeln!(text, "{indent}    {item},").expect("a String takes all");
            }
            text + &format!("{indent}{end}\n")
        }
    }
}

fn filled(start: &str, items: &[String], end: &str, indent: &str) -> String {
    let mut text = start.to_owned();
    let mut room = 0;
    for (index, item) in items.iter().enumerate() {
        let piece = format!("{item}{}", if index + 1 == items.len() { end } else { "," });
        if piece.len() < room {
            text.push(' ');
            room -= piece.len() + 1;
        } else {
            write!(text, "\n{indent}").expect("a String takes all");
            room = WIDTH.saturating_sub(indent.len() + piece.len());
        }
        text.push_str(&piece);
    }
    text + "\n"
}

/// A text in a cell of a Markdown table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_their_width_and_lose_no_word() {
        let text = "one two three four five six";
        for width in 5..30 {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| line.len() <= width), "{lines:?}");
            assert_eq!(lines.join(" "), text);
        }
        assert_eq!(wrap_with("one two three", 9, "- ", "  "), ["- one two", "  three"]);
    }

    #[test]
    fn a_long_word_has_a_line_of_its_own() {
        assert_eq!(wrap("a incomprehensible b", 5), ["a", "incomprehensible", "b"]);
    }

    #[test]
    fn names_and_lists_read_well() {
        assert_eq!(camel_case("refresh_tokens"), "RefreshTokens");
        assert_eq!(enumeration(&[400, 401, 404]), "400, 401 and 404");
        assert_eq!(enumeration(&[404]), "404");
    }
}
