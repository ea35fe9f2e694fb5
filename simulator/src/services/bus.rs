//! `--events amqp://...`: the messages go to a RabbitMQ, as those of wazo-auth do.

use std::io;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{DeliveryQueue, complain};
use crate::events::{Message, Publisher};

/// Where wazo-auth publishes, a headers exchange.
const EXCHANGE: &str = "wazo-headers";

/// As RabbitMQ's messages that survive its restart are marked.
const PERSISTENT: u8 = 2;

/// Whether this is the URL of a RabbitMQ.
pub fn check(url: &str) -> Result<(), String> {
    Address::parse(url).map(|_| ())
}

/// The publisher.
#[derive(Debug)]
pub struct Bus(DeliveryQueue<Message>);

impl Bus {
    /// Connects; a bus that is not there is an error now, rather than a test that waits for messages in vain.
    pub fn connect(url: &str) -> io::Result<Self> {
        let address = Address::parse(url).map_err(io::Error::other)?;
        // A thread of its own, as the heartbeats of the connection go on while nothing is published.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("wazo-auth-simulator-amqp")
            .enable_all()
            .build()?;
        let mut link = Some(address.connect(&runtime)?);
        Ok(Self(DeliveryQueue::start("messages", move |message: Message| {
            // A message that does not arrive is tried once more, on a new connection; what is lost then is told.
            if let Some(Err(_)) | None = link.as_ref().map(|link| link.publish(&runtime, &message)) {
                link = None;
                let again = address.connect(&runtime).and_then(|new| new.publish(&runtime, &message).map(|()| new));
                match again {
                    Ok(new) => link = Some(new),
                    Err(error) => complain(&format!("the message {} is lost", message.name), &error),
                }
            }
        })?))
    }
}

impl Publisher for Bus {
    fn publish(&self, message: &Message) {
        self.0.take(message.clone());
    }
}

/// Where the RabbitMQ is, and who logs in.
struct Address(AMQPUri);

impl Address {
    /// `amqp://[USERNAME:PASSWORD@]HOST[:PORT][/VHOST]`, by default guest:guest and the virtual host `/`.
    fn parse(url: &str) -> Result<Self, String> {
        // What stands before the last `@` may be a password.
        let shown = url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, place)| format!("...@{place}"));
        let wrong = || format!("--events: expected amqp://[USERNAME:PASSWORD@]HOST[:PORT][/VHOST], got {shown:?}");
        let mut uri: AMQPUri = url.parse().map_err(|_| wrong())?;
        if uri.scheme != lapin::uri::AMQPScheme::AMQP || uri.authority.host.is_empty() {
            return Err(wrong());
        }
        if uri.vhost.is_empty() {
            // AMQP's own reading of a slash at the end is a virtual host without a name, which nobody means.
            uri.vhost = "/".into();
        }
        Ok(Self(uri))
    }

    /// Logs in. An error does not contain the password.
    fn connect(&self, runtime: &Runtime) -> io::Result<Link> {
        let authority = &self.0.authority;
        let context = |error: lapin::Error| {
            let hint = if matches!(error.kind(), lapin::ErrorKind::IOError(_)) { "; is a RabbitMQ there?" } else { "" };
            let place = format!("{}:{}", authority.host, authority.port);
            io::Error::other(format!("--events: the RabbitMQ at {place}: {error}{hint}"))
        };
        runtime
            .block_on(async {
                let properties = ConnectionProperties::default().with_connection_name("wazo-auth-simulator".into());
                let connection = Connection::connect_uri(self.0.clone(), properties).await?;
                let channel = connection.create_channel().await?;
                let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
                let kind = ExchangeKind::Headers;
                channel.exchange_declare(EXCHANGE.into(), kind, options, FieldTable::default()).await?;
                channel.confirm_select(ConfirmSelectOptions::default()).await?;
                Ok(Link { channel, _connection: connection })
            })
            .map_err(context)
    }
}

/// A connection that is logged in.
struct Link {
    channel: Channel,
    /// Dropped, it closes the channel.
    _connection: Connection,
}

impl Link {
    /// Publishes, and waits until the RabbitMQ has the message.
    fn publish(&self, runtime: &Runtime, message: &Message) -> io::Result<()> {
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_delivery_mode(PERSISTENT)
            .with_headers(table(message));
        let (key, body) = (ShortString::from(message.routing_key.as_str()), message.body().to_string());
        let sent = runtime.block_on(async {
            let options = BasicPublishOptions::default();
            let publish = self.channel.basic_publish(EXCHANGE.into(), key, options, body.as_bytes(), properties);
            publish.await?.await
        });
        match sent.map_err(io::Error::other)? {
            lapin::Confirmation::Nack(_) => Err(io::Error::other("the RabbitMQ refused it")),
            _ => Ok(()),
        }
    }
}

/// The headers, by which the exchange routes.
fn table(message: &Message) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in &message.headers {
        let value = match value {
            Value::Bool(value) => AMQPValue::Boolean(*value),
            Value::Null => AMQPValue::Void,
            Value::String(text) => AMQPValue::LongString(LongString::from(text.as_str())),
            other => AMQPValue::LongString(LongString::from(other.to_string())),
        };
        table.insert(ShortString::from(name.as_str()), value);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_defaults_and_is_decoded() {
        let parse = |url: &str| {
            let uri = Address::parse(url).unwrap().0;
            let (login, place) = (uri.authority.userinfo, (uri.authority.host, uri.authority.port));
            (login.username, login.password, place.0, place.1, uri.vhost)
        };
        let expected = |username: &str, password: &str, host: &str, port, vhost: &str| {
            (username.to_string(), password.to_string(), host.to_string(), port, vhost.to_string())
        };
        assert_eq!(parse("amqp://bus"), expected("guest", "guest", "bus", 5672, "/"));
        assert_eq!(parse("amqp://bus/"), expected("guest", "guest", "bus", 5672, "/"));
        assert_eq!(parse("amqp://a%40b:c%3Ad@bus:5673/my%2Fhost"), expected("a@b", "c:d", "bus", 5673, "my/host"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in ["bus", "amqps://bus", "http://u:hidden@bus", "amqp://u:hidden@bus:port"] {
            let error = Address::parse(url).err().unwrap();
            assert!(error.contains("expected amqp://") && !error.contains("hidden"), "{url}: {error}");
        }
    }
}
