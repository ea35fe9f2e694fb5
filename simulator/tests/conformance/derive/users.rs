//! Below `/users` and `/emails`: users, their addresses, passwords, policies, groups, sessions and refresh tokens.

use serde_json::{Map, Value, json};

use super::Case;
use crate::exchange::Exchange;
use crate::world::World;

pub fn prepare(case: &mut Case, path: &[&str]) {
    match *path {
        ["users"] => users(case),
        ["users", "register"] => {}
        ["users", "password", "reset"] => reset(case),
        ["users", "me", "tokens", ref rest @ ..] => own_tokens(case, rest.first().copied()),
        ["users", uuid] => user(case, uuid),
        ["users", uuid, ref rest @ ..] => {
            if case.is_there(uuid) {
                case.world.user(uuid);
            }
            below_user(case, uuid, rest);
        }
        ["emails", email, "confirm"] => {
            if case.is_there(email) {
                let user = case.world.new_uuid();
                case.world.email(&user, email, false);
            }
            if let Some(token) = case.exchange.query("token") {
                let (tenant, access) = (case.world.tenant.clone(), format!("auth.emails.{email}.confirm.edit"));
                case.world.token(&token, &tenant, &[&access]);
            }
        }
        _ => panic!("no derivation for {path:?}"),
    }
}

fn users(case: &mut Case) {
    if let Some(login) = case.conflicting() {
        another_with_login(&mut case.world, &login);
    }
    if case.method == "GET" {
        let policy = case.exchange.query("policy_uuid").map(|uuid| case.world.policy(&uuid));
        let items = case.answer["items"].as_array().cloned().unwrap_or_default();
        case.listing(|world, item| _ = world.user_from(item), another_user);
        for item in items {
            case.world.user_from(&item).policies.extend(policy.clone());
        }
    }
}

fn user(case: &mut Case, uuid: &str) {
    if case.status == 200 {
        let before = case.before("username");
        case.world.user_from(&before);
    } else if case.is_there(uuid) {
        case.world.user(uuid);
    }
    if let Some(login) = case.conflicting() {
        another_with_login(&mut case.world, &login);
    }
}

fn below_user(case: &mut Case, uuid: &str, rest: &[&str]) {
    match *rest {
        ["emails"] => {
            // An address that the answer shows confirmed was there before; the others are new.
            for email in case.answer.as_array().cloned().unwrap_or_default() {
                if email["confirmed"] == true {
                    let before = json!({"uuid": "", "emails": [email]});
                    let mut shown = case.world.user_from(&before).emails.clone();
                    case.world.state.users.shift_remove("");
                    case.world.user(uuid).emails.append(&mut shown);
                }
            }
            if let Some(login) = case.conflicting() {
                another_with_login(&mut case.world, &login);
            }
        }
        ["emails", email, "confirm"] => {
            if case.is_there(email) && case.is_there(uuid) {
                case.world.email(uuid, email, case.status == 409);
            }
        }
        ["external", ref of @ ..] => external(case, uuid, of),
        ["groups"] if case.status == 200 => {
            let items = case.answer["items"].as_array().cloned().unwrap_or_default();
            case.listing(|world, item| _ = world.group_from(item), super::access::another_group);
            let others: Vec<String> = case.world.state.groups.values().map(|group| group.uuid.clone()).collect();
            for group in items.iter().filter_map(|item| item["uuid"].as_str()).chain(others.iter().map(String::as_str))
            {
                case.world.member(group, uuid);
            }
        }
        ["password"] => password(case, uuid),
        ["policies"] => {
            for item in case.answer["items"].as_array().cloned().unwrap_or_default() {
                let policy = case.world.policy_from(&item).uuid.clone();
                case.world.user(uuid).policies.push(policy);
            }
        }
        ["policies", name] => {
            let policy = super::access::policy_in_question(case, name);
            if let Some(policy) = policy.filter(|_| case.method == "DELETE" && case.is_there(uuid)) {
                case.world.user(uuid).policies.push(policy);
            }
        }
        ["sessions"] => super::tenancy::sessions(case),
        ["tokens"] => case.listing(refresh_token_from, another_refresh_token),
        ["tokens", client_id] if case.status == 204 => case.world.refresh_token(client_id, uuid, false),
        // An unknown session is deleted with a 204 too.
        ["groups"] | ["sessions" | "tokens", _] => {}
        _ => panic!("no derivation for {rest:?} of a user"),
    }
}

