//! Name look-ups that a deadline can leave behind.
//!
//! `getaddrinfo` blocks for as long as it likes, so each look-up has a short-lived thread of its own, gone as soon as
//! the answer is there: no pool of idle threads stays behind in the host. Addresses need no look-up and no thread.

use crate::host::signals;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::ToSocketAddrs;

/// The system's resolver, a thread for each look-up.
pub struct SystemResolver;

/// Enough for the name services that a C library loads into its caller.
const STACK_BYTES: usize = 512 << 10;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let started = signals::spawn("wazo-auth-name", STACK_BYTES, move || {
            let found = (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
            // Where the call has ended meanwhile, nobody waits for it.
            let _ = sender.send(found);
        });
        Box::pin(async move {
            started?;
            let addresses = receiver.await??;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
