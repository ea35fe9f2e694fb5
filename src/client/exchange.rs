//! One exchange with the server, within its deadline: sent, repeated where that is safe, received within bounds.

use super::answer::Answer;
use super::connection::Route;
use super::connection::phase::{self, Phase};
use super::report::{Fate, doubted, located, report};
use super::request::Prepared;
use super::retry::{Attempts, Next};
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, Result};
use crate::options::CallSettings;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// What an exchange came to.
pub struct Received {
    /// The server's answer.
    pub answer: Answer,
    /// Whether an earlier attempt, whose answer never came, may have been carried out: what this answer refuses may have
    /// been done.
    pub in_doubt: bool,
}

/// Sends a request and receives the answer, whatever its status.
pub async fn run(
    route: Route<'_>,
    prepared: &Prepared,
    settings: &CallSettings,
    cancellations: &[Cancellation],
) -> Result<Received> {
    phase::observed(async {
        let attempts = async {
            // Waiting for one's turn is part of the call's time.
            let _turn = match route.turns {
                // It fails only where the semaphore was closed, which nobody does.
                Some(turns) => turns.acquire().await.ok(),
                None => None,
            };
            attempts(route.http, prepared, settings).await
        };
        // The deadline is around everything: look-up, connecting, sending, receiving, waiting between attempts.
        let bounded = async {
            match prepared.deadline.at() {
                None => attempts.await,
                Some(deadline) => {
                    let ended = tokio::time::timeout_at(deadline.into(), attempts).await;
                    ended.unwrap_or_else(|_| Err(timed_out(prepared, settings)))
                }
            }
        };
        let outcome =
            if cancellations.is_empty() { bounded.await } else { unless(cancellations, prepared, bounded).await };
        let in_doubt = phase::is_in_doubt();
        match outcome {
            Ok(answer) => Ok(Received { answer, in_doubt }),
            Err(error) => Err(doubted(error, in_doubt)),
        }
    })
    .await
}

async fn unless(
    cancellations: &[Cancellation],
    prepared: &Prepared,
    call: impl Future<Output = Result<Answer>>,
) -> Result<Answer> {
    let mut call = pin!(call);
    let mut cancelled: Vec<_> = cancellations.iter().map(|one| Box::pin(one.cancelled())).collect();
    poll_fn(|context| {
        // Cancelling first: a call that begins cancelled sends nothing.
        if cancelled.iter_mut().any(|one| one.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Err(ended(prepared, ErrorKind::Cancelled, "cancelled by the caller")));
        }
        call.as_mut().poll(context)
    })
    .await
}

async fn attempts(http: &reqwest::Client, prepared: &Prepared, settings: &CallSettings) -> Result<Answer> {
    let mut attempts = Attempts::new(settings.retries);
    loop {
        phase::begin();
        let outcome = attempt(http, prepared, settings.max_response_bytes).await;
        match attempts.next(prepared, &outcome) {
            Next::End => return outcome,
            Next::AtOnce => {
                // It is idempotent; but what changes something may have been done by the attempt that failed.
                if !prepared.is_safe() {
                    phase::doubt();
                }
            }
            Next::After(pause) => {
                drop(outcome);
                phase::enter(Phase::Pausing);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

async fn attempt(http: &reqwest::Client, prepared: &Prepared, limit: u64) -> Result<Answer> {
    let request = prepared.request(http).map_err(|error| located(prepared, error, Fate::NotCarriedOut))?;
    let mut response = http.execute(request).await.map_err(|e| failed(prepared, &e))?;
    phase::enter(Phase::Receiving);
    let too_large = |announced: &str| {
        let message = format!("the response{announced} is larger than max_response_bytes ({limit})");
        report(prepared, ErrorKind::TooLarge, &message, Fate::Unknown)
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > limit {
        return Err(too_large(&format!(" of {announced} bytes")));
    }
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(1 << 20));
    while let Some(chunk) = response.chunk().await.map_err(|e| failed(prepared, &e))? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(too_large(""));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

fn timed_out(prepared: &Prepared, settings: &CallSettings) -> Error {
    let limit = settings.timeout.unwrap_or(Duration::ZERO);
    ended(prepared, ErrorKind::Timeout, &format!("timed out after {} ms (timeout_ms)", limit.as_millis()))
}

/// A call that was ended from outside, wherever it was.
fn ended(prepared: &Prepared, kind: ErrorKind, why: &str) -> Error {
    let phase = phase::current();
    let doing = match phase {
        Phase::Waiting => "before it began",
        Phase::Connecting => "while connecting",
        Phase::Sending => "while waiting for the response",
        Phase::Receiving => "while receiving the response",
        Phase::Pausing => "while waiting to repeat a failed attempt",
    };
    report(prepared, kind, &format!("{why} {doing}"), Fate::unknown_if(phase.may_have_left()))
}

/// What the transport reports, in our terms.
fn failed(prepared: &Prepared, error: &reqwest::Error) -> Error {
    let tls = find::<rustls::Error>(error);
    let words = words(error);
    let (kind, message) = if let Some(tls) = tls {
        (ErrorKind::Tls, format!("TLS failed: {tls}{}", certificate_hint(tls)))
    } else if error.is_connect() && error.is_timeout() {
        (ErrorKind::Timeout, "timed out while connecting (connect_timeout_ms)".to_owned())
    } else if error.is_connect() {
        (ErrorKind::Connect, format!("cannot connect: {words}"))
    } else if error.is_builder() {
        (ErrorKind::InvalidArgument, format!("the request cannot be sent: {words}"))
    } else {
        (ErrorKind::Protocol, format!("the connection ended before the response was complete: {words}"))
    };
    let may_have_left = phase::current().may_have_left() && !error.is_builder();
    report(prepared, kind, &message, Fate::unknown_if(may_have_left))
}

fn certificate_hint(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(_) => {
            "; if it is signed by a private certificate authority, set the option ca_file to its PEM file"
        }
        rustls::Error::InvalidMessage(_) => "; does the server use HTTPS on this port? (option https)",
        _ => "",
    }
}

/// The innermost cause, in the words of the system; never the URL, which may hold a token.
fn words(error: &reqwest::Error) -> String {
    let chain: Vec<String> = causes(error).map(ToString::to_string).collect();
    let innermost = chain.last().map_or("for an unknown reason", String::as_str);
    let was_look_up = chain.iter().any(|text| text.contains("dns error"));
    if was_look_up { format!("the host's address was not found: {innermost}") } else { innermost.to_owned() }
}

/// The first cause of a type.
fn find<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

/// What lies below an error, one after the other. An I/O error does not name what it wraps as its source, only that one's
/// own source; it is looked into here.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| cause.source())
    })
}
