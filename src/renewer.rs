//! A renewer: it gets a token, renews it before it expires, and gives it to any number of clients.
//!
//! The login runs on the library's one thread (`task`, `login`), when the schedule says so
//! ([`crate::schedule::renewal`]). The current token is swapped whole, and read without a lock. A forked child goes on with
//! the token of its parent and renews for itself when it needs another one; it revokes nothing that its siblings use.

mod log_out;
mod login;
mod state;
mod task;

pub use self::state::Listener;

use self::state::{ALIVE, CLOSED, Core, Progress, STOPPED, Shared, tell, uptime_ms};
use crate::callback::Callback;
use crate::client::{Client, TokenSource, Waiting};
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::host::drive::from_elsewhere;
use crate::host::interrupt::{self, Watch};
use crate::log::{Level, event, log, tail};
use crate::options::RenewerSettings;
use crate::secret::Secret;
use crate::worker::{Concerned, Worker, is_inside_worker};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Keeps a token fresh. It is thread-safe, and may be used in every child of the process that made it.
///
/// Dropping it ends the renewals; [`Renewer::close`] revokes the token as well.
pub struct Renewer(Arc<Core>);

/// The renewer as its clients see it.
struct Source(Arc<Core>);

impl Renewer {
    /// Makes a renewer that logs in as the client does, or as the settings say. Nothing is sent, and no thread is started,
    /// before [`Renewer::start`] or the first call that needs a token.
    pub fn new(client: &Client, settings: RenewerSettings) -> Result<Self> {
        Ok(Self(Arc::new(Core::new(client, settings)?)))
    }

    /// Starts renewing. With a timeout it waits for the first token: until then failures that may pass are tried again, and
    /// the last of them is the error; others are the error at once. Whatever it returns, renewing goes on.
    pub fn start(&self, timeout: Option<Duration>) -> Result<()> {
        let Some(timeout) = timeout else { return running(&self.0).map(|_| ()) };
        refuse_on_own_thread("start")?;
        let (deadline, watch) = (Deadline::after(clock::now(), Some(timeout)), Watch::begin());
        let shared = running(&self.0)?;
        let mut progress = shared.progress();
        let failed_before = progress.failures;
        progress.renewal.ask_if_failing(uptime_ms());
        shared.woken.notify_one();
        loop {
            if self.0.token().is_some() {
                return Ok(());
            }
            if self.0.life.load(Ordering::Acquire) != ALIVE {
                return Err(over());
            }
            let error = progress.last_error.as_ref().filter(|_| progress.failures > failed_before);
            let left = deadline.left(clock::now());
            match error {
                Some(error) if !error.is_retryable() || left == Some(Duration::ZERO) => return Err(error.clone()),
                None if left == Some(Duration::ZERO) => {
                    let message = format!("there was no token within {} ms", timeout.as_millis());
                    return Err(Error::new(ErrorKind::Timeout, message));
                }
                _ => {}
            }
            progress = wait(shared, progress, left, &watch)?;
        }
    }

    /// Makes a handle of a client whose calls have the token of this renewer. A call waits for a token where there is none,
    /// and where the server says that it is not valid any more, for another one; then it is made once more.
    pub fn bind(&self, client: &Client) -> Client {
        client.with_token_source(self.token_source())
    }

    /// The same for what else takes a source.
    pub fn token_source(&self) -> Arc<dyn TokenSource> {
        Arc::new(Source(Arc::clone(&self.0)))
    }

    /// The current token; `None` where there is no valid one. It never waits.
    pub fn token(&self) -> Option<Secret> {
        current(&self.0)
    }

    /// How it is doing, as a JSON object without secrets. It never waits.
    pub fn snapshot(&self) -> String {
        self.0.snapshot()
    }

    /// Renews now, without waiting for it, whatever the schedule says.
    pub fn renew(&self) -> Result<()> {
        let shared = running(&self.0)?;
        shared.progress().renewal.ask(uptime_ms());
        shared.woken.notify_one();
        Ok(())
    }

    /// Sets what is called with each new token, on the library's thread; at once where there is one.
    ///
    /// As for all three: it must be short and may not make blocking calls. When this returns, the one before is not running
    /// any more (unless it is the one that calls this). A child of the process sets its own.
    pub fn set_on_change(&self, listener: Option<Arc<Listener>>) -> Result<()> {
        self.listen(listener, |shared| &shared.on_change, |core| core.token().map(|token| token.0))
    }

    /// Sets what is called with each new state: `starting`, `fresh`, `stale` or `failing`; at once where it has begun.
    pub fn set_on_state(&self, listener: Option<Arc<Listener>>) -> Result<()> {
        let state = |core: &Core| {
            let shared = core.shared();
            let has_begun = shared.has_begun.load(Ordering::Acquire) || core.token().is_some();
            has_begun.then(|| shared.progress().renewal.state(uptime_ms()).name().to_owned())
        };
        self.listen(listener, |shared| &shared.on_state, state)
    }

