//! One exchange with the server, within its deadline: sent, repeated where that is safe, received within bounds.

use super::answer::Answer;
use super::connection::phase::{self, Phase};
use super::connection::{Body, Failure, NotFound, Refused, Route, Turn, Turns};
use super::report::{Fate, doubted, located, report};
use super::request::Prepared;
use super::retry::{Attempts, Next, Repetitions};
use super::statistics::Statistics;
use crate::cancellation::Cancellation;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::host::drive::{Driver, sleep_until};
use crate::host::interrupt;
use crate::log::{Level, event, log, microseconds, wants};
use crate::options::CallSettings;
use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
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

/// What the exchanges of one engine share.
#[derive(Default)]
pub struct Shared {
    pub repetitions: Repetitions,
    pub statistics: Statistics,
}

/// Sends a request and receives the answer, whatever its status.
///
/// Futures are pinned where they are made: one that is passed on takes its room twice, at every level.
pub async fn run(
    route: &mut Route<'_>,
    prepared: &Prepared,
    settings: &CallSettings,
    cancellations: Cancellations<'_>,
    shared: &Shared,
) -> Result<Received> {
    // Drawn here where connections are logged: they say for which call they were opened.
    let id = if wants(Level::Debug) { prepared.trail.id() } else { 0 };
    phase::observed(id, async {
        let mut call = pin!(attempts(route, prepared, settings, shared));
        // The deadline is around everything: look-up, connecting, sending, receiving, waiting between attempts.
        let mut deadline = pin!(prepared.deadline.at().map(sleep_until));
        let mut cancelled = pin!(cancellations.any());
        let outcome = poll_fn(|context| {
            // Cancelling first: a call that begins cancelled sends nothing.
            if cancelled.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(cancelled_by_the_caller(prepared, phase::current())));
            }
            if let Poll::Ready(outcome) = call.as_mut().poll(context) {
                // The thread may have been elsewhere when the deadline was there: what comes late is no success.
                let is_late =
                    outcome.is_ok() && prepared.deadline.left(clock::now()).is_some_and(|left| left.is_zero());
                let late = || Err(timed_out(prepared, settings, phase::current()));
                return Poll::Ready(if is_late { late() } else { outcome });
            }
            match deadline.as_mut().as_pin_mut() {
                Some(deadline) => deadline.poll(context).map(|()| Err(timed_out(prepared, settings, phase::current()))),
                None => Poll::Pending,
            }
        })
        .await;
        let in_doubt = phase::is_in_doubt();
        // The attempt that ended, or was ended in the middle.
        prepared.trail.went_over(shared.statistics.attempted());
        match outcome {
            Ok(answer) => Ok(Received { answer, in_doubt }),
            Err(error) => Err(doubted(error, in_doubt)),
        }
    })
    .await
}

/// Waits for a turn, which is part of the call's time: what comes before [`run`] where calls share connections. Its future is
/// small, as thousands may wait at once.
pub async fn turn<'a>(
    turns: &'a Turns,
    prepared: &Prepared,
    settings: &CallSettings,
    cancellations: Cancellations<'_>,
) -> Result<Turn<'a>> {
    // Mostly it is there. (That the call begins cancelled is seen before anything is sent.)
    if let Some(turn) = turns.try_take() {
        return Ok(turn);
    }
    let mut taken = pin!(turns.take(prepared.begun, prepared.deadline));
    let mut cancelled = pin!(cancellations.any());
    poll_fn(|context| {
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(cancelled_by_the_caller(prepared, Phase::Waiting)));
        }
        taken.as_mut().poll(context).map(|taken| match taken {
            Some(taken) => taken.map_err(|refused| busy(prepared, turns, &refused)),
            None => Err(timed_out(prepared, settings, Phase::Waiting)),
        })
    })
    .await
}

/// Waits for a token, which is part of the call's time: nothing has been sent, or what was sent has been refused.
pub async fn for_token<T>(
    prepared: &Prepared,
    settings: &CallSettings,
    cancellations: Cancellations<'_>,
    token: impl Future<Output = T>,
) -> Result<T> {
    let mut token = pin!(token);
    let mut deadline = pin!(prepared.deadline.at().map(sleep_until));
    let mut cancelled = pin!(cancellations.any());
    poll_fn(|context| {
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(cancelled_by_the_caller(prepared, Phase::Waiting)));
        }
        if let Poll::Ready(token) = token.as_mut().poll(context) {
            return Poll::Ready(Ok(token));
        }
        match deadline.as_mut().as_pin_mut() {
            Some(deadline) => deadline.poll(context).map(|()| {
                let limit = settings.timeout.unwrap_or(Duration::ZERO).as_millis();
                let message = format!("timed out after {limit} ms (timeout_ms) while waiting for a token");
                Err(report(prepared, ErrorKind::Timeout, &message, Fate::NotCarriedOut))
            }),
            None => Poll::Pending,
        }
    })
    .await
}

