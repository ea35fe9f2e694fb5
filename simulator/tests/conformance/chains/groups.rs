//! Groups and who is in them.

use serde_json::{Value, json};

use super::{ADMIN, Chain, USER, call, detailed};
use crate::world::{SUB_TENANT, TOP_TENANT};

const GROUP: &str = "06000000-0000-4000-8000-000000000001";
const UNKNOWN: &str = "00000000-0000-0000-0000-000000000000";

fn unknown(what: &str, uuid: &str) -> Value {
    let message = format!("No such {what}: \"{uuid}\"");
    detailed(message, &format!("unknown-{what}"), &json!({"uuid": uuid}), &format!("{what}s"))
}

#[test]
fn an_unknown_group_is_told_before_a_bad_body() {
    let chain = Chain::new(|world| {
        world.group(GROUP);
    });
    for body in ["{\"name\": 1}", "{}"] {
        let edit = call("PUT", format!("/0.1/groups/{UNKNOWN}")).by(ADMIN).text(body);
        chain.gives(&edit, 404, &unknown("group", UNKNOWN));
        let edit = call("PUT", format!("/0.1/groups/{GROUP}")).by(ADMIN).text(body);
        assert_eq!(chain.send(&edit).status, 400, "{body}");
    }
}

#[test]
fn a_user_that_the_caller_cannot_see_can_be_taken_from_its_group() {
    const CALLER: &str = "ca000000-0000-4000-8000-000000000001";
    const FOREIGN: &str = "06000000-0000-4000-8000-000000000002";
    let chain = Chain::new(|world| {
        world.user(USER);
        world.group_from(&json!({"uuid": FOREIGN, "tenant_uuid": TOP_TENANT}));
        world.group_from(&json!({"uuid": GROUP, "tenant_uuid": SUB_TENANT}));
        world.token(CALLER, SUB_TENANT, &["#"]);
    });
    let target = |group: &str, user: &str| format!("/0.1/groups/{group}/users/{user}");
    chain.gives(&call("DELETE", target(GROUP, USER)).by(CALLER), 204, &Value::Null);
    chain.gives(&call("DELETE", target(FOREIGN, USER)).by(CALLER), 404, &unknown("group", FOREIGN));
    chain.gives(&call("DELETE", target(GROUP, UNKNOWN)).by(CALLER), 404, &unknown("user", UNKNOWN));
    chain.gives(&call("PUT", target(GROUP, USER)).by(CALLER), 404, &unknown("user", USER));
}

#[test]
fn default_groups_that_are_set_later_are_in_every_tenant() {
    let chain = Chain::new(|world| {
        world.tenant(SUB_TENANT);
    });
    let groups = json!({"admins": {"name": "Administrators", "policies": ["wazo_default_admin_policy"]}});
    let settings = call("PUT", "/_simulator/settings").json(&json!({"default_groups": groups}));
    assert_eq!(chain.send(&settings).status, 204);
    let answer = chain.send(&call("GET", "/0.1/groups?slug=admins&recurse=true").by(ADMIN));
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let of = |tenant: &str| {
        let items = answer["items"].as_array().into_iter().flatten();
        items.filter(|group| group["tenant_uuid"] == tenant).count()
    };
    assert_eq!((of(TOP_TENANT), of(SUB_TENANT)), (1, 1), "{answer}");
}

#[test]
fn a_default_group_has_its_slug_as_name_and_gets_its_policies_back() {
    let chain = Chain::new(|_| {});
    let groups = json!({"admins": {"policies": ["wazo_default_admin_policy"]}});
    let settings = call("PUT", "/_simulator/settings").json(&json!({"default_groups": groups}));
    let json = |target: &str| -> Value {
        serde_json::from_slice(&chain.send(&call("GET", target).by(ADMIN)).body).expect("JSON")
    };
    assert_eq!(chain.send(&settings).status, 204);
    let found = json("/0.1/groups?name=admins");
    assert_eq!(found["items"][0]["slug"], "admins", "{found}");
    let policies = format!("/0.1/groups/{}/policies", found["items"][0]["uuid"].as_str().expect("a group"));
    let policy = format!("{policies}/wazo_default_admin_policy");
    chain.gives(&call("DELETE", policy).by(ADMIN), 204, &Value::Null);
    assert_eq!(json(&policies)["total"], 0);
    // The real server does it when it starts with its configuration.
    assert_eq!(chain.send(&settings).status, 204);
    assert_eq!(json(&policies)["items"][0]["slug"], "wazo_default_admin_policy");
    assert_eq!(json("/0.1/groups?name=admins")["filtered"], 1);
}
