//! The last entries of something, numbered: what a control route lists, and a page asks for anew again and again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::http::{Answer, Request};

/// JSON objects, oldest first. Each has a `number`, counted from 1, which is never used again.
#[derive(Debug)]
pub struct Ring {
    kept: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    list: VecDeque<Value>,
    last: u64,
}

impl Ring {
    /// An empty one that keeps this many entries.
    pub fn new(kept: usize) -> Self {
        Self { kept, entries: Mutex::default() }
    }

    /// Adds an entry, an object; the oldest one goes where there are too many.
    pub fn add(&self, mut entry: Value) {
        let mut entries = self.entries();
        entries.last += 1;
        entry["number"] = entries.last.into();
        if entries.list.len() == self.kept {
            entries.list.pop_front();
        }
        entries.list.push_back(entry);
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
        if request.method != "GET" {
            return Answer::json(405, &json!({"message": "the list is read with GET and emptied with DELETE"}));
        }
        let after = match request.parameter("after").map(str::parse::<u64>) {
            None => 0,
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                return Answer::json(400, &json!({"message": "after: expected the number of an entry, such as 12"}));
            }
        };
        let entries = self.entries();
        let newer: Vec<&Value> =
            entries.list.iter().filter(|entry| entry["number"].as_u64().is_some_and(|number| number > after)).collect();
        Answer::ok(&json!({"items": newer}))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
