//! The connections of a client, and who drives them.
//!
//! - [`lanes`]: connections for calls that run on their caller's thread, and those of the library's thread.
//! - [`pool`]: what lies idle, and for how long.
//! - [`direct`], [`connect`]: the connection of a lane, which carries one call at a time, and how it is made.
//! - [`turns`]: how many calls of queues are with the server at once.
//! - [`http`], [`tls`], [`resolver`]: what makes connections, as the options say.
//! - [`phase`]: how far a call has come.

mod connect;
mod direct;
mod http;
mod lanes;
pub(super) mod phase;
mod pool;
mod resolver;
mod tls;
mod turns;

pub use direct::{Direct, Failure, Target};
pub use lanes::{Route, Transport};
pub use resolver::NotFound;
pub use turns::{Refused, Turn, Turns};
