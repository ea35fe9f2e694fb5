//! Tokens that the server makes for itself: those that mails carry, and that of a plug-in.

use serde_json::Map;

use crate::passwords::new_uuid;
use crate::rows::{Session, Token};
use crate::state::State;

/// A token that the server makes for itself.
pub struct Own {
    pub user_agent: &'static str,
    pub remote_addr: &'static str,
    /// In seconds.
    pub lifetime: f64,
}

const OF_MAIL: Own = Own { user_agent: "wazo-auth-email-reset", remote_addr: "", lifetime: 172_800.0 };

/// A token that a mail carries: it may do this one thing.
pub fn create_for_mail(state: &mut State, access: String) -> String {
    create_own(state, &OF_MAIL, access)
}

/// A token of the server itself, which may do this one thing. Its session is nobody's.
pub fn create_own(state: &mut State, own: &Own, access: String) -> String {
    let now = state.now().floor();
    let token = Token {
        uuid: new_uuid(),
        auth_id: "wazo-auth".into(),
        issued_at: now,
        expires_at: now + own.lifetime,
        acl: vec![access],
        metadata: Map::from_iter([("tenant_uuid".into(), state.top_tenant().into())]),
        session_uuid: new_uuid(),
        user_agent: own.user_agent.into(),
        remote_addr: own.remote_addr.into(),
        ..Token::default()
    };
    let uuid = token.uuid.clone();
    state.sessions.add(Session {
        uuid: token.session_uuid.clone(),
        user_uuid: None,
        tenant_uuid: state.top_tenant(),
        mobile: false,
    });
    state.tokens.add(token);
    uuid
}