/// What ends a call from outside.
#[derive(Clone, Copy)]
pub struct Cancellations<'a> {
    /// That of this call alone.
    pub own: Option<&'a Cancellation>,
    /// Those of its client.
    pub of_client: &'a [Cancellation],
}

impl Cancellations<'_> {
    /// Returns when one of them is cancelled, or when the check of the thread that waits says so.
    pub async fn any(self) {
        let mut own = pin!(async {
            match self.own {
                Some(own) => own.cancelled().await,
                None => std::future::pending().await,
            }
        });
        let mut of_client: Vec<_> = self.of_client.iter().map(|one| Box::pin(one.cancelled())).collect();
        poll_fn(|context| {
            let is_any = interrupt::is_over()
                || own.as_mut().poll(context).is_ready()
                || of_client.iter_mut().any(|one| one.as_mut().poll(context).is_ready());
            if is_any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Waits on this thread, for nothing but the time or a cancellation.
pub fn pause(cancellations: Cancellations<'_>, length: Duration) -> Result<()> {
    let Some(at) = clock::now().checked_add(length) else {
        return Err(Error::invalid("the pause is longer than a clock can tell"));
    };
    Driver::default().drive(async {
        let (mut cancelled, mut over) = (pin!(cancellations.any()), pin!(sleep_until(at)));
        poll_fn(|context| {
            if cancelled.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Error::new(ErrorKind::Cancelled, "cancelled by the caller while waiting")));
            }
            over.as_mut().poll(context).map(Ok)
        })
        .await
    })
}

async fn attempts(
    route: &mut Route<'_>,
    prepared: &Prepared,
    settings: &CallSettings,
    shared: &Shared,
) -> Result<Answer> {
    let mut attempts = Attempts::new(&shared.repetitions, settings.retries);
    loop {
        phase::begin();
        prepared.trail.begin_attempt();
        let outcome = attempt(route, prepared, settings.max_response_bytes).await;
        if let Ok(answer) = &outcome {
            shared.statistics.received(answer.body.len());
        }
        match attempts.next(prepared, &outcome) {
            Next::End => return outcome,
            Next::AtOnce => {
                prepared.trail.went_over(shared.statistics.repeated());
                log_repeated(prepared, &outcome, None);
                // What may have left is idempotent; but what changes something may have been done.
                if phase::current().may_have_left() && !prepared.is_safe() {
                    phase::doubt();
                }
            }
            Next::After(pause) => {
                prepared.trail.went_over(shared.statistics.repeated());
                log_repeated(prepared, &outcome, Some(pause));
                drop(outcome);
                phase::enter(Phase::Pausing);
                sleep_until(clock::now() + pause).await;
            }
        }
    }
}

/// Logs an attempt that is followed by another: after a pause, or at once, where the connection had been closed while idle.
fn log_repeated(prepared: &Prepared, outcome: &Result<Answer>, pause: Option<Duration>) {
    let level = if pause.is_some() { Level::Warning } else { Level::Debug };
    log(level, &event::CALL_REPEATED, || {
        let (status, kind) = match outcome {
            Ok(answer) => (Some(u32::from(answer.status)), ErrorKind::of_status(answer.status)),
            Err(error) => (None, error.kind),
        };
        let pause_ms = pause.map_or(0, |pause| microseconds(pause) / 1000);
        let (id, operation, attempt) = (prepared.trail.id(), prepared.shown_operation(), prepared.trail.attempts());
        let what = match outcome {
            Ok(answer) => format!("{operation}: status {}", answer.status),
            Err(error) => prepared.without_query(&error.message),
        };
        let message = format!("{what}; repeated after {pause_ms} ms (call {id}, attempt {attempt}, {})", kind.name());
        let fields = [
            id.into(),
            operation.into(),
            prepared.method.as_str().into(),
            prepared.shown_path().into(),
            prepared.origin().into(),
            status.into(),
            kind.name().into(),
            attempt.into(),
            prepared.trail.connection().into(),
            pause_ms.into(),
        ];
        (message, fields)
    });
}

