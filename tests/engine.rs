//! The engine against a server: the simulator, over real sockets and TLS, well-behaved and broken on request.

mod support;

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::Simulator;
use wazo_auth_client::{Arguments, Cancellation, Client, Error, ErrorKind, Options, Queue};

const PASSWORD: &str = "s3cr3t-passw0rd";

/// A client's options for a simulator.
fn options(server: &Simulator, https: bool) -> Options {
    let mut options = Options::new();
    let (scheme, port) = if https { ("https", server.tls_port) } else { ("http", server.port) };
    options.set_url(&format!("{scheme}://127.0.0.1:{port}")).unwrap();
    options.set("ca_file", server.ca_file.to_str().unwrap()).unwrap();
    options.set("username", "admin").unwrap();
    options.set("password", PASSWORD).unwrap();
    options
}

fn client_of(server: &Simulator, https: bool) -> Client {
    Client::new(&options(server, https)).unwrap()
}

fn logged_in(server: &Simulator, https: bool) -> Client {
    let client = client_of(server, https);
    let token: Value = serde_json::from_str(&call(&client, "token.new", &json!({})).unwrap()).unwrap();
    client.set("token", token["token"].as_str().unwrap()).unwrap();
    client
}

fn call(client: &Client, operation: &str, arguments: &Value) -> Result<String, Error> {
    let arguments = Arguments::from_json(&arguments.to_string()).unwrap();
    client.call_by_name(operation, &arguments).map(|outcome| outcome.json)
}

/// The whole of an error, to look for secrets in.
fn everything(error: &Error) -> String {
    format!("{error} {error:?} {} {:?}", error.to_json(), error.answer_json())
}

fn login(client: &Client) -> Result<String, Error> {
    call(client, "token.new", &json!({}))
}

#[test]
fn a_login_a_question_and_a_listing_work_over_http_and_https() {
    let server = Simulator::start(PASSWORD);
    for https in [false, true] {
        let client = logged_in(&server, https);
        let token = client.with([("user_agent", "derived")]).unwrap();
        let users: Value = serde_json::from_str(&call(&token, "users.list", &json!({"limit": 1})).unwrap()).unwrap();
        assert_eq!(users["items"].as_array().map(Vec::len), Some(1));
        let made: Value =
            serde_json::from_str(&call(&client, "token.new", &json!({"expiration": 60})).unwrap()).unwrap();
        let ask =
            |token: &str| call(&client, "token.check", &json!({"token": token, "required_acl": "auth.users.read"}));
        assert_eq!(ask(made["token"].as_str().unwrap()).unwrap(), "true");
        assert_eq!(ask("0ec4e97a-4087-4511-ab10-3d5836be455d").unwrap(), "false");
    }
}

