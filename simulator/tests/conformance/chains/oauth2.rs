//! The consent of a user at an OAuth2 provider, which a test gives in the user's place.

use serde_json::{Value, json};

use super::{ADMIN, Chain, Request, USER, call};
use crate::world::TOP_TENANT;

fn external(method: &'static str, kind: &str) -> Request {
    call(method, format!("/0.1/users/{USER}/external/{kind}")).by(ADMIN)
}

fn consent(state: &Value, given: &str) -> Request {
    call("POST", format!("/_simulator/oauth2/{}", state.as_str().expect("a state"))).text(given)
}

fn told(what: &str, kind: &str) -> (String, Value, Value) {
    let data = json!({"user_uuid": USER, "external_auth_name": kind});
    (format!("auth_user_external_auth_{what}"), json!(TOP_TENANT), data)
}

impl Chain {
    /// What the creation of external authentication data answers.
    fn ask(&self, kind: &str) -> Value {
        let answer = self.send(&external("POST", kind).json(&json!({})));
        assert!(answer.status < 300, "{}", answer.status);
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    fn stored(&self, kind: &str) -> Value {
        serde_json::from_slice(&self.send(&external("GET", kind)).body).expect("JSON")
    }
}

#[test]
fn a_consent_at_google_gives_the_user_a_token() {
    for kind in ["google", "microsoft"] {
        let chain = Chain::new(|world| {
            world.user(USER);
            world.external_config(kind, json!({"client_id": "a-client-id", "client_secret": "a-client-secret"}));
        });
        let state = chain.ask(kind)["state"].clone();
        assert_eq!(chain.send(&external("GET", kind)).status, 404);
        assert_eq!(chain.news_of(&consent(&state, "")), [told("added", kind)]);
        let first = chain.stored(kind);
        assert!(first["access_token"].as_str().is_some_and(|token| !token.is_empty()), "{first}");
        assert!(first["token_expiration"].is_i64() && !first["scope"][0].is_null(), "{first}");
        assert!(first.get("refresh_token").is_none(), "{first}");
        // It serves once.
        assert_eq!(chain.send(&consent(&state, "")).status, 404);
        let again = chain.ask(kind)["state"].clone();
        let given = r#"{"access_token": "a", "token_expiration": 1795437833, "scope": ["s"], "refresh_token": "r"}"#;
        assert_eq!(chain.news_of(&consent(&again, given)), [told("updated", kind)]);
        let second = json!({"access_token": "a", "token_expiration": 1_795_437_833, "scope": ["s"]});
        assert_eq!(chain.stored(kind), second);
    }
}

#[test]
fn a_consent_elsewhere_is_published_as_one() {
    let chain = Chain::new(|world| {
        world.user(USER);
    });
    let state = chain.ask("foo")["state"].clone();
    let given = r#"{"access_token": "a-token"}"#;
    assert_eq!(chain.news_of(&consent(&state, given)), [told("updated", "foo"), told("authorized", "foo")]);
    assert_eq!(chain.stored("foo"), json!({"state": state, "access_token": "a-token"}));
}

#[test]
fn a_consent_that_nobody_waits_for_is_refused() {
    let chain = Chain::new(|world| {
        world.user(USER);
    });
    assert_eq!(chain.send(&consent(&json!("unknown"), "")).status, 404);
    let state = chain.ask("foo")["state"].clone();
    assert_eq!(chain.send(&consent(&state, "[]")).status, 400);
    assert_eq!(chain.send(&external("DELETE", "foo")).status, 204);
    assert_eq!(chain.send(&consent(&state, "")).status, 404);
}
