//! Chains of exchanges: what the server's own tests see beyond the recording, where one call changes what the next one
//! gives. Each exchange is told as a recorded one is, and compared as one.

mod backends;
mod events;
mod external;
mod groups;
mod ldap;
mod local_time;
mod mails;
mod metadata;
mod oauth2;
mod passwords;
mod refresh_tokens;
mod saml;
mod sessions;
mod tenants;
mod token_check;
mod wire;

use serde_json::{Value, json};
use wazo_auth_simulator::{Options, Simulator};

use crate::compare::Comparison;
use crate::exchange::Exchange;
use crate::http::{Answer, send};
use crate::world::{TOP_TENANT, World};

/// The token of a caller of the top tenant who may do everything.
pub const ADMIN: &str = "ad000000-0000-4000-8000-000000000001";
/// The user that a chain is about.
pub const USER: &str = "0e000000-0000-4000-8000-000000000001";
/// Stands for a UUID that the server draws.
pub const DRAWN: &str = "4f6c3571-7ad4-4b49-be0e-881238fa5ce9";

/// A simulator and what is known to it: UUIDs that are in it are compared, others are the server's own.
pub struct Chain {
    simulator: Simulator,
    known: String,
}

/// A request, built piece by piece.
pub struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

/// A request without a token and a body.
pub fn call(method: &'static str, target: impl Into<String>) -> Request {
    Request { method, target: target.into(), headers: Vec::new(), body: None }
}

/// A login with name and password; `body` is what it asks for.
pub fn login(name: &str, password: &str, body: &Value) -> Request {
    let encoded = base64(format!("{name}:{password}").as_bytes());
    call("POST", "/0.1/token").with("authorization", &format!("Basic {encoded}")).json(body)
}

impl Request {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// By the caller who holds this token.
    pub fn by(self, token: &str) -> Self {
        self.with("x-auth-token", token)
    }

    pub fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    /// With a body that calls itself JSON.
    pub fn text(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self.with("content-type", "application/json")
    }
}

impl Chain {
    /// Starts with the recorded installation, the administrator, and what `prepare` adds.
    pub fn new(prepare: impl FnOnce(&mut World)) -> Self {
        let mut world = World::new();
        world.token(ADMIN, TOP_TENANT, &["#"]);
        prepare(&mut world);
        let known = serde_json::to_string(&world.state).expect("the state as JSON");
        let simulator = Simulator::start_blocking(Options::default()).expect("the simulator starts");
        let chain = Self { simulator, known };
        let put = call("PUT", "/_simulator/state").text(&chain.known);
        assert_eq!(chain.send(&put).status, 204, "the state was refused");
        chain
    }

    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Sends a request, whatever it gives.
    pub fn send(&self, request: &Request) -> Answer {
        let Request { method, target, headers, body } = request;
        send(self.simulator.address(), method, target, headers, body.as_deref()).expect("an answer")
    }

    /// Sends a request that gives this status and this body; null: no body.
    #[track_caller]
    pub fn gives(&self, request: &Request, status: u16, body: &Value) -> Value {
        self.gives_with(request, status, &[], body)
    }

    /// The same with headers, each by its name in lower case.
    #[track_caller]
    pub fn gives_with(&self, request: &Request, status: u16, headers: &[(&str, &str)], body: &Value) -> Value {
        let came = self.send(request);
        let headers = [("content-type", "application/json")].iter().chain(headers);
        let recorded = Exchange {
            line: 0,
            method: request.method.to_owned(),
            target: request.target.clone(),
            request_headers: request.headers.clone(),
            request_body: request.body.clone(),
            status,
            response_headers: headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            response_body: if body.is_null() { String::new() } else { body.to_string() },
        };
        let known = format!("{} {} {}", self.known, request.target, request.body.as_deref().unwrap_or_default());
        let differences = Comparison { recorded: &recorded, known: &known }.differences(&came);
        assert!(differences.is_empty(), "{} {}: {}", request.method, request.target, differences.join("\n    "));
        serde_json::from_slice(&came.body).unwrap_or_default()
    }

    /// Logs in. Gives what the login gave: `token`, `metadata`...
    #[track_caller]
    pub fn log_in(&self, request: &Request) -> Value {
        let came = self.send(request);
        let text = String::from_utf8_lossy(&came.body);
        assert_eq!(came.status, 200, "the login was refused: {text}");
        serde_json::from_str::<Value>(&text).expect("JSON")["data"].clone()
    }

    /// Whether a token is live is what it should be.
    #[track_caller]
    pub fn is_live(&self, token: &Value, live: bool) {
        let check = call("HEAD", format!("/0.1/token/{}", token.as_str().expect("a token")));
        self.gives(&check, if live { 204 } else { 404 }, &Value::Null);
    }
}

/// An error as most operations tell it.
pub fn detailed(message: impl Into<Value>, error_id: &str, details: &Value, resource: &str) -> Value {
    let message = message.into();
    json!({"message": message, "error_id": error_id, "details": details, "timestamp": 1.5, "resource": resource})
}

/// An error as logins and token checks tell it.
pub fn reason(status: u16, reason: &str) -> Value {
    json!({"reason": [reason], "timestamp": [1.5], "status_code": status})
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[usize::try_from(bits >> (18 - 6 * place) & 63).expect("six bits")];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