async fn attempt(route: &mut Route<'_>, prepared: &Prepared, limit: u64) -> Result<Answer> {
    if let Route::Reqwest(http) = route {
        return on_heap(http, prepared, limit).await;
    }
    let request = prepared.direct_request().map_err(|error| located(prepared, error, Fate::NotCarriedOut))?;
    let sent = match route {
        Route::Direct(direct, target) => Body::of_lane(direct, target, request).await,
        Route::Shared(connections) => Body::of_queue(connections, request).await,
        Route::Reqwest(_) => unreachable!("it has returned"),
    };
    let mut body = sent.map_err(|failure| failed_direct(prepared, &failure))?;
    let head = &mut body.response;
    let announced = http_body::Body::size_hint(head.body()).exact().unwrap_or(0);
    let (status, headers) = (head.status().as_u16(), std::mem::take(head.headers_mut()));
    let mut collected = Collected::new(prepared, announced, limit)?;
    while let Some(chunk) = body.chunk().await.map_err(|failure| failed_direct(prepared, &failure))? {
        collected.push(&chunk)?;
    }
    Ok(Answer { status, headers, body: collected.body })
}

/// [`attempt_by_reqwest`] on the heap: it is large, and every future around it would be as large and be moved as a whole. (A
/// function of its own, because a future keeps room for what it moved away.)
fn on_heap<'a>(
    http: &'a reqwest::Client,
    prepared: &'a Prepared,
    limit: u64,
) -> Pin<Box<impl Future<Output = Result<Answer>> + 'a>> {
    Box::pin(attempt_by_reqwest(http, prepared, limit))
}

async fn attempt_by_reqwest(http: &reqwest::Client, prepared: &Prepared, limit: u64) -> Result<Answer> {
    let request = prepared.request(http).map_err(|error| located(prepared, error, Fate::NotCarriedOut))?;
    let mut response = http.execute(request).await.map_err(|e| failed(prepared, &e))?;
    let announced = response.content_length().unwrap_or(0);
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    let mut collected = Collected::new(prepared, announced, limit)?;
    while let Some(chunk) = response.chunk().await.map_err(|e| failed(prepared, &e))? {
        collected.push(&chunk)?;
    }
    Ok(Answer { status, headers, body: collected.body })
}

/// A body that is being received, within its limit.
struct Collected<'a> {
    prepared: &'a Prepared,
    limit: u64,
    body: Vec<u8>,
}

impl<'a> Collected<'a> {
    /// Begins when the head has come.
    fn new(prepared: &'a Prepared, announced: u64, limit: u64) -> Result<Self> {
        phase::enter(Phase::Receiving);
        let new = Self { prepared, limit, body: Vec::new() };
        if announced > limit {
            return Err(new.too_large(&format!(" of {announced} bytes")));
        }
        let mut new = new;
        // One more: C texts end with a byte of their own. What a server announces and does not send takes no more than this.
        new.reserve(usize::try_from(announced).unwrap_or(0).min(1 << 20) + 1)?;
        Ok(new)
    }

    fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let length = self.body.len() + chunk.len();
        if length as u64 > self.limit {
            return Err(self.too_large(""));
        }
        // Twice as much, as vectors grow, but never beyond the limit.
        if length >= self.body.capacity() {
            let most = usize::try_from(self.limit).unwrap_or(usize::MAX).saturating_add(1);
            self.reserve((length + 1).max(self.body.capacity().saturating_mul(2).min(most)))?;
        }
        self.body.extend_from_slice(chunk);
        Ok(())
    }

    /// Has room for so many bytes. The server says how many: where the host has no memory for them, that is an error of this
    /// call and not the end of the process.
    fn reserve(&mut self, length: usize) -> Result<()> {
        let further = length - self.body.len();
        self.body.try_reserve_exact(further).map_err(|_| {
            let message = format!(
                "there is no memory for {length} bytes of the response; set max_response_bytes ({}) to what the host can \
                 spare, or give it more memory (ulimit -v)",
                self.limit
            );
            report(self.prepared, ErrorKind::TooLarge, &message, Fate::Unknown)
        })
    }

    fn too_large(&self, announced: &str) -> Error {
        let message = format!("the response{announced} is larger than max_response_bytes ({})", self.limit);
        report(self.prepared, ErrorKind::TooLarge, &message, Fate::Unknown)
    }
}

/// A call that had no turn in time.
fn busy(prepared: &Prepared, turns: &Turns, refused: &Refused) -> Error {
    let at_once = turns.most_at_once();
    let message = match refused {
        Refused::TooMany(waiting) => format!(
            "the server is behind: {at_once} calls are in progress (queue_connections) and {waiting} wait already \
             (queue_waiting)"
        ),
        Refused::TooLong(limit) => format!(
            "the server is behind: {at_once} calls were in progress (queue_connections) for {} ms (queue_wait_ms)",
            limit.as_millis()
        ),
    };
    report(prepared, ErrorKind::Busy, &message, Fate::NotCarriedOut)
}

