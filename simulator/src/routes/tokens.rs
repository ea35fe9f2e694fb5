//! Tokens: login, look-up, scopes, revocation.

use serde_json::{Map, Value, json};

use super::ldap_login;
use crate::access::AccessList;
use crate::call::{Call, Locked};
use crate::clock;
use crate::errors::{self, Failure, Outcome, reason};
use crate::http::{Answer, Request, credentials};
use crate::json::to_python_repr;
use crate::metadata;
use crate::passwords::{self, new_uuid};
use crate::rows::{RefreshToken, Session, Token, User};
use crate::state::State;
use crate::validate::{Errors, Field, Kind, Rule, load};

/// Ten years, the longest life of a token.
const MAX_EXPIRATION: i64 = 315_360_000;

const LOGIN: [Field; 8] = [
    Field::new("backend", Kind::Text),
    Field::new("expiration", Kind::Integer).rule(Rule::Range { min: Some(1), max: Some(MAX_EXPIRATION) }),
    Field::new("access_type", Kind::Text).rule(Rule::OneOf(&["online", "offline"])),
    Field::new("client_id", Kind::Text).length(1, 1024),
    Field::new("refresh_token", Kind::Text),
    Field::new("saml_session_id", Kind::Text),
    Field::new("domain_name", Kind::Text),
    Field::new("tenant_id", Kind::Text),
];

/// What a login asks for.
struct Login {
    expiration: i64,
    offline: bool,
    mobile: bool,
    client_id: Option<String>,
    user_agent: String,
    remote_addr: String,
}

/// `POST /token`.
pub fn create(call: &mut Call) -> Outcome {
    let body = call.json()?;
    let given = load(&LOGIN, &body).and_then(check_together);
    let given = given.map_err(|errors| reason(400, to_python_repr(&Value::Object(errors))))?;
    let text = |key: &str| given.get(key).and_then(Value::as_str).map(String::from);

    let mut login = Login {
        expiration: given
            .get("expiration")
            .and_then(Value::as_i64)
            .unwrap_or(call.state.settings.default_token_lifetime),
        offline: text("access_type").as_deref() == Some("offline"),
        mobile: call.request.header("Wazo-Session-Type").eq_ignore_ascii_case("mobile"),
        client_id: text("client_id"),
        user_agent: call.request.header("User-Agent").to_string(),
        remote_addr: remote_address(call.request),
    };
    let (user, name, refresh_token) = if let Some(session) = text("saml_session_id").filter(|id| !id.is_empty()) {
        let (user, name) = saml_user(&mut call.state, &session)?;
        (user, name, None)
    } else if let Some(refresh_token) = text("refresh_token").filter(|token| !token.is_empty()) {
        let row = call.state.refresh_tokens.get(&refresh_token);
        let row = row.filter(|row| Some(&row.client_id) == login.client_id.as_ref()).cloned();
        let row = row.ok_or_else(errors::authentication_failed)?;
        let user = call.state.users.get(&row.user_uuid).filter(|user| user.enabled).cloned();
        login.mobile |= row.mobile;
        (user.ok_or_else(errors::authentication_failed)?, row.login, Some(row.uuid))
    } else {
        let (name, password) = credentials(call.request).ok_or_else(errors::authentication_failed)?;
        if given.contains_key("tenant_id") || given.contains_key("domain_name") {
            let tenant = ldap_login::tenant(&call.state, text("tenant_id"), text("domain_name"))?;
            let user = tenant.and_then(|tenant| ldap_login::user(&mut call.state, &tenant, &name, &password));
            let (user, address) = user.ok_or_else(errors::authentication_failed)?;
            (user, address, None)
        } else {
            (native_user(&mut call.state, &name, &password)?, name, None)
        }
    };
    let (token, revoked) = open_session(&mut call.state, &user, &name, &login, refresh_token)?;
    Ok(Answer::ok(&json!({"data": token})).with_header("Wazo-Sessions-Revoked", revoked.to_string()))
}

/// The rules that bind several fields.
fn check_together(given: Map<String, Value>) -> Result<Map<String, Value>, Errors> {
    let has = |key: &str| given.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let offline = given.get("access_type").and_then(Value::as_str) == Some("offline");
    let mut problems = Vec::new();
    if offline && has("refresh_token") {
        problems.push("cannot use the \"access_type\" \"offline\" with a refresh token");
    } else if offline && !has("client_id") {
        problems.push("\"client_id\" must be specified when using \"access_type\" is \"offline\"");
    }
    if given.contains_key("tenant_id") && given.contains_key("domain_name") {
        problems.push("\"tenant_id\" and \"domain_name\" must be mutually exclusive");
    }
    if has("refresh_token") && !has("client_id") {
        problems.push("\"client_id\" must be specified when using a \"refresh_token\"");
    }
    if problems.is_empty() { Ok(given) } else { Err(Map::from_iter([("_schema".into(), json!(problems))])) }
}

