//! Derives the state that an exchange needs from the exchange itself.
//!
//! What the path names is there, unless the answer says that it is not. What the answer shows was so before; where the
//! request changes it, it was different before. The caller may do all, in the tenant of what is touched, unless the
//! answer says otherwise. What cannot be read off like this is in `recipes.rs`.

mod access;
mod services;
mod tenancy;
mod users;

use serde_json::Value;

use crate::exchange::Exchange;
use crate::recipes::RECIPES;
use crate::world::{SUB_TENANT, TOP_TENANT, World};

/// The state in which the exchange can happen again.
pub fn world_for(exchange: &Exchange) -> World {
    let mut case = Case::new(exchange);
    let segments = exchange.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match path[..] {
        ["admin", "users", ..] => users::prepare(&mut case, &path[1..]),
        ["users" | "emails", ..] => users::prepare(&mut case, &path),
        ["groups" | "policies", ..] => access::prepare(&mut case, &path),
        ["tenants" | "sessions" | "token" | "tokens", ..] => tenancy::prepare(&mut case, &path),
        _ => services::prepare(&mut case, &path),
    }
    let mut world = case.world;
    for (_, _, refine) in RECIPES.iter().filter(|(line, ..)| *line == exchange.line) {
        refine(&mut world);
    }
    world
}

/// An exchange being prepared.
struct Case<'a> {
    exchange: &'a Exchange,
    method: &'a str,
    status: u16,
    answer: Value,
    body: Value,
    /// The one thing that a 404 says is not there: a uuid or a slug.
    absent: Option<String>,
    world: World,
}

impl<'a> Case<'a> {
    /// The exchange with its tenants and its caller made.
    fn new(exchange: &'a Exchange) -> Self {
        let (answer, body) = (exchange.response_json(), exchange.request_json());
        let mut case = Self {
            exchange,
            method: &exchange.method,
            status: exchange.status,
            absent: (exchange.status == 404).then(|| absent(&answer)).flatten(),
            answer,
            body,
            world: World::new(),
        };
        case.world.tenant = case.tenant();
        if case.world.tenant != TOP_TENANT {
            let tenant = case.world.tenant.clone();
            case.world.tenant(&tenant);
        }
        case.world.tenant(SUB_TENANT);
        if let Some(token) = exchange.request_header("x-auth-token") {
            let (tenant, acl) = (case.caller_tenant(), case.caller_access());
            case.world.token(token, &tenant, acl);
        }
        case
    }

    /// The tenant of what is touched: as the answer says, else as the request names it, else the top one.
    fn tenant(&self) -> String {
        // A tenant's own routes show the tenant itself, and registering makes a new one.
        let in_answer = if self.exchange.target.contains("/register") {
            None
        } else {
            self.answer["tenant_uuid"].as_str().or(self.answer["items"][0]["tenant_uuid"].as_str())
        };
        let in_header = self.exchange.wazo_tenant().filter(|_| self.status != 401);
        let in_body = self.body["users"][0]["tenant_uuid"].as_str();
        in_answer.or(in_header).or(in_body).unwrap_or(TOP_TENANT).to_owned()
    }

    fn caller_tenant(&self) -> String {
        let refused = self.status == 401 && self.answer["error_id"] == "unauthorized-tenant";
        let only_for_top = self.status == 401 && self.exchange.target == "/0.1/config";
        match self.exchange.wazo_tenant() {
            Some(TOP_TENANT) if refused => SUB_TENANT.to_owned(),
            None if only_for_top => SUB_TENANT.to_owned(),
            None => self.world.tenant.clone(),
            // It sees the tenant that it names, or that tenant does not exist.
            Some(_) => TOP_TENANT.to_owned(),
        }
    }

    fn caller_access(&self) -> &'static [&'static str] {
        if self.answer["details"]["required_access"].is_string() { &["auth.#", "authorized"] } else { &["#"] }
    }

    /// Whether the answer lets the thing be there.
    fn is_there(&self, name: &str) -> bool {
        self.absent.as_deref() != Some(name)
    }

    /// What the answer shows, as it was before the request changed `key`.
    fn before(&self, key: &str) -> Value {
        let mut before = self.answer.clone();
        if self.method == "PUT" && before[key].is_string() {
            before[key] = Value::from(format!("before {}", self.answer[key].as_str().unwrap_or_default()));
        }
        before
    }

    /// The name in quotes in a conflict's text: `Group "foobar" already exists`.
    fn conflicting(&self) -> Option<String> {
        if self.status != 409 {
            return None;
        }
        let text = self.exchange.response_body.replace("\\\"", "\u{1}");
        text.split('\u{1}').nth(1).map(|name| name.trim_matches(|c| "[]'".contains(c)).to_owned())
    }

    /// Makes each item of a listing, and others so that the total is right. `others` are made first where the request
    /// skips the first ones.
    fn listing(&mut self, make: fn(&mut World, &Value), filler: fn(&mut World, &str)) {
        let items = self.answer["items"].as_array().cloned().unwrap_or_default();
        let total = usize::try_from(self.answer["total"].as_u64().unwrap_or_default()).unwrap_or_default();
        let is_skipping = self.exchange.query("offset").is_some();
        let fillers = (items.len()..total).map(|n| format!("{}{n}", if is_skipping { "aaa" } else { "zzz" }));
        if is_skipping {
            fillers.clone().for_each(|name| filler(&mut self.world, &name));
        }
        for item in &items {
            make(&mut self.world, item);
        }
        if !is_skipping {
            fillers.for_each(|name| filler(&mut self.world, &name));
        }
    }
}

/// What a 404 says is not there: `details.uuid`, or the name in `No such policy {'slug': 'name'}`.
fn absent(answer: &Value) -> Option<String> {
    if let Some(uuid) = answer["details"]["uuid"].as_str() {
        return Some(uuid.to_owned());
    }
    let text = answer["reason"][0].as_str()?;
    Some(text.rsplit_once(": '")?.1.trim_end_matches("'}").to_owned())
}
