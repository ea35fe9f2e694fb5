//! The clients that wazo-auth-client is measured against in Rust, and a server that answers slowly.
//!
//!     wazo-auth-bench hyper|reqwest|socket URL CA_FILE COUNT CONCURRENCY [h2]
//!     wazo-auth-bench server [--delay-ms N] [--quiet-ms N] [--permits N] [--certificate FILE --key FILE]
//!
//! A client prints one line of JSON, as every client of the benchmarks does (see bench/README.md).

mod hyper_client;
mod measure;
mod reqwest_client;
mod server;
mod socket;

use measure::{Arguments, Failure};

#[allow(clippy::disallowed_methods, reason = "a rule of the library's; this program ends with its arguments")]
fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let what = words.next().unwrap_or_default();
    match what.as_str() {
        // The arguments live as long as the program, so that every task may look at them.
        "hyper" => hyper_client::run(Box::leak(Box::new(Arguments::parse(words)?))),
        "reqwest" => reqwest_client::run(Box::leak(Box::new(Arguments::parse(words)?))),
        "socket" => socket::run(Box::leak(Box::new(Arguments::parse(words)?))),
        "server" => server::run(words),
        _ => Err("expected hyper, reqwest, socket or server; see the top of main.rs".into()),
    }
}
