//! Email addresses: set by an administrator, confirmed by their owner.

use super::parameter::{field, path, query};
use super::{Kind, Method, Operation, Parameter, Shape, Type, operation, records};

const EMAIL: Parameter = path("email_uuid", "The email address's UUID.");

pub(super) const OPERATIONS: &[Operation] = &[
    operation("admin.update_user_emails", Method::Put, "/admin/users/{user_uuid}/emails")
        .summary("Replaces a user's email addresses, as an administrator.")
        .details(
            "Addresses that are not in the list are removed. Unlike `users.update_emails`, this operation can mark an \
             address as confirmed.",
        )
        .access("auth.admin.users.{user_uuid}.emails.update")
        .parameters(&[&[
            path("user_uuid", "The user's UUID."),
            field(
                "emails",
                Kind::Objects,
                "The addresses: `address` (required), `main`, true for exactly one, and `confirmed`.",
            )
            .required(),
        ]])
        .json()
        .returns(records::EMAILS)
        .refused(&[400, 401, 404, 409]),
    operation("emails.confirm", Method::Put, "/emails/{email_uuid}/confirm")
        .summary("Marks an email address as confirmed.")
        .access("auth.emails.{email_uuid}.confirm.update")
        .parameters(&[&[EMAIL]])
        .nothing()
        .refused(&[401, 404]),
    operation("emails.get_confirmation_page", Method::Get, "/emails/{email_uuid}/confirm")
        .summary(
            "Confirms an email address as the link in the mail does, and returns the page that the reader of the \
             mail sees.",
        )
        .details(
            "The response is HTML. Although the method is GET, it changes the address. 404 means that there is \
             no such address.",
        )
        .access("auth.emails.{email_uuid}.confirm.update")
        .parameters(&[&[
            EMAIL,
            query("token", Kind::Text, "The token from the mail; if left out, the client's own token is sent.")
                .hot()
                .secret(),
        ]])
        .result(Shape::Text, &[200])
        .returns(Type::Text)
        .changes()
        .refused(&[401, 404]),
];
