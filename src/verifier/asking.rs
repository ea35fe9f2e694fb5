//! How a question is answered for which the cache has no answer: who asks the server, who waits, and what follows.
//!
//! A blocking question and one on a queue take the same way ([`Inner::decide`]); what differs is how a request is made and how
//! one waits ([`Way`]).

use super::decision::{Decision, is_impossible};
use super::flight::{Ended, Flights, Joined, Leader};
use crate::cache::answer::{Answer, Asked, Said};
use crate::cache::breaker::Opened;
use crate::cache::claims::{Claim, Held};
use crate::cache::counters::Counter;
use crate::cache::facts::{Facts, Who};
use crate::cache::{Cache, Look, Question, Verdict, milliseconds};
use crate::cancellation::Cancellation;
use crate::client::{Arguments, Client, Outcome};
use crate::clock::{self, Deadline, Uptime};
use crate::error::{Error, ErrorKind, Result};
use crate::host::drive::{Driver, sleep_until};
use crate::host::fork::PerProcess;
use crate::host::uptime::SystemUptime;
use crate::log::{Level, call_id, event, log, status};
use crate::operations::{self, Operation};
use crate::worker::is_inside_worker;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// A verifier.
pub struct Inner {
    pub cache: Cache,
    pub client: Client,
    /// Whether other processes may ask the same.
    pub is_shared: bool,
    pub flights: PerProcess<Flights>,
    /// The uptime when it was made.
    pub created_ms: u64,
}

/// How a request is made, and how one waits.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// On this thread, which is blocked.
    Blocking,
    /// As a task of an I/O thread, which this ends.
    Task(usize, &'a Cancellation),
}

/// A question of somebody.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    token: &'a str,
    tenant: Option<&'a str>,
    question: Question<'a>,
    /// Whether it matters whose the token is.
    wants_who: bool,
    deadline: Deadline,
}

/// How long one process waits at most before it asks what another has claimed to ask.
const LONGEST_CLAIM: Duration = Duration::from_secs(2);
/// How often it looks whether the other has the answer.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// So often a question begins anew, because something was revoked meanwhile or another gave up.
const MOST_ROUNDS: usize = 16;

impl Inner {
    /// A decision that needs no request.
    pub fn known(&self, token: &str, access: Option<&str>, tenant: Option<&str>) -> Option<Decision> {
        if is_impossible(token) {
            return Some(Decision { verdict: Verdict::InvalidToken, is_stale: false, who: None });
        }
        let question = self.cache.question(token, access, tenant);
        let (look, who) = self.cache.look_at_whom(&question, SystemUptime.uptime_ms());
        let (verdict, is_stale) = look.verdict()?;
        self.cache.counters.count(if is_stale { Counter::Stale } else { Counter::Hit });
        Some(Decision { verdict, is_stale, who })
    }

