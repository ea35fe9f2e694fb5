//! Questions to the state that several rooms ask, and the changes that touch more than one table.

use std::collections::{HashMap, HashSet};

use crate::clock;
use crate::index::Index;
use crate::passwords::new_uuid;
use crate::rows::{Group, Policy, Tenants, Token, User, without_repeats};
use crate::state::State;

impl State {
    /// Seconds since 1970: the real time, or the one that a test set.
    pub fn now(&self) -> f64 {
        self.settings.now.unwrap_or_else(clock::now)
    }

    /// The uuid of the top tenant.
    pub fn top_tenant(&self) -> String {
        let top = self.tenants.values().find(|tenant| tenant.uuid == tenant.parent_uuid);
        top.map(|tenant| tenant.uuid.clone()).unwrap_or_default()
    }

    /// The tenant and all below it.
    pub fn subtree(&self, tenant_uuid: &str) -> Tenants {
        let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
        for tenant in self.tenants.values().filter(|tenant| tenant.uuid != tenant.parent_uuid) {
            children.entry(&tenant.parent_uuid).or_default().push(&tenant.uuid);
        }
        let mut found = Tenants::new();
        let mut waiting = vec![tenant_uuid];
        while let Some(uuid) = waiting.pop() {
            if found.insert(uuid.to_string()) {
                waiting.extend(children.get(uuid).into_iter().flatten());
            }
        }
        found
    }

    /// Whether `tenant_uuid` is `scope` or below it.
    pub fn is_below(&self, scope: &str, tenant_uuid: &str) -> bool {
        self.ancestry(tenant_uuid).any(|ancestor| ancestor == scope)
    }

    /// The tenant, its parent, and so on up to the top.
    pub fn ancestry<'a>(&'a self, tenant_uuid: &'a str) -> impl Iterator<Item = &'a str> {
        let mut next = Some(tenant_uuid);
        let mut steps = 0;
        std::iter::from_fn(move || {
            let current = next?;
            steps += 1;
            next = self
                .tenants
                .get(current)
                .map(|tenant| tenant.parent_uuid.as_str())
                // A state written by hand may hold a circle.
                .filter(|parent| *parent != current && steps <= self.tenants.len());
            Some(current)
        })
        .filter(|uuid| self.tenants.contains_key(*uuid))
    }

    /// Derives the index of users anew.
    pub fn rebuild_index(&mut self) {
        self.index = Index::of(self.users.values());
    }

    /// Adds a user, to the group of all users of its tenant too.
    pub fn add_user(&mut self, mut user: User) {
        user.groups.extend(self.all_users_group(&user.tenant_uuid));
        self.index.add(&user);
        self.users.add(user);
    }

    /// Changes a user, and the index of users with it.
    pub fn change_user(&mut self, uuid: &str, change: impl FnOnce(&mut User)) {
        let Some(user) = self.users.get_mut(uuid) else { return };
        self.index.remove(user);
        change(user);
        self.index.add(user);
    }

    /// Removes a user and what hangs on it.
    pub fn remove_user(&mut self, uuid: &str) {
        self.end_sessions_of(uuid);
        if let Some(user) = self.users.shift_remove(uuid) {
            self.index.remove(&user);
        }
        self.external_data.retain(|data| data.user_uuid != uuid);
        let refresh_tokens: Vec<String> =
            self.refresh_tokens.values().filter(|row| row.user_uuid == uuid).map(|row| row.uuid.clone()).collect();
        for refresh_token in refresh_tokens {
            self.remove_refresh_token(&refresh_token);
        }
        for tenant in self.tenants.values_mut() {
            if tenant.contact.as_deref() == Some(uuid) {
                tenant.contact = None;
            }
        }
    }

    /// Whether another user than `except` has this login, as a username or an address, in any case.
    pub fn login_taken(&self, login: &str, except: Option<&str>) -> bool {
        self.index.owner(login).is_some_and(|owner| Some(owner.as_str()) != except)
    }

    /// The user that may log in with this text: by username, or by a confirmed address.
    pub fn user_by_login(&self, login: &str) -> Option<&User> {
        let wanted = login.to_lowercase();
        let user = self.users.get(self.index.owner(login)?)?;
        let by_name = user.username.as_ref().is_some_and(|name| name.to_lowercase() == wanted);
        let by_address = user.emails.iter().any(|email| email.confirmed && email.address.to_lowercase() == wanted);
        (by_name || by_address).then_some(user)
    }

