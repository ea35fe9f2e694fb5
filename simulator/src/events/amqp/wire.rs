//! The part of AMQP 0-9-1 that a publisher needs: frames, a few methods, a table of headers. One connection, one channel,
//! one thing at a time: each method is answered before the next one is sent.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::{Map, Value, json};

/// How long the server may take for an answer.
const LIMIT: Duration = Duration::from_secs(10);

const CHANNEL: u16 = 1;
const FRAME_END: u8 = 0xce;

/// Kinds of frames.
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;

/// Class and method.
type Method = (u16, u16);

const START: Method = (10, 10);
const START_OK: Method = (10, 11);
const TUNE: Method = (10, 30);
const TUNE_OK: Method = (10, 31);
const OPEN: Method = (10, 40);
const OPEN_OK: Method = (10, 41);
const CLOSE: Method = (10, 50);
const CHANNEL_OPEN: Method = (20, 10);
const CHANNEL_OPEN_OK: Method = (20, 11);
const CHANNEL_CLOSE: Method = (20, 40);
const EXCHANGE_DECLARE: Method = (40, 10);
const EXCHANGE_DECLARE_OK: Method = (40, 11);
const PUBLISH: Method = (60, 40);
const ACK: Method = (60, 80);
const CONFIRM_SELECT: Method = (85, 10);
const CONFIRM_SELECT_OK: Method = (85, 11);

/// A connection with an open channel, after [`Link::log_in`].
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    /// The longest payload of a frame that the server takes.
    longest: usize,
}

impl Link {
    /// Connects.
    pub fn open(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut error = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for one in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&one, LIMIT) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(LIMIT))?;
                    stream.set_write_timeout(Some(LIMIT))?;
                    return Ok(Self { stream, longest: 4096 - 8 });
                }
                Err(failed) => error = failed,
            }
        }
        Err(error)
    }

    /// Logs in, opens the channel, and asks for a confirmation of each message.
    pub fn log_in(&mut self, username: &str, password: &str, vhost: &str) -> io::Result<()> {
        self.stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        self.expect(START)?;
        // So that a wrong password is told, and not only the connection closed.
        let properties =
            json!({"product": "wazo-auth-simulator", "capabilities": {"authentication_failure_close": true}});
        let mut login = Payload::of(START_OK);
        login
            .table(properties.as_object().unwrap_or(&Map::new()))
            .short("PLAIN")?
            .long(&format!("\0{username}\0{password}"))
            .short("en_US")?;
        self.send(0, &login)?;
        let tune = self.expect(TUNE)?;
        let (channels, frame) = (tune.get(0..2), tune.get(2..6));
        let (Some(channels), Some(frame)) = (channels, frame) else {
            return Err(not_understood("a tune that is short"));
        };
        let most = u32::from_be_bytes(frame.try_into().unwrap_or_default());
        self.longest = usize::try_from(if most == 0 { 131_072 } else { most }).unwrap_or(4096).max(4096) - 8;
        // Its values as they came, and no heartbeats: the publisher is silent while nothing happens.
        let mut tuned = Payload::of(TUNE_OK);
        tuned.bytes(channels).bytes(frame).bytes(&[0, 0]);
        self.send(0, &tuned)?;
        let mut open = Payload::of(OPEN);
        open.short(vhost)?.short("")?.bytes(&[0]);
        self.ask(0, &open, OPEN_OK)?;
        let mut channel = Payload::of(CHANNEL_OPEN);
        channel.short("")?;
        self.ask(CHANNEL, &channel, CHANNEL_OPEN_OK)?;
        let mut confirm = Payload::of(CONFIRM_SELECT);
        confirm.bytes(&[0]);
        self.ask(CHANNEL, &confirm, CONFIRM_SELECT_OK)
    }

    /// Declares a headers exchange that outlives the server's restart, as wazo-auth does.
    pub fn declare_headers_exchange(&mut self, name: &str) -> io::Result<()> {
        const DURABLE: u8 = 1 << 1;
        let mut declare = Payload::of(EXCHANGE_DECLARE);
        declare.bytes(&[0, 0]).short(name)?.short("headers")?.bytes(&[DURABLE]).table(&Map::new());
        self.ask(CHANNEL, &declare, EXCHANGE_DECLARE_OK)
    }

    /// Publishes a message of JSON; comes back when the server has taken it.
    pub fn publish(&mut self, exchange: &str, key: &str, headers: &Map<String, Value>, body: &str) -> io::Result<()> {
        const PROPERTIES: [u8; 2] = [0xf0, 0]; // content type and encoding, headers, delivery mode
        const PERSISTENT: u8 = 2;
        let mut publish = Payload::of(PUBLISH);
        publish.bytes(&[0, 0]).short(exchange)?.short(key)?.bytes(&[0]);
        let mut header = Payload(Vec::new());
        header.bytes(&PUBLISH.0.to_be_bytes()).bytes(&[0, 0]).bytes(&(body.len() as u64).to_be_bytes());
        header.bytes(&PROPERTIES).short("application/json")?.short("utf-8")?.table(headers).bytes(&[PERSISTENT]);
        self.send(CHANNEL, &publish)?;
        self.frame(HEADER, CHANNEL, &header.0)?;
        for part in body.as_bytes().chunks(self.longest) {
            self.frame(BODY, CHANNEL, part)?;
        }
        self.expect(ACK).map(drop)
    }

    fn ask(&mut self, channel: u16, method: &Payload, answer: Method) -> io::Result<()> {
        self.send(channel, method)?;
        self.expect(answer).map(drop)
    }

    fn send(&mut self, channel: u16, method: &Payload) -> io::Result<()> {
        self.frame(METHOD, channel, &method.0)
    }

    fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) -> io::Result<()> {
        let mut frame = vec![kind];
        frame.extend(channel.to_be_bytes());
        frame.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
        frame.extend(payload);
        frame.push(FRAME_END);
        self.stream.write_all(&frame)
    }

    /// The arguments of the method that is due; what the server says in its place is the error.
    fn expect(&mut self, due: Method) -> io::Result<Vec<u8>> {
        loop {
            let (kind, payload) = self.read_frame()?;
            if kind == HEARTBEAT {
                continue;
            }
            let &[class_high, class_low, method_high, method_low, ref arguments @ ..] = payload.as_slice() else {
                return Err(not_understood("a frame that is short"));
            };
            let method = (u16::from_be_bytes([class_high, class_low]), u16::from_be_bytes([method_high, method_low]));
            return match method {
                _ if kind == METHOD && method == due => Ok(arguments.to_vec()),
                CLOSE | CHANNEL_CLOSE => Err(io::Error::other(reason(arguments))),
                (class, method) => Err(not_understood(&format!("the method {class}.{method}"))),
            };
        }
    }

    fn read_frame(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 7];
        self.stream.read_exact(&mut head).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "it closed the connection without a word; is it a RabbitMQ?")
            }
            _ => error,
        })?;
        let [kind, _, _, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        if !matches!(kind, METHOD | HEADER | BODY | HEARTBEAT) || length > 1 << 20 {
            return Err(not_understood("bytes that are no frame; is it a RabbitMQ?"));
        }
        let mut payload = vec![0; usize::try_from(length).unwrap_or_default() + 1];
        self.stream.read_exact(&mut payload)?;
        if payload.pop() != Some(FRAME_END) {
            return Err(not_understood("a frame without its end"));
        }
        Ok((kind, payload))
    }
}

