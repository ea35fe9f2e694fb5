//! The program: a simulator until it is told to stop.

mod arguments;

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;

use arguments::{Arguments, Wanted};
use wazo_auth_simulator::services::bus::Bus;
use wazo_auth_simulator::services::ldap::Servers;
use wazo_auth_simulator::services::mail::Smtp;
use wazo_auth_simulator::state::State;
use wazo_auth_simulator::{Simulator, seed};

/// The exit status for a wrong command line, as of most programs. 1 is for what went wrong with a right one.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let (status, message) = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Wanted::Print(text)) => {
            // Whoever reads only the beginning of it has closed the pipe.
            let _ = io::stdout().write_all(text.as_bytes());
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
        options.state = Some(read_state(&path).map_err(|error| format!("--state: {}: {error}", path.display()))?);
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
    // The files before the lines: whoever has read the lines finds the files.
    write("--certificate-file", certificate_file, simulator.certificate_pem())?;
    let port = if simulator.tls_port() == 0 { simulator.port() } else { simulator.tls_port() };
    write("--port-file", port_file, &format!("{port}\n"))?;
    let ports = [("http", simulator.port()), ("https", simulator.tls_port())];
    let lines = ports.into_iter().filter(|(_, port)| *port != 0);
    let lines = lines.map(|(scheme, port)| format!("listening on {scheme}://{}\n", SocketAddr::new(address, port)));
    let mut output = io::stdout();
    // Whoever waits for the lines reads from a pipe.
    output
        .write_all(lines.collect::<String>().as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| format!("standard output: {error}"))?;
    wait_for_the_end(exit_with_stdin).map_err(|error| error.to_string())?;
    drop(simulator);
    Ok(())
}

fn read_state(path: &Path) -> Result<State, String> {
    let content = std::fs::read(path).map_err(|error| error.to_string())?;
    seed::read(&content).map_err(|error| format!("{error}; GET /_simulator/state shows the format"))
}

/// Writes the file that an option names, if it was given.
fn write(option: &str, path: Option<PathBuf>, content: &str) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(&path, content).map_err(|error| format!("{option}: {}: {error}", path.display()))
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
