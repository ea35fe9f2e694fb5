//! What the table says of results is what the real server sent.
//!
//! The recordings (`tests/data/exchanges.jsonl`) are the measure: a field that a recorded answer has and the table has
//! not is a fault, and so is the reverse. What the table claims beyond the recordings is listed here, with its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::{Value, json};
use wazo_auth_client::operations::result::{member, record};
use wazo_auth_client::operations::{self, Field, Operation, Record, Shape, Type};

/// How many recorded answers there are that a caller gets JSON of. It may only grow.
const RECORDED_ANSWERS: usize = 61;

/// Operations with a JSON result that no recorded exchange shows. It may only shrink.
const NOT_RECORDED: &[(&str, &str)] = &[
    ("saml.sso", "it needs an identity provider; the reference client's recorded calls show the two fields"),
    ("saml.logout", "it needs an identity provider; the reference client's recorded calls show the field"),
    ("config.get", "it needs a token of the top tenant; the reference client's recorded calls show one field"),
    ("config.patch", "it needs a token of the top tenant; its documentation names the two fields that can be changed"),
];

/// What the table claims of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// There is such a field, with a value of this type.
    Value,
    /// It may be missing.
    Optional,
    /// It may be null.
    Nullable,
    /// The record may have fields beyond those described.
    Open,
}
use Claim::{Nullable, Open, Optional, Value as HasValue};

const WRITABLE: &str = "recorded as null; the request that sets it takes a text";
const NO_LDAP: &str = "the server answers nulls where there is no configuration";
const CALLS: &str = "the reference client's recorded calls";
const MAIL: &str = "the token of a mail belongs to no user (simulator, from the server's code)";
const PHONE: &str = "only users of the purpose `user` have a telephone account (simulator, from the server's code)";
const MOBILE: &str = "all six fields are answered, whichever were given (simulator, from the server's code)";
const PATCH: &str = "`config.patch` changes it; the rest of the configuration is not described";

/// The claims that no recorded exchange shows, and where they come from. It may only shrink.
const BEYOND_THE_RECORDINGS: &[(&str, Claim, &str)] = &[
    ("Address.city", HasValue, WRITABLE),
    ("Address.country", HasValue, WRITABLE),
    ("Address.line_1", HasValue, WRITABLE),
    ("Address.line_2", HasValue, WRITABLE),
    ("Address.state", HasValue, WRITABLE),
    ("Address.zip_code", HasValue, WRITABLE),
    ("Configuration", Open, CALLS),
    ("Configuration.debug", HasValue, CALLS),
    ("Configuration.debug", Optional, PATCH),
    ("Configuration.profiling_enabled", HasValue, PATCH),
    ("Configuration.profiling_enabled", Optional, PATCH),
    ("ExternalConfiguration", Open, "the server keeps any object that it is given"),
    ("ExternalData.apns_call_topic", Nullable, MOBILE),
    ("ExternalData.apns_default_topic", Nullable, MOBILE),
    ("ExternalData.apns_notification_token", Nullable, MOBILE),
    ("ExternalData.apns_token", Nullable, MOBILE),
    ("ExternalData.apns_voip_token", Nullable, MOBILE),
    ("ExternalData.token", Nullable, MOBILE),
    ("LdapConfiguration.bind_dn", HasValue, WRITABLE),
    ("LdapConfiguration.host", Nullable, NO_LDAP),
    ("LdapConfiguration.port", Nullable, NO_LDAP),
    ("LdapConfiguration.protocol_security", HasValue, WRITABLE),
    ("LdapConfiguration.protocol_version", Nullable, NO_LDAP),
    ("LdapConfiguration.search_filters", HasValue, WRITABLE),
    ("LdapConfiguration.user_base_dn", Nullable, NO_LDAP),
    ("LdapConfiguration.user_email_attribute", Nullable, NO_LDAP),
    ("LdapConfiguration.user_login_attribute", Nullable, NO_LDAP),
    ("SamlLogin.location", HasValue, CALLS),
    ("SamlLogin.saml_session_id", HasValue, CALLS),
    ("Tenant.contact", HasValue, WRITABLE),
    ("Tenant.phone", HasValue, WRITABLE),
    ("Token.refresh_token", HasValue, "an `offline` login answers it; none is recorded"),
    ("Token.xivo_user_uuid", Nullable, PHONE),
    ("Token.xivo_uuid", Nullable, MAIL),
    ("TokenMetadata", Open, "plugins of the server fill it; those of the recorded server fill just these fields"),
    ("TokenMetadata.auth_id", Optional, CALLS),
    ("TokenMetadata.pbx_user_uuid", Nullable, PHONE),
    ("TokenMetadata.pbx_user_uuid", Optional, CALLS),
    ("TokenMetadata.purpose", Optional, CALLS),
    ("TokenMetadata.uuid", Optional, MAIL),
    ("TokenMetadata.xivo_uuid", Optional, CALLS),
    ("User.firstname", HasValue, WRITABLE),
    ("User.lastname", HasValue, WRITABLE),
];

