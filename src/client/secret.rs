//! Secrets of a call: never shown, and masked where a server repeats them.

use std::fmt;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A text that is in no error, log or debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The secrets that one call carries, to be masked in whatever is said of it.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Shorter ones are not looked for: masking `a` everywhere would make every text unreadable, and tell as much.
    const SHORTEST: usize = 4;

    /// Adds one, in the forms in which it can come back: as it is, in a JSON text, in a URL.
    pub fn add(&mut self, secret: &str) {
        if secret.len() < Self::SHORTEST || self.0.iter().any(|known| known == secret) {
            return;
        }
        let in_json = serde_json::Value::from(secret).to_string();
        let in_path = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        let in_url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for form in [&in_json[1..in_json.len() - 1], &in_url, &in_path] {
            if form != secret {
                self.0.push(form.to_owned());
            }
        }
        self.0.push(secret.to_owned());
    }

    /// The text without the secrets.
    pub fn mask(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let mut secrets = Secrets::default();
        secrets.add("s3cr3t");
        secrets.add("a");
        assert_eq!(secrets.mask("the password s3cr3t, xs3cr3tx, and a"), "the password ***, x***x, and a");
        secrets.add("p\"s wôrd");
        assert_eq!(secrets.mask(r#"{"e": "p\"s wôrd"} ?p=p%22s+w%C3%B4rd"#), r#"{"e": "***"} ?p=***"#);
        assert_eq!(format!("{:?}", Secret("s3cr3t".into())), "***");
    }
}
