//! The objects that results consist of, one file for each group of resources.
//!
//! Every field was taken from a recorded exchange with the real server or from what the server is documented to send.
//! `tests/results.rs` holds the records against the recordings, and names each claim that no recording shows.

mod access;
mod external;
mod groups;
mod identity;
mod service;
mod tenants;
mod tokens;
mod users;

pub(super) use access::{ASSIGNED_POLICIES, POLICIES, POLICY};
pub(super) use external::{
    CONNECTED_USERS, EXTERNAL_CONFIGURATION, EXTERNAL_CONNECTION, EXTERNAL_DATA, EXTERNAL_SERVICES, MOBILE_SENDER_ID,
};
pub(super) use groups::{GROUP, GROUPS};
pub(super) use identity::{ACS_TEMPLATE, IDENTITY_PROVIDERS, LDAP_CONFIGURATION, SAML_CONFIGURATION, SAML_LOGIN};
pub(super) use service::CONFIGURATION;
pub(super) use tenants::{DOMAINS, SESSIONS, TENANT, TENANTS};
pub(super) use tokens::{REFRESH_TOKENS, SCOPE_CHECK, TOKEN};
pub(super) use users::{EMAILS, USER, USERS};
