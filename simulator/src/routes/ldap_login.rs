//! Logins through the LDAP server of a tenant, which the login names.

use crate::call::Locked;
use crate::errors::{self, Failure};
use crate::ldap;
use crate::rows::{Tenant, User};
use crate::state::State;

/// The tenant that a login names, by its uuid or its slug, or by one of its domains.
pub fn tenant(state: &State, id: Option<String>, domain: Option<String>) -> Result<Option<String>, Failure> {
    let uuid = |tenant: &Tenant| tenant.uuid.clone();
    if let Some(id) = id {
        let named = state.tenants.values().find(|tenant| tenant.uuid == id || tenant.slug == id);
        return named.map(uuid).map(Some).ok_or_else(|| errors::unknown_tenant(&id));
    }
    let Some(domain) = domain else { return Ok(None) };
    let has = |tenant: &&Tenant| tenant.domains.iter().any(|known| known.name == domain);
    Ok(state.tenants.values().find(has).map(uuid))
}

/// The user whom the LDAP server of the tenant accepts, and its address there, which is its login from then on.
pub fn user(state: &mut Locked, tenant: &str, name: &str, password: &str) -> Option<(User, String)> {
    let config = state.ldap_configs.get(tenant)?.clone();
    let address = match state.ldap_server() {
        Some(server) => state.unlocked(|| server.address(&config, name, password)),
        None => ldap::address(&state.settings.ldap_users, &config, name, password),
    }?;
    let has_address = |user: &&User| user.emails.iter().any(|email| ldap::same(&email.address, &address));
    let user = state.users.values().filter(|user| user.tenant_uuid == tenant).find(has_address)?;
    let may = user.enabled && state.authentication_method(user) == "ldap";
    may.then(|| (user.clone(), address))
}
