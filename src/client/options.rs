//! Options: from a host's configuration to the settings of a client.
//!
//! Options are keys and texts, so that a host can pass the lines of its own configuration file on, and a new option
//! changes no ABI. They are checked when they are set: the error names the key, what it may be and what came.

use super::cancellation::Cancellation;
use super::error::{Error, Result, shown};
pub use super::option_keys::{OPTION_KEYS, OptionKey, Scope};
use super::secret::Secret;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What applies to the connections of a client.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    pub host: String,
    pub port: u16,
    pub prefix: String,
    pub version: String,
    pub https: bool,
    pub verify_certificate: bool,
    pub ca_file: Option<PathBuf>,
    pub client_certificate_file: Option<PathBuf>,
    pub client_key_file: Option<PathBuf>,
    pub connect_timeout: Option<Duration>,
    pub pool_size: usize,
    pub pool_idle_timeout: Duration,
    pub queue_connections: usize,
    pub proxy: Option<Secret>,
}

/// What applies to each call: who calls, and within which limits.
#[derive(Clone, Debug)]
pub struct CallSettings {
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub token: Option<Secret>,
    pub tenant_uuid: Option<String>,
    pub timeout: Option<Duration>,
    pub user_agent: String,
    pub max_response_bytes: u64,
    pub retries: u32,
    /// What ends the calls from outside; not a text, so no option of a configuration file.
    pub cancellations: Vec<Cancellation>,
}

/// The settings of a client to be.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) connection: ConnectionSettings,
    pub(crate) call: CallSettings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connection: ConnectionSettings {
                host: String::new(),
                port: 443,
                prefix: "/api/auth".into(),
                version: "0.1".into(),
                https: true,
                verify_certificate: true,
                ca_file: None,
                client_certificate_file: None,
                client_key_file: None,
                connect_timeout: None,
                pool_size: 8,
                pool_idle_timeout: Duration::from_secs(5),
                queue_connections: 32,
                proxy: None,
            },
            call: CallSettings {
                username: None,
                password: None,
                token: None,
                tenant_uuid: None,
                timeout: Some(Duration::from_secs(10)),
                user_agent: concat!("wazo-auth-client/", env!("CARGO_PKG_VERSION")).into(),
                max_response_bytes: 64 << 20,
                retries: 0,
                cancellations: Vec::new(),
            },
        }
    }
}

impl Options {
    /// The defaults; only `host` is missing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one option. An empty text means the option's absence where that makes sense.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        if self.call.set(key, value)? {
            return Ok(());
        }
        let connection = &mut self.connection;
        let path = || (!value.is_empty()).then(|| PathBuf::from(value));
        match key {
            "host" => connection.host = host(value)?,
            "port" => connection.port = number(key, value, "a port from 0 to 65535")?,
            "prefix" => connection.prefix = prefix(value)?,
            "version" => connection.version = segment(key, value)?,
            "https" => connection.https = boolean(key, value)?,
            "verify_certificate" => match boolean(key, value) {
                Ok(verify) => connection.verify_certificate = verify,
                Err(_) if value.contains(['/', '\\', '.']) => {
                    connection.verify_certificate = true;
                    connection.ca_file = path();
                }
                Err(error) => return Err(error),
            },
            "ca_file" => connection.ca_file = path(),
            "client_certificate_file" => connection.client_certificate_file = path(),
            "client_key_file" => connection.client_key_file = path(),
            "connect_timeout_ms" => connection.connect_timeout = milliseconds(key, value)?,
            "pool_size" => connection.pool_size = number(key, value, "a number of connections")?,
            "pool_idle_timeout_ms" => {
                connection.pool_idle_timeout = Duration::from_millis(number(key, value, "milliseconds")?);
            }
            "queue_connections" => {
                connection.queue_connections = number::<usize>(key, value, "a number of connections")?.max(1);
            }
            "proxy" => connection.proxy = (!value.is_empty()).then(|| Secret(value.into())),
            _ => return Err(unknown(key, OPTION_KEYS.iter())),
        }
        Ok(())
    }

    /// Sets what a URL says: `https://alice:secret@host:443/api/auth?timeout_ms=3000`.
    ///
    /// The path is the prefix (a version such as `/0.1` at its end is taken as one), the query holds further options.
    pub fn set_url(&mut self, url: &str) -> Result<()> {
        let expected = "expected https://[user:password@]host[:port][/prefix][?option=value&...]";
        // The text itself is not repeated: it may hold a password.
        let url = url::Url::parse(url.trim()).map_err(|e| Error::invalid(format!("url: {e}; {expected}")))?;
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
        self.set("prefix", if is_version { prefix } else { path })?;
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map(String::from)
                .map_err(|_| Error::invalid("url: user name and password must be UTF-8"))
        };
        if !url.username().is_empty() {
            self.set("username", &decoded(url.username())?)?;
        }
        if let Some(password) = url.password() {
            self.set("password", &decoded(password)?)?;
        }
        url.query_pairs().try_for_each(|(key, value)| self.set(&key, &value))
    }

    /// Sets what the environment says: `WAZO_AUTH_URL` first, then `WAZO_AUTH_<OPTION>` for each option, such as
    /// `WAZO_AUTH_TIMEOUT_MS`. Variables that are absent or empty change nothing.
    ///
    /// Only this function reads the environment.
    pub fn set_from_environment(&mut self) -> Result<()> {
        let read = |name: &str| match std::env::var(name) {
            Ok(value) => Ok((!value.is_empty()).then_some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::invalid(format!("{name} is not UTF-8"))),
        };
        if let Some(url) = read("WAZO_AUTH_URL")? {
            self.set_url(&url).map_err(|e| Error::invalid(format!("WAZO_AUTH_URL: {}", e.message)))?;
        }
        for key in OPTION_KEYS {
            let name = format!("WAZO_AUTH_{}", key.name.to_ascii_uppercase());
            if let Some(value) = read(&name)? {
                self.set(key.name, &value).map_err(|e| Error::invalid(format!("{name}: {}", e.message)))?;
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
                .ok_or_else(|| Error::invalid(format!("key file {shown}: it has no line `{wanted}: ...`")))
        };
        let (id, key) = (value("service_id")?, value("service_key")?);
        self.set("username", &id)?;
        self.set("password", &key)
    }
}

