//! What the configuration of LDAP and SAML, and SAML logins hold.

use super::super::result::{Record, Type, member, page, record};

/// Where a tenant has no configuration, the server answers this with nulls.
pub static LDAP_CONFIGURATION: Record = record(
    "LdapConfiguration",
    "How the users of a tenant log in by LDAP; if nothing is configured, all fields except the tenant are null.",
    &[
        member("tenant_uuid", Type::Text, "The UUID of the tenant."),
        member("host", Type::Text, "The host name or IP address of the LDAP server.").nullable(),
        member("port", Type::Integer, "The TCP port of the LDAP server.").nullable(),
        member("protocol_version", Type::Integer, "The version of the LDAP protocol, 2 or 3.").nullable(),
        member("protocol_security", Type::Text, "How the connection is secured: `ldaps`, `tls` or null (not secured).")
            .nullable(),
        member("bind_dn", Type::Text, "The name that the server logs in to LDAP with; null if it does not log in.")
            .nullable(),
        member("user_base_dn", Type::Text, "The entry below which the users are.").nullable(),
        member("user_login_attribute", Type::Text, "The LDAP attribute that holds the login name.").nullable(),
        member("user_email_attribute", Type::Text, "The LDAP attribute that holds the email address.").nullable(),
        member("search_filters", Type::Text, "The LDAP filter that finds users; null for the server's own.").nullable(),
    ],
);

pub static SAML_CONFIGURATION: Record = record(
    "SamlConfiguration",
    "How the users of a tenant log in by SAML.",
    &[
        member("domain_uuid", Type::Text, "The UUID of the domain whose users log in by SAML."),
        member("entity_id", Type::Text, "The name of the SAML entity."),
        member("tenant_uuid", Type::Text, "The UUID of the tenant."),
        member("acs_url", Type::Text, "The URL that the identity provider sends its responses to."),
    ],
);

pub static ACS_TEMPLATE: Record = record(
    "AcsTemplate",
    "The pattern of the URL that identity providers send their responses to.",
    &[member("acs_url", Type::Text, "The template of the URL; `{{STACK_URL}}` is the placeholder for the host.")],
);

pub static SAML_LOGIN: Record = record(
    "SamlLogin",
    "A SAML login that has begun.",
    &[
        member("location", Type::Text, "The URL that the user's browser must open."),
        member("saml_session_id", Type::Text, "What `token.new` takes once the browser has come back; a secret."),
    ],
);

pub static IDENTITY_PROVIDERS: Record = record(
    "IdentityProviders",
    "The types of identity providers, all at once.",
    &page(&Type::Text, "The types, such as `native`, `ldap` and `saml`."),
);