/// The address of the client: what the one proxy before the server says, else the peer.
fn remote_address(request: &Request) -> String {
    let forwarded = request.header("X-Forwarded-For").rsplit(',').next().map(str::trim).unwrap_or_default();
    if forwarded.is_empty() { request.peer.to_string() } else { forwarded.to_string() }
}

fn native_user(state: &mut Locked, name: &str, password: &str) -> Result<User, Failure> {
    let user = state.user_by_login(name).filter(|user| user.enabled).cloned();
    // An unknown user takes as long as a known one.
    let rounds = state.settings.password_rounds;
    let hashed = user.as_ref().and_then(|user| user.password_hash.clone());
    let verified = state.unlocked(|| match hashed {
        Some(hashed) => passwords::verify(password, &hashed),
        None => passwords::hash(password, rounds).is_empty(),
    });
    let user = user.filter(|user| verified && state.authentication_method(user) == "native");
    user.ok_or_else(errors::authentication_failed)
}

/// A user whom the SAML session has authenticated; a session serves once.
fn saml_user(state: &mut Locked, session_id: &str) -> Result<(User, String), Failure> {
    let login = state.saml_sessions.get(session_id).and_then(|session| session.login.clone());
    let login = login.ok_or_else(errors::authentication_failed)?;
    let user = state.user_by_login(&login).filter(|user| state.authentication_method(user) == "saml").cloned();
    let user = user.ok_or_else(errors::authentication_failed)?;
    state.saml_sessions.shift_remove(session_id);
    Ok((user, login))
}

/// Makes session and token, and the refresh token that was asked for; says how many sessions it revoked.
fn open_session(
    state: &mut State,
    user: &User,
    name: &str,
    login: &Login,
    used_refresh_token: Option<String>,
) -> Result<(Value, usize), Failure> {
    let mut revoked = 0;
    // What a refresh token keeps is for the tokens made with it, not for the login that makes it.
    let used = used_refresh_token.as_ref().and_then(|uuid| state.refresh_tokens.get(uuid));
    let kept = used.map(|row| row.metadata.clone()).unwrap_or_default();
    let mut refresh_token = used_refresh_token;
    let now = state.now();
    if login.offline {
        revoked = revoke_for_offline(state, user, login);
    }
    let open = state.sessions.values().filter(|session| session.user_uuid.as_ref() == Some(&user.uuid)).count();
    // Programs (`internal`) are not limited.
    if user.purpose != "internal" && open >= state.settings.max_user_concurrent_sessions {
        let message = format!("User {} has exceeded the maximum number of active sessions", user.uuid);
        return Err(reason(429, message));
    }
    let mut shown_refresh_token = None;
    if login.offline {
        let client_id = login.client_id.clone().unwrap_or_default();
        let existing = state
            .refresh_tokens
            .values()
            .find(|row| row.user_uuid == user.uuid && row.client_id == client_id)
            .map(|row| row.uuid.clone());
        let uuid = existing.unwrap_or_else(|| {
            let (uuid, kept) = (new_uuid(), metadata::of_refresh_token(state, user));
            state.refresh_tokens.add(RefreshToken {
                uuid: uuid.clone(),
                client_id,
                user_uuid: user.uuid.clone(),
                login: name.into(),
                user_agent: login.user_agent.clone(),
                remote_addr: login.remote_addr.clone(),
                mobile: login.mobile,
                created_at: now,
                metadata: kept,
            });
            uuid
        });
        shown_refresh_token = Some(uuid.clone());
        refresh_token = Some(uuid);
    }
    let session = Session {
        uuid: new_uuid(),
        user_uuid: Some(user.uuid.clone()),
        tenant_uuid: user.tenant_uuid.clone(),
        mobile: login.mobile,
    };
    let xivo_uuid = state.settings.xivo_uuid.clone();
    let metadata = metadata::of_token(state, user, kept);
    let token = Token {
        uuid: new_uuid(),
        auth_id: user.uuid.clone(),
        pbx_user_uuid: metadata.get("pbx_user_uuid").and_then(Value::as_str).map(String::from),
        xivo_uuid: Some(xivo_uuid),
        issued_at: now,
        expires_at: now + login.expiration as f64,
        acl: state.acl_of(user),
        metadata,
        session_uuid: session.uuid.clone(),
        user_agent: login.user_agent.clone(),
        remote_addr: login.remote_addr.clone(),
        refresh_token,
    };
    let mut shown = show(&token);
    if let Some(refresh_token) = shown_refresh_token {
        shown["refresh_token"] = refresh_token.into();
    }
    state.sessions.add(session);
    // The database keeps whole seconds.
    state.tokens.add(Token { issued_at: token.issued_at.floor(), expires_at: token.expires_at.floor(), ..token });
    Ok((shown, revoked))
}

