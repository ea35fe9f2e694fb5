//! Spoils one answer. Over HTTP/1.1 the bytes on the connection are written here where HTTP itself would not write
//! them; over HTTP/2, where frames have no such freedom, the connection is cut at the same moment, and a wrong length
//! is a wrong `content-length` header.

use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::{Response, StatusCode, Version};
use tokio::time::{Sleep, sleep};

use super::{Kind, Moment};
use crate::http::{Answer, Body, Connection, Disrupted};
use crate::wire::{Busy, Then, Wire};

/// The header that an answer to a HEAD brings along.
const CONTENT_LENGTH: &str = "Content-Length";

/// How much of a huge body is sent at once.
const CHUNK: usize = 64 * 1024;

/// A request whose answer is to be spoiled.
pub struct Exchange<'a> {
    /// The answer has no body whatever its head says.
    pub is_head: bool,
    pub version: Version,
    pub connection: &'a Connection,
}

impl Exchange<'_> {
    /// What the faults make of the answer.
    pub async fn answer(
        &self,
        faults: &[Kind],
        answer: impl Future<Output = Answer>,
    ) -> Result<Response<Body>, Disrupted> {
        let breaking = faults.iter().find_map(|fault| match fault {
            Kind::Reset { at } => Some((*at, true)),
            Kind::Close { at } => Some((*at, false)),
            _ => None,
        });
        if let Some((Moment::Request, is_reset)) = breaking {
            return Err(self.end(is_reset));
        }
        let in_its_place = faults.iter().find_map(|fault| match fault {
            Kind::BadGateway { status } => Some(proxy_page(*status)),
            Kind::Redirect { url, status } => Some(proxy_page(*status).with_header("Location", url.clone())),
            _ => None,
        });
        let mut answer = match in_its_place {
            Some(page) if self.is_head => page.without_body(),
            Some(page) => page,
            None => answer.await,
        };
        for fault in faults {
            match fault {
                Kind::Delay { ms } => sleep(Duration::from_millis(*ms)).await,
                Kind::BadJson => spoil_json(&mut answer.body),
                Kind::BadUtf8 => spoil_text(&mut answer.body),
                _ => {}
            }
        }
        if let Some((at, is_reset)) = breaking {
            return self.break_off(&answer, at, is_reset);
        }
        // Where no body is to come, only its length can be wrong, and the head can drip.
        let way = faults.iter().find(|fault| match fault {
            Kind::WrongLength { .. } | Kind::Drip { at: Moment::Head, .. } => true,
            Kind::HugeBody { .. } | Kind::Drip { .. } => !self.is_head,
            _ => false,
        });
        Ok(match way {
            Some(Kind::WrongLength { by }) => self.with_wrong_length(answer, *by),
            Some(Kind::HugeBody { bytes }) => {
                let huge = Huge { length: *bytes, sent: 0, _busy: self.connection.wire.busy() };
                with_body(answer, *bytes, huge)
            }
            Some(Kind::Drip { ms, at: Moment::Head }) if self.version != Version::HTTP_2 => {
                let mut bytes = head(&answer, declared(&answer));
                bytes.extend_from_slice(&answer.body);
                self.connection.wire.drip_next_answer(bytes, Duration::from_millis(*ms));
                placeholder()
            }
            Some(Kind::Drip { ms, .. }) if !self.is_head => {
                let bytes = Bytes::from(std::mem::take(&mut answer.body));
                let pause = Duration::from_millis(*ms);
                let length = bytes.len() as u64;
                let busy = self.connection.wire.busy();
                with_body(answer, length, Drip { bytes, pause, next: Box::pin(sleep(pause)), _busy: busy })
            }
            _ => answer.into_response(),
        })
    }

    /// The connection ends with nothing more sent.
    fn end(&self, is_reset: bool) -> Disrupted {
        if is_reset {
            self.connection.reset_on_close();
        }
        // HTTP/2 would end the one stream and keep the connection.
        self.connection.wire.die();
        Disrupted
    }

    /// The connection ends before the answer or within it.
    fn break_off(&self, answer: &Answer, at: Moment, is_reset: bool) -> Result<Response<Body>, Disrupted> {
        if is_reset {
            self.connection.reset_on_close();
        }
        let wire = &self.connection.wire;
        let has_body = !self.is_head && !answer.body.is_empty();
        let is_in_body = at == Moment::Body && has_body;
        if at == Moment::Answer {
            return Err(self.end(is_reset));
        }
        if self.version != Version::HTTP_2 {
            let mut bytes = head(answer, declared(answer));
            if is_in_body {
                bytes.extend_from_slice(&answer.body[..answer.body.len() / 2]);
            } else {
                bytes.truncate(bytes.len() / 2);
            }
            wire.replace_next_answer(bytes, Then::Die);
            return Ok(placeholder());
        }
        if is_in_body {
            let half = Bytes::copy_from_slice(&answer.body[..answer.body.len() / 2]);
            let broken = Half { half: Some(half), wire: wire.clone() };
            return Ok(with_body(answer.clone(), answer.body.len() as u64, broken));
        }
        // A frame's head has nine bytes: five are none.
        wire.cut_after(5);
        Ok(answer.clone().into_response())
    }

    fn with_wrong_length(&self, answer: Answer, by: i64) -> Response<Body> {
        let length = declared(&answer).saturating_add_signed(by);
        if self.version == Version::HTTP_2 {
            let body = Full::new(Bytes::from(answer.body.clone()));
            return with_body(answer, length, body.map_err(|never| match never {}));
        }
        let mut bytes = head(&answer, length);
        if !self.is_head {
            bytes.extend_from_slice(&answer.body);
        }
        self.connection.wire.replace_next_answer(bytes, Then::Continue);
        placeholder()
    }
}

