//! Tokens and refresh tokens: logging in, asking about a token, ending it.

use super::parameter::{RECURSE, TENANT, basic, field, header, list, path, query};
use super::{Kind, Method, Operation, Parameter, Place, Shape, Type, operation, records};

const TOKEN: Parameter = path("token", "The token.").secret();

/// The user whose refresh tokens are meant: the two paths on which the server takes `me`.
const USER_OR_ME: Parameter = path("user_uuid", "The user's UUID, or `me` for the user of the token.");

/// What a token is asked for, shared by the three ways of asking.
const QUESTION: &[Parameter] = &[
    TOKEN,
    query("required_acl", Kind::Text, "The access that the token must have, such as `confd.users.read`.")
        .wire("scope")
        .not_empty()
        .hot(),
    query("tenant", Kind::Text, "The UUID of the tenant that must be the token's own or one below it.")
        .argument("tenant_uuid")
        .not_empty()
        .hot(),
];

/// What listings of refresh tokens filter by.
const REFRESH_TOKEN_FILTERS: &[Parameter] = &[
    query("client_id", Kind::Text, "Only the refresh tokens of this application."),
    query("mobile", Kind::Boolean, "Only those of mobile sessions (true), or only the others (false)."),
    query("created_at", Kind::Text, "Only those created at this time (ISO 8601)."),
];

const REFRESH_TOKEN_ORDER: &str = "The column to sort by: `created_at`, `client_id` or `mobile`.";

pub(super) const OPERATIONS: &[Operation] = &[
    operation("token.new", Method::Post, "/token")
        .summary("Logs in and creates a token.")
        .details(
            "The user is identified by a user name and password, by a refresh token with its `client_id`, or by a \
             SAML session. If the call has neither user name nor password, the client's own are used, if set. A login \
             by password is deliberately expensive for the server: keep the token and use it for many calls. 429 \
             means that the user already has 100 sessions.",
        )
        .parameters(&[&[
            field("backend", Kind::Text, "The authentication backend; servers since 24.08 ignore it."),
            field("expiration", Kind::Integer, "Lifetime of the token in seconds: 1 to 315360000, 7200 by default."),
            header(
                "session_type",
                "Wazo-Session-Type",
                "`mobile` or `desktop`; an offline mobile login ends the user's other mobile sessions.",
            ),
            header("user_agent", "User-Agent", "The program that logs in; the server keeps it with the session."),
            field("access_type", Kind::Text, "`online` (the default), or `offline` to get a refresh token as well."),
            field("client_id", Kind::Text, "The application's name; required with `offline` and with a refresh token."),
            field("refresh_token", Kind::Text, "A refresh token, in place of a user name and password.").secret(),
            basic(
                "username",
                Place::Username,
                "The user name or confirmed email address; only together with `password`.",
            ),
            basic("password", Place::Password, "The password; only together with `username`."),
            field("tenant_id", Kind::Text, "The UUID or slug of the tenant whose LDAP or SAML users log in."),
            field("domain_name", Kind::Text, "A domain of that tenant; not together with `tenant_id`."),
            field("saml_session_id", Kind::Text, "The session that `saml.sso` began, in place of a password.").secret(),
        ]])
        .basic()
        .json()
        .result(Shape::Member(&["data"]), &[200])
        .returns(Type::Record(&records::TOKEN))
        .refused(&[400, 401, 404, 429, 500]),
    operation("token.get", Method::Get, "/token/{token}")
        .summary("Reads the user, the tenant and the access list of a token.")
        .details(
            "If you give an access or a tenant, the server checks them too: 403 means that the token is valid but \
             lacks the access or may not be used in the tenant, 404 that the token or the tenant is unknown, or that \
             the token has expired.",
        )
        .parameters(&[QUESTION])
        .public()
        .result(Shape::Member(&["data"]), &[200])
        .returns(Type::Record(&records::TOKEN))
        .refused(&[403, 404, 500]),
    operation("token.check", Method::Head, "/token/{token}")
        .summary("Checks whether a token is valid, has an access, and may be used in a tenant.")
        .details(
            "`token.is_valid` asks the same question. If the call fails, the answer is unknown: neither yes nor no. \
             For a token that no server can know (empty, `..`, control characters, more than 8,000 bytes), the answer \
             is no, and no request is sent.",
        )
        .parameters(&[QUESTION])
        .public()
        .result(Shape::Question, &[204])
        .refused(&[403, 404, 500]),
    operation("token.is_valid", Method::Head, "/token/{token}")
        .summary("Checks whether a token is valid, has an access, and may be used in a tenant.")
        .details("`token.check` asks the same question.")
        .same_as("token.check")
        .parameters(&[QUESTION])
        .public()
        .result(Shape::Question, &[204])
        .refused(&[403, 404, 500]),
    operation("token.revoke", Method::Delete, "/token/{token}")
        .summary("Revokes a token, and ends its session.")
        .details(
            "Succeeds also if the token is unknown or expired. The refresh token stays valid; `token.delete` \
             deletes it.",
        )
        .parameters(&[&[TOKEN]])
        .public()
        .result(Shape::Nothing, &[200])
        .refused(&[500]),
    operation("token.check_scopes", Method::Post, "/token/{token}/scopes/check")
        .summary("Checks several accesses of a token at once.")
        .parameters(&[&[
            TOKEN,
            field("scopes", Kind::Texts, "The accesses to check.").required(),
            field("tenant", Kind::Text, "The UUID of the tenant that must be the token's own or one below it.")
                .wire("tenant_uuid")
                .not_empty(),
            header("user_agent", "User-Agent", "The program that asks."),
        ]])
        .public()
        .json()
        .reads()
        .returns(Type::Record(&records::SCOPE_CHECK))
        .refused(&[400, 403, 404, 500]),
    operation("token.list", Method::Get, "/users/{user_uuid}/tokens")
        .summary("Lists the refresh tokens of a user.")
        .details("The refresh tokens themselves are not shown.")
        .access("auth.users.{user_uuid}.tokens.read")
        .parameters(&[&[USER_OR_ME, TENANT], &list(REFRESH_TOKEN_ORDER), RECURSE, REFRESH_TOKEN_FILTERS])
        .open()
        .returns(Type::Record(&records::REFRESH_TOKENS))
        .refused(&[400, 401, 404]),
    operation("token.delete", Method::Delete, "/users/{user_uuid}/tokens/{client_id}")
        .summary("Deletes a user's refresh token.")
        .details("Tokens that were created with it stay valid until they expire or are revoked.")
        .access("auth.users.{user_uuid}.tokens.{client_id}.delete")
        .parameters(&[&[USER_OR_ME, path("client_id", "The application whose refresh token it is."), TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("refresh_tokens.list", Method::Get, "/tokens")
        .summary("Lists the refresh tokens of a tenant's users.")
        .details("The refresh tokens themselves are not shown.")
        .access("auth.tokens.read")
        .parameters(&[&[TENANT], &list(REFRESH_TOKEN_ORDER), RECURSE, REFRESH_TOKEN_FILTERS])
        .open()
        .returns(Type::Record(&records::REFRESH_TOKENS))
        .refused(&[400, 401]),
];
