//! `--ldap`: a login through LDAP asks the server that the tenant has configured (`PUT /backends/ldap`).
//! TLS (`protocol_security`) is not supported: it would bring a second parser of certificates, for servers of tests.

use std::time::Duration;

use ldap3::{LdapConn, LdapConnSettings, LdapError, Scope, SearchEntry, dn_escape};

use super::complain;
use crate::ldap::{Server, filter_text, service_of};
use crate::rows::LdapConfig;

/// How long the server may take for the connection, and for each answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The answer to a bind with a wrong password.
const INVALID_CREDENTIALS: u32 = 49;

/// The servers of the tenants.
#[derive(Debug)]
pub struct Servers;

impl Server for Servers {
    fn address(&self, config: &LdapConfig, name: &str, password: &str) -> Option<String> {
        // A bind without a password is one as nobody, and succeeds.
        if password.is_empty() {
            return None;
        }
        if let Some(security) = config.protocol_security.as_deref() {
            let what = format!("a login through the LDAP server {} failed", url(config));
            complain(&what, &format!("expected protocol_security null, got {security:?}: --ldap has no TLS"));
            return None;
        }
        let found = Login { config, name, password }.address();
        found.unwrap_or_else(|error| {
            complain(&format!("a login through the LDAP server {} failed", url(config)), &error);
            None
        })
    }
}

fn url(config: &LdapConfig) -> String {
    let host = config.host.as_deref().unwrap_or_default();
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
    format!("ldap://{host}:{}", config.port.unwrap_or(389))
}

/// One login.
struct Login<'a> {
    config: &'a LdapConfig,
    name: &'a str,
    password: &'a str,
}

impl Login<'_> {
    /// The address of who is accepted; none, if nobody is.
    fn address(&self) -> Result<Option<String>, LdapError> {
        match service_of(self.config) {
            Some((dn, password)) => self.by_service(dn, password),
            None => self.by_user(),
        }
    }

    /// A service searches the user, who then proves the password.
    fn by_service(&self, dn: &str, password: &str) -> Result<Option<String>, LdapError> {
        let mut connection = self.connect()?;
        connection.simple_bind(dn, password)?.success()?;
        let filter = filter_text(self.config, self.name);
        let base = self.config.user_base_dn.as_deref().unwrap_or_default();
        let Some(entry) = self.only(&mut connection, base, Scope::Subtree, &filter)? else { return Ok(None) };
        let accepted = self.is_accepted(&entry.dn)?.is_some();
        Ok(self.address_in(&entry).filter(|_| accepted))
    }

    /// The DN of a user is made of its name; the user itself reads its address.
    fn by_user(&self) -> Result<Option<String>, LdapError> {
        let attribute = self.config.user_login_attribute.as_deref().unwrap_or_default();
        let base = self.config.user_base_dn.as_deref().unwrap_or_default();
        let dn = format!("{attribute}={},{base}", dn_escape(self.name));
        let Some(mut connection) = self.is_accepted(&dn)? else { return Ok(None) };
        let entry = self.only(&mut connection, &dn, Scope::Base, "(objectClass=*)")?;
        Ok(entry.and_then(|entry| self.address_in(&entry)))
    }

    fn connect(&self) -> Result<LdapConn, LdapError> {
        let settings = LdapConnSettings::new().set_conn_timeout(TIMEOUT);
        let mut connection = LdapConn::with_settings(settings, &url(self.config))?;
        connection.with_timeout(TIMEOUT);
        Ok(connection)
    }

    /// A connection of this DN with the password of the login, if that is right.
    fn is_accepted(&self, dn: &str) -> Result<Option<LdapConn>, LdapError> {
        let mut connection = self.connect()?;
        let result = connection.with_timeout(TIMEOUT).simple_bind(dn, self.password)?;
        if result.rc == INVALID_CREDENTIALS {
            return Ok(None);
        }
        result.success()?;
        Ok(Some(connection))
    }

    /// The one entry that is found. Several are as good as none.
    fn only(
        &self,
        connection: &mut LdapConn,
        base: &str,
        scope: Scope,
        filter: &str,
    ) -> Result<Option<SearchEntry>, LdapError> {
        let attributes = [self.config.user_email_attribute.as_deref().unwrap_or("mail")];
        let (entries, _) = connection.with_timeout(TIMEOUT).search(base, scope, filter, attributes)?.success()?;
        // What is no entry is the hint that another server may know more.
        let mut entries = entries.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
        let (first, second) = (entries.next(), entries.next());
        Ok(first.filter(|_| second.is_none()).map(SearchEntry::construct))
    }

    fn address_in(&self, entry: &SearchEntry) -> Option<String> {
        let wanted = self.config.user_email_attribute.as_deref().unwrap_or_default();
        let (_, values) = entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        values.first().map(|address| address.to_lowercase()).filter(|address| !address.is_empty())
    }
}
