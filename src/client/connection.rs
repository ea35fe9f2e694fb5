//! The connections of a client, and who drives them.
//!
//! - [`lanes`]: connections for calls that run on their caller's thread, and those of the library's thread.
//! - [`pool`]: what lies idle, and for how long.
//! - [`direct`]: the connection of a lane. [`shared`]: those of the library's thread. [`body`]: the rest of a response.
//! - [`single`], [`multiplexed`]: one connection of HTTP/1.1 and of HTTP/2.
//! - [`target`], [`connect`], [`stream`]: how a connection is made.
//! - [`turns`]: how many calls of queues are with the server at once.
//! - [`http`]: reqwest, for proxies and forms. [`tls`], [`resolver`]: what makes connections, as the options say.
//! - [`phase`]: how far a call has come.

mod body;
mod connect;
mod direct;
mod http;
mod lanes;
mod multiplexed;
pub(super) mod phase;
mod pool;
mod resolver;
mod shared;
mod single;
mod stream;
mod target;
mod tls;
mod turns;

pub use body::Body;
#[cfg(feature = "internals")]
pub use direct::Direct;
pub use lanes::{Route, Transport};
pub use resolver::NotFound;
pub use stream::Failure;
#[cfg(feature = "internals")]
pub use target::Target;
pub use turns::{Refused, Turn, Turns};
