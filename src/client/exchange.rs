//! One exchange with the server, within its deadline: sent, repeated where that is safe, received within bounds.

use super::cancellation::Cancellation;
use super::error::{Error, ErrorKind, Result};
use super::options::CallSettings;
use super::phase::{self, Phase};
use super::request::Prepared;
use super::response::{Answer, about, locate};
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What an exchange came to.
pub struct Received {
    /// The server's answer.
    pub answer: Answer,
    /// Whether an earlier attempt, whose answer never came, may have been carried out: what this answer refuses may have
    /// been done.
    pub in_doubt: bool,
}

/// Sends a request and receives the answer, whatever its status.
///
/// Where calls share connections, `turns` says how many may be with the server at once; waiting for one's turn is part of
/// the call's time.
pub async fn run(
    http: &reqwest::Client,
    prepared: &Prepared,
    settings: &CallSettings,
    turns: Option<&Semaphore>,
) -> Result<Received> {
    phase::observed(async {
        let attempts = async {
            let _turn = match turns {
                // It fails only where the semaphore was closed, which nobody does.
                Some(turns) => turns.acquire().await.ok(),
                None => None,
            };
            attempts(http, prepared, settings).await
        };
        // The deadline is around everything: look-up, connecting, sending, receiving, waiting between attempts.
        let bounded = async {
            match settings.timeout {
                None => attempts.await,
                Some(limit) => within(limit, prepared, attempts).await,
            }
        };
        let outcome = if settings.cancellations.is_empty() {
            bounded.await
        } else {
            unless(&settings.cancellations, prepared, bounded).await
        };
        let in_doubt = phase::is_in_doubt();
        match outcome {
            Ok(answer) => Ok(Received { answer, in_doubt }),
            Err(mut error) => {
                error.in_doubt |= in_doubt;
                Err(locate(prepared, error))
            }
        }
    })
    .await
}

async fn within(limit: Duration, prepared: &Prepared, call: impl Future<Output = Result<Answer>>) -> Result<Answer> {
    // A limit beyond what a clock can hold is none.
    let Some(deadline) = prepared.begun.checked_add(limit) else { return call.await };
    tokio::time::timeout_at(deadline.into(), call).await.unwrap_or_else(|_| Err(timed_out(prepared, limit)))
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
    let mut repetitions = 0;
    let mut was_stale = false;
    loop {
        phase::begin();
        let outcome = attempt(http, prepared, settings.max_response_bytes).await;
        let may_repeat = match &outcome {
            // 503 says that it was not carried out; of 502 and 504 nobody knows.
            Ok(answer) => answer.status == 503 || (matches!(answer.status, 502 | 504) && prepared.is_safe()),
            Err(error) if is_stale(error, prepared) && !was_stale => {
                // A connection that the server closed while it lay idle: the request met a closed door. Once.
                was_stale = true;
                if !prepared.is_safe() {
                    phase::doubt();
                }
                continue;
            }
            Err(error) => error.is_retryable() && !error.in_doubt,
        };
        if !may_repeat || repetitions >= settings.retries {
            return outcome;
        }
        drop(outcome);
        phase::enter(Phase::Pausing);
        tokio::time::sleep(pause(repetitions)).await;
        repetitions += 1;
    }
}

/// 100 ms, doubled with every repetition, 2 s at most.
fn pause(repetitions: u32) -> Duration {
    Duration::from_millis((100 << repetitions.min(5)).min(2000))
}

/// Whether a connection that had been idle was closed before any of the answer came, and the request may be repeated:
/// it changes nothing twice. (What was never written is repeated by the transport itself, of any method.)
fn is_stale(error: &Error, prepared: &Prepared) -> bool {
    error.kind == ErrorKind::Protocol
        && phase::has_reused()
        && phase::current() == Phase::Sending
        && prepared.is_idempotent()
}

async fn attempt(http: &reqwest::Client, prepared: &Prepared, limit: u64) -> Result<Answer> {
    let request = prepared.request(http)?;
    let mut response = http.execute(request).await.map_err(|e| failed(prepared, &e))?;
    phase::enter(Phase::Receiving);
    let too_large = |announced: &str| {
        let message = format!("the answer{announced} is larger than max_response_bytes ({limit})");
        let mut error = Error::new(ErrorKind::TooLarge, about(prepared, &message));
        error.in_doubt = !prepared.is_safe();
        error
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

fn timed_out(prepared: &Prepared, limit: Duration) -> Error {
    ended(prepared, ErrorKind::Timeout, &format!("timed out after {} ms (timeout_ms)", limit.as_millis()))
}

/// A call that was ended from outside, wherever it was.
fn ended(prepared: &Prepared, kind: ErrorKind, why: &str) -> Error {
    let phase = phase::current();
    let doing = match phase {
        Phase::Waiting => "before it began",
        Phase::Connecting => "while connecting",
        Phase::Sending => "while waiting for the answer",
        Phase::Receiving => "while receiving the answer",
        Phase::Pausing => "while waiting to repeat what had failed",
    };
    let mut error = Error::new(kind, about(prepared, &format!("{why} {doing}")));
    error.in_doubt = phase.may_have_left() && !prepared.is_safe();
    error
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
        (ErrorKind::Protocol, format!("the connection ended before the answer was complete: {words}"))
    };
    let mut made = Error::new(kind, about(prepared, &message));
    made.in_doubt = phase::current().may_have_left() && !prepared.is_safe() && !error.is_builder();
    made
}

fn certificate_hint(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(_) => {
            "; if the server's certificate is your own, give its authority as the option ca_file"
        }
        rustls::Error::InvalidMessage(_) => "; does the server speak HTTPS on this port? (option https)",
        _ => "",
    }
}

/// The innermost cause, in the words of the system; never the URL, which may hold a token.
fn words(error: &reqwest::Error) -> String {
    let chain: Vec<String> = causes(error).map(ToString::to_string).collect();
    let innermost = chain.last().map_or("for a reason that the transport does not tell", String::as_str);
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
