//! What external services hold: the data of users, and the configuration of tenants.
//!
//! Services other than `google`, `microsoft` and `mobile` keep any object, so most of these records are open.

use super::super::result::{Record, Type, member, page, record};

static EXTERNAL_SERVICE: Record = record(
    "ExternalService",
    "An external service, and whether a user is connected to it.",
    &[
        member("type", Type::Text, "The name of the service, such as `google`."),
        member("data", Type::Map(&Type::Any), "The part of the user's data that is no secret; often empty."),
        member("enabled", Type::Boolean, "Whether the user is connected."),
        member("plugin_info", Type::Map(&Type::Any), "What the server's plugin says about the service; often empty."),
    ],
);

pub static EXTERNAL_SERVICES: Record = record(
    "ExternalServices",
    "A page of external services.",
    &page(&Type::Record(&EXTERNAL_SERVICE), "The services on this page."),
);

/// Open: `mobile` and other services answer the data that was given.
pub static EXTERNAL_CONNECTION: Record = record(
    "ExternalConnection",
    "The answer to a new connection: two fields for `google` and `microsoft`, the given data for other services.",
    &[
        member(
            "authorization_url",
            Type::Text,
            "For `google` and `microsoft`: the URL that the user opens in a browser to give permission.",
        )
        .optional(),
        member(
            "state",
            Type::Text,
            "The text by which the server recognises the user who comes back from the service.",
        )
        .optional(),
    ],
)
.open();

/// Open: other services keep any object.
pub static EXTERNAL_DATA: Record = record(
    "ExternalData",
    "What a user has at an external service; services other than the three named here have any fields.",
    &[
        member("scope", Type::List(&Type::Text), "For `google` and `microsoft`: the permissions that the user gave.")
            .optional(),
        member("access_token", Type::Text, "For `google` and `microsoft`: the access token; a secret.").optional(),
        member(
            "token_expiration",
            Type::Integer,
            "For `google` and `microsoft`: when the access token expires, in seconds since the epoch.",
        )
        .optional(),
        member("token", Type::Text, "For `mobile`: the token for push notifications by FCM.").optional().nullable(),
        member("apns_token", Type::Text, "For `mobile`: the token for push notifications by APNs.")
            .optional()
            .nullable(),
        member("apns_voip_token", Type::Text, "For `mobile`: the APNs token for incoming calls.").optional().nullable(),
        member("apns_notification_token", Type::Text, "For `mobile`: the APNs token for other notifications.")
            .optional()
            .nullable(),
        member("apns_call_topic", Type::Text, "For `mobile`: the APNs topic for incoming calls.").optional().nullable(),
        member("apns_default_topic", Type::Text, "For `mobile`: the APNs topic for other notifications.")
            .optional()
            .nullable(),
    ],
)
.open();

pub static MOBILE_SENDER_ID: Record = record(
    "MobileSenderId",
    "What a mobile application needs to receive push notifications.",
    &[member("sender_id", Type::Text, "The sender identifier of FCM, from the tenant's configuration of `mobile`.")],
);

/// Open: the server keeps any object as it was given.
pub static EXTERNAL_CONFIGURATION: Record = record(
    "ExternalConfiguration",
    "A tenant's configuration of an external service, as it was given; other fields are possible.",
    &[
        member("client_id", Type::Text, "For `google` and `microsoft`: the identifier of the application.").optional(),
        member("client_secret", Type::Text, "For `google` and `microsoft`: the secret of the application.").optional(),
        member("fcm_api_key", Type::Text, "For `mobile`: the key of FCM; a secret.").optional(),
        member("fcm_sender_id", Type::Text, "For `mobile`: the sender identifier of FCM.").optional(),
        member("ios_apn_certificate", Type::Text, "For `mobile`: the certificate for APNs.").optional(),
        member("use_sandbox", Type::Boolean, "For `mobile`: whether APNs is used in its test environment.").optional(),
    ],
)
.open();

static CONNECTED_USER: Record = record(
    "ConnectedUser",
    "A user who is connected to an external service.",
    &[member("uuid", Type::Text, "The UUID of the user.")],
);

pub static CONNECTED_USERS: Record = record(
    "ConnectedUsers",
    "A page of the users who are connected to an external service.",
    &page(&Type::Record(&CONNECTED_USER), "The users on this page."),
);
