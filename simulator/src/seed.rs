//! The state of a fresh installation, and the completion of a state that a test wrote with gaps.

use serde_json::{Map, Value, json};

use crate::json as words;
use crate::passwords::{self, new_uuid};
use crate::rows::{Policy, Tenant, User, without_repeats};
use crate::state::State;
use crate::validate::normal_uuid;

/// The policies that come from the configuration: slug and access list, as the recorded installation has them.
const DEFAULT_POLICIES: [(&str, &[&str]); 3] = [
    ("wazo-all-users-policy", &["integration_tests.access", "integration_tests.another_access"]),
    ("wazo_default_admin_policy", &["default.admin.policy"]),
    (
        "wazo_default_user_policy",
        &["default.user.policy", "auth.users.me.external.#", "auth.users.me.tokens.#", "auth.users.me.password.#"],
    ),
];

/// Reads a state that a test wrote. A key that is not known is an error: a misspelt one would make a test pass that tests
/// nothing.
pub fn read(text: &[u8]) -> Result<State, String> {
    let wrong = |came: &str| Err(format!("expected a JSON object with the tables of the state, got {came}"));
    // A list would be taken for the tables in their order.
    match text.trim_ascii_start().first() {
        Some(b'{') => {
            let state: State = serde_json::from_slice(text).map_err(|error| words::in_words(&error))?;
            // The routes of tokens take UUIDs alone, so that no request finds any other token. None gets a new one.
            let is_odd = |token: &&String| !token.is_empty() && normal_uuid(token).as_ref() != Some(*token);
            match state.tokens.values().map(|token| &token.uuid).find(is_odd) {
                Some(odd) => Err(format!("tokens: expected a UUID in small letters as uuid, got {odd:?}")),
                None => Ok(state),
            }
        }
        Some(b'[') => wrong("a list"),
        Some(_) => wrong("something else"),
        None => wrong("nothing"),
    }
}

/// The state to start with: the given one completed, or a fresh one; with the administrator if one is wanted.
pub fn state(given: Option<State>, admin: Option<&(String, String)>) -> State {
    let mut state = given.map_or_else(fresh, complete);
    if let Some((username, password)) = admin {
        add_admin(&mut state, username, password);
    }
    state
}

/// One top tenant named `master`, and the default policies.
fn fresh() -> State {
    let mut state = complete(State::default());
    let top = state.top_tenant();
    for (slug, acl) in DEFAULT_POLICIES {
        state.policies.add(Policy {
            uuid: new_uuid(),
            tenant_uuid: top.clone(),
            name: slug.into(),
            slug: slug.into(),
            description: Some("Automatically created".into()),
            acl: acl.iter().map(ToString::to_string).collect(),
            shared: false,
            config_managed: true,
        });
    }
    state.ensure_default_groups(&top);
    state
}

fn add_admin(state: &mut State, username: &str, password: &str) {
    let tenant_uuid = state.top_tenant();
    let slug = "simulator_admin";
    let policy = state.policies.values().find(|policy| policy.slug == slug).map(|policy| policy.uuid.clone());
    let policy = policy.unwrap_or_else(|| {
        let uuid = new_uuid();
        state.policies.add(Policy {
            uuid: uuid.clone(),
            tenant_uuid: tenant_uuid.clone(),
            name: slug.into(),
            slug: slug.into(),
            acl: vec!["#".into()],
            ..Policy::default()
        });
        uuid
    });
    let existing = state.index.owner(username).cloned();
    let hashed = passwords::hash(password, state.settings.password_rounds);
    match existing.and_then(|uuid| state.users.get_mut(&uuid)) {
        Some(user) => {
            user.password_hash = Some(hashed);
            if !user.policies.contains(&policy) {
                user.policies.push(policy);
            }
        }
        None => state.add_user(User {
            uuid: new_uuid(),
            tenant_uuid,
            username: Some(username.into()),
            purpose: "internal".into(),
            password_hash: Some(hashed),
            policies: vec![policy],
            ..User::default()
        }),
    }
}

