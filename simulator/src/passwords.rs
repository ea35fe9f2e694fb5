//! Passwords: hashed as the real server hashes them, with fewer rounds unless told otherwise.

use std::num::NonZeroU32;

use ring::pbkdf2::{self, PBKDF2_HMAC_SHA512};
use ring::rand::{SecureRandom, SystemRandom};

const SALT_LENGTH: usize = 64;
const HASH_LENGTH: usize = 64;

/// `rounds$salt$hash` of a password.
pub fn hash(password: &str, rounds: u32) -> String {
    let salt = random_bytes::<SALT_LENGTH>();
    let rounds = NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN);
    let mut hash = [0; HASH_LENGTH];
    pbkdf2::derive(PBKDF2_HMAC_SHA512, rounds, &salt, password.as_bytes(), &mut hash);
    format!("{rounds}${}${}", to_hex(&salt), to_hex(&hash))
}

/// Whether the password is the one that was hashed.
pub fn verify(password: &str, hashed: &str) -> bool {
    let mut parts = hashed.split('$');
    let (Some(rounds), Some(salt), Some(hash)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (Ok(rounds), Some(salt), Some(hash)) = (rounds.parse(), from_hex(salt), from_hex(hash)) else { return false };
    pbkdf2::verify(PBKDF2_HMAC_SHA512, rounds, &salt, password.as_bytes(), &hash).is_ok()
}

/// Random bytes.
///
/// # Panics
///
/// Where the system has no randomness to give.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system gives no random bytes");
    bytes
}

/// A new UUID of version 4.
pub fn new_uuid() -> String {
    let mut bytes = random_bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = to_hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A random text of these characters.
pub fn random_text(characters: &[u8], length: usize) -> String {
    let bytes = random_bytes::<64>();
    bytes
        .iter()
        .cycle()
        .take(length)
        .map(|byte| char::from(characters[usize::from(*byte) % characters.len()]))
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_verified() {
        let hashed = hash("secret", 10);
        assert!(verify("secret", &hashed));
        assert!(!verify("Secret", &hashed));
        assert!(!verify("secret", ""));
    }
}
