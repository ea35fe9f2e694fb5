//! The simulator against the recording of a real wazo-auth: for each recorded exchange the state that it needs is
//! made, the request is sent over a loopback socket, and the answer is compared.
//!
//! `cargo test -p wazo-auth-simulator --test conformance` prints the count, and names what differs; with
//! `CONFORMANCE_LINE=160` it walks that line alone, and prints both answers if it fails or with `-- --nocapture`.

mod chains;
mod compare;
mod derive;
mod exchange;
mod http;
mod not_reproduced;
mod recipes;
mod world;

use std::io::Write as _;
use std::net::SocketAddr;

use compare::Comparison;
use derive::world_for;
use exchange::Exchange;
use http::{Answer, send};
use not_reproduced::NOT_REPRODUCED;
use wazo_auth_simulator::{Options, Simulator};

/// How many exchanges may stand in the list of those that are not reproduced.
const MOST_NOT_REPRODUCED: usize = 19;

/// Prints, also where the test passes: the test harness holds back only what the macros print.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Makes the state, sends the request, compares. Says what differs.
fn walk(server: SocketAddr, exchange: &Exchange) -> Vec<String> {
    let state = serde_json::to_string(&world_for(exchange).state).expect("the state as JSON");
    match put_state(server, &state).and_then(|()| ask(server, exchange)) {
        Ok(came) => {
            if std::env::var_os("CONFORMANCE_LINE").is_some() {
                println!("recorded: {} {:?}\n{}", exchange.status, exchange.response_headers, exchange.response_body);
                println!("came: {} {:?}\n{}", came.status, came.headers, String::from_utf8_lossy(&came.body));
            }
            let sent = exchange.request_body.as_deref().unwrap_or_default();
            let known = format!("{state} {} {sent}", exchange.target);
            Comparison { recorded: exchange, known: &known }.differences(&came)
        }
        Err(problem) => vec![problem],
    }
}

fn put_state(server: SocketAddr, state: &str) -> Result<(), String> {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let answer = send(server, "PUT", "/_simulator/state", &headers, Some(state))?;
    if answer.status < 300 {
        Ok(())
    } else {
        Err(format!("the state was refused: {} {}", answer.status, String::from_utf8_lossy(&answer.body)))
    }
}

fn ask(server: SocketAddr, exchange: &Exchange) -> Result<Answer, String> {
    let body = exchange.request_body.as_deref();
    send(server, &exchange.method, &exchange.target, &exchange.request_headers, body)
}

/// The lines to walk: all, or the one that the environment names.
fn chosen() -> Vec<Exchange> {
    let only = std::env::var("CONFORMANCE_LINE").ok();
    let only = only.map(|text| text.parse::<usize>().expect("CONFORMANCE_LINE is the number of a line"));
    Exchange::all().into_iter().filter(|exchange| only.is_none_or(|line| exchange.line == line)).collect()
}

#[test]
fn the_simulator_answers_as_the_recorded_server_did() {
    let simulator = Simulator::start_blocking(Options::default()).expect("the simulator starts");
    let server = SocketAddr::from(([127, 0, 0, 1], simulator.port()));
    let outcomes = chosen().into_iter().map(|exchange| (exchange.line, exchange.title(), walk(server, &exchange)));
    let outcomes = outcomes.collect::<Vec<_>>();

    let (mut reproduced, mut failures, mut outdated) = (0, Vec::new(), Vec::new());
    for (line, title, differences) in &outcomes {
        let reason = NOT_REPRODUCED.iter().find(|(listed, _)| listed == line).map(|(_, reason)| reason);
        match (differences.is_empty(), reason) {
            (true, None) => reproduced += 1,
            (true, Some(_)) => outdated.push(title.clone()),
            (false, Some(reason)) => say(&format!("not reproduced: {title}: {reason}")),
            (false, None) => failures.push(format!("{title}\n    {}", differences.join("\n    "))),
        }
    }
    say(&format!("{reproduced} of {} recorded exchanges are reproduced", outcomes.len()));
    assert!(
        failures.is_empty(),
        "{} exchanges differ from the recorded ones:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(outdated.is_empty(), "listed as not reproduced, but they are: {outdated:#?}");
}

#[test]
fn few_exchanges_are_left_out_and_each_for_a_reason() {
    assert!(NOT_REPRODUCED.len() <= MOST_NOT_REPRODUCED, "{} are left out", NOT_REPRODUCED.len());
    for (line, reason) in NOT_REPRODUCED {
        assert!(!reason.is_empty(), "line {line} is left out without a reason");
        assert!(*line >= 1 && *line <= Exchange::all().len(), "line {line} is not in the recording");
    }
}