/// Results with `items` and `total` that come whole.
const NOT_PAGED: &[&str] = &["tenants.get_domains", "idp.list"];

/// One recorded exchange.
struct Exchange {
    method: String,
    /// The path below the API's version.
    path: String,
    status: u64,
    body: String,
}

fn exchanges() -> impl Iterator<Item = Exchange> {
    include_str!("data/exchanges.jsonl").lines().map(|line| {
        let exchange: Value = serde_json::from_str(line).expect("a line is a JSON object");
        let text = |name: &str| exchange[name].as_str().unwrap_or_default().to_owned();
        let target = text("target");
        let path = target.split('?').next().and_then(|path| path.strip_prefix("/0.1")).expect("a path of version 0.1");
        Exchange {
            method: text("method"),
            path: path.to_owned(),
            status: exchange["status"].as_u64().expect("a status"),
            body: text("response_body"),
        }
    })
}

/// The operation that a request is of. Where several paths fit, literal segments win over placeholders.
fn operation_of(method: &str, path: &str) -> Option<&'static Operation> {
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |operation: &&Operation| {
        let pattern: Vec<&str> = operation.path.split('/').collect();
        operation.method.as_str() == method
            && pattern.len() == segments.len()
            && pattern.iter().zip(&segments).all(|(wanted, segment)| wanted.starts_with('{') || wanted == segment)
    };
    let placeholders =
        |operation: &&Operation| operation.path.split('/').map(|part| part.starts_with('{')).collect::<Vec<_>>();
    operations::all().filter(fits).min_by_key(placeholders)
}

/// Whether the caller gets JSON of the server's.
fn is_json(operation: &Operation) -> bool {
    matches!(operation.result, Shape::Json | Shape::JsonOrNothing | Shape::Member(_))
}

fn in_words(kind: Type) -> String {
    match kind {
        Type::Text => "a text".into(),
        Type::Integer => "an integer".into(),
        Type::Number => "a number".into(),
        Type::Boolean => "a Boolean".into(),
        Type::Any => "any value".into(),
        Type::List(_) => "a list".into(),
        Type::Map(_) => "an object".into(),
        Type::Record(record) => format!("an object ({})", record.name),
    }
}

/// What a walk through recorded answers finds.
#[derive(Default)]
struct Findings {
    /// What the table does not allow, in words.
    faults: Vec<String>,
    /// What of the table's claims was seen.
    seen: BTreeSet<(String, Claim)>,
}

impl Findings {
    fn fault(&mut self, at: &str, expected: &str, came: impl Display) {
        self.faults.push(format!("{at}: expected {expected}, got {came}"));
    }

    fn check(&mut self, kind: Type, value: &Value, at: &str) {
        match kind {
            Type::Any => {}
            Type::Text if value.is_string() => {}
            Type::Integer if value.is_i64() || value.is_u64() => {}
            Type::Number if value.is_number() => {}
            Type::Boolean if value.is_boolean() => {}
            Type::List(item) if value.is_array() => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(*item, value, &format!("{at}[{index}]"));
                }
            }
            Type::Map(item) if value.is_object() => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    self.check(*item, value, &format!("{at}[{name:?}]"));
                }
            }
            Type::Record(record) if value.is_object() => self.check_record(record, value, at),
            other => self.fault(at, &in_words(other), value),
        }
    }

    fn check_record(&mut self, record: &Record, value: &Value, at: &str) {
        for Field { name, kind, optional, nullable, .. } in record.fields {
            let at = format!("{at}.{name}");
            let claim = format!("{}.{name}", record.name);
            match value.get(name) {
                None if *optional => _ = self.seen.insert((claim, Optional)),
                None => self.fault(&at, &format!("{} (the field is not optional)", in_words(*kind)), "nothing"),
                Some(Value::Null) if *nullable => _ = self.seen.insert((claim, Nullable)),
                Some(value) => {
                    self.check(*kind, value, &at);
                    self.seen.insert((claim, HasValue));
                }
            }
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            if record.fields.iter().any(|field| field.name == name) {
                continue;
            }
            if record.open {
                self.seen.insert((record.name.to_owned(), Open));
            } else {
                self.fault(&format!("{at}.{name}"), &format!("no such field in {}", record.name), value);
            }
        }
    }
}

