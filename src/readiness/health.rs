//! Watching the server: a probe now and then on the library's thread, and a state that a host can ask for or be told of.
//!
//! Each process watches for itself. A forked child begins when it first asks; it has no callback before it sets one, since
//! that of its parent may be locked by a thread that the child does not have.

use super::probe::probe;
use crate::callback::Callback;
use crate::cancellation::Cancellation;
use crate::client::Client;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::host::drive::sleep_until;
use crate::host::fork::PerProcess;
use crate::log::{Level, event, log};
use crate::options::HealthSettings;
use crate::schedule::{Backoff, Random};
use crate::worker::{Concerned, Worker};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

/// How the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// No probe has ended yet.
    Unknown,
    /// The last probe succeeded.
    Reachable,
    /// It answers that it cannot do its work (500, 503), or the last probe failed.
    Degraded,
    /// So many probes in a row had no answer of it that it counts as gone.
    Down,
}

impl State {
    const ALL: [Self; 4] = [Self::Unknown, Self::Reachable, Self::Degraded, Self::Down];

    /// The state in a word.
    pub fn name(self) -> &'static str {
        ["unknown", "reachable", "degraded", "down"][self as usize]
    }
}

/// Called on the library's thread when the state has changed.
pub type OnChange = dyn Fn(State) + Send + Sync;

/// A watch over a server.
pub struct Health {
    client: Arc<Client>,
    settings: HealthSettings,
    process: PerProcess<Watch>,
}

/// What belongs to one process.
struct Watch {
    shared: Arc<Shared>,
    begin: Arc<Begin>,
    worker: Arc<Worker>,
}

/// What the probes begin with, again where the host has closed the descriptors of the library's thread.
struct Begin {
    client: Arc<Client>,
    settings: HealthSettings,
    shared: Arc<Shared>,
}

impl Begin {
    fn begin(&self, worker: &Worker) {
        let probes = Probes::new(Arc::clone(&self.client), self.settings.clone(), Arc::clone(&self.shared));
        worker.spawn(Box::pin(probes.run()));
    }
}

impl Concerned for Begin {
    fn is_bereft(self: Arc<Self>, worker: &Worker) {
        self.begin(worker);
    }
}

#[derive(Default)]
struct Shared {
    /// A [`State`].
    state: AtomicU8,
    on_change: Callback<OnChange>,
    ends: Cancellation,
}

/// Pauses between probes of a server that is down.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

impl Health {
    /// Begins to watch, and starts the library's thread where it does not run yet. The first probe is sent at once.
    pub fn new(client: &Client, settings: HealthSettings) -> Result<Self> {
        // Retries would hide what is looked for.
        let client = Arc::new(client.with([("retries", "0")])?);
        let health = Self { client, settings, process: PerProcess::new() };
        health.watch()?;
        Ok(health)
    }

    fn watch(&self) -> Result<&Watch> {
        if let Some(watch) = self.process.get() {
            return Ok(watch);
        }
        let worker = Worker::share(0)?;
        let begin = Begin { client: Arc::clone(&self.client), settings: self.settings.clone(), shared: Arc::default() };
        let fresh = Watch { shared: Arc::clone(&begin.shared), begin: Arc::new(begin), worker };
        let ours = Arc::clone(&fresh.shared);
        let watch = self.process.get_or_make(|| fresh, |_| {});
        // Of threads that race here, one's watch has won, and that one begins.
        if Arc::ptr_eq(&ours, &watch.shared) {
            watch.worker.tell_of_loss(&watch.begin);
            watch.begin.begin(&watch.worker);
        }
        Ok(watch)
    }

    /// The state by the last probe.
    pub fn state(&self) -> Result<State> {
        Ok(self.watch()?.shared.state())
    }

    /// Sets what is called, on the library's thread, when the state changes; and soon, where it is known already. It must
    /// be short and may not make blocking calls. When this returns, the one before is not running any more (unless it is
    /// the one that calls this).
    pub fn set_on_change(&self, on_change: Option<Arc<OnChange>>) -> Result<()> {
        let watch = self.watch()?;
        // Each hears of a state once, whoever tells it first: the probe, or the task below.
        let on_change = on_change.map(|tell| -> Arc<OnChange> {
            let told = AtomicU8::new(State::Unknown as u8);
            Arc::new(move |state| {
                if told.swap(state as u8, Ordering::AcqRel) != state as u8 {
                    tell(state);
                }
            })
        });
        watch.shared.on_change.set(on_change);
        let shared = Arc::clone(&watch.shared);
        watch.worker.spawn(Box::pin(async move { shared.tell() }));
        Ok(())
    }
}

impl Drop for Health {
    /// Ends the probes; nothing is called afterwards.
    fn drop(&mut self) {
        if let Some(watch) = self.process.get() {
            watch.shared.ends.cancel();
            watch.shared.on_change.set(None);
        }
        self.process.end(|_| {});
    }
}

