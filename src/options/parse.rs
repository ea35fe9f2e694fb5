//! From the text of an option to its value, or to an error that says what was expected and what came.

use crate::error::{Error, Result, shown};
use crate::secret::Secret;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Any number of that type.
pub fn number<T: FromStr>(key: &str, value: &str, expected: &str) -> Result<T> {
    value.trim().parse().map_err(|_| Error::invalid(format!("option {key}: expected {expected}, got {}", shown(value))))
}

/// Milliseconds; 0 for no limit.
pub fn limit_ms(key: &str, value: &str) -> Result<Option<Duration>> {
    let milliseconds: u64 = number(key, value, "an integer number of milliseconds, 0 for no limit")?;
    Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
}

/// Milliseconds.
pub fn duration_ms(key: &str, value: &str) -> Result<Duration> {
    number(key, value, "an integer number of milliseconds").map(Duration::from_millis)
}

/// True or false.
pub fn boolean(key: &str, value: &str) -> Result<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(Error::invalid(format!("option {key}: expected true or false, got {}", shown(value)))),
    }
}

/// A text; none where it is empty.
pub fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// A text that is never shown; none where it is empty.
pub fn secret(value: &str) -> Option<Secret> {
    text(value).map(Secret)
}

/// The path of a file; none where it is empty.
pub fn path(value: &str) -> Option<PathBuf> {
    text(value).map(PathBuf::from)
}

/// A text that can stand in a header.
pub fn header<'a>(key: &str, value: &'a str) -> Result<&'a str> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Error::invalid(format!("option {key}: expected a string without control characters")));
    }
    Ok(value)
}

/// A host that cannot change what the rest of the URL means.
pub fn host(key: &str, value: &str) -> Result<String> {
    let value = value.trim();
    let bracketed = if value.contains(':') { format!("[{value}]") } else { value.to_owned() };
    let parsed = url::Host::parse(&bracketed).ok().filter(|_| !value.is_empty());
    if parsed.is_none() {
        // The tables that would translate one are left out (see Cargo.toml).
        let more = if value.is_ascii() { "" } else { " (of an international name the form with xn--)" };
        return Err(Error::invalid(format!(
            "option {key}: expected a name or an address{more}, without scheme, port or path, got {}",
            shown(value)
        )));
    }
    Ok(value.to_owned())
}

/// Segments of a URL's path, with a leading `/`; empty for none.
pub fn prefix(key: &str, value: &str) -> Result<String> {
    let trimmed = value.trim().trim_matches('/');
    if trimmed.is_empty() {
        return Ok(String::new());
    }
    trimmed.split('/').try_for_each(|part| segment(key, part).map(|_| ()))?;
    Ok(format!("/{trimmed}"))
}

/// One segment of a URL's path.
pub fn segment(key: &str, value: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
    if value.is_empty() || value == "." || value == ".." || !value.chars().all(plain) {
        return Err(Error::invalid(format!("option {key}: expected segments of a URL's path, got {}", shown(value))));
    }
    Ok(value.to_owned())
}
