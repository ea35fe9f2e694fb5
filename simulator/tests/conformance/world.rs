//! The state that an exchange needs, built piece by piece. Every piece may be asked for twice: the first one stays.
//!
//! A world begins as the recorded installation did: the top tenant with its group of all users and the policies that
//! come with the installation, and its plug-ins.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use wazo_auth_simulator::rows::{
    Domain, Email, ExternalConfig, ExternalData, Group, LdapConfig, Policy, RefreshToken, SamlConfig, Session, Tenant,
    Token, User,
};
use wazo_auth_simulator::state::State;

/// The top tenant of the recorded installation.
pub const TOP_TENANT: &str = "28744357-4278-4501-97d7-4278e5cc36d5";
/// A tenant below the top one, for callers that must not see the top one.
pub const SUB_TENANT: &str = "5ab7e0a7-0000-4000-8000-000000000001";
/// The time of the recording, whole as a token's stored times are.
pub const NOW: f64 = 1_795_437_883.0;
/// The group of all users of the top tenant.
const ALL_USERS: &str = "cf936f60-f23f-488d-9f17-df391f97add6";
const ALL_USERS_POLICY: &str = "37a3e038-d9c2-482b-abc8-f8a55eef7fd8";
const USER_POLICY: &str = "f7e1e2c9-cf0f-46e7-8be6-077258020d8c";
const ADMIN_POLICY: &str = "9b0c2a35-e935-433d-905e-415e7489755f";

/// A state under construction.
pub struct World {
    pub state: State,
    /// The tenant in which pieces are made that say no other.
    pub tenant: String,
    /// How many uuids were made up.
    made_up: u32,
}

impl World {
    /// The recorded installation, without a user.
    pub fn new() -> Self {
        let mut world = Self { state: State::default(), tenant: TOP_TENANT.to_owned(), made_up: 0 };
        let settings = &mut world.state.settings;
        // The fastest hash: what is tested here is not its strength.
        settings.password_rounds = 1;
        settings.now = Some(NOW);
        settings.external_types =
            IndexMap::from([("foo".to_owned(), json!({})), ("bar".to_owned(), json!({"foo": "bar"}))]);
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        settings.backends = names(&["broken_init", "broken_verify_password", "ldap_user", "wazo_user"]);
        settings.idps = names(&["default", "saml", "ldap", "native", "broken_verify_auth", "broken_can_authenticate"]);
        settings.user_registration = true;
        world.tenant_from(&json!({"uuid": TOP_TENANT, "parent_uuid": TOP_TENANT, "name": "master", "slug": "master"}));
        for (uuid, slug, acl) in [
            (
                ALL_USERS_POLICY,
                "wazo-all-users-policy",
                &["integration_tests.access", "integration_tests.another_access"][..],
            ),
            (ADMIN_POLICY, "wazo_default_admin_policy", &["default.admin.policy"]),
            (
                USER_POLICY,
                "wazo_default_user_policy",
                &[
                    "default.user.policy",
                    "auth.users.me.external.#",
                    "auth.users.me.tokens.#",
                    "auth.users.me.password.#",
                ],
            ),
        ] {
            world.state.policies.add(Policy {
                uuid: uuid.to_owned(),
                tenant_uuid: TOP_TENANT.to_owned(),
                name: slug.to_owned(),
                slug: slug.to_owned(),
                description: Some("Automatically created".to_owned()),
                acl: names(acl),
                shared: false,
                config_managed: true,
            });
        }
        let name = format!("wazo-all-users-tenant-{TOP_TENANT}");
        let group = world.group_from(&json!({"uuid": ALL_USERS, "name": name, "system_managed": true}));
        group.policies.push(ALL_USERS_POLICY.to_owned());
        world
    }

    /// A uuid that nothing else has.
    pub fn new_uuid(&mut self) -> String {
        self.made_up += 1;
        format!("0d000000-0000-4000-8000-{:012x}", self.made_up)
    }

    /// A tenant below the top one.
    pub fn tenant(&mut self, uuid: &str) -> &mut Tenant {
        self.tenant_from(&json!({"uuid": uuid}))
    }

    /// A tenant with what an answer says of it.
    pub fn tenant_from(&mut self, answer: &Value) -> &mut Tenant {
        let uuid = text(answer, "uuid");
        if !self.state.tenants.contains_key(&uuid) {
            let domains = answer["domain_names"].as_array().cloned().unwrap_or_default();
            let domains = domains.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
            let domains = domains.into_iter().map(|name| Domain { uuid: self.new_uuid(), name }).collect();
            let slug = format!("t{}", self.state.tenants.len());
            self.state.tenants.add(Tenant {
                uuid: uuid.clone(),
                parent_uuid: optional(answer, "parent_uuid").unwrap_or_else(|| TOP_TENANT.to_owned()),
                name: optional(answer, "name"),
                slug: optional(answer, "slug").unwrap_or(slug),
                default_authentication_method: "native".to_owned(),
                domains,
                ..Tenant::default()
            });
        }
        &mut self.state.tenants[&uuid]
    }

