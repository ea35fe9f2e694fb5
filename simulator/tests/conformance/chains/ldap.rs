//! Logins through the LDAP server of a tenant.

use serde::Deserialize as _;
use serde_json::{Value, json};
use wazo_auth_simulator::ldap::Entry;

use super::{Chain, Request, USER, login, reason};
use crate::world::{SUB_TENANT, World};

/// A directory as `settings.ldap_users` describes it.
fn directory() -> Value {
    json!({
        "cn=wazo_auth,ou=people,dc=example,dc=com": {"password": "service", "attributes": {"cn": "wazo_auth"}},
        "cn=Alice Wonderland,ou=people,dc=example,dc=com": {
            "password": "alice",
            "attributes": {"cn": "Alice Wonderland", "uid": "alice", "mail": "Alice@example.com", "employeeType": "human"},
        },
        "cn=The White Queen,ou=people,dc=example,dc=com": {
            "password": "queen",
            "attributes": {"cn": "The White Queen", "uid": "queen", "mail": "queen@example.com", "employeeType": "human"},
            "hidden_from_itself": ["mail"],
        },
        "cn=The Cheshire Cat,ou=people,dc=example,dc=com": {
            "password": "cat",
            "attributes": {"cn": "The Cheshire Cat", "uid": "cat", "mail": "cat@example.com", "employeeType": "animal"},
        },
        "cn=Humpty Dumpty,ou=people,dc=example,dc=com": {
            "password": "humpty",
            "attributes": {"cn": "Humpty Dumpty", "uid": "humpty", "employeeType": "human"},
        },
        "short@example.com": "short",
    })
}

/// A tenant with LDAP, this configuration, and a user with this address, which need not be confirmed.
fn world(world: &mut World, config: &Value, address: &str) {
    let entry = |(dn, entry): (&String, &Value)| (dn.clone(), Entry::deserialize(entry).expect("an entry"));
    world.state.settings.ldap_users = directory().as_object().into_iter().flatten().map(entry).collect();
    let tenant = world.tenant(SUB_TENANT);
    "mytenant".clone_into(&mut tenant.slug);
    "ldap".clone_into(&mut tenant.default_authentication_method);
    SUB_TENANT.clone_into(&mut world.tenant);
    world.domain(SUB_TENANT, "d0000000-0000-4000-8000-000000000001", "cust-42.example.com");
    world.ldap(config);
    let emails = json!([{"uuid": "e0000000-0000-4000-8000-000000000001", "address": address, "confirmed": false}]);
    world.user_from(&json!({"uuid": USER, "emails": emails}));
}

/// Each user binds for itself.
fn by_name(attribute: &str) -> Value {
    json!({
        "host": "slapd", "port": 389, "user_base_dn": "ou=people,dc=example,dc=com",
        "user_login_attribute": attribute, "user_email_attribute": "mail",
    })
}

/// A service looks the user up.
fn by_service(attribute: &str) -> Value {
    let mut config = by_name(attribute);
    config["bind_dn"] = json!("cn=wazo_auth,ou=people,dc=example,dc=com");
    config["bind_password"] = json!("service");
    config
}

fn through(name: &str, password: &str, tenant: &str) -> Request {
    login(name, password, &json!({"tenant_id": tenant}))
}

#[track_caller]
fn is_user(chain: &Chain, request: &Request) {
    assert_eq!(chain.log_in(request)["metadata"]["pbx_user_uuid"], USER);
}

#[track_caller]
fn is_refused(chain: &Chain, request: &Request) {
    chain.gives(request, 401, &reason(401, "Authentication Failed"));
}

#[test]
fn a_user_logs_in_by_the_attribute_of_the_configuration() {
    let chain = Chain::new(|to| world(to, &by_name("cn"), "alice@example.com"));
    is_user(&chain, &through("Alice Wonderland", "alice", SUB_TENANT));
    is_refused(&chain, &through("Alice Wonderland", "wrong", SUB_TENANT));
    is_refused(&chain, &through("alice", "alice", SUB_TENANT));
    let chain = Chain::new(|to| world(to, &by_service("uid"), "alice@example.com"));
    is_user(&chain, &through("alice", "alice", SUB_TENANT));
    is_refused(&chain, &through("Alice Wonderland", "alice", SUB_TENANT));
}

