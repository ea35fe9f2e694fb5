//! The program: a simulator until it is told to stop.

mod arguments;

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;

use arguments::{Arguments, Wanted};
use wazo_auth_simulator::Simulator;
use wazo_auth_simulator::services::bus::Bus;
use wazo_auth_simulator::services::ldap::Servers;
use wazo_auth_simulator::services::mail::Smtp;
use wazo_auth_simulator::state::State;

/// The exit status for a wrong command line, as of most programs. 1 is for what went wrong with a right one.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let (status, message) = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Wanted::Print(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Ok(Wanted::Run(arguments)) => match run(*arguments) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(message) => (ExitCode::FAILURE, message),
        },
        Err(message) => (ExitCode::from(USAGE), message),
    };
    eprintln!("wazo-auth-simulator: {message}");
    status
}

fn run(arguments: Arguments) -> Result<(), String> {
    let Arguments { mut options, state_file, certificate_file, port_file, exit_with_stdin, events, smtp, ldap } =
        arguments;
    if let Some(path) = state_file {
        options.state = Some(read_state(&path)?);
    }
    if let Some(url) = events {
        options.publishers.push(Box::new(Bus::connect(&url).map_err(|error| error.to_string())?));
    }
    if let Some(server) = smtp {
        options.outside.mailer = Some(Box::new(Smtp::connect(&server).map_err(|error| error.to_string())?));
    }
    if ldap {
        options.outside.ldap = Some(Box::new(Servers));
    }
    let address = options.address;
    let simulator = Simulator::start_blocking(options).map_err(|error| error.to_string())?;
    if let Some(path) = certificate_file {
        std::fs::write(&path, simulator.certificate_pem()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let ports = [("http", simulator.port()), ("https", simulator.tls_port())];
    for (scheme, port) in ports.into_iter().filter(|(_, port)| *port != 0) {
        println!("listening on {scheme}://{}", std::net::SocketAddr::new(address, port));
    }
    // Whoever waits for the line reads from a pipe.
    io::stdout().flush().map_err(|error| error.to_string())?;
    if let Some(path) = port_file {
        let port = if simulator.tls_port() == 0 { simulator.port() } else { simulator.tls_port() };
        std::fs::write(&path, format!("{port}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    wait_for_the_end(exit_with_stdin).map_err(|error| error.to_string())?;
    drop(simulator);
    Ok(())
}

fn read_state(path: &Path) -> Result<State, String> {
    let content = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&content).map_err(|error| format!("{}: {error}", path.display()))
}

/// Waits for a signal or, where it is wanted, the end of standard input; the threads that wait for them end with the
/// process.
fn wait_for_the_end(exit_with_stdin: bool) -> io::Result<()> {
    let (end, ended) = mpsc::channel();
    #[cfg(unix)]
    send_at_signal(end.clone())?;
    // Windows ends a program at Ctrl-C by itself; as long as this sender is there, nothing else does.
    let _end = end.clone();
    if exit_with_stdin {
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while matches!(io::stdin().read(&mut buffer), Ok(count) if count > 0) {}
            let _ = end.send(());
        });
    }
    ended.recv().map_err(io::Error::other)
}

#[cfg(unix)]
fn send_at_signal(end: mpsc::Sender<()>) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = end.send(());
        }
    });
    Ok(())
}