    /// Sets what is called with each new refresh token, to store it; at once where one has come.
    pub fn set_on_refresh_token(&self, listener: Option<Arc<Listener>>) -> Result<()> {
        let given = |core: &Core| {
            let kept = core.refresh_token.load_full()?;
            let is_given = core.settings.refresh_token.as_ref() == Some(&kept.secret);
            (!is_given).then(|| kept.secret.0.clone())
        };
        self.listen(listener, |shared| &shared.on_refresh_token, given)
    }

    fn listen(
        &self,
        listener: Option<Arc<Listener>>,
        place: fn(&Shared) -> &Callback<Listener>,
        current: fn(&Core) -> Option<String>,
    ) -> Result<()> {
        let is_set = listener.is_some();
        place(self.0.shared()).set(listener.map(only_news));
        if !is_set || !self.0.is_started.load(Ordering::Acquire) || self.0.life.load(Ordering::Acquire) != ALIVE {
            return Ok(());
        }
        let core = Arc::clone(&self.0);
        let deliver = async move {
            // As it is then. Where that has been told meanwhile, it is no news.
            if let Some(text) = current(&core) {
                tell(place(core.shared()), &text);
            }
        };
        if let Some(worker) = &*running(&self.0)?.worker() {
            worker.spawn(Box::pin(deliver));
        }
        Ok(())
    }

    /// Ends the renewals, and revokes what this process has got: the token, those that it replaced, and the refresh token.
    /// Bound clients have no token any more. The time is for all of it; `None` for no limit. After a failure it may be called
    /// again: it is a success only when nothing is left.
    pub fn close(&self, timeout: Option<Duration>) -> Result<()> {
        refuse_on_own_thread("close")?;
        let (deadline, watch) = (Deadline::after(clock::now(), timeout), Watch::begin());
        self.0.life.store(CLOSED, Ordering::Release);
        // Made where there is none: a thread that makes it and starts the task at this moment might not see the end yet, but
        // for the lock that `end` takes.
        let shared = self.0.shared();
        shared.woken.notify_one();
        shared.tell();
        let mut progress = shared.progress();
        // A login that was cut off may leave a session behind: its end is waited for.
        while progress.renewal.is_running() {
            let left = deadline.left(clock::now());
            if left == Some(Duration::ZERO) {
                break;
            }
            progress = wait(shared, progress, left, &watch)?;
        }
        drop(progress);
        end(shared);
        log_out::log_out(&self.0, deadline)
    }
}

impl Drop for Renewer {
    /// Ends the renewals; nothing is called afterwards. Bound clients use the token as long as it lives.
    fn drop(&mut self) {
        let _ = self.0.life.compare_exchange(ALIVE, STOPPED, Ordering::AcqRel, Ordering::Acquire);
        // Made where there is none, as in `close`: a bound client may begin at this moment.
        let shared = self.0.shared();
        end(shared);
        shared.on_change.set(None);
        shared.on_state.set(None);
        shared.on_refresh_token.set(None);
    }
}

impl std::fmt::Debug for Renewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Renewer({})", self.0.snapshot())
    }
}

impl TokenSource for Source {
    fn token(&self) -> Option<Secret> {
        current(&self.0)
    }

    fn rejected(&self, token: &Secret) {
        if self.0.note_rejected(token) {
            log(Level::Warning, &event::TOKEN_REJECTED, || {
                let (server, token) = (self.0.client.base_url(), tail(&token.0));
                (
                    format!("renewer: the server has rejected the token {token}; it is renewed"),
                    [server.into(), token.into()],
                )
            });
            // Where it is over, the next call that waits says so.
            let _ = running(&self.0);
        }
    }

    fn wait(&self) -> Option<Waiting<'_>> {
        Some(Box::pin(valid_token(&self.0)))
    }
}

/// A listener that hears nothing twice: what it is told when it is set may be on its way to it already.
fn only_news(listener: Arc<Listener>) -> Arc<Listener> {
    let last = Mutex::new(None);
    Arc::new(move |text: &str| {
        let before = last.lock().unwrap_or_else(PoisonError::into_inner).replace(text.to_owned());
        if before.as_deref() != Some(text) {
            listener(text);
        }
    })
}

/// Waits on this thread until something has come to its end, for as long; or until the thread's check ends the wait.
fn wait<'a>(
    shared: &'a Shared,
    progress: MutexGuard<'a, Progress>,
    left: Option<Duration>,
    watch: &Watch,
) -> Result<MutexGuard<'a, Progress>> {
    let progress = match left.into_iter().chain(watch.left()).min() {
        Some(left) => shared.ended.wait_timeout(progress, left).unwrap_or_else(PoisonError::into_inner).0,
        None => shared.ended.wait(progress).unwrap_or_else(PoisonError::into_inner),
    };
    if watch.next().is_none() {
        return Ok(progress);
    }
    // The check may use the renewer.
    drop(progress);
    watch.ask(false);
    if interrupt::is_over() {
        return Err(Error::new(ErrorKind::Cancelled, "cancelled by the caller while waiting for the renewer"));
    }
    Ok(shared.progress())
}

