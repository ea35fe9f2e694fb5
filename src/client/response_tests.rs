//! How answers are judged.

use super::*;
use crate::client::Arguments;
use crate::client::base::Base;
use crate::client::request::{Caller, Preparation, prepare, prepare_raw};
use crate::operations::{self, Method};
use crate::options::Options;
use crate::secret::SCANNED;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use std::sync::Arc;

fn judged(operation: &str, arguments: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Result<Outcome> {
    let operation = operations::find(operation).expect("an operation of the table");
    let mut options = Options::new();
    options.set("token", "the-token").unwrap();
    let arguments = Arguments::from_json(arguments).unwrap();
    options.set("host", "h").unwrap();
    let base = Arc::new(Base::new(&options.connection).unwrap());
    let Ok(Preparation::Request(prepared)) = prepare(&base, operation, &arguments, &Caller::new(options.call.clone()))
    else {
        panic!("{} makes no request", operation.name)
    };
    let mut map = HeaderMap::new();
    map.insert(CONTENT_TYPE, "application/json".parse().unwrap());
    for (name, value) in headers {
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        map.insert(name, value.parse().unwrap());
    }
    let answer = Answer { status, headers: map, body: body.as_bytes().to_vec() };
    judge(&prepared, Expected::Operation { accepted: operation.accepted, shape: operation.result }, answer)
}

/// All that can be seen of an error.
fn shown(error: &Error) -> String {
    format!("{error} {error:?} {} {} {}", error.url, error.to_json(), error.answer_json().unwrap_or_default())
}

fn refused(operation: &str, arguments: &str, status: u16, body: &str) -> Error {
    judged(operation, arguments, status, &[], body).expect_err("a refusal")
}

const USER: &str = r#"{"user_uuid": "u"}"#;

#[test]
fn the_seven_meanings_of_401_are_told_apart_and_only_the_first_asks_for_a_new_token() {
    let details = |details: &str| {
        format!(r#"{{"message": "Unauthorized", "error_id": "unauthorized", "details": {details}, "timestamp": 1.5}}"#)
    };
    let e1 = r#"{"reason": ["Authentication Failed"], "timestamp": [1.5], "status_code": 401}"#;
    let passwords = r#"{"user_uuid": "u", "old_password": "a", "new_password": "b"}"#;
    let cases = [
        (
            "users.get",
            USER,
            details(r#"{"reason": "not_found_or_expired", "required_access": "x"}"#),
            ErrorKind::TokenInvalid,
        ),
        (
            "users.get",
            USER,
            details(r#"{"reason": "missing_permission_or_invalid_tenant"}"#),
            ErrorKind::PermissionDenied,
        ),
        (
            "users.get",
            USER,
            r#"{"message": "Unauthorized tenant", "error_id": "unauthorized-tenant", "details": {}}"#.into(),
            ErrorKind::TenantUnauthorized,
        ),
        ("policies.new", r#"{"name": "n"}"#, details(r#"{"required_access": "x"}"#), ErrorKind::PermissionDenied),
        ("token.new", "{}", e1.into(), ErrorKind::AuthenticationFailed),
        ("users.change_password", passwords, e1.into(), ErrorKind::AuthenticationFailed),
        ("config.get", "{}", details(r#"{"invalid_token": "x"}"#), ErrorKind::PermissionDenied),
    ];
    for (operation, arguments, body, kind) in cases {
        let error = refused(operation, arguments, 401, &body);
        assert_eq!(error.kind, kind, "{operation}: {body}");
        assert_eq!(error.is_token_invalid(), kind == ErrorKind::TokenInvalid);
        assert!(!error.is_retryable() && !error.in_doubt);
    }
}

#[test]
fn every_shape_of_error_body_is_understood() {
    let e1 = refused("users.get", USER, 404, r#"{"reason": ["No such token"], "timestamp": [1], "status_code": 404}"#);
    assert_eq!(
        (e1.reason.as_deref(), e1.error_id.as_deref(), e1.kind),
        (Some("No such token"), None, ErrorKind::NotFound)
    );
    let e2 = refused("users.get", USER, 409, r#"{"message": "m", "error_id": "conflict", "details": {"a": 1}}"#);
    assert_eq!((e2.reason.as_deref(), e2.error_id.as_deref()), (Some("m"), Some("conflict")));
    assert_eq!(e2.details.as_ref().map(|details| details.get()), Some(r#"{"a":1}"#));
    let odd = refused("users.get", USER, 400, r#"{"message": {"a": 1}, "error_id": {"b": 2}, "details": "text"}"#);
    assert_eq!((odd.reason.as_deref(), odd.error_id.as_deref()), (Some(r#"{"a":1}"#), Some(r#"{"b":2}"#)));
    assert_eq!(odd.details.as_ref().map(|details| details.get()), Some(r#""text""#));
    let e3 = refused("users.get", USER, 405, r#"{"message": "not allowed"}"#);
    assert_eq!((e3.reason.as_deref(), e3.kind), (Some("not allowed"), ErrorKind::Rejected));
    let e4 = judged("users.get", USER, 502, &[("content-type", "text/html")], "<html>").unwrap_err();
    assert_eq!((e4.reason.as_deref(), e4.kind, e4.status()), (None, ErrorKind::Unavailable, 502));
    for body in ["", "null", "[1]", "\"x\"", "\u{0}", "{\"reason\": []}", "{\"message\": null}"] {
        assert_eq!(refused("users.get", USER, 500, body).kind, ErrorKind::ServerError, "{body:?}");
    }
}

#[test]
fn a_redirect_is_an_error_that_names_only_where_to() {
    let to = [("location", "https://evil.example/x?token=abc")];
    let error = judged("users.get", USER, 302, &to, "").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("https://evil.example") && !error.message.contains("token=abc"), "{error}");
    let question = judged("token.check", r#"{"token": "t"}"#, 302, &to, "").unwrap_err();
    assert_eq!(question.kind, ErrorKind::Protocol);
}

#[test]
fn a_question_is_yes_only_for_the_servers_yes() {
    let token = r#"{"token": "0ec4e97a-4087-4511-ab10-3d5836be455d"}"#;
    let ask = |status, headers: &[(&str, &str)]| judged("token.check", token, status, headers, "");
    assert!(ask(204, &[]).unwrap().is_yes());
    assert!(!ask(403, &[]).unwrap().is_yes());
    assert!(!ask(404, &[]).unwrap().is_yes());
    // A captive portal, a wrong prefix, a failing server: none of them is an answer.
    assert!(ask(200, &[]).is_err());
    assert!(ask(404, &[("content-type", "text/html")]).is_err());
    assert!(ask(500, &[]).is_err() && ask(503, &[]).is_err() && ask(401, &[]).is_err());
    // What is no UUID is no token: there the page is the server's own.
    let odd = judged("token.check", r#"{"token": "abc"}"#, 404, &[("content-type", "text/html")], "");
    assert!(!odd.unwrap().is_yes());
}

#[test]
fn json_passes_through_as_it_came() {
    let odd = "{\"b\" : 1.10,  \"a\":\"\\u00e9\"}";
    assert_eq!(judged("users.get", USER, 200, &[], &format!("{odd}\n")).unwrap().json, odd);
    let data = judged("token.new", "{}", 200, &[], r#"{"data": {"token" : "x"}, "other": 1}"#).unwrap();
    assert_eq!(data.json, r#"{"token" : "x"}"#);
}

#[test]
fn an_answer_that_is_not_what_it_must_be_is_a_protocol_error() {
    for (operation, arguments, body) in [
        ("users.get", USER, "not json"),
        ("users.get", USER, ""),
        ("users.get", USER, "{\"a\":1} x"),
        ("users.get", USER, "\u{1}"),
        ("token.new", "{}", "{}"),
        ("token.new", "{}", "[]"),
    ] {
        let error = judged(operation, arguments, 200, &[], body).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{operation} {body:?}");
        assert_eq!(error.in_doubt, operation == "token.new", "only a login changes anything");
    }
}

#[test]
fn what_says_nothing_of_a_request_that_changes_leaves_it_in_doubt() {
    for (status, in_doubt) in [
        (101, true),
        (302, false),
        (400, false),
        (500, false),
        (502, true),
        (503, false),
        (504, true),
        (600, true),
        (999, true),
    ] {
        assert_eq!(refused("groups.new", r#"{"name": "g"}"#, status, "").in_doubt, in_doubt, "{status}");
        assert!(!refused("users.get", USER, status, "").in_doubt, "{status}: it changes nothing");
    }
}

#[test]
fn what_has_no_result_takes_any_success() {
    assert_eq!(judged("users.delete", USER, 204, &[], "").unwrap().json, "null");
    assert_eq!(judged("users.delete", USER, 200, &[], "{}").unwrap().json, "null");
}

#[test]
fn texts_and_locations_are_json_strings() {
    let sent = r#"{"SAMLResponse": "r", "RelayState": "s"}"#;
    let named = operations::find("saml.acs").unwrap().each_parameter().map(|p| p.name).collect::<Vec<_>>();
    let arguments = sent.replace("SAMLResponse", named[0]).replace("RelayState", named[1]);
    let outcome = judged("saml.acs", &arguments, 302, &[("location", "https://app/?x=\"1")], "").unwrap();
    assert_eq!(outcome.json, r#""https://app/?x=\"1""#);
    assert_eq!(judged("api.spec", "{}", 200, &[], "a: \"b\"\n").unwrap().json, r#""a: \"b\"\n""#);
}

#[test]
fn what_the_server_repeats_of_a_secret_is_masked_everywhere() {
    let body = r#"{"message": "no the-token", "error_id": "the-token", "details": {"invalid_token": "the-token"}}"#;
    let error = refused("users.get", USER, 401, body);
    let everything = format!("{error} {error:?} {} {}", error.to_json(), error.answer_json().unwrap());
    assert!(!everything.contains("the-token"), "{everything}");
    assert!(error.to_json().contains("***"));
}

#[test]
fn no_answer_reaches_into_the_stack_or_says_what_others_do_not_see_in_it() {
    // What reads such a name as an instruction parses the string behind it anew, level by level.
    let mut deep = "1".to_owned();
    for _ in 0..8 {
        deep = format!("{}{deep}{}", "[".repeat(120), "]".repeat(120));
        deep = format!(r#"{{"$serde_json::private::RawValue":{}}}"#, quoted(&deep));
    }
    let hidden = r#"{"$serde_json::private::RawValue": "{\"reason\": \"not_found_or_expired\"}"}"#;
    let error = refused("users.get", USER, 401, &format!(r#"{{"error_id": "unauthorized", "details": {hidden}}}"#));
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert!(error.to_json().contains("$serde_json"), "{}", error.to_json());
    for details in [deep, format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000))] {
        let body = format!(r#"{{"message": {details}, "details": {details}}}"#);
        let error = refused("users.get", USER, 400, &body);
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(!error.to_json().is_empty());
        assert!(!refused("users.get", USER, 400, &details).to_json().is_empty());
    }
}

#[test]
fn a_secret_in_a_body_is_masked_however_the_server_writes_it() {
    let body = r#"{"message": "bad value h\u00fcnter\/22", "details": {"password": {"got": "h\u00FCnter/22"}}}"#;
    let given = r#"{"body": {"password": "hünter/22", "email_address": "a@b"}}"#;
    let error = refused("users.register", given, 400, body);
    let everything = format!("{error} {error:?} {} {}", error.to_json(), error.answer_json().unwrap());
    assert!(!everything.contains("nter"), "{everything}");
    assert_eq!(error.details.as_ref().unwrap().get(), r#"{"password":{"got":"***"}}"#);
}

#[test]
fn the_headers_of_an_error_hold_no_session_and_no_secret_target() {
    let headers = [("location", "https://idp.example/x?token=abcdef"), ("set-cookie", "session=abcdef"), ("x-a", "1")];
    let error = judged("users.get", USER, 302, &headers, "").unwrap_err();
    let shown = &error.answer.as_ref().unwrap().headers;
    let header = |name: &str| shown.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((header("location"), header("set-cookie")), (Some("https://idp.example"), None));
    assert_eq!(header("x-a"), Some("1"));
    let relative = judged("users.get", USER, 302, &[("location", "/login?token=abcdef")], "").unwrap_err();
    assert!(!relative.answer_json().unwrap().contains("abcdef"));
}

#[test]
fn the_words_of_a_server_do_not_make_a_message_endless() {
    let error = refused("users.get", USER, 400, &format!(r#"{{"message": "{}"}}"#, "x".repeat(1 << 20)));
    assert!(error.message.len() < 2000, "{}", error.message.len());
    let error = refused("users.get", USER, 400, &format!(r#"{{"message": "{}"}}"#, "x".repeat(200_000)));
    assert!(error.message.len() < 2000, "{}", error.message.len());
    let reason = format!("{}... (134464 more bytes were cut off)", "x".repeat(65_536));
    assert_eq!(error.reason.as_deref(), Some(&*reason));
}

#[test]
fn of_a_long_body_the_beginning_is_kept_and_how_much_was_cut_off() {
    let body = |error: &Error| error.answer.as_ref().unwrap().body.clone();
    let whole = refused("users.get", USER, 500, &"x".repeat(65_536));
    assert_eq!(body(&whole), "x".repeat(65_536));
    let cut = refused("users.get", USER, 500, &"x".repeat(100_000));
    assert_eq!(body(&cut), format!("{}... (34464 more bytes were cut off)", "x".repeat(65_536)));
    // Between characters.
    let wide = refused("users.get", USER, 500, &format!("x{}", "😀".repeat(30_000)));
    assert_eq!(body(&wide), format!("x{}... (54468 more bytes were cut off)", "😀".repeat(16_383)));
    // What is known of an error of a shape stays known, as far as it has any length that one can have.
    let details = format!(r#"{{"reason": "not_found_or_expired", "list": "{}"}}"#, "x".repeat(100_000));
    let long = refused("users.get", USER, 401, &format!(r#"{{"error_id": "unauthorized", "details": {details}}}"#));
    assert!(long.is_token_invalid() && long.error_id.as_deref() == Some("unauthorized"));
    assert!(long.details.is_none() && body(&long).contains("not_found_or_expired"));
    let endless = format!(r#"{{"error_id": "unauthorized", "message": "{}"}}"#, "x".repeat(300_000));
    let endless = refused("users.get", USER, 401, &endless);
    assert_eq!((endless.kind, endless.reason.as_deref()), (ErrorKind::AuthenticationFailed, None));
    // A success that is none is no exception.
    assert!(body(&judged("users.get", USER, 200, &[], &"x".repeat(100_000)).unwrap_err()).len() < 66_000);
}

#[test]
fn a_secret_across_the_place_where_a_text_is_cut_does_not_show_its_beginning() {
    let secret = "hünter2/and-more";
    let given = serde_json::json!({"password": secret, "email_address": "a@b"}).to_string();
    for written in [secret.to_owned(), quoted(secret), secret.replace('ü', "\\u00fc").replace('/', "\\/")] {
        let written = written.trim_matches('"');
        for inside in 1..written.len() {
            let body = format!("{}{written}{}", "x".repeat((64 << 10) - inside), "y".repeat(20_000));
            let everything = shown(&refused("users.register", &given, 400, &body));
            assert!(!everything.contains("hü") && !everything.contains("h\\u"), "{inside}");
            let message = format!(r#"{{"message": "{body}", "error_id": "{body}"}}"#);
            let everything = shown(&refused("users.register", &given, 400, &message));
            assert!(!everything.contains("hü") && !everything.contains("h\\u"), "{inside}");
        }
    }
}

#[test]
fn the_headers_of_an_error_are_bounded_in_number_and_length() {
    let names: Vec<String> = (0..100).map(|number| format!("x-{number}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let error = judged("users.get", USER, 500, &headers, "").unwrap_err();
    assert_eq!(error.answer.as_ref().unwrap().headers.len(), 64);
    let (long, rather_long) = ("x".repeat(17_000), "x".repeat(5_000));
    let headers = [("x-a", &*long), ("x-b", &*rather_long), ("x-c", &*rather_long), ("x-d", &*rather_long)];
    let headers = headers.into_iter().chain([("x-e", &*rather_long), ("x-f", "1")]).collect::<Vec<_>>();
    let error = judged("users.get", USER, 500, &headers, "").unwrap_err();
    let kept: Vec<_> = error.answer.as_ref().unwrap().headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, ["content-type", "x-b", "x-c", "x-d", "x-f"]);
}

#[test]
fn what_an_error_costs_does_not_grow_with_secrets_times_length() {
    // It took 30 s: 10,000 texts, each sought in 8 MB, and in the message, and in the details.
    let texts: Vec<String> = (0..10_000).map(|number| format!("text/{number}-ü")).collect();
    let arguments = Arguments::from_json(&serde_json::json!({"body": texts}).to_string()).unwrap();
    let mut options = Options::new();
    options.set("host", "h").unwrap();
    let base = Arc::new(Base::new(&options.connection).unwrap());
    let caller = Caller::new(options.call.clone());
    let prepared = prepare_raw(&base, Method::Post, "/x", &arguments, &caller).unwrap();
    let echo = quoted(&texts.join(" "));
    for body in [
        "x".repeat(8 << 20),
        format!(r#"{{"message": {echo}, "error_id": {echo}, "details": [{echo}]}}"#),
        format!(r#"{{"message": {}}}"#, quoted(&texts.join(" ").repeat(40))),
    ] {
        let (begun, length) = (crate::clock::now(), body.len());
        SCANNED.set(0);
        let answer = Answer { status: 400, headers: HeaderMap::new(), body: body.into_bytes() };
        let error = judge(&prepared, Expected::Anything, answer).unwrap_err();
        let everything = shown(&error);
        assert!(!everything.contains("text/") && !everything.contains("text\\/"), "{length}");
        // Body, reason, error_id and details, each once, and what is repeated of them in the message.
        assert!(SCANNED.get() < 4 * (72 << 10) + 10_000, "{} bytes were searched", SCANNED.get());
        assert!(everything.len() < 4 * (72 << 10), "{}", everything.len());
        assert!(crate::clock::now() - begun < std::time::Duration::from_secs(3));
    }
}

#[test]
fn a_message_is_one_line_whatever_the_server_says() {
    for c in
        ['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']
    {
        let said = format!("no{c}2026-11-29 12:00 admin logged in");
        for body in [
            serde_json::json!({"message": said, "error_id": said, "details": {"a": said}}),
            serde_json::json!({"reason": [said, said]}),
        ] {
            let error = refused("users.get", USER, 400, &body.to_string());
            let escaped = c.escape_default().to_string();
            assert!(error.message.contains(&format!("no{escaped}2026")) && !error.message.contains(c), "{error:?}");
            assert!(!format!("{error} {error:?}").contains(c), "{error:?}");
            // What the server said is still there as it said it.
            assert!(error.reason.as_ref().is_some_and(|reason| reason.starts_with(&said)), "{:?}", error.reason);
            let json: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
            assert!(json["details"].is_null() || json["details"]["a"] == said);
        }
        // A media type and a redirect are repeated as well.
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(format!("a{c}b").as_bytes()) else { continue };
        let headers = [("content-type", value.to_str().unwrap_or("x")), ("location", value.to_str().unwrap_or("x"))];
        for status in [200, 302] {
            let error = judged("users.get", USER, status, &headers, "x").unwrap_err();
            assert!(!error.message.contains(c), "{error:?}");
        }
    }
}

#[test]
fn an_outcome_in_debug_output_shows_no_token() {
    let outcome = judged("token.new", "{}", 200, &[], r#"{"data": {"token": "0ec4e97a"}}"#).unwrap();
    assert_eq!(format!("{outcome:?}"), "Outcome(200, 21 bytes)");
}

#[test]
fn a_member_is_found_among_names_of_any_spelling() {
    let data = judged("token.new", "{}", 200, &[], r#"{"caf\u00e9": 1, "d\u0061ta": {"token": "x"}}"#).unwrap();
    assert_eq!(data.json, r#"{"token": "x"}"#);
}
