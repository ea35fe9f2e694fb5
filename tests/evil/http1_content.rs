//! HTTP/1: answers that are well-formed and still not what they must be: other statuses, other content.

use crate::mode::Family::Http1;
use crate::mode::Mode;
use crate::mode::Step::{Raw, Text};

/// A right answer with another body.
fn content(name: &'static str, body: &[u8], expected: &'static str) -> Mode {
    typed(name, "", body, expected)
}

/// The same, with further lines in the head.
fn typed(name: &'static str, lines: &str, body: &[u8], expected: &'static str) -> Mode {
    let head = format!("HTTP/1.1 {{S}}\r\n{{H}}{lines}Content-Length: {}\r\n\r\n", body.len());
    Mode::new(Http1, name, vec![Text(head), Raw(body.to_vec())], expected).content()
}

/// Another status, with a body or without.
fn status(name: &'static str, line: &str, lines: &str, body: &str, expected: &'static str) -> Mode {
    let text = format!("HTTP/1.1 {line}\r\n{{H}}{lines}Content-Length: {}\r\n\r\n", body.len());
    // A question's answer has no body, whatever the length says.
    Mode::new(Http1, name, vec![Text(text), Text(body.to_owned())], expected)
}

pub fn modes() -> Vec<Mode> {
    let mut modes = contents();
    modes.extend(statuses());
    modes.extend(redirects());
    modes.extend(unauthorized());
    modes
}

