//! What a user holds.

use super::super::result::{Record, Type, member, page, record};

static EMAIL: Record = record(
    "Email",
    "An email address of a user.",
    &[
        member("uuid", Type::Text, "The UUID of the email address."),
        member("address", Type::Text, "The email address itself."),
        member("confirmed", Type::Boolean, "Whether the address is confirmed, which a login by it requires."),
        member("main", Type::Boolean, "Whether this is the user's main address."),
    ],
);

/// Not paged: the addresses of a user come as a bare list.
pub static EMAILS: Type = Type::List(&Type::Record(&EMAIL));

pub static USER: Record = record(
    "User",
    "An account that can log in.",
    &[
        member("uuid", Type::Text, "The UUID of the user."),
        member("username", Type::Text, "The name to log in with; null if the user has none.").nullable(),
        member("firstname", Type::Text, "The first name; null if the user has none.").nullable(),
        member("lastname", Type::Text, "The last name; null if the user has none.").nullable(),
        member("purpose", Type::Text, "The purpose of the account: `user`, `internal` or `external_api`."),
        member("emails", EMAILS, "The email addresses of the user."),
        member("enabled", Type::Boolean, "Whether the user can log in."),
        member("tenant_uuid", Type::Text, "The UUID of the tenant that the user belongs to."),
        member(
            "authentication_method",
            Type::Text,
            "How the user logs in: `default` (as the tenant says) or another item of `idp.list`.",
        ),
    ],
);

pub static USERS: Record = record("Users", "A page of users.", &page(&Type::Record(&USER), "The users on this page."));
