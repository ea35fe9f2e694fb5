//! What tokens tell of their users, and the plug-ins that add to it.

use serde_json::{Map, Value};

use crate::own_tokens::{Own, create_own};
use crate::passwords::new_uuid;
use crate::rows::User;
use crate::seed::user_metadata;
use crate::settings::Plugin;
use crate::state::State;

const ADMIN_POLICY: &str = "wazo_default_admin_policy";
const ADMIN_GROUP: &str = "wazo_default_admin_group";

const INTERNAL: Own = Own { user_agent: "wazo-auth-internal", remote_addr: "127.0.0.1", lifetime: 7200.0 };
const INTERNAL_ACCESS: &str = "test.internal_token";

fn has_plugin(state: &State, user: &User, plugin: Plugin) -> bool {
    state.settings.purpose_metadata_mapping.get(&user.purpose).is_some_and(|plugins| plugins.contains(&plugin))
}

/// What a new token of a user tells; `kept` is what the refresh token that it is made with keeps.
pub fn of_token(state: &mut State, user: &User, kept: Map<String, Value>) -> Map<String, Value> {
    let mut metadata = user_metadata(user, &state.settings.xivo_uuid);
    if has_plugin(state, user, Plugin::UserAdminStatus) {
        metadata.insert("admin".into(), is_admin(state, user).into());
    }
    if has_plugin(state, user, Plugin::InternalToken) {
        let token = internal_token(state);
        metadata.insert("internal_token_is_valid".into(), state.live_token(&token).is_some().into());
    }
    for (key, value) in kept {
        metadata.entry(key).or_insert(value);
    }
    metadata
}

/// What a new refresh token of a user keeps.
pub fn of_refresh_token(state: &State, user: &User) -> Map<String, Value> {
    let persistent = has_plugin(state, user, Plugin::Persistent).then(|| ("persistent".into(), new_uuid().into()));
    persistent.into_iter().collect()
}

fn is_admin(state: &State, user: &User) -> bool {
    let is_policy = |uuid: &String| state.policies.get(uuid).is_some_and(|policy| policy.slug == ADMIN_POLICY);
    let is_group = |uuid: &String| state.groups.get(uuid).is_some_and(|group| group.slug == ADMIN_GROUP);
    user.policies.iter().any(is_policy) || user.groups.iter().any(is_group)
}

/// The token that the server has for itself; made anew when it has expired.
fn internal_token(state: &mut State) -> String {
    let is_internal = |acl: &[String]| acl.iter().map(String::as_str).eq([INTERNAL_ACCESS]);
    let mut tokens = state.tokens.values();
    let known = tokens.find(|token| token.user_agent == INTERNAL.user_agent && is_internal(&token.acl));
    let live = known.and_then(|token| state.live_token(&token.uuid)).map(|token| token.uuid.clone());
    live.unwrap_or_else(|| create_own(state, &INTERNAL, INTERNAL_ACCESS.into()))
}