/// Holds each recorded answer against the table: the findings, and the operation of each answer.
fn walk() -> (Findings, Vec<&'static str>) {
    let mut findings = Findings::default();
    let mut checked = Vec::new();
    for exchange in exchanges().filter(|exchange| (200..300).contains(&exchange.status)) {
        let operation = operation_of(&exchange.method, &exchange.path)
            .unwrap_or_else(|| panic!("{} {} is of no operation", exchange.method, exchange.path));
        let name = operation.name;
        if !is_json(operation) || (operation.result == Shape::JsonOrNothing && exchange.body.is_empty()) {
            continue;
        }
        let body: Value = serde_json::from_str(&exchange.body)
            .unwrap_or_else(|error| panic!("{name}: expected JSON, got {:?}: {error}", exchange.body));
        let (given, at) = match operation.result {
            Shape::Member(names) => {
                let member = names.iter().find(|member| body.get(*member).is_some());
                let member = member.unwrap_or_else(|| panic!("{name}: expected one of {names:?}, got {body}"));
                (&body[*member], format!("{name}: $.{member}"))
            }
            _ => (&body, format!("{name}: $")),
        };
        let kind = operation.returns.unwrap_or_else(|| panic!("{name}: its result is not described"));
        findings.check(kind, given, &at);
        checked.push(name);
    }
    (findings, checked)
}