#[test]
fn a_certificate_is_checked_by_the_callers_settings_alone() {
    let server = Simulator::start(PASSWORD);
    let mut options = options(&server, true);
    assert!(login(&Client::new(&options).unwrap()).is_ok());
    options.set("ca_file", "").unwrap();
    let error = login(&Client::new(&options).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
    assert!(error.message.contains("ca_file") && !error.in_doubt);
    options.set("verify_certificate", "false").unwrap();
    assert!(login(&Client::new(&options).unwrap()).is_ok());
    let mut options = self::options(&server, true);
    options.set("ca_file", "/does/not/exist.pem").unwrap();
    let error = Client::new(&options).err().expect("a wrong path is told when the client is made");
    assert!(error.message.contains("ca_file") && error.message.contains("/does/not/exist.pem"));
}

#[test]
fn the_right_authority_for_the_wrong_name_is_refused_as_tls() {
    // It answers at an address that its certificate does not name.
    let server = Simulator::start_at("127.0.0.2", PASSWORD);
    let mut options = options(&server, true);
    options.set("host", "127.0.0.2").unwrap();
    let error = login(&Client::new(&options).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
    assert!(!error.in_doubt, "no request was sent");
    // With nothing but the check of the certificate left out, the same login goes through.
    options.set("verify_certificate", "false").unwrap();
    assert!(login(&Client::new(&options).unwrap()).is_ok());
}

#[test]
fn the_environment_vouches_for_no_certificate_and_names_no_proxy() {
    const TARGET: &str = "WAZO_AUTH_ENGINE_TEST_TARGET";
    // The environment of a running process is not to be changed, so the test runs itself in another.
    if let Ok(target) = std::env::var(TARGET) {
        let (url, ca_file) = target.split_once(' ').unwrap();
        let mut options = Options::new();
        options.set_url(url).unwrap();
        let error = login(&Client::new(&options).unwrap()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Tls, "{error}");
        options.set("ca_file", ca_file).unwrap();
        let error = login(&Client::new(&options).unwrap()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::AuthenticationFailed, "it reached the server: {error}");
        return;
    }
    let server = Simulator::start(PASSWORD);
    let (url, ca_file) = (format!("https://127.0.0.1:{}", server.tls_port), server.ca_file.to_str().unwrap());
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_vouches_for_no_certificate_and_names_no_proxy"])
        .env(TARGET, format!("{url} {ca_file}"))
        .env("SSL_CERT_FILE", ca_file)
        .env("SSL_CERT_DIR", server.ca_file.parent().unwrap())
        .envs(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, "http://127.0.0.1:1")))
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success(), "the part in the other process failed; its output is above");
}

#[test]
fn a_call_ends_by_its_deadline_whatever_the_server_does() {
    let server = Simulator::start(PASSWORD);
    for (https, fault) in [
        (false, json!([{"fault": "delay", "ms": 60_000}])),
        (true, json!([{"fault": "delay", "ms": 60_000}])),
        (false, json!([{"fault": "drip", "ms": 200, "at": "body"}])),
        (false, json!([{"fault": "drip", "ms": 200, "at": "head"}])),
        // Once: it takes every connection, that of the control route as well.
        (true, json!([{"fault": "stall_tls", "times": 1}])),
        (false, json!([{"fault": "wrong_length", "by": 10}])),
    ] {
        let client = client_of(&server, https).with([("timeout_ms", "300")]).unwrap();
        server.faults(&fault);
        let started = Instant::now();
        let error = login(&client).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{fault}: {error}");
        assert!(started.elapsed() < Duration::from_secs(10), "{fault}: {:?}", started.elapsed());
        let is_stalled = fault[0]["fault"] == "stall_tls";
        assert_eq!(error.in_doubt, !is_stalled, "{fault}: a login that never left is not in doubt");
        assert!(error.message.contains("300 ms"), "{error}");
        server.faults(&json!([]));
    }
}

