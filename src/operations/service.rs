//! The service itself: its configuration, health and specification.

use super::parameter::document;
use super::{Kind, Method, Operation, Shape, Type, operation, records};

pub(super) const OPERATIONS: &[Operation] = &[
    operation("config.get", Method::Get, "/config")
        .summary("Reads the server's configuration.")
        .details("Only tokens of the top tenant may do this; others get 401.")
        .access("auth.config.read")
        .returns(Type::Record(&records::CONFIGURATION))
        .refused(&[401]),
    operation("config.patch", Method::Patch, "/config")
        .summary("Changes the server's configuration until its next start.")
        .details("Only tokens of the top tenant may do this; others get 401. The response is the whole configuration.")
        .access("auth.config.update")
        .parameters(&[&[document(
            "config_patch",
            Kind::Objects,
            "The changes (JSON Patch): `op` is `replace`, `path` is `/debug` or `/profiling_enabled`, `value` is a \
             Boolean.",
        )]])
        .json()
        .returns(Type::Record(&records::CONFIGURATION))
        .refused(&[400, 401]),
    operation("status.check", Method::Head, "/status")
        .summary("Checks that the server is ready.")
        .details("Success means that it is ready; 503 means that something that it depends on is missing.")
        .public()
        .result(Shape::Nothing, &[200])
        .refused(&[503]),
    operation("api.spec", Method::Get, "/api/api.yml")
        .summary("Reads the server's own specification of its operations.")
        .details("The response is YAML (Swagger 2.0).")
        .public()
        .result(Shape::Text, &[200])
        .returns(Type::Text),
];
