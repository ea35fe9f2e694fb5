//! A call of an operation: what a function for an operation works with, and what an entry of the table of operations says.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use crate::access::AccessList;
use crate::errors::{self, Failure, Outcome};
use crate::http::Request;
use crate::ldap;
use crate::rows::Tenants;
use crate::rows::{Mail, Token};
use crate::shared::Shared;
use crate::state::State;
use crate::validate::{json_body, normal_uuid};

/// An operation.
#[derive(Clone, Copy)]
pub struct Route {
    pub method: &'static str,
    /// Below `/0.1`. `{name}` is one segment, `{name:uuid}` one that is a UUID; another text is no such page.
    pub path: &'static str,
    pub needs: Needs,
    pub scope: Scope,
    pub part_of: PartOf,
    pub room: fn(&mut Call) -> Outcome,
}

/// What a caller must have.
#[derive(Clone, Copy)]
pub enum Needs {
    Nothing,
    /// A token, whatever its accesses.
    Token,
    /// A token with this access; `{name}` stands for a part of the path.
    Access(&'static str),
}

/// For which tenant an operation acts.
#[derive(Clone, Copy)]
pub enum Scope {
    /// The token's own; the `Wazo-Tenant` header is not looked at.
    Own,
    /// The one of the `Wazo-Tenant` header, which must be the token's own or below it.
    Header,
}

/// What must be installed for a route to be there.
#[derive(Clone, Copy, PartialEq)]
pub enum PartOf {
    Core,
    UserRegistration,
    /// The external authentication type that the path names as `{type}`.
    ExternalType,
}

/// A call of an operation: what its room works with.
pub struct Call<'a> {
    pub request: &'a Request,
    pub parts: HashMap<&'static str, String>,
    /// The token of the caller; empty where none is needed.
    pub token: Token,
    /// The tenant that the call acts for.
    pub tenant: String,
    pub state: Locked<'a>,
    /// All operations.
    pub routes: &'static [Route],
}

impl Call<'_> {
    /// A part of the path.
    pub fn part(&self, name: &str) -> String {
        self.parts.get(name).cloned().unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, Failure> {
        json_body(self.request)
    }

    /// The tenants in question: the one of the call, with all below it where `recurse` says so.
    pub fn tenants(&self, recurse: bool) -> Tenants {
        if recurse { self.state.subtree(&self.tenant) } else { Tenants::from([self.tenant.clone()]) }
    }

    /// The access list of the caller.
    pub fn access_list(&self) -> AccessList<'_> {
        AccessList::new(&self.token.auth_id, &self.token.session_uuid, &self.token.acl)
    }

    /// Refuses unless the caller may give all these accesses.
    pub fn check_may_add(&self, accesses: &[String]) -> Result<(), Failure> {
        let list = self.access_list();
        let refused = accesses.iter().find(|access| !list.may_add(access));
        refused.map_or(Ok(()), |access| Err(errors::access_not_held(&self.token.uuid, access)))
    }

    /// Refuses unless the caller may take all these accesses.
    pub fn check_may_remove(&self, accesses: &[String]) -> Result<(), Failure> {
        let list = self.access_list();
        let refused = accesses.iter().find(|access| !list.may_remove(access));
        refused.map_or(Ok(()), |access| Err(errors::access_not_held(&self.token.uuid, access)))
    }

    /// The user of this uuid, if it is in the tenant of the call or below.
    pub fn check_user(&self, uuid: &str) -> Result<(), Failure> {
        let user = self.state.users.get(uuid).filter(|user| self.state.is_below(&self.tenant, &user.tenant_uuid));
        user.map(|_| ()).ok_or_else(|| errors::unknown_user(uuid))
    }

    /// The group of this uuid, if it is in the tenant of the call or below.
    pub fn check_group(&self, uuid: &str) -> Result<(), Failure> {
        let group = self.state.groups.get(uuid).filter(|group| self.state.is_below(&self.tenant, &group.tenant_uuid));
        group.map(|_| ()).ok_or_else(|| errors::unknown_group(uuid))
    }
}

/// The state, locked for the time of a call; a room can let go of it while it hashes a password.
pub struct Locked<'a> {
    shared: &'a Shared,
    guard: Option<MutexGuard<'a, State>>,
}

impl<'a> Locked<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        Self { shared, guard: Some(shared.state()) }
    }

    /// The LDAP servers, where they are real ones.
    pub fn ldap_server(&self) -> Option<&'a dyn ldap::Server> {
        self.shared.outside.ldap.as_deref()
    }

    /// Sends a mail: into the list, and to a mail server where there is one.
    pub fn send(&mut self, mail: Mail) {
        if let Some(mailer) = &self.shared.outside.mailer {
            mailer.send(&mail);
        }
        self.mails.push(mail);
    }

    /// Runs `work` with the state unlocked. What was read before may have changed after.
    pub fn unlocked<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.guard = None;
        let result = work();
        self.guard = Some(self.shared.state());
        result
    }
}

impl Deref for Locked<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        self.guard.as_ref().expect("locked outside of unlocked()")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.guard.as_mut().expect("locked outside of unlocked()")
    }
}

/// The token of a request: from the query, as the links of mails have it, or from the header.
pub fn token_text(request: &Request) -> String {
    match request.parameter("token") {
        Some(token) if !token.is_empty() => token.to_string(),
        _ => request.header("X-Auth-Token").to_string(),
    }
}

/// The token of the request, if it is a live one that has the access.
pub fn check_token(request: &Request, state: &State, access: Option<&str>) -> Result<Token, Failure> {
    let text = token_text(request);
    let live = normal_uuid(&text).and_then(|uuid| state.live_token(&uuid));
    let Some(token) = live else {
        return Err(errors::unauthorized(&text, "not_found_or_expired", access));
    };
    if !AccessList::new(&token.auth_id, &token.session_uuid, &token.acl).allows(access) {
        return Err(errors::unauthorized(&text, "missing_permission_or_invalid_tenant", access));
    }
    Ok(token.clone())
}
