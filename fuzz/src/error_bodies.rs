//! Answers of any status, with any headers and body, to any operation, whose secrets are known: no error shows one.
//!
//! The first byte is the operation, two more the status; lines `name: value` up to an empty line are headers, and the rest
//! is the body. In both, the byte 2 and the one behind it stand for a form of a secret.

use crate::arguments::options;
use crate::byte;
use crate::telling::{check, forms, with_secrets};
use std::sync::OnceLock;
use wazo_auth_client::client::internals::Ready;
use wazo_auth_client::operations::{self, Kind, Operation, Place};
use wazo_auth_client::{Arguments, Client};

/// The token of the client; it may stand in a header.
pub const TOKEN: &str = "t0ken-5ecret/+%&";
/// What the caller gives for every secret of an operation.
pub const GIVEN: &str = "g1ven-\u{e4}\u{1f511}/\"+% &";

/// The operations, ready to be judged, and whether they know what was given.
fn all() -> &'static [(Ready, bool)] {
    static READY: OnceLock<Vec<(Ready, bool)>> = OnceLock::new();
    READY.get_or_init(|| {
        let mut options = options();
        options.set("token", TOKEN).expect("a token");
        let client = Client::new(&options).expect("a client");
        let ready: Vec<_> = operations::all().map(|operation| prepared(&client, operation)).collect();
        assert!(ready.len() > 80, "{}", ready.len());
        ready
    })
}

/// The forms of the secrets that a call knows: of the client's token, and of what was given where something was.
pub fn known(is_given: bool) -> &'static [String] {
    static KNOWN: OnceLock<[Vec<String>; 2]> = OnceLock::new();
    let all = KNOWN.get_or_init(|| [forms(TOKEN), [TOKEN, GIVEN].iter().flat_map(|secret| forms(secret)).collect()]);
    &all[usize::from(is_given)]
}

/// An operation with all that it requires, and all its secrets.
fn prepared(client: &Client, operation: &'static Operation) -> (Ready, bool) {
    let (mut arguments, mut is_given) = (Arguments::new(), false);
    for parameter in operation.each_parameter() {
        let is_needed = parameter.required || parameter.secret || parameter.place == Place::Username;
        // A token in a header is another's, not the client's.
        if !is_needed || parameter.place == Place::Token {
            continue;
        }
        is_given |= parameter.secret;
        let text = serde_json::Value::from(if parameter.secret { GIVEN } else { "value" }).to_string();
        let json = match parameter.kind {
            Kind::Text | Kind::Any => text,
            Kind::Integer => "1".into(),
            Kind::Boolean => "true".into(),
            Kind::Texts => format!("[{text}]"),
            Kind::Objects => format!("[{{\"a\": {text}}}]"),
            Kind::Object => format!("{{\"a\": {text}}}"),
        };
        arguments = arguments.with_json(parameter.name, &json).expect("JSON");
    }
    let ready = client.prepare(operation.name, &arguments);
    (ready.unwrap_or_else(|error| panic!("{}: {error}", operation.name)), is_given)
}

/// The target.
pub fn run(data: &[u8]) {
    let (operation, rest) = byte(data);
    let (high, rest) = byte(rest);
    let (low, rest) = byte(rest);
    let (ready, is_given) = &all()[usize::from(operation) % all().len()];
    let status = u16::from_be_bytes([high, low]) % 1000;
    let filled = with_secrets(rest, known(*is_given));
    let mut rest = filled.as_slice();
    let mut headers = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let Some(colon) = line.windows(2).position(|two| two == b": ") else { break };
        headers.push((&line[..colon], &line[colon + 2..]));
    }
    match ready.judge_with(status, &headers, rest) {
        Err(error) => {
            check(&error, known(*is_given));
            assert!(error.status() == status || error.answer.is_none(), "{status}: {error:?}");
        }
        Ok(outcome) => {
            assert_eq!(outcome.status, status);
            assert!(wazo_auth_client::internals::json::is_json(&outcome.json), "{status}: {:?}", outcome.json);
        }
    }
}
