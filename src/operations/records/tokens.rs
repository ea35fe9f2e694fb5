//! What tokens and refresh tokens hold.

use super::super::result::{Record, Type, member, page, record};

/// Open: plugins of the server add fields of their own. A token of a mail has a tenant only.
static TOKEN_METADATA: Record = record(
    "TokenMetadata",
    "What the server knows about the user of a token; plugins of the server can add fields.",
    &[
        member("uuid", Type::Text, "The UUID of the user; missing for a token that the server made for a mail.")
            .optional(),
        member("tenant_uuid", Type::Text, "The UUID of the tenant that the user belongs to."),
        member("auth_id", Type::Text, "The identifier of the user at the backend that checked the login.").optional(),
        member("pbx_user_uuid", Type::Text, "The UUID of the user's telephone account; null if the user has none.")
            .optional()
            .nullable(),
        member("xivo_uuid", Type::Text, "The identifier of the Wazo installation.").optional(),
        member("purpose", Type::Text, "The purpose of the user: `user`, `internal` or `external_api`.").optional(),
    ],
)
.open();

pub static TOKEN: Record = record(
    "Token",
    "A token, with its user, accesses and lifetime.",
    &[
        member("token", Type::Text, "The token itself, a UUID; a secret."),
        member(
            "auth_id",
            Type::Text,
            "The identifier of the user at the backend that checked the login; normally the user's UUID.",
        ),
        member("xivo_user_uuid", Type::Text, "The UUID of the user's telephone account; null if the user has none.")
            .nullable(),
        member("xivo_uuid", Type::Text, "The identifier of the Wazo installation; null if the server does not set it.")
            .nullable(),
        member(
            "issued_at",
            Type::Text,
            "The start of the token's life, in the server's local time (ISO 8601, no offset).",
        ),
        member(
            "expires_at",
            Type::Text,
            "The end of the token's life, in the server's local time (ISO 8601, no offset).",
        ),
        member("utc_issued_at", Type::Text, "The start of the token's life, in UTC (ISO 8601, no offset)."),
        member("utc_expires_at", Type::Text, "The end of the token's life, in UTC (ISO 8601, no offset)."),
        member("acl", Type::List(&Type::Text), "The accesses of the token; an access that begins with `!` denies."),
        member("metadata", Type::Record(&TOKEN_METADATA), "What the server knows about the user."),
        member("session_uuid", Type::Text, "The UUID of the session, which ends with the token."),
        member("remote_addr", Type::Text, "The IP address that the login came from."),
        member("user_agent", Type::Text, "The program that logged in, as its `User-Agent` header named it."),
        member("refresh_token", Type::Text, "The refresh token, a secret; only in the result of an `offline` login.")
            .optional(),
    ],
);

pub static SCOPE_CHECK: Record = record(
    "ScopeCheck",
    "Which of several accesses a token has.",
    &[member("scopes", Type::Map(&Type::Boolean), "For each access of the question, whether the token has it.")],
);

static REFRESH_TOKEN: Record = record(
    "RefreshToken",
    "A refresh token, described without its secret text.",
    &[
        member("client_id", Type::Text, "The identifier of the application that the refresh token was made for."),
        member("created_at", Type::Text, "The time of creation, in UTC (ISO 8601, with the offset `+00:00`)."),
        member("mobile", Type::Boolean, "Whether the login came from a mobile application."),
        member("user_uuid", Type::Text, "The UUID of the user."),
        member("tenant_uuid", Type::Text, "The UUID of the tenant that the user belongs to."),
        member("metadata", Type::Map(&Type::Any), "Additional values of the server; empty in all recordings."),
    ],
);

pub static REFRESH_TOKENS: Record = record(
    "RefreshTokens",
    "A page of refresh tokens.",
    &page(&Type::Record(&REFRESH_TOKEN), "The refresh tokens on this page."),
);
