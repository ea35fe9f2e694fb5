//! What the derivation cannot read off an exchange: told by hand, for each the line of the recording and why.

use crate::world::{NOW, SUB_TENANT, TOP_TENANT, World};

/// Line, what it adds, how. Applied after the derivation.
pub type Recipe = (usize, &'static str, fn(&mut World));

pub const RECIPES: &[Recipe] = &[
    (22, "the installation's own page for a confirmed address", |world| {
        let page = &mut world.state.settings.email_confirmation_page;
        "text/x-test; charset=utf-8".clone_into(&mut page.content_type);
        "Custom template".clone_into(&mut page.body);
    }),
    (26, "a configuration of that type was there once: since then the type is known", type_seen_before),
    (29, "as 26", type_seen_before),
    (33, "as 26", type_seen_before),
    (60, "the group is one of the top tenant, the caller in a tenant below", |world| {
        world.group("c744275d-4422-47e0-b748-2967f9da1d22");
        caller_below(world, "6e594e21-0485-495c-99fa-2b394fbe4421");
    }),
    (83, "user and group are in two tenants below the caller's", |world| {
        let group = world.new_uuid();
        world.tenant("bcd4c33e-5726-4b4b-810d-7942670a4326");
        world.tenant("499639c1-c235-4b09-af2a-894e9b20666c");
        "bcd4c33e-5726-4b4b-810d-7942670a4326"
            .clone_into(&mut world.user("48fd8bd9-4dd8-4e44-b4cf-5ebc4588edea").tenant_uuid);
        world.user("48fd8bd9-4dd8-4e44-b4cf-5ebc4588edea").groups.clear();
        "499639c1-c235-4b09-af2a-894e9b20666c"
            .clone_into(&mut world.group("8c148d76-a8e3-4094-9614-13c43e9b0b80").tenant_uuid);
        world.group(&group);
    }),
    (108, "the slug is one of a tenant below, which the caller's own tenant does not hold", slug_below),
    (112, "as 108", slug_below),
    (114, "as 108", slug_below),
    (119, "the policy is one of the top tenant and not shared, the caller in a tenant below", |world| {
        world.policy("7cc213a7-7746-4bd9-a308-1af649ef7b9d");
        caller_below(world, "e57cc947-75e7-40e2-9997-586b50546f43");
    }),
    (123, "the policy is shared by the top tenant, the caller in a tenant below", |world| {
        let policy = world.policy("2875ab2b-fb65-4bec-970b-1c4141c95222");
        let policy = &mut world.state.policies[&policy];
        (policy.config_managed, policy.shared) = (false, true);
        caller_below(world, "814a668d-00bf-41b5-81f5-87b3e4f3ffac");
    }),
    (160, "the user who logs in, at a time with a fraction: a new token shows it, a stored one does not", |world| {
        world.state.settings.now = Some(NOW + 0.354_706);
        world.login("bf599a53-c2b4-48f9-94c7-687bbe35d0f3", "eqttnxvyoaerbgzppzxk", "pass");
    }),
    (161, "the tenant that the login names twice", |world| {
        let tenant = "2ec55cd6-c465-47a9-922f-569b404c48b8";
        let domain = world.new_uuid();
        world.domain(tenant, &domain, "cust-42.myclients.com");
    }),
    (162, "the tenant that the login names, in which nobody has that login", |world| {
        let tenant = world.new_uuid();
        "jyi".clone_into(&mut world.tenant(&tenant).slug);
    }),
    (163, "the user who logs in, with all the sessions that one may have", |world| {
        let user = "f9702ff6-663a-4e36-b47b-4ca7c9125d14";
        world.login(user, "my-service", "yosgaawkyldsstletepo");
        for _ in 0..100 {
            let session = world.new_uuid();
            world.session(&session, user, TOP_TENANT, false);
        }
    }),
    (209, "the user is one of the top tenant, the caller in a tenant below", |world| {
        world.user("11179a52-d701-4560-94f5-c022934a2a90");
        caller_below(world, "5dd46806-c1b1-4968-bde0-be1fcfac426e");
    }),
    (264, "the user's tenant authenticates by LDAP", |world| {
        let tenant = world.tenant.clone();
        world.ldap(&serde_json::json!({"host": "slapd", "port": 389}));
        "ldap".clone_into(&mut world.tenant(&tenant).default_authentication_method);
    }),
];

/// Moves the caller to a tenant below the top one.
fn caller_below(world: &mut World, token: &str) {
    world.token(token, SUB_TENANT, &["#"]);
}

fn type_seen_before(world: &mut World) {
    world.state.external_types_seen.push("an-external-auth-type".to_owned());
}

fn slug_below(world: &mut World) {
    let policy = world.policy("slug_in_sub_tenant");
    SUB_TENANT.clone_into(&mut world.state.policies[&policy].tenant_uuid);
}
