//! The LDAP servers of tenants: the directory that `settings.ldap_users` describes, and logins through it. In its place
//! there may be real servers ([`Server`]).
//!
//! All tenants share the directory, and base DNs are not looked at: an entry is found by its attributes alone.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::rows::LdapConfig;

/// The directory: what an entry is called, in any letter case, to the entry.
pub type Directory = IndexMap<String, Entry>;

/// An entry of the directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a password, or an object with \"password\" and \"attributes\"")]
pub enum Entry {
    /// The password of somebody who logs in with the entry's name, which is the address too.
    Password(String),
    /// A full entry, whose name is its DN.
    Full(Full),
}

/// An entry with attributes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Full {
    pub password: String,
    /// Name to value; names in any letter case.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Attributes that only a service (`bind_dn`) may read, not the entry itself.
    #[serde(default)]
    pub hidden_from_itself: Vec<String>,
}

impl Entry {
    fn password(&self) -> &str {
        match self {
            Self::Password(password) => password,
            Self::Full(entry) => &entry.password,
        }
    }

    fn attribute<'a>(&'a self, name: &'a str, attribute: &str) -> Option<&'a str> {
        match self {
            Self::Password(_) => Some(name),
            Self::Full(entry) => {
                let found = entry.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(attribute));
                found.map(|(_, value)| value.as_str())
            }
        }
    }

    fn hides(&self, attribute: &str) -> bool {
        match self {
            Self::Password(_) => false,
            Self::Full(entry) => entry.hidden_from_itself.iter().any(|hidden| hidden.eq_ignore_ascii_case(attribute)),
        }
    }
}

/// Directories compare names without regard to letter case, and so does the server with addresses.
pub fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Who knows whether a name and a password are right.
pub trait Server: fmt::Debug + Send + Sync {
    /// The address of who is accepted, in small letters; none, if nobody is. It may take long.
    fn address(&self, config: &LdapConfig, name: &str, password: &str) -> Option<String>;
}

/// DN and password of the service that searches for users, where a configuration has one.
pub fn service_of(config: &LdapConfig) -> Option<(&str, &str)> {
    let service = config.bind_dn.as_deref().zip(config.bind_password.as_deref());
    service.filter(|(dn, password)| !dn.is_empty() && !password.is_empty())
}

/// The address of who is accepted by this name and password, by the directory of the settings.
pub fn address(directory: &Directory, config: &LdapConfig, name: &str, password: &str) -> Option<String> {
    let service = service_of(config);
    if let Some((dn, service_password)) = service
        && let Some((_, entry)) = directory.iter().find(|(known, _)| same(known, dn))
        && entry.password() != service_password
    {
        return None;
    }
    let login_attribute = config.user_login_attribute.as_deref().unwrap_or_default();
    let by_login =
        |known: &str, entry: &Entry| entry.attribute(known, login_attribute).is_some_and(|value| same(value, name));
    // Only a service searches; a user's DN is made of its name.
    let filter = own_filter(config).filter(|_| service.is_some()).map(|_| Filter::read(&filter_text(config, name)));
    let mut found = directory.iter().filter(|(known, entry)| match (&filter, entry) {
        (Some(filter), Entry::Full(_)) => {
            filter.as_ref().is_some_and(|filter| filter.matches(&|attribute| entry.attribute(known, attribute)))
        }
        _ => by_login(known, entry),
    });
    // Several are as good as none.
    let (Some((known, entry)), None) = (found.next(), found.next()) else { return None };
    let email_attribute = config.user_email_attribute.as_deref().unwrap_or_default();
    let may_be_read = service.is_some() || !entry.hides(email_attribute);
    let address = entry.attribute(known, email_attribute).filter(|_| may_be_read && entry.password() == password);
    address.map(str::to_lowercase).filter(|address| !address.is_empty())
}

/// A search filter: `&`, `|`, `!`, and comparisons by `=`, where `*` is any text. Other comparisons match nothing.
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// Attribute, and the texts between the `*`.
    Is(String, Vec<String>),
}

/// The filter that a configuration has.
fn own_filter(config: &LdapConfig) -> Option<&str> {
    config.search_filters.as_deref().filter(|filter| !filter.is_empty())
}

/// The search filter for a name: that of the configuration, or the comparison of the login attribute.
pub fn filter_text(config: &LdapConfig, name: &str) -> String {
    let escape = |text: &str| -> String {
        let escaped = |character: char| match character {
            '\\' | '*' | '(' | ')' | '\0' => format!("\\{:02x}", u32::from(character)),
            other => other.to_string(),
        };
        text.chars().map(escaped).collect()
    };
    let attribute = |attribute: &Option<String>| escape(attribute.as_deref().unwrap_or_default());
    // The name comes last: what looks like a placeholder in it is none.
    let filter = own_filter(config)
        .unwrap_or("{user_login_attribute}={username}")
        .replace("{user_login_attribute}", &attribute(&config.user_login_attribute))
        .replace("{user_email_attribute}", &attribute(&config.user_email_attribute))
        .replace("{username}", &escape(name));
    if filter.starts_with('(') { filter } else { format!("({filter})") }
}

