//! The beginning of a login by SAML.

use serde_json::json;

use super::{Chain, call, detailed};

#[test]
fn a_login_by_saml_wants_a_domain_name_and_an_address() {
    let chain = Chain::new(|_| {});
    let begin = |redirect_url: &str, domain: &str| {
        call("POST", "/0.1/saml/sso").json(&json!({"redirect_url": redirect_url, "domain": domain}))
    };
    let refused = |field: &str| detailed(field, "invalid-data", &json!({}), "saml");
    for domain in ["notadomain", "a", ""] {
        chain.gives(&begin("https://example.com/acs", domain), 400, &refused("domain"));
    }
    chain.gives(&begin("", "example.com"), 400, &refused("redirect_url"));
    let message = "SAML client for domain not found or failed";
    let unknown = detailed(message, "configuration-error", &json!({"domain": "unknown.com"}), "saml");
    chain.gives(&begin("https://example.com/acs", "unknown.com"), 500, &unknown);
}
