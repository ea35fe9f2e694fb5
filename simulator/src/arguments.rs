//! The command line: what it may say, and what it means.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use wazo_auth_simulator::Options;
use wazo_auth_simulator::faults::Faults;

const HELP: &str = "\
wazo-auth-simulator: a wazo-auth in memory, for tests of its clients

USAGE
    wazo-auth-simulator [--port 9497] [--admin NAME:PASSWORD] [--tls] [...]

LISTENING
    --port PORT               port to listen on; 0 picks a free one [9497]
    --tls                     use HTTPS on that port, with a certificate that is created at each start
    --tls-port PORT           use HTTPS on this port, and plain HTTP on --port
    --address ADDRESS         IP address to listen on [127.0.0.1]
    --certificate PATH        use this certificate for HTTPS (PEM, with those between it and its authority behind it), not
                              one that is created; with --key
    --key PATH                the private key of --certificate (PEM)
    --certificate-file PATH   write the certificate to this file (PEM): the CA file of a client
    --port-file PATH          write the port to this file once the simulator listens (with HTTPS, its port)

CONTENT
    --admin NAME:PASSWORD     create an administrator: a user of the top tenant with every access
    --state FILE              start with this state; GET /_simulator/state shows the format
    --settings JSON           change settings, such as '{\"user_registration\": true}'; GET /_simulator/settings
                              lists them

BEHAVIOUR
    --mock                    act as the mock of Wazo's test helpers: tokens, tenants and users are what a test sets with
                              POST /_set_token and others, unknown credentials succeed; see docs/simulator.md
    --fault FAULT             start with this fault; may be repeated; see docs/simulator.md
    --exit-with-stdin         stop when standard input ends, and so with the program that started the simulator
    -h, --help                print this text
    -V, --version             print the version

OTHER SERVERS
    --events URL              publish wazo-auth's messages on this RabbitMQ: amqp://[USERNAME:PASSWORD@]HOST[:PORT]
                              [/VHOST]; GET /_simulator/events lists them with and without it
    --smtp HOST:PORT          send mails (confirmation, password reset) to this mail server, without TLS and login;
                              GET /_simulator/mails lists them with and without it
    --ldap                    check logins with the LDAP servers that tenants configure (PUT /backends/ldap), and not
                              with the setting ldap_users

When it listens, it prints one line for each port:

    listening on https://127.0.0.1:41234

It stops on SIGTERM or SIGINT. Paths may begin with /0.1 or with /api/auth/0.1. The control routes below /_simulator/
show and change state, settings, mails, status, requests, events and faults; a browser shows them at /_simulator/.
";

/// What a command line asks for.
#[derive(Debug)]
pub enum Wanted {
    Run(Box<Arguments>),
    /// The help or the version.
    Print(String),
}

/// How the program is to run.
#[derive(Debug)]
pub struct Arguments {
    pub options: Options,
    /// The file with the state to begin with.
    pub state_file: Option<PathBuf>,
    pub certificate_file: Option<PathBuf>,
    pub port_file: Option<PathBuf>,
    pub exit_with_stdin: bool,
    /// The RabbitMQ to publish on.
    pub events: Option<String>,
    /// The mail server.
    pub smtp: Option<String>,
    /// Whether the LDAP servers are real ones.
    pub ldap: bool,
}

/// Reads the arguments, without the name of the program. No file is opened: what is wrong here is the command line.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Wanted, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut port, mut tls, mut tls_port) = (9497_u16, false, None);
    let (mut state_file, mut certificate_file, mut port_file, mut exit_with_stdin) = (None, None, None, false);
    let (mut certificate, mut key) = (None, None);
    let (mut faults, mut settings) = (Vec::new(), Vec::new());
    let (mut events, mut smtp, mut ldap) = (None, None, false);
    let mut options = Options::default();
    let wrong = |error: lexopt::Error| format!("{error}; see --help");
    while let Some(argument) = parser.next().map_err(wrong)? {
        let name = match argument {
            Long(name) => format!("--{name}"),
            Short(letter) => format!("-{letter}"),
            value @ Value(_) => return Err(wrong(value.unexpected())),
        };
        let mut text = || parser.value().and_then(ValueExt::string).map_err(wrong);
        match name.as_str() {
            "--port" => port = number(&text()?)?,
            "--tls" => tls = true,
            "--tls-port" => tls_port = Some(number(&text()?)?),
            "--address" => {
                let given = text()?;
                options.address =
                    given.parse().map_err(|_| format!("--address: expected an IP address, got {given:?}"))?;
            }
            "--certificate" => certificate = Some(PathBuf::from(text()?)),
            "--key" => key = Some(PathBuf::from(text()?)),
            "--certificate-file" => certificate_file = Some(PathBuf::from(text()?)),
            "--port-file" => port_file = Some(PathBuf::from(text()?)),
            "--admin" => {
                let given = text()?;
                let (name, password) = given.split_once(':').ok_or("--admin: expected NAME:PASSWORD; see --help")?;
                options.admin = Some((name.into(), password.into()));
            }
            "--state" => state_file = Some(PathBuf::from(text()?)),
            "--settings" => settings.push(text()?),
            "--fault" => faults.push(text()?),
            "--mock" => options.mock = true,
            "--events" => events = Some(text()?),
            "--smtp" => smtp = Some(text()?),
            "--ldap" => ldap = true,
            "--exit-with-stdin" => exit_with_stdin = true,
            "--help" | "-h" => return Ok(Wanted::Print(HELP.into())),
            "--version" | "-V" => {
                return Ok(Wanted::Print(format!("wazo-auth-simulator {}\n", env!("CARGO_PKG_VERSION"))));
            }
            unknown => return Err(format!("unknown option {unknown}; see --help")),
        }
    }
    if options.mock && events.is_some() {
        return Err("--mock: expected no --events; the mock has no sessions that begin or end".into());
    }
    if options.mock && (smtp.is_some() || ldap) {
        return Err("--mock: expected neither --smtp nor --ldap; the mock sends no mails, and has no LDAP".into());
    }
    if options.mock && (options.admin.is_some() || state_file.is_some()) {
        return Err(
            "--mock: expected neither --admin nor --state; the content of the mock is set with its control routes, \
                    and a login with any name and password succeeds"
                .into(),
        );
    }
    options.certificate = match (certificate, key) {
        (None, None) => None,
        (Some(_), Some(_)) if !tls && tls_port.is_none() => {
            return Err("--certificate: expected --tls or --tls-port; see --help".into());
        }
        (Some(certificate), Some(key)) => Some((certificate, key)),
        _ => return Err("expected both --certificate and --key, or neither; see --help".into()),
    };
    options.settings = settings;
    options.faults = Faults::from_arguments(&faults)?;
    if tls && tls_port.is_none() {
        (options.port, options.tls_port) = (None, Some(port));
    } else {
        (options.port, options.tls_port) = (Some(port), tls_port);
    }
    Ok(Wanted::Run(Box::new(Arguments {
        options,
        state_file,
        certificate_file,
        port_file,
        exit_with_stdin,
        events,
        smtp,
        ldap,
    })))
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("expected a port number (0 to 65535), got {text:?}; see --help"))
}
