//! The options of what is built on clients: for each a name, a default, a parser and its documentation, together.
//!
//! C passes them as one JSON object, so that a new one changes no ABI. A new option is one entry here and one field in the
//! settings, then `cargo xtask codegen`.

use super::parse::{boolean, duration_ms, number};
use crate::error::{Error, Result, shown};
use crate::json::Json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

/// One option of a service whose settings are `S`.
pub struct ServiceOption<S: 'static> {
    /// Its name, with the unit where it has one.
    pub name: &'static str,
    /// Puts a text into the settings. The first argument is the option's name.
    pub put: fn(&str, &str, &mut S) -> Result<()>,
    /// The default, as its parser takes it; empty where there is none.
    pub default: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// Settings that are read by a table of options.
pub trait ServiceSettings: Default + 'static {
    /// The table.
    const OPTIONS: &'static [ServiceOption<Self>];

    /// The defaults, by the parsers of the table.
    fn defaults() -> Self {
        let mut settings = Self::default();
        for option in Self::OPTIONS.iter().filter(|option| !option.default.is_empty()) {
            // A test holds every default to its parser.
            let put = (option.put)(option.name, option.default, &mut settings);
            debug_assert!(put.is_ok(), "the default of {}", option.name);
        }
        settings
    }

    /// Sets one option.
    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let Some(option) = Self::OPTIONS.iter().find(|option| option.name == name) else {
            let names: Vec<_> = Self::OPTIONS.iter().map(|option| option.name).collect();
            return Err(Error::invalid(format!(
                "unknown option {}; the known ones are {}",
                shown(name),
                names.join(", ")
            )));
        };
        (option.put)(option.name, value, self)
    }

    /// The settings that a JSON object says: strings, numbers, Booleans, and null for the default.
    fn from_json(json: &str) -> Result<Self> {
        let expected =
            || Error::invalid("argument options_json: expected a JSON object of strings, numbers, Booleans and nulls");
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(|_| expected())?;
        let mut settings = Self::defaults();
        for (name, value) in &members {
            match Json::of(value).ok_or_else(expected)? {
                Json::Null => {}
                value => settings.set(name, &value.into_text().ok_or_else(expected)?)?,
            }
        }
        Ok(settings)
    }
}

/// The settings of a verifier.
#[derive(Clone, Debug, Default)]
pub struct VerifierSettings {
    pub ttl: Duration,
    pub negative_ttl: Duration,
    pub stale: Duration,
    pub max_tokens: usize,
    pub shared: bool,
}

impl ServiceSettings for VerifierSettings {
    const OPTIONS: &'static [ServiceOption<Self>] = &[
        ServiceOption {
            name: "ttl_ms",
            put: |key, value, to| duration_ms(key, value).map(|value| to.ttl = value),
            default: "60000",
            doc: "How long what the server said about a token is used, in ms; shortened at random by up to a tenth, and \
                  never longer than the token lives. Without events (`wazo_auth_verifier_apply_event`), a revoked token \
                  is accepted for so long.",
        },
        ServiceOption {
            name: "negative_ttl_ms",
            put: |key, value, to| duration_ms(key, value).map(|value| to.negative_ttl = value),
            default: "5000",
            doc: "How long it is remembered that the server does not know a token, in ms.",
        },
        ServiceOption {
            name: "stale_ms",
            put: |key, value, to| duration_ms(key, value).map(|value| to.stale = value),
            default: "0",
            doc: "How long after `ttl_ms` an answer is still used if the server cannot be asked, in ms; such a decision \
                  is marked as stale. Never longer than the token lives. 0: not at all.",
        },
        ServiceOption {
            name: "max_tokens",
            put: |key, value, to| {
                let expected = "a number of tokens from 1 to 10000000";
                let tokens: usize = number(key, value, expected)?;
                if !(1..=10_000_000).contains(&tokens) {
                    return Err(Error::invalid(format!("option {key}: expected {expected}, got {}", shown(value))));
                }
                to.max_tokens = tokens;
                Ok(())
            },
            default: "10000",
            doc: "About how many tokens are remembered; what was not used for longest goes first. The memory is reserved \
                  when the verifier is created, about 1 KiB for each token, and used as tokens come.",
        },
        ServiceOption {
            name: "shared",
            put: |key, value, to| boolean(key, value).map(|value| to.shared = value),
            default: "false",
            doc: "Whether the processes that are forked after the verifier was created share what they learn. Linux and \
                  other Unix systems only.",
        },
    ];
}

