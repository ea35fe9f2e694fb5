//! Name look-ups that a deadline can leave behind.
//!
//! `getaddrinfo` blocks for as long as it likes and cannot be given up, so a look-up has a short-lived thread of its own,
//! gone as soon as the answer is there: no pool of idle threads stays behind in the host. All calls that want the same name
//! wait for the same look-up, and no more than a few run at once: a name service that hangs does not fill the host with
//! threads. Addresses need no look-up and no thread.

use crate::host::fork::PerProcess;
use crate::host::signals;
use hyper_util::client::legacy::connect::dns::Name as HostName;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::watch;
use tower_service::Service;

/// The system's resolver.
pub struct SystemResolver;

/// Enough for the name services that a C library loads into its caller.
const STACK_BYTES: usize = 512 << 10;

/// How many look-ups may run at once in a process.
const LIMIT: usize = 8;

/// What a look-up came to, for all who wait for it; `None` while it runs.
type Found = Option<Result<Vec<SocketAddr>, Arc<str>>>;

/// A look-up that runs: the name, and where its answer will be.
type LookUp = (String, watch::Receiver<Found>);

/// The look-ups that run: few enough to be searched one by one.
static RUNNING: PerProcess<Mutex<Vec<LookUp>>> = PerProcess::new();

/// What a look-up comes to.
type Answer = Result<Addrs, Box<dyn std::error::Error + Send + Sync>>;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(addresses(look_up(name.as_str())))
    }
}

/// The same resolver, for connections that are made without reqwest.
#[derive(Clone)]
pub struct Names;

impl Service<HostName> for Names {
    type Response = Addrs;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: HostName) -> Self::Future {
        Box::pin(addresses(look_up(name.as_str())))
    }
}

async fn addresses(look_up: std::io::Result<watch::Receiver<Found>>) -> Answer {
    let mut found = look_up?;
    let found = found.wait_for(Option::is_some).await?.clone();
    match found {
        Some(Ok(addresses)) => Ok(Box::new(addresses.into_iter())),
        Some(Err(why)) => Err(why.to_string().into()),
        None => Err("the look-up ended without an answer".into()),
    }
}

/// The look-up of a name: the one that runs, or a new one.
fn look_up(name: &str) -> std::io::Result<watch::Receiver<Found>> {
    let running = RUNNING.get_or_make(Mutex::default, |_| {});
    let mut look_ups = running.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, found)) = look_ups.iter().find(|(known, _)| known == name) {
        return Ok(found.clone());
    }
    if look_ups.len() >= LIMIT {
        return Err(std::io::Error::other(format!("{LIMIT} look-ups of other names are in progress; try again later")));
    }
    let (sender, receiver) = watch::channel(None);
    let wanted = name.to_owned();
    signals::spawn("wazo-auth-name", STACK_BYTES, move || {
        let found = (wanted.as_str(), 0).to_socket_addrs().map(Iterator::collect);
        // Taken out first: whoever comes from now on looks again.
        running.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != wanted);
        // Where all calls have ended meanwhile, nobody waits for it.
        let _ = sender.send(Some(found.map_err(|e| e.to_string().into())));
    })?;
    look_ups.push((name.to_owned(), receiver.clone()));
    Ok(receiver)
}
