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
mod ldap_login;
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
use std::sync::LazyLock;

use crate::call::{Call, Locked, Needs, PartOf, Route, Scope, check_token};
use crate::errors::{self, Failure, Outcome};
use crate::http::{Answer, Request};
use crate::rows::Token;
use crate::shared::Shared;
use crate::state::State;
use crate::validate::normal_uuid;

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
    (route.room)(&mut Call { request, parts: parts.clone(), token, tenant, state, routes: table::ROUTES })
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
