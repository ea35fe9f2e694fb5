//! What was known of the state when it was last looked at, and the messages that a newer state makes of it.
//!
//! A table that nobody has touched (`Table::revision`) is not looked at, so that a request that changes nothing costs
//! nothing here.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::message::{Message, To, make, or_null};
use crate::rows::{ExternalData, RefreshToken, Session, Table, Tenant};
use crate::state::State;

/// A session is about to expire when its token lives no longer than this: the interval, in seconds, in which wazo-auth
/// looks for such sessions.
const SOON: f64 = 60.0;

/// The rows of a table as they were, by their key.
#[derive(Debug)]
struct Rows<T> {
    revision: u64,
    rows: IndexMap<String, T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { revision: 0, rows: IndexMap::new() }
    }
}

impl<T: Clone + PartialEq> Rows<T> {
    /// What is gone, what is new, what has changed, since the last time. Nothing where the table was not touched.
    fn compare<Row>(&mut self, table: &Table<Row>, known: impl Fn(&Row) -> T) -> Changes<T> {
        let mut changes = Changes { gone: Vec::new(), new: Vec::new(), changed: Vec::new() };
        if table.revision() == self.revision {
            return changes;
        }
        let rows: IndexMap<String, T> = table.iter().map(|(key, row)| (key.clone(), known(row))).collect();
        changes.gone =
            self.rows.iter().filter(|(key, _)| !rows.contains_key(*key)).map(|(key, row)| pair(key, row)).collect();
        for (key, row) in &rows {
            match self.rows.get(key) {
                None => changes.new.push(pair(key, row)),
                Some(old) if old != row => changes.changed.push(pair(key, row)),
                Some(_) => {}
            }
        }
        *self = Self { revision: table.revision(), rows };
        changes
    }
}

fn pair<T: Clone>(key: &str, row: &T) -> (String, T) {
    (key.to_string(), row.clone())
}

struct Changes<T> {
    gone: Vec<(String, T)>,
    new: Vec<(String, T)>,
    changed: Vec<(String, T)>,
}

/// Whose a session or a refresh token is.
#[derive(Debug, Clone, PartialEq)]
struct Owner {
    user: String,
    tenant: String,
    mobile: bool,
    /// Of a refresh token.
    client_id: String,
}

impl Owner {
    /// Sessions of the tokens that the server makes for itself are not told.
    fn is_nobody(&self) -> bool {
        self.user.is_empty()
    }
}

/// What was known of a state.
#[derive(Debug, Default)]
pub struct Known {
    sessions: Rows<Owner>,
    refresh_tokens: Rows<Owner>,
    /// What is told of a tenant, and how often it was edited.
    tenants: Rows<(Value, u64)>,
    /// The external authentication data: (user, type) to tenant, number of edits and of consents.
    external: IndexMap<(String, String), (String, u64, u64)>,
    /// The revision of the tokens that `next_notice` belongs to.
    tokens_revision: u64,
    /// From when on a session, not told of yet, is about to expire.
    next_notice: Option<f64>,
    /// The sessions that were told to be about to expire.
    noticed: HashSet<String>,
}

impl Known {
    /// What there is to be known of this state.
    pub fn of(state: &State) -> Self {
        let mut known = Self::default();
        known.news(state);
        // What is about to expire is told all the same, by the first request.
        known.noticed.clear();
        known.tokens_revision = 0;
        known
    }

    /// The messages about what has happened since the last call: what has ended before what has begun.
    pub fn news(&mut self, state: &State) -> Vec<Message> {
        let mut news = Vec::new();
        let sessions = self.sessions.compare(&state.sessions, owner_of_session);
        let tokens = self.refresh_tokens.compare(&state.refresh_tokens, |row| owner_of_refresh_token(state, row));
        for (_, owner) in &tokens.gone {
            news.push(refresh_token(state, "auth_refresh_token_deleted", "deleted", owner));
        }
        for (uuid, owner) in &sessions.gone {
            self.noticed.remove(uuid);
            if owner.is_nobody() {
                continue;
            }
            news.push(session(state, "auth_session_deleted", &["sessions", uuid, "deleted"], uuid, owner, false));
        }
        for (_, owner) in &tokens.new {
            news.push(refresh_token(state, "auth_refresh_token_created", "created", owner));
        }
        for (uuid, owner) in sessions.new.iter().filter(|(_, owner)| !owner.is_nobody()) {
            news.push(session(state, "auth_session_created", &["sessions", uuid, "created"], uuid, owner, true));
        }
        self.tell_of_tenants(state, &mut news);
        self.tell_of_external_data(state, &mut news);
        self.tell_of_expiry(state, &mut news);
        news
    }

    fn tell_of_tenants(&mut self, state: &State, news: &mut Vec<Message>) {
        let tenants = self.tenants.compare(&state.tenants, |tenant| (about(tenant), tenant.edits));
        let mut tell = |name, uuid: &str, what, data| {
            news.push(make(state, name, &["tenants", uuid, what], uuid, &To::Tenant, data));
        };
        for (uuid, _) in &tenants.gone {
            tell("auth_tenant_deleted", uuid, "deleted", json!({"uuid": uuid}));
        }
        for (uuid, (about, _)) in tenants.new {
            tell("auth_tenant_added", &uuid, "created", about);
        }
        for (uuid, (about, _)) in &tenants.changed {
            tell(
                "auth_tenant_updated",
                uuid,
                "updated",
                json!({"uuid": uuid, "name": about["name"], "slug": about["slug"]}),
            );
        }
    }

