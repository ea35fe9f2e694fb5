//! The servers beside wazo-auth, where a test wants real ones: a RabbitMQ ([`bus`]), a mail server ([`mail`]), and the LDAP
//! servers of tenants ([`ldap`]).
//!
//! The rest of the simulator knows none of them: it hands messages, mails and logins to whoever implements [`Publisher`],
//! [`Mailer`] and [`Server`](crate::ldap::Server). The program passes it the ones of this module. Without the feature `services`
//! this module and its crates are left out.

pub mod bus;
pub mod ldap;
pub mod mail;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(doc)]
use crate::{events::Publisher, mails::Mailer};

/// How long the end of the simulator waits for a server that takes nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// A thread that delivers items one after the other, so that no request waits for another server. Dropped, it first
/// delivers what it still has, for at most [`PATIENCE`]; what is not delivered by then is lost.
struct DeliveryQueue<T> {
    /// What it delivers, for the message about what is lost.
    what: &'static str,
    items: Option<Sender<T>>,
    waiting: Arc<AtomicUsize>,
    /// Disconnected when the thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl<T: Send + 'static> DeliveryQueue<T> {
    fn start(what: &'static str, mut deliver: impl FnMut(T) + Send + 'static) -> io::Result<Self> {
        let (items, received) = channel::<T>();
        let (ending, ended) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let delivered = Arc::clone(&waiting);
        std::thread::Builder::new().name(format!("wazo-auth-simulator-{what}")).spawn(move || {
            let _ending: Sender<()> = ending;
            for item in received {
                deliver(item);
                delivered.fetch_sub(1, Ordering::SeqCst);
            }
        })?;
        Ok(Self { what, items: Some(items), waiting, ended: Mutex::new(ended) })
    }

    fn take(&self, item: T) {
        if let Some(items) = &self.items {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            // The thread ends after this sender only.
            let _ = items.send(item);
        }
    }
}

impl<T> Drop for DeliveryQueue<T> {
    fn drop(&mut self) {
        self.items = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let (count, what) = (self.waiting.load(Ordering::SeqCst), self.what);
            complain(&format!("{count} {what} are lost"), &format!("none was taken for {} s", PATIENCE.as_secs()));
        }
    }
}

impl<T> fmt::Debug for DeliveryQueue<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeliveryQueue")
    }
}

/// Tells whoever runs the simulator what another server did not take: no request waits for it, so none can say so.
fn complain(what: &str, error: &dyn fmt::Display) {
    eprintln!("wazo-auth-simulator: {what}: {error}");
}
