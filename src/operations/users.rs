//! Users: accounts, passwords, and what belongs to a user (policies, groups, sessions).

use super::parameter::{RECURSE, TENANT, field, list, own_token, path, query};
use super::{Kind, Method, Operation, Parameter, Type, operation, records};

const USER: Parameter = path("user_uuid", "The user's UUID.");
const POLICY: Parameter = path("policy_uuid", "The policy's UUID or slug.");

/// What makes a user, but for the password and the address that only a new one takes.
const PROFILE: &[Parameter] = &[
    field("username", Kind::Text, "The name to log in with; unique on the server."),
    field("firstname", Kind::Text, "The first name."),
    field("lastname", Kind::Text, "The last name."),
    field("purpose", Kind::Text, "`user` (the default), `internal` or `external_api`."),
    field(
        "authentication_method",
        Kind::Text,
        "`default` (the tenant's, the default), `native`, `ldap` or `saml`; `idp.list` names them all.",
    ),
    field("enabled", Kind::Boolean, "Whether the user can log in; true by default."),
];

pub(super) const OPERATIONS: &[Operation] = &[
    operation("users.list", Method::Get, "/users")
        .summary("Lists the users of a tenant.")
        .access("auth.users.read")
        .parameters(&[
            &[TENANT],
            &list("The column to sort by: `username`, `firstname` or `lastname`."),
            RECURSE,
            &[
                query("uuid", Kind::Text, "Only the user of this UUID; several are separated by commas."),
                query("username", Kind::Text, "Only the user of this name."),
                query("firstname", Kind::Text, "Only users of this first name."),
                query("lastname", Kind::Text, "Only users of this last name."),
                query("purpose", Kind::Text, "Only users of this purpose: `user`, `internal` or `external_api`."),
                query("email_address", Kind::Text, "Only the user of this email address."),
                query("group_uuid", Kind::Text, "Only members of this group."),
                query("policy_uuid", Kind::Text, "Only users that have this policy directly."),
                query("policy_slug", Kind::Text, "Like `policy_uuid`, but the policy's slug."),
                query("has_policy_uuid", Kind::Text, "Only users that have this policy, directly or through a group."),
                query("has_policy_slug", Kind::Text, "Like `has_policy_uuid`, but the policy's slug."),
            ],
        ])
        .open()
        .returns(Type::Record(&records::USERS))
        .refused(&[400, 401]),
    operation("users.new", Method::Post, "/users")
        .summary("Creates a user.")
        .details(
            "The email address of a user made this way counts as confirmed. 409 means that the user name or the \
             address is in use.",
        )
        .access("auth.users.create")
        .parameters(&[
            &[TENANT],
            PROFILE,
            &[
                field("uuid", Kind::Text, "The UUID of the new resource; chosen by the server if left out."),
                field("password", Kind::Text, "The password; without one the user cannot log in by password.").secret(),
                field("email_address", Kind::Text, "The main email address; unique on the server."),
            ],
        ])
        .open()
        .json()
        .returns(Type::Record(&records::USER))
        .refused(&[400, 401, 409]),
    operation("users.get", Method::Get, "/users/{user_uuid}")
        .summary("Reads a user.")
        .access("auth.users.{user_uuid}.read")
        .parameters(&[&[USER, TENANT]])
        .returns(Type::Record(&records::USER))
        .refused(&[401, 404]),
    operation("users.edit", Method::Put, "/users/{user_uuid}")
        .summary("Replaces a user.")
        .details(
            "The whole user is replaced: fields that are left out get their defaults. Email addresses and the password \
             stay; other operations change them.",
        )
        .access("auth.users.{user_uuid}.update")
        .parameters(&[&[USER, TENANT], PROFILE])
        .open()
        .json()
        .returns(Type::Record(&records::USER))
        .refused(&[400, 401, 404, 409]),
    operation("users.delete", Method::Delete, "/users/{user_uuid}")
        .summary("Deletes a user.")
        .access("auth.users.{user_uuid}.delete")
        .parameters(&[&[USER, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("users.change_password", Method::Put, "/users/{user_uuid}/password")
        .summary("Changes a user's password; requires the old one.")
        .details(
            "401 is also the status for a wrong old password; that is an authentication failure and not an invalid \
             token. 405 means that the password is kept elsewhere (LDAP, SAML).",
        )
        .access("auth.users.{user_uuid}.password.update")
        .parameters(&[&[
            USER,
            field("old_password", Kind::Text, "The old password.").required().hot().secret(),
            field("new_password", Kind::Text, "The new password.").required().hot().secret(),
        ]])
        .open()
        .json()
        .nothing()
        .proves_password()
        .changes()
        .refused(&[400, 401, 404, 405]),
    operation("users.reset_password", Method::Get, "/users/password/reset")
        .summary("Sends a user the mail to reset a forgotten password.")
        .details(
            "Takes exactly one of the three parameters. Succeeds also if there is no such user, so that user \
             names cannot be probed.",
        )
        .parameters(&[&[
            query("username", Kind::Text, "The user's name.").hot(),
            query("email", Kind::Text, "The user's email address.").hot(),
            query("login", Kind::Text, "The user's name or email address.").hot(),
        ]])
        .open()
        .public()
        .nothing()
        .changes()
        .refused(&[400]),
    operation("users.set_password", Method::Post, "/users/password/reset")
        .summary("Sets a user's new password with the token of the reset mail.")
        .details(
            "The token comes from the mail that `users.reset_password` sends. The user's tokens are revoked; refresh \
             tokens stay. 405 means that the password is kept elsewhere (LDAP, SAML).",
        )
        .access("auth.users.password.reset.{user_uuid}.create")
        .parameters(&[&[
            query("user_uuid", Kind::Text, "The user's UUID.").required().hot(),
            field("password", Kind::Text, "The new password.").required().hot().secret(),
            own_token("token", "The token of the mail; the client's own if left out."),
        ]])
        .json()
        .nothing()
        .refused(&[400, 401, 404, 405]),
    operation("users.register", Method::Post, "/users/register")
        .summary("Registers a user, without a token.")
        .details("A plugin provides this operation. Servers disable it by default and then respond with 404.")
        .parameters(&[&[
            field("password", Kind::Text, "The password.").required().secret(),
            field("email_address", Kind::Text, "The email address, to be confirmed by mail.").required(),
            field("username", Kind::Text, "The name to log in with; unique on the server."),
            field("firstname", Kind::Text, "The first name."),
            field("lastname", Kind::Text, "The last name."),
        ]])
        .open()
        .public()
        .json()
        .returns(Type::Record(&records::USER))
        .refused(&[400, 404, 409]),
    operation("users.update_emails", Method::Put, "/users/{user_uuid}/emails")
        .summary("Replaces a user's email addresses.")
        .details(
            "Addresses that are not in the list are removed; new ones have to be confirmed by mail, even if \
             `confirmed` is true.",
        )
        .access("auth.users.{user_uuid}.emails.update")
        .parameters(&[&[
            USER,
            field("emails", Kind::Objects, "The addresses: `address` (required) and `main`, true for exactly one.")
                .required(),
        ]])
        .json()
        .returns(records::EMAILS)
        .refused(&[400, 401, 404, 409]),
    operation("users.request_confirmation_email", Method::Get, "/users/{user_uuid}/emails/{email_uuid}/confirm")
        .summary("Sends the mail to confirm an email address.")
        .details("409 means that it is confirmed already.")
        .access("auth.users.{user_uuid}.emails.{email_uuid}.confirm.read")
        .parameters(&[&[USER, path("email_uuid", "The email address's UUID.")]])
        .nothing()
        .changes()
        .refused(&[401, 404, 409]),
    operation("users.get_policies", Method::Get, "/users/{user_uuid}/policies")
        .summary("Lists the policies that were given to a user.")
        .details("The list does not include policies that the user has through a group.")
        .access("auth.users.{user_uuid}.policies.read")
        .parameters(&[&[USER, TENANT], &list("The column to sort by: `name`, `description` or `uuid`.")])
        .open()
        .returns(Type::Record(&records::ASSIGNED_POLICIES))
        .refused(&[400, 401]),
    operation("users.add_policy", Method::Put, "/users/{user_uuid}/policies/{policy_uuid}")
        .summary("Gives a policy to a user.")
        .details("401 is also the status if the policy has an access that the token itself does not have.")
        .access("auth.users.{user_uuid}.policies.{policy_uuid}.create")
        .parameters(&[&[USER, POLICY, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("users.remove_policy", Method::Delete, "/users/{user_uuid}/policies/{policy_uuid}")
        .summary("Takes a policy from a user.")
        .details("401 is also the status if the policy has an access that the token itself does not have.")
        .access("auth.users.{user_uuid}.policies.{policy_uuid}.delete")
        .parameters(&[&[USER, POLICY, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("users.get_groups", Method::Get, "/users/{user_uuid}/groups")
        .summary("Lists the groups that a user belongs to.")
        .access("auth.users.{user_uuid}.groups.read")
        .parameters(&[&[USER, TENANT], &list("The column to sort by: `name` or `uuid`.")])
        .open()
        .returns(Type::Record(&records::GROUPS))
        .refused(&[400, 401, 404]),
    operation("users.get_sessions", Method::Get, "/users/{user_uuid}/sessions")
        .summary("Lists the sessions of a user.")
        .access("auth.users.{user_uuid}.sessions.read")
        .parameters(&[&[USER, TENANT], &list("The column to sort by: `mobile`.")])
        .open()
        .returns(Type::Record(&records::SESSIONS))
        .refused(&[400, 401, 404]),
    operation("users.remove_session", Method::Delete, "/users/{user_uuid}/sessions/{session_uuid}")
        .summary("Ends a session of a user, and its token.")
        .details("Succeeds also if there is no such session; 404 means that there is no such user.")
        .access("auth.users.{user_uuid}.sessions.{session_uuid}.delete")
        .parameters(&[&[USER, path("session_uuid", "The session's UUID."), TENANT]])
        .nothing()
        .refused(&[401, 404]),
];
