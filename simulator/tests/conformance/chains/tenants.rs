//! The search for tenants.

use serde_json::json;

use super::{ADMIN, Chain, call};
use crate::world::{SUB_TENANT, TOP_TENANT};

#[test]
fn the_search_for_tenants_finds_domain_names() {
    let chain = Chain::new(|world| {
        let tenant = json!({
            "uuid": SUB_TENANT, "name": "foo", "slug": "slug1", "domain_names": ["wazo.community", "gmail.com"],
        });
        world.tenant_from(&tenant);
    });
    let shown = json!({
        "uuid": SUB_TENANT, "parent_uuid": TOP_TENANT, "name": "foo", "slug": "slug1", "contact": null, "phone": null,
        "default_authentication_method": "native", "domain_names": ["wazo.community", "gmail.com"],
        "address": {"line_1": null, "line_2": null, "city": null, "state": null, "country": null, "zip_code": null},
    });
    let found = json!({"filtered": 1, "total": 2, "items": [shown]});
    let none = json!({"filtered": 0, "total": 2, "items": []});
    for (search, expected) in [("gmail", &found), ("WAZO%20com", &found), ("hotmail", &none)] {
        chain.gives(&call("GET", format!("/0.1/tenants?search={search}")).by(ADMIN), 200, expected);
    }
}
