//! `--events amqp://...`: the messages go to a RabbitMQ, as those of wazo-auth do.
//!
//! It needs so little of AMQP 0-9-1 (log in, declare an exchange, publish, wait for the confirmation) that it is written
//! here, in `wire`, without a client library: those want features of tokio with which all that stands on it would be
//! built once more. A thread of its own publishes, so that no request waits for the bus.

mod wire;

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::{Message, Publisher};
use crate::http::percent_decode;
use wire::Link;

/// Where wazo-auth publishes, a headers exchange.
const EXCHANGE: &str = "wazo-headers";

/// A RabbitMQ: where it is and who logs in.
#[derive(Debug, Clone, PartialEq)]
struct Address {
    host: String,
    port: u16,
    username: String,
    password: String,
    vhost: String,
}

impl Address {
    /// `amqp://[USERNAME:PASSWORD@]HOST[:PORT][/VHOST]`, by default guest:guest and the virtual host `/`.
    fn parse(url: &str) -> Result<Self, String> {
        // What stands before the last `@` may be a password.
        let shown = url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, place)| format!("...@{place}"));
        let wrong = || format!("--events: expected amqp://[USERNAME:PASSWORD@]HOST[:PORT][/VHOST], got {shown:?}");
        let rest = url.strip_prefix("amqp://").ok_or_else(wrong)?;
        let (authority, vhost) = rest.split_once('/').map_or((rest, None), |(before, after)| (before, Some(after)));
        let (login, place) =
            authority.rsplit_once('@').map_or((None, authority), |(login, place)| (Some(login), place));
        let (username, password) = match login {
            None => ("guest", "guest"),
            Some(login) => login.split_once(':').ok_or_else(wrong)?,
        };
        // The port is behind the last colon, unless that is one of an IPv6 address in brackets.
        let (host, port) = match place.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            None => (place, 5672),
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        };
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).into(),
            port,
            username: percent_decode(username, false),
            password: percent_decode(password, false),
            vhost: vhost.filter(|name| !name.is_empty()).map_or_else(|| "/".into(), |name| percent_decode(name, false)),
        })
    }

    /// Logs in. An error does not contain the password.
    fn connect(&self) -> io::Result<Link> {
        let context =
            |error: io::Error| io::Error::new(error.kind(), format!("the bus at {}:{}: {error}", self.host, self.port));
        let mut link = Link::open((self.host.as_str(), self.port))
            .map_err(|error| context(io::Error::new(error.kind(), format!("{error}; is a RabbitMQ there?"))))?;
        link.log_in(&self.username, &self.password, &self.vhost).map_err(context)?;
        link.declare_headers_exchange(EXCHANGE).map_err(context)?;
        Ok(link)
    }
}

/// Whether this is the URL of a bus.
pub fn check(url: &str) -> Result<(), String> {
    Address::parse(url).map(|_| ())
}

/// The publisher. Dropped, it first publishes what it still has.
#[derive(Debug)]
pub struct Bus {
    messages: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Bus {
    /// Connects; a bus that is not there is an error now, rather than a test that waits for messages in vain.
    pub fn connect(url: &str) -> io::Result<Self> {
        let address = Address::parse(url).map_err(io::Error::other)?;
        let link = address.connect().map_err(|error| io::Error::new(error.kind(), format!("--events: {error}")))?;
        let (messages, received) = channel();
        let thread = std::thread::Builder::new()
            .name("wazo-auth-simulator-bus".into())
            .spawn(move || publish_all(&address, link, &received))?;
        Ok(Self { messages: Some(messages), thread: Some(thread) })
    }
}

impl Publisher for Bus {
    fn publish(&self, message: &Message) {
        if let Some(messages) = &self.messages {
            // The thread ends after this sender only.
            let _ = messages.send(message.clone());
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Publishes until there is no sender any more. A message that does not arrive is tried once more, on a new connection;
/// what is lost then is told.
fn publish_all(address: &Address, link: Link, messages: &Receiver<Message>) {
    let mut link = Some(link);
    for message in messages {
        let body = message.body().to_string();
        let publish = |link: &mut Link| link.publish(EXCHANGE, &message.routing_key, &message.headers, &body);
        let sent = link.as_mut().is_some_and(|link| publish(link).is_ok());
        if sent {
            continue;
        }
        link = None;
        let again = address.connect().and_then(|mut new| publish(&mut new).map(|()| new));
        match again {
            Ok(new) => link = Some(new),
            Err(error) => eprintln!("wazo-auth-simulator: a message {} is lost: {error}", message.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_defaults_and_is_decoded() {
        let parse = |url: &str| Address::parse(url).unwrap();
        let plain = parse("amqp://bus");
        let given = (plain.host.as_str(), plain.port, plain.username.as_str(), plain.password.as_str());
        assert_eq!((given, plain.vhost.as_str()), (("bus", 5672, "guest", "guest"), "/"));
        let whole = parse("amqp://a%40b:c%3Ad@[::1]:5673/my%2Fhost");
        let given = (whole.host.as_str(), whole.port, whole.username.as_str(), whole.password.as_str());
        assert_eq!((given, whole.vhost.as_str()), (("::1", 5673, "a@b", "c:d"), "my/host"));
        assert_eq!(parse("amqp://bus/"), plain);
        assert_eq!(parse("amqp://[::1]").port, 5672);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["bus", "amqps://bus", "amqp://", "amqp://user@bus", "amqp://bus:port", "amqp://:5672"] {
            assert!(Address::parse(url).unwrap_err().contains("expected amqp://"), "{url}");
        }
    }
}
