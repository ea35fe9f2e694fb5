//! The table of options: for each its name, scope, default, parser and documentation, together.
//!
//! A new option is one entry here and one field in the settings, then `cargo xtask codegen`. The defaults are applied by
//! the parsers, so that the documented default is the real one.

use super::parse::{boolean, duration_ms, header, host, limit_ms, number, path, prefix, secret, segment, text};
use super::settings::{CallSettings, ConnectionSettings};
use crate::error::{Error, Result};

/// What an option applies to, and how its text is put into the settings. The first argument is the option's name.
#[derive(Clone, Copy)]
pub enum Scope {
    /// To the connections; fixed when the client is made, shared by all handles derived from it.
    Connection(fn(&str, &str, &mut ConnectionSettings) -> Result<()>),
    /// To the calls; a derived handle may have its own, and it may be changed at any time.
    Call(fn(&str, &str, &mut CallSettings) -> Result<()>),
}

impl Scope {
    /// The scope in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection(_) => "connection",
            Self::Call(_) => "call",
        }
    }
}

/// One option.
pub struct OptionEntry {
    /// Its name, with the unit where it has one.
    pub name: &'static str,
    /// What it applies to, and its parser.
    pub scope: Scope,
    /// The default, as its parser takes it; empty where there is none.
    pub default: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// How many threads the library starts at most.
pub const MOST_IO_THREADS: usize = 16;

/// Every option.
pub const OPTIONS: &[OptionEntry] = &[
    OptionEntry {
        name: "host",
        scope: Scope::Connection(|key, value, to| host(key, value).map(|value| to.host = value)),
        default: "",
        doc: "Name or address of the server, without scheme or port; of an international name the form with `xn--`. \
              Required.",
    },
    OptionEntry {
        name: "port",
        scope: Scope::Connection(|key, value, to| {
            number(key, value, "a port from 0 to 65535").map(|value| to.port = value)
        }),
        default: "443",
        doc: "TCP port; 0 for the default port of the scheme, which is then left out of the URL.",
    },
    OptionEntry {
        name: "prefix",
        scope: Scope::Connection(|key, value, to| prefix(key, value).map(|value| to.prefix = value)),
        default: "/api/auth",
        doc: "Path before the version; empty to connect to wazo-auth directly (port 9497) instead of through nginx.",
    },
    OptionEntry {
        name: "version",
        scope: Scope::Connection(|key, value, to| segment(key, value).map(|value| to.version = value)),
        default: "0.1",
        doc: "Version of the API in the path.",
    },
    OptionEntry {
        name: "https",
        scope: Scope::Connection(|key, value, to| boolean(key, value).map(|value| to.https = value)),
        default: "true",
        doc: "Whether to use HTTPS; set it to false only for a wazo-auth on the same machine.",
    },
    OptionEntry {
        name: "verify_certificate",
        scope: Scope::Connection(|key, value, to| {
            match boolean(key, value) {
                Ok(verify) => to.verify_certificate = verify,
                Err(_) if value.contains(['/', '\\', '.']) => {
                    to.verify_certificate = true;
                    to.ca_file = path(value);
                }
                Err(error) => return Err(error),
            }
            Ok(())
        }),
        default: "true",
        doc: "Whether to verify the server's certificate: true, false, or the path of a CA file (sets `ca_file`).",
    },
    OptionEntry {
        name: "ca_file",
        scope: Scope::Connection(|_, value, to| {
            to.ca_file = path(value);
            Ok(())
        }),
        default: "",
        doc: "PEM file of the certificate authorities to trust instead of the system's, or a directory of such files (named \
              by `openssl rehash`).",
    },
    OptionEntry {
        name: "client_certificate_file",
        scope: Scope::Connection(|_, value, to| {
            to.client_certificate_file = path(value);
            Ok(())
        }),
        default: "",
        doc: "PEM file of the client certificate (mutual TLS).",
    },
    OptionEntry {
        name: "client_key_file",
        scope: Scope::Connection(|_, value, to| {
            to.client_key_file = path(value);
            Ok(())
        }),
        default: "",
        doc: "PEM file of the private key of `client_certificate_file`.",
    },
    OptionEntry {
        name: "connect_timeout_ms",
        scope: Scope::Connection(|key, value, to| limit_ms(key, value).map(|value| to.connect_timeout = value)),
        default: "0",
        doc: "Time limit of name look-up, TCP and TLS together, in ms; 0: only `timeout_ms` limits them.",
    },
    OptionEntry {
        name: "pool_size",
        scope: Scope::Connection(|key, value, to| {
            number(key, value, "a number of connections").map(|value| to.pool_size = value)
        }),
        default: "64",
        doc: "Largest number of idle connections in the connection pool. Each has one file descriptor; a program whose \
              threads call in larger bursts sets it to the number of its threads.",
    },
    OptionEntry {
        name: "pool_idle_timeout_ms",
        scope: Scope::Connection(|key, value, to| duration_ms(key, value).map(|value| to.pool_idle_timeout = value)),
        default: "5000",
        doc: "How long an idle connection is kept, in ms. Keep it shorter than the server's own limit (10,000 for \
              wazo-auth).",
    },
    OptionEntry {
        name: "queue_connections",
        scope: Scope::Connection(|key, value, to| {
            number::<usize>(key, value, "a number of connections").map(|value| to.queue_connections = value.max(1))
        }),
        default: "32",
        doc: "Largest number of calls from queues that are in progress at the server at the same time; further calls \
              wait. wazo-auth has 25 worker threads.",
    },
    OptionEntry {
        name: "queue_waiting",
        scope: Scope::Connection(|key, value, to| {
            number(key, value, "a number of calls").map(|value| to.queue_waiting = value)
        }),
        default: "0",
        doc: "Largest number of calls from queues that wait because `queue_connections` are in progress; one more ends \
              at once with the error `busy`. 0: no limit but that of the queue.",
    },
    OptionEntry {
        name: "queue_wait_ms",
        scope: Scope::Connection(|key, value, to| limit_ms(key, value).map(|value| to.queue_wait = value)),
        default: "0",
        doc: "How long a call from a queue waits at most, in ms, while `queue_connections` are in progress; then it ends \
              with the error `busy`. 0: half of `timeout_ms`.",
    },
    OptionEntry {
        name: "io_threads",
        scope: Scope::Connection(|key, value, to| {
            let threads = number::<usize>(key, value, "a number of threads from 1 to 16")?;
            if !(1..=MOST_IO_THREADS).contains(&threads) {
                return Err(Error::invalid(format!("option {key}: expected a number of threads from 1 to 16")));
            }
            to.io_threads = threads;
            Ok(())
        }),
        default: "1",
        doc: "How many threads of the library carry the calls from queues, 16 at most. More than one helps only where \
              one is busy all the time (docs/performance.md). `queue_connections` is divided among them.",
    },
    OptionEntry {
        name: "proxy",
        scope: Scope::Connection(|_, value, to| {
            to.proxy = secret(value);
            Ok(())
        }),
        default: "",
        doc: "URL of an HTTP proxy; an international host name in its form with `xn--`. The proxy variables of the \
              environment are not read.",
    },
    OptionEntry {
        name: "username",
        scope: Scope::Call(|_, value, to| {
            to.username = text(value);
            Ok(())
        }),
        default: "",
        doc: "User name for `token.new`.",
    },
    OptionEntry {
        name: "password",
        scope: Scope::Call(|_, value, to| {
            to.password = secret(value);
            Ok(())
        }),
        default: "",
        doc: "Password for `token.new`. Never shown.",
    },
    OptionEntry {
        name: "token",
        scope: Scope::Call(|key, value, to| {
            to.token = secret(header(key, value)?);
            Ok(())
        }),
        default: "",
        doc: "Token, sent in the header `X-Auth-Token`. Never shown.",
    },
    OptionEntry {
        name: "tenant_uuid",
        scope: Scope::Call(|key, value, to| {
            to.tenant_uuid = text(header(key, value)?);
            Ok(())
        }),
        default: "",
        doc: "Tenant, sent in the header `Wazo-Tenant` unless the call names another.",
    },
    OptionEntry {
        name: "timeout_ms",
        scope: Scope::Call(|key, value, to| limit_ms(key, value).map(|value| to.timeout = value)),
        default: "10000",
        doc: "Time limit of a whole call, in ms, whatever the server does; 0: no limit.",
    },
    OptionEntry {
        name: "user_agent",
        scope: Scope::Call(|key, value, to| header(key, value).map(|value| value.clone_into(&mut to.user_agent))),
        default: concat!("wazo-auth-client/", env!("CARGO_PKG_VERSION")),
        doc: "Header `User-Agent` of the requests; at a login, the server stores it with the session.",
    },
    OptionEntry {
        name: "max_response_bytes",
        scope: Scope::Call(|key, value, to| {
            number(key, value, "a number of bytes").map(|value| to.max_response_bytes = value)
        }),
        default: "8388608",
        doc: "Largest response that is accepted, in bytes: what a server can make a call need. A page of 1000 users has \
              about 500,000 bytes. A listing without `limit` may need more.",
    },
    OptionEntry {
        name: "retries",
        scope: Scope::Call(|key, value, to| {
            number(key, value, "a number of repetitions").map(|value| to.retries = value)
        }),
        default: "0",
        doc: "How many times a failed call is repeated within its time limit. A call is repeated if it could not \
              connect or the server answered 503; a call that changes nothing is also repeated if the connection \
              failed or the server answered 429, 502 or 504. The pauses grow from 100 ms to 2 s and are shortened at \
              random; after 429 and 503 a longer `Retry-After` of the server is kept. A pause that would exceed the \
              time limit ends the call at once. All handles of a client share a budget: 5 repetitions, and one more \
              for every 10 responses of a working server.",
    },
];

/// The option of this name, or an error that names those there are; of calls alone where `calls_only`.
pub fn entry(key: &str, calls_only: bool) -> Result<&'static OptionEntry> {
    let known = |entry: &&OptionEntry| !calls_only || matches!(entry.scope, Scope::Call(_));
    match OPTIONS.iter().find(|entry| entry.name == key) {
        Some(entry) if known(&entry) => Ok(entry),
        Some(_) => Err(Error::invalid(format!(
            "option {key} belongs to the connections, which derived handles share; create another client for it"
        ))),
        None => {
            let names: Vec<_> = OPTIONS.iter().filter(known).map(|entry| entry.name).collect();
            Err(Error::invalid(format!(
                "unknown option {}; the known ones are {}",
                crate::error::shown(key),
                names.join(", ")
            )))
        }
    }
}
