//! The service itself: its configuration, health and specification.

use super::parameter::document;
use super::{Kind, Method, Operation, Shape, Type, operation, records};

pub(super) const OPERATIONS: &[Operation] = &[
    operation("config.get", Method::Get, "/config")
        .summary("Reads the server's configuration.")
        .details("Only for tokens of the top tenant: others get 401.")
        .access("auth.config.read")
        .returns(Type::Record(&records::CONFIGURATION))
        .refused(&[401]),
    operation("config.patch", Method::Patch, "/config")
        .summary("Changes the server's configuration until it starts again.")
        .details("Only for tokens of the top tenant: others get 401. The answer is the whole configuration.")
        .access("auth.config.update")
        .parameters(&[&[document(
            "config_patch",
            Kind::Objects,
            "The changes (JSON Patch): `op` is `replace`, `path` is `/debug` or `/profiling_enabled`, `value` is true or \
             false.",
        )]])
        .json()
        .returns(Type::Record(&records::CONFIGURATION))
        .refused(&[400, 401]),
    operation("status.check", Method::Head, "/status")
        .summary("Asks the server whether it is well.")
        .details("Done means that it is; 503 that one of the things it needs is not there.")
        .public()
        .result(Shape::Nothing, &[200])
        .refused(&[503]),
    operation("api.spec", Method::Get, "/api/api.yml")
        .summary("Reads the server's own specification of its operations.")
        .details("The answer is YAML (Swagger 2.0).")
        .public()
        .result(Shape::Text, &[200])
        .returns(Type::Text),
];
