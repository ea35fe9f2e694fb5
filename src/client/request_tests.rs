//! What requests promise, before anything is sent.

use super::*;
use crate::error::ErrorKind;
use crate::operations::{self, Effect, Method};
use crate::options::Options;
use serde_json::Value;

const BASE: &str = "https://h:443/api/auth/0.1";
const PATH: &str = "/api/auth/0.1";

fn base() -> Arc<Base> {
    let mut options = Options::new();
    options.set("host", "h").unwrap();
    Arc::new(Base::new(&options.connection).unwrap())
}

fn settings() -> Caller {
    let mut options = Options::new();
    for (key, value) in [("token", "the-token"), ("tenant_uuid", "t1"), ("username", "alice"), ("password", "hunter2")]
    {
        options.set(key, value).unwrap();
    }
    Caller::new(options.call)
}

fn prepared(operation: &str, arguments: &str) -> Result<Prepared> {
    let operation = operations::find(operation).expect("an operation of the table");
    match prepare(&base(), operation, &Arguments::from_json(arguments)?, &settings())? {
        Preparation::Request(prepared) => Ok(*prepared),
        Preparation::No => panic!("{operation:?} {arguments} is answered without a request"),
    }
}

fn shown_url(prepared: &Prepared) -> String {
    prepared.shown("").url
}

fn refused(operation: &str, arguments: &str) -> String {
    let error = prepared(operation, arguments).err().unwrap_or_else(|| panic!("{operation} {arguments} was accepted"));
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    error.message.clone()
}

fn body(prepared: &Prepared) -> String {
    match &prepared.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    }
}

#[test]
fn a_path_argument_is_one_segment_whatever_it_holds() {
    for (text, segment) in [
        ("a/b", "a%2Fb"),
        ("a/..b/.c.", "a%2F..b%2F.c."),
        ("a?b#c", "a%3Fb%23c"),
        ("..%2e", "..%252e"),
        ("é *", "%C3%A9%20%2A"),
        ("...", "..."),
    ] {
        let made = prepared("users.get", &serde_json::json!({"user_uuid": text}).to_string()).unwrap();
        assert_eq!(made.target.as_str(), format!("{PATH}/users/{segment}"));
    }
}