fn contents() -> Vec<Mode> {
    const NONE: &str = "protocol:200";
    let deep =
        |open: &str, close: &str, count: usize| format!("{}{}", open.repeat(count), close.repeat(count)).into_bytes();
    let in_data = |json: &str| format!(r#"{{"data": {json}, "number": 100}}"#).into_bytes();
    vec![
        content("json-empty", b"", NONE),
        content("json-spaces", b" \r\n\t ", NONE),
        // What changes gives any JSON as it came.
        content("json-null", b"null", NONE).post("ok"),
        content("json-true", b"true", NONE).post("ok"),
        content("json-number", b"100", NONE).post("ok"),
        content("json-text", b"\"data\"", NONE).post("ok"),
        content("json-list", b"[{\"data\": 1}]", NONE).post("ok"),
        content("json-without-member", b"{\"dat\": {}}", NONE).post("ok"),
        content("json-member-null", &in_data("null"), "ok|protocol:200"),
        content("json-member-list", &in_data("[]"), "ok|protocol:200"),
        content("json-member-twice", br#"{"data": {"token": "t1"}, "data": {"number": 100}}"#, "ok|protocol:200"),
        content("json-member-escaped", br#"{"d\u0061ta": {"token": "t100", "number": 100}}"#, "ok"),
        content("json-two-values", br#"{"data": {"number": 100}} {"data": {"number": 1}}"#, NONE),
        content("json-comma-behind", br#"{"data": {"number": 100},}"#, NONE),
        content("json-single-quotes", b"{'data': {'number': 100}}", NONE),
        content("json-comment", b"/* */ {\"data\": {\"number\": 100}}", NONE),
        content("json-nan", &in_data("NaN"), NONE),
        content("json-infinity", &in_data("-Infinity"), NONE),
        content("json-leading-zero", &in_data("007"), NONE),
        content("json-huge-number", &in_data(&"9".repeat(100_000)), "ok|protocol:200"),
        content("json-huge-exponent", &in_data("1e999999999"), "ok|protocol:200"),
        content("json-truncated", br#"{"data": {"number": 100"#, NONE),
        content("json-nul", b"{\"data\": {\"number\": 100\0}}", NONE),
        content("json-nul-behind", b"{\"data\": {\"number\": 100}}\0", NONE),
        content("json-nul-in-text", b"{\"data\": {\"token\": \"a\0b\"}}", NONE),
        content("json-newline-in-text", b"{\"data\": {\"token\": \"a\nb\"}}", NONE),
        content("json-escaped-nul", br#"{"data": {"token": "a\u0000b"}}"#, "ok|protocol:200"),
        content("json-lone-surrogate", br#"{"data": {"token": "\ud800"}}"#, "ok|protocol:200"),
        content("json-bad-escape", br#"{"data": {"token": "\x41"}}"#, NONE),
        content("json-bad-utf-8", b"{\"data\": {\"token\": \"\xff\xfe\"}}", NONE),
        content("json-overlong-utf-8", b"{\"data\": {\"token\": \"\xc0\xaf\"}}", NONE),
        content("json-surrogate-utf-8", b"{\"data\": {\"token\": \"\xed\xa0\x80\"}}", NONE),
        content("json-latin-1", b"{\"data\": {\"token\": \"\xe9\"}}", NONE),
        content("json-mark", b"\xef\xbb\xbf{\"data\": {\"number\": 100}}", NONE),
        content("json-utf-16", &"{\"data\": {}}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), NONE),
        content("json-utf-16-mark", &"\u{feff}{}".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>(), NONE),
        content("json-deep-lists", &in_data(&String::from_utf8(deep("[", "]", 100_000)).unwrap()), "ok|protocol:200"),
        content(
            "json-deep-objects",
            &in_data(&format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))),
            "ok|protocol:200",
        ),
        content("json-deep-open", &deep("[", "", 1_000_000), NONE),
        content("json-deep-open-objects", "{\"data\":".repeat(100_000).as_bytes(), NONE),
        content(
            "json-many-members",
            format!("{{{}\"data\": {{}}}}", "\"k\": 0, ".repeat(200_000)).as_bytes(),
            "ok|protocol:200",
        ),
        content(
            "json-long-name",
            format!("{{\"{}\": 1, \"data\": {{}}}}", "n".repeat(1_000_000)).as_bytes(),
            "ok|protocol:200",
        ),
        content("a-page", b"<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head></html>", NONE),
        typed("a-page-of-its-type", "Content-Type: text/html\r\n", b"<html></html>", NONE).head("ok|protocol:204"),
        typed(
            "gzip-without-asking",
            "Content-Encoding: gzip\r\n",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabV*I,IT\xb2\xaa\xae\x05\0",
            NONE,
        ),
        typed(
            "gzip-bomb",
            "Content-Encoding: gzip\r\n",
            &[b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), vec![0; 100_000]].concat(),
            NONE,
        ),
        typed("encoding-that-is-none", "Content-Encoding: identity, br\r\n", b"{\"data\": ", NONE),
        typed("charset-that-is-wrong", "Content-Type: application/json; charset=utf-16\r\n", b"{\"data\": \xff", NONE),
        typed("type-that-is-wrong", "Content-Type: image/png\r\n", b"\x89PNG\r\n\x1a\n", NONE),
        typed("many-types", &"Content-Type: text/plain\r\n".repeat(20), b"no", NONE),
        content("xml", b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"&b;\">]><x/>", NONE),
        content("a-partial-answer", b"{\"data\": {\"token\": \"t100\", \"num", NONE),
    ]
}

fn statuses() -> Vec<Mode> {
    const E2: &str = r#"{"message": "no", "error_id": "x", "details": {}}"#;
    vec![
        status("201", "201 Created", "", "{B}", "ok").exact(),
        status("202-empty", "202 Accepted", "", "", "protocol:202").delete("ok"),
        status("203", "203 Elsewhere", "", "[]", "protocol:203").post("ok").delete("ok").own_body(),
        status("206", "206 Partial Content", "Content-Range: bytes 0-1/50\r\n", "{}", "protocol:206")
            .post("ok|protocol:206")
            .delete("ok|protocol:206")
            .own_body(),
        status("299", "299 What", "", "{}", "protocol:299").post("ok").delete("ok").own_body(),
        status("400", "400 Bad Request", "", E2, "rejected:400"),
        status("400-empty", "400 Bad Request", "", "", "rejected:400"),
        status(
            "400-forged",
            "400 Bad Request",
            "",
            "{\"message\": \"a\\r\\nb\\u001b[31m\\u2028c\", \"error_id\": \"x\\ny\"}",
            "rejected:400",
        )
        .was_fault(),
        status("403-page", "403 Forbidden", "Content-Type: text/html\r\n", "<html>", "permission_denied:403")
            .head("ok|permission_denied:403"),
        status("404-page", "404 Not Found", "Content-Type: text/html\r\n", "<html>", "not_found:404")
            .head("ok|not_found:404"),
        status("405", "405 Not Allowed", "Allow: TRACE\r\n", "", "rejected:405"),
        status("407", "407 Proxy Authentication Required", "Proxy-Authenticate: Basic\r\n", "", "rejected:407"),
        status("409", "409 Conflict", "", E2, "conflict:409"),
        status("413", "413 Too Large", "Connection: close\r\n", "", "rejected:413").ended(),
        status("417", "417 Expectation Failed", "", "", "rejected:417"),
        status("418", "418 Teapot", "", "{\"reason\": [\"a\", \"b\"]}", "rejected:418"),
        status("421", "421 Misdirected", "", "", "rejected:421"),
        status("426", "426 Upgrade Required", "Upgrade: h2c\r\nConnection: upgrade\r\n", "", "rejected:426"),
        status("429-after-0", "429 Too Many", "Retry-After: 0\r\n", E2, "quota:429"),
        status("429-after-negative", "429 Too Many", "Retry-After: -5\r\n", "", "quota:429").options("retries=1"),
        status("431", "431 Header Too Large", "", "", "rejected:431"),
        status("499", "499 Client Closed", "", "", "rejected:499"),
        status("500-page", "500 Internal", "Content-Type: text/html\r\n", "<html>", "server_error:500"),
        status("501", "501 Not Implemented", "", "", "server_error:501"),
        status("502", "502 Bad Gateway", "", "<html>", "unavailable:502"),
        status("503-after-huge", "503 Busy", "Retry-After: 99999999999999999999\r\n", "", "unavailable:503")
            .options("retries=2")
            .may_repeat(),
        status("503-after-years", "503 Busy", "Retry-After: 999999999\r\n", "", "unavailable:503")
            .options("retries=2")
            .may_repeat(),
        status(
            "503-after-the-past",
            "503 Busy",
            "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            "",
            "unavailable:503",
        )
        .options("retries=2")
        .may_repeat(),
        status(
            "503-after-a-future",
            "503 Busy",
            "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
            "",
            "unavailable:503",
        )
        .options("retries=2")
        .may_repeat(),
        status("503-after-nonsense", "503 Busy", "Retry-After: soon\r\nRetry-After: 7\r\n", "", "unavailable:503"),
        status("504", "504 Gateway Timeout", "", "", "unavailable:504"),
        status("505", "505 Version", "", "", "server_error:505"),
        status("520", "520 Unknown", "", "", "server_error:520"),
        status("599", "599 Timeout", "", "", "server_error:599"),
        status(
            "500-of-1-mb",
            "500 Internal",
            "",
            &format!("{{\"message\": \"{}\"}}", "m".repeat(1_000_000)),
            "server_error:500",
        ),
        status(
            "500-types",
            "500 Internal",
            "",
            r#"{"message": {"a": [1]}, "error_id": 5, "details": "x", "reason": null}"#,
            "server_error:500",
        ),
        status("500-deep", "500 Internal", "", &format!("{{\"details\": {}", "[".repeat(100_000)), "server_error:500"),
        status(
            "500-bad-details",
            "500 Internal",
            "",
            r#"{"details": {"invalid_token": "t100"}, "message": "t100"}"#,
            "server_error:500",
        ),
        status("408-fresh", "408 Request Timeout", "Connection: close\r\n", "", "rejected:408").ended(),
        // HAProxy's end of an idle connection: what was asked meanwhile was not carried out. (On the next one it is answered so too.)
        status("408-reused", "408 Request Timeout", "Connection: close\r\n", "", "ok")
            .ended()
            .after(1)
            .once()
            .may_repeat()
            .was_fault(),
    ]
}

fn redirects() -> Vec<Mode> {
    let redirect = |name, line: &str, lines: &str, expected| status(name, line, lines, "", expected);
    vec![
        redirect("300", "300 Multiple", "", "protocol:300"),
        redirect("301-elsewhere", "301 Moved", "Location: http://evil.example.org/\r\n", "protocol:301"),
        redirect("302-itself", "302 Found", "Location: /\r\n", "protocol:302"),
        redirect("302-none", "302 Found", "", "protocol:302"),
        redirect("302-file", "302 Found", "Location: file:///etc/passwd\r\n", "protocol:302"),
        redirect("302-script", "302 Found", "Location: javascript:alert(1)\r\n", "protocol:302"),
        redirect("302-bytes", "302 Found", "Location: \u{e9}\u{2028}\r\n", "protocol:302"),
        redirect("302-long", "302 Found", &format!("Location: http://{}/\r\n", "h".repeat(50_000)), "protocol:302"),
        redirect("302-twice", "302 Found", "Location: http://a/\r\nLocation: http://b/\r\n", "protocol:302"),
        redirect("302-bad-port", "302 Found", "Location: http://127.0.0.1:99999/\r\n", "protocol:302"),
        redirect("303", "303 See Other", "Location: http://127.0.0.1:1/\r\n", "protocol:303"),
        redirect("304", "304 Not Modified", "", "protocol:304"),
        redirect("305", "305 Use Proxy", "Location: http://127.0.0.1:1/\r\n", "protocol:305"),
        redirect("307", "307 Temporary", "Location: https://evil.example.org/\r\n", "protocol:307"),
        redirect("308", "308 Permanent", "Location: //evil.example.org/\r\n", "protocol:308"),
        redirect("399", "399 What", "", "protocol:399"),
    ]
}

/// The shapes of a 401. A question has no body, so nothing says which it is.
fn unauthorized() -> Vec<Mode> {
    let shape = |name, body: &str, expected| {
        status(name, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", body, expected)
            .head("authentication_failed:401")
    };
    vec![
        shape("401-empty", "", "authentication_failed:401"),
        shape("401-page", "<html>", "authentication_failed:401"),
        shape("401-e1", r#"{"reason": ["Authentication Failed"], "status_code": 401}"#, "authentication_failed:401"),
        shape(
            "401-expired",
            r#"{"error_id": "unauthorized", "details": {"reason": "not_found_or_expired"}}"#,
            "token_invalid:401",
        ),
        shape(
            "401-access",
            r#"{"error_id": "unauthorized", "details": {"reason": "missing_permission"}}"#,
            "permission_denied:401",
        ),
        shape("401-tenant", r#"{"error_id": "unauthorized-tenant", "details": {}}"#, "tenant_unauthorized:401"),
        shape(
            "401-types",
            r#"{"error_id": ["unauthorized"], "details": [{"reason": 1}]}"#,
            "permission_denied:401|authentication_failed:401",
        ),
        shape("401-truncated", r#"{"error_id": "unauthorized", "details": {"rea"#, "authentication_failed:401"),
    ]
}
