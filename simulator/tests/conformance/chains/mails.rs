//! The mails, and the tokens that they carry.

use serde_json::{Value, json};

use super::{ADMIN, Chain, DRAWN, USER, call};
use crate::world::TOP_TENANT;

const ADDRESS: &str = "e0000000-0000-4000-8000-000000000001";

/// The last mail.
fn mail(chain: &Chain) -> Value {
    let mails = chain.send(&call("GET", "/_simulator/mails"));
    let mails: Value = serde_json::from_slice(&mails.body).expect("JSON");
    mails["items"].as_array().and_then(|items| items.last().cloned()).expect("a mail")
}

fn lines(mail: &Value) -> Vec<&str> {
    mail["body"].as_str().expect("a text").lines().collect()
}

#[test]
fn a_link_to_confirm_is_a_line_of_its_own_and_names_https() {
    let chain = Chain::new(|world| {
        world.login(USER, "someone", "secret");
        world.email(USER, ADDRESS, false);
    });
    let ask =
        call("GET", format!("/0.1/users/{USER}/emails/{ADDRESS}/confirm")).by(ADMIN).with("x-script-name", "/api/auth");
    chain.gives(&ask, 204, &Value::Null);
    let mail = mail(&chain);
    let links: Vec<&str> = lines(&mail).into_iter().filter(|line| line.starts_with("https://")).collect();
    let host = chain.simulator().address();
    let token = mail["token"].as_str().expect("a token");
    assert_eq!(links, [format!("https://{host}/api/auth/0.1/emails/{ADDRESS}/confirm?token={token}")], "{mail}");
    assert_eq!(mail["subject"], "Email confirmation for someone");
    assert_eq!((&mail["from_name"], &mail["from_address"]), (&json!("wazo-auth"), &json!("noreply@wazo.community")));
}

#[test]
fn a_password_reset_tells_user_and_token_line_by_line() {
    let chain = Chain::new(|world| {
        world.user(USER);
        world.email(USER, ADDRESS, true);
    });
    let sender = json!({"password_reset_from_name": "somebody", "password_reset_from_address": "s@example.com"});
    assert_eq!(chain.send(&call("PUT", "/_simulator/settings").json(&sender)).status, 204);
    chain.gives(&call("GET", format!("/0.1/users/password/reset?email={ADDRESS}@example.com")), 204, &Value::Null);
    let mail = mail(&chain);
    let token = mail["token"].as_str().expect("a token");
    for line in ["username: None", &format!("user_uuid: {USER}"), &format!("token: {token}")] {
        assert!(lines(&mail).contains(&line), "{line}: {mail}");
    }
    assert_eq!((&mail["from_name"], &mail["from_address"]), (&json!("somebody"), &json!("s@example.com")));
}

#[test]
fn the_token_of_a_mail_has_a_session_of_nobody() {
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
