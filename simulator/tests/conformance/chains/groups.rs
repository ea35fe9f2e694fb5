//! Groups and who is in them.

use serde_json::{Value, json};

use super::{ADMIN, Chain, call, detailed};

const GROUP: &str = "06000000-0000-4000-8000-000000000001";
const UNKNOWN: &str = "00000000-0000-0000-0000-000000000000";

fn unknown(what: &str, uuid: &str) -> Value {
    let message = format!("No such {what}: \"{uuid}\"");
    detailed(message, &format!("unknown-{what}"), json!({"uuid": uuid}), &format!("{what}s"))
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
