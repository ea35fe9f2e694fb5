//! Tenants, and the sessions of their users.

use super::parameter::{RECURSE, TENANT, field, list, path, query, tenant};
use super::{Kind, Method, Operation, Parameter, Type, operation, records};

const PATH_TENANT: Parameter = path("tenant_uuid", "The tenant's UUID.");
const RETIRED: &str = "Servers have no policies of tenants any more and answer 404.";

/// The tenant of the request, where `tenant_uuid` names the one in the path.
const SCOPE: Parameter = tenant(
    "scoping_tenant_uuid",
    "The tenant on whose behalf the call is made (`Wazo-Tenant`); the client's own if left out.",
);

/// What a tenant consists of.
const PROFILE: &[Parameter] = &[
    field("name", Kind::Text, "The name."),
    field(
        "slug",
        Kind::Text,
        "A short name, 10 characters at most, which never changes; chosen by the server if left \
         out.",
    ),
    field("contact", Kind::Text, "The UUID of the contact user."),
    field("phone", Kind::Text, "The telephone number."),
    field("domain_names", Kind::Texts, "The domains of the tenant's users; unique on the server."),
    field("address", Kind::Object, "`line_1`, `line_2`, `city`, `state`, `country` and `zip_code`."),
    field(
        "default_authentication_method",
        Kind::Text,
        "How users whose method is `default` log in: `native`, `ldap` or `saml`; `idp.list` names them all.",
    ),
];

pub(super) const OPERATIONS: &[Operation] = &[
    operation("tenants.list", Method::Get, "/tenants")
        .summary("Lists a tenant and all tenants below it.")
        .access("auth.tenants.read")
        .parameters(&[
            &[TENANT],
            &list("The column to sort by: `name` or `slug`."),
            &[
                query("uuid", Kind::Text, "Only the tenant of this UUID."),
                query("uuids", Kind::Texts, "Only the tenants of these UUIDs; 25 at most."),
                query("name", Kind::Text, "Only tenants of this name."),
                query("slug", Kind::Text, "Only the tenant of this slug."),
                query("domain_name", Kind::Text, "Only the tenant of this domain."),
            ],
        ])
        .open()
        .returns(Type::Record(&records::TENANTS))
        .refused(&[400, 401]),
    operation("tenants.new", Method::Post, "/tenants")
        .summary("Creates a tenant.")
        .details("404 means that the contact does not exist, 409 that the slug or a domain is in use.")
        .access("auth.tenants.create")
        .parameters(&[
            PROFILE,
            &[
                field("uuid", Kind::Text, "The UUID of the new resource; chosen by the server if left out."),
                tenant("parent_uuid", "The parent tenant; the client's own, or the token's, if left out."),
            ],
        ])
        .open()
        .json()
        .returns(Type::Record(&records::TENANT))
        .refused(&[400, 401, 404, 409]),
    operation("tenants.get", Method::Get, "/tenants/{tenant_uuid}")
        .summary("Reads a tenant.")
        .access("auth.tenants.{tenant_uuid}.read")
        .parameters(&[&[PATH_TENANT, SCOPE]])
        .returns(Type::Record(&records::TENANT))
        .refused(&[401, 404]),
    operation("tenants.edit", Method::Put, "/tenants/{tenant_uuid}")
        .summary("Replaces a tenant.")
        .details("The whole tenant is replaced: fields that are left out are emptied. The slug does not change.")
        .access("auth.tenants.{tenant_uuid}.update")
        .parameters(&[&[PATH_TENANT], PROFILE, &[SCOPE]])
        .open()
        .json()
        .returns(Type::Record(&records::TENANT))
        .refused(&[400, 401, 404, 409]),
    operation("tenants.delete", Method::Delete, "/tenants/{uuid}")
        .summary("Deletes a tenant.")
        .details("400 means that there are tenants below this tenant, 403 that the call itself is made in this tenant.")
        .access("auth.tenants.{uuid}.delete")
        .parameters(&[&[path("uuid", "The tenant's UUID."), TENANT]])
        .nothing()
        .refused(&[400, 401, 403, 404]),
    operation("tenants.get_domains", Method::Get, "/tenants/{tenant_uuid}/domains")
        .summary("Lists the domains of a tenant, with their UUIDs.")
        .details("`saml_config.create` requires the UUID of a domain.")
        .access("auth.tenants.{tenant_uuid}.domains.read")
        .parameters(&[&[PATH_TENANT]])
        .returns(Type::Record(&records::DOMAINS))
        .refused(&[401, 404]),
    operation("tenants.update_parent", Method::Put, "/tenants/{tenant_uuid}/parent/{parent_uuid}")
        .summary("Moves a tenant, with all tenants below it, under another.")
        .details("409 means that the tenant cannot be moved there, for example below itself.")
        .access("auth.tenants.{tenant_uuid}.parent.{parent_uuid}.update")
        .parameters(&[&[PATH_TENANT, path("parent_uuid", "The UUID of the new parent tenant."), SCOPE]])
        .nothing()
        .refused(&[401, 404, 409])
        .since("26.03"),
    operation("tenants.add_policy", Method::Put, "/tenants/{tenant_uuid}/policies/{policy_uuid}")
        .summary("Gives a policy to a tenant.")
        .access("auth.tenants.{tenant_uuid}.policies.{policy_uuid}.create")
        .parameters(&[&[PATH_TENANT, path("policy_uuid", "The policy's UUID.")]])
        .nothing()
        .refused(&[401, 404])
        .deprecated(RETIRED),
    operation("tenants.remove_policy", Method::Delete, "/tenants/{tenant_uuid}/policies/{policy_uuid}")
        .summary("Takes a policy from a tenant.")
        .access("auth.tenants.{tenant_uuid}.policies.{policy_uuid}.delete")
        .parameters(&[&[PATH_TENANT, path("policy_uuid", "The policy's UUID.")]])
        .nothing()
        .refused(&[401, 404])
        .deprecated(RETIRED),
    operation("sessions.list", Method::Get, "/sessions")
        .summary("Lists the sessions of a tenant's users.")
        .access("auth.sessions.read")
        .parameters(&[&[TENANT], &list("The column to sort by: `mobile`."), RECURSE])
        .open()
        .returns(Type::Record(&records::SESSIONS))
        .refused(&[400, 401]),
    operation("sessions.delete", Method::Delete, "/sessions/{session_uuid}")
        .summary("Ends a session, and its token.")
        .details("Succeeds also if there is no such session.")
        .access("auth.sessions.{session_uuid}.delete")
        .parameters(&[&[path("session_uuid", "The session's UUID."), TENANT]])
        .nothing()
        .refused(&[401]),
];
