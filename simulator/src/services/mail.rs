//! `--smtp HOST:PORT`: the mails go to a mail server.

use std::io;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::{SmtpTransport, Transport};

use super::{Courier, complain};
use crate::mails::Mailer;
use crate::state::Mail;

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
pub struct Smtp(Courier<Mail>);

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
        Ok(Self(Courier::start("wazo-auth-simulator-mail", move |mail: Mail| {
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

/// A mail as it is sent.
fn message(mail: &Mail) -> Result<Message, String> {
    let address = |text: &str| text.parse().map_err(|error| format!("{text}: {error}"));
    let sender =
        Mailbox::new(Some(mail.from_name.clone()).filter(|name| !name.is_empty()), address(&mail.from_address)?);
    let receiver = Mailbox::new(mail.username.clone(), address(&mail.to)?);
    let builder = Message::builder().from(sender).to(receiver).subject(mail.subject.clone());
    let message = builder.header(ContentType::TEXT_PLAIN).body(mail.body.clone());
    message.map_err(|error| error.to_string())
}

/// An error with what is behind it, which the error itself does not tell.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
