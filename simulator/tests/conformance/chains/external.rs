//! What a list of external authentication shows.

use serde_json::{Map, Value, json};

use super::{ADMIN, Chain, USER, call};

#[test]
fn a_list_shows_what_a_type_says_is_safe_and_nothing_of_other_types() {
    let chain = Chain::new(|world| {
        for kind in ["foo", "bar", "google"] {
            let data = json!({"secret": "a-secret", "scope": ["one", "two"]});
            let Value::Object(data) = data else { unreachable!() };
            world.external_data(USER, kind, data);
        }
        world.external_data(USER, "mobile", Map::new());
    });
    let item = |kind: &str, data: Value, info: Value, enabled: bool| json!({"type": kind, "data": data, "plugin_info": info, "enabled": enabled});
    let items = json!([
        item("bar", json!({"scope": ["one", "two"]}), json!({"foo": "bar"}), true),
        item("foo", json!({}), json!({}), true),
        item("google", json!({}), json!({}), true),
        item("microsoft", json!({}), json!({}), false),
        item("mobile", json!({}), json!({}), true),
    ]);
    let list = json!({"filtered": 5, "total": 5, "items": items});
    chain.gives(&call("GET", format!("/0.1/users/{USER}/external")).by(ADMIN), 200, &list);
}
