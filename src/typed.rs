//! A method of [`Client`](crate::Client) for each operation, with the types of its parameters and of its result.
//!
//! A method is named like the C function without `wazo_auth_`, and takes what the operation cannot do without, in the
//! order of the C function. Everything else is set by a method of what it returns, by the parameter's name. Nothing is
//! sent before one of three methods is called, the same for all operations:
//!
//! - `call` blocks until the response has arrived; it is refused on the threads of a tokio runtime, also on those of
//!   `spawn_blocking`, since nothing tells the two apart,
//! - `call_async` is a future, for any executor; dropping it ends the call,
//! - `submit` hands the call to a [`Queue`](crate::Queue).
//!
//! What comes depends on the operation:
//!
//! - `()` where there is no result;
//! - `bool` for a question: true only if the server answers yes, an error if the answer is not known;
//! - [`Reply`] for everything else: the server's JSON as it came, which [`Reply::read`] takes apart into one of the
//!   [`records`].
//!
//! "Known errors" lists the HTTP statuses that the server is known to fail with, and the kinds of error that they
//! become ([`ErrorKind`](crate::ErrorKind)). Any call can fail with other kinds as well, such as `connect`, `timeout`
//! or `invalid_argument`.
//!
//! ```no_run
//! # fn main() -> wazo_auth_client::Result<()> {
//! use wazo_auth_client::{Client, Options};
//!
//! let mut options = Options::new();
//! options.set_url("https://wazo.example.com")?;
//! let client = Client::new(&options)?;
//!
//! let token = client.token_new().username("alice").password("secret").expiration(3600).call()?.read()?;
//! client.set("token", &token.token)?;
//! if client.token_check(&token.token).required_acl("auth.users.read").call()? {
//!     for user in client.users_list().order("username").limit(10).call()?.read()?.items {
//!         println!("{} {}", user.uuid, user.username.unwrap_or_default());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! An operation that a newer server has is called by [`Client::request`](crate::Client::request).

mod call;
mod calls;
mod reading;
pub mod records;
mod reply;

pub use calls::*;
pub use reading::{JsonText, Readable};
pub use reply::Reply;
