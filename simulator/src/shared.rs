//! What all connections share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::events::Events;
use crate::faults::Faults;
use crate::ldap;
use crate::mails::Mailer;
use crate::mock::Mock;
use crate::request_log::{self, Answered};
use crate::ring::Ring;
use crate::state::State;

/// The state and what acts on all requests.
#[derive(Debug)]
pub struct Shared {
    state: Mutex<State>,
    /// The faults that are set.
    pub faults: Faults,
    /// The last requests.
    pub log: Ring<Answered>,
    /// The messages that the real server would publish.
    pub events: Events,
    /// What answers in the place of the operations, in the mock mode.
    pub mock: Option<Mock>,
    /// The servers beside wazo-auth.
    pub outside: Outside,
}

/// The servers beside wazo-auth, where they are real ones.
#[derive(Debug, Default)]
pub struct Outside {
    /// Takes mails, besides the list of the state.
    pub mailer: Option<Box<dyn Mailer>>,
    /// Checks logins through LDAP, in the place of the setting `ldap_users`.
    pub ldap: Option<Box<dyn ldap::Server>>,
}

impl Shared {
    pub fn new(state: State, faults: Faults) -> Self {
        let (log, events) = (Ring::new(request_log::KEPT), Events::new(&state));
        Self { state: Mutex::new(state), faults, log, events, mock: None, outside: Outside::default() }
    }

    /// The state, locked. A room that panicked leaves it usable: each change is a small one.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state())
    }
}