    pub fn asking<'a>(
        &self,
        token: &'a str,
        access: Option<&'a str>,
        tenant: Option<&'a str>,
        wants_who: bool,
    ) -> Asking<'a> {
        let deadline = Deadline::after(clock::now(), self.client.timeout());
        Asking { token, tenant, question: self.cache.question(token, access, tenant), wants_who, deadline }
    }

    /// Decides, and asks the server as often as needed.
    pub async fn decide(&self, asking: &Asking<'_>, way: Way<'_>) -> Result<Decision> {
        let outcome = self.rounds(asking, way).await.or_else(|error| match error.kind {
            ErrorKind::Cancelled | ErrorKind::InvalidArgument => Err(error),
            _ => self.stale(asking).ok_or(error),
        });
        match &outcome {
            Err(_) => self.cache.counters.count(Counter::Error),
            Ok(Decision { is_stale: true, .. }) => self.cache.counters.count(Counter::Stale),
            Ok(_) => {}
        }
        outcome
    }

    async fn rounds(&self, asking: &Asking<'_>, way: Way<'_>) -> Result<Decision> {
        let question = &asking.question;
        let (mut asks_about_tenant, mut owner) = (false, None);
        for _ in 0..MOST_ROUNDS {
            let (look, who) = self.look(asking);
            if let Some((verdict, is_stale)) = look.verdict() {
                return Ok(Decision { verdict, is_stale, who });
            }
            if look == Look::AskTenant {
                (asks_about_tenant, owner) = (true, who);
            }
            let topic = Cache::topic(question, asks_about_tenant);
            let ended = match self.flights.get_or_make(Flights::default, |_| {}).join(topic) {
                Joined::Leader(leader) => self.lead(asking, asks_about_tenant, way, leader, topic).await?,
                Joined::Follower(flight) => {
                    self.cache.counters.count(Counter::Coalesced);
                    self.wait(asking, way, flight.ended()).await?
                }
            };
            match ended {
                Ended::LookAgain => {}
                Ended::Failed(error) => return Err(error),
                Ended::Answered(asked, answer) => {
                    match self.cache.verdict_by(question, asks_about_tenant, asked, &answer) {
                        // That a tenant is the wrong one does not say whose the token is; the answer before it did.
                        Said::Verdict(Verdict::WrongTenant, None) => return Ok(fresh(Verdict::WrongTenant, owner)),
                        Said::Verdict(verdict, who) => return Ok(fresh(verdict, who)),
                        Said::AskTenant => asks_about_tenant = true,
                        Said::AskAgain => {}
                    }
                }
            }
        }
        let message = "the token, or what it belongs to, is revoked again and again while it is asked about";
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    fn look(&self, asking: &Asking<'_>) -> (Look, Option<Who>) {
        let now_ms = SystemUptime.uptime_ms();
        if asking.wants_who {
            self.cache.look_at_whom(&asking.question, now_ms)
        } else {
            (self.cache.look(&asking.question, now_ms), None)
        }
    }

    /// What was known before the server failed, if that may still be used.
    fn stale(&self, asking: &Asking<'_>) -> Option<Decision> {
        match self.look(asking) {
            (Look::Known { verdict, .. }, who) => Some(Decision { verdict, is_stale: true, who }),
            _ => None,
        }
    }

    /// Makes the request that others may wait for, and tells them what became of it.
    async fn lead(
        &self,
        asking: &Asking<'_>,
        about_tenant: bool,
        way: Way<'_>,
        leader: Leader,
        topic: u128,
    ) -> Result<Ended> {
        // The one before may have ended between the look and the joining.
        let looked = self.look(asking).0;
        if looked.verdict().is_some() || (looked == Look::AskTenant && !about_tenant) {
            return Ok(Ended::LookAgain);
        }
        let claim = match self.claim(asking, about_tenant, way, topic).await? {
            Claimed::Ask(claim) => claim,
            Claimed::Known => return Ok(Ended::LookAgain),
        };
        // Ends the claim however this ends; after the answer is kept.
        let _claim = Release(self, claim);
        let now_ms = SystemUptime.uptime_ms();
        let probe_ms = asking.deadline.left(clock::now()).map_or(10_000, |left| milliseconds(left) + 100);
        if let Err(pause_ms) = self.cache.breaker.may_ask(now_ms, probe_ms) {
            let message = format!("wazo-auth has failed several times; it is not asked for another {pause_ms} ms");
            let ended = Ended::Failed(Error::new(ErrorKind::Unavailable, message));
            leader.finish(ended.clone());
            return Ok(ended);
        }
        let asked = self.cache.begin(now_ms);
        let outcome = self.request(asking, about_tenant, way).await;
        let ended = self.ended(asking, about_tenant, asked, outcome)?;
        leader.finish(ended.clone());
        Ok(ended)
    }

    /// What an outcome of a request is: an answer, which is kept, or a failure.
    fn ended(&self, asking: &Asking<'_>, about_tenant: bool, asked: Asked, outcome: Result<Outcome>) -> Result<Ended> {
        let now_ms = SystemUptime.uptime_ms();
        let answer = match outcome.and_then(|outcome| answer_of(&outcome)) {
            Ok(facts) => Answer::Valid(facts),
            Err(error) => match refused(&error, asking.token, about_tenant) {
                Some(answer) => answer,
                None if error.kind == ErrorKind::Cancelled => return Err(error),
                None => {
                    if is_of_server(error.kind)
                        && let Some(opened) = self.cache.breaker.failed(asked.at_ms, now_ms, self.cache.random())
                    {
                        self.log_opened(opened, &error);
                    }
                    return Ok(Ended::Failed(error));
                }
            },
        };
        if let Some(outage_ms) = self.cache.breaker.succeeded(now_ms) {
            log(Level::Info, &event::BREAKER_CLOSED, || {
                let server = self.client.base_url();
                let message = format!("verifier: {server} answers again, after {outage_ms} ms");
                (message, [server.into(), outage_ms.into()])
            });
        }
        self.cache.keep_answer(&asking.question, about_tenant, asked, &answer, now_ms);
        Ok(Ended::Answered(asked, Arc::new(answer)))
    }

    fn log_opened(&self, opened: Opened, error: &Error) {
        let level = if opened.is_first { Level::Warning } else { Level::Info };
        log(level, &event::BREAKER_OPENED, || {
            let (server, pause_ms) = (self.client.base_url(), opened.pause_ms);
            let message = format!("verifier: {server} is not asked for {pause_ms} ms: {}", error.message);
            (message, [server.into(), call_id(error), status(error), error.kind.name().into(), pause_ms.into()])
        });
    }

    /// Claims a question where other processes may ask the same, and waits while another one does.
    async fn claim(&self, asking: &Asking<'_>, about_tenant: bool, way: Way<'_>, topic: u128) -> Result<Claimed> {
        if !self.is_shared {
            return Ok(Claimed::Ask(None));
        }
        let topic = Cache::topic_of_processes(topic);
        let lease = asking.deadline.left(clock::now()).map_or(LONGEST_CLAIM, |left| (left / 2).min(LONGEST_CLAIM));
        loop {
            let now_ms = SystemUptime.uptime_ms();
            let held = match self.cache.claims.claim(topic, now_ms, now_ms + milliseconds(lease)) {
                Claim::Held(held) => Some(held),
                Claim::None => return Ok(Claimed::Ask(None)),
                Claim::Taken => {
                    self.wait(asking, way, sleep_until(clock::now() + LOOK_AGAIN)).await?;
                    None
                }
            };
            // Who held the claim before may have kept an answer since the last look, also where the claim is ours now.
            let looked = self.look(asking).0;
            if looked.verdict().is_some() || (looked == Look::AskTenant && !about_tenant) {
                if let Some(held) = held {
                    self.cache.claims.release(&held);
                }
                self.cache.counters.count(Counter::Coalesced);
                return Ok(Claimed::Known);
            }
            if held.is_some() {
                return Ok(Claimed::Ask(held));
            }
        }
    }

    /// `GET /token/{token}`, about the tenant as well if `about_tenant`.
    async fn request(&self, asking: &Asking<'_>, about_tenant: bool, way: Way<'_>) -> Result<Outcome> {
        const GET: &Operation = operations::named("token.get");
        let mut arguments = Arguments::new().since(clock::now()).with("token", asking.token);
        if about_tenant && let Some(tenant) = asking.tenant {
            arguments = arguments.with("tenant", tenant);
        }
        let call = self.client.begin(GET, &arguments)?;
        match way {
            Way::Blocking => call.run(),
            Way::Task(io_thread, cancellation) => call.cancelled_by(cancellation.clone()).run_as_task(io_thread).await,
        }
    }

    /// Waits for something within the time of a question.
    async fn wait<F: Future>(&self, asking: &Asking<'_>, way: Way<'_>, work: F) -> Result<F::Output> {
        let own = match way {
            Way::Blocking => None,
            Way::Task(_, cancellation) => Some(cancellation),
        };
        let waiting = async {
            let (mut work, mut cancelled) = (pin!(work), pin!(self.client.cancelled(own)));
            let mut deadline = pin!(async {
                match asking.deadline.at() {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            });
            poll_fn(|context| {
                if cancelled.as_mut().poll(context).is_ready() {
                    let message = "cancelled by the caller while waiting for the answer to somebody else's question";
                    return Poll::Ready(Err(Error::new(ErrorKind::Cancelled, message)));
                }
                if let Poll::Ready(output) = work.as_mut().poll(context) {
                    return Poll::Ready(Ok(output));
                }
                deadline.as_mut().poll(context).map(|()| {
                    let message = "timed out (timeout_ms) while waiting for the answer to somebody else's question";
                    Err(Error::new(ErrorKind::Timeout, message))
                })
            })
            .await
        };
        match way {
            Way::Blocking if is_inside_worker() => {
                let message = "a question that has to wait cannot be asked on the library's own thread; submit it";
                Err(Error::invalid(message))
            }
            Way::Blocking => Driver::default().drive(waiting),
            Way::Task(..) => waiting.await,
        }
    }
}

/// Whether to ask.
enum Claimed {
    /// Ask; and end the claim, if there is one.
    Ask(Option<Held>),
    /// Another process has asked.
    Known,
}

/// A claim that ends when this is dropped.
struct Release<'a>(&'a Inner, Option<Held>);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        if let Some(held) = &self.1 {
            self.0.cache.claims.release(held);
        }
    }
}