fn password(case: &mut Case, uuid: &str) {
    if !case.is_there(uuid) || case.status == 400 {
        return;
    }
    let old = case.body["old_password"].as_str().unwrap_or_default().to_owned();
    let password = if case.status == 401 { "another one".to_owned() } else { old };
    let user = case.world.login(uuid, "someone", &password);
    if case.status == 405 {
        "ldap".clone_into(&mut user.authentication_method);
    }
}

fn reset(case: &mut Case) {
    if let (Some(username), 204) = (case.exchange.query("username"), case.status) {
        let (user, email) = (case.world.new_uuid(), case.world.new_uuid());
        case.world.login(&user, &username, "forgotten");
        case.world.email(&user, &email, true);
    }
    if let Some(user) = case.exchange.query("user_uuid") {
        case.world.user(&user);
        // The token of the mail may do this, and nothing else.
        let tenant = case.world.tenant.clone();
        let access = format!("auth.users.password.reset.{user}.create");
        case.world.token(caller(case.exchange), &tenant, &[&access]);
    }
}

/// `/users/me/tokens`: the caller is a user, with refresh tokens.
fn own_tokens(case: &mut Case, client_id: Option<&str>) {
    if case.status == 401 {
        return;
    }
    let user = case.answer["items"][0]["user_uuid"].as_str().map(str::to_owned);
    let user = user.unwrap_or_else(|| case.world.new_uuid());
    case.world.login(&user, "me", "secret");
    let tenant = case.world.tenant.clone();
    case.world.token_of(caller(case.exchange), &user, &tenant, &["auth.users.me.tokens.#"]);
    match client_id {
        Some(client_id) if case.status == 204 => case.world.refresh_token(client_id, &user, false),
        Some(_) => {}
        None => case.listing(refresh_token_from, another_refresh_token),
    }
}

/// `/users/{uuid}/external/...`: the data is there where the answer shows it or a change of it succeeds.
fn external(case: &mut Case, uuid: &str, of: &[&str]) {
    let oauth2_config = || json!({"client_id": "a-client-id", "client_secret": "a-client-secret"});
    match (case.method, of, case.status) {
        ("GET", ["mobile", "sender_id"], 200) => {
            case.world.external_config("mobile", json!({"fcm_sender_id": case.answer["sender_id"]}));
        }
        ("GET", [kind], 200) => {
            let data = case.answer.as_object().cloned().unwrap_or_default();
            case.world.external_data(uuid, kind, data);
        }
        ("PUT", [kind], 200) | ("DELETE", [kind], 204) => {
            case.world.external_data(uuid, kind, Map::from_iter([("before".to_owned(), Value::from(true))]));
        }
        ("POST", [kind @ ("google" | "microsoft")], 201) => case.world.external_config(kind, oauth2_config()),
        _ => {}
    }
}

/// A refresh token as a listing shows it.
pub fn refresh_token_from(world: &mut World, item: &Value) {
    let client_id = item["client_id"].as_str().unwrap_or_default();
    let user = item["user_uuid"].as_str().unwrap_or_default();
    world.refresh_token(client_id, user, item["mobile"] == true);
}

/// A refresh token that the listing counts but does not show: of the user of the others, or of the listing's.
pub fn another_refresh_token(world: &mut World, client_id: &str) {
    let known = world.state.refresh_tokens.values().next().map(|token| token.user_uuid.clone());
    let user = known.or_else(|| world.state.users.keys().next().cloned()).unwrap_or_else(|| world.new_uuid());
    world.refresh_token(client_id, &user, false);
}

/// A user that a listing counts but does not show.
pub fn another_user(world: &mut World, username: &str) {
    let uuid = world.new_uuid();
    world.user(&uuid).username = Some(username.to_owned());
}

/// A user whose username is the login in question.
fn another_with_login(world: &mut World, login: &str) {
    another_user(world, login);
}

fn caller(exchange: &Exchange) -> &str {
    exchange.request_header("x-auth-token").expect("a call with a token")
}
