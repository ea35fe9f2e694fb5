//! What a group holds.

use super::super::result::{Record, Type, member, page, record};

pub static GROUP: Record = record(
    "Group",
    "A set of users that share policies.",
    &[
        member("uuid", Type::Text, "The UUID of the group."),
        member("tenant_uuid", Type::Text, "The UUID of the tenant that the group belongs to."),
        member("name", Type::Text, "The name."),
        member("slug", Type::Text, "The short name for URLs, which never changes."),
        member("read_only", Type::Boolean, "Whether the server refuses to change the group."),
        member("system_managed", Type::Boolean, "Whether the server manages the group itself."),
    ],
);

pub static GROUPS: Record =
    record("Groups", "A page of groups.", &page(&Type::Record(&GROUP), "The groups on this page."));