    fn tell_of_external_data(&mut self, state: &State, news: &mut Vec<Message>) {
        let is_same = |row: &ExternalData, key: &(String, String), edits: u64, consents: u64| {
            row.user_uuid == key.0 && row.kind == key.1 && row.edits == edits && row.consents == consents
        };
        let mut pairs = state.external_data.iter().zip(&self.external);
        let untouched = state.external_data.len() == self.external.len();
        if untouched && pairs.all(|(row, (key, (_, edits, consents)))| is_same(row, key, *edits, *consents)) {
            return;
        }
        let now: IndexMap<(String, String), (String, u64, u64)> = state
            .external_data
            .iter()
            .map(|row| {
                let tenant = state.users.get(&row.user_uuid).map(|user| user.tenant_uuid.clone()).unwrap_or_default();
                ((row.user_uuid.clone(), row.kind.clone()), (tenant, row.edits, row.consents))
            })
            .collect();
        let mut tell = |name, user: &str, kind: &str, tenant: &str, what| {
            let data = json!({"user_uuid": user, "external_auth_name": kind});
            news.push(make(state, name, &["users", user, "external", kind, what], tenant, &To::User(user), data));
        };
        // What goes with a user is not told.
        let is_gone = |key: &(String, String)| !now.contains_key(key) && state.users.contains_key(&key.0);
        for ((user, kind), (tenant, ..)) in self.external.iter().filter(|(key, _)| is_gone(key)) {
            tell("auth_user_external_auth_deleted", user, kind, tenant, "deleted");
        }
        for (key @ (user, kind), (tenant, edits, consents)) in &now {
            let Some((_, old_edits, old_consents)) = self.external.get(key) else {
                tell("auth_user_external_auth_added", user, kind, tenant, "created");
                continue;
            };
            if old_edits != edits {
                tell("auth_user_external_auth_updated", user, kind, tenant, "updated");
            }
            if old_consents != consents {
                tell("auth_user_external_auth_authorized", user, kind, tenant, "authorized");
            }
        }
        self.external = now;
    }

    fn tell_of_expiry(&mut self, state: &State, news: &mut Vec<Message>) {
        let now = state.now();
        if state.tokens.revision() == self.tokens_revision && self.next_notice.is_none_or(|time| now < time) {
            return;
        }
        self.tokens_revision = state.tokens.revision();
        self.next_notice = None;
        for token in state.tokens.values() {
            let time = token.expires_at - SOON;
            let uuid = &token.session_uuid;
            if self.noticed.contains(uuid) {
                continue;
            }
            if now < time {
                self.next_notice = Some(self.next_notice.map_or(time, |next| next.min(time)));
            } else if let Some(owner) =
                state.sessions.get(uuid).map(owner_of_session).filter(|owner| !owner.is_nobody())
            {
                let path = ["users", &owner.user, "sessions", uuid, "expire_soon"];
                news.push(session(state, "auth_session_expire_soon", &path, uuid, &owner, false));
                self.noticed.insert(uuid.clone());
            }
        }
    }
}

/// What is told of a new tenant.
fn about(tenant: &Tenant) -> Value {
    let domains: Vec<&str> = tenant.domains.iter().map(|domain| domain.name.as_str()).collect();
    json!({"uuid": tenant.uuid, "name": tenant.name, "slug": tenant.slug, "domain_names": domains})
}

fn owner_of_session(session: &Session) -> Owner {
    Owner {
        user: session.user_uuid.clone().unwrap_or_default(),
        tenant: session.tenant_uuid.clone(),
        mobile: session.mobile,
        client_id: String::new(),
    }
}

/// A refresh token is in the tenant of its user.
fn owner_of_refresh_token(state: &State, row: &RefreshToken) -> Owner {
    let tenant = state.users.get(&row.user_uuid).map(|user| user.tenant_uuid.clone()).unwrap_or_default();
    Owner { user: row.user_uuid.clone(), tenant, mobile: row.mobile, client_id: row.client_id.clone() }
}

fn session(state: &State, name: &'static str, path: &[&str], uuid: &str, owner: &Owner, with_mobile: bool) -> Message {
    let mut data = json!({"uuid": uuid, "user_uuid": or_null(&owner.user), "tenant_uuid": or_null(&owner.tenant)});
    if with_mobile {
        data["mobile"] = owner.mobile.into();
    }
    make(state, name, path, &owner.tenant, &To::Session(&owner.user, uuid), data)
}

fn refresh_token(state: &State, name: &'static str, what: &str, owner: &Owner) -> Message {
    let data = json!({
        "client_id": owner.client_id,
        "mobile": owner.mobile,
        "user_uuid": owner.user,
        "tenant_uuid": or_null(&owner.tenant),
    });
    let path = ["users", &owner.user, "tokens", &owner.client_id, what];
    make(state, name, &path, &owner.tenant, &To::User(&owner.user), data)
}
