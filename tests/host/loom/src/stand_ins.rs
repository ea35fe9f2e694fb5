//! What the sources under loom use besides: as little as they need, and nothing that threads race for, but for what other
//! libraries give (a `Notify`, an `ArcSwapOption`) or the system (an event and the wait for it).

use std::cell::{Cell, RefCell};

pub mod log;
pub mod sync;
pub mod worker;

loom::lazy_static! {
    /// The process that runs: a test changes it where it plays a fork.
    pub static ref GENERATION: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
}

loom::thread_local! {
    /// Where one thread plays a child: it sees memory as fork may copy it, while the others go on.
    pub static CHILD: Cell<u64> = Cell::new(0);
}

pub fn generation() -> u64 {
    match CHILD.with(Cell::get) {
        0 => GENERATION.load(std::sync::atomic::Ordering::SeqCst),
        child => child,
    }
}

/// What std's variables of a thread can do, and loom's cannot.
pub trait CellOfThread<T: Copy> {
    fn set(&'static self, value: T);
    fn replace(&'static self, value: T) -> T;
}

impl<T: Copy> CellOfThread<T> for loom::thread::LocalKey<Cell<T>> {
    fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

pub trait OfThread<T> {
    fn with_borrow<R>(&'static self, look: impl FnOnce(&T) -> R) -> R;
    fn with_borrow_mut<R>(&'static self, change: impl FnOnce(&mut T) -> R) -> R;
}

impl<T> OfThread<T> for loom::thread::LocalKey<RefCell<T>> {
    fn with_borrow<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| look(&cell.borrow()))
    }

    fn with_borrow_mut<R>(&'static self, change: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| change(&mut cell.borrow_mut()))
    }
}

pub mod event {
    use loom::sync::{Condvar, Mutex};
    use std::sync::Arc;

    /// Readable or not; who waits for it is [`Readable::wait`]ing.
    pub struct Event(Arc<Readable>);

    #[derive(Default)]
    pub struct Readable {
        is_readable: Mutex<bool>,
        changed: Condvar,
    }

    /// Its address, good while the event is there.
    pub type Descriptor = usize;

    impl Readable {
        pub fn wait(&self) {
            let mut is_readable = self.is_readable.lock().unwrap();
            while !*is_readable {
                is_readable = self.changed.wait(is_readable).unwrap();
            }
        }

        pub fn is(&self) -> bool {
            *self.is_readable.lock().unwrap()
        }
    }

    impl Event {
        pub fn new() -> std::io::Result<Self> {
            Ok(Self(Arc::default()))
        }

        pub fn set(&self) {
            *self.0.is_readable.lock().unwrap() = true;
            self.0.changed.notify_all();
        }

        pub fn clear(&self) {
            *self.0.is_readable.lock().unwrap() = false;
        }

        pub fn readable(&self) -> Arc<Readable> {
            Arc::clone(&self.0)
        }

        /// The host has not closed it.
        pub fn is_there(&self) -> bool {
            true
        }

        pub fn descriptor(&self) -> Option<Descriptor> {
            Some(Arc::as_ptr(&self.0) as usize)
        }
    }
}

/// The wait of a driver: for an event, without an end.
pub mod platform {
    use crate::host::drive::{Interest, Waited};
    use std::time::Duration;

    pub type Number = usize;

    pub fn number(descriptor: usize) -> Number {
        descriptor
    }

    pub fn wait(_: &[(Number, Interest)], event: Option<Number>, left: Option<Duration>) -> (Waited, bool) {
        match event {
            // SAFETY: the alarm, which waits, owns the event.
            Some(event) => unsafe { &*(event as *const super::event::Readable) }.wait(),
            None => panic!("a model waits for another thread, and nothing wakes it ({left:?})"),
        }
        (Waited::Ended, true)
    }
}

pub mod region {
    use loom::sync::atomic::AtomicU64;

    /// Words that are zero at first.
    pub struct Region(Vec<AtomicU64>);

    impl Region {
        pub fn new(words: usize, _: bool) -> std::io::Result<Self> {
            Ok(Self((0..words).map(|_| AtomicU64::new(0)).collect()))
        }
    }

    impl std::ops::Deref for Region {
        type Target = [AtomicU64];

        fn deref(&self) -> &[AtomicU64] {
            &self.0
        }
    }
}

pub mod interrupt {
    use std::time::{Duration, Instant};

    /// No check is set.
    pub struct Watch;

    impl Watch {
        pub fn begin() -> Self {
            Self
        }
        pub fn next(&self) -> Option<Instant> {
            None
        }
        pub fn left(&self) -> Option<Duration> {
            None
        }
        pub fn ask(&self, _: bool) {}
    }

    pub fn is_over() -> bool {
        false
    }
}

pub mod panics {
    /// None has said anything.
    pub fn last() -> Option<String> {
        None
    }
}

pub mod uptime {
    /// Time stands still.
    pub struct SystemUptime;

    pub const NOW_MS: u64 = 1_000_000;

    impl crate::clock::Uptime for SystemUptime {
        fn uptime_ms(&self) -> u64 {
            NOW_MS
        }
    }
}

pub mod error {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ErrorKind {
        Closed,
        Internal,
        Quota,
        Timeout,
        Cancelled,
        Protocol,
        TokenInvalid,
        InvalidArgument,
    }

    impl ErrorKind {
        pub fn name(self) -> &'static str {
            ""
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Error {
        pub kind: ErrorKind,
        pub message: String,
        pub in_doubt: bool,
    }

    pub type Result<T> = std::result::Result<T, Error>;

    impl Error {
        pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
            Self { kind, message: message.into(), in_doubt: false }
        }
        pub fn invalid(message: impl Into<String>) -> Self {
            Self::new(ErrorKind::InvalidArgument, message)
        }
        pub fn is_retryable(&self) -> bool {
            false
        }
    }
}

pub mod cancellation {
    use loom::sync::atomic::{AtomicBool, Ordering};

    #[derive(Clone)]
    pub struct Cancellation(std::sync::Arc<AtomicBool>);

    impl Cancellation {
        pub fn new() -> Self {
            Self(std::sync::Arc::new(AtomicBool::new(false)))
        }
        pub fn cancel(&self) {
            self.0.store(true, Ordering::Release);
        }
        pub fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Acquire)
        }
    }
}

pub mod client {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Outcome(pub u64);

