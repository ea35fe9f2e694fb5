//! The configurations of the backends.

use serde_json::{Value, json};

use super::{ADMIN, Chain, call, detailed};
use crate::world::TOP_TENANT;

#[test]
fn a_configuration_that_is_not_there_can_be_deleted() {
    let chain = Chain::new(|_| {});
    for target in ["/0.1/backends/ldap", "/0.1/backends/saml"] {
        chain.gives(&call("DELETE", target).by(ADMIN), 204, &Value::Null);
    }
    let message = format!("No SAML IDP config found for this tenant: \"{TOP_TENANT}\"");
    let unknown = detailed(message, "unknown-saml-config", &json!({"uuid": TOP_TENANT}), "saml_config");
    chain.gives(&call("GET", "/0.1/backends/saml").by(ADMIN), 404, &unknown);
}
