//! What wazo-auth's messages on the bus say about tokens.

use crate::error::{Error, Result};
use crate::json::Json;
use serde_json::value::RawValue;

/// What is revoked.
#[derive(Clone, Copy, Debug)]
pub enum Revoke<'a> {
    /// One token.
    Token(&'a str),
    /// The tokens of a session, by its UUID.
    Session(&'a str),
    /// The tokens of a user, by the UUID.
    User(&'a str),
    /// The tokens of a tenant, by its UUID, and what is known about the use of others in it.
    Tenant(&'a str),
    /// Everything.
    All,
}

/// What a message revokes.
#[derive(Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The tokens of this session.
    Session(String),
    /// The tokens of this tenant, and what is known about the use of others in it.
    Tenant(String),
}

impl Revoked {
    /// The same, for [`super::Verifier::invalidate`].
    pub fn as_revoke(&self) -> Revoke<'_> {
        match self {
            Self::Session(uuid) => Revoke::Session(uuid),
            Self::Tenant(uuid) => Revoke::Tenant(uuid),
        }
    }
}

/// Reads a message; `None` where it says nothing about tokens.
pub fn revoked(event: &str) -> Result<Option<Revoked>> {
    let expected =
        || Error::invalid(r#"argument event_json: expected a message of the bus, {"name": "...", "data": {...}}"#);
    let json: &RawValue = serde_json::from_str(event).map_err(|_| expected())?;
    let message = Json::of(json).ok_or_else(expected)?;
    let name = message.member("name").and_then(Json::of).and_then(Json::into_text).ok_or_else(expected)?;
    let make: fn(String) -> Revoked = match name.as_str() {
        "auth_session_deleted" => Revoked::Session,
        // A tenant that was moved, or is new, may be used by others than before.
        "auth_tenant_added" | "auth_tenant_updated" | "auth_tenant_deleted" => Revoked::Tenant,
        _ => return Ok(None),
    };
    let data = message.member("data").and_then(Json::of).ok_or_else(expected)?;
    match data.member("uuid").and_then(Json::of) {
        Some(Json::Text(uuid)) => Ok(Some(make(uuid))),
        _ => Err(Error::invalid(format!("argument event_json: a message {name} without a `uuid` in its data"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_revoke_what_they_are_about_and_others_nothing() {
        let read = |event: &str| revoked(event).unwrap();
        let deleted = r#"{"name": "auth_session_deleted", "origin_uuid": "o",
            "data": {"uuid": "s1", "user_uuid": "u", "tenant_uuid": "t"}}"#;
        assert_eq!(read(deleted), Some(Revoked::Session("s1".into())));
        let tenant = r#"{"name": "auth_tenant_deleted", "data": {"uuid": "t1"}}"#;
        assert_eq!(read(tenant), Some(Revoked::Tenant("t1".into())));
        for name in ["auth_session_created", "auth_session_expire_soon", "call_created"] {
            assert_eq!(read(&format!(r#"{{"name": "{name}", "data": {{"uuid": "s1"}}}}"#)), None);
        }
        for wrong in ["", "[]", "{}", r#"{"name": "auth_session_deleted", "data": {}}"#, r#"{"name": 7, "data"}"#] {
            assert!(revoked(wrong).is_err(), "{wrong}");
        }
    }
}
