//! Faults on request: where an answer is spoiled on purpose, as broken networks, proxies and servers spoil them.
//!
//! A fault is a JSON object: `fault` names its kind, the kind's own keys say how, and the others when.
//!
//! ```json
//! [{"fault": "delay", "ms": 500, "method": "POST", "path": "/0.1/token", "times": 2},
//!  {"fault": "reset", "at": "body", "probability": 0.1}]
//! ```
//!
//! `PUT /_simulator/faults` sets a list in the place of what was set, `GET` shows it with the `hits` of each, `DELETE`
//! takes all back; `--fault 'delay,ms=500,path=/0.1/token*'` on the command line is one of the list. The control
//! routes themselves are never disturbed.
//!
//! The kinds are described at [`Kind`]. All faults that fit a request act on it, in the order of the list, as far as
//! they go together: of those that decide how the bytes leave, the first one.
//!
//! The server calls in at four places: a connection opened ([`Faults::takes_connection`]), its stream ([`wire`](crate::wire)), a
//! request to be answered ([`Faults::around`]), and a connection that waits for its next request
//! ([`Faults::idle_expired`]).

mod parse;
mod spoil;

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::{Method, Response, Version};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::http::{Answer, Body, Connection, Disrupted};
use crate::wait::before;

/// When a connection is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request was read, and is not carried out.
    Request,
    /// The request was carried out; nothing of the answer is sent.
    Answer,
    /// In the middle of the answer's head.
    Head,
    /// In the middle of the answer's body; where it has none, in the middle of its head.
    Body,
}

/// What goes wrong. In brackets the keys, with the default of those that have one.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `delay` \[ms\]: the request is carried out, its answer waits.
    Delay { ms: u64 },
    /// `drip` \[ms, at = body\]: the body goes out byte by byte, with a pause before each; with `at` head the whole
    /// answer does, from its first byte on (over HTTP/2 the body, as ever).
    Drip { ms: u64, at: Moment },
    /// `reset` \[at = answer\]: the connection ends with a TCP reset.
    Reset { at: Moment },
    /// `close` \[at = answer\]: the connection ends without a word: a TCP FIN, and over TLS no `close_notify`.
    Close { at: Moment },
    /// `wrong_length` \[by\]: `Content-Length` promises that many bytes more (positive: they never come, and the
    /// connection stays open) or fewer (negative: the surplus is on the connection, before the next answer).
    WrongLength { by: i64 },
    /// `bad_json`: the body breaks off in the middle of its JSON; its length is declared as it is.
    BadJson,
    /// `bad_utf8`: the body's last text holds bytes that are not UTF-8.
    BadUtf8,
    /// `huge_body` \[bytes\]: the body is a JSON object of that many bytes.
    HugeBody { bytes: u64 },
    /// `bad_gateway` \[status = 502\]: a proxy's HTML page in the place of the answer (502, 503 or 504); the request is
    /// not carried out.
    BadGateway { status: u16 },
    /// `redirect` \[url, status = 302\]: an answer that leads elsewhere; the request is not carried out.
    Redirect { url: String, status: u16 },
    /// `stall_tls`: a connection is accepted and what comes on it swallowed; the handshake is never answered. Acts on
    /// connections, so that it takes neither method nor path. A plain connection stalls just so.
    StallTls,
    /// `idle_close` \[ms\]: a connection on which nothing happened for that long after an answer is closed by the server
    /// in good order, as real servers do with kept-alive ones. Acts on connections.
    IdleClose { ms: u64 },
}

/// A fault, and when it strikes.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: Kind,
    /// Only requests of this method.
    pub method: Option<String>,
    /// Only requests whose path (decoded, without the query) is this one; a `*` stands for any run of characters.
    pub path: Option<String>,
    /// Only so many times; what is left is counted down.
    pub times: Option<u64>,
    /// Only in this share of the cases, from 0 to 1.
    pub probability: Option<f64>,
    /// How often it struck.
    pub hits: u64,
    /// As it was given, for `GET`.
    given: Value,
}

impl Fault {
    /// A fault from its JSON object.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        parse::fault(value)
    }

    /// A fault from the command line: `kind,key=value,...`, or the JSON object.
    pub fn from_argument(argument: &str) -> Result<Self, String> {
        parse::argument(argument).and_then(|value| parse::fault(&value))
    }

    fn acts_on_connections(&self) -> bool {
        matches!(self.kind, Kind::StallTls | Kind::IdleClose { .. })
    }

    fn fits(&self, method: &Method, path: &str) -> bool {
        !self.acts_on_connections()
            && self.method.as_deref().is_none_or(|only| only.eq_ignore_ascii_case(method.as_str()))
            && self.path.as_deref().is_none_or(|pattern| matches(pattern, path))
    }

    /// Whether it strikes this time; if so, it is counted.
    fn strikes(&mut self) -> bool {
        let is_due = self.times != Some(0) && self.probability.is_none_or(|share| random_share() < share);
        if is_due {
            self.hits += 1;
            self.times = self.times.map(|left| left - 1);
        }
        is_due
    }

    fn shown(&self) -> Value {
        let mut shown = self.given.clone();
        shown["hits"] = json!(self.hits);
        if let Some(left) = self.times {
            shown["times"] = json!(left);
        }
        shown
    }
}