#[test]
fn every_way_in_which_an_answer_can_break_is_an_error_of_its_kind_and_shows_no_secret() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server, false).with([("max_response_bytes", "100000"), ("timeout_ms", "5000")]).unwrap();
    for (fault, kind) in [
        (json!({"fault": "reset", "at": "request"}), ErrorKind::Protocol),
        (json!({"fault": "reset", "at": "answer"}), ErrorKind::Protocol),
        (json!({"fault": "reset", "at": "head"}), ErrorKind::Protocol),
        (json!({"fault": "reset", "at": "body"}), ErrorKind::Protocol),
        (json!({"fault": "close", "at": "answer"}), ErrorKind::Protocol),
        (json!({"fault": "close", "at": "body"}), ErrorKind::Protocol),
        (json!({"fault": "wrong_length", "by": -5}), ErrorKind::Protocol),
        (json!({"fault": "bad_json"}), ErrorKind::Protocol),
        (json!({"fault": "bad_utf8"}), ErrorKind::Protocol),
        (json!({"fault": "huge_body", "bytes": 10_000_000}), ErrorKind::TooLarge),
        (json!({"fault": "bad_gateway", "status": 502}), ErrorKind::Unavailable),
        (json!({"fault": "redirect", "url": "http://127.0.0.1:1/elsewhere"}), ErrorKind::Protocol),
    ] {
        server.faults(&json!([fault]));
        for error in [login(&client).unwrap_err(), call(&client, "users.list", &json!({})).unwrap_err()] {
            assert_eq!(error.kind, kind, "{fault}: {error}");
            let shown = everything(&error);
            assert!(!shown.contains(PASSWORD), "{fault}: {shown}");
        }
    }
    server.faults(&json!([]));
    assert!(login(&client).is_ok(), "the client is as good as before");
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_fails_no_call() {
    let server = Simulator::start(PASSWORD);
    server.faults(&json!([{"fault": "idle_close", "ms": 1}]));
    for https in [false, true] {
        let client = client_of(&server, https);
        for _ in 0..3 {
            // A login is not repeated by itself once it was written: the close must have been seen before. How long the
            // server takes to close does not matter to what is promised.
            for operation in ["token.new", "status.check", "token.new"] {
                call(&client, operation, &json!({})).unwrap();
                // Long after the server has closed, also on a machine that is busy.
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

#[test]
fn a_refused_connection_says_so_and_is_not_in_doubt() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{free}")).unwrap();
    let error = login(&Client::new(&options).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connect);
    assert!(error.is_retryable() && !error.in_doubt && error.status() == 0);
}

#[test]
fn a_call_is_repeated_as_often_as_it_was_allowed_and_not_once_more() {
    let server = Simulator::start(PASSWORD);
    let outcome = |times: u32, retries: &str| {
        server.faults(&json!([{"fault": "bad_gateway", "status": 503, "times": times}]));
        login(&client_of(&server, false).with([("retries", retries)]).unwrap())
    };
    assert_eq!(outcome(1, "0").unwrap_err().kind, ErrorKind::Unavailable);
    assert!(outcome(2, "2").is_ok());
    assert_eq!(outcome(3, "2").unwrap_err().kind, ErrorKind::Unavailable);
    // 502 says nothing about whether the login was carried out: it is not repeated.
    server.faults(&json!([{"fault": "bad_gateway", "status": 502, "times": 1}]));
    let error = login(&client_of(&server, false).with([("retries", "5")]).unwrap()).unwrap_err();
    assert!(error.in_doubt);
}

#[test]
fn a_cancellation_ends_running_calls_and_later_ones_until_it_is_reset() {
    let server = Simulator::start(PASSWORD);
    server.faults(&json!([{"fault": "delay", "ms": 60_000}]));
    let cancellation = Cancellation::new();
    let client = client_of(&server, false).with([("timeout_ms", "50000")]).unwrap().with_cancellation(&cancellation);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|_| scope.spawn(|| login(&client).unwrap_err())).collect();
        // Until all eight have reached the server.
        while server.hits() < 8 {
            std::thread::yield_now();
        }
        cancellation.cancel();
        for error in running.into_iter().map(|call| call.join().unwrap()) {
            assert_eq!(error.kind, ErrorKind::Cancelled);
            assert!(error.in_doubt, "the login was with the server");
        }
    });
    let error = login(&client).unwrap_err();
    assert!(error.kind == ErrorKind::Cancelled && !error.in_doubt, "nothing was sent: {error}");
    cancellation.reset();
    server.faults(&json!([]));
    assert!(login(&client).is_ok());
}

#[test]
fn a_blocking_call_inside_an_event_loop_is_refused_instead_of_stopping_it() {
    let server = Simulator::start(PASSWORD);
    let client = client_of(&server, false);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(async { login(&client).unwrap_err() });
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("queue"), "{error}");
}

