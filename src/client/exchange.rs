//! One exchange with the server, within its deadline: sent, repeated where that is safe, received within bounds.

use super::error::{Error, ErrorKind, Result};
use super::options::CallSettings;
use super::phase::{self, Phase};
use super::request::Prepared;
use super::response::{Answer, about, locate};
use std::error::Error as _;
use std::time::Duration;

/// Sends a request and receives the answer, whatever its status.
pub async fn run(http: &reqwest::Client, prepared: &Prepared, settings: &CallSettings) -> Result<Answer> {
    phase::observed(async {
        let attempts = attempts(http, prepared, settings);
        let outcome = match settings.timeout {
            None => attempts.await,
            // The deadline is around everything: look-up, connecting, sending, receiving, waiting between attempts.
            Some(limit) => match tokio::time::timeout(limit, attempts).await {
                Ok(outcome) => outcome,
                Err(_) => Err(timed_out(prepared, limit)),
            },
        };
        outcome.map_err(|error| locate(prepared, error))
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
                continue;
            }
            Err(error) => error.is_retryable() && !error.in_doubt,
        };
        if !may_repeat || repetitions >= settings.retries {
            return outcome;
        }
        drop(outcome);
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
    let (doing, sent) = match phase::current() {
        Phase::Connecting => ("connecting", false),
        Phase::Sending => ("waiting for the answer", true),
        Phase::Receiving => ("receiving the answer", true),
    };
    let message = format!("timed out after {} ms (timeout_ms) while {doing}", limit.as_millis());
    let mut error = Error::new(ErrorKind::Timeout, about(prepared, &message));
    error.in_doubt = sent && !prepared.is_safe();
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
    made.in_doubt = phase::current() != Phase::Connecting && !prepared.is_safe() && !error.is_builder();
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

/// The innermost causes, in the words of the system; never the URL, which may hold a token.
fn words(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Layers of the transport that only say that an error occurred below them.
        let is_wrapper = text.starts_with("client error") || words.last().is_some_and(|last| *last == text);
        if !is_wrapper {
            words.push(text);
        }
        cause = error.source();
    }
    if words.is_empty() { "for a reason that the transport does not tell".into() } else { words.join(": ") }
}

/// The first cause of a type, also where it is wrapped into an I/O error.
fn find<T: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<T>());
        if let Some(found) = error.downcast_ref::<T>().or(inner) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
