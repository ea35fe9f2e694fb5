//! The mock mode (`--mock`): the small wazo-auth that the integration tests of Wazo's daemons run against.
//!
//! Those tests do not log users in. They say what is true: this token has that access list, these tenants exist, this
//! password is wrong. They do it with the control routes of Wazo's test helpers (`POST /_set_token` and others, in
//! `control`), and the daemon under test then calls the operations in `answers`, which believe what was said. A token
//! is any text, an access list is compared word by word, and unknown credentials succeed.
//!
//! What is set here is kept apart from [`crate::state`]: it follows none of its rules. Where the helpers' own mock breaks
//! down (status 500: an unknown token together with a tenant), this one gives the refusal that a client understands.

mod answers;
mod content;
mod control;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::http::{Answer, Request};

/// How many requests `GET /0.1/_requests` lists at most.
const KEPT: usize = 1024;

/// The mock, as all connections share it.
#[derive(Debug)]
pub struct Mock(Mutex<Store>);

/// What tests have set, and what the operations have changed. JSON as it came: tests may add members of their own.
#[derive(Debug, Default)]
struct Store {
    /// By their identifier.
    tokens: IndexMap<String, Value>,
    /// Name to password and the identifier of the token that the login gives.
    credentials: HashMap<String, (String, String)>,
    /// Names and passwords that are refused.
    refused: Vec<(String, String)>,
    /// Names and passwords that get a token that is not valid.
    for_invalid_token: Vec<(String, String)>,
    tenants: Vec<Value>,
    /// By their UUID.
    users: IndexMap<String, Value>,
    sessions: Vec<Value>,
    refresh_tokens: Vec<Value>,
    /// The answer for every user and every service.
    external: Map<String, Value>,
    /// By service.
    external_config: Map<String, Value>,
    /// By service: a list of users.
    external_users: Map<String, Value>,
    requests: VecDeque<Value>,
}

/// A call: the request, and the variable parts of its path in their order.
struct Call<'a> {
    request: &'a Request,
    parts: Vec<&'a str>,
}

impl Call<'_> {
    fn part(&self, index: usize) -> &str {
        self.parts.get(index).copied().unwrap_or_default()
    }

    /// The body as JSON; the content type is not looked at.
    fn json(&self) -> Result<Value, Answer> {
        serde_json::from_slice(&self.request.body)
            .map_err(|error| complaint(400, &format!("the body: expected JSON; {error}")))
    }
}

/// What a route gives. Both are sent; an error only ends the work early.
type Reply = Result<Answer, Answer>;

/// The method, the path with `*` for each variable part, and what answers it.
type Route = (&'static str, &'static str, fn(&Call, &mut Store) -> Reply);

impl Default for Mock {
    fn default() -> Self {
        Self(Mutex::new(content::initial()))
    }
}

impl Mock {
    /// Answers a request.
    pub fn answer(&self, request: &Request) -> Answer {
        let path = below_prefix(&request.path);
        let mut store = self.store();
        if !is_control_route(path) {
            store.note(request);
        }
        let segments: Vec<&str> = path.split('/').collect();
        let routes = || control::ROUTES.iter().chain(answers::ROUTES);
        let found: Vec<(&Route, Vec<&str>)> =
            routes().filter_map(|route| Some((route, matches(route.1, &segments)?))).collect();
        // As Flask does, HEAD is answered as GET where there is no HEAD of its own.
        let with = |method: &str| found.iter().find(|((known, ..), _)| *known == method);
        let method = request.method.as_str();
        let chosen = with(method).or_else(|| if method == "HEAD" { with("GET") } else { None });
        let Some(((_, _, answer), parts)) = chosen else {
            let status = if found.is_empty() { 404 } else { 405 };
            return complaint(
                status,
                &format!("the mock has no {method} {path}; docs/simulator-reference.md lists what it has"),
            );
        };
        answer(&Call { request, parts: parts.clone() }, &mut store).unwrap_or_else(|refusal| refusal)
    }

    /// All that is set, for people who look: `GET /_simulator/mock`.
    pub fn shown(&self) -> Value {
        let store = self.store();
        let pairs = |list: &[(String, String)]| -> Vec<Value> {
            list.iter().map(|(username, password)| json!({"username": username, "password": password})).collect()
        };
        let credentials: Vec<Value> = store
            .credentials
            .iter()
            .map(|(username, (password, token))| json!({"username": username, "password": password, "token": token}))
            .collect();
        json!({
            "tokens": store.tokens.values().collect::<Vec<_>>(),
            "valid_credentials": credentials,
            "invalid_credentials": pairs(&store.refused),
            "credentials_for_invalid_token": pairs(&store.for_invalid_token),
            "tenants": store.tenants,
            "users": store.users.values().collect::<Vec<_>>(),
            "sessions": store.sessions,
            "refresh_tokens": store.refresh_tokens,
            "external_auth": store.external,
            "external_config": store.external_config,
            "external_users": store.external_users,
        })
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Keeps a request in the form that the helpers' users read: names of headers with capitals, the body as a text and,
    /// where it is said to be JSON, as JSON.
    fn note(&mut self, request: &Request) {
        let headers: Map<String, Value> = request
            .headers
            .iter()
            .map(|(name, value)| (capitals(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let query: Map<String, Value> =
            request.query.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        let is_json =
            request.header("Content-Type").split(';').next().is_some_and(|kind| kind.trim().ends_with("json"));
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(json!({
            "method": request.method.as_str(),
            "path": request.path,
            "query": query,
            "body": String::from_utf8_lossy(&request.body),
            "json": if is_json { serde_json::from_slice(&request.body).unwrap_or_default() } else { Value::Null },
            "headers": headers,
        }));
    }
}

/// The path without the prefix that it has behind Wazo's proxy.
fn below_prefix(path: &str) -> &str {
    path.strip_prefix("/api/auth").unwrap_or(path)
}

/// Whether the path is one of those that tests call, not the daemon: they are not listed, and no fault strikes them.
pub fn is_control_route(path: &str) -> bool {
    below_prefix(path).starts_with("/_")
}

/// `x-auth-token` as `X-Auth-Token`: HTTP/2, and so hyper, knows small letters only.
fn capitals(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut letters = part.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    parts.collect::<Vec<_>>().join("-")
}

fn matches<'a>(pattern: &str, segments: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut parts = Vec::new();
    let mut given = segments.iter();
    for wanted in pattern.split('/') {
        let segment = *given.next()?;
        match wanted {
            "*" if !segment.is_empty() => parts.push(segment),
            _ if wanted == segment => {}
            _ => return None,
        }
    }
    given.next().is_none().then_some(parts)
}

/// An answer without a body, as most of the mock's are.
fn bare(status: u16) -> Answer {
    Answer::text(status, "text/html; charset=utf-8", "")
}

fn complaint(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

/// The member as a text, empty where there is none.
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A page of a list that is not divided into pages.
fn listed(items: &[Value]) -> Value {
    json!({"items": items, "total": items.len(), "filtered": items.len()})
}
