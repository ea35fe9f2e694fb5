//! Every error that the server can give, in its four shapes, with its recorded words.
//!
//! E1 `{"reason": [..], "timestamp": [..], "status_code": n}`, E2 `{"message", "error_id", "details", "timestamp",
//! "resource"?}`, E3 `{"message"}`, E4 an HTML page.

use serde_json::{Value, json};

use crate::http::Answer;

/// What a room gives: an answer, or a failure to be written as one.
pub type Outcome = Result<Answer, Failure>;

/// A failure, in one of the four shapes.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// E1.
    Reason { status: u16, reason: String },
    /// E2.
    Detailed(Box<Detailed>),
    /// E3.
    Message { status: u16, message: &'static str },
    /// E4: no such page.
    NotFoundPage,
}

/// What an E2 holds. The real server puts other types than texts into some of these.
#[derive(Debug, Clone, PartialEq)]
pub struct Detailed {
    pub status: u16,
    pub message: Value,
    pub error_id: Value,
    pub details: Value,
    pub resource: Option<String>,
}

const NOT_FOUND_PAGE: &str = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n\
    <p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and \
    try again.</p>\n";

impl Failure {
    /// The answer, at the time `now` (seconds since 1970).
    pub fn into_answer(self, now: f64) -> Answer {
        match self {
            Self::Reason { status, reason } => {
                Answer::json(status, &json!({"reason": [reason], "timestamp": [now], "status_code": status}))
            }
            Self::Detailed(told) => {
                let Detailed { status, message, error_id, details, resource } = *told;
                let mut body = json!({"message": message, "error_id": error_id, "details": details, "timestamp": now});
                if let Some(resource) = resource {
                    body["resource"] = resource.into();
                }
                Answer::json(status, &body)
            }
            Self::Message { status, message } => Answer::json(status, &json!({"message": message})),
            Self::NotFoundPage => Answer::text(404, "text/html; charset=utf-8", NOT_FOUND_PAGE),
        }
    }
}

/// E1.
pub fn reason(status: u16, reason: impl Into<String>) -> Failure {
    Failure::Reason { status, reason: reason.into() }
}

/// E2 of a resource.
pub fn detailed(status: u16, message: impl Into<Value>, error_id: &str, details: Value, resource: &str) -> Failure {
    Failure::Detailed(Box::new(Detailed {
        status,
        message: message.into(),
        error_id: error_id.into(),
        details,
        resource: Some(resource.into()),
    }))
}

/// E2 without a resource: the ones about the token and the tenant.
fn bare(status: u16, message: &str, error_id: &str, details: Value) -> Failure {
    let told = Detailed { status, message: message.into(), error_id: error_id.into(), details, resource: None };
    Failure::Detailed(Box::new(told))
}

/// The body's values are not what they must be, from the resources that tell no more than that.
pub fn invalid_data(details: Value) -> Failure {
    bare(400, "Sent data is invalid", "invalid-data", details)
}

/// The failure with other details, if it is an E2.
pub fn with_details(failure: Failure, details: impl FnOnce(Value) -> Value) -> Failure {
    match failure {
        Failure::Detailed(mut told) => {
            told.details = details(told.details);
            Failure::Detailed(told)
        }
        other => other,
    }
}

/// The body is missing or is no JSON.
pub fn bad_json() -> Failure {
    Failure::Message {
        status: 400,
        message: "The browser (or proxy) sent a request that this server could not understand.",
    }
}

pub fn method_not_allowed() -> Failure {
    Failure::Message { status: 405, message: "The method is not allowed for the requested URL." }
}

pub fn internal() -> Failure {
    Failure::Message { status: 500, message: "Internal Server Error" }
}

pub fn authentication_failed() -> Failure {
    reason(401, "Authentication Failed")
}

pub fn no_such_token() -> Failure {
    reason(404, "No such token")
}

/// The token is unknown, or it lacks the access: the two that the token check before an operation gives.
pub fn unauthorized(token: &str, why: &str, required_access: Option<&str>) -> Failure {
    let mut details = json!({"invalid_token": token, "reason": why});
    if let Some(access) = required_access {
        details["required_access"] = access.into();
    }
    bare(401, "Unauthorized", "unauthorized", details)
}

/// Giving or taking an access that one does not have oneself.
pub fn access_not_held(token: &str, access: &str) -> Failure {
    bare(401, "Unauthorized", "unauthorized", json!({"invalid_token": token, "required_access": access}))
}

