//! The two halves of a call that no public function reaches, for benchmarks: preparing a request, judging an answer.

use super::answer::Answer;
use super::request::Preparation;
use super::{Arguments, Client, Outcome, PendingCall, operation, response};
use crate::error::{Error, Result};
use reqwest::header::HeaderMap;

/// A request that is ready to be sent.
pub struct Ready(PendingCall);

impl Client {
    /// Prepares a call.
    pub fn prepare(&self, name: &str, arguments: &Arguments) -> Result<Ready> {
        self.begin(operation(name)?, arguments).map(Ready)
    }
}

impl Ready {
    /// Judges an answer to it.
    pub fn judge(&self, status: u16, body: &[u8]) -> Result<Outcome> {
        let Preparation::Request(prepared) = &self.0.preparation else {
            return Err(Error::invalid("nothing is sent for these arguments"));
        };
        let answer = Answer { status, headers: HeaderMap::new(), body: body.to_vec() };
        response::judge(prepared, self.0.expected, answer)
    }
}