/// The answer whose bytes are replaced on the wire.
fn placeholder() -> Response<Body> {
    Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed())
}

/// The answer's head with this body, of which so many bytes are declared.
fn with_body<B>(mut answer: Answer, length: u64, body: B) -> Response<Body>
where
    B: HttpBody<Data = Bytes, Error = io::Error> + Send + Sync + 'static,
{
    answer.body.clear();
    let (mut head, _) = answer.into_response().into_parts();
    if head.status != StatusCode::NO_CONTENT {
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, body.boxed())
}

/// The length that the answer declares. To a HEAD it is that of the body that a GET would have.
fn declared(answer: &Answer) -> u64 {
    let given = answer.headers.iter().find(|(name, _)| *name == CONTENT_LENGTH);
    given.and_then(|(_, value)| value.parse().ok()).unwrap_or(answer.body.len() as u64)
}

/// An answer's head as it stands on an HTTP/1.1 connection, with this `Content-Length`.
fn head(answer: &Answer, length: u64) -> Vec<u8> {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut text = format!("HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\n", status.as_str(), answer.content_type);
    if status != StatusCode::NO_CONTENT || length > 0 {
        let _ = write!(text, "Content-Length: {length}\r\n");
    }
    for (name, value) in answer.headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text += "\r\n";
    text.into_bytes()
}

/// What a proxy before the server answers: nginx's page.
fn proxy_page(status: u16) -> Answer {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let title = format!("{status} {reason}");
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    Answer::text(status, "text/html", &page)
}

/// The first half, and an opened object: no JSON text ends like this.
fn spoil_json(body: &mut Vec<u8>) {
    if !body.is_empty() {
        body.truncate(body.len() / 2);
        body.push(b'{');
    }
}

/// Bytes that no UTF-8 holds, within the last text of the body, or in its middle where it has none.
fn spoil_text(body: &mut Vec<u8>) {
    let at = body.iter().rposition(|byte| *byte == b'"').unwrap_or(body.len() / 2);
    if !body.is_empty() {
        body.splice(at..at, [0xff, 0xc3, 0x28]);
    }
}

/// A body that goes out byte by byte.
struct Drip {
    bytes: Bytes,
    pause: Duration,
    next: Pin<Box<Sleep>>,
    _busy: Busy,
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.next.as_mut().poll(context));
        self.next = Box::pin(sleep(self.pause));
        Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(1)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// `{"data": "aaa..."}` of a given number of bytes, made as it is sent.
struct Huge {
    length: u64,
    sent: u64,
    _busy: Busy,
}

impl Huge {
    const OPENING: &[u8] = b"{\"data\": \"";
    const END: &[u8] = b"\"}";

    /// Lays a text that stands at `at` of the whole over the chunk, as far as it reaches into it.
    fn lay(&self, chunk: &mut [u8], at: u64, text: &[u8]) {
        for (position, byte) in (at..).zip(text) {
            let place = position.checked_sub(self.sent).and_then(|place| usize::try_from(place).ok());
            if let Some(target) = place.and_then(|place| chunk.get_mut(place)) {
                *target = *byte;
            }
        }
    }
}

impl HttpBody for Huge {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let left = self.length - self.sent;
        if left == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = vec![b'a'; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        self.lay(&mut chunk, 0, Self::OPENING);
        self.lay(&mut chunk, self.length - Self::END.len() as u64, Self::END);
        self.sent += chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.sent)
    }
}

/// Half a body, and then the connection dies.
struct Half {
    half: Option<Bytes>,
    wire: Wire,
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        self.wire.die_when_flushed();
        Poll::Pending
    }
}