/// The faults that are set.
#[derive(Debug)]
pub struct Faults {
    list: Mutex<Vec<Fault>>,
    /// Wakes the connections that wait, when the list changes.
    changed: watch::Sender<()>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { list: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Faults {
    /// The faults that the command line names, one each.
    pub fn from_arguments(arguments: &[String]) -> Result<Self, String> {
        let faults = Self::default();
        let read = |text: &String| Fault::from_argument(text).map_err(|error| format!("--fault {text}: {error}"));
        faults.set(arguments.iter().map(read).collect::<Result<_, _>>()?);
        Ok(faults)
    }

    /// Sets these in the place of what was set.
    pub fn set(&self, faults: Vec<Fault>) {
        *self.list() = faults;
        self.changed.send_replace(());
    }

    /// Takes all back.
    pub fn clear(&self) {
        self.set(Vec::new());
    }

    /// Whether the connection, just accepted, is to be stalled: what comes on it swallowed, nothing answered.
    pub fn takes_connection(&self) -> bool {
        self.list().iter_mut().any(|fault| fault.kind == Kind::StallTls && fault.strikes())
    }

    /// Gives the answer of `answer`, or what the faults that fit make of it. The request was read to its end.
    pub async fn around(
        &self,
        method: &Method,
        path: &str,
        version: Version,
        connection: &Connection,
        answer: impl Future<Output = Answer>,
    ) -> Result<Response<Body>, Disrupted> {
        let striking = self.striking(method, path);
        if striking.is_empty() {
            return Ok(answer.await.into_response());
        }
        let exchange = spoil::Exchange { is_head: method == Method::HEAD, version, connection };
        exchange.answer(&striking, answer).await
    }

    /// Waits until the connection has been idle for as long as a fault allows. Without such a fault: for ever.
    pub async fn idle_expired(&self, connection: &Connection) {
        let mut changed = self.changed.subscribe();
        loop {
            let limit = self.idle_limit();
            let wait = match (limit, connection.wire.idle_for()) {
                (Some(limit), Some(idle)) if idle >= limit => {
                    if self.list().iter_mut().any(|fault| is_idle_close(fault) && fault.strikes()) {
                        return;
                    }
                    // Not this time: the chance comes again after as long.
                    limit
                }
                (Some(limit), idle) => limit.saturating_sub(idle.unwrap_or_default()),
                (None, _) => Duration::ZERO,
            };
            // A connection that is busy is looked at again after a while, not spun on.
            let wait = limit.map(|_| wait.max(Duration::from_millis(1)));
            // Both ends mean: look again. The sender lives as long as the server, so that no error comes.
            before(sleep(wait), changed.changed()).await;
        }
    }

    /// `GET`, `PUT` and `DELETE /_simulator/faults`.
    pub fn control(&self, method: &Method, body: &[u8]) -> Answer {
        match method.as_str() {
            "PUT" => match parse::list(body) {
                Ok(faults) => {
                    self.set(faults);
                    Answer::no_content()
                }
                Err(complaint) => Answer::json(400, &json!({"message": complaint})),
            },
            "DELETE" => {
                self.clear();
                Answer::no_content()
            }
            _ => Answer::ok(&json!({"faults": self.list().iter().map(Fault::shown).collect::<Vec<_>>()})),
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kinds that strike this request.
    fn striking(&self, method: &Method, path: &str) -> Vec<Kind> {
        let mut list = self.list();
        let fitting = list.iter_mut().filter(|fault| fault.fits(method, path));
        fitting.filter_map(|fault| fault.strikes().then(|| fault.kind.clone())).collect()
    }

    /// The shortest idle time that a fault with strikes left sets.
    fn idle_limit(&self) -> Option<Duration> {
        let list = self.list();
        let limits = list.iter().filter(|fault| fault.times != Some(0)).filter_map(|fault| match fault.kind {
            Kind::IdleClose { ms } => Some(Duration::from_millis(ms)),
            _ => None,
        });
        limits.min()
    }
}

fn is_idle_close(fault: &Fault) -> bool {
    matches!(fault.kind, Kind::IdleClose { .. })
}

/// Sleeps; for ever where no time is given.
async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Whether the path is the pattern's: `*` stands for any run of characters. Linear: the first place that fits is taken.
fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// A random number from 0 to below 1.
fn random_share() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the fault does not strike.
    SystemRandom::new().fill(&mut bytes).map_or(1.0, |()| f64::from(u32::from_le_bytes(bytes)) / 4_294_967_296.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        assert!(matches("/0.1/token", "/0.1/token"));
        assert!(!matches("/0.1/token", "/0.1/tokens"));
        assert!(matches("/0.1/token*", "/0.1/tokens"));
        assert!(matches("*", "/0.1/anything"));
        assert!(matches("/0.1/users/*/emails", "/0.1/users/u/emails"));
        assert!(!matches("/0.1/users/*/emails", "/0.1/users/u/groups"));
        assert!(matches("*/users/*/*", "/0.1/users/u/groups"));
        assert!(!matches("/0.1/*/x", "/0.1/x"));
    }

    #[test]
    fn a_fault_with_a_number_of_times_strikes_that_often() {
        let mut fault = Fault::from_argument("delay,ms=1,times=2").unwrap();
        assert_eq!([fault.strikes(), fault.strikes(), fault.strikes()], [true, true, false]);
        assert_eq!(fault.shown()["times"], 0);
        assert_eq!(fault.shown()["hits"], 2);
    }

    #[test]
    fn the_probabilities_at_the_ends_are_never_and_always() {
        let mut never = Fault::from_argument("delay,ms=1,probability=0").unwrap();
        let mut always = Fault::from_argument("delay,ms=1,probability=1").unwrap();
        assert!((0..100).all(|_| !never.strikes() && always.strikes()));
    }
}
