//! When sessions end, and with them their tokens.

use serde_json::{Value, json};

use super::{ADMIN, Chain, Request, USER, call, login};
use crate::world::{TOP_TENANT, World};

fn someone(world: &mut World) {
    world.login(USER, "someone", "secret");
}

/// A user logs in, then the call is made, and gives 200 or 204: the user's token is dead, another's lives.
#[track_caller]
fn ends_the_sessions(prepare: fn(&mut World), request: &Request) {
    const OTHER: &str = "0e000000-0000-4000-8000-000000000002";
    let chain = Chain::new(|world| {
        someone(world);
        world.login(OTHER, "another", "secret");
        prepare(world);
    });
    let token = chain.log_in(&login("someone", "secret", &json!({})));
    let other = chain.log_in(&login("another", "secret", &json!({})));
    chain.is_live(&token["token"], true);
    let answer = chain.send(request);
    assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
    chain.is_live(&token["token"], false);
    chain.is_live(&other["token"], true);
    let left = json!({"uuid": other["session_uuid"], "mobile": false, "tenant_uuid": TOP_TENANT, "user_uuid": OTHER});
    let sessions = json!({"filtered": 1, "total": 1, "items": [left]});
    chain.gives(&call("GET", "/0.1/sessions").by(ADMIN), 200, &sessions);
}

#[test]
fn the_sessions_of_a_disabled_user_end() {
    let edit = call("PUT", format!("/0.1/users/{USER}")).by(ADMIN);
    ends_the_sessions(|_| {}, &edit.json(&json!({"username": "someone", "enabled": false})));
}

#[test]
fn the_sessions_of_an_edited_user_stay() {
    let chain = Chain::new(someone);
    let token = chain.log_in(&login("someone", "secret", &json!({})));
    let edit = call("PUT", format!("/0.1/users/{USER}")).by(ADMIN).json(&json!({"username": "someone"}));
    assert_eq!(chain.send(&edit).status, 200);
    chain.is_live(&token["token"], true);
}

#[test]
fn the_sessions_of_a_deleted_user_end() {
    ends_the_sessions(|_| {}, &call("DELETE", format!("/0.1/users/{USER}")).by(ADMIN));
}

#[test]
fn a_changed_password_ends_the_sessions() {
    let change = call("PUT", format!("/0.1/users/{USER}/password")).by(ADMIN);
    ends_the_sessions(|_| {}, &change.json(&json!({"old_password": "secret", "new_password": "new"})));
}

#[test]
fn a_password_that_was_not_changed_ends_no_session() {
    let chain = Chain::new(someone);
    let token = chain.log_in(&login("someone", "secret", &json!({})));
    let change = call("PUT", format!("/0.1/users/{USER}/password")).by(ADMIN);
    let change = change.json(&json!({"old_password": "wrong", "new_password": "new"}));
    chain.gives(&change, 401, &super::reason(401, "Authentication Failed"));
    chain.is_live(&token["token"], true);
}

#[test]
fn a_reset_password_ends_the_sessions() {
    const OF_MAIL: &str = "0f000000-0000-4000-8000-000000000001";
    let access = |world: &mut World| {
        let access = format!("auth.users.password.reset.{USER}.create");
        world.token(OF_MAIL, TOP_TENANT, &[&access]);
    };
    let target = format!("/0.1/users/password/reset?user_uuid={USER}");
    for password in [json!("new"), Value::Null] {
        ends_the_sessions(access, &call("POST", &target).by(OF_MAIL).json(&json!({"password": password})));
    }
}
