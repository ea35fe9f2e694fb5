//! What is published on the bus, and what is not.

use serde_json::{Value, json};

use super::{ADMIN, Chain, Request, USER, call};
use crate::world::{SUB_TENANT, TOP_TENANT};

impl Chain {
    /// The messages that this request makes: name, tenant, data.
    pub fn news_of(&self, request: &Request) -> Vec<(String, Value, Value)> {
        self.send(&call("DELETE", "/_simulator/events"));
        let answer = self.send(request);
        assert!(answer.status < 300, "{} gave {}", request.target, answer.status);
        let list = self.send(&call("GET", "/_simulator/events"));
        let list: Value = serde_json::from_slice(&list.body).expect("JSON");
        let told = |item: &Value| {
            let body = &item["body"];
            (body["name"].as_str().unwrap_or_default().to_owned(), body["tenant_uuid"].clone(), body["data"].clone())
        };
        list["items"].as_array().expect("a list").iter().map(told).collect()
    }
}

#[test]
fn an_edit_is_published_even_where_it_changes_nothing() {
    let chain = Chain::new(|world| {
        world.tenant_from(&json!({"uuid": SUB_TENANT, "name": "one", "slug": "uno"}));
        world.user(USER);
    });
    let edit = call("PUT", format!("/0.1/tenants/{SUB_TENANT}")).by(ADMIN).json(&json!({"name": "one"}));
    let updated = vec![(
        "auth_tenant_updated".to_owned(),
        json!(SUB_TENANT),
        json!({"uuid": SUB_TENANT, "name": "one", "slug": "uno"}),
    )];
    for _ in 0..2 {
        assert_eq!(chain.news_of(&edit), updated);
    }
    for (kind, body) in [("bar", json!({"secret": 1})), ("mobile", json!({"token": "a"}))] {
        let target = format!("/0.1/users/{USER}/external/{kind}");
        let told = |what: &str| {
            let data = json!({"user_uuid": USER, "external_auth_name": kind});
            vec![(format!("auth_user_external_auth_{what}"), json!(TOP_TENANT), data)]
        };
        assert_eq!(chain.news_of(&call("POST", target.clone()).by(ADMIN).json(&body)), told("added"));
        for _ in 0..2 {
            assert_eq!(chain.news_of(&call("PUT", target.clone()).by(ADMIN).json(&body)), told("updated"));
        }
    }
}

#[test]
fn what_goes_with_a_deleted_user_is_not_told_beside_its_sessions() {
    let chain = Chain::new(|world| {
        world.user(USER);
        world.tenant(SUB_TENANT).contact = Some(USER.to_owned());
        world.external_data(USER, "bar", serde_json::Map::new());
    });
    assert_eq!(chain.news_of(&call("DELETE", format!("/0.1/users/{USER}")).by(ADMIN)), []);
}

#[test]
fn a_session_of_nobody_is_not_told() {
    let chain = Chain::new(|world| {
        world.login(USER, "someone", "secret");
        world.email(USER, "e0000000-0000-4000-8000-000000000001", true);
    });
    // The token of the mail has a session.
    assert_eq!(chain.news_of(&call("GET", "/0.1/users/password/reset?username=someone")), []);
    let mails = chain.send(&call("GET", "/_simulator/mails"));
    let mails: Value = serde_json::from_slice(&mails.body).expect("JSON");
    let token = mails["items"][0]["token"].as_str().expect("a token");
    assert_eq!(chain.news_of(&call("DELETE", format!("/0.1/token/{token}"))), []);
}
