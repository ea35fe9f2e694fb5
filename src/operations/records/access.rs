//! What a policy holds.

use super::super::result::{Record, Type, member, page, record};

pub static POLICY: Record = record(
    "Policy",
    "A named list of accesses, which users and groups are given.",
    &[
        member("uuid", Type::Text, "The UUID of the policy."),
        member("tenant_uuid", Type::Text, "The UUID of the tenant that the policy belongs to."),
        member("name", Type::Text, "The name."),
        member("slug", Type::Text, "The short name for URLs, which never changes."),
        member("description", Type::Text, "What the policy is for; null if not set.").nullable(),
        member(
            "acl",
            Type::List(&Type::Text),
            "The accesses, such as `confd.users.#`; an access that begins with `!` denies.",
        ),
        member("read_only", Type::Boolean, "Whether the server manages the policy itself and refuses changes."),
        member("shared", Type::Boolean, "Whether the tenants below can use the policy too."),
    ],
);

/// Apart from `POLICIES`, because that listing has no `filtered`.
pub static ASSIGNED_POLICIES: Record = record(
    "AssignedPolicies",
    "A page of the policies of a user or a group.",
    &page(&Type::Record(&POLICY), "The policies on this page."),
);

pub static POLICIES: Record = record(
    "Policies",
    "A page of the policies of a tenant.",
    &[
        member("items", Type::List(&Type::Record(&POLICY)), "The policies on this page."),
        member("total", Type::Integer, "The number of policies, on all pages."),
    ],
);
