//! Name look-ups that a deadline can leave behind.
//!
//! `getaddrinfo` blocks for as long as it likes and cannot be given up, so a look-up has a short-lived thread of its own,
//! gone as soon as the answer is there: no pool of idle threads stays behind in the host. All calls that want the same name
//! wait for the same look-up, and no more than a few run at once: a name service that hangs does not fill the host with
//! threads. Addresses need no look-up and no thread.

use crate::clock::now;
use crate::host::drive::from_elsewhere;
use crate::host::fork::PerProcess;
use crate::host::signals;
use crate::log::{Level, event, log, microseconds};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The system's resolver.
pub struct SystemResolver;

/// Enough for the name services that a C library loads into its caller.
const STACK_BYTES: usize = 512 << 10;

/// How many look-ups may run at once in a process.
const LIMIT: usize = 8;

/// A look-up that takes so long is worth a warning.
const SLOW: Duration = Duration::from_secs(1);

/// What a look-up came to, for all who wait for it; `None` while it runs.
type Found = Option<Result<Vec<SocketAddr>, Arc<str>>>;

/// A look-up that runs: the name, and where its answer will be.
type LookUp = (String, watch::Receiver<Found>);

/// The look-ups that run: few enough to be searched one by one.
static RUNNING: PerProcess<Mutex<Vec<LookUp>>> = PerProcess::new();

/// What goes wrong with a look-up.
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let look_up = look_up(name.as_str());
        Box::pin(async move { Ok(Box::new(found(look_up).await?.into_iter()) as Addrs) })
    }
}

/// The addresses of a host, which is a name or an address, for connections that are made without reqwest.
pub async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let mut addresses = found(look_up(host)).await.map_err(|error| NotFound(error.to_string()))?;
    for address in &mut addresses {
        address.set_port(port);
    }
    Ok(addresses)
}

/// A look-up that failed, so that whoever reports it can tell it from other failures to connect.
#[derive(Debug)]
pub struct NotFound(String);

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFound {}

async fn found(look_up: std::io::Result<watch::Receiver<Found>>) -> Result<Vec<SocketAddr>, Failure> {
    let mut found = look_up?;
    let found = from_elsewhere(found.wait_for(Option::is_some)).await?.clone();
    match found {
        Some(Ok(addresses)) => Ok(addresses),
        Some(Err(why)) => Err(why.to_string().into()),
        None => Err("the look-up ended without an answer".into()),
    }
}

/// Logs a look-up that took long: whoever waits for it has less time left for the rest.
fn log_slow(host: &str, addresses: usize, took: Duration) {
    if took >= SLOW {
        log(Level::Warning, &event::LOOKUP_SLOW, || {
            let message = format!("the look-up of {host} took {} ms: {addresses} addresses", took.as_millis());
            (message, [host.into(), (addresses as u64).into(), microseconds(took).into()])
        });
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
        let begun = now();
        let found = (wanted.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let took = now().saturating_duration_since(begun);
        let addresses = found.as_ref().map_or(0, Vec::len);
        // Taken out first: whoever comes from now on looks again.
        running.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != wanted);
        // Where all calls have ended meanwhile, nobody waits for it.
        let _ = sender.send(Some(found.map_err(|e| e.to_string().into())));
        log_slow(&wanted, addresses, took);
    })?;
    look_ups.push((name.to_owned(), receiver.clone()));
    Ok(receiver)
}
