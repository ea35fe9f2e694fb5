//! The last entries of something, numbered: what a control route lists, and a page asks for anew again and again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::http::{Answer, Request};

/// What a ring keeps. It becomes JSON when somebody reads the list: most entries are never read.
pub trait Entry {
    /// The entry as a JSON object.
    fn shown(&self) -> Value;
}

/// Entries, oldest first. Each has a `number`, counted from 1, which is never used again.
#[derive(Debug)]
pub struct Ring<T> {
    kept: usize,
    entries: Mutex<Entries<T>>,
}

#[derive(Debug)]
struct Entries<T> {
    list: VecDeque<(u64, T)>,
    last: u64,
}

impl<T: Entry> Ring<T> {
    /// An empty one that keeps this many entries.
    pub fn new(kept: usize) -> Self {
        Self { kept, entries: Mutex::new(Entries { list: VecDeque::new(), last: 0 }) }
    }

    /// Adds an entry; the oldest one goes where there are too many.
    pub fn add(&self, entry: T) {
        let mut entries = self.entries();
        entries.last += 1;
        if entries.list.len() == self.kept {
            entries.list.pop_front();
        }
        let number = entries.last;
        entries.list.push_back((number, entry));
    }

    /// The number of the newest entry that there ever was, 0 for none.
    pub fn last(&self) -> u64 {
        self.entries().last
    }

    /// `GET`, with `?after=NUMBER` those that are newer than that entry; `DELETE` forgets them all.
    pub fn control(&self, request: &Request) -> Answer {
        if request.method == "DELETE" {
            self.entries().list.clear();
            return Answer::no_content();
        }
        let after = match request.parameter("after").map(str::parse::<u64>) {
            None => 0,
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                return Answer::json(400, &json!({"message": "after: expected the number of an entry, such as 12"}));
            }
        };
        let entries = self.entries();
        let shown = |(number, entry): &(u64, T)| {
            let mut shown = entry.shown();
            shown["number"] = (*number).into();
            shown
        };
        let newer: Vec<Value> = entries.list.iter().filter(|(number, _)| *number > after).map(shown).collect();
        Answer::ok(&json!({"items": newer}))
    }

    fn entries(&self) -> MutexGuard<'_, Entries<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
