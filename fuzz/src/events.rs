//! Messages of a bus: the whole input is the message, and serde_json says what it is.

use crate::telling::check;
use serde_json::Value;
use std::sync::OnceLock;
use wazo_auth_client::options::{ServiceSettings, VerifierSettings};
use wazo_auth_client::{Client, Options, Verifier};

/// The messages that revoke something.
const REVOKING: &[&str] = &["auth_session_deleted", "auth_tenant_added", "auth_tenant_updated", "auth_tenant_deleted"];

fn verifier() -> &'static Verifier {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        let mut options = Options::new();
        options.set("host", "127.0.0.1").expect("a host");
        let client = Client::new(&options).expect("a client");
        Verifier::new(&client, &VerifierSettings::defaults()).expect("a verifier")
    })
}

/// The target.
pub fn run(data: &[u8]) {
    let message = String::from_utf8_lossy(data);
    let applied = verifier().apply_event(&message);
    if let Err(error) = &applied {
        check(error, &[]);
    }
    // Names that mean something to `Value`, and what is too deep for it.
    if message.contains("$serde_json") || message.contains("\\u") || message.matches(['[', '{']).count() > 100 {
        return;
    }
    let value = match serde_json::from_str::<Value>(&message) {
        Ok(value) => value,
        // JSON all the same: a number that no double holds. What serde_json does not read, it cannot judge.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        Err(_) => {
            assert!(applied.is_err(), "it is no JSON: {message:?}");
            return;
        }
    };
    let is_revoking = value["name"].as_str().is_some_and(|name| REVOKING.contains(&name));
    let has_uuid = value["data"]["uuid"].is_string();
    assert_eq!(matches!(applied, Ok(true)), is_revoking && has_uuid, "{message:?}");
    assert!(!is_revoking || has_uuid || applied.is_err(), "a revocation was passed over: {message:?}");
}