    /// A user in the world's tenant.
    pub fn user(&mut self, uuid: &str) -> &mut User {
        self.user_from(&json!({"uuid": uuid}))
    }

    /// A user with what an answer says of it.
    pub fn user_from(&mut self, answer: &Value) -> &mut User {
        let uuid = text(answer, "uuid");
        if !self.state.users.contains_key(&uuid) {
            let tenant_uuid = self.tenant_of(answer);
            let in_top = tenant_uuid == TOP_TENANT;
            let emails = answer["emails"].as_array().into_iter().flatten().map(email_from).collect();
            self.state.users.add(User {
                uuid: uuid.clone(),
                tenant_uuid,
                username: optional(answer, "username"),
                firstname: optional(answer, "firstname"),
                lastname: optional(answer, "lastname"),
                purpose: optional(answer, "purpose").unwrap_or_else(|| "user".to_owned()),
                authentication_method: optional(answer, "authentication_method")
                    .unwrap_or_else(|| "default".to_owned()),
                enabled: answer["enabled"].as_bool().unwrap_or(true),
                emails,
                groups: if in_top { vec![ALL_USERS.to_owned()] } else { Vec::new() },
                ..User::default()
            });
        }
        &mut self.state.users[&uuid]
    }

    /// A user who logs in with name and password.
    pub fn login(&mut self, uuid: &str, username: &str, password: &str) -> &mut User {
        let user = self.user(uuid);
        user.username = Some(username.to_owned());
        user.password = Some(password.to_owned());
        user
    }

    /// An address of a user.
    pub fn email(&mut self, user_uuid: &str, uuid: &str, confirmed: bool) {
        let address = format!("{uuid}@example.com");
        let email = Email { uuid: uuid.to_owned(), address, main: true, confirmed };
        self.user(user_uuid).emails.push(email);
    }

    /// A group in the world's tenant.
    pub fn group(&mut self, uuid: &str) -> &mut Group {
        self.group_from(&json!({"uuid": uuid}))
    }

    /// A group with what an answer says of it.
    pub fn group_from(&mut self, answer: &Value) -> &mut Group {
        let uuid = text(answer, "uuid");
        if !self.state.groups.contains_key(&uuid) {
            let name = optional(answer, "name").unwrap_or_else(|| format!("group {uuid}"));
            let tenant_uuid = self.tenant_of(answer);
            self.state.groups.add(Group {
                uuid: uuid.clone(),
                tenant_uuid,
                slug: optional(answer, "slug").unwrap_or_else(|| name.replace(' ', "-")),
                name,
                system_managed: answer["system_managed"].as_bool().unwrap_or_default(),
                policies: Vec::new(),
            });
        }
        &mut self.state.groups[&uuid]
    }

    /// Gives a group a policy, once.
    pub fn give_group(&mut self, group_uuid: &str, policy_uuid: &str) {
        let policies = &mut self.group(group_uuid).policies;
        if !policies.iter().any(|uuid| uuid == policy_uuid) {
            policies.push(policy_uuid.to_owned());
        }
    }

    /// Puts a user into a group; both are made where they are not there.
    pub fn member(&mut self, group_uuid: &str, user_uuid: &str) {
        self.group(group_uuid);
        let groups = &mut self.user(user_uuid).groups;
        if !groups.iter().any(|uuid| uuid == group_uuid) {
            groups.push(group_uuid.to_owned());
        }
    }

    /// A policy named by its uuid or its slug, in the world's tenant. Returns its uuid.
    pub fn policy(&mut self, name: &str) -> String {
        if let Some(known) = self.state.policies.values().find(|policy| policy.slug == name) {
            return known.uuid.clone();
        }
        let answer = if crate::compare::is_uuid(name) {
            json!({"uuid": name, "name": format!("policy {name}"), "slug": format!("policy-{name}")})
        } else {
            json!({"uuid": self.new_uuid(), "name": name, "slug": name})
        };
        self.policy_from(&answer).uuid.clone()
    }