#[test]
fn a_queue_carries_calls_and_refuses_more_than_its_limit() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server, true);
    let queue = Queue::new(8).unwrap();
    let none = Arguments::new();
    let ids: Vec<u64> = (0..8).map(|user| queue.submit(&client, "users.list", &none, user).unwrap()).collect();
    let error = queue.submit(&client, "users.list", &none, 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
    let mut taken: Vec<_> = (0..8).map(|_| queue.next(Some(Duration::from_secs(30))).unwrap().unwrap()).collect();
    taken.sort_by_key(|completion| completion.id);
    for (index, completion) in taken.iter().enumerate() {
        assert_eq!((completion.id, completion.user_data), (ids[index], index));
        assert!(completion.outcome.as_ref().unwrap().json.contains("items"));
    }
    assert!(queue.next(Some(Duration::ZERO)).unwrap().is_none());
    assert!(queue.submit(&client, "users.nonsense", &none, 0).is_err());
    assert!(queue.submit(&client, "users.list", &none, 0).is_ok(), "its slots are free again");
}

#[test]
fn a_queued_call_can_be_cancelled_by_its_number() {
    let server = Simulator::start(PASSWORD);
    server.faults(&json!([{"fault": "delay", "ms": 60_000}]));
    let client = client_of(&server, false).with([("timeout_ms", "50000")]).unwrap();
    let queue = Queue::new(4).unwrap();
    let id = queue.submit(&client, "token.new", &Arguments::new(), 7).unwrap();
    assert!(queue.cancel(id) && !queue.cancel(id + 1));
    let completion = queue.next(Some(Duration::from_secs(30))).unwrap().unwrap();
    assert_eq!(completion.outcome.unwrap_err().kind, ErrorKind::Cancelled);
    assert!(!queue.cancel(id), "it has ended");
}

#[test]
fn a_token_is_changed_whole_and_at_once_for_the_handle_alone() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server, false);
    let derived = client.with([]).unwrap();
    client.set("token", "0ec4e97a-4087-4511-ab10-3d5836be455d").unwrap();
    let error = call(&client, "users.list", &json!({})).unwrap_err();
    assert!(error.is_token_invalid() && error.kind == ErrorKind::TokenInvalid, "{error}");
    assert!(!everything(&error).contains("0ec4e97a"), "{}", everything(&error));
    assert!(call(&derived, "users.list", &json!({})).is_ok());
    assert_eq!(client.set("host", "x").unwrap_err().kind, ErrorKind::InvalidArgument);
}

#[test]
fn response_headers_are_told_where_they_are_asked_for() {
    let server = Simulator::start(PASSWORD);
    let client = client_of(&server, false);
    let outcome = client.call_by_name("token.new", &Arguments::new()).unwrap();
    assert_eq!(outcome.status, 200);
    let whole: Value = serde_json::from_str(&outcome.to_json().unwrap()).unwrap();
    assert_eq!(whole["status"], 200);
    assert_eq!(whole["headers"]["content-type"], "application/json");
    assert!(whole["result"]["token"].is_string());
}

#[test]
fn a_raw_request_reaches_what_the_table_does_not_have() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server, false);
    let arguments = Arguments::new().with_query(r#"{"limit": 1}"#).unwrap();
    let outcome = client.request(wazo_auth_client::operations::Method::Get, "/users", &arguments).unwrap();
    let body: Value = serde_json::from_str(&outcome.json).unwrap();
    assert_eq!(body["items"].as_array().map(Vec::len), Some(1));
    let missing = client.request(wazo_auth_client::operations::Method::Get, "/nothing", &Arguments::new());
    assert_eq!(missing.unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_connection_whose_request_was_answered_before_it_was_read_is_not_used_again() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        // Answers at once, reads no more of the body, and keeps the connection.
        let (mut first, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        assert!(first.read(&mut head).unwrap() > 0);
        first.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n").unwrap();
        let (mut second, _) = listener.accept().unwrap();
        assert!(second.read(&mut head).unwrap() > 0);
        second.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        first
    });
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{port}?timeout_ms=20000")).unwrap();
    let client = Client::new(&options).unwrap();
    let large = json!({"name": "x".repeat(30 << 20)});
    let error = call(&client, "policies.new", &large).unwrap_err();
    assert_eq!(error.status(), 413, "{error}");
    assert_eq!(call(&client, "users.list", &json!({})).unwrap(), "{}");
    drop(server.join().unwrap());
}
