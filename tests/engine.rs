//! The engine against a server: the simulator, over real sockets and TLS, well-behaved and broken on request.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wazo_auth_client::{Arguments, Cancellation, Client, Error, ErrorKind, Options, Queue};
use wazo_auth_simulator::faults::Fault;
use wazo_auth_simulator::{Options as ServerOptions, Simulator};

const PASSWORD: &str = "s3cr3t-passw0rd";

struct Stage {
    server: Simulator,
    ca_file: std::path::PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

impl Stage {
    fn new(name: &str) -> Self {
        let server = Simulator::start_blocking(ServerOptions::with_admin("admin", PASSWORD).and_https()).unwrap();
        let ca_file = std::env::temp_dir().join(format!("wazo-auth-engine-{name}-{}.pem", std::process::id()));
        std::fs::write(&ca_file, server.certificate_pem()).unwrap();
        Self { server, ca_file }
    }

    fn options(&self, https: bool) -> Options {
        let mut options = Options::new();
        let port = if https { self.server.tls_port() } else { self.server.port() };
        options.set_url(&format!("{}://127.0.0.1:{port}", if https { "https" } else { "http" })).unwrap();
        options.set("ca_file", self.ca_file.to_str().unwrap()).unwrap();
        options.set("username", "admin").unwrap();
        options.set("password", PASSWORD).unwrap();
        options
    }

    fn client(&self, https: bool) -> Client {
        Client::new(&self.options(https)).unwrap()
    }

    fn logged_in(&self, https: bool) -> Client {
        let client = self.client(https);
        let token: Value = serde_json::from_str(&call(&client, "token.new", &json!({})).unwrap()).unwrap();
        client.set("token", token["token"].as_str().unwrap()).unwrap();
        client
    }

    /// Sets faults as the control route takes them.
    fn faults(&self, faults: &Value) {
        let faults = faults.as_array().unwrap().iter().map(|fault| Fault::from_json(fault).unwrap());
        self.server.faults().set(faults.collect());
    }

    /// How often the first fault struck.
    fn hits(&self) -> u64 {
        let answer = self.server.faults().control(&reqwest::Method::GET, b"");
        let faults: Value = serde_json::from_slice(&answer.body).unwrap();
        faults["faults"][0]["hits"].as_u64().unwrap()
    }
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
    let stage = Stage::new("flow");
    for https in [false, true] {
        let client = stage.logged_in(https);
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
    let stage = Stage::new("certificates");
    let mut options = stage.options(true);
    assert!(login(&Client::new(&options).unwrap()).is_ok());
    options.set("ca_file", "").unwrap();
    let error = login(&Client::new(&options).unwrap()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
    assert!(error.message.contains("ca_file") && !error.in_doubt);
    options.set("verify_certificate", "false").unwrap();
    assert!(login(&Client::new(&options).unwrap()).is_ok());
    // The right authority for the wrong name.
    let mut options = stage.options(true);
    options.set("host", "127.0.0.2").unwrap();
    let error = login(&Client::new(&options).unwrap()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Tls | ErrorKind::Connect), "{error}");
    options.set("ca_file", "/does/not/exist.pem").unwrap();
    let error = Client::new(&options).err().expect("a wrong path is told when the client is made");
    assert!(error.message.contains("ca_file") && error.message.contains("/does/not/exist.pem"));
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
    let stage = Stage::new("environment");
    let (url, ca_file) = (format!("https://127.0.0.1:{}", stage.server.tls_port()), stage.ca_file.to_str().unwrap());
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_vouches_for_no_certificate_and_names_no_proxy"])
        .env(TARGET, format!("{url} {ca_file}"))
        .env("SSL_CERT_FILE", ca_file)
        .env("SSL_CERT_DIR", stage.ca_file.parent().unwrap())
        .envs(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, "http://127.0.0.1:1")))
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success(), "the part in the other process failed; its output is above");
}

#[test]
fn a_call_ends_by_its_deadline_whatever_the_server_does() {
    let stage = Stage::new("deadline");
    for (https, fault) in [
        (false, json!([{"fault": "delay", "ms": 60_000}])),
        (true, json!([{"fault": "delay", "ms": 60_000}])),
        (false, json!([{"fault": "drip", "ms": 200, "at": "body"}])),
        (false, json!([{"fault": "drip", "ms": 200, "at": "head"}])),
        (true, json!([{"fault": "stall_tls"}])),
        (false, json!([{"fault": "wrong_length", "by": 10}])),
    ] {
        let client = stage.client(https).with([("timeout_ms", "300")]).unwrap();
        stage.faults(&fault);
        let started = Instant::now();
        let error = login(&client).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{fault}: {error}");
        assert!(started.elapsed() < Duration::from_secs(10), "{fault}: {:?}", started.elapsed());
        let is_stalled = fault[0]["fault"] == "stall_tls";
        assert_eq!(error.in_doubt, !is_stalled, "{fault}: a login that never left is not in doubt");
        assert!(error.message.contains("300 ms"), "{error}");
        stage.faults(&json!([]));
    }
}