impl Filter {
    /// Reads a filter. None where it is none.
    fn read(filter: &str) -> Option<Self> {
        let mut rest = filter;
        Self::item(&mut rest, 0).filter(|_| rest.is_empty())
    }

    fn item(rest: &mut &str, depth: usize) -> Option<Self> {
        // A filter by hand is flat; one of ten thousand parentheses would end the stack.
        if depth > 50 {
            return None;
        }
        let list = |rest: &mut &str| {
            let mut items = Vec::new();
            while rest.starts_with('(') {
                items.push(Self::item(rest, depth + 1)?);
            }
            Some(items)
        };
        *rest = rest.strip_prefix('(')?;
        let item = match rest.chars().next()? {
            '&' => {
                *rest = &rest[1..];
                Self::All(list(rest)?)
            }
            '|' => {
                *rest = &rest[1..];
                Self::Any(list(rest)?)
            }
            '!' => {
                *rest = &rest[1..];
                Self::Not(Box::new(Self::item(rest, depth + 1)?))
            }
            _ => {
                let (comparison, after) = rest.split_at(rest.find(')')?);
                *rest = after;
                let (attribute, value) = comparison.split_once('=')?;
                Self::Is(attribute.trim().to_string(), value.split('*').map(unescape).collect())
            }
        };
        *rest = rest.strip_prefix(')')?;
        Some(item)
    }

    fn matches<'a>(&self, attribute: &impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Self::All(items) => items.iter().all(|item| item.matches(attribute)),
            Self::Any(items) => items.iter().any(|item| item.matches(attribute)),
            Self::Not(item) => !item.matches(attribute),
            // An entry that says nothing of its class is of every class.
            Self::Is(name, parts) => match attribute(name) {
                None => name.eq_ignore_ascii_case("objectClass"),
                Some(value) => has_parts(&value.to_lowercase(), parts),
            },
        }
    }
}

/// Whether a text is these parts with anything between them.
fn has_parts(value: &str, parts: &[String]) -> bool {
    let parts: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
    let [first, between @ .., last] = parts.as_slice() else {
        return parts.first().is_some_and(|only| only == value);
    };
    let Some(rest) = value.strip_prefix(first.as_str()) else { return false };
    let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
    between.iter().all(|part| {
        rest.find(part.as_str()).is_some_and(|at| {
            rest = &rest[at + part.len()..];
            true
        })
    })
}

/// The text with each `\2a` as the byte that it is.
fn unescape(text: &str) -> String {
    crate::http::percent_decode(&text.replace('%', "%25").replace('\\', "%"), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(filter: &str, name: &str) -> bool {
        let config = LdapConfig {
            user_login_attribute: Some("uid".into()),
            search_filters: Some(filter.into()),
            ..LdapConfig::default()
        };
        let entry = |attribute: &str| match attribute {
            "uid" => Some("a*(50%)"),
            "type" => Some("Human"),
            _ => None,
        };
        Filter::read(&filter_text(&config, name)).is_some_and(|filter| filter.matches(&entry))
    }

    #[test]
    fn filters_are_read_as_directories_read_them() {
        for filter in [
            "uid={username}",
            "(uid={username})",
            "(&({user_login_attribute}={username})(type=human))",
            "(|(uid=other)(type=h*n))",
            "(!(type=animal))",
            "(uid=*)",
            "(type=*u*a*)",
            "(&)",
            "(&(objectClass=inetOrgPerson)(uid={username}))",
        ] {
            assert!(finds(filter, "A*(50%)"), "{filter}");
        }
        for filter in [
            "(type=animal)",
            "(&(uid={username})(type=animal))",
            "(!(type=human))",
            "(unknown=*)",
            "(|)",
            "(type>=a)",
            "(type=human",
            "(type=human))",
        ] {
            assert!(!finds(filter, "A*(50%)"), "{filter}");
        }
    }

    #[test]
    fn a_name_is_never_a_part_of_the_filter() {
        assert!(!finds("(uid={username})", "a*"));
        assert!(!finds("(uid={username})", "x)(type=*"));
        assert!(!finds("(&(uid={username}))", "{user_login_attribute}"));
        assert!(Filter::read(&"(!".repeat(100_000)).is_none());
    }
}
