//! The connections of a client, and who drives them.
//!
//! - [`lanes`]: event loops with their connections, for calls that run on their caller's thread, and the connections of the
//!   library's thread.
//! - [`pool`]: what lies idle, and for how long.
//! - [`direct`], [`socket`]: the connection of a lane, which carries one call at a time.
//! - [`http`], [`tls`], [`resolver`]: what makes connections, as the options say.
//! - [`phase`]: how far a call has come.

mod direct;
mod http;
mod lanes;
pub(super) mod phase;
mod pool;
mod resolver;
mod socket;
mod tls;

pub use direct::{Direct, Failure, Target};
pub use lanes::{Route, Transport};
