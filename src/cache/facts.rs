//! What the server says about a token: whose it is, what it may do, and until when.

use crate::access::{Entries, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, quoted};
use serde_json::value::RawValue;
use std::time::{Duration, SystemTime};

/// Whose a token is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The user, as access lists mean it by `me`.
    pub auth_id: String,
    /// The user's UUID.
    pub user_uuid: String,
    /// The tenant that the token belongs to.
    pub tenant_uuid: String,
    /// The session that the token belongs to.
    pub session_uuid: String,
    /// The server's metadata, a JSON object.
    pub metadata: String,
}

/// What the server says about a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is.
    pub who: Who,
    /// What it may do.
    pub entries: Entries,
    /// How long it lives, counted from when the server was asked; `None` where the server does not say.
    pub life: Option<Duration>,
}

/// wazo-auth itself may act in every tenant.
const OF_SERVER: &str = "wazo-auth";

/// Dates are in seconds, and the server's date is cut, not rounded.
const COARSE: Duration = Duration::from_secs(1);

impl Facts {
    /// Reads the server's answer about a token. `server_time` is the date of that answer, by the server's own clock.
    pub fn read(answer: &str, server_time: SystemTime) -> Result<Self> {
        let unexpected =
            |what: &str| Error::new(ErrorKind::Protocol, format!("the answer about a token has no {what}"));
        let json: &RawValue = serde_json::from_str(answer).map_err(|_| unexpected("JSON object"))?;
        let object = Json::of(json).ok_or_else(|| unexpected("JSON object"))?;
        let text = |member: Option<&RawValue>| match member.and_then(Json::of) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        };
        let [metadata_json, auth_id, acl, session_uuid, expires] =
            object.members(["metadata", "auth_id", "acl", "session_uuid", "utc_expires_at"]);
        let metadata = metadata_json.and_then(Json::of).unwrap_or(Json::Null);
        let [user_uuid, tenant_uuid] = metadata.members(["uuid", "tenant_uuid"]);
        let auth_id = text(auth_id).ok_or_else(|| unexpected("auth_id"))?;
        let acl = acl.ok_or_else(|| unexpected("acl"))?;
        let entries = Entries::from_json(acl, "acl").map_err(|_| unexpected("acl that is a list of strings"))?;
        let who = Who {
            user_uuid: text(user_uuid).unwrap_or_else(|| auth_id.clone()),
            tenant_uuid: text(tenant_uuid).unwrap_or_default(),
            session_uuid: text(session_uuid).unwrap_or_default(),
            metadata: match metadata {
                Json::Object(_) => metadata_json.map_or_else(|| "{}".into(), |json| json.get().to_owned()),
                _ => "{}".into(),
            },
            auth_id,
        };
        let expires = text(expires).and_then(|date| humantime::parse_rfc3339_weak(&date).ok());
        let life =
            expires.map(|expires| expires.duration_since(server_time).unwrap_or_default().saturating_sub(COARSE));
        Ok(Self { who, entries, life })
    }
}

impl Who {
    /// Whom the words `me` and `my_session` stand for.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            auth_id: Some(&self.auth_id),
            session_uuid: Some(self.session_uuid.as_str()).filter(|session| !session.is_empty()),
        }
    }

    /// Of nobody, as for an invalid token.
    pub fn nobody() -> Self {
        Self { metadata: "null".into(), ..Self::default() }
    }

    /// Whether it may act in every tenant.
    pub fn is_server(&self) -> bool {
        self.auth_id == OF_SERVER
    }

    /// The members of a JSON object, without its braces.
    pub fn members(&self) -> String {
        let text = |text: &str| if text.is_empty() { "null".to_owned() } else { quoted(text) };
        format!(
            r#""user_uuid":{},"tenant_uuid":{},"session_uuid":{},"auth_id":{},"metadata":{}"#,
            text(&self.user_uuid),
            text(&self.tenant_uuid),
            text(&self.session_uuid),
            text(&self.auth_id),
            self.metadata
        )
    }

    /// As bytes that can be kept: each text behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        for text in [&self.auth_id, &self.user_uuid, &self.tenant_uuid, &self.session_uuid, &self.metadata] {
            bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    /// From those bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [auth_id, user_uuid, tenant_uuid, session_uuid, metadata] = texts_of(bytes)?.map(str::to_owned);
        Some(Self { auth_id, user_uuid, tenant_uuid, session_uuid, metadata })
    }

    /// [`Who::subject`] from those bytes, without a copy.
    pub fn subject_of(bytes: &[u8]) -> Option<Subject<'_>> {
        let [auth_id, _, _, session_uuid, _] = texts_of(bytes)?;
        Some(Subject { auth_id: Some(auth_id), session_uuid: Some(session_uuid).filter(|session| !session.is_empty()) })
    }
}

