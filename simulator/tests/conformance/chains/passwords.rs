//! Who can change a password.

use serde_json::{Value, json};

use super::{ADMIN, Chain, USER, call, reason};

#[test]
fn a_user_without_a_login_cannot_change_its_password() {
    const ADDRESS: &str = "e0000000-0000-4000-8000-000000000001";
    let change = call("PUT", format!("/0.1/users/{USER}/password")).by(ADMIN);
    let change = change.json(&json!({"old_password": "secret", "new_password": "new"}));
    let confirmed = |confirmed: bool, main: bool| {
        Chain::new(|world| {
            world.login(USER, "someone", "secret").username = None;
            world.email(USER, ADDRESS, confirmed);
            world.user(USER).emails[0].main = main;
        })
    };
    for chain in [confirmed(false, true), confirmed(true, false)] {
        chain.gives(&change, 401, &reason(401, "Authentication Failed"));
    }
    confirmed(true, true).gives(&change, 204, &Value::Null);
}