#[test]
fn every_way_in_which_an_answer_can_break_is_an_error_of_its_kind_and_shows_no_secret() {
    let stage = Stage::new("broken");
    let client = stage.logged_in(false).with([("max_response_bytes", "100000"), ("timeout_ms", "5000")]).unwrap();
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
        stage.faults(&json!([fault]));
        for error in [login(&client).unwrap_err(), call(&client, "users.list", &json!({})).unwrap_err()] {
            assert_eq!(error.kind, kind, "{fault}: {error}");
            let shown = everything(&error);
            assert!(!shown.contains(PASSWORD), "{fault}: {shown}");
        }
    }
    stage.faults(&json!([]));
    assert!(login(&client).is_ok(), "the client is as good as before");
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_fails_no_call() {
    let stage = Stage::new("idle");
    stage.faults(&json!([{"fault": "idle_close", "ms": 1}]));
    for https in [false, true] {
        let client = stage.client(https);
        for _ in 0..10 {
            // A login is not repeated by itself once it was written: the close must have been seen before. How long the
            // server takes to close does not matter to what is promised.
            for operation in ["token.new", "status.check", "token.new"] {
                call(&client, operation, &json!({})).unwrap();
                std::thread::sleep(Duration::from_millis(5));
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
    let stage = Stage::new("retries");
    let outcome = |times: u32, retries: &str| {
        stage.faults(&json!([{"fault": "bad_gateway", "status": 503, "times": times}]));
        login(&stage.client(false).with([("retries", retries)]).unwrap())
    };
    assert_eq!(outcome(1, "0").unwrap_err().kind, ErrorKind::Unavailable);
    assert!(outcome(2, "2").is_ok());
    assert_eq!(outcome(3, "2").unwrap_err().kind, ErrorKind::Unavailable);
    // 502 says nothing about whether the login was carried out: it is not repeated.
    stage.faults(&json!([{"fault": "bad_gateway", "status": 502, "times": 1}]));
    let error = login(&stage.client(false).with([("retries", "5")]).unwrap()).unwrap_err();
    assert!(error.in_doubt);
}

#[test]
fn a_cancellation_ends_running_calls_and_later_ones_until_it_is_reset() {
    let stage = Stage::new("cancel");
    stage.faults(&json!([{"fault": "delay", "ms": 60_000}]));
    let cancellation = Cancellation::new();
    let client = stage.client(false).with([("timeout_ms", "50000")]).unwrap().with_cancellation(&cancellation);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|_| scope.spawn(|| login(&client).unwrap_err())).collect();
        // Until all eight have reached the server.
        while stage.hits() < 8 {
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
    stage.faults(&json!([]));
    assert!(login(&client).is_ok());
}

#[test]
fn a_blocking_call_inside_an_event_loop_is_refused_instead_of_stopping_it() {
    let stage = Stage::new("nested");
    let client = stage.client(false);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(async { login(&client).unwrap_err() });
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("queue"), "{error}");
}

#[test]
fn a_queue_carries_calls_and_refuses_more_than_its_limit() {
    let stage = Stage::new("queue");
    let client = stage.logged_in(true);
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
    let stage = Stage::new("queue-cancel");
    stage.faults(&json!([{"fault": "delay", "ms": 60_000}]));
    let client = stage.client(false).with([("timeout_ms", "50000")]).unwrap();
    let queue = Queue::new(4).unwrap();
    let id = queue.submit(&client, "token.new", &Arguments::new(), 7).unwrap();
    assert!(queue.cancel(id) && !queue.cancel(id + 1));
    let completion = queue.next(Some(Duration::from_secs(30))).unwrap().unwrap();
    assert_eq!(completion.outcome.unwrap_err().kind, ErrorKind::Cancelled);
    assert!(!queue.cancel(id), "it has ended");
}

#[test]
fn a_token_is_changed_whole_and_at_once_for_the_handle_alone() {
    let stage = Stage::new("token");
    let client = stage.logged_in(false);
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
    let stage = Stage::new("headers");
    let client = stage.client(false);
    let outcome = client.call_by_name("token.new", &Arguments::new()).unwrap();
    assert_eq!(outcome.status, 200);
    let whole: Value = serde_json::from_str(&outcome.to_json()).unwrap();
    assert_eq!(whole["status"], 200);
    assert_eq!(whole["headers"]["content-type"], "application/json");
    assert!(whole["result"]["token"].is_string());
}

#[test]
fn a_raw_request_reaches_what_the_table_does_not_have() {
    let stage = Stage::new("raw");
    let client = stage.logged_in(false);
    let arguments = Arguments::new().with_query(r#"{"limit": 1}"#).unwrap();
    let outcome = client.request(wazo_auth_client::operations::Method::Get, "/users", &arguments).unwrap();
    let body: Value = serde_json::from_str(&outcome.json).unwrap();
    assert_eq!(body["items"].as_array().map(Vec::len), Some(1));
    let missing = client.request(wazo_auth_client::operations::Method::Get, "/nothing", &Arguments::new());
    assert_eq!(missing.unwrap_err().kind, ErrorKind::NotFound);
}
