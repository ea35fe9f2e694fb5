//! Options: from a host's configuration to the settings of a client.
//!
//! Options are keys and texts, so that a host can pass the lines of its own configuration file on, and a new option
//! changes no ABI. They are checked when they are set: the error names the key, what was expected and what came.

pub mod entry;
mod parse;
#[allow(missing_docs, reason = "the fields are the options")]
pub mod renewer;
#[allow(missing_docs, reason = "the fields are the options")]
pub mod service;
#[allow(missing_docs, reason = "the fields are the options")]
mod settings;

pub use entry::{OPTIONS, OptionEntry, Scope};
pub use renewer::RenewerSettings;
pub use service::{HealthSettings, PageSettings, ServiceOption, ServiceSettings, VerifierSettings};
pub use settings::{CallSettings, ConnectionSettings};

use crate::error::{Error, Result, shown};
use std::path::Path;

/// The settings of a client to be.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) connection: ConnectionSettings,
    pub(crate) call: CallSettings,
}

impl Default for Options {
    /// Applies the default of each entry, by its own parser.
    fn default() -> Self {
        let mut options = Self { connection: ConnectionSettings::default(), call: CallSettings::default() };
        for entry in OPTIONS.iter().filter(|entry| !entry.default.is_empty()) {
            // A test holds every default to its parser.
            let applied = options.apply(entry, entry.default);
            debug_assert!(applied.is_ok(), "the default of {}", entry.name);
        }
        options
    }
}

impl Options {
    /// The defaults; only `host` is missing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one option. An empty text means the option's absence where that makes sense.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        self.apply(entry::entry(key, false)?, value)
    }

    fn apply(&mut self, entry: &OptionEntry, value: &str) -> Result<()> {
        match entry.scope {
            Scope::Connection(put) => put(entry.name, value, &mut self.connection),
            Scope::Call(put) => put(entry.name, value, &mut self.call),
        }
    }

    /// Sets what a URL says: `https://alice:secret@host:443/api/auth?timeout_ms=3000`.
    ///
    /// The path is the prefix (a version such as `/0.1` at its end is taken as one), the query holds further options.
    pub fn set_url(&mut self, url: &str) -> Result<()> {
        let expected = "expected https://[user:password@]host[:port][/prefix][?option=value&...]";
        // What stands behind it would be left out without a word: the end of a password, and the options behind it.
        if url.contains('#') {
            return Err(Error::invalid(format!("url: it contains a `#`; write %23 for it; {expected}")));
        }
        // The text itself is not repeated: it may hold a password.
        let url = url::Url::parse(url.trim()).map_err(|e| {
            let more = match e {
                url::ParseError::IdnaError => " (of an international name the form with xn-- is needed)",
                _ => "",
            };
            Error::invalid(format!("url: {e}{more}; {expected}"))
        })?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(Error::invalid(format!("url: the scheme is {}; {expected}", shown(other)))),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Error::invalid(format!("url: it has no host; {expected}")))?;
        self.set("host", host.trim_start_matches('[').trim_end_matches(']'))?;
        self.connection.https = https;
        self.connection.port = url.port().unwrap_or(0);
        let path = url.path().trim_end_matches('/');
        let (prefix, last) = path.rsplit_once('/').unwrap_or(("", path));
        let is_version = last.contains('.') && last.chars().all(|c| c.is_ascii_digit() || c == '.');
        if is_version {
            self.set("version", last)?;
        }
        // Not repeated either: behind a slash in a password the rest of it stands in the path.
        self.set("prefix", if is_version { prefix } else { path }).map_err(|_| {
            Error::invalid(format!(
                "url: its path is no prefix, which has letters, digits and -._~% in each segment; write %2F for a slash \
                 in a password; {expected}"
            ))
        })?;
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map(String::from)
                .map_err(|_| Error::invalid("url: expected a user name and a password in UTF-8"))
        };
        if !url.username().is_empty() {
            self.set("username", &decoded(url.username())?)?;
        }
        if let Some(password) = url.password() {
            self.set("password", &decoded(password)?)?;
        }
        for (number, (key, value)) in url.query_pairs().enumerate() {
            // Not repeated: behind an `&` in a password the rest of it looks like an option.
            let entry = entry::entry(&key, false).map_err(|_| {
                let names: Vec<_> = OPTIONS.iter().map(|entry| entry.name).collect();
                Error::invalid(format!(
                    "url: option number {} is unknown (its name is not shown: it may be a part of a password; write %26 \
                     for an `&` in a value); the known ones are {}",
                    number + 1,
                    names.join(", ")
                ))
            })?;
            self.apply(entry, &value)?;
        }
        Ok(())
    }

    /// Sets what the environment says: `WAZO_AUTH_URL` first, then `WAZO_AUTH_<OPTION>` for each option, such as
    /// `WAZO_AUTH_TIMEOUT_MS`. Variables that are absent or empty change nothing.
    ///
    /// Only this function reads the environment.
    pub fn set_from_environment(&mut self) -> Result<()> {
        let read = |name: &str| match std::env::var(name) {
            Ok(value) => Ok((!value.is_empty()).then_some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Error::invalid(format!("environment variable {name}: expected UTF-8")))
            }
        };
        if let Some(url) = read("WAZO_AUTH_URL")? {
            self.set_url(&url).map_err(|e| Error::invalid(format!("WAZO_AUTH_URL: {}", e.message)))?;
        }
        for entry in OPTIONS {
            let name = format!("WAZO_AUTH_{}", entry.name.to_ascii_uppercase());
            if let Some(value) = read(&name)? {
                self.apply(entry, &value).map_err(|e| Error::invalid(format!("{name}: {}", e.message)))?;
            }
        }
        Ok(())
    }

    /// Sets user name and password from a key file of Wazo's: lines `service_id: name` and `service_key: key`.
    pub fn set_from_key_file(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|e| Error::invalid(format!("key file {shown}: {e}")))?;
        let value = |wanted: &str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.trim() == wanted)
                .map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Error::invalid(format!("key file {shown}: expected a line `{wanted}: ...`, found none")))
        };
        let (id, key) = (value("service_id")?, value("service_key")?);
        self.set("username", &id)?;
        self.set("password", &key)
    }
}

impl CallSettings {
    /// Sets an option of a derived or living handle; those of connections are refused.
    pub(crate) fn change(&mut self, key: &str, value: &str) -> Result<()> {
        let entry = entry::entry(key, true)?;
        match entry.scope {
            Scope::Call(put) => put(entry.name, value, self),
            // `entry` returned an option of calls.
            Scope::Connection(_) => Err(Error::invalid(format!("option {key} belongs to the connections"))),
        }
    }
}

#[cfg(test)]
mod tests;