    /// How the user may log in: its own method, or its tenant's.
    pub fn authentication_method(&self, user: &User) -> String {
        if user.authentication_method != "default" {
            return user.authentication_method.clone();
        }
        let tenant = self.tenants.get(&user.tenant_uuid);
        tenant.map_or_else(|| "native".into(), |tenant| tenant.default_authentication_method.clone())
    }

    /// The access list of a user: that of all users, its groups' policies, and its own.
    pub fn acl_of(&self, user: &User) -> Vec<String> {
        let by_slug = |slug: &String| self.policies.values().find(|policy| policy.slug == *slug);
        let of_all_users = self.settings.default_user_policy.iter().filter_map(by_slug);
        let of_groups = user
            .groups
            .iter()
            .filter_map(|uuid| self.groups.get(uuid))
            .flat_map(|group| group.policies.iter())
            .filter_map(|uuid| self.policies.get(uuid));
        let own = user.policies.iter().filter_map(|uuid| self.policies.get(uuid));
        let mut acl = of_all_users.chain(of_groups).chain(own).flat_map(|policy| policy.acl.iter().cloned()).collect();
        without_repeats(&mut acl);
        acl
    }

    /// The uuid of the group that all users of a tenant are in.
    pub fn all_users_group(&self, tenant_uuid: &str) -> Option<String> {
        let name = format!("wazo-all-users-tenant-{tenant_uuid}");
        let group = self.groups.values().find(|group| group.name == name && group.tenant_uuid == tenant_uuid);
        group.map(|group| group.uuid.clone())
    }

    /// Makes the groups that every tenant has. Those that are there get back the policies that they lack.
    pub fn ensure_default_groups(&mut self, tenant_uuid: &str) {
        let all_users = format!("wazo-all-users-tenant-{tenant_uuid}");
        let mut wanted = vec![(all_users.clone(), all_users, true, self.settings.all_users_policies.clone())];
        for (slug, group) in &self.settings.default_groups {
            let name = if group.name.is_empty() { slug } else { &group.name };
            wanted.push((slug.clone(), name.clone(), false, group.policies.clone()));
        }
        for (slug, name, system_managed, policies) in wanted {
            let by_slug = |slug: &String| self.policies.values().find(|policy| policy.slug == *slug);
            let policies = policies.iter().filter_map(by_slug).map(|policy| policy.uuid.clone()).collect();
            let known = |group: &&mut Group| group.slug == slug && group.tenant_uuid == tenant_uuid;
            if let Some(group) = self.groups.values_mut().find(known) {
                group.policies.extend::<Vec<String>>(policies);
                without_repeats(&mut group.policies);
                continue;
            }
            self.groups.add(Group {
                uuid: new_uuid(),
                tenant_uuid: tenant_uuid.into(),
                name,
                slug,
                system_managed,
                policies,
            });
        }
    }

    /// A token that is there and has not expired.
    pub fn live_token(&self, uuid: &str) -> Option<&Token> {
        self.tokens.get(uuid).filter(|token| token.expires_at > self.now())
    }

    /// The tenant that a token acts for when it names none: that of its user as it is now, else the one it was made in.
    pub fn tenant_of_token(&self, token: &Token) -> String {
        let text = |key: &str| token.metadata.get(key).and_then(|value| value.as_str());
        let of_user = text("uuid").and_then(|uuid| self.users.get(uuid)).map(|user| user.tenant_uuid.clone());
        of_user.or_else(|| text("tenant_uuid").map(String::from)).unwrap_or_else(|| self.top_tenant())
    }

    /// Removes a token and its session.
    pub fn remove_token(&mut self, uuid: &str) {
        if let Some(token) = self.tokens.shift_remove(uuid) {
            self.sessions.shift_remove(&token.session_uuid);
        }
    }

    /// Ends all sessions of a user, and with them its tokens.
    pub fn end_sessions_of(&mut self, user_uuid: &str) {
        self.sessions.retain(|_, session| session.user_uuid.as_deref() != Some(user_uuid));
        self.tokens.retain(|_, token| token.auth_id != user_uuid);
    }

