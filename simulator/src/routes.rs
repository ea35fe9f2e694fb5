//! The table of all operations, and the one mechanism before each of them: is there such a route, may this token call
//! it, and for which tenant.

pub mod backends;
pub mod config;
pub mod emails;
pub mod external;
pub mod external_types;
pub mod group_members;
pub mod groups;
pub mod idp;
pub mod passwords;
pub mod policies;
pub mod refresh_tokens;
pub mod saml;
pub mod sessions;
pub mod status;
mod table;
pub mod tenants;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod user_policies;
pub mod users;

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{LazyLock, MutexGuard};

use crate::access::AccessList;
use crate::directory::Tenants;
use crate::errors::{self, Failure, Outcome};
use crate::http::{Answer, Request};
use crate::ldap;
use crate::server::Shared;
use crate::state::{Mail, State, Token};
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
    fn new(shared: &'a Shared) -> Self {
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

/// Answers a request.
pub fn answer(request: &Request, shared: &Shared) -> Answer {
    let state = Locked::new(shared);
    let now = state.now();
    dispatch(request, state).unwrap_or_else(|failure| failure.into_answer(now))
}

fn dispatch(request: &Request, mut state: Locked) -> Outcome {
    let path = request.path.strip_prefix("/api/auth").unwrap_or(&request.path);
    let path = path.strip_prefix("/0.1/").ok_or(Failure::NotFoundPage)?;
    let segments: Vec<&str> = path.split('/').collect();
    let found: Vec<(&Route, HashMap<&'static str, String>)> = candidates(&segments)
        .filter_map(|route| Some((route, matches(route, &segments)?)))
        .filter(|(route, parts)| is_installed(route.part_of, parts, &state))
        .collect();
    if found.is_empty() {
        return Err(Failure::NotFoundPage);
    }
    let method = request.method.as_str();
    let with = |method: &str| found.iter().position(|(route, _)| route.method == method);
    if method == "OPTIONS" {
        return Ok(options(&found));
    }
    // As with the real server, HEAD is answered as GET where there is no HEAD of its own.
    let position = with(method).or_else(|| if method == "HEAD" { with("GET") } else { None });
    let (route, parts) = position.map(|at| &found[at]).ok_or_else(errors::method_not_allowed)?;
    state.clean_expired();
    let token = match route.needs {
        Needs::Nothing => Token::default(),
        Needs::Token => check_token(request, &state, None)?,
        Needs::Access(template) => check_token(request, &state, Some(&access_name(template, parts)))?,
    };
    let tenant = match route.needs {
        Needs::Nothing => String::new(),
        Needs::Token | Needs::Access(_) => tenant_of(request, &state, &token, route.scope)?,
    };
    (route.room)(&mut Call { request, parts: parts.clone(), token, tenant, state })
}

/// The routes whose length and first part are those of a path: looking at all hundred would take a token check longer than
/// all else that it does.
fn candidates(segments: &[&str]) -> impl Iterator<Item = &'static Route> {
    type Begun = HashMap<(usize, &'static str), Vec<&'static Route>>;
    static BEGUN: LazyLock<Begun> = LazyLock::new(|| {
        let mut begun = Begun::new();
        for route in table::ROUTES {
            let first = route.path.split('/').next().unwrap_or_default();
            begun.entry((route.path.split('/').count(), first)).or_default().push(route);
        }
        begun
    });
    let first = segments.first().copied().unwrap_or_default();
    BEGUN.get(&(segments.len(), first)).into_iter().flatten().copied()
}

fn matches(route: &Route, segments: &[&str]) -> Option<HashMap<&'static str, String>> {
    let mut parts = HashMap::new();
    let mut given = segments.iter();
    for wanted in route.path.split('/') {
        let segment = given.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None if wanted == *segment => {}
            None => return None,
            Some(_) if segment.is_empty() => return None,
            Some(name) => match name.strip_suffix(":uuid") {
                Some(name) if segment.len() == 36 => parts.insert(name, normal_uuid(segment)?),
                Some(_) => return None,
                None => parts.insert(name, (*segment).to_string()),
            }
            .map_or((), drop),
        }
    }
    given.next().is_none().then_some(parts)
}

fn is_installed(part: PartOf, parts: &HashMap<&'static str, String>, state: &State) -> bool {
    match part {
        PartOf::Core => true,
        PartOf::UserRegistration => state.settings.user_registration,
        PartOf::ExternalType => parts.get("type").is_some_and(|kind| state.settings.external_types.contains_key(kind)),
    }
}

fn options(found: &[(&Route, HashMap<&'static str, String>)]) -> Answer {
    let methods: Vec<&str> = found.iter().map(|(route, _)| route.method).chain(["OPTIONS"]).collect();
    Answer::text(200, "text/html; charset=utf-8", "").with_header("Allow", methods.join(", "))
}

/// The access name of a call: a dot within a part of the path counts as `_`.
fn access_name(template: &str, parts: &HashMap<&'static str, String>) -> String {
    parts.iter().fold(template.to_string(), |name, (part, value)| {
        name.replace(&format!("{{{part}}}"), &value.replace('.', "_"))
    })
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

fn tenant_of(request: &Request, state: &State, token: &Token, scope: Scope) -> Result<String, Failure> {
    let own = state.tenant_of_token(token);
    let wanted = request.header("Wazo-Tenant");
    match scope {
        Scope::Header if !wanted.is_empty() && wanted != own => {
            if state.is_below(&own, wanted) {
                Ok(wanted.to_string())
            } else {
                Err(errors::unauthorized_tenant(wanted))
            }
        }
        _ => Ok(own),
    }
}
