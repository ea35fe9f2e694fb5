//! The evil server: peers that break every rule of HTTP/1, HTTP/2, TLS and TCP, and what the client must make of them.
//!
//!     cargo test --test evil                        each mode once, its combinations in turn (what `make test` does)
//!     cargo test --test evil -- --full              every combination (`make test-faults`)
//!     cargo test --test evil -- http1/truncated     what has this in its name, every combination
//!     cargo test --test evil -- --list              the names of the modes
//!
//! Every case has a process for its own calls, one after the other: a call that hangs the library's thread holds up no other
//! case, and a process that dies has a name. Lines and counts as in tests/support/report.py.

mod case;
mod certificates;
mod connect_modes;
mod frames;
mod hpack;
mod http1_body;
mod http1_content;
mod http1_head;
mod http1_time;
mod http2_flow;
mod http2_headers;
mod http2_modes;
mod mode;
mod server;
mod tls_modes;
mod wire;

use case::PANICS;
use certificates::Certificates;
use mode::{Method, Mode, Way, Wire};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many cases run at once. They wait for most of their time.
const AT_ONCE: usize = 32;

type Combination = (Method, Way, Wire);

fn modes() -> Vec<Mode> {
    [
        http1_head::modes(),
        http1_body::modes(),
        http1_content::modes(),
        http1_time::modes(),
        http2_modes::modes(),
        http2_headers::modes(),
        http2_flow::modes(),
        tls_modes::modes(),
        connect_modes::modes(),
    ]
    .concat()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let modes = modes();
    if has("--serve-cases") {
        return serve_cases(&modes);
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let cases: Vec<(String, String)> = modes
        .iter()
        .enumerate()
        .flat_map(|(index, mode)| {
            let all = mode.combinations();
            let is_full = has("--full") || !wanted.is_empty() || mode.was_fault;
            let chosen: Vec<Combination> =
                if is_full { all } else { all.get(index % all.len()).into_iter().copied().collect() };
            let named = move |(method, way, wire)| case::name(mode, method, way, wire);
            chosen.into_iter().map(move |combination| (of_mode(mode), named(combination)))
        })
        .filter(|(_, name)| is_wanted(name))
        .collect();
    if has("--list") {
        let mut names: Vec<&String> = cases.iter().map(|(mode, _)| mode).collect();
        names.dedup();
        for name in names {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    run_all(&cases)
}

fn of_mode(mode: &Mode) -> String {
    let name = case::name(mode, Method::Get, Way::Blocking, Wire::Plain);
    name.split('/').take(2).collect::<Vec<_>>().join("/")
}

/// Runs the cases, and reports mode by mode.
fn run_all(cases: &[(String, String)]) -> ExitCode {
    let begun = Instant::now();
    // The longest first would be better; that they wait is all that is known of them.
    let waiting = Mutex::new(cases.iter());
    let found: Mutex<Vec<(String, Vec<String>)>> = Mutex::default();
    let count: usize = std::env::var("EVIL_AT_ONCE").ok().and_then(|count| count.parse().ok()).unwrap_or(AT_ONCE);
    std::thread::scope(|scope| {
        for _ in 0..count.min(cases.len()) {
            scope.spawn(|| {
                let mut helper = Helper::start();
                loop {
                    let Some((_, name)) = waiting.lock().unwrap().next() else { break };
                    let faults = helper.run(name);
                    found.lock().unwrap().push((name.clone(), faults));
                }
            });
        }
    });
    let found: std::collections::HashMap<String, Vec<String>> = found.into_inner().unwrap().into_iter().collect();
    let (mut passed, mut failed, mut done) = (0, 0, 0);
    for of_mode in cases.chunk_by(|left, right| left.0 == right.0) {
        let faults: Vec<(&String, &String)> =
            of_mode.iter().flat_map(|(_, name)| found[name].iter().map(move |fault| (name, fault))).collect();
        let bad = of_mode.iter().filter(|(_, name)| !found[name].is_empty()).count();
        done += of_mode.len();
        for (name, fault) in &faults {
            println!("#   {}: {fault}", name.splitn(3, '/').nth(2).unwrap_or_default());
        }
        if bad == 0 {
            passed += 1;
            println!("ok - {} ({} cases)", of_mode[0].0, of_mode.len());
        } else {
            failed += 1;
            println!("not ok - {} ({bad} of {} cases)", of_mode[0].0, of_mode.len());
        }
    }
    println!("# {done} cases of {} modes in {:.0} s", passed + failed, begun.elapsed().as_secs_f64());
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A process that runs cases.
struct Helper {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Helper {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg("--serve-cases")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    fn run(&mut self, name: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let input = self.process.stdin.as_mut().unwrap();
        if writeln!(input, "{name}").and_then(|()| input.flush()).is_ok() {
            let mut line = String::new();
            while self.lines.read_line(&mut line).is_ok_and(|count| count > 0) {
                let text = line.trim_end();
                if text == "done" {
                    return faults;
                }
                faults.push(text.to_owned());
                line.clear();
            }
        }
        let status = self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        faults.push(format!("the process ended: {status}"));
        *self = Self::start();
        faults
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The other side: reads names of cases, and writes what was wrong with each, then `done`.
fn serve_cases(modes: &[Mode]) -> ExitCode {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        default(panic);
    }));
    // Who hangs beyond every deadline is ended, so that the run comes to its end.
    let certificates = Arc::new(Certificates::new(Path::new(env!("CARGO_TARGET_TMPDIR"))));
    let running: Arc<Mutex<Option<Instant>>> = Arc::default();
    let watched = Arc::clone(&running);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            if watched.lock().unwrap().is_some_and(|begun| begun.elapsed() > Duration::from_secs(120)) {
                println!("it did not end within two minutes");
                std::process::exit(1);
            }
        }
    });
    for name in std::io::stdin().lines().map_while(Result::ok) {
        let case = modes.iter().find_map(|mode| {
            let mut all = mode.combinations().into_iter();
            all.find(|(method, way, wire)| case::name(mode, *method, *way, *wire) == name).map(|found| (mode, found))
        });
        *running.lock().unwrap() = Some(Instant::now());
        match case {
            Some((mode, (method, way, wire))) => {
                for fault in case::run(mode, method, way, wire, &certificates) {
                    println!("{fault}");
                }
            }
            None => println!("there is no case of this name"),
        }
        *running.lock().unwrap() = None;
        println!("done");
    }
    ExitCode::SUCCESS
}
