//! One case: a mode, a method, and a way to the server. The call that the server is evil to, and three that follow.

use crate::certificates::Certificates;
use crate::mode::{Family, Handshake, Method, Mode, TOGETHER, Way, Wire};
use crate::server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use wazo_auth_client::{Arguments, Client, Error, Options, Outcome, Queue};

/// How much later than its deadline a call may end: the machine may be busy.
const SLACK: Duration = Duration::from_secs(3);

/// How many panics there were in this process.
pub static PANICS: AtomicUsize = AtomicUsize::new(0);

/// What a case uses, and what it found.
struct Case<'a> {
    mode: &'a Mode,
    method: Method,
    queue: Option<Queue>,
    faults: Vec<String>,
}

/// Runs a case; what is wrong, a line each.
pub fn run(mode: &Mode, method: Method, way: Way, wire: Wire, certificates: &Arc<Certificates>) -> Vec<String> {
    let panics = PANICS.load(Ordering::SeqCst);
    let queue = (way == Way::Queued).then(|| Queue::new(8).unwrap());
    let mut case = Case { mode, method, queue, faults: Vec::new() };
    case.run(wire, certificates);
    drop(case.queue.take());
    let panics = PANICS.load(Ordering::SeqCst) - panics;
    if panics > 0 {
        case.faults.push(format!("{panics} panics"));
    }
    case.faults
}

impl Case<'_> {
    fn run(&mut self, wire: Wire, certificates: &Arc<Certificates>) {
        let mode = self.mode;
        let mut server = Server::start(mode, wire, certificates);
        let host = if let Handshake::NoName(name) = mode.handshake { name } else { "127.0.0.1" };
        let mut options = Options::new();
        let scheme = if wire == Wire::Plain { "http" } else { "https" };
        let separator = if mode.options.is_empty() { "" } else { "?" };
        options.set_url(&format!("{scheme}://{host}:{}/api/auth{separator}{}", server.port, mode.options)).unwrap();
        options.set("timeout_ms", "20000").unwrap();
        if wire != Wire::Plain {
            options.set("ca_file", certificates.ca_file.to_str().unwrap()).unwrap();
        }
        let client = Client::new(&options).unwrap();
        for number in 0..mode.after {
            self.expect_right(&client, Method::Get, 50 + number as u64, "before");
        }
        server.set_evil(true);

        let deadline = mode.deadline_ms.to_string();
        let hurried = client.with([("timeout_ms", deadline.as_str())]).unwrap();
        let begun = Instant::now();
        let outcome = match mode.together {
            None => self.call(&hurried, self.method, 100),
            Some(_) => self.call_together(&hurried),
        };
        let took = begun.elapsed();
        let begun = Instant::now();
        while mode.is_settled
            && server.shared.settled.load(Ordering::SeqCst) <= mode.after
            && begun.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.set_evil(false);
        if took > Duration::from_millis(mode.deadline_ms) + SLACK {
            self.faults.push(format!("it ended after {} ms, at a deadline of {deadline} ms", took.as_millis()));
        }
        self.judge(&outcome);
        let times = server.shared.seen.lock().unwrap().iter().filter(|number| **number == 100).count();
        if self.method == Method::Post && times > 1 && !mode.may_repeat {
            self.faults.push(format!("what changes was sent {times} times"));
        }

        if matches!(mode.handshake, Handshake::NoName(_)) {
            return;
        }
        // The odd number's answer is no: a yes is another's.
        for (method, number) in [(Method::Get, 101), (Method::Head, 103), (self.method, 104)] {
            self.expect_right(&client, method, number, "after");
        }
    }

    fn expect_right(&mut self, client: &Client, method: Method, number: u64, when: &str) {
        let which = format!("{} {number}, {when} it", method.name());
        match self.call(client, method, number) {
            Ok(outcome) => {
                let answered = outcome.header("x-number").unwrap_or("nobody").to_owned();
                if answered != number.to_string()
                    || (method == Method::Head && outcome.is_yes() != number.is_multiple_of(2))
                {
                    self.faults.push(format!("{which}: it has the answer of {answered}: {}", short(&outcome.json)));
                }
                if matches!(method, Method::Get | Method::Post) && !has_number(&outcome, number) {
                    self.faults.push(format!("{which}: it has another body: {}", short(&outcome.json)));
                }
            }
            Err(error) => self.faults.push(format!("{which}: {}", shown(&error))),
        }
    }

    fn call(&self, client: &Client, method: Method, number: u64) -> Result<Outcome, Error> {
        let (operation, arguments) = match method {
            Method::Get => ("token.get", Arguments::new().with("token", format!("t{number}"))),
            Method::Head => ("token.check", Arguments::new().with("token", format!("t{number}"))),
            Method::Post => ("groups.new", Arguments::new().with("name", format!("g{number}"))),
            Method::Delete => ("token.revoke", Arguments::new().with("token", format!("t{number}"))),
        };
        let Some(queue) = &self.queue else { return client.call_by_name(operation, &arguments) };
        queue.submit(client, operation, &arguments, 0)?;
        let Some(completion) = queue.next(Some(Duration::from_secs(60)))? else {
            // It has the library's thread: nothing more can be asked in this process.
            println!("no completion of {operation} came within a minute");
            std::process::exit(1);
        };
        completion.outcome
    }

    /// Several calls at once: the outcome of the first, when the others have been looked at.
    fn call_together(&mut self, client: &Client) -> Result<Outcome, Error> {
        let numbers = 100..100 + TOGETHER;
        let queue = self.queue.as_ref().expect("only queues have several calls over one connection");
        for number in numbers.clone() {
            let arguments = Arguments::new().with("token", format!("t{number}"));
            queue.submit(client, "token.get", &arguments, number)?;
        }
        let mut first = None;
        for _ in numbers {
            let completion = queue.next(Some(Duration::from_secs(60)))?.expect("each ends by its deadline");
            match (completion.user_data, completion.outcome) {
                (100, outcome) => first = Some(outcome),
                (number, Ok(outcome)) if has_number(&outcome, number as u64) => {}
                (number, Ok(outcome)) => self.faults.push(format!("{number} has the answer {}", short(&outcome.json))),
                (number, Err(error)) => self.faults.push(format!("{number}, beside it: {}", shown(&error))),
            }
        }
        first.expect("it ended")
    }

    /// The outcome of the call that the server was evil to.
    fn judge(&mut self, outcome: &Result<Outcome, Error>) {
        let expected = self.mode.expected[self.method as usize];
        let came = match outcome {
            Ok(_) => "ok".to_owned(),
            Err(error) if error.status() == 0 => error.kind.name().to_owned(),
            Err(error) => format!("{}:{}", error.kind.name(), error.status()),
        };
        if !expected.split('|').any(|expected| expected == came) {
            let what = outcome.as_ref().map_or_else(shown, |outcome| short(&outcome.json));
            self.faults.push(format!("expected {expected}, came {came}: {what}"));
        }
        match outcome {
            Ok(outcome) => {
                let answered = outcome.header("x-number").unwrap_or("nobody");
                if answered != "100" && !self.mode.may_lie {
                    self.faults.push(format!("it has the answer of {answered}"));
                }
                let has_body = matches!(self.method, Method::Get | Method::Post) && !self.mode.has_own_body;
                if has_body && !has_number(outcome, 100) {
                    self.faults.push(format!("it has another body: {}", short(&outcome.json)));
                }
            }
            Err(error) => {
                let in_doubt = !self.method.is_safe() && self.mode.in_doubt.unwrap_or_else(|| may_be_done(error));
                for (flag, is, should) in [
                    ("is_in_doubt", error.in_doubt, in_doubt),
                    ("is_retryable", error.is_retryable(), may_help(error)),
                    ("is_connecting", error.connecting, self.mode.is_connecting),
                ] {
                    if is != should && !(flag == "is_in_doubt" && self.mode.may_doubt && !self.method.is_safe()) {
                        self.faults.push(format!("{flag} is {is} at {}", shown(error)));
                    }
                }
                if error.message.lines().count() > 1 || error.message.chars().any(char::is_control) {
                    self.faults.push(format!("the message has control characters: {}", shown(error)));
                }
            }
        }
    }
}

