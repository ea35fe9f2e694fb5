//! The messages that wazo-auth publishes on the bus: what has happened to sessions, refresh tokens, tenants and external
//! authentication data.
//!
//! No operation publishes anything itself. After each request the state is compared with what it was (`known`), so that
//! a session that ends is told whatever ended it. Every message goes to the publishers: the list of
//! the last ones, for `GET /_simulator/events`, and a RabbitMQ where there is one.

mod known;
mod message;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::ring::{Entry, Ring};
use crate::state::State;
use known::Known;
pub use message::Message;

/// How many messages are kept.
const KEPT: usize = 1000;

/// Where messages go, one after the other, in the order in which things happened.
pub trait Publisher: Send + Sync + fmt::Debug {
    /// Publishes one. It is called while the state is locked, so it hands the message on and does not wait.
    fn publish(&self, message: &Message);
}

/// The last messages.
impl Publisher for Arc<Ring<Message>> {
    fn publish(&self, message: &Message) {
        self.add(message.clone());
    }
}

impl Entry for Message {
    fn shown(&self) -> Value {
        json!({"routing_key": self.routing_key, "headers": self.headers, "body": self.body()})
    }
}

/// What finds out what has happened, and tells it.
#[derive(Debug)]
pub struct Events {
    known: Mutex<Known>,
    publishers: Vec<Box<dyn Publisher>>,
    /// The last messages.
    pub recent: Arc<Ring<Message>>,
}

impl Events {
    /// Begins with this state: what is in it is no news.
    pub fn new(state: &State) -> Self {
        let recent = Arc::new(Ring::new(KEPT));
        let publishers: Vec<Box<dyn Publisher>> = vec![Box::new(Arc::clone(&recent))];
        Self { known: Mutex::new(Known::of(state)), publishers, recent }
    }

    /// Adds a publisher.
    pub fn add(&mut self, publisher: Box<dyn Publisher>) {
        self.publishers.push(publisher);
    }

    /// Whether somebody besides the list waits for messages.
    pub fn has_listeners(&self) -> bool {
        self.publishers.len() > 1
    }

    /// Publishes what has happened since the last call.
    pub fn publish(&self, state: &State) {
        for message in self.known().news(state) {
            for publisher in &self.publishers {
                publisher.publish(&message);
            }
        }
    }

    /// Takes the state as it is, without a message: a test has set it, nothing has happened.
    pub fn forget(&self, state: &State) {
        *self.known() = Known::of(state);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Session, Token};

    #[derive(Debug, Default)]
    struct Names(Arc<Mutex<Vec<String>>>);

    impl Publisher for Names {
        fn publish(&self, message: &Message) {
            self.0.lock().unwrap().push(message.name.to_string());
        }
    }

    fn session(state: &mut State, uuid: &str, expires_at: f64) {
        state.sessions.add(Session { uuid: uuid.into(), user_uuid: Some("u".into()), ..Session::default() });
        state.tokens.add(Token {
            uuid: format!("token of {uuid}"),
            session_uuid: uuid.into(),
            expires_at,
            ..Token::default()
        });
    }

    #[test]
    fn every_publisher_gets_every_message_once() {
        let mut state = State::default();
        state.settings.now = Some(1000.0);
        session(&mut state, "old", 9000.0);
        let seen = Names::default();
        let names = Arc::clone(&seen.0);
        let mut events = Events::new(&state);
        events.add(Box::new(seen));
        session(&mut state, "new", 9000.0);
        state.remove_session("old");
        events.publish(&state);
        events.publish(&state);
        assert_eq!(*names.lock().unwrap(), ["auth_session_deleted", "auth_session_created"]);
        assert_eq!(events.recent.last(), 2);
    }

    #[test]
    fn a_session_is_about_to_expire_once() {
        let mut state = State::default();
        state.settings.now = Some(1000.0);
        session(&mut state, "s", 1100.0);
        let seen = Names::default();
        let names = Arc::clone(&seen.0);
        let mut events = Events::new(&state);
        events.add(Box::new(seen));
        for (now, expected) in [(1039.0, 0), (1041.0, 1), (1090.0, 1)] {
            state.settings.now = Some(now);
            events.publish(&state);
            assert_eq!(names.lock().unwrap().len(), expected, "at {now}");
        }
        state.settings.now = Some(1100.0);
        state.clean_expired();
        events.publish(&state);
        assert_eq!(*names.lock().unwrap(), ["auth_session_expire_soon", "auth_session_deleted"]);
    }

    #[test]
    fn what_a_test_sets_is_no_news() {
        let mut state = State::default();
        let events = Events::new(&state);
        session(&mut state, "s", f64::MAX);
        events.forget(&state);
        events.publish(&state);
        assert_eq!(events.recent.last(), 0);
    }
}