/// Every record of the table by its name, those inside others too.
fn records() -> BTreeMap<&'static str, &'static Record> {
    fn collect(kind: Type, found: &mut BTreeMap<&'static str, &'static Record>) {
        match kind {
            Type::List(item) | Type::Map(item) => collect(*item, found),
            Type::Record(record) => {
                if let Some(known) = found.insert(record.name, record) {
                    assert!(std::ptr::eq(known, record), "two records are called {}", record.name);
                    return;
                }
                for field in record.fields {
                    collect(field.kind, found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for kind in operations::all().filter_map(|operation| operation.returns) {
        collect(kind, &mut found);
    }
    found
}

#[test]
fn every_recorded_answer_is_what_the_table_says() {
    let (findings, checked) = walk();
    println!(
        "{} recorded answers checked, of {} operations",
        checked.len(),
        checked.iter().collect::<BTreeSet<_>>().len()
    );
    assert!(findings.faults.is_empty(), "\n{}\n", findings.faults.join("\n"));
    assert!(checked.len() >= RECORDED_ANSWERS, "only {} recorded answers were checked", checked.len());
}

#[test]
fn a_difference_is_found_and_told_by_its_place() {
    static INNER: Record =
        record("Inner", "", &[member("n", Type::Integer, "").optional(), member("t", Type::Text, "").nullable()]);
    static OUTER: Record = record("Outer", "", &[member("list", Type::List(&Type::Record(&INNER)), "")]);
    static OPEN: Record = record("Open", "", &[member("map", Type::Map(&Type::Boolean), "")]).open();
    let faults = |record, value| {
        let mut findings = Findings::default();
        findings.check(Type::Record(record), &value, "$");
        findings.faults.join("; ")
    };
    assert_eq!(faults(&OUTER, json!({"list": [{"n": 1, "t": null}, {"t": "x"}]})), "");
    assert_eq!(faults(&OUTER, json!({"list": [{"t": 2}]})), "$.list[0].t: expected a text, got 2");
    assert_eq!(faults(&OUTER, json!({"list": [{"t": "", "n": 0.5}]})), "$.list[0].n: expected an integer, got 0.5");
    assert_eq!(faults(&OUTER, json!({"list": [{"t": "", "n": null}]})), "$.list[0].n: expected an integer, got null");
    assert_eq!(
        faults(&OUTER, json!({"list": [{}]})),
        "$.list[0].t: expected a text (the field is not optional), got nothing"
    );
    assert_eq!(
        faults(&OUTER, json!({"list": [{"t": "", "z": 1}]})),
        "$.list[0].z: expected no such field in Inner, got 1"
    );
    assert_eq!(faults(&OUTER, json!({"list": {}})), "$.list: expected a list, got {}");
    assert_eq!(faults(&OUTER, json!([])), "$: expected an object (Outer), got []");
    assert_eq!(faults(&OPEN, json!({"map": {"a": true}, "more": 1})), "");
    assert_eq!(faults(&OPEN, json!({"map": {"a": 1}})), "$.map[\"a\"]: expected a Boolean, got 1");
}

#[test]
fn the_operations_that_no_recording_shows_are_known() {
    let checked: BTreeSet<&str> = walk().1.into_iter().collect();
    let missing: BTreeSet<&str> =
        operations::all().filter(|o| is_json(o) && !checked.contains(o.name)).map(|o| o.name).collect();
    assert_eq!(missing, NOT_RECORDED.iter().map(|(name, _)| *name).collect());
}

#[test]
fn a_claim_that_no_recording_shows_has_a_source() {
    let seen = walk().0.seen;
    let mut claims = BTreeSet::new();
    for record in records().values() {
        if record.open {
            claims.insert((record.name.to_owned(), Open));
        }
        for field in record.fields {
            let name = format!("{}.{}", record.name, field.name);
            let made = [(HasValue, true), (Optional, field.optional), (Nullable, field.nullable)];
            claims.extend(made.into_iter().filter(|(_, made)| *made).map(|(claim, _)| (name.clone(), claim)));
        }
    }
    let unseen: BTreeSet<_> = claims.difference(&seen).cloned().collect();
    let listed: BTreeSet<_> =
        BEYOND_THE_RECORDINGS.iter().map(|(name, claim, _)| ((*name).to_owned(), *claim)).collect();
    let without_source: Vec<_> = unseen.difference(&listed).collect();
    let needless: Vec<_> = listed.difference(&unseen).collect();
    assert!(without_source.is_empty(), "no recording shows, and the list does not name: {without_source:?}");
    assert!(needless.is_empty(), "to be taken off the list: {needless:?}");
}

#[test]
fn every_result_is_described_and_nothing_else() {
    for operation in operations::all() {
        let fits = match operation.result {
            Shape::Nothing | Shape::Question => operation.returns.is_none(),
            Shape::Text | Shape::Location => matches!(operation.returns, Some(Type::Text)),
            Shape::Json | Shape::JsonOrNothing | Shape::Member(_) => operation.returns.is_some(),
        };
        assert!(fits, "{}: {:?} is described as {:?}", operation.name, operation.result, operation.returns);
    }
}

#[test]
fn every_record_and_field_is_documented() {
    // The texts go into comments of C and strings of Python: nothing that ends either.
    let plain = |text: &str| !["  ", "*/", "\\", "\"\"\"", "\n"].iter().any(|bad| text.contains(bad));
    let is_sentence = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.strip_suffix('.').is_some_and(|text| !text.ends_with('.') && !text.contains(". "))
            && plain(text)
    };
    for (name, record) in records() {
        let is_camel_case = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(is_camel_case, "{name} is not in CamelCase");
        assert!(is_sentence(record.doc), "{name}: {:?}", record.doc);
        let mut names = BTreeSet::new();
        for field in record.fields {
            assert!(names.insert(field.name), "{name}.{} is there twice", field.name);
            assert!(is_sentence(field.doc), "{name}.{}: {:?}", field.name, field.doc);
        }
    }
}

#[test]
fn what_is_read_page_by_page_is_a_page() {
    let field = |record: &Record, name: &str| record.fields.iter().find(|field| field.name == name).map(|f| f.kind);
    for operation in operations::all() {
        let is_page = matches!(operation.returns, Some(Type::Record(record))
            if matches!(field(record, "items"), Some(Type::List(_)))
            && matches!(field(record, "total"), Some(Type::Integer)));
        let expected = operation.is_paged() || NOT_PAGED.contains(&operation.name);
        assert_eq!(is_page, expected, "{}: {:?}", operation.name, operation.returns);
    }
}

#[test]
fn literal_segments_win_over_placeholders() {
    let name = |method, path| operation_of(method, path).map(|operation| operation.name);
    assert_eq!(name("GET", "/users/a/external/mobile/sender_id"), Some("external.get_mobile_sender_id"));
    assert_eq!(name("GET", "/users/password/reset"), Some("users.reset_password"));
    assert_eq!(name("GET", "/users/me/tokens"), Some("token.list"));
    assert_eq!(name("HEAD", "/token/a"), Some("token.check"));
    assert_eq!(name("GET", "/nothing"), None);
}
