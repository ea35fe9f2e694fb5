//! The servers beside wazo-auth, where a test wants real ones: a RabbitMQ ([`bus`]), a mail server ([`mail`]), and the LDAP
//! servers of tenants ([`ldap`]).
//!
//! The rest of the simulator knows none of them: it hands messages, mails and logins to whoever implements [`Publisher`],
//! [`Mailer`] and [`Server`](crate::ldap::Server), and the program puts these here in. Without the feature `services` they,
//! and their crates, are left out.

pub mod bus;
pub mod ldap;
pub mod mail;

use std::fmt;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

#[cfg(doc)]
use crate::{events::Publisher, mails::Mailer};

/// A thread that delivers items one after the other, so that no request waits for another server. Dropped, it first
/// delivers what it still has.
struct Courier<T> {
    items: Option<Sender<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Courier<T> {
    fn start(name: &str, mut deliver: impl FnMut(T) + Send + 'static) -> io::Result<Self> {
        let (items, received) = channel::<T>();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            for item in received {
                deliver(item);
            }
        })?;
        Ok(Self { items: Some(items), thread: Some(thread) })
    }

    fn take(&self, item: T) {
        if let Some(items) = &self.items {
            // The thread ends after this sender only.
            let _ = items.send(item);
        }
    }
}

impl<T> Drop for Courier<T> {
    fn drop(&mut self) {
        self.items = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<T> fmt::Debug for Courier<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Courier")
    }
}

/// Tells whoever runs the simulator what another server did not take: no request waits for it, so none can say so.
fn complain(what: &str, error: &dyn fmt::Display) {
    eprintln!("wazo-auth-simulator: {what}: {error}");
}
