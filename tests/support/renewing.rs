//! What the tests of renewers share: clients of the simulator, and what the simulator has seen.

#![allow(dead_code, reason = "each program of tests uses its own part")]

use crate::support::Simulator;
use serde_json::{Value, json};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wazo_auth_client::options::ServiceSettings as _;
use wazo_auth_client::renewer::Listener;
use wazo_auth_client::{Arguments, Client, Options, Renewer, RenewerSettings};

pub const PASSWORD: &str = "s3cr3t-passw0rd";
pub const LONG: Duration = Duration::from_secs(30);

pub fn server() -> Simulator {
    Simulator::start(PASSWORD)
}

pub fn client_with(server: &Simulator, settings: &str) -> Client {
    client_as(server, PASSWORD, settings)
}

pub fn client_as(server: &Simulator, password: &str, settings: &str) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://admin:{password}@127.0.0.1:{}?{settings}", server.port)).unwrap();
    Client::new(&options).unwrap()
}

pub fn client(server: &Simulator) -> Client {
    client_with(server, "timeout_ms=20000")
}

pub fn renewer(client: &Client, settings: &str) -> Renewer {
    Renewer::new(client, RenewerSettings::from_json(settings).unwrap()).unwrap()
}

pub fn started(client: &Client, settings: &str) -> Renewer {
    let renewer = renewer(client, settings);
    renewer.start(Some(LONG)).unwrap();
    renewer
}

pub fn snapshot(renewer: &Renewer) -> Value {
    serde_json::from_str(&renewer.snapshot()).unwrap()
}

pub fn token(renewer: &Renewer) -> String {
    renewer.token().expect("a token").0
}

pub fn list(client: &Client) -> wazo_auth_client::Result<wazo_auth_client::Outcome> {
    client.call_by_name("users.list", &Arguments::new())
}

/// The requests that the server has had, of this method and with a path that ends so.
pub fn requests(server: &Simulator, method: &str, path: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(&server.control("GET", "requests", "")).unwrap();
    let all = all["items"].as_array().unwrap().clone();
    let is_meant = |request: &Value| {
        request["method"] == method && request["path"].as_str().unwrap().split('?').next().unwrap().ends_with(path)
    };
    all.into_iter().filter(is_meant).collect()
}

pub fn logins(server: &Simulator) -> usize {
    requests(server, "POST", "/token").len()
}

pub fn revoke(client: &Client, token: &str) {
    client.call_by_name("token.revoke", &Arguments::new().with("token", token)).unwrap();
}

pub fn is_valid(client: &Client, token: &str) -> bool {
    client.call_by_name("token.check", &Arguments::new().with("token", token)).unwrap().is_yes()
}

pub fn delay_logins(server: &Simulator, ms: u64) {
    server.faults(&json!([{"fault": "delay", "ms": ms, "method": "POST", "path": "*/token"}]));
}

/// A listener that sends what it hears.
pub fn heard() -> (Arc<Listener>, Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    (Arc::new(move |text: &str| sender.lock().unwrap().send(text.to_owned()).unwrap_or_default()), receiver)
}

pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "{what}");
        std::thread::yield_now();
    }
}