/// Fills the gaps of a state as described in the README.
pub fn complete(mut state: State) -> State {
    if !state.tenants.values().any(|tenant| tenant.uuid == tenant.parent_uuid) {
        let uuid = new_uuid();
        let top = Tenant {
            uuid: uuid.clone(),
            parent_uuid: uuid,
            name: Some("master".into()),
            slug: "master".into(),
            default_authentication_method: "native".into(),
            ..Tenant::default()
        };
        state.tenants.add(top);
    }
    let top = state.top_tenant();
    let now = state.now();
    for tenant in state.tenants.values_mut() {
        if tenant.parent_uuid.is_empty() {
            tenant.parent_uuid.clone_from(&top);
        }
        if tenant.default_authentication_method.is_empty() {
            tenant.default_authentication_method = "native".into();
        }
    }
    let rounds = state.settings.password_rounds;
    for user in state.users.values_mut() {
        if user.tenant_uuid.is_empty() {
            user.tenant_uuid.clone_from(&top);
        }
        if let Some(password) = user.password.take() {
            user.password_hash = Some(passwords::hash(&password, rounds));
        }
    }
    for user in state.users.values_mut() {
        without_repeats(&mut user.policies);
        without_repeats(&mut user.groups);
    }
    for row in state.groups.values_mut() {
        without_repeats(&mut row.policies);
        if row.tenant_uuid.is_empty() {
            row.tenant_uuid.clone_from(&top);
        }
    }
    for row in state.policies.values_mut() {
        if row.tenant_uuid.is_empty() {
            row.tenant_uuid.clone_from(&top);
        }
    }
    let metadata: Vec<Option<Map<String, Value>>> = state
        .tokens
        .values()
        .map(|token| state.users.get(&token.auth_id).map(|user| user_metadata(user, &state.settings.xivo_uuid)))
        .collect();
    for (token, made) in state.tokens.values_mut().zip(metadata) {
        if token.issued_at == 0.0 {
            token.issued_at = now.floor();
        }
        if token.expires_at == 0.0 {
            token.expires_at = token.issued_at + 7200.0;
        }
        if token.metadata.is_empty() {
            token.metadata = made.unwrap_or_else(|| Map::from_iter([("tenant_uuid".into(), top.clone().into())]));
        }
        if token.session_uuid.is_empty() {
            token.session_uuid = new_uuid();
        }
    }
    if state.config.is_empty() {
        state.config = default_config();
    }
    state.rebuild_index();
    state
}

/// What the token of a user tells of the user.
pub fn user_metadata(user: &User, xivo_uuid: &str) -> Map<String, Value> {
    let value = json!({
        "uuid": user.uuid,
        "tenant_uuid": user.tenant_uuid,
        "auth_id": user.uuid,
        // Only people have a telephone.
        "pbx_user_uuid": if user.purpose == "user" { Some(&user.uuid) } else { None },
        "xivo_uuid": xivo_uuid,
        "purpose": user.purpose,
    });
    match value {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    }
}

/// What `GET /config` answers on a fresh installation.
fn default_config() -> Map<String, Value> {
    let value = json!({
        "user": "wazo-auth",
        "config_file": "/etc/wazo-auth/config.yml",
        "extra_config_files": "/etc/wazo-auth/conf.d",
        "debug": false,
        "log_level": "info",
        "log_filename": "/var/log/wazo-auth.log",
        "profiling_enabled": false,
        "default_token_lifetime": 7200,
        "token_cleanup_interval": 60.0,
        "password_reset_expiration": 172_800,
        "email_confirmation_expiration": 172_800,
        "max_user_concurrent_sessions": 100,
        "rest_api": {"listen": "127.0.0.1", "port": 9497, "max_threads": 25, "cors": {"enabled": true}},
        "enabled_external_auth_plugins": {"google": true, "microsoft": true, "mobile": true},
    });
    match value {
        Value::Object(config) => config,
        _ => Map::new(),
    }
}