/// Whether a request that got this far may have been carried out (docs/errors.md): everything that came back without an
/// answer, or with one that says nothing of it.
fn may_be_done(error: &Error) -> bool {
    match (error.kind.name(), error.status()) {
        ("timeout" | "too_large" | "protocol", 0) | ("unavailable", 502 | 504) => true,
        // A redirect leads elsewhere: this server did nothing.
        ("protocol", status) => !(300..400).contains(&status),
        _ => false,
    }
}

/// Whether the same call may succeed later.
fn may_help(error: &Error) -> bool {
    match error.kind.name() {
        "connect" | "timeout" | "unavailable" | "busy" => true,
        "protocol" => error.status() == 0,
        _ => false,
    }
}

fn has_number(outcome: &Outcome, number: u64) -> bool {
    outcome.json.contains(&format!("\"number\": {number}}}"))
}

fn short(text: &str) -> String {
    format!("{:?}", text.chars().take(200).collect::<String>())
}

fn shown(error: &Error) -> String {
    format!("{} {}", error.kind.name(), short(&error.message))
}

/// How a case is called: `http1/truncated-head/get/queued/tls`.
pub fn name(mode: &Mode, method: Method, way: Way, wire: Wire) -> String {
    let family = match mode.family {
        Family::Http1 => "http1",
        Family::Http2 => "http2",
        Family::Tls => "tls",
        Family::Connect => "connect",
    };
    let way = if way == Way::Blocking { "blocking" } else { "queued" };
    let wire = ["plain", "tls", "http2"][wire as usize];
    format!("{family}/{}/{}/{way}/{wire}", mode.name, method.name())
}