fn texts_of(bytes: &[u8]) -> Option<[&str; 5]> {
    let mut rest = bytes;
    let mut texts = [""; 5];
    for text in &mut texts {
        let (length, after) = rest.split_first_chunk()?;
        let (bytes, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        *text = std::str::from_utf8(bytes).ok()?;
        rest = after;
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"token": "t", "auth_id": "u1", "acl": ["a.me.#", "!b"], "session_uuid": "s1",
        "metadata": {"uuid": "u1", "tenant_uuid": "t1", "purpose": "user"},
        "utc_expires_at": "2026-11-23T14:44:43.000000"}"#;

    fn at(date: &str) -> SystemTime {
        humantime::parse_rfc3339_weak(date).unwrap()
    }

    #[test]
    fn an_answer_says_whose_a_token_is_what_it_may_do_and_until_when() {
        let facts = Facts::read(ANSWER, at("2026-11-23T14:43:43")).unwrap();
        assert_eq!((facts.who.user_uuid.as_str(), facts.who.tenant_uuid.as_str()), ("u1", "t1"));
        assert_eq!(facts.life, Some(Duration::from_secs(59)), "by the server's clock, less what its date leaves out");
        assert!(facts.entries.allow("a.u1.b", facts.who.subject()) && !facts.entries.allow("b", facts.who.subject()));
        let bytes = facts.who.to_bytes();
        assert_eq!(Who::from_bytes(&bytes), Some(facts.who.clone()));
        let subject = Who::subject_of(&bytes).unwrap();
        assert_eq!((subject.auth_id, subject.session_uuid), (Some("u1"), Some("s1")));
        assert!(Who::from_bytes(&bytes[..9]).is_none() && Who::subject_of(&[]).is_none());
        let json: serde_json::Value = serde_json::from_str(&format!("{{{}}}", facts.who.members())).unwrap();
        assert_eq!((json["session_uuid"].as_str(), json["metadata"]["purpose"].as_str()), (Some("s1"), Some("user")));
        assert_eq!(Facts::read(ANSWER, at("2027-01-01T00:00:00")).unwrap().life, Some(Duration::ZERO));
    }

    #[test]
    fn an_answer_that_lacks_what_a_decision_needs_is_an_error() {
        for (change, lacks) in [("\"acl\"", "acl"), ("\"auth_id\"", "auth_id")] {
            let error = Facts::read(&ANSWER.replacen(change, "\"x\"", 1), SystemTime::UNIX_EPOCH).unwrap_err();
            assert!(error.kind == ErrorKind::Protocol && error.message.contains(lacks), "{}", error.message);
        }
        assert!(Facts::read("[]", SystemTime::UNIX_EPOCH).is_err());
        let bare = Facts::read(r#"{"auth_id": "wazo-auth", "acl": []}"#, SystemTime::UNIX_EPOCH).unwrap();
        assert!(bare.who.is_server() && bare.life.is_none());
        assert_eq!(bare.who.subject().session_uuid, None);
        assert!(bare.who.members().contains(r#""tenant_uuid":null"#));
    }
}