    #[derive(Clone)]
    pub struct Client;

    impl Client {
        pub fn for_logins(&self) -> Self {
            Self
        }
        pub fn has_login(&self) -> bool {
            true
        }
        pub fn base_url(&self) -> &str {
            "http://localhost"
        }
    }
}

pub mod secret {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Secret(pub String);
}

pub mod options {
    use super::secret::Secret;

    #[derive(Clone, Default)]
    pub struct RenewerSettings {
        pub refresh_token: Option<Secret>,
        pub saml_session_id: Option<Secret>,
        pub renew_at_percent: u32,
        pub revoke_replaced: bool,
    }

    impl RenewerSettings {
        pub fn check(&self) -> crate::error::Result<()> {
            Ok(())
        }
    }
}

/// A login ends at once, with a token that tells how often there was one.
pub mod login {
    use super::secret::Secret;
    use crate::cancellation::Cancellation;
    use crate::client::{Client, Outcome};
    use crate::error::Result;
    use crate::host::fork::generation;
    use crate::renewer::state::{Core, Grant};
    use std::time::Duration;

    pub struct Login {
        pub session: Grant,
        pub life: Duration,
        pub by: &'static str,
        pub refresh_token: Option<Secret>,
    }

    pub fn grant(token: impl ToString) -> Grant {
        Grant {
            token: Secret(token.to_string()),
            began_ms: super::uptime::NOW_MS,
            expires_ms: super::uptime::NOW_MS + LIFE_MS,
            user_uuid: None,
            tenant_uuid: None,
            session_uuid: None,
            sessions_revoked: None,
            generation: generation(),
            is_rejected: loom::sync::atomic::AtomicBool::new(false),
        }
    }

    pub const LIFE_MS: u64 = 3_600_000;

    pub async fn log_in(core: &Core, _: u64, _: &Cancellation) -> Result<Login> {
        let number = core.shared().progress().renewals + 1;
        Ok(Login {
            session: grant(format!("token {number}")),
            life: Duration::from_millis(LIFE_MS),
            by: "password",
            refresh_token: None,
        })
    }

    pub fn keep_refresh_token(_: &Core, _: &Secret) -> bool {
        true
    }

    pub async fn revoke(_: &Client, _: &Secret, _: &Cancellation) -> Result<Outcome> {
        Ok(Outcome(0))
    }
}