/// Ends the task of this process, and what it does.
fn end(shared: &Shared) {
    shared.cancellation.cancel();
    shared.woken.notify_one();
    shared.tell();
    // The last share in the thread waits for its end. Not under the lock: a callback that runs there may take it.
    let worker = shared.worker().take();
    drop(worker);
}

/// This process's part, with its task running.
fn running(core: &Arc<Core>) -> Result<&Shared> {
    let shared = core.shared();
    let mut worker = shared.worker();
    // Under the lock that its end takes after it has said so: no thread is started behind its back.
    if core.life.load(Ordering::Acquire) != ALIVE {
        return Err(over());
    }
    if worker.is_none() {
        let started = Worker::share(0)?;
        started.tell_of_loss(core);
        started.spawn(Box::pin(task::keep(Arc::clone(core))));
        *worker = Some(started);
        core.is_started.store(true, Ordering::Release);
        shared.has_begun.store(true, Ordering::Release);
    }
    let share = worker.clone();
    drop(worker);
    // Without the lock: who is told of a loss may take it.
    share.map_or(Ok(()), |worker| worker.look())?;
    Ok(shared)
}

impl Concerned for Core {
    /// The task has no end any more, nor has the login that it made: both begin again.
    fn is_bereft(self: Arc<Self>, worker: &Worker) {
        let Some(shared) = self.known() else { return };
        let mut progress = shared.progress();
        if progress.renewal.is_running() {
            progress.renewal.failed(uptime_ms(), &shared.random);
            progress.failures += 1;
            let message = "the program closed a file descriptor of the library, which ended the login";
            progress.last_error = Some(Error::new(ErrorKind::Internal, message));
        }
        drop(progress);
        shared.tell();
        // The lost task is still in line for the next word, and would take it.
        shared.woken.notify_one();
        if self.life.load(Ordering::Acquire) == ALIVE {
            worker.spawn(Box::pin(task::keep(self)));
        }
    }
}

/// The current token. Whoever asks sets going what should go: the task of a child whose parent has started, once it needs
/// another token; and a task that sleeps still, by a clock that stood while the machine was suspended.
fn current(core: &Arc<Core>) -> Option<Secret> {
    let token = core.token();
    let has_begun = core.known().is_some_and(|shared| shared.has_begun.load(Ordering::Acquire));
    if (token.is_some() && has_begun)
        || !core.is_started.load(Ordering::Acquire)
        || core.life.load(Ordering::Acquire) != ALIVE
    {
        return token;
    }
    let shared = core.shared();
    let is_due = shared.progress().renewal.is_due(uptime_ms());
    // Should no thread start, who asks next tries again.
    if is_due && running(core).is_ok() {
        shared.woken.notify_one();
    }
    token
}

/// Waits for a valid token: as long as an attempt runs or is due. Between two attempts that fail, it is known what is wrong.
async fn valid_token(core: &Arc<Core>) -> Result<Secret> {
    loop {
        let shared = running(core)?;
        let mut settled = pin!(shared.settled.notified());
        // Enlisted before it is looked: what comes in between is seen by one of the two.
        settled.as_mut().enable();
        let failure = {
            let progress = shared.progress();
            // Under the lock under which a token comes: looked at apart, a token that comes in between is no attempt that
            // runs and no token either.
            if let Some(token) = core.token() {
                return Ok(token);
            }
            // It has ended since it was asked whether it runs.
            if core.life.load(Ordering::Acquire) != ALIVE {
                return Err(over());
            }
            let is_under_way = progress.renewal.is_under_way(uptime_ms());
            (!is_under_way).then(|| progress.last_error.clone().unwrap_or_else(rejected_again))
        };
        match failure {
            Some(error) => return Err(error),
            None => from_elsewhere(settled).await,
        }
    }
}

fn rejected_again() -> Error {
    let message = "the server rejects new tokens again and again; the next one is asked for after a pause";
    Error::new(ErrorKind::TokenInvalid, message)
}

fn over() -> Error {
    Error::new(ErrorKind::Closed, "the renewer has been closed or freed; create another one")
}

fn refuse_on_own_thread(what: &str) -> Result<()> {
    if is_inside_worker() {
        return Err(Error::invalid(format!(
            "{what} waits, and was called in a callback of the library; call it on another thread"
        )));
    }
    Ok(())
}

#[cfg(test)]
#[path = "renewer/suspend_tests.rs"]
mod suspend_tests;
