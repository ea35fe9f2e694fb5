//! Groups: users that share policies.

use super::parameter::{RECURSE, TENANT, field, list, path, query};
use super::{Kind, Method, Operation, Parameter, Type, operation, records};

const GROUP: Parameter = path("group_uuid", "The group's UUID.");
const USER: Parameter = path("user_uuid", "The user's UUID.");
const POLICY: Parameter = path("policy_uuid", "The policy's UUID or slug.");

pub(super) const OPERATIONS: &[Operation] = &[
    operation("groups.list", Method::Get, "/groups")
        .summary("Lists the groups of a tenant.")
        .details("The list includes groups that the server manages itself (`wazo-all-users-tenant-...`).")
        .access("auth.groups.read")
        .parameters(&[
            &[TENANT],
            &list("The column to sort by: `name`, `slug`, `uuid` or `read_only`."),
            RECURSE,
            &[
                query("uuid", Kind::Text, "Only the group of this UUID."),
                query("name", Kind::Text, "Only the group of this name."),
                query("slug", Kind::Text, "Only the group of this slug."),
                query("user_uuid", Kind::Text, "Only groups that this user belongs to."),
                query(
                    "read_only",
                    Kind::Boolean,
                    "Only groups that the server manages itself (true), or only the \
                     others (false).",
                ),
                query("policy_uuid", Kind::Text, "Only groups that have this policy."),
                query("policy_slug", Kind::Text, "Like `policy_uuid`, but the policy's slug."),
            ],
        ])
        .open()
        .returns(Type::Record(&records::GROUPS))
        .refused(&[400, 401]),
    operation("groups.new", Method::Post, "/groups")
        .summary("Creates a group.")
        .details("409 means that the tenant has a group of this name or slug.")
        .access("auth.groups.create")
        .parameters(&[&[
            field("name", Kind::Text, "The name; 128 characters at most, unique in the tenant.").required(),
            TENANT,
            field("slug", Kind::Text, "A short name for URLs, which never changes; made from the name if left out."),
        ]])
        .open()
        .json()
        .returns(Type::Record(&records::GROUP))
        .refused(&[400, 401, 409]),
    operation("groups.get", Method::Get, "/groups/{group_uuid}")
        .summary("Reads a group.")
        .access("auth.groups.{group_uuid}.read")
        .parameters(&[&[GROUP, TENANT]])
        .returns(Type::Record(&records::GROUP))
        .refused(&[401, 404]),
    operation("groups.edit", Method::Put, "/groups/{group_uuid}")
        .summary("Renames a group.")
        .details("The slug stays. 403 means that the server manages this group itself.")
        .access("auth.groups.{group_uuid}.update")
        .parameters(&[&[
            GROUP,
            field("name", Kind::Text, "The new name; 128 characters at most, unique in the tenant.").required(),
            TENANT,
        ]])
        .open()
        .json()
        .returns(Type::Record(&records::GROUP))
        .refused(&[400, 401, 403, 404, 409]),
    operation("groups.delete", Method::Delete, "/groups/{group_uuid}")
        .summary("Deletes a group.")
        .details("The users of the group are not deleted. 403 means that the server manages this group itself.")
        .access("auth.groups.{group_uuid}.delete")
        .parameters(&[&[GROUP, TENANT]])
        .nothing()
        .refused(&[401, 403, 404]),
    operation("groups.get_policies", Method::Get, "/groups/{group_uuid}/policies")
        .summary("Lists the policies of a group.")
        .access("auth.groups.{group_uuid}.policies.read")
        .parameters(&[&[GROUP, TENANT], &list("The column to sort by, such as `name`.")])
        .open()
        .returns(Type::Record(&records::ASSIGNED_POLICIES))
        .refused(&[400, 401, 404]),
    operation("groups.add_policy", Method::Put, "/groups/{group_uuid}/policies/{policy_uuid}")
        .summary("Gives a policy to a group, and so to its users.")
        .details("401 is also the status if the policy has an access that the token itself does not have.")
        .access("auth.groups.{group_uuid}.policies.{policy_uuid}.create")
        .parameters(&[&[GROUP, POLICY, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("groups.remove_policy", Method::Delete, "/groups/{group_uuid}/policies/{policy_uuid}")
        .summary("Takes a policy from a group.")
        .access("auth.groups.{group_uuid}.policies.{policy_uuid}.delete")
        .parameters(&[&[GROUP, POLICY, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("groups.get_users", Method::Get, "/groups/{group_uuid}/users")
        .summary("Lists the users of a group.")
        .access("auth.groups.{group_uuid}.users.read")
        .parameters(&[&[GROUP], &list("The column to sort by: `username`.")])
        .open()
        .returns(Type::Record(&records::USERS))
        .refused(&[400, 401]),
    operation("groups.add_user", Method::Put, "/groups/{group_uuid}/users/{user_uuid}")
        .summary("Makes a user a member of a group.")
        .details(
            "400 means that the user and the group belong to different tenants, 403 that the server manages this \
             group itself.",
        )
        .access("auth.groups.{group_uuid}.users.{user_uuid}.create")
        .parameters(&[&[GROUP, USER, TENANT]])
        .nothing()
        .refused(&[400, 401, 403, 404]),
    operation("groups.remove_user", Method::Delete, "/groups/{group_uuid}/users/{user_uuid}")
        .summary("Takes a user out of a group.")
        .details("403 means that the server manages this group itself.")
        .access("auth.groups.{group_uuid}.users.{user_uuid}.delete")
        .parameters(&[&[GROUP, USER, TENANT]])
        .nothing()
        .refused(&[401, 403, 404]),
];
