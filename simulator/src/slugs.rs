//! Slugs: the names of groups, policies and tenants that are made for programs.

use crate::passwords::random_text;
use crate::validate::Rule;

/// The slugs of groups and policies.
pub const SLUG: Rule = Rule::Pattern("^[a-zA-Z0-9_-]+$", |text| {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
});

/// A slug from a name, or a random one where that is taken or empty.
pub fn make_slug(name: &str, allowed: fn(char) -> bool, length: usize, taken: impl Fn(&str) -> bool) -> String {
    let mut slug: String = name.chars().filter(|character| allowed(*character)).take(length).collect();
    while slug.is_empty() || taken(&slug) {
        slug = random_text(b"abcdefghijklmnopqrstuvwxyz0123456789", 3);
    }
    slug
}

/// What slugs of groups and policies are made of.
pub fn in_slug(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}
