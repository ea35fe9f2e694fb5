//! Requests to the server that several questions wait for: one is made, however many ask.

use crate::cache::answer::{Answer, Asked};
use crate::error::Error;
use crate::host::drive::from_elsewhere;
use crate::host::event_loop;
use crate::host::loop_guard::Guard;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The requests that are on their way, by what they are about.
#[derive(Default)]
pub struct Flights(Arc<Mutex<HashMap<u128, Arc<Flight>>>>);

/// A request that is on its way.
#[derive(Default)]
pub struct Flight {
    /// Of the loop that carries it; `None` where a caller's own thread does.
    guard: Option<Arc<Guard>>,
    ended: Mutex<Option<Ended>>,
    news: Notify,
}

/// What became of it.
#[derive(Clone)]
pub enum Ended {
    /// The server answered.
    Answered(Asked, Arc<Answer>),
    /// It could not be asked.
    Failed(Error),
    /// Who made the request has given up, or another process has asked: look again.
    LookAgain,
}

/// Who comes first makes the request, and lands it.
pub enum Joined {
    /// Make the request.
    Leader(Leader),
    /// Somebody makes it.
    Follower(Arc<Flight>),
}

/// Whose it is to make the request. Dropped without an answer, others are told to look again.
pub struct Leader {
    flights: Arc<Mutex<HashMap<u128, Arc<Flight>>>>,
    flight: Arc<Flight>,
    topic: u128,
    ended: Option<Ended>,
}

impl Flights {
    /// Joins the request about this, or begins it.
    pub fn join(&self, topic: u128) -> Joined {
        let mut flights = lock(&self.0);
        if let Some(flight) = flights.get(&topic) {
            if !flight.guard.as_ref().is_some_and(|guard| guard.is_lost()) {
                return Joined::Follower(Arc::clone(flight));
            }
            // The host has closed the loop of who made it, so that it has no end: who waits looks again.
            *lock(&flight.ended) = Some(Ended::LookAgain);
            flight.news.notify_waiters();
        }
        let flight = Arc::new(Flight { guard: event_loop::current(), ..Flight::default() });
        flights.insert(topic, Arc::clone(&flight));
        Joined::Leader(Leader { flights: Arc::clone(&self.0), flight, topic, ended: None })
    }
}

impl Flight {
    /// Returns what became of it.
    pub async fn ended(&self) -> Ended {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            // Enlisted before it is looked: a landing in between is seen by one of the two.
            news.as_mut().enable();
            if let Some(ended) = &*lock(&self.ended) {
                return ended.clone();
            }
            from_elsewhere(news).await;
        }
    }
}

impl Leader {
    /// Tells all who wait.
    pub fn finish(mut self, ended: Ended) {
        self.ended = Some(ended);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // First it is gone: who comes from now on looks into the cache, or asks anew.
        lock(&self.flights).remove(&self.topic);
        *lock(&self.flight.ended) = Some(self.ended.take().unwrap_or(Ended::LookAgain));
        self.flight.news.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
