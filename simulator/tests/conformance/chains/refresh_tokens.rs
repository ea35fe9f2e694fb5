//! What goes with a refresh token.

use serde_json::{Value, json};

use super::{ADMIN, Chain, USER, call, login};

#[test]
fn a_refresh_token_goes_without_the_tokens_made_with_it() {
    let chain = Chain::new(|world| {
        world.login(USER, "someone", "secret");
    });
    let none = json!({"filtered": 0, "total": 0, "items": []});
    for (target, by_owner) in [("/0.1/users/me/tokens".to_owned(), true), (format!("/0.1/users/{USER}/tokens"), false)]
    {
        let asked = json!({"access_type": "offline", "client_id": "a-client"});
        let given = chain.log_in(&login("someone", "secret", &asked));
        let token = given["token"].as_str().expect("a token");
        let by = if by_owner { token } else { ADMIN };
        chain.gives(&call("DELETE", format!("{target}/a-client")).by(by), 204, &Value::Null);
        chain.is_live(&given["token"], true);
        chain.gives(&call("GET", target).by(by), 200, &none);
    }
}