    /// A policy with what an answer says of it.
    pub fn policy_from(&mut self, answer: &Value) -> &mut Policy {
        let uuid = text(answer, "uuid");
        if !self.state.policies.contains_key(&uuid) {
            let tenant_uuid = self.tenant_of(answer);
            self.state.policies.add(Policy {
                uuid: uuid.clone(),
                tenant_uuid,
                name: text(answer, "name"),
                slug: text(answer, "slug"),
                description: optional(answer, "description"),
                acl: answer["acl"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
                shared: answer["shared"].as_bool().unwrap_or_default(),
                config_managed: answer["read_only"].as_bool().unwrap_or_default(),
            });
        }
        &mut self.state.policies[&uuid]
    }

    /// A token of the tenant, which may do what the list says. Its user is no user of the state: a token outlives
    /// its user on the real server too, and listings then hold the recorded users alone.
    pub fn token(&mut self, uuid: &str, tenant_uuid: &str, acl: &[&str]) -> &mut Token {
        let auth_id = self.new_uuid();
        self.token_of(uuid, &auth_id, tenant_uuid, acl)
    }

    /// A token of a user of the tenant, with its session.
    pub fn token_of(&mut self, uuid: &str, auth_id: &str, tenant_uuid: &str, acl: &[&str]) -> &mut Token {
        let metadata = json!({
            "uuid": auth_id, "tenant_uuid": tenant_uuid, "auth_id": auth_id, "pbx_user_uuid": auth_id,
            "xivo_uuid": self.state.settings.xivo_uuid, "purpose": "user",
        });
        let session_uuid = self.new_uuid();
        self.state.tokens.add(Token {
            uuid: uuid.to_owned(),
            auth_id: auth_id.to_owned(),
            pbx_user_uuid: Some(auth_id.to_owned()),
            xivo_uuid: Some(self.state.settings.xivo_uuid.clone()),
            acl: acl.iter().map(ToString::to_string).collect(),
            metadata: metadata.as_object().cloned().unwrap_or_default(),
            session_uuid,
            user_agent: "Wazo Python auth client".to_owned(),
            remote_addr: "127.0.0.1".to_owned(),
            ..Token::default()
        });
        &mut self.state.tokens[uuid]
    }

    /// A session, with the token that keeps it alive.
    pub fn session(&mut self, uuid: &str, user_uuid: &str, tenant_uuid: &str, mobile: bool) {
        let token = self.new_uuid();
        uuid.clone_into(&mut self.token_of(&token, user_uuid, tenant_uuid, &[]).session_uuid);
        self.state.sessions.add(Session {
            uuid: uuid.to_owned(),
            user_uuid: Some(user_uuid.to_owned()),
            tenant_uuid: tenant_uuid.to_owned(),
            mobile,
        });
    }

    /// A refresh token, made at a time that grows with each.
    pub fn refresh_token(&mut self, client_id: &str, user_uuid: &str, mobile: bool) {
        let login = self.user(user_uuid).username.clone().unwrap_or_default();
        let created_at = 1_795_000_000.25 + f64::from(self.made_up);
        let uuid = self.new_uuid();
        self.state.refresh_tokens.add(RefreshToken {
            uuid,
            client_id: client_id.to_owned(),
            user_uuid: user_uuid.to_owned(),
            login,
            mobile,
            created_at,
            ..RefreshToken::default()
        });
    }

    /// What a user stored for an external service.
    pub fn external_data(&mut self, user_uuid: &str, kind: &str, data: Map<String, Value>) {
        self.user(user_uuid);
        let (user_uuid, kind) = (user_uuid.to_owned(), kind.to_owned());
        self.state.external_data.push(ExternalData { user_uuid, kind, data, ..ExternalData::default() });
    }

    /// What the world's tenant configured for an external service.
    pub fn external_config(&mut self, kind: &str, data: Value) {
        let tenant_uuid = self.tenant.clone();
        self.state.external_configs.push(ExternalConfig { tenant_uuid, kind: kind.to_owned(), data });
    }

    /// The LDAP configuration of the world's tenant.
    pub fn ldap(&mut self, answer: &Value) {
        let mut config: LdapConfig = serde_json::from_value(answer.clone()).unwrap_or_default();
        config.tenant_uuid.clone_from(&self.tenant);
        self.state.ldap_configs.add(config);
    }

    /// The SAML configuration of the world's tenant, with a domain of it.
    pub fn saml(&mut self, domain_uuid: &str, metadata: &str) {
        let tenant_uuid = self.tenant.clone();
        self.domain(&tenant_uuid, domain_uuid, "example.com");
        self.state.saml_configs.add(SamlConfig {
            tenant_uuid,
            domain_uuid: domain_uuid.to_owned(),
            entity_id: "wazo.dev".to_owned(),
            acs_url: "https://stack.wazo.local/api/0.1/saml/acs".to_owned(),
            metadata: metadata.to_owned(),
        });
    }

    /// A domain name of a tenant.
    pub fn domain(&mut self, tenant_uuid: &str, uuid: &str, name: &str) {
        self.tenant(tenant_uuid).domains.push(Domain { uuid: uuid.to_owned(), name: name.to_owned() });
    }

    /// The tenant that an answer names, which is made, else the world's.
    fn tenant_of(&mut self, answer: &Value) -> String {
        match optional(answer, "tenant_uuid") {
            Some(uuid) => self.tenant(&uuid).uuid.clone(),
            None => self.tenant.clone(),
        }
    }
}

/// An address with what an answer says of it.
fn email_from(answer: &Value) -> Email {
    Email {
        uuid: text(answer, "uuid"),
        address: text(answer, "address"),
        main: answer["main"].as_bool().unwrap_or_default(),
        confirmed: answer["confirmed"].as_bool().unwrap_or_default(),
    }
}

fn optional(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

fn text(value: &Value, key: &str) -> String {
    optional(value, key).unwrap_or_default()
}
