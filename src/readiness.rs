//! Whether the server is there: waiting until it is, and watching whether it stays.

mod health;
mod probe;
mod wait;

pub use health::{Health, OnChange, State};
pub use wait::wait_until_ready;