#[test]
fn a_tenant_is_named_by_uuid_slug_or_domain() {
    let chain = Chain::new(|to| world(to, &by_name("cn"), "alice@example.com"));
    is_user(&chain, &through("Alice Wonderland", "alice", SUB_TENANT));
    is_user(&chain, &through("Alice Wonderland", "alice", "mytenant"));
    is_user(&chain, &login("Alice Wonderland", "alice", &json!({"domain_name": "cust-42.example.com"})));
    is_refused(&chain, &login("Alice Wonderland", "alice", &json!({"domain_name": "unknown.example.com"})));
    let unknown =
        super::detailed("No such tenant: \"nobody\"", "unknown-tenant", &json!({"uuid": "nobody"}), "tenants");
    chain.gives(&through("Alice Wonderland", "alice", "nobody"), 404, &unknown);
}

#[test]
fn letter_case_makes_no_difference() {
    let chain = Chain::new(|to| world(to, &by_service("mail"), "ALICE@EXAMPLE.COM"));
    for name in ["Alice@example.com", "alice@example.com", "aLICE@eXAMPLE.cOM"] {
        is_user(&chain, &through(name, "alice", SUB_TENANT));
    }
    is_refused(&chain, &through("alice@example.com", "ALICE", SUB_TENANT));
}

#[test]
fn who_has_no_address_cannot_log_in() {
    let chain = Chain::new(|to| world(to, &by_name("cn"), "humpty@example.com"));
    is_refused(&chain, &through("Humpty Dumpty", "humpty", SUB_TENANT));
    let chain = Chain::new(|to| world(to, &by_name("cn"), "another@example.com"));
    is_refused(&chain, &through("Alice Wonderland", "alice", SUB_TENANT));
}

#[test]
fn only_a_service_sees_an_address_that_is_hidden_from_its_user() {
    let chain = Chain::new(|to| world(to, &by_name("cn"), "queen@example.com"));
    is_refused(&chain, &through("The White Queen", "queen", SUB_TENANT));
    let chain = Chain::new(|to| world(to, &by_service("cn"), "queen@example.com"));
    is_user(&chain, &through("The White Queen", "queen", SUB_TENANT));
}

#[test]
fn a_service_with_a_wrong_password_looks_nobody_up() {
    let mut config = by_service("cn");
    config["bind_password"] = json!("wrong");
    let chain = Chain::new(|to| world(to, &config, "alice@example.com"));
    is_refused(&chain, &through("Alice Wonderland", "alice", SUB_TENANT));
}

#[test]
fn the_search_filter_decides() {
    let mut config = by_service("uid");
    config["search_filters"] = json!("(&({user_login_attribute}={username})(employeeType=human))");
    let chain = Chain::new(|to| world(to, &config, "alice@example.com"));
    is_user(&chain, &through("alice", "alice", SUB_TENANT));
    // What a user types is never a part of the filter.
    is_refused(&chain, &through("al*", "alice", SUB_TENANT));
    let chain = Chain::new(|to| world(to, &config, "cat@example.com"));
    is_refused(&chain, &through("cat", "cat", SUB_TENANT));
}

#[test]
fn a_user_of_another_tenant_is_not_found() {
    let chain = Chain::new(|to| {
        world(to, &by_name("cn"), "alice@example.com");
        crate::world::TOP_TENANT.clone_into(&mut to.user(USER).tenant_uuid);
        "ldap".clone_into(&mut to.user(USER).authentication_method);
    });
    is_refused(&chain, &through("Alice Wonderland", "alice", SUB_TENANT));
}

#[test]
fn a_name_and_its_password_suffice_for_a_user_whose_name_is_the_address() {
    let chain = Chain::new(|to| world(to, &by_name("uid"), "short@example.com"));
    is_user(&chain, &through("short@example.com", "short", SUB_TENANT));
    is_refused(&chain, &through("short@example.com", "wrong", SUB_TENANT));
}

#[test]
fn a_refresh_token_of_an_ldap_login_opens_a_session() {
    let chain = Chain::new(|to| world(to, &by_name("cn"), "alice@example.com"));
    let asked = json!({"tenant_id": SUB_TENANT, "access_type": "offline", "client_id": "a-client"});
    let first = chain.log_in(&login("Alice Wonderland", "alice", &asked));
    let asked = json!({"refresh_token": first["refresh_token"], "client_id": "a-client"});
    is_user(&chain, &super::call("POST", "/0.1/token").json(&asked));
}
