//! What others plug into the client: a source of tokens, and a logger.
//!
//! The logger is the process's, so these tests are a program of their own.

mod support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::Simulator;
use wazo_auth_client::log::{Level, Record, Value, set_logger};
use wazo_auth_client::secret::Secret;
use wazo_auth_client::{Arguments, Client, ErrorKind, Options, Queue, TokenSource};

const PASSWORD: &str = "s3cr3t-passw0rd";

fn client(server: &Simulator) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://admin:{PASSWORD}@127.0.0.1:{}", server.port)).unwrap();
    Client::new(&options).unwrap()
}

fn token(client: &Client) -> String {
    let answer = client.call_by_name("token.new", &Arguments::new()).unwrap().json;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

/// Gives the tokens one after the other, and keeps what it hears of rejected ones.
#[derive(Default)]
struct Tokens {
    next: Mutex<VecDeque<String>>,
    rejected: Mutex<Vec<String>>,
}

impl TokenSource for Tokens {
    fn token(&self) -> Option<Secret> {
        self.next.lock().unwrap().pop_front().map(Secret)
    }

    fn rejected(&self, token: &Secret) {
        self.rejected.lock().unwrap().push(token.0.clone());
    }
}

const UNKNOWN: &str = "0ec4e97a-4087-4511-ab10-3d5836be455d";

#[test]
fn a_token_source_is_asked_for_each_call_and_hears_of_the_token_that_was_rejected() {
    let server = Simulator::start(PASSWORD);
    let client = client(&server);
    let good = token(&client);
    let source = Arc::new(Tokens::default());
    source.next.lock().unwrap().extend([good.clone(), UNKNOWN.to_owned(), good.clone()]);
    let with_source = client.with_token_source(Arc::clone(&source) as Arc<dyn TokenSource>);
    let list = |client: &Client| client.call_by_name("users.list", &Arguments::new());
    assert!(list(&with_source).is_ok());
    let error = list(&with_source).unwrap_err();
    assert!(error.is_token_invalid(), "{error}");
    assert!(!format!("{error} {}", error.to_json()).contains(UNKNOWN), "{error}");
    assert!(list(&with_source).is_ok());
    assert_eq!(*source.rejected.lock().unwrap(), [UNKNOWN]);
    // It has none left: the client's own token is sent, which is none here.
    assert!(list(&with_source).is_err());
    assert_eq!(source.rejected.lock().unwrap().len(), 1, "only a token of its own concerns it");
    // Another 401 is no reason to renew.
    source.next.lock().unwrap().push_back(good);
    let elsewhere = Arguments::new().with("tenant_uuid", UNKNOWN);
    let error = with_source.call_by_name("users.list", &elsewhere).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TenantUnauthorized, "{error}");
    assert_eq!(source.rejected.lock().unwrap().len(), 1);
}

#[test]
fn a_logger_gets_one_record_for_each_call_that_ended_and_no_secret() {
    let server = Simulator::start(PASSWORD);
    let client = client(&server);
    let good = token(&client);
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let (to, own) = (Arc::clone(&lines), server.port.to_string());
    let write = move |record: &Record<'_>| {
        // The other test of this program talks to another server.
        let is_own = matches!(record.field("server"), Some(Value::Text(server)) if server.ends_with(&own));
        if is_own && record.event.name == "call.ended" {
            to.lock().unwrap().push(format!("{:?} {record}", record.field("operation").unwrap()));
        }
    };
    set_logger(Level::Debug, Some(Box::new(write)));
    client.set("token", &good).unwrap();
    client.call_by_name("users.list", &Arguments::new()).unwrap();
    client.set("token", UNKNOWN).unwrap();
    client.call_by_name("users.get", &Arguments::new().with("user_uuid", "alice")).unwrap_err();
    let queue = Queue::new(1).unwrap();
    queue.submit_token_check(&client, UNKNOWN, None, None, 0).unwrap();
    assert!(queue.next(Some(Duration::from_secs(30))).unwrap().unwrap().outcome.unwrap().is_no());
    set_logger(Level::Debug, None);
    client.call_by_name("users.list", &Arguments::new()).unwrap_err();
    let lines = lines.lock().unwrap().join("\n");
    for expected in ["users.list: 200 after ", "token.check: 404 after "] {
        assert!(lines.contains(expected), "{lines}");
    }
    let failed: Vec<_> = lines.lines().filter(|line| line.contains("users.get\"")).collect();
    assert_eq!(failed.len(), 1, "{lines}");
    assert!(failed[0].contains(", not_found)"), "{lines}");
    assert!(![&good, UNKNOWN, PASSWORD].iter().any(|secret| lines.contains(*secret)), "{lines}");
}
