//! The program: a simulator until it is told to stop.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wazo_auth_simulator::faults::Faults;
use wazo_auth_simulator::{Options, Simulator};

const HELP: &str = "\
wazo-auth-simulator: a wazo-auth in memory, for tests of its clients

USAGE
    wazo-auth-simulator [--port 9497] [--admin NAME:PASSWORD] [--tls] [...]

LISTENING
    --port PORT               port to listen on; 0 picks a free one [9497]
    --tls                     use HTTPS on that port, with a certificate that is created at each start
    --tls-port PORT           use HTTPS on this port, and plain HTTP on --port
    --address ADDRESS         IP address to listen on [127.0.0.1]
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
    --events URL              publish wazo-auth's messages on this RabbitMQ: amqp://[USERNAME:PASSWORD@]HOST[:PORT]
                              [/VHOST]; GET /_simulator/events lists them with and without it
    --fault FAULT             start with this fault; may be repeated; see docs/simulator.md
    --exit-with-stdin         stop when standard input ends, and so with the program that started the simulator
    -h, --help                print this text
    -V, --version             print the version

When it listens, it prints one line for each port:

    listening on https://127.0.0.1:41234

It stops on SIGTERM or SIGINT. Paths may begin with /0.1 or with /api/auth/0.1. The control routes below /_simulator/
show and change state, settings, mails, status, requests, events and faults; a browser shows them at /_simulator/.
";

struct Arguments {
    options: Options,
    certificate_file: Option<PathBuf>,
    port_file: Option<PathBuf>,
    exit_with_stdin: bool,
}

enum Wanted {
    Run(Box<Arguments>),
    Print(String),
}

fn main() -> ExitCode {
    match arguments().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("wazo-auth-simulator: {message}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Wanted, String> {
    let mut parser = lexopt::Parser::from_env();
    let (mut port, mut tls, mut tls_port) = (9497_u16, false, None);
    let (mut certificate_file, mut port_file, mut exit_with_stdin) = (None, None, false);
    let (mut faults, mut settings) = (Vec::new(), Vec::new());
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
            "--certificate-file" => certificate_file = Some(PathBuf::from(text()?)),
            "--port-file" => port_file = Some(PathBuf::from(text()?)),
            "--admin" => {
                let given = text()?;
                let (name, password) = given.split_once(':').ok_or("--admin: expected NAME:PASSWORD; see --help")?;
                options.admin = Some((name.into(), password.into()));
            }
            "--state" => {
                let path = text()?;
                let content = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
                options.state = Some(serde_json::from_slice(&content).map_err(|error| format!("{path}: {error}"))?);
            }
            "--settings" => settings.push(text()?),
            "--fault" => faults.push(text()?),
            "--mock" => options.mock = true,
            "--events" => options.events = Some(text()?),
            "--exit-with-stdin" => exit_with_stdin = true,
            "--help" | "-h" => return Ok(Wanted::Print(HELP.into())),
            "--version" | "-V" => {
                return Ok(Wanted::Print(format!("wazo-auth-simulator {}\n", env!("CARGO_PKG_VERSION"))));
            }
            unknown => return Err(format!("unknown option {unknown}; see --help")),
        }
    }
    if options.mock && options.events.is_some() {
        return Err("--mock: expected no --events; the mock has no sessions that begin or end".into());
    }
    if options.mock && (options.admin.is_some() || options.state.is_some()) {
        return Err(
            "--mock: expected neither --admin nor --state; the content of the mock is set with its control routes, \
                    and a login with any name and password succeeds"
                .into(),
        );
    }
    options.settings = settings;
    options.faults = Faults::from_arguments(&faults)?;
    if tls && tls_port.is_none() {
        (options.port, options.tls_port) = (None, Some(port));
    } else {
        (options.port, options.tls_port) = (Some(port), tls_port);
    }
    Ok(Wanted::Run(Box::new(Arguments { options, certificate_file, port_file, exit_with_stdin })))
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("expected a port number (0 to 65535), got {text:?}; see --help"))
}

fn run(wanted: Wanted) -> Result<(), String> {
    let arguments = match wanted {
        Wanted::Print(text) => {
            print!("{text}");
            return Ok(());
        }
        Wanted::Run(arguments) => *arguments,
    };
    let address = arguments.options.address;
    let simulator = Simulator::start_blocking(arguments.options).map_err(|error| error.to_string())?;
    if let Some(path) = arguments.certificate_file {
        std::fs::write(&path, simulator.certificate_pem()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let ports = [("http", simulator.port()), ("https", simulator.tls_port())];
    for (scheme, port) in ports.into_iter().filter(|(_, port)| *port != 0) {
        println!("listening on {scheme}://{}", std::net::SocketAddr::new(address, port));
    }
    // Whoever waits for the line reads from a pipe.
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    if let Some(path) = arguments.port_file {
        let port = if simulator.tls_port() == 0 { simulator.port() } else { simulator.tls_port() };
        std::fs::write(&path, format!("{port}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    wait_for_the_end(arguments.exit_with_stdin).map_err(|error| error.to_string())?;
    drop(simulator);
    Ok(())
}

/// Waits for a signal or, where it is wanted, the end of standard input; the thread that waits for the other one ends
/// with the process.
fn wait_for_the_end(exit_with_stdin: bool) -> std::io::Result<()> {
    let (end, ended) = mpsc::channel();
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let signalled = end.clone();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = signalled.send(());
        }
    });
    if exit_with_stdin {
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while matches!(std::io::stdin().read(&mut buffer), Ok(count) if count > 0) {}
            let _ = end.send(());
        });
    }
    ended.recv().map_err(std::io::Error::other)
}
