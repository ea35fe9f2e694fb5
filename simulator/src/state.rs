//! Everything that the simulated server knows, as plain data: what `GET` and `PUT /_simulator/state` show and take.
//!
//! The whole of it is one JSON object, each table a list of objects in the order of their creation. Every field has a
//! default, so that a test writes only what it cares about. Indexes are derived, never part of the JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::index::Index;
use crate::rows::{
    Authorization, ExternalConfig, ExternalData, Group, LdapConfig, Mail, Policy, RefreshToken, SamlConfig,
    SamlSession, Session, Table, Tenant, Token, User,
};
use crate::settings::Settings;

/// Everything. See the module.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// The top tenant is the one that is its own parent.
    pub tenants: Table<Tenant>,
    pub users: Table<User>,
    pub groups: Table<Group>,
    pub policies: Table<Policy>,
    pub tokens: Table<Token>,
    pub sessions: Table<Session>,
    pub refresh_tokens: Table<RefreshToken>,
    /// External authentication data of users.
    pub external_data: Vec<ExternalData>,
    /// External authentication configurations of tenants.
    pub external_configs: Vec<ExternalConfig>,
    /// Consents of users that OAuth2 types wait for.
    pub authorizations: Vec<Authorization>,
    /// The types that were ever configured, beyond those of the settings.
    pub external_types_seen: Vec<String>,
    pub ldap_configs: Table<LdapConfig>,
    pub saml_configs: Table<SamlConfig>,
    pub saml_sessions: Table<SamlSession>,
    /// The mails that were sent, oldest first.
    pub mails: Vec<Mail>,
    /// What `GET /config` answers.
    pub config: Map<String, Value>,
    /// How this simulated installation is set up; also at `/_simulator/settings`.
    pub settings: Settings,
    /// Derived.
    #[serde(skip)]
    pub index: Index,
}