    /// Removes a session and its tokens.
    pub fn remove_session(&mut self, uuid: &str) {
        self.sessions.shift_remove(uuid);
        self.tokens.retain(|_, token| token.session_uuid != uuid);
    }

    /// Removes a refresh token; the tokens made with it stay.
    pub fn forget_refresh_token(&mut self, uuid: &str) {
        self.refresh_tokens.shift_remove(uuid);
        for token in self.tokens.values_mut().filter(|token| token.refresh_token.as_deref() == Some(uuid)) {
            token.refresh_token = None;
        }
    }

    /// Removes a refresh token, the tokens made with it and their sessions; says how many sessions those were.
    pub fn remove_refresh_token(&mut self, uuid: &str) -> usize {
        self.refresh_tokens.shift_remove(uuid);
        let tokens: Vec<String> = self
            .tokens
            .values()
            .filter(|token| token.refresh_token.as_deref() == Some(uuid))
            .map(|token| token.uuid.clone())
            .collect();
        let before = self.sessions.len();
        for token in tokens {
            self.remove_token(&token);
        }
        before - self.sessions.len()
    }

    /// Forgets the tokens that have expired, and their sessions: the real server does it once a minute.
    pub fn clean_expired(&mut self) {
        let now = self.now();
        let expired: HashSet<String> =
            self.tokens.values().filter(|token| token.expires_at <= now).map(|token| token.uuid.clone()).collect();
        if expired.is_empty() {
            return;
        }
        let sessions: HashSet<String> =
            expired.iter().filter_map(|uuid| self.tokens.get(uuid)).map(|token| token.session_uuid.clone()).collect();
        self.tokens.retain(|uuid, _| !expired.contains(uuid));
        self.sessions.retain(|uuid, _| !sessions.contains(uuid));
    }

    /// A policy that these tenants see: theirs, the configured ones, and those shared above `requested`.
    pub fn sees_policy(&self, policy: &Policy, tenants: &Tenants, requested: &str) -> bool {
        tenants.contains(&policy.tenant_uuid)
            || policy.config_managed
            || (policy.shared && self.ancestry(requested).any(|ancestor| ancestor == policy.tenant_uuid))
    }

    /// Removes a policy, from users and groups too.
    pub fn remove_policy(&mut self, uuid: &str) {
        self.policies.shift_remove(uuid);
        for user in self.users.values_mut() {
            user.policies.retain(|policy| policy != uuid);
        }
        for group in self.groups.values_mut() {
            group.policies.retain(|policy| policy != uuid);
        }
    }

    /// Removes a group, from its users too.
    pub fn remove_group(&mut self, uuid: &str) {
        self.groups.shift_remove(uuid);
        for user in self.users.values_mut() {
            user.groups.retain(|group| group != uuid);
        }
    }

    /// Removes a tenant and all that is in it.
    pub fn remove_tenant(&mut self, uuid: &str) {
        self.tenants.shift_remove(uuid);
        let of_tenant = |rows: Vec<(String, String)>| -> Vec<String> {
            rows.into_iter().filter(|(_, tenant)| tenant == uuid).map(|(row, _)| row).collect()
        };
        let users = of_tenant(self.users.values().map(|row| (row.uuid.clone(), row.tenant_uuid.clone())).collect());
        let groups = of_tenant(self.groups.values().map(|row| (row.uuid.clone(), row.tenant_uuid.clone())).collect());
        let policies =
            of_tenant(self.policies.values().map(|row| (row.uuid.clone(), row.tenant_uuid.clone())).collect());
        let sessions =
            of_tenant(self.sessions.values().map(|row| (row.uuid.clone(), row.tenant_uuid.clone())).collect());
        for row in &users {
            self.remove_user(row);
        }
        for row in &groups {
            self.remove_group(row);
        }
        for row in &policies {
            self.remove_policy(row);
        }
        for row in &sessions {
            self.remove_session(row);
        }
        self.external_configs.retain(|config| config.tenant_uuid != uuid);
        self.ldap_configs.shift_remove(uuid);
        self.saml_configs.shift_remove(uuid);
    }
}