fn not_understood(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("AMQP: got {what}"))
}

/// Code and text of a `close`.
fn reason(arguments: &[u8]) -> String {
    let &[high, low, length, ref text @ ..] = arguments else { return "closed without a reason".into() };
    let text = String::from_utf8_lossy(&text[..text.len().min(length.into())]);
    format!("refused: {text} ({})", u16::from_be_bytes([high, low]))
}

/// The payload of a frame, as it is written.
struct Payload(Vec<u8>);

impl Payload {
    fn of((class, method): Method) -> Self {
        Self([class.to_be_bytes(), method.to_be_bytes()].concat())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    /// A short text: 255 bytes at most.
    fn short(&mut self, text: &str) -> io::Result<&mut Self> {
        let length = u8::try_from(text.len()).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("AMQP takes at most 255 bytes here, not {text:?}"))
        })?;
        Ok(self.bytes(&[length]).bytes(text.as_bytes()))
    }

    fn long(&mut self, text: &str) -> &mut Self {
        self.bytes(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()).bytes(text.as_bytes())
    }

    /// A table of texts, truth values, nulls and tables, which is what the headers have. A name that is too long is cut by its
    /// bytes, as no header of a message is.
    fn table(&mut self, entries: &Map<String, Value>) -> &mut Self {
        let mut table = Self(Vec::new());
        for (name, value) in entries {
            let name = &name.as_bytes()[..name.len().min(255)];
            table.bytes(&[u8::try_from(name.len()).unwrap_or(u8::MAX)]).bytes(name);
            match value {
                Value::Null => table.bytes(b"V"),
                Value::Bool(truth) => table.bytes(&[b't', u8::from(*truth)]),
                Value::String(text) => table.bytes(b"S").long(text),
                Value::Object(entries) => table.bytes(b"F").table(entries),
                other => table.bytes(b"S").long(&other.to_string()),
            };
        }
        self.bytes(&u32::try_from(table.0.len()).unwrap_or(u32::MAX).to_be_bytes()).bytes(&table.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_written_as_amqp_writes_it() {
        let Value::Object(entries) = json!({"a": true, "bc": "de", "f": {"g": null}}) else { unreachable!() };
        let mut payload = Payload(Vec::new());
        payload.table(&entries);
        assert_eq!(payload.0, b"\0\0\0\x18\x01at\x01\x02bcS\0\0\0\x02de\x01fF\0\0\0\x03\x01gV");
    }

    #[test]
    fn the_reason_of_a_refusal_is_read() {
        assert_eq!(reason(b"\x01\x93\x0eACCESS_REFUSED\0\0\0\0"), "refused: ACCESS_REFUSED (403)");
        assert_eq!(reason(b"\x01"), "closed without a reason");
    }
}