fn fresh(verdict: Verdict, who: Option<Who>) -> Decision {
    Decision { verdict, is_stale: false, who }
}

/// The facts of an answer, with the server's own clock.
fn answer_of(outcome: &Outcome) -> Result<Facts> {
    let date = outcome.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    Facts::read(&outcome.json, date.unwrap_or_else(clock::time_of_day))
}

/// A refusal of the server that is an answer about the token.
fn refused(error: &Error, token: &str, about_tenant: bool) -> Option<Answer> {
    let is_page = error.answer.as_ref().is_some_and(|answer| !answer.body.trim_start().starts_with('{'));
    match error.kind {
        // The token cannot be put into a request.
        ErrorKind::InvalidArgument if error.message.starts_with("argument token:") => Some(Answer::Invalid),
        ErrorKind::PermissionDenied if about_tenant && error.status() == 403 => Some(Answer::WrongTenant),
        // E2 is about the tenant, E1 about the token.
        ErrorKind::NotFound if error.error_id.is_some() && about_tenant => Some(Answer::WrongTenant),
        ErrorKind::NotFound if error.error_id.is_none() && !is_page => Some(Answer::Invalid),
        // A page is wazo-auth's answer about what is no UUID only; for one, it is the answer of something else.
        ErrorKind::NotFound if is_page && !is_uuid(token) => Some(Answer::Invalid),
        _ => None,
    }
}

fn is_uuid(token: &str) -> bool {
    token.len() == 36 && token.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether a failure says that the server is not well.
fn is_of_server(kind: ErrorKind) -> bool {
    use ErrorKind::{Connect, Protocol, ServerError, Timeout, Tls, Unavailable};
    matches!(kind, Connect | Protocol | ServerError | Timeout | Tls | Unavailable)
}
