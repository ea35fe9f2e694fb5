//! What the metadata plug-ins add to tokens.

use serde_json::{Value, json};

use super::{ADMIN, Chain, DRAWN, USER, call, login};
use crate::world::{TOP_TENANT, World};

const ADMINS: &str = "06000000-0000-4000-8000-000000000001";

fn with_plugins(world: &mut World, plugins: &[&str]) {
    let plugins = plugins.iter().map(|plugin| serde_json::from_value(json!(plugin)).expect("a plug-in")).collect();
    world.state.settings.purpose_metadata_mapping.insert("user".to_owned(), plugins);
    world.login(USER, "someone", "secret");
    world.group_from(&json!({"uuid": ADMINS, "name": "admins", "slug": "wazo_default_admin_group"}));
}

fn metadata(chain: &Chain) -> Value {
    chain.log_in(&login("someone", "secret", &json!({})))["metadata"].clone()
}

/// What every user's token tells, and more.
fn usual_and(more: Value) -> Value {
    let mut metadata = json!({
        "uuid": USER, "tenant_uuid": TOP_TENANT, "auth_id": USER, "pbx_user_uuid": USER,
        "xivo_uuid": "the-predefined-xivo-uuid", "purpose": "user",
    });
    let Value::Object(more) = more else { panic!("an object") };
    metadata.as_object_mut().expect("an object").extend(more);
    metadata
}

#[test]
fn a_token_tells_whether_its_user_is_an_administrator() {
    let chain = Chain::new(|world| with_plugins(world, &["user_admin_status"]));
    assert_eq!(metadata(&chain), usual_and(json!({"admin": false})));
    let policy = format!("/0.1/users/{USER}/policies/wazo_default_admin_policy");
    chain.gives(&call("PUT", &policy).by(ADMIN), 204, &Value::Null);
    assert_eq!(metadata(&chain), usual_and(json!({"admin": true})));
    chain.gives(&call("DELETE", &policy).by(ADMIN), 204, &Value::Null);
    assert_eq!(metadata(&chain), usual_and(json!({"admin": false})));
    chain.gives(&call("PUT", format!("/0.1/groups/{ADMINS}/users/{USER}")).by(ADMIN), 204, &Value::Null);
    assert_eq!(metadata(&chain), usual_and(json!({"admin": true})));
}

#[test]
fn a_plugin_sees_the_servers_own_token() {
    let chain = Chain::new(|world| with_plugins(world, &["internal_token"]));
    assert_eq!(metadata(&chain), usual_and(json!({"internal_token_is_valid": true})));
    assert_eq!(metadata(&chain), usual_and(json!({"internal_token_is_valid": true})));
    let state = chain.send(&call("GET", "/_simulator/state"));
    let state: Value = serde_json::from_slice(&state.body).expect("JSON");
    let own = state["tokens"].as_array().into_iter().flatten().filter(|row| row["auth_id"] == "wazo-auth");
    assert_eq!(own.count(), 1, "the server has one token of its own: {state}");
}

#[test]
fn what_a_refresh_token_keeps_is_in_every_token_made_with_it() {
    let chain = Chain::new(|world| with_plugins(world, &["persistent"]));
    let asked = json!({"access_type": "offline", "client_id": "a-client"});
    let first = chain.log_in(&login("someone", "secret", &asked));
    assert_eq!(first["metadata"], usual_and(json!({})), "a login by password");
    let shown = json!({
        "client_id": "a-client", "created_at": "2026-11-23T12:44:43.000000+00:00", "mobile": false, "user_uuid": USER,
        "tenant_uuid": TOP_TENANT, "metadata": {"persistent": DRAWN},
    });
    let list = json!({"filtered": 1, "total": 1, "items": [shown]});
    let list = chain.gives(&call("GET", "/0.1/tokens").by(ADMIN), 200, &list);
    let kept = &list["items"][0]["metadata"]["persistent"];
    for _ in 0..2 {
        let asked = json!({"refresh_token": first["refresh_token"], "client_id": "a-client"});
        let token = chain.log_in(&call("POST", "/0.1/token").json(&asked));
        assert_eq!(token["metadata"], usual_and(json!({"persistent": kept})));
    }
}

#[test]
fn users_of_another_purpose_have_no_plugins_of_users() {
    let chain = Chain::new(|world| {
        with_plugins(world, &["user_admin_status", "internal_token", "persistent"]);
        "external_api".clone_into(&mut world.user(USER).purpose);
    });
    let keys = metadata(&chain).as_object().map(serde_json::Map::len);
    assert_eq!(keys, Some(6), "the usual six");
}

#[test]
fn an_unknown_plugin_is_refused_by_name() {
    let chain = Chain::new(|_| {});
    let settings = json!({"purpose_metadata_mapping": {"user": ["no_such_plugin"]}});
    let answer = chain.send(&call("PUT", "/_simulator/settings").json(&settings));
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 400, "{text}");
    for word in ["no_such_plugin", "user_admin_status", "internal_token", "persistent"] {
        assert!(text.contains(word), "{text:?} does not name {word}");
    }
}
