//! The rows of the state's tables: tenants, users, tokens and so on, as `GET /_simulator/state` shows them.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::passwords::new_uuid;

/// Where several tenants are in question.
pub type Tenants = HashSet<String>;

/// Each text once, at its first place.
pub fn without_repeats(texts: &mut Vec<String>) {
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
}

/// A row of a [`Table`]: it knows the key that it is found by.
pub trait Row {
    /// The key: the `uuid`, or the tenant where a tenant has at most one.
    fn key(&self) -> String;
}

/// Rows in the order of their creation, found by their key. As JSON a list.
#[derive(Debug, Clone)]
pub struct Table<T> {
    rows: IndexMap<String, T>,
    revision: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: IndexMap::new(), revision: 0 }
    }
}

impl<T> Deref for Table<T> {
    type Target = IndexMap<String, T>;
    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.revision += 1;
        &mut self.rows
    }
}

impl<T> Table<T> {
    /// Another number whenever the rows may have changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

impl<T: Row> Table<T> {
    /// Adds the row, or replaces the one of the same key.
    pub fn add(&mut self, row: T) {
        self.insert(row.key(), row);
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.values())
    }
}

impl<'de, T: Row + Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = Self::default();
        for row in Vec::<T>::deserialize(deserializer)? {
            table.add(row);
        }
        Ok(table)
    }
}

macro_rules! rows {
    ($($row:ty: $key:ident),* $(,)?) => {
        $(impl Row for $row {
            fn key(&self) -> String {
                self.$key.clone()
            }
        })*
    };
}

rows! {
    Tenant: uuid, User: uuid, Group: uuid, Policy: uuid, Token: uuid, Session: uuid, RefreshToken: uuid,
    LdapConfig: tenant_uuid, SamlConfig: tenant_uuid, SamlSession: session_id,
}

/// A tenant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenant {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    /// Its own uuid for the top tenant. Empty in a `PUT`: the top tenant.
    pub parent_uuid: String,
    pub name: Option<String>,
    pub slug: String,
    pub contact: Option<String>,
    pub phone: Option<String>,
    pub default_authentication_method: String,
    pub domains: Vec<Domain>,
    pub address: Address,
    /// How often it was edited: the bus is told of an edit that changes nothing too.
    #[serde(skip)]
    pub edits: u64,
}

/// A domain name of a tenant; SAML configurations refer to its uuid.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Domain {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub name: String,
}

/// The postal address of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    pub line_1: Option<String>,
    pub line_2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub zip_code: Option<String>,
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub tenant_uuid: String,
    pub username: Option<String>,
    pub firstname: Option<String>,
    pub lastname: Option<String>,
    /// `user`, `internal` or `external_api`.
    pub purpose: String,
    pub authentication_method: String,
    pub enabled: bool,
    pub emails: Vec<Email>,
    /// In clear, in a `PUT` only: it is hashed and forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `rounds$salt$hash`, hexadecimal.
    pub password_hash: Option<String>,
    /// uuids of the policies that the user has itself.
    pub policies: Vec<String>,
    /// uuids of the groups that the user is in.
    pub groups: Vec<String>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            uuid: String::new(),
            tenant_uuid: String::new(),
            username: None,
            firstname: None,
            lastname: None,
            purpose: "user".into(),
            authentication_method: "default".into(),
            enabled: true,
            emails: Vec::new(),
            password: None,
            password_hash: None,
            policies: Vec::new(),
            groups: Vec::new(),
        }
    }
}

/// An address of a user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Email {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub address: String,
    pub main: bool,
    pub confirmed: bool,
}

/// A group of users.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub tenant_uuid: String,
    pub name: String,
    pub slug: String,
    /// Made by the server (all users of a tenant, default groups): not to be changed by hand.
    pub system_managed: bool,
    /// uuids of the group's policies.
    pub policies: Vec<String>,
}

/// A policy: a named access list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub tenant_uuid: String,
    pub name: String,
    pub slug: String,
    pub description: Option<String>,
    pub acl: Vec<String>,
    /// Seen, read only, by the tenants below.
    pub shared: bool,
    /// Comes from the installation's configuration: read only, and seen by every tenant.
    pub config_managed: bool,
}

/// A token. Times are seconds since 1970.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Token {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub auth_id: String,
    pub pbx_user_uuid: Option<String>,
    pub xivo_uuid: Option<String>,
    /// Left at 0 in a `PUT`: now.
    pub issued_at: f64,
    /// Left at 0 in a `PUT`: two hours after the issue.
    pub expires_at: f64,
    pub acl: Vec<String>,
    /// `uuid`, `tenant_uuid`, `purpose`... Left empty in a `PUT`: made from the user whose uuid is `auth_id`.
    pub metadata: Map<String, Value>,
    pub session_uuid: String,
    pub user_agent: String,
    pub remote_addr: String,
    /// The refresh token that it was made with, if any.
    pub refresh_token: Option<String>,
}

/// A session: what a login opened; goes with its token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub user_uuid: Option<String>,
    pub tenant_uuid: String,
    pub mobile: bool,
}

/// A refresh token. Its uuid is the secret itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshToken {
    #[serde(default = "new_uuid")]
    pub uuid: String,
    pub client_id: String,
    pub user_uuid: String,
    pub login: String,
    pub user_agent: String,
    pub remote_addr: String,
    pub mobile: bool,
    /// Seconds since 1970.
    pub created_at: f64,
    pub metadata: Map<String, Value>,
}

/// What a user stored for an external service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExternalData {
    pub user_uuid: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub data: Map<String, Value>,
    /// How often it was edited, as for a tenant.
    #[serde(skip)]
    pub edits: u64,
    /// How often the user has consented at the provider, where the bus is told of it.
    #[serde(skip)]
    pub consents: u64,
}

/// A user's consent at an OAuth2 provider, waited for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Authorization {
    /// What the provider gives back with the consent.
    pub state: String,
    pub user_uuid: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub scope: Vec<String>,
}

/// What a tenant configured for an external service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExternalConfig {
    pub tenant_uuid: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub data: Value,
}

/// The LDAP configuration of a tenant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LdapConfig {
    pub tenant_uuid: String,
    pub host: Option<String>,
    pub port: Option<i64>,
    pub protocol_version: Option<i64>,
    pub protocol_security: Option<String>,
    pub bind_dn: Option<String>,
    pub bind_password: Option<String>,
    pub user_base_dn: Option<String>,
    pub user_login_attribute: Option<String>,
    pub user_email_attribute: Option<String>,
    pub search_filters: Option<String>,
}

/// The SAML configuration of a tenant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamlConfig {
    pub tenant_uuid: String,
    pub domain_uuid: String,
    pub entity_id: String,
    pub acs_url: String,
    /// The XML of the identity provider.
    pub metadata: String,
}

/// A SAML login under way or done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamlSession {
    pub session_id: String,
    pub relay_state: String,
    pub redirect_url: String,
    pub domain: String,
    /// The address that the identity provider answered with; the session can make a token once it is there.
    pub login: Option<String>,
}

/// A mail that was sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// `email_confirmation` or `password_reset`.
    pub kind: String,
    pub from_name: String,
    pub from_address: String,
    pub to: String,
    pub username: Option<String>,
    pub user_uuid: String,
    pub email_uuid: Option<String>,
    /// The token that the mail holds.
    pub token: String,
    /// The address that the mail tells to open.
    pub url: String,
    pub sent_at: f64,
    pub subject: String,
    pub body: String,
}
