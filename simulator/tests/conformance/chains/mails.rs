//! The tokens that mails carry.

use serde_json::{Value, json};

use super::{ADMIN, Chain, DRAWN, USER, call};
use crate::world::TOP_TENANT;

#[test]
fn the_token_of_a_mail_has_a_session_of_nobody() {
    const ADDRESS: &str = "e0000000-0000-4000-8000-000000000001";
    let chain = Chain::new(|world| {
        world.login(USER, "someone", "secret");
        world.email(USER, ADDRESS, true);
    });
    chain.gives(&call("GET", "/0.1/users/password/reset?username=someone"), 204, &Value::Null);
    let session = json!({"uuid": DRAWN, "mobile": false, "tenant_uuid": TOP_TENANT, "user_uuid": null});
    let list = json!({"filtered": 1, "total": 1, "items": [session]});
    let list = chain.gives(&call("GET", "/0.1/sessions").by(ADMIN), 200, &list);
    // It ends as other sessions do, and the mail's token with it.
    let mails = chain.send(&call("GET", "/_simulator/mails"));
    let mails: Value = serde_json::from_slice(&mails.body).expect("JSON");
    chain.is_live(&mails["items"][0]["token"], true);
    let session = list["items"][0]["uuid"].as_str().expect("a session");
    chain.gives(&call("DELETE", format!("/0.1/sessions/{session}")).by(ADMIN), 204, &Value::Null);
    chain.is_live(&mails["items"][0]["token"], false);
}