impl CallSettings {
    /// Sets an option of calls; false where the key is not one.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        let text = || (!value.is_empty()).then(|| value.to_owned());
        let secret = || text().map(Secret);
        match key {
            "username" => self.username = text(),
            "password" => self.password = secret(),
            "token" => self.token = visible(key, value).map(|()| secret())?,
            "tenant_uuid" => self.tenant_uuid = visible(key, value).map(|()| text())?,
            "timeout_ms" => self.timeout = milliseconds(key, value)?,
            "user_agent" => visible(key, value).map(|()| value.clone_into(&mut self.user_agent))?,
            "max_response_bytes" => self.max_response_bytes = number(key, value, "a number of bytes")?,
            "retries" => self.retries = number(key, value, "a number of repetitions")?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Sets an option of a derived or living handle; those of connections are refused.
    pub(crate) fn change(&mut self, key: &str, value: &str) -> Result<()> {
        if self.set(key, value)? {
            return Ok(());
        }
        if OPTION_KEYS.iter().any(|known| known.name == key) {
            return Err(Error::invalid(format!(
                "option {key} belongs to the connections, which derived handles share; make a client of its own for it"
            )));
        }
        Err(unknown(key, OPTION_KEYS.iter().filter(|known| known.scope == Scope::Call)))
    }
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a OptionKey>) -> Error {
    let known: Vec<_> = known.map(|key| key.name).collect();
    Error::invalid(format!("unknown option {}; the known ones are {}", shown(key), known.join(", ")))
}

fn number<T: std::str::FromStr>(key: &str, value: &str, expected: &str) -> Result<T> {
    value.trim().parse().map_err(|_| Error::invalid(format!("option {key}: expected {expected}, got {}", shown(value))))
}

fn milliseconds(key: &str, value: &str) -> Result<Option<Duration>> {
    let milliseconds: u64 = number(key, value, "milliseconds, 0 for no limit")?;
    Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
}

fn boolean(key: &str, value: &str) -> Result<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(Error::invalid(format!("option {key}: expected true or false, got {}", shown(value)))),
    }
}

/// Text that can stand in a header.
fn visible(key: &str, value: &str) -> Result<()> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Error::invalid(format!("option {key}: it has a control character, which no header can hold")));
    }
    Ok(())
}

/// A host that cannot change what the rest of the URL means.
fn host(value: &str) -> Result<String> {
    let value = value.trim();
    let bracketed = if value.contains(':') { format!("[{value}]") } else { value.to_owned() };
    let parsed = url::Host::parse(&bracketed).ok().filter(|_| !value.is_empty());
    if parsed.is_none() {
        return Err(Error::invalid(format!(
            "option host: expected a name or an address, without scheme, port or path, got {}",
            shown(value)
        )));
    }
    Ok(value.to_owned())
}

fn prefix(value: &str) -> Result<String> {
    let trimmed = value.trim().trim_matches('/');
    if trimmed.is_empty() {
        return Ok(String::new());
    }
    trimmed.split('/').try_for_each(|part| segment("prefix", part).map(|_| ()))?;
    Ok(format!("/{trimmed}"))
}

fn segment(key: &str, value: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
    if value.is_empty() || value == "." || value == ".." || !value.chars().all(plain) {
        return Err(Error::invalid(format!("option {key}: expected segments of a URL's path, got {}", shown(value))));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