/// An operation of the top tenant.
pub fn not_the_top_tenant(token: &str) -> Failure {
    bare(401, "Unauthorized", "unauthorized", json!({"invalid_token": token}))
}

pub fn unauthorized_tenant(tenant_uuid: &str) -> Failure {
    bare(401, "Unauthorized tenant", "unauthorized-tenant", json!({"tenant_uuid": tenant_uuid}))
}

pub fn invalid_list_parameter(messages: impl Into<Value>) -> Failure {
    detailed(400, messages, "invalid-list-param", json!({}), "users")
}

fn unknown(what: &str, uuid: &str, error_id: &str, resource: &str) -> Failure {
    detailed(404, format!("No such {what}: \"{uuid}\""), error_id, json!({"uuid": uuid}), resource)
}

pub fn unknown_user(uuid: &str) -> Failure {
    unknown("user", uuid, "unknown-user", "users")
}

pub fn unknown_group(uuid: &str) -> Failure {
    unknown("group", uuid, "unknown-group", "groups")
}

pub fn unknown_tenant(uuid: &str) -> Failure {
    unknown("tenant", uuid, "unknown-tenant", "tenants")
}

pub fn unknown_email(uuid: &str) -> Failure {
    unknown("email", uuid, "unknown-email", "emails")
}

/// `kind` is how it was asked for: `uuid` or `slug`.
pub fn unknown_policy(kind: &str, id: &str) -> Failure {
    reason(404, format!("No such policy {{'{kind}': '{id}'}}"))
}

pub fn forbidden_policy(uuid: &str) -> Failure {
    reason(403, format!("Forbidden policy deletion: \"{uuid}\""))
}

pub fn forbidden_group(uuid: &str) -> Failure {
    detailed(
        403,
        format!("Forbidden group modification: \"{uuid}\""),
        "forbidden-group",
        json!({"uuid": uuid}),
        "groups",
    )
}

/// A value that another has already: `column` names it.
pub fn conflict(resource: &str, column: &str, message: &str) -> Failure {
    let details = json!({column: {"constraint_id": "unique", "message": message}});
    detailed(409, "Conflict detected", "conflict", details, resource)
}

pub fn login_in_use(column: &str, login: &str) -> Failure {
    conflict("users", column, &format!("The login \"{login}\" is already used"))
}

/// The real server writes `constraint-id` here, and the names as Python writes a list.
pub fn domain_in_use(names: &[String]) -> Failure {
    let list = crate::json::to_python_repr(&json!(names));
    let message = format!("Domain name : \"{list}\" is already in use, no duplicates allowed");
    let details = json!({"domain_names": {"constraint-id": "unique", "message": message}});
    detailed(409, "Conflict detected", "conflict", details, "tenants")
}

pub fn unknown_refresh_token(client_id: &str) -> Failure {
    detailed(
        404,
        format!("unknown refresh_token for client_id \"{client_id}\""),
        "cannot-find-refresh-token-matching-client-id",
        json!({"client_id": client_id}),
        "tokens",
    )
}

pub fn unknown_external_auth(kind: &str) -> Failure {
    let message = format!("No such external auth: \"{kind}\"");
    detailed(404, message, "unknown-external-auth", json!({"type": kind}), kind)
}

pub fn unknown_external_config(kind: &str) -> Failure {
    let message = format!("No config found for this external auth type: \"{kind}\"");
    detailed(404, message, "unknown-external-auth", json!({"type": kind}), kind)
}

pub fn unknown_idp(kind: &str) -> Failure {
    detailed(404, format!("No such IDP type: \"{kind}\""), "unknown-idp-type", json!({"idp_type": kind}), "idp")
}

pub fn password_managed_elsewhere(uuid: &str) -> Failure {
    detailed(
        405,
        format!("Unable to update externally managed password for user : \"{uuid}\""),
        "password-managed-externally",
        json!({"uuid": uuid}),
        "users",
    )
}

/// The real server mixes up its own arguments here: `error_id` is an object and `details` a text.
pub fn tenant_has_children(uuid: &str) -> Failure {
    Failure::Detailed(Box::new(Detailed {
        status: 400,
        message: format!("Unauthorized delete of tenant : \"{uuid}\" ; since it has at least one child").into(),
        error_id: json!({"uuid": uuid}),
        details: "tenants".into(),
        resource: None,
    }))
}

pub fn own_tenant(uuid: &str) -> Failure {
    detailed(
        403,
        format!("Deleting its own tenant is forbidden: \"{uuid}\""),
        "deleting-own-tenant-forbidden",
        json!({"tenant_uuid": uuid}),
        "tenants",
    )
}
