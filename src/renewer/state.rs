//! What a renewer knows: the current token, which a forked child inherits, and how renewing goes in this process.

use crate::callback::Callback;
use crate::cancellation::Cancellation;
use crate::client::Client;
use crate::clock::Uptime as _;
use crate::error::{Error, Result};
use crate::host::fork::{PerProcess, generation};
use crate::host::uptime::SystemUptime;
use crate::options::RenewerSettings;
use crate::schedule::Random;
use crate::schedule::renewal::{Renewal, RenewalState};
use crate::secret::Secret;
use crate::worker::Worker;
use arc_swap::ArcSwapOption;
use serde_json::json;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A renewer tells something, on the library's thread.
pub type Listener = dyn Fn(&str) + Send + Sync;

/// A token that was got, and what came with it.
pub struct Grant {
    pub token: Secret,
    /// When its request was sent, in milliseconds since the machine was started.
    pub began_ms: u64,
    /// When it expires, by the same clock.
    pub expires_ms: u64,
    pub user_uuid: Option<String>,
    pub tenant_uuid: Option<String>,
    pub session_uuid: Option<String>,
    pub sessions_revoked: Option<u64>,
    /// The process that got it.
    pub generation: u64,
    /// The server has said that it does not know it.
    pub is_rejected: AtomicBool,
}

/// A refresh token, and the process that got it.
pub struct RefreshToken {
    pub secret: Secret,
    pub generation: u64,
}

/// It renews, or will when somebody needs a token.
pub const ALIVE: u8 = 0;
/// It does not renew any more; its token is used as long as it lives.
pub const STOPPED: u8 = 1;
/// It has no token any more.
pub const CLOSED: u8 = 2;

/// What does not belong to one process, and is swapped whole: no lock that fork could leave closed.
pub struct Core {
    /// It logs in.
    pub client: Client,
    pub settings: RenewerSettings,
    pub current: ArcSwapOption<Grant>,
    pub refresh_token: ArcSwapOption<RefreshToken>,
    /// The SAML session has been used.
    pub is_saml_over: AtomicBool,
    /// This process, or one that it was forked from, has begun to renew.
    pub is_started: AtomicBool,
    /// [`ALIVE`], [`STOPPED`] or [`CLOSED`].
    pub life: AtomicU8,
    process: PerProcess<Shared>,
}

/// What belongs to one process.
pub struct Shared {
    progress: Mutex<Progress>,
    /// Of this process: children that went on with their parent's would all renew at the same moment.
    pub random: Random,
    /// Told when an attempt has ended, and when the renewer ends: for threads.
    pub ended: Condvar,
    /// The same, for calls.
    pub settled: Notify,
    /// Wakes the task.
    pub woken: Notify,
    /// Ends the login that runs.
    pub cancellation: Cancellation,
    /// The library's thread, once the task runs.
    worker: Mutex<Option<Arc<Worker>>>,
    /// Whether it has begun to; read with each call, without that lock.
    pub has_begun: AtomicBool,
    pub on_change: Callback<Listener>,
    pub on_state: Callback<Listener>,
    pub on_refresh_token: Callback<Listener>,
}

/// How renewing goes.
pub struct Progress {
    pub renewal: Renewal,
    /// Tokens that were had, and attempts that failed.
    pub renewals: u64,
    pub failures: u64,
    /// Of the last attempt, where it failed.
    pub last_error: Option<Error>,
    pub reported: Option<RenewalState>,
    /// Tokens whose place another has taken, and when they are revoked.
    pub replaced: Vec<(u64, Secret)>,
}

/// The time since the machine was started.
pub fn uptime_ms() -> u64 {
    #[cfg(test)]
    let suspended_ms = SUSPENDED_MS.load(Ordering::SeqCst);
    #[cfg(not(test))]
    let suspended_ms = 0;
    SystemUptime.uptime_ms() + suspended_ms
}

/// How long the machine has been suspended, for tests.
#[cfg(test)]
pub static SUSPENDED_MS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

impl Grant {
    /// Whether calls may use it.
    pub fn is_valid(&self, now_ms: u64) -> bool {
        now_ms < self.expires_ms && !self.is_rejected.load(Ordering::Acquire)
    }

    /// Whether this process may end it: others may use the one of their parent.
    pub fn is_own(&self) -> bool {
        self.generation == generation()
    }
}

impl Core {
    /// Without a token.
    pub fn new(client: &Client, settings: RenewerSettings) -> Result<Self> {
        settings.check()?;
        let client = client.for_logins();
        let has_other = settings.refresh_token.is_some() || settings.saml_session_id.is_some();
        if !client.has_login() && !has_other {
            return Err(Error::invalid(
                "the renewer has nothing to log in with: set username and password in the client's options, or give \
                 refresh_token or saml_session_id in the renewer's",
            ));
        }
        let given = settings.refresh_token.clone();
        let given = given.map(|secret| Arc::new(RefreshToken { secret, generation: generation() }));
        Ok(Self {
            client,
            settings,
            current: ArcSwapOption::empty(),
            refresh_token: ArcSwapOption::new(given),
            is_saml_over: AtomicBool::new(false),
            is_started: AtomicBool::new(false),
            life: AtomicU8::new(ALIVE),
            process: PerProcess::new(),
        })
    }

