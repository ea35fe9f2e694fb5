//! The bridge to `tracing`: a subscriber sees what a logger sees. Run with `--features tracing`, without the C library,
//! whose features compile tracing out: `cargo test -p wazo-auth-client-rust --features tracing --test tracing`.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use support::scripted::Scripted;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Event, Metadata, Subscriber};
use wazo_auth_client::log::{Level, Record, Value, set_logger};
use wazo_auth_client::{Arguments, Client, Options};

type Fields = BTreeMap<String, String>;

/// Keeps the events of the library.
struct Keeps(Arc<Mutex<Vec<(String, Fields)>>>);

impl Subscriber for Keeps {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "wazo_auth_client"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Values<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Seen(Fields::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push((event.metadata().level().to_string(), fields.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Seen(Fields);

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

#[test]
fn a_subscriber_sees_the_same_records_as_a_logger_and_without_one_there_are_none() {
    let (kept, logged): (Arc<Mutex<Vec<_>>>, Arc<Mutex<Vec<_>>>) = Default::default();
    tracing::subscriber::set_global_default(Keeps(Arc::clone(&kept))).unwrap();
    let to = Arc::clone(&logged);
    let logger = move |record: &Record<'_>| {
        let mut fields = Fields::from([
            ("event".to_owned(), record.event.name.to_owned()),
            ("message".to_owned(), record.message.to_owned()),
        ]);
        for (name, value) in record.fields() {
            let shown = match value {
                Value::None => continue,
                Value::Text(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Flag(flag) => flag.to_string(),
            };
            fields.insert(name.to_owned(), shown);
        }
        let level = ["ERROR", "WARN", "INFO", "DEBUG"][record.level as usize - 1];
        to.lock().unwrap().push((level.to_owned(), fields));
    };
    let server = Scripted::start(|number, _| (if number == 1 { 503 } else { 200 }, String::new(), "{}".to_owned()));
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{}?retries=1", server.port)).unwrap();
    let client = Client::new(&options).unwrap();
    client.call_by_name("users.list", &Arguments::new()).unwrap();
    let alone = kept.lock().unwrap().len();
    assert_eq!(alone, 2, "a subscriber needs no logger");
    set_logger(Level::Debug, Some(Box::new(logger)));
    client.call_by_name("users.list", &Arguments::new()).unwrap();
    set_logger(Level::Error, None);
    let (kept, logged) = (kept.lock().unwrap(), logged.lock().unwrap());
    assert_eq!(kept[alone..], logged[..]);
    let levels: Vec<_> = logged.iter().map(|(level, _)| level.as_str()).collect();
    assert!(levels.contains(&"WARN") && levels.contains(&"DEBUG"), "{logged:?}");
}
