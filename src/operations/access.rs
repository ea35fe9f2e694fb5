//! Policies: named lists of accesses, given to users and groups.

use super::parameter::{RECURSE, TENANT, field, list, path, query};
use super::{Kind, Method, Operation, Parameter, Type, operation, records};

const POLICY: Parameter = path("policy_uuid", "The policy's UUID or slug.");

pub(super) const OPERATIONS: &[Operation] = &[
    operation("policies.list", Method::Get, "/policies")
        .summary("Lists the policies of a tenant.")
        .details("The list includes policies that a parent tenant shares.")
        .access("auth.policies.read")
        .parameters(&[
            &[TENANT],
            &list("The column to sort by: `name`, `slug`, `description`, `uuid` or `read_only`."),
            RECURSE,
            &[
                query("uuid", Kind::Text, "Only the policy of this UUID."),
                query("name", Kind::Text, "Only the policy of this name."),
                query("slug", Kind::Text, "Only the policy of this slug."),
                query("user_uuid", Kind::Text, "Only policies that were given to this user."),
                query("group_uuid", Kind::Text, "Only policies that were given to this group."),
            ],
        ])
        .open()
        .returns(Type::Record(&records::POLICIES))
        .refused(&[400, 401]),
    operation("policies.new", Method::Post, "/policies")
        .summary("Creates a policy.")
        .details(
            "401 is also the status for an access that the token itself does not have: a token can only give what it \
             has. 409 means that the tenant has a policy of this name or slug.",
        )
        .access("auth.policies.create")
        .parameters(&[&[
            field("name", Kind::Text, "The name; 80 characters at most, unique in the tenant.").required(),
            TENANT,
            field("slug", Kind::Text, "A short name for URLs, which never changes; made from the name if left out."),
            field("description", Kind::Text, "What the policy is for."),
            field("acl", Kind::Texts, "The accesses, such as `confd.users.#`; an access that begins with `!` denies."),
            field("shared", Kind::Boolean, "Whether the tenants below can use it too; false by default."),
        ]])
        .open()
        .json()
        .returns(Type::Record(&records::POLICY))
        .refused(&[400, 401, 409]),
    operation("policies.get", Method::Get, "/policies/{policy_uuid}")
        .summary("Reads a policy.")
        .access("auth.policies.{policy_uuid}.read")
        .parameters(&[&[POLICY, TENANT]])
        .returns(Type::Record(&records::POLICY))
        .refused(&[401, 404]),
    operation("policies.edit", Method::Put, "/policies/{policy_uuid}")
        .summary("Replaces a policy.")
        .details(
            "The whole policy is replaced: if `acl` is left out, the policy has no access. The slug stays. 401 is also \
             the status for an access that the token itself does not have; 403 means that the server manages this \
             policy itself.",
        )
        .access("auth.policies.{policy_uuid}.update")
        .parameters(&[&[
            POLICY,
            field("name", Kind::Text, "The name; 80 characters at most, unique in the tenant.").required(),
            field("description", Kind::Text, "What the policy is for; empty if left out."),
            field("acl", Kind::Texts, "The accesses, such as `confd.users.#`; none if left out."),
            TENANT,
        ]])
        .open()
        .json()
        .returns(Type::Record(&records::POLICY))
        .refused(&[400, 401, 403, 404, 409]),
    operation("policies.delete", Method::Delete, "/policies/{policy_uuid}")
        .summary("Deletes a policy.")
        .details("403 means that the server manages this policy itself.")
        .access("auth.policies.{policy_uuid}.delete")
        .parameters(&[&[POLICY, TENANT]])
        .nothing()
        .refused(&[401, 403, 404]),
    operation("policies.add_access", Method::Put, "/policies/{policy_uuid}/acl/{access}")
        .summary("Adds an access to a policy.")
        .details(
            "401 is also the status for an access that the token itself does not have. An access cannot contain \
             `/`.",
        )
        .access("auth.policies.{policy_uuid}.update")
        .parameters(&[&[
            POLICY,
            path("access", "The access to add, such as `dird.#`, or `!dird.#` to deny it."),
            TENANT,
        ]])
        .nothing()
        .refused(&[401, 403, 404]),
    operation("policies.remove_access", Method::Delete, "/policies/{policy_uuid}/acl/{access}")
        .summary("Removes an access from a policy.")
        .details(
            "401 is also the status for an access that the token itself does not have; 404 also for one that the \
             policy does not hold.",
        )
        .access("auth.policies.{policy_uuid}.update")
        .parameters(&[&[POLICY, path("access", "The access to remove, as the policy holds it."), TENANT]])
        .nothing()
        .refused(&[401, 403, 404]),
];