/// The settings of an iterator over a listing.
#[derive(Clone, Debug, Default)]
pub struct PageSettings {
    pub page_size: u64,
    /// 0: all.
    pub max_items: u64,
}

impl ServiceSettings for PageSettings {
    const OPTIONS: &'static [ServiceOption<Self>] = &[
        ServiceOption {
            name: "page_size",
            put: |key, value, to| {
                let expected = "a number of items from 1 to 100000";
                let size: u64 = number(key, value, expected)?;
                if !(1..=100_000).contains(&size) {
                    return Err(Error::invalid(format!("option {key}: expected {expected}, got {}", shown(value))));
                }
                to.page_size = size;
                Ok(())
            },
            default: "100",
            doc: "How many new items one request asks for.",
        },
        ServiceOption {
            name: "max_items",
            put: |key, value, to| number(key, value, "a number of items").map(|value| to.max_items = value),
            default: "0",
            doc: "After how many items the iteration ends; 0: when there are no more.",
        },
    ];
}

/// The settings of a watch over the server's health.
#[derive(Clone, Debug, Default)]
pub struct HealthSettings {
    pub interval: Duration,
    pub down_after: u32,
}

impl ServiceSettings for HealthSettings {
    const OPTIONS: &'static [ServiceOption<Self>] = &[
        ServiceOption {
            name: "interval_ms",
            put: |key, value, to| {
                to.interval = duration_ms(key, value)?;
                if to.interval.is_zero() {
                    return Err(Error::invalid(format!("option {key}: expected a time of 1 ms or more")));
                }
                Ok(())
            },
            default: "10000",
            doc: "The time between two probes, in ms; shortened at random by up to a tenth. While the server is down, \
                  pauses double up to 32 s.",
        },
        ServiceOption {
            name: "down_after",
            put: |key, value, to| {
                to.down_after = number(key, value, "a number of failures")?;
                if to.down_after == 0 {
                    return Err(Error::invalid(format!("option {key}: expected a number of failures, 1 or more")));
                }
                Ok(())
            },
            default: "3",
            doc: "After how many failures in a row the server counts as down.",
        },
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_its_table<S: ServiceSettings>() {
        for option in S::OPTIONS.iter().filter(|option| !option.default.is_empty()) {
            let mut settings = S::default();
            settings.set(option.name, option.default).unwrap_or_else(|e| panic!("{}: {e}", option.name));
        }
        S::defaults();
    }

    #[test]
    fn every_default_is_one_that_its_parser_takes() {
        holds_its_table::<VerifierSettings>();
        holds_its_table::<crate::options::RenewerSettings>();
        holds_its_table::<PageSettings>();
        holds_its_table::<HealthSettings>();
    }

    #[test]
    fn a_service_is_set_up_by_one_json_object() {
        let settings = VerifierSettings::from_json(r#"{"ttl_ms": 100, "shared": true, "stale_ms": null}"#).unwrap();
        assert_eq!((settings.ttl, settings.shared, settings.max_tokens), (Duration::from_millis(100), true, 10_000));
        assert_eq!(settings.stale, Duration::ZERO);
        for (json, part) in [
            ("[]", "expected a JSON object"),
            (r#"{"ttl": 1}"#, "ttl_ms, negative_ttl_ms"),
            (r#"{"ttl_ms": []}"#, "expected a JSON object of"),
            (r#"{"max_tokens": 0}"#, "from 1 to"),
            (r#"{"shared": "maybe"}"#, "true or false"),
        ] {
            let error = VerifierSettings::from_json(json).unwrap_err();
            assert!(error.message.contains(part), "{json}: {}", error.message);
        }
    }
}
