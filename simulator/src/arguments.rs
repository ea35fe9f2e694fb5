//! The command line: what it may say, and what it means.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short, Value};
use wazo_auth_simulator::faults::Faults;
use wazo_auth_simulator::services::{bus, mail};
use wazo_auth_simulator::state::State;
use wazo_auth_simulator::{Options, control};

const HELP: &str = "\
wazo-auth-simulator: a wazo-auth in memory, for tests of its clients

USAGE
    wazo-auth-simulator [--port 9497] [--admin NAME:PASSWORD] [--tls] [...]

LISTENING
    --port PORT               port to listen on; 0 picks a free one [9497]
    --tls                     use HTTPS on that port, with a certificate that is created at each start
    --tls-port PORT           use HTTPS on this port, and plain HTTP on --port
    --address ADDRESS         IP address to listen on [127.0.0.1]
    --certificate PATH        use this certificate for HTTPS (PEM, with those between it and its authority behind it),
                              not one that is created; with --key
    --key PATH                the private key of --certificate (PEM)
    --certificate-file PATH   write the certificate to this file (PEM): the CA file of a client
    --port-file PATH          write the port to this file once the simulator listens (with HTTPS, its port)

CONTENT
    --admin NAME:PASSWORD     create an administrator: a user of the top tenant with every access
    --state FILE              start with this state; GET /_simulator/state shows the format
    --settings JSON           change settings, such as '{\"user_registration\": true}'; GET /_simulator/settings
                              lists them

BEHAVIOUR
    --mock                    act as the mock of Wazo's test helpers: tokens, tenants and users are what a test sets
                              with POST /_set_token and others, unknown credentials succeed; see docs/simulator.md
    --fault FAULT             start with this fault; may be repeated; see docs/simulator-reference.md
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

It stops on SIGTERM or SIGINT. The exit status is 0, or 2 for a wrong command line, or 1 for any other error. Paths may
begin with /0.1 or with /api/auth/0.1. The control routes below /_simulator/ show and change state, settings, mails,
status, requests, events and faults; a browser shows them at /_simulator/.
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
    while let Some(argument) = parser.next().map_err(unexpected)? {
        let name = match argument {
            Long(name) => format!("--{name}"),
            Short(letter) => format!("-{letter}"),
            Value(value) => {
                return Err(format!("expected options alone, got \"{}\"; --help lists them", value.display()));
            }
        };
        let mut value = || parser.value().map_err(|_| format!("{name}: expected a value; see --help"));
        match name.as_str() {
            "--port" => port = number(&name, value()?)?,
            "--tls" => tls = true,
            "--tls-port" => tls_port = Some(number(&name, value()?)?),
            "--address" => options.address = address(&text(&name, value()?)?)?,
            "--certificate" => certificate = Some(PathBuf::from(value()?)),
            "--key" => key = Some(PathBuf::from(value()?)),
            "--certificate-file" => certificate_file = Some(PathBuf::from(value()?)),
            "--port-file" => port_file = Some(PathBuf::from(value()?)),
            "--admin" => options.admin = Some(admin(&text(&name, value()?)?)?),
            "--state" => state_file = Some(PathBuf::from(value()?)),
            "--settings" => settings.push(text(&name, value()?)?),
            "--fault" => faults.push(text(&name, value()?)?),
            "--mock" => options.mock = true,
            "--events" => {
                let url = text(&name, value()?)?;
                bus::check(&url)?;
                events = Some(url);
            }
            "--smtp" => {
                let server = text(&name, value()?)?;
                mail::check(&server)?;
                smtp = Some(server);
            }
            "--ldap" => ldap = true,
            "--exit-with-stdin" => exit_with_stdin = true,
            "--help" | "-h" => return Ok(Wanted::Print(HELP.into())),
            "--version" | "-V" => {
                return Ok(Wanted::Print(format!("wazo-auth-simulator {}\n", env!("CARGO_PKG_VERSION"))));
            }
            unknown => return Err(format!("{unknown}: no such option; --help lists them")),
        }
    }
    if tls && tls_port.is_some() {
        return Err("--tls: expected no --tls-port; --tls uses HTTPS on --port, --tls-port uses both".into());
    }
    if tls_port.is_some_and(|tls_port| tls_port == port && port != 0) {
        return Err(format!("--tls-port: expected another port than that of --port, got {port} for both"));
    }
    if options.mock && events.is_some() {
        return Err("--mock: expected no --events; the mock has no sessions that begin or end".into());
    }
    if options.mock && (smtp.is_some() || ldap) {
        return Err("--mock: expected neither --smtp nor --ldap; the mock sends no mails, and has no LDAP".into());
    }
    if options.mock && (options.admin.is_some() || state_file.is_some() || !settings.is_empty()) {
        return Err(
            "--mock: expected neither --admin, --state nor --settings; the content of the mock is set with its \
                    control routes, and a login with any name and password succeeds"
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
    // On a state that nobody sees, so that a wrong one is known before any file is opened.
    let mut state = State::default();
    for change in &settings {
        control::change_settings(&mut state, change.as_bytes()).map_err(|error| format!("--settings: {error}"))?;
    }
    options.settings = settings;
    options.faults = Faults::from_arguments(&faults)?;
    if tls {
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

/// What lexopt says of an option that it has no value for: the only thing that it finds wrong by itself.
fn unexpected(error: lexopt::Error) -> String {
    match error {
        lexopt::Error::UnexpectedValue { option, value } => {
            format!("{option}: expected no value, got \"{}\"", value.display())
        }
        error => format!("{error}; see --help"),
    }
}

fn text(name: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|_| format!("{name}: expected UTF-8"))
}

fn number(name: &str, value: OsString) -> Result<u16, String> {
    let text = text(name, value)?;
    text.parse().map_err(|_| format!("{name}: expected a port number from 0 to 65535 (0: a free port), got {text:?}"))
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "--address: expected an IP address, such as 127.0.0.1 (this machine only) or 0.0.0.0 (all of its \
                 addresses), got {text:?}"
        )
    })
}

/// What came is not repeated: it may be a password.
fn admin(text: &str) -> Result<(String, String), String> {
    let why = match text.split_once(':') {
        None => "there is no colon in it",
        Some(("", _)) => "the name is empty",
        Some((_, "")) => "the password is empty",
        Some((name, password)) => return Ok((name.into(), password.into())),
    };
    Err(format!("--admin: expected NAME:PASSWORD, such as admin:secret; {why}"))
}
