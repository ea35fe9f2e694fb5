//! Parts of a call that no public function reaches, for benchmarks and for fuzzing: preparing a request, judging an answer,
//! and the exchange over a stream that is no socket.

use super::answer::Answer;
use super::connection::{Direct, Route, Target};
use super::request::Preparation;
use super::{Arguments, Client, Outcome, PendingCall, operation, response};
use crate::error::{Error, Result};
use crate::host::drive::Driver;
use crate::options::Options;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite};

/// A request that is ready to be sent.
pub struct Ready(PendingCall);

impl Client {
    /// Prepares a call.
    pub fn prepare(&self, name: &str, arguments: &Arguments) -> Result<Ready> {
        self.begin(operation(name)?, arguments).map(Ready)
    }
}

impl Ready {
    /// The path and the query that are sent; `None` where nothing is.
    pub fn target(&self) -> Option<&str> {
        match &self.0.preparation {
            Preparation::Request(prepared) => Some(prepared.target.as_str()),
            Preparation::No => None,
        }
    }

    /// Judges an answer to it.
    pub fn judge(&self, status: u16, body: &[u8]) -> Result<Outcome> {
        self.judge_with(status, &[], body)
    }

    /// Judges an answer to it; headers that cannot be ones are left out.
    pub fn judge_with(&self, status: u16, headers: &[(&[u8], &[u8])], body: &[u8]) -> Result<Outcome> {
        let Preparation::Request(prepared) = &self.0.preparation else {
            return Err(Error::invalid("nothing is sent for these arguments"));
        };
        let header = |(name, value): &(&[u8], &[u8])| {
            Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        };
        let headers: HeaderMap = headers.iter().filter_map(header).collect();
        response::judge(prepared, self.0.expected, Answer { status, headers, body: body.to_vec() })
    }
}

/// The connection of a lane over any stream. Where it has ended, the next call connects to the host of the options.
pub struct Lane {
    direct: Direct,
    target: Target,
    driver: Driver,
}

impl Lane {
    /// A connection that stands.
    pub fn over(options: &Options, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<Self> {
        let driver = Driver::default();
        let direct = driver.drive(Direct::over(stream)).map_err(|error| Error::invalid(error.to_string()))?;
        let target = Target::new(&options.connection, None).map_err(|error| Error::invalid(error.to_string()))?;
        Ok(Self { direct, target, driver })
    }

    /// Makes a call over it, as [`PendingCall::run`] does.
    pub fn call(&mut self, ready: Ready) -> Result<Outcome> {
        let mut pending = ready.0;
        let Some((mut prepared, mut sourced)) = pending.take() else { return Ok(Outcome::no()) };
        let route = Route::Direct(&mut self.direct, &self.target);
        self.driver.drive(pending.exchange(route, &mut prepared, &mut sourced))
    }
}
