//! What tenants, their domains and sessions hold.

use super::super::result::{Record, Type, member, page, record};

static ADDRESS: Record = record(
    "Address",
    "The postal address of a tenant.",
    &[
        member("line_1", Type::Text, "The first line of the street address; null if not set.").nullable(),
        member("line_2", Type::Text, "The second line of the street address; null if not set.").nullable(),
        member("city", Type::Text, "The city; null if not set.").nullable(),
        member("state", Type::Text, "The state or province; null if not set.").nullable(),
        member("country", Type::Text, "The country; null if not set.").nullable(),
        member("zip_code", Type::Text, "The postal code; null if not set.").nullable(),
    ],
);

pub static TENANT: Record = record(
    "Tenant",
    "A customer or department, with users, groups and policies of its own.",
    &[
        member("uuid", Type::Text, "The UUID of the tenant."),
        member("parent_uuid", Type::Text, "The UUID of the tenant directly above; for the top tenant, its own UUID."),
        member("name", Type::Text, "The name; null if the tenant has none.").nullable(),
        member("slug", Type::Text, "The short name, which never changes."),
        member("contact", Type::Text, "The UUID of the user to contact; null if not set.").nullable(),
        member("phone", Type::Text, "The telephone number; null if not set.").nullable(),
        member(
            "default_authentication_method",
            Type::Text,
            "How users whose method is `default` log in: `native`, `ldap`, `saml` or another item of `idp.list`.",
        ),
        member("domain_names", Type::List(&Type::Text), "The names of the domains of the tenant."),
        member("address", Type::Record(&ADDRESS), "The postal address."),
    ],
);

pub static TENANTS: Record =
    record("Tenants", "A page of tenants.", &page(&Type::Record(&TENANT), "The tenants on this page."));

static DOMAIN: Record = record(
    "Domain",
    "An Internet domain of a tenant.",
    &[
        member("name", Type::Text, "The name of the domain, such as `example.com`."),
        member("uuid", Type::Text, "The UUID of the domain."),
    ],
);

/// No page: all domains come at once, and there is no `filtered`.
pub static DOMAINS: Record = record(
    "Domains",
    "The domains of a tenant.",
    &[
        member("total", Type::Integer, "The number of domains."),
        member("items", Type::List(&Type::Record(&DOMAIN)), "All domains of the tenant."),
    ],
);

static SESSION: Record = record(
    "Session",
    "A login of a user, which lasts as long as its token.",
    &[
        member("uuid", Type::Text, "The UUID of the session."),
        member("user_uuid", Type::Text, "The UUID of the user who logged in."),
        member("tenant_uuid", Type::Text, "The UUID of the tenant that the user belongs to."),
        member("mobile", Type::Boolean, "Whether the login came from a mobile application."),
    ],
);

pub static SESSIONS: Record =
    record("Sessions", "A page of sessions.", &page(&Type::Record(&SESSION), "The sessions on this page."));
