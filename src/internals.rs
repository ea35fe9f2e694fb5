//! What fuzzing needs of private rooms. No part of the API; see also `client::internals` and `cache::internals`.

/// Reading JSON one level at a time.
pub mod json {
    pub use crate::json::{is_json, member, plain, pointed_at, quoted, texts};
}