/// A mobile offline login ends the user's other mobile clients, and whatever else has its client id.
fn revoke_for_offline(state: &mut State, user: &User, login: &Login) -> usize {
    if !login.mobile {
        return 0;
    }
    let others: Vec<String> = state
        .refresh_tokens
        .values()
        .filter(|row| row.user_uuid == user.uuid && (row.mobile || Some(&row.client_id) == login.client_id.as_ref()))
        .map(|row| row.uuid.clone())
        .collect();
    others.iter().map(|uuid| state.remove_refresh_token(uuid)).sum()
}

/// A token as the answers show it.
fn show(token: &Token) -> Value {
    json!({
        "token": token.uuid,
        "auth_id": token.auth_id,
        "xivo_user_uuid": token.pbx_user_uuid,
        "xivo_uuid": token.xivo_uuid,
        "issued_at": clock::iso_local(token.issued_at),
        "expires_at": clock::iso_local(token.expires_at),
        "utc_issued_at": clock::iso_with_fraction(token.issued_at),
        "utc_expires_at": clock::iso_with_fraction(token.expires_at),
        "acl": token.acl,
        "metadata": token.metadata,
        "session_uuid": token.session_uuid,
        "remote_addr": token.remote_addr,
        "user_agent": token.user_agent,
    })
}

/// The live token that the path names.
fn named_token(call: &Call) -> Result<Token, Failure> {
    call.state.live_token(&call.part("token")).cloned().ok_or_else(errors::no_such_token)
}

/// Refuses unless the token's user may act in the tenant.
fn check_tenant(state: &State, token: &Token, tenant: Option<&str>) -> Result<(), Failure> {
    let Some(tenant) = tenant.filter(|tenant| !tenant.is_empty()) else { return Ok(()) };
    if token.auth_id == "wazo-auth" {
        return Ok(());
    }
    let own = state.tenant_of_token(token);
    if state.is_below(&own, tenant) { Ok(()) } else { Err(reason(403, format!("Unauthorized for tenant {tenant}"))) }
}

fn checked_token(call: &Call) -> Result<Token, Failure> {
    let token = named_token(call)?;
    let scope = call.request.parameter("scope");
    if !AccessList::new(&token.auth_id, &token.session_uuid, &token.acl).allows(scope) {
        return Err(reason(403, format!("Unauthorized for {}", scope.unwrap_or_default())));
    }
    check_tenant(&call.state, &token, call.request.parameter("tenant"))?;
    Ok(token)
}

/// `GET /token/{token}`.
pub fn get(call: &mut Call) -> Outcome {
    Ok(Answer::ok(&json!({"data": show(&checked_token(call)?)})))
}

/// `HEAD /token/{token}`.
pub fn check(call: &mut Call) -> Outcome {
    checked_token(call).map(|_| Answer::no_content())
}

/// `DELETE /token/{token}`: an unknown one is gone already.
pub fn revoke(call: &mut Call) -> Outcome {
    let uuid = call.part("token");
    call.state.remove_token(&uuid);
    Ok(Answer::ok(&json!({"data": {"message": "success"}})))
}

/// `POST /token/{token}/scopes/check`.
pub fn check_scopes(call: &mut Call) -> Outcome {
    const FIELDS: [Field; 2] =
        [Field::new("scopes", Kind::Texts(&[])).required(), Field::new("tenant_uuid", Kind::Text).nullable()];
    let body = call.json()?;
    let given = load(&FIELDS, &body).map_err(|errors| reason(400, to_python_repr(&Value::Object(errors))))?;
    let token = named_token(call)?;
    let list = AccessList::new(&token.auth_id, &token.session_uuid, &token.acl);
    let mut scopes: Vec<&str> = given["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    scopes.sort_unstable();
    let verdicts: Map<String, Value> =
        scopes.into_iter().map(|scope| (scope.to_string(), list.allows(Some(scope)).into())).collect();
    check_tenant(&call.state, &token, given.get("tenant_uuid").and_then(Value::as_str))?;
    Ok(Answer::ok(&json!({"scopes": verdicts})))
}
