//! What the mock knows before a test has set anything: the tokens, tenants and passwords that Wazo's tests take for
//! granted.

use serde_json::{Value, json};

use super::Store;

/// The access that stands for every access.
pub const EVERY_ACCESS: &str = "__accept_all__";

/// The token that a login gives whose name and password nobody has set.
pub const DEFAULT_TOKEN: &str = "valid-token-multitenant";

/// Identifier, user, tenant.
const TOKENS: [(&str, Option<&str>, &str); 5] = [
    ("valid-token", Some("uuid"), "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    (DEFAULT_TOKEN, Some("uuid-multitenant"), "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee1"),
    ("valid-token-master-tenant", Some("uuid-tenant-master"), "eeeeeeee-eeee-eeee-eeee-eeeeeeeeee10"),
    ("valid-token-sub-tenant", Some("uuid-subtenant"), "eeeeeeee-eeee-eeee-eeee-eeeeeeeeee11"),
    // The token of a program: it has an `auth_id`, but no user.
    ("non-user-token", None, "dddddddd-dddd-dddd-dddd-dddddddddd11"),
];

/// UUID, name, parent.
const TENANTS: [(&str, &str, &str); 6] = [
    ("ffffffff-ffff-ffff-ffff-ffffffffffff", "valid-tenant", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee1", "valid-tenant1", "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee1"),
    ("eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee2", "valid-tenant2", "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee1"),
    ("eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee3", "valid-tenant3", "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeee1"),
    ("eeeeeeee-eeee-eeee-eeee-eeeeeeeeee10", "master-tenant", "eeeeeeee-eeee-eeee-eeee-eeeeeeeeee10"),
    ("eeeeeeee-eeee-eeee-eeee-eeeeeeeeee11", "sub-tenant", "eeeeeeee-eeee-eeee-eeee-eeeeeeeeee10"),
];

/// Name and UUID.
pub const POLICIES: [(&str, &str); 2] = [
    ("wazo_default_master_user_policy", "5650b7e8-6de8-4f5f-994c-000000000001"),
    ("wazo_default_admin_policy", "5650b7e8-6de8-4f5f-994c-000000000002"),
];

/// The token that exists but lacks every access: its `HEAD` is 403 where an access is asked for, and 204 where none is.
pub const TOKEN_WITHOUT_ACCESS: &str = "invalid-acl-token";

pub fn initial() -> Store {
    let mut store = Store::default();
    for (token, user, tenant) in TOKENS {
        let content = json!({
            "auth_id": user.unwrap_or("uuid-non-user"),
            "token": token,
            "acl": [EVERY_ACCESS],
            "metadata": {"uuid": user, "pbx_user_uuid": user, "tenant_uuid": tenant},
        });
        store.tokens.insert(token.into(), content);
    }
    let tenant = |(uuid, name, parent)| -> Value { json!({"uuid": uuid, "name": name, "parent_uuid": parent}) };
    store.tenants = TENANTS.map(tenant).to_vec();
    store.refused = vec![("test".into(), "foobar".into())];
    store.for_invalid_token = vec![("test".into(), "iddqd".into())];
    store
}