impl Shared {
    fn state(&self) -> State {
        State::ALL[usize::from(self.state.load(Ordering::Acquire))]
    }

    fn tell(&self) {
        let state = self.state();
        if state != State::Unknown {
            self.on_change.call(|tell| tell(state));
        }
    }
}

/// The probes of one process, one after the other.
struct Probes {
    client: Arc<Client>,
    settings: HealthSettings,
    shared: Arc<Shared>,
    random: Random,
    judge: Judge,
}

impl Probes {
    fn new(client: Arc<Client>, settings: HealthSettings, shared: Arc<Shared>) -> Self {
        let judge = Judge { down_after: settings.down_after, failures: 0, last: State::Unknown };
        Self { client, settings, shared, random: Random::from_system(), judge }
    }

    async fn run(mut self) {
        let interval = self.settings.interval;
        let mut backoff = Backoff::new(interval, LONGEST_PAUSE.max(interval));
        while !self.shared.ends.is_cancelled() {
            let outcome = match probe(&self.client) {
                Ok(call) => call.cancelled_by(self.shared.ends.clone()).run_as_task(0).await.map(drop),
                Err(error) => Err(error),
            };
            if self.shared.ends.is_cancelled() {
                return;
            }
            let state = self.judge.judge(outcome.as_ref().err());
            let before = State::ALL[usize::from(self.shared.state.swap(state as u8, Ordering::AcqRel))];
            if before != state {
                self.log(state, before);
                self.shared.tell();
            }
            let pause = if state == State::Down {
                backoff.failed(&self.random)
            } else {
                backoff.succeeded();
                self.random.shortened(interval, 10)
            };
            self.sleep(pause).await;
        }
    }

    fn log(&self, state: State, before: State) {
        let level = if state == State::Reachable { Level::Info } else { Level::Warning };
        log(level, &event::SERVER_STATE, || {
            let (server, state, before) = (self.client.base_url(), state.name(), before.name());
            let message = format!("health: {server} is {state}; it was {before}");
            (message, [server.into(), state.into(), before.into()])
        });
    }

    /// Sleeps, until the watch ends.
    async fn sleep(&self, pause: Duration) {
        let Some(at) = clock::now().checked_add(pause) else { return self.shared.ends.cancelled().await };
        let (mut ends, mut over) = (pin!(self.shared.ends.cancelled()), pin!(sleep_until(at)));
        poll_fn(|context| {
            let is_over = ends.as_mut().poll(context).is_ready() || over.as_mut().poll(context).is_ready();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Makes a state of what the probes come to.
struct Judge {
    down_after: u32,
    /// In a row.
    failures: u32,
    last: State,
}

impl Judge {
    fn judge(&mut self, error: Option<&Error>) -> State {
        match error {
            None => (self.failures, self.last) = (0, State::Reachable),
            // The host has cancelled the calls of this client: that says nothing of the server.
            Some(error) if error.kind == ErrorKind::Cancelled => {}
            Some(error) => self.last = self.failed(error),
        }
        self.last
    }

    fn failed(&mut self, error: &Error) -> State {
        match (error.kind, error.status()) {
            // Too many calls wait: it is slow, and was not asked.
            (ErrorKind::Busy, _) => {}
            // A proxy says that nobody is behind it.
            (_, 502 | 504) => self.failures = self.failures.saturating_add(1),
            (_, 500..) => self.failures = 0,
            _ => self.failures = self.failures.saturating_add(1),
        }
        if self.failures >= self.down_after { State::Down } else { State::Degraded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_failures_in_a_row_are_down_and_an_answer_is_a_sign_of_life() {
        let mut judge = Judge { down_after: 3, failures: 0, last: State::Unknown };
        let failed = Error::new(ErrorKind::Connect, "on purpose");
        let busy = Error::new(ErrorKind::Busy, "on purpose");
        let cancelled = Error::new(ErrorKind::Cancelled, "on purpose");
        let mut answered = Error::new(ErrorKind::Unavailable, "on purpose");
        answered.answer = Some(crate::error::ServerAnswer { status: 503, headers: Vec::new(), body: String::new() });
        let mut of_proxy = Error::new(ErrorKind::Unavailable, "on purpose");
        of_proxy.answer = Some(crate::error::ServerAnswer { status: 502, headers: Vec::new(), body: String::new() });
        let steps = [
            (Some(&cancelled), State::Unknown),
            (None, State::Reachable),
            (Some(&failed), State::Degraded),
            (Some(&failed), State::Degraded),
            (Some(&busy), State::Degraded),
            (Some(&of_proxy), State::Down),
            (Some(&busy), State::Down),
            (Some(&cancelled), State::Down),
            (Some(&answered), State::Degraded),
            (Some(&failed), State::Degraded),
            (None, State::Reachable),
            (Some(&busy), State::Degraded),
        ];
        for (number, (error, state)) in steps.into_iter().enumerate() {
            assert_eq!(judge.judge(error), state, "step {number}");
        }
    }
}
