//! What the service says about itself.

use super::super::result::{Record, Type, member, record};

/// Open: the server gives its whole configuration, which differs between versions and installations.
pub static CONFIGURATION: Record = record(
    "Configuration",
    "The server's configuration; only the fields that `config.patch` can change are described.",
    &[
        member("debug", Type::Boolean, "Whether the server writes debug messages to its log.").optional(),
        member("profiling_enabled", Type::Boolean, "Whether the server measures its own performance.").optional(),
    ],
)
.open();
