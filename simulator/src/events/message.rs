//! A message as it goes over the bus: the headers that listeners bind to, and a body that repeats them around the data.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::state::State;

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Such as `auth_session_deleted`.
    pub name: &'static str,
    pub routing_key: String,
    /// What the headers exchange routes by.
    pub headers: Map<String, Value>,
    pub data: Value,
}

impl Message {
    /// The body, JSON: the headers and the data.
    pub fn body(&self) -> Value {
        let mut body = self.headers.clone();
        body.insert("data".into(), self.data.clone());
        body.into()
    }
}

/// Whom a message is for.
pub enum To<'a> {
    /// All users of the tenant.
    Tenant,
    /// One user; empty: nobody in particular.
    User(&'a str),
    /// A user, about one of its sessions.
    Session(&'a str, &'a str),
}

/// Makes the message. `path` is the routing key without its `auth.` and with `/` between its parts, which are escaped.
pub fn make(state: &State, name: &'static str, path: &[&str], tenant: &str, to: &To, data: Value) -> Message {
    let parts: Vec<String> = path.iter().map(|part| escape(part)).collect();
    let routing_key = format!("auth.{}", parts.join("."));
    let mut headers = Map::new();
    headers.insert("tenant_uuid".into(), or_null(tenant));
    match to {
        To::Tenant => _ = headers.insert("user_uuid:*".into(), true.into()),
        To::User(user) | To::Session(user, _) if !user.is_empty() => {
            headers.insert(format!("user_uuid:{user}"), true.into());
        }
        To::User(_) | To::Session(..) => {}
    }
    if let To::Session(_, session) = to {
        headers.insert("session_uuid".into(), (*session).into());
    }
    let rest = json!({
        "name": name,
        "required_access": format!("event.{name}"),
        "required_acl": format!("events.{routing_key}"),
        "origin_uuid": state.settings.xivo_uuid,
        "timestamp": clock::iso_local(state.now()),
    });
    if let Value::Object(rest) = rest {
        headers.extend(rest);
    }
    Message { name, routing_key, headers, data }
}

/// A part of a routing key, without the characters that mean something there.
fn escape(part: &str) -> String {
    part.replace('.', "__DOT__").replace('#', "__HASH__").replace('*', "__STAR__")
}

/// A text, or null where it is empty.
pub fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_wazo_auth_publishes_it() {
        let mut state = State::default();
        state.settings.now = Some(1_795_437_883.0);
        let data = json!({"uuid": "s"});
        let to = To::Session("u", "s");
        let message = make(&state, "auth_session_deleted", &["sessions", "s", "deleted"], "t", &to, data);
        assert_eq!(message.routing_key, "auth.sessions.s.deleted");
        let body = json!({
            "tenant_uuid": "t",
            "user_uuid:u": true,
            "session_uuid": "s",
            "name": "auth_session_deleted",
            "required_access": "event.auth_session_deleted",
            "required_acl": "events.auth.sessions.s.deleted",
            "origin_uuid": "the-predefined-xivo-uuid",
            "timestamp": clock::iso_local(1_795_437_883.0),
            "data": {"uuid": "s"},
        });
        assert_eq!(message.body(), body);
    }

    #[test]
    fn parts_of_the_routing_key_are_escaped() {
        let message =
            make(&State::default(), "n", &["users", "u", "tokens", "a.b#*", "created"], "t", &To::Tenant, json!({}));
        assert_eq!(message.routing_key, "auth.users.u.tokens.a__DOT__b__HASH____STAR__.created");
        assert_eq!(message.headers["user_uuid:*"], true);
    }
}
