//! The check of a token: an empty access, an empty tenant, no token at all.

use serde_json::Value;

use super::{ADMIN, Chain, call};
use crate::world::TOP_TENANT;

const TOKEN: &str = "0f000000-0000-4000-8000-000000000001";

#[test]
fn an_empty_access_is_matched_as_the_empty_text() {
    let chain = Chain::new(|world| {
        world.token(TOKEN, TOP_TENANT, &["auth.#", "a.*"]);
    });
    for (token, query, status) in [
        (ADMIN, "scope=", 204),
        (TOKEN, "scope=", 403),
        (TOKEN, "scope", 403),
        (TOKEN, "scope=&tenant=", 403),
        (TOKEN, "", 204),
    ] {
        chain.gives(&call("HEAD", format!("/0.1/token/{token}?{query}")), status, &Value::Null);
    }
    let refused = super::reason(403, "Unauthorized for ");
    chain.gives(&call("GET", format!("/0.1/token/{TOKEN}?scope=")), 403, &refused);
}

#[test]
fn an_empty_tenant_is_not_asked_about() {
    let chain = Chain::new(|world| {
        world.token(TOKEN, crate::world::SUB_TENANT, &["auth.#"]);
    });
    for (query, status) in
        [("tenant=", 204), ("scope=auth.a&tenant=", 204), ("tenant=unknown", 403), ("scope=other&tenant=", 403)]
    {
        chain.gives(&call("HEAD", format!("/0.1/token/{TOKEN}?{query}")), status, &Value::Null);
    }
    let check = |tenant: &str| {
        let body = serde_json::json!({"scopes": ["auth.a", ""], "tenant_uuid": tenant});
        call("POST", format!("/0.1/token/{TOKEN}/scopes/check")).json(&body)
    };
    chain.gives(&check(""), 200, &serde_json::json!({"scopes": {"": false, "auth.a": true}}));
    chain.gives(&check("unknown"), 403, &super::reason(403, "Unauthorized for tenant unknown"));
}

#[test]
fn what_is_no_uuid_is_no_page() {
    let chain = Chain::new(|_| {});
    for token in ["", ".", "..", "no-uuid", "%2e%2e", ADMIN.trim_start_matches("ad")] {
        for method in ["HEAD", "GET"] {
            let answer = chain.send(&call(method, format!("/0.1/token/{token}")));
            let page = crate::exchange::header(&answer.headers, "content-type");
            assert_eq!((answer.status, page), (404, Some("text/html; charset=utf-8")), "{method} {token:?}");
        }
    }
}
