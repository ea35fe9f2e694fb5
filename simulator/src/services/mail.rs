//! `--smtp HOST:PORT`: the mails go to a mail server.

use std::io;
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::{Address, SmtpTransport, Transport};

use super::{DeliveryQueue, complain};
use crate::mails::Mailer;
use crate::rows::Mail;

/// How long the mail server may take for each step.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether this is the address of a mail server.
pub fn check(address: &str) -> Result<(), String> {
    parse(address).map(|_| ())
}

fn parse(address: &str) -> Result<(&str, u16), String> {
    let wrong = || format!("--smtp: expected HOST:PORT, such as 127.0.0.1:25, got {address:?}");
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_matches(['[', ']']);
    match port.parse() {
        Ok(port) if port != 0 && !host.is_empty() => Ok((host, port)),
        _ => Err(wrong()),
    }
}

/// The mail server.
#[derive(Debug)]
pub struct Smtp(DeliveryQueue<Mail>);

impl Smtp {
    /// Looks whether the mail server answers; one that is not there is an error now, rather than a test that waits for a
    /// mail in vain. There is neither TLS nor a login, as on the machine that a mail server is on.
    pub fn connect(address: &str) -> io::Result<Self> {
        let (host, port) = parse(address).map_err(io::Error::other)?;
        let transport = SmtpTransport::builder_dangerous(host).port(port).timeout(Some(TIMEOUT)).build();
        let failed = |reason: String| io::Error::other(format!("--smtp: the mail server at {address}: {reason}"));
        match transport.test_connection() {
            Ok(true) => {}
            Ok(false) => return Err(failed("it does not take part in SMTP".into())),
            Err(error) => return Err(failed(with_sources(&error))),
        }
        let place = address.to_string();
        Ok(Self(DeliveryQueue::start("mails", move |mail: Mail| {
            let sent =
                message(&mail).and_then(|message| transport.send(&message).map_err(|error| with_sources(&error)));
            if let Err(error) = sent {
                complain(&format!("a mail to {} is lost: the mail server at {place}", mail.to), &error);
            }
        })?))
    }
}

impl Mailer for Smtp {
    fn send(&self, mail: &Mail) {
        self.0.take(mail.clone());
    }
}

/// The longest line of a mail, without its end.
const LONGEST_LINE: usize = 998;

/// A mail as it is sent. Programs look for lines and for the receiver's name in it as it is, so that nothing is encoded that
/// need not be: lettre would break lines of more than 76 characters, and encode a name with `@`.
fn message(mail: &Mail) -> Result<Message, String> {
    let address = |text: &str| text.parse::<Address>().map_err(|error| format!("{text}: {error}"));
    let sender =
        Mailbox::new(Some(mail.from_name.clone()).filter(|name| !name.is_empty()), address(&mail.from_address)?);
    let receiver = Mailbox::new(mail.username.clone(), address(&mail.to)?);
    let builder = Message::builder().from(sender).to(receiver).subject(mail.subject.clone());
    let builder = builder.header(ContentType::TEXT_PLAIN);
    let is_plain = mail.body.is_ascii() && mail.body.lines().all(|line| line.len() <= LONGEST_LINE);
    let message = if is_plain {
        let text: String = mail.body.lines().flat_map(|line| [line, "\r\n"]).collect();
        builder.body(Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit))
    } else {
        builder.body(mail.body.clone())
    };
    let mut message = message.map_err(|error| error.to_string())?;
    if let Some(name) = mail.username.as_deref().and_then(in_header) {
        let (to, receiver) = (HeaderName::new_from_ascii_str("To"), format!("{name} <{}>", mail.to));
        message.headers_mut().insert_raw(HeaderValue::dangerous_new_pre_encoded(to, receiver.clone(), receiver));
    }
    Ok(message)
}

/// A name as it stands before an address: between quotes where it has to. None where it has to be encoded.
fn in_header(name: &str) -> Option<String> {
    const SPECIAL: &[char] = &['(', ')', '<', '>', '[', ']', '@', ',', ':', ';', '.', '"', '\\'];
    let is_plain = name.chars().all(|character| character.is_ascii_graphic() || character == ' ');
    let quoted = || format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    is_plain.then(|| if name.contains(SPECIAL) { quoted() } else { name.to_string() })
}

/// An error with what is behind it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        // Some errors tell it, others do not.
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
