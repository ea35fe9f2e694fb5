//! External authentication: what users allow at other services (Google, Microsoft, mobile push), and its configuration.

use super::parameter::{RECURSE, TENANT, document, list, path};
use super::{Kind, Method, Operation, Parameter, Shape, Type, operation, records};

const TYPE: Parameter = path("auth_type", "The service: `google`, `microsoft`, `mobile` or another that is installed.");
const USER: Parameter = path("user_uuid", "The user's UUID.");

const DATA: Parameter = document(
    "data",
    Kind::Object,
    "For `mobile`: `token`, `apns_token`, `apns_voip_token`, `apns_notification_token`, `apns_call_topic` and \
     `apns_default_topic`; for `google` and `microsoft`: `scope`, a list of strings; any object for others.",
)
.secret();

const CONFIGURATION: Parameter = document(
    "data",
    Kind::Object,
    "For `google` and `microsoft`: `client_id` and `client_secret`; for `mobile`: `fcm_api_key`, `fcm_sender_id`, \
     `ios_apn_certificate`, `ios_apn_private` and `use_sandbox`; any object for others.",
)
.secret();

pub(super) const OPERATIONS: &[Operation] = &[
    operation("external.list", Method::Get, "/users/{user_uuid}/external")
        .summary("Lists the external services, and says which of them a user is connected to.")
        .access("auth.users.{user_uuid}.external.read")
        .parameters(&[&[USER], &list("The column to sort by: `type`.")])
        .open()
        .returns(Type::Record(&records::EXTERNAL_SERVICES))
        .refused(&[400, 401]),
    operation("external.get", Method::Get, "/users/{user_uuid}/external/{auth_type}")
        .summary("Reads the data of a user's connection to an external service.")
        .details(
            "For `google` and `microsoft` the data is an access token, which the server renews first if it has \
             expired.",
        )
        .access("auth.users.{user_uuid}.external.{auth_type}.read")
        .parameters(&[&[TYPE, USER, TENANT]])
        .returns(Type::Record(&records::EXTERNAL_DATA))
        .refused(&[401, 404]),
    operation("external.create", Method::Post, "/users/{user_uuid}/external/{auth_type}")
        .summary("Connects a user to an external service.")
        .details("404 is also the status for a service that is not configured.")
        .access("auth.users.{user_uuid}.external.{auth_type}.create")
        .parameters(&[&[TYPE, USER, DATA, TENANT]])
        .json()
        .result(Shape::Json, &[200, 201])
        .returns(Type::Record(&records::EXTERNAL_CONNECTION))
        .refused(&[400, 401, 404, 409]),
    operation("external.update", Method::Put, "/users/{user_uuid}/external/{auth_type}")
        .summary("Replaces the data of a user's connection to an external service.")
        .details("`google` and `microsoft` do not support this: 405.")
        .access("auth.users.{user_uuid}.external.{auth_type}.update")
        .parameters(&[&[TYPE, USER, DATA, TENANT]])
        .json()
        .returns(Type::Record(&records::EXTERNAL_DATA))
        .refused(&[400, 401, 404, 405]),
    operation("external.delete", Method::Delete, "/users/{user_uuid}/external/{auth_type}")
        .summary("Disconnects a user from an external service.")
        .access("auth.users.{user_uuid}.external.{auth_type}.delete")
        .parameters(&[&[TYPE, USER, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("external.get_mobile_sender_id", Method::Get, "/users/{user_uuid}/external/mobile/sender_id")
        .summary("Reads the sender id that a mobile application needs to receive push notifications.")
        .details("The sender id is a part of the tenant's configuration of `mobile`.")
        .access("auth.users.{user_uuid}.external.mobile.sender_id.read")
        .parameters(&[&[USER, TENANT]])
        .returns(Type::Record(&records::MOBILE_SENDER_ID))
        .refused(&[401, 404]),
    operation("external.get_config", Method::Get, "/external/{auth_type}/config")
        .summary("Reads the tenant's configuration of an external service.")
        .details("The configuration contains secrets, such as `client_secret`.")
        .access("auth.{auth_type}.external.config.read")
        .parameters(&[&[TYPE, TENANT]])
        .returns(Type::Record(&records::EXTERNAL_CONFIGURATION))
        .refused(&[401, 404]),
    operation("external.create_config", Method::Post, "/external/{auth_type}/config")
        .summary("Creates the tenant's configuration of an external service.")
        .details(
            "The server responds with an empty string or an empty body. 409 means that a configuration exists \
             already.",
        )
        .access("auth.{auth_type}.external.config.create")
        .parameters(&[&[TYPE, CONFIGURATION, TENANT]])
        .json()
        .result(Shape::JsonOrNothing, &[201])
        .returns(Type::Any)
        .refused(&[400, 401, 404, 409]),
    operation("external.update_config", Method::Put, "/external/{auth_type}/config")
        .summary("Replaces the tenant's configuration of an external service.")
        .access("auth.{auth_type}.external.config.update")
        .parameters(&[&[TYPE, CONFIGURATION, TENANT]])
        .json()
        .nothing()
        .refused(&[400, 401, 404]),
    operation("external.delete_config", Method::Delete, "/external/{auth_type}/config")
        .summary("Deletes the tenant's configuration of an external service.")
        .access("auth.{auth_type}.external.config.delete")
        .parameters(&[&[TYPE, TENANT]])
        .nothing()
        .refused(&[401, 404]),
    operation("external.list_connected_users", Method::Get, "/external/{auth_type}/users")
        .summary("Lists the users that are connected to an external service.")
        .access("auth.{auth_type}.external.users.read")
        .parameters(&[&[TYPE], &list("The column to sort by."), RECURSE, &[TENANT]])
        .open()
        .returns(Type::Record(&records::CONNECTED_USERS))
        .refused(&[400, 401, 404]),
];