#[test]
fn a_path_argument_that_would_name_another_resource_is_refused_by_name() {
    for text in ["", ".", "..", "../tenants", "a/..", "a/../b", "a/./b", "a\\..\\b"] {
        let message = refused("users.get", &serde_json::json!({"user_uuid": text}).to_string());
        assert!(message.contains("user_uuid"), "{message}");
    }
    assert!(refused("users.get", "{}").contains("user_uuid"));
    assert!(refused("users.get", r#"{"user_uuid": null}"#).contains("user_uuid"));
    assert!(refused("users.get", r#"{"user_uuid": ["x"]}"#).contains("user_uuid"));
}

#[test]
fn an_unknown_argument_is_refused_with_the_known_ones() {
    let message = refused("users.get", r#"{"user_uuid": "u", "user_id": 1}"#);
    assert!(message.contains("user_id") && message.contains("user_uuid, tenant_uuid"), "{message}");
}

#[test]
fn arguments_that_are_no_json_object_are_refused_without_being_repeated() {
    for text in ["", "[]", "{\"password\": \"hunter2", "nonsense hunter2", "{\"a\":\"\u{1}hunter2\"}"] {
        let error = Arguments::from_json(text).err().expect("refused");
        assert!(error.message.contains("argument arguments") && !error.message.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_query_is_written_as_the_reference_writes_it() {
    let made = prepared(
        "users.list",
        r#"{"search": "a b&c", "recurse": true, "limit": 10, "order": null, "query": {"uuid": ["x", "y"], "new_key": false}}"#,
    );
    let url = reqwest::Url::parse(&format!("https://h{}", made.unwrap().target.as_str())).unwrap();
    let pairs: Vec<_> = url.query_pairs().map(|(key, value)| format!("{key}={value}")).collect();
    for pair in ["search=a b&c", "recurse=True", "limit=10", "uuid=x", "uuid=y", "new_key=False"] {
        assert!(pairs.iter().any(|known| known == pair), "{pair} of {pairs:?}");
    }
    assert_eq!(pairs.len(), 6);
    assert!(url.query().unwrap().contains("search=a+b%26c"));
    assert!(refused("users.list", r#"{"search": {"a": 1}}"#).contains("search"));
}

#[test]
fn a_json_body_goes_out_as_it_came() {
    let odd = r#"{"name" :  "x",   "acl":["a"],"n":1.0e2}"#;
    let made = prepared("policies.new", &format!(r#"{{"body": {odd}}}"#)).unwrap();
    assert_eq!(body(&made), odd);
}

#[test]
fn named_fields_join_the_body_and_an_explicit_null_is_sent() {
    let made = prepared("users.edit", r#"{"user_uuid": "u", "firstname": null, "body": {"lastname": "B", "x": 1}}"#);
    let sent: Value = serde_json::from_str(&body(&made.unwrap())).unwrap();
    assert_eq!(sent, serde_json::json!({"firstname": null, "lastname": "B", "x": 1}));
}

#[test]
fn headers_carry_the_identity_of_the_handle_unless_the_call_says_otherwise() {
    let made = prepared("users.get", r#"{"user_uuid": "u"}"#).unwrap();
    assert_eq!(made.headers["x-auth-token"], "the-token");
    assert_eq!(made.headers["wazo-tenant"], "t1");
    assert_eq!(made.headers["accept"], "application/json");
    let made = prepared("users.get", r#"{"user_uuid": "u", "tenant_uuid": "t2"}"#).unwrap();
    assert_eq!(made.headers["wazo-tenant"], "t2");
    let made = prepared("users.set_password", r#"{"user_uuid": "u", "password": "n", "token": "other"}"#).unwrap();
    assert_eq!(made.headers["x-auth-token"], "other");
}

#[test]
fn a_login_is_basic_in_utf_8_with_options_in_the_body_and_their_headers() {
    let made = prepared(
        "token.new",
        r#"{"username": "usernâmê", "password": "passŵôŗḑ", "body": {"expiration": 60, "session_type": "mobile"}}"#,
    )
    .unwrap();
    assert_eq!(made.headers["authorization"], "Basic dXNlcm7Dom3DqjpwYXNzxbXDtMWX4biR");
    assert_eq!(made.headers["wazo-session-type"], "mobile");
    assert_eq!(body(&made), r#"{"expiration":60}"#);
    assert_eq!(body(&prepared("token.new", "{}").unwrap()), "{}");
}

#[test]
fn a_line_break_cannot_smuggle_a_header() {
    let message = refused("users.get", r#"{"user_uuid": "u", "tenant_uuid": "t\r\nX-Evil: 1"}"#);
    assert!(message.contains("tenant_uuid"), "{message}");
}

#[test]
fn what_is_shown_of_a_request_holds_no_secret() {
    let made = prepared("token.get", r#"{"token": "s3cr3t t/ken", "required_acl": "x"}"#).unwrap();
    assert!(made.target.as_str().contains("s3cr3t"));
    assert_eq!(shown_url(&made), format!("{BASE}/token/***?scope=x"));
    let short = prepared("token.get", r#"{"token": "abc"}"#).unwrap();
    assert_eq!(shown_url(&short), format!("{BASE}/token/***"));
    assert!(format!("{:?}", made.headers).matches("the-token").count() == 0, "{:?}", made.headers);
}

#[test]
fn a_raw_path_cannot_climb_or_carry_a_query() {
    let raw = |path| prepare_raw(&base(), Method::Get, path, &Arguments::new(), &settings());
    for path in [
        "users",
        "/../x",
        "/a/%2e%2E/b",
        "/./a",
        "/a?b",
        "/a#b",
        "/a b",
        "/a\\b",
        "/é",
        "/a%2F..%2fb",
        "/a%5c%2e.",
        "/%2e%2E%5Cb",
    ] {
        assert!(raw(path).is_err(), "{path}");
    }
    assert_eq!(raw("/users/a%2Fb").unwrap().target.as_str(), format!("{PATH}/users/a%2Fb"));
}

#[test]
fn a_login_is_never_half_the_callers_and_half_the_clients() {
    for (given, missing) in [(r#"{"username": "bob"}"#, "password"), (r#"{"password": "bobs-own"}"#, "username")] {
        let message = refused("token.new", given);
        assert!(message.contains(&format!("argument {missing}")) && !message.contains("bobs-own"), "{message}");
    }
    let own = prepared("token.new", r#"{"username": null, "body": {"client_id": "c"}}"#).unwrap();
    assert_eq!(own.headers["authorization"], "Basic YWxpY2U6aHVudGVyMg==");
    let given = prepared("token.new", r#"{"username": "bob", "password": ""}"#).unwrap();
    assert_eq!(given.headers["authorization"], "Basic Ym9iOg==");
    let none = prepared("token.new", r#"{"username": "", "password": "", "refresh_token": "r"}"#).unwrap();
    assert!(!none.headers.contains_key("authorization"));
}

#[test]
fn a_secret_is_masked_by_whatever_way_it_was_given() {
    for (operation, arguments) in [
        ("users.register", r#"{"password": "s3cr3t/ü", "email_address": "a@b"}"#),
        ("users.register", r#"{"body": {"password": "s3cr3t/ü", "email_address": "a@b"}}"#),
        ("users.new", r#"{"username": "a", "body": {"password": "s3cr3t\/\u00fc"}}"#),
        ("token.new", r#"{"body": {"refresh_token": "s3cr3t/ü"}}"#),
        ("token.new", r#"{"session_type": "mobile", "body": {"saml_session_id": "s3cr3t/ü"}}"#),
        ("ldap_config.update", r#"{"body": {"bind_password": "s3cr3t/ü"}}"#),
        ("ldap_config.update", r#"{"ldap_config": {"x": ["s3cr3t/ü"]}}"#),
        ("external.create", r#"{"auth_type": "t", "user_uuid": "u", "data": {"token": "s3cr3t/ü"}}"#),
        ("emails.get_confirmation_page", r#"{"email_uuid": "x", "query": {"token": "s3cr3t/ü"}}"#),
        ("emails.get_confirmation_page", r#"{"email_uuid": "x", "token": "s3cr3t/ü"}"#),
        ("saml.acs", r#"{"body": {"saml_response": "s3cr3t/ü", "relay_state": "r"}}"#),
        ("saml.sls", r#"{"query": {"SAMLResponse": "s3cr3t/ü"}}"#),
        ("saml.sls", r#"{"query": {"saml_response": "s3cr3t/ü"}}"#),
    ] {
        let made = prepared(operation, arguments).unwrap();
        assert_eq!(made.secrets.mask("it was s3cr3t\\/\\u00fc"), "it was ***", "{operation} {arguments}");
        assert!(!shown_url(&made).contains("s3cr3t"), "{}", shown_url(&made));
    }
    let made = prepared("users.register", r#"{"body": {"password": "s3cr3t", "username": "alice-k"}}"#).unwrap();
    assert_eq!(made.secrets.mask("alice-k"), "alice-k", "only what is secret is masked");
}

#[test]
fn of_a_raw_request_no_text_of_query_and_body_and_no_token_in_the_path_is_shown() {
    let arguments = r#"{"query": {"key": "s3cr3t-q", "n": 7, "x": ["abc"]}, "body": {"a": [{"b": "s3cr3t-b"}]}}"#;
    let arguments = Arguments::from_json(arguments).unwrap();
    let made = prepare_raw(&base(), Method::Post, "/token/s3cr3t%2Dt/scopes/check", &arguments, &settings()).unwrap();
    assert_eq!(made.target.path(), "/api/auth/0.1/token/s3cr3t%2Dt/scopes/check");
    assert_eq!(made.shown_operation(), "POST /token/***/scopes/check");
    assert_eq!(shown_url(&made), format!("{BASE}/token/***/scopes/check?key=***&n=***&x=***"));
    assert_eq!(made.secrets.mask("s3cr3t-q s3cr3t-b s3cr3t-t s3cr3t%2Dt"), "*** *** *** ***");
}

#[test]
fn the_token_in_a_raw_path_is_masked_however_a_server_reads_the_path() {
    for (path, shown) in [
        ("/%74oken/s3cr3t-t", "/%74oken/***"),
        ("/%2574oken/s3cr3t-t", "/%2574oken/***"),
        ("/token//s3cr3t-t", "/token//***"),
        ("//token///s3cr3t-t/scopes", "//token///***/scopes"),
        ("/TOKEN/s3cr3t-t", "/TOKEN/***"),
        ("/token;v=1/s3cr3t-t", "/token;v=1/***"),
        ("/token%20/s3cr3t-t", "/token%20/***"),
        ("/token%2Fs3cr3t-t", "/***"),
        ("/token%252fs3cr3t%252Dt/x", "/***/x"),
        ("/token%5cs3cr3t-t", "/***"),
        ("/x%2Ftoken/s3cr3t-t", "/x%2Ftoken/***"),
        ("/tokens/a-list", "/tokens/a-list"),
    ] {
        let made = prepare_raw(&base(), Method::Get, path, &Arguments::new(), &settings()).unwrap();
        assert_eq!(shown_url(&made), format!("{BASE}{shown}"));
        assert_eq!(made.shown_operation(), format!("GET {shown}"));
        let is_token = shown.contains("***");
        assert_eq!(made.secrets.mask("s3cr3t-t"), if is_token { "***" } else { "s3cr3t-t" }, "{path}");
    }
}

#[test]
fn of_query_keys_that_no_table_has_the_names_are_shown_and_not_the_values() {
    let query = r#"{"query": {"password": "s3cr3t-q", "pin": 271828, "n": 31415926, "is": true, "x": ["s3cr3t-l"]}}"#;
    let arguments = Arguments::from_json(query).unwrap();
    let raw = prepare_raw(&base(), Method::Get, "/users", &arguments, &settings()).unwrap();
    for made in [raw, prepared("users.list", query).unwrap()] {
        let shown = format!("{BASE}/users?is=***&n=***&password=***&pin=***&x=***");
        assert_eq!(shown_url(&made), shown);
        let echoed = "s3cr3t-q s3cr3t-l 271828 31415926 True";
        assert_eq!(made.secrets.mask(echoed), "*** *** *** 31415926 True", "numbers where the key says so");
    }
    let known = prepared("users.list", r#"{"search": "alice", "query": {"limit": 10}}"#).unwrap();
    assert_eq!(shown_url(&known), format!("{BASE}/users?search=alice&limit=10"));
}

#[test]
fn what_proves_the_client_to_its_proxy_is_a_secret_of_every_call() {
    let mut options = Options::new();
    options.set("host", "h").unwrap();
    options.set("proxy", "http://pr0xy-n%C3%A4me:pr0xy%23%2Fw@proxy:3128").unwrap();
    let base = Arc::new(Base::new(&options.connection).unwrap());
    let raw = prepare_raw(&base, Method::Get, "/x", &Arguments::new(), &settings()).unwrap();
    let list = prepare(&base, operations::find("users.list").unwrap(), &Arguments::new(), &settings()).unwrap();
    let Preparation::Request(list) = list else { panic!("a request") };
    for made in [&raw, &*list] {
        for echoed in [
            "pr0xy-näme",
            "pr0xy-n%C3%A4me",
            "pr0xy#/w",
            "pr0xy%23%2Fw",
            "pr0xy%23%2fw",
            "pr0xy#\\/w",
            "cHIweHktbsOkbWU6cHIweHkjL3c",
        ] {
            assert_eq!(made.secrets.mask(echoed), "***", "{echoed}");
        }
        assert_eq!(made.secrets.mask("proxy:3128"), "proxy:3128");
    }
}

#[test]
fn what_no_url_can_hold_is_refused_by_name_and_length_and_not_repeated() {
    let long = |length: usize| "x".repeat(length);
    let given = |operation: &str, name: &str, length: usize| {
        prepared(operation, &serde_json::json!({name: long(length)}).to_string())
    };
    assert!(given("users.get", "user_uuid", 8_000).is_ok() && given("users.list", "search", 59_000).is_ok());
    for (operation, name, length) in
        [("users.get", "user_uuid", 8_001), ("users.get", "user_uuid", 10 << 20), ("users.list", "search", 10 << 20)]
    {
        let error = given(operation, name, length).err().expect("refused");
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(name) && error.message.contains(" bytes long"), "{}", error.message);
        assert!(error.message.len() < 300, "{}", error.message.len());
    }
    let encoded = prepared("users.get", &serde_json::json!({"user_uuid": "é".repeat(2_000)}).to_string());
    assert!(encoded.err().expect("refused").message.contains("12000 bytes"), "it is the encoded length that counts");
    let path = format!("/users/{}", long(70_000));
    let raw = prepare_raw(&base(), Method::Get, &path, &Arguments::new(), &settings()).err().expect("refused");
    assert!(raw.message.contains("argument path") && raw.message.len() < 300, "{}", raw.message);
    let unknown = prepared("users.get", &serde_json::json!({long(10 << 20): 1}).to_string()).err().expect("refused");
    assert!(unknown.message.len() < 1000);
}

#[test]
fn what_is_shown_of_a_long_url_is_its_beginning() {
    let made = prepared("users.list", &serde_json::json!({"search": "x".repeat(50_000)}).to_string()).unwrap();
    assert_eq!(shown_url(&made).len(), 2003);
    assert!(shown_url(&made).starts_with(&format!("{BASE}/users?search=xxx")));
}

#[test]
fn what_changes_something_each_time_is_neither_safe_nor_repeated() {
    let change: Vec<_> = operations::all()
        .filter(|operation| operation.effect == Effect::Changes)
        .map(|operation| operation.name)
        .collect();
    let expected = [
        "users.change_password",
        "users.reset_password",
        "users.request_confirmation_email",
        "emails.get_confirmation_page",
        "saml.logout",
        "saml.sls",
    ];
    assert_eq!(change, expected);
    let reset = prepared("users.reset_password", r#"{"login": "alice"}"#).unwrap();
    assert!(!reset.is_safe() && !reset.is_idempotent());
    let passwords = r#"{"user_uuid": "u", "old_password": "a", "new_password": "b"}"#;
    let changed = prepared("users.change_password", passwords).unwrap();
    assert!(!changed.is_safe() && !changed.is_idempotent());
    let plain = prepared("users.get", r#"{"user_uuid": "u"}"#).unwrap();
    assert!(plain.is_safe() && plain.is_idempotent());
    let deleted = prepared("users.delete", r#"{"user_uuid": "u"}"#).unwrap();
    assert!(!deleted.is_safe() && deleted.is_idempotent());
}

#[test]
fn what_only_reads_is_safe_and_may_be_repeated_whatever_its_method() {
    let reads: Vec<_> = operations::all().filter(|operation| operation.effect == Effect::Reads).collect();
    assert_eq!(reads.iter().map(|operation| operation.name).collect::<Vec<_>>(), ["token.check_scopes"]);
    let asked = prepared("token.check_scopes", r#"{"token": "t", "scopes": ["a"]}"#).unwrap();
    assert_eq!(asked.method, Method::Post);
    assert!(asked.is_safe() && asked.is_idempotent());
    let login = prepared("users.new", "{}").unwrap();
    assert!(!login.is_safe() && !login.is_idempotent());
}

fn is_answered_no(operation: &str, arguments: &str) -> bool {
    let operation = operations::find(operation).expect("an operation of the table");
    let outcome = prepare(&base(), operation, &Arguments::from_json(arguments).unwrap(), &settings());
    matches!(outcome, Ok(Preparation::No))
}

#[test]
fn a_question_about_a_token_that_no_server_can_know_is_answered_no_without_a_request() {
    let long = "x".repeat(8_001);
    let foreign = String::from_utf8_lossy(b"caf\xe9").into_owned();
    for token in ["", ".", "..", "../x", "a\\..\\b", "a\nb", "a\0b", "\u{7f}", "\u{85}", &long, &foreign] {
        for operation in ["token.check", "token.is_valid"] {
            let arguments = serde_json::json!({"token": token, "required_acl": "a.b"}).to_string();
            assert!(is_answered_no(operation, &arguments), "{token:?}");
        }
        // What is no question says what is wrong, and so does every other argument of the path.
        let control = token.chars().any(char::is_control) || token == foreign;
        if !control {
            refused("token.revoke", &serde_json::json!({"token": token}).to_string());
            refused("users.get", &serde_json::json!({"user_uuid": token}).to_string());
        }
    }
    assert!(is_answered_no("token.check", r#"{"token": "\ud800"}"#), "half a character");
    // A mistake of the program stays one, whatever the token is.
    for arguments in ["{}", r#"{"token": null}"#, r#"{"token": ["x"]}"#, r#"{"token": "..", "acl": "x"}"#] {
        refused("token.check", arguments);
    }
    assert!(prepared("token.check", r#"{"token": "0ec4e97a-4087-4511-ab10-3d5836be455d"}"#).is_ok());
}

#[test]
fn an_empty_access_or_tenant_is_refused_by_name_and_left_out_where_it_is_null() {
    for operation in ["token.check", "token.is_valid", "token.get"] {
        for arguments in [
            r#"{"token": "t", "required_acl": ""}"#,
            r#"{"token": "t", "query": {"required_acl": ""}}"#,
            r#"{"token": "t", "query": {"scope": ""}}"#,
            r#"{"token": "t", "required_acl": ["a", ""]}"#,
        ] {
            let message = refused(operation, arguments);
            assert!(message.contains("argument required_acl: it is empty"), "{arguments}: {message}");
        }
        for arguments in [r#"{"token": "t", "tenant": ""}"#, r#"{"token": "t", "query": {"tenant": ""}}"#] {
            let message = refused(operation, arguments);
            assert!(message.contains("argument tenant_uuid: it is empty"), "{arguments}: {message}");
        }
        let neither = prepared(operation, r#"{"token": "t", "required_acl": null, "tenant": null}"#).unwrap();
        assert!(!neither.target.as_str().contains('?'));
    }
    // Also where the token is one that no server can know: the mistake is the program's.
    assert!(refused("token.check", r#"{"token": "..", "required_acl": ""}"#).contains("argument required_acl"));
    for arguments in [
        r#"{"token": "t", "scopes": ["a"], "tenant": ""}"#,
        r#"{"token": "t", "body": {"scopes": ["a"], "tenant": ""}}"#,
        r#"{"token": "t", "body": {"scopes": ["a"], "tenant_uuid": ""}}"#,
    ] {
        assert!(refused("token.check_scopes", arguments).contains("it is empty"), "{arguments}");
    }
}

#[test]
fn a_proxy_that_would_be_another_one_is_refused_without_its_password() {
    for proxy in ["http://u:hunt#er@p:1", "http://u:12#hunter@p"] {
        let mut options = Options::new();
        options.set("host", "h").unwrap();
        options.set("proxy", proxy).unwrap();
        let error = crate::client::Client::new(&options).err().expect("refused");
        assert!(error.message.contains("%23") && !error.message.contains("hunt"), "{error}");
    }
}

#[test]
fn the_error_about_a_file_is_one_line() {
    for c in ['\n', '\r', '\u{1b}', '\u{85}', '\u{2028}', '\u{202e}'] {
        let mut options = Options::new();
        options.set("host", "h").unwrap();
        options.set("ca_file", &format!("a{c}b")).unwrap();
        let error = crate::client::Client::new(&options).err().expect("there is no such file");
        assert!(!error.message.contains(c), "{error}");
    }
}