    /// This process's part, if it has one already.
    pub fn known(&self) -> Option<&Shared> {
        self.process.get()
    }

    /// This process's part. A child begins with the token of its parent, and leaves everything else of it alone.
    pub fn shared(&self) -> &Shared {
        let make = || {
            let random = Random::from_system();
            Shared::new(self.renewal(&random), random)
        };
        self.process.get_or_make(make, |_| {})
    }

    fn renewal(&self, random: &Random) -> Renewal {
        let percent = self.settings.renew_at_percent;
        match &*self.current.load() {
            Some(session) if session.is_valid(uptime_ms()) => {
                Renewal::with_token(percent, session.began_ms, session.expires_ms, random)
            }
            _ => Renewal::new(percent),
        }
    }

    /// The current token, where calls may use it.
    pub fn token(&self) -> Option<Secret> {
        if self.life.load(Ordering::Acquire) == CLOSED {
            return None;
        }
        let session = self.current.load();
        session.as_ref().filter(|session| session.is_valid(uptime_ms())).map(|session| session.token.clone())
    }

    /// Notes that the server has rejected a token; true where that is the current one, and news.
    pub fn note_rejected(&self, token: &Secret) -> bool {
        let current = self.current.load();
        let Some(session) = current.as_ref().filter(|session| session.token == *token) else { return false };
        let shared = self.shared();
        let mut progress = shared.progress();
        // Another token may have come meanwhile; then the schedule is that one's.
        let is_current = self.current.load().as_ref().is_some_and(|now| Arc::ptr_eq(now, session));
        if session.is_rejected.swap(true, Ordering::AcqRel) || !is_current {
            return false;
        }
        progress.renewal.rejected(uptime_ms(), &shared.random);
        drop(progress);
        shared.woken.notify_one();
        true
    }

    /// How it is doing, as JSON without secrets.
    pub fn snapshot(&self) -> String {
        let now_ms = uptime_ms();
        let session = self.current.load();
        let session = session.as_ref();
        let progress = self.shared().progress();
        let expires_in = session.filter(|session| session.is_valid(now_ms)).map(|session| session.expires_ms - now_ms);
        let last_error =
            progress.last_error.as_ref().map(|error| json!({"kind": error.kind.name(), "message": error.message}));
        let is_alive = self.life.load(Ordering::Acquire) == ALIVE;
        let renews_in = progress.renewal.due_ms().filter(|_| is_alive).map(|due_ms| due_ms.saturating_sub(now_ms));
        json!({
            "state": if is_alive { progress.renewal.state(now_ms).name() } else { "closed" },
            "expires_in_ms": expires_in,
            "renews_in_ms": renews_in,
            "user_uuid": session.and_then(|session| session.user_uuid.as_deref()),
            "tenant_uuid": session.and_then(|session| session.tenant_uuid.as_deref()),
            "session_uuid": session.and_then(|session| session.session_uuid.as_deref()),
            "sessions_revoked": session.and_then(|session| session.sessions_revoked),
            "renewals": progress.renewals,
            "failures": progress.failures,
            "last_error": last_error,
        })
        .to_string()
    }
}

impl Shared {
    fn new(renewal: Renewal, random: Random) -> Self {
        let progress =
            Progress { renewal, renewals: 0, failures: 0, last_error: None, reported: None, replaced: Vec::new() };
        Self {
            progress: Mutex::new(progress),
            random,
            ended: Condvar::new(),
            settled: Notify::new(),
            woken: Notify::new(),
            cancellation: Cancellation::new(),
            worker: Mutex::default(),
            has_begun: AtomicBool::new(false),
            on_change: Callback::new(),
            on_state: Callback::new(),
            on_refresh_token: Callback::new(),
        }
    }

    /// How renewing goes; held for a few instructions only.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The library's thread, where the task runs.
    pub fn worker(&self) -> MutexGuard<'_, Option<Arc<Worker>>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all who wait that something has come to its end.
    pub fn tell(&self) {
        self.settled.notify_waiters();
        self.ended.notify_all();
    }

    /// Tells the state where it is another than was told last.
    pub fn report(&self) {
        let mut progress = self.progress();
        let state = progress.renewal.state(uptime_ms());
        let is_news = progress.reported.replace(state) != Some(state);
        drop(progress);
        if is_news {
            tell(&self.on_state, state.name());
        }
    }
}

/// Calls a listener. One that panics ends nothing but itself.
pub fn tell(listener: &Callback<Listener>, text: &str) {
    let _ = catch_unwind(AssertUnwindSafe(|| listener.call(|listener| listener(text))));
}