fn timed_out(prepared: &Prepared, settings: &CallSettings, phase: Phase) -> Error {
    let limit = settings.timeout.unwrap_or(Duration::ZERO);
    ended(prepared, ErrorKind::Timeout, &format!("timed out after {} ms (timeout_ms)", limit.as_millis()), phase)
}

fn cancelled_by_the_caller(prepared: &Prepared, phase: Phase) -> Error {
    ended(prepared, ErrorKind::Cancelled, "cancelled by the caller", phase)
}

/// A call that was ended from outside, wherever it was.
fn ended(prepared: &Prepared, kind: ErrorKind, why: &str, phase: Phase) -> Error {
    let doing = match phase {
        Phase::Waiting => "before it began",
        Phase::Connecting => "while connecting",
        Phase::Sending => "while waiting for the response",
        Phase::Receiving => "while receiving the response",
        Phase::Pausing | Phase::Refused => "while waiting to repeat a failed attempt",
    };
    let mut error = report(prepared, kind, &format!("{why} {doing}"), Fate::unknown_if(phase.may_have_left()));
    error.connecting = phase == Phase::Connecting;
    error
}

/// What reqwest reports, in our terms.
fn failed(prepared: &Prepared, error: &reqwest::Error) -> Error {
    let stage = if error.is_connect() && error.is_timeout() {
        Stage::ConnectTimeout
    } else if error.is_connect() {
        Stage::Connect
    } else if error.is_builder() {
        Stage::Writing
    } else {
        Stage::Exchange
    };
    transport_error(prepared, stage, error.source())
}

/// What a connection of our own reports, in our terms.
fn failed_direct(prepared: &Prepared, failure: &Failure) -> Error {
    match failure {
        Failure::ConnectTimeout => transport_error(prepared, Stage::ConnectTimeout, None),
        Failure::Connect(error) => transport_error(prepared, Stage::Connect, Some(&**error)),
        Failure::Exchange(error) => transport_error(prepared, Stage::Exchange, Some(error)),
        Failure::Reset => {
            let cause = std::io::Error::other("the server reset the stream");
            transport_error(prepared, Stage::Exchange, Some(&cause))
        }
    }
}

/// Where the transport failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Writing,
    Connect,
    ConnectTimeout,
    Exchange,
}

fn transport_error(prepared: &Prepared, stage: Stage, cause: Option<&(dyn StdError + 'static)>) -> Error {
    if phase::current() == Phase::Sending && find::<h2::Error>(cause).is_some_and(is_unprocessed) {
        phase::enter(Phase::Refused);
    }
    let words = words(cause);
    let (kind, message) = if let Some(tls) = find::<rustls::Error>(cause) {
        (ErrorKind::Tls, format!("TLS failed: {tls}{}", certificate_hint(tls)))
    } else {
        match stage {
            Stage::ConnectTimeout => (ErrorKind::Timeout, "timed out while connecting (connect_timeout_ms)".to_owned()),
            Stage::Connect => (ErrorKind::Connect, format!("cannot connect: {words}")),
            Stage::Writing => (ErrorKind::InvalidArgument, format!("the request cannot be sent: {words}")),
            Stage::Exchange => {
                (ErrorKind::Protocol, format!("the connection ended before the response was complete: {words}"))
            }
        }
    };
    let may_have_left = phase::current().may_have_left() && stage != Stage::Writing;
    let mut error = report(prepared, kind, &message, Fate::unknown_if(may_have_left));
    error.connecting = stage == Stage::ConnectTimeout && kind == ErrorKind::Timeout;
    error
}

/// Whether the server says that it has not processed the request, and will not (RFC 9113, 8.7): it refused the stream, or went
/// away after an earlier one.
fn is_unprocessed(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (is_refused || error.is_go_away())
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
fn words(cause: Option<&(dyn StdError + 'static)>) -> String {
    let chain: Vec<String> = causes(cause).map(ToString::to_string).collect();
    let innermost = chain.last().map_or("for an unknown reason", String::as_str);
    // reqwest says so in a text alone.
    let was_look_up = find::<NotFound>(cause).is_some() || chain.iter().any(|text| text.contains("dns error"));
    if was_look_up { format!("the host's address was not found: {innermost}") } else { innermost.to_owned() }
}

/// The first cause of a type.
fn find<'a, T: StdError + 'static>(cause: Option<&'a (dyn StdError + 'static)>) -> Option<&'a T> {
    causes(cause).find_map(|cause| cause.downcast_ref::<T>())
}

/// A cause and what lies below it, one after the other. An I/O error does not name what it wraps as its source, only that
/// one's own source; it is looked into here.
fn causes<'a>(cause: Option<&'a (dyn StdError + 'static)>) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(cause, |&cause| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| cause.source())
    })
}
