//! What a server can do with the texts that it sends: it repeats every secret of a call, in every form and place, and
//! nothing of that is seen anywhere; and it writes no line of its own into a log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use wazo_auth_client::log::{Level, Record, set_logger};
use wazo_auth_client::operations::Method;
use wazo_auth_client::{Arguments, Client, Error, Options, Queue};

/// A server, or a proxy, that answers with what it was sent: in the headers, and in each member of the error. It ends with
/// the test's process.
fn echo(status: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, status));
        }
    });
    port
}

fn answer(mut stream: TcpStream, status: u16) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(1..)) {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let all = format!("{}\r\n{}\u{1b}[2J\u{2028}", head.join("\r\n"), String::from_utf8_lossy(&body));
    let basic = head.iter().filter_map(|line| line.split_once("Basic ")).map(|(_, encoded)| encoded);
    let decoded: Vec<_> = basic.map(|encoded| String::from_utf8(BASE64.decode(encoded).unwrap()).unwrap()).collect();
    let said = serde_json::json!({"message": all, "error_id": all, "details": {"got": [all, decoded]}}).to_string();
    // Its own JSON once more inside of a text, as gateways do that wrap what they got.
    let said = serde_json::json!({"message": all, "error_id": all, "details": {"got": [all, decoded], "inner": said}});
    let said = said.to_string();
    let echoed = head.iter().fold(String::new(), |echoed, line| echoed + "X-Echo: " + line + "\r\n");
    let head = format!("HTTP/1.1 {status} X\r\nProxy-Authenticate: Basic realm=\"{}\"\r\n{echoed}", head.join(" "));
    let rest = format!("Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", said.len());
    let _ = stream.write_all(format!("{head}{rest}{said}").as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
}

const TOKEN: &str = "t0ken-of-options";
const PASSWORD: &str = "pa55/w\u{f6}rd \"%&";
const SECRETS: &[&str] = &[TOKEN, PASSWORD, "b0dy\\s3cret", "qu3ry s3cret", "p4th-s3cret", "pr0xy#us3r", "pr0xy/p4ss"];

/// How secrets can look: as they are, in JSON, in JSON inside of JSON, in URLs, and in HTTP Basic.
fn forms() -> Vec<String> {
    let json = |text: &str| serde_json::json!(text).to_string().trim_matches('"').to_owned();
    let in_url = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = [format!("alice:{PASSWORD}"), "pr0xy#us3r:pr0xy/p4ss".to_owned()].map(|login| BASE64.encode(login));
    let plain =
        SECRETS.iter().flat_map(|secret| [(*secret).to_owned(), json(secret), json(&json(secret)), in_url(secret)]);
    plain.chain(basic.iter().map(|basic| basic.trim_end_matches('=').to_owned())).collect()
}

fn refuse_any_secret(what: &str, text: &str) {
    for form in forms() {
        assert!(!text.contains(&form), "{what} shows {form}: {text}");
    }
}

fn refuse_any_control(what: &str, line: &str) {
    assert!(!line.contains(|c: char| c.is_control() || c == '\u{2028}'), "{what}: {line:?}");
}

fn check(what: &str, error: &Error) {
    refuse_any_control(what, &error.message);
    refuse_any_control(what, &format!("{error} {error:?} {} {}", error.url, error.operation));
    let members =
        format!("{:?} {:?} {:?}", error.reason, error.error_id, error.details.as_ref().map(|json| json.get()));
    let all = format!("{error} {error:?} {} {members} {} {:?}", error.url, error.to_json(), error.answer_json());
    refuse_any_secret(what, &all);
}

fn calls(client: &Client) -> Vec<(&'static str, Error)> {
    let arguments = |json: serde_json::Value| Arguments::from_json(&json.to_string()).unwrap();
    let body = serde_json::json!({"a": {"b": ["b0dy\\s3cret"]}});
    let raw = arguments(serde_json::json!({"query": {"x": "qu3ry s3cret"}, "body": body}));
    let free = arguments(serde_json::json!({"query": {"password": "qu3ry s3cret"}}));
    let registered = arguments(serde_json::json!({"body": {"password": "b0dy\\s3cret", "email_address": "a@b"}}));
    let document = arguments(serde_json::json!({"auth_type": "t", "user_uuid": "u", "data": body}));
    let asked = Arguments::new().with("token", "p4th-s3cret");
    let queue = Queue::new(1).unwrap();
    queue.submit(client, "external.create", &document, 0).unwrap();
    let queued = queue.next(None).unwrap().unwrap();
    vec![
        ("queue", queued.outcome.unwrap_err()),
        ("token.new", client.call_by_name("token.new", &Arguments::new()).unwrap_err()),
        ("token.get", client.call_by_name("token.get", &asked).unwrap_err()),
        ("token.revoke", client.call_by_name("token.revoke", &asked).unwrap_err()),
        ("users.list", client.call_by_name("users.list", &free).unwrap_err()),
        ("users.register", client.call_by_name("users.register", &registered).unwrap_err()),
        ("external.create", client.call_by_name("external.create", &document).unwrap_err()),
        ("raw", client.request(Method::Post, "/%74oken//p4th-s3cret/x", &raw).unwrap_err()),
    ]
}

#[test]
fn no_secret_that_a_server_or_a_proxy_repeats_is_seen_anywhere_and_no_line_is_forged() {
    let logged: Arc<Mutex<Vec<String>>> = Arc::default();
    let records = Arc::clone(&logged);
    let log = move |record: &Record<'_>| records.lock().unwrap().extend([record.to_string(), record.to_json()]);
    set_logger(Level::Debug, Some(Box::new(log)));
    for status in [400, 401, 404, 407, 500, 502] {
        for by_proxy in [false, true] {
            let mut options = Options::new();
            let port = echo(status);
            if by_proxy {
                options.set_url("http://wazo.example.org").unwrap();
                options.set("proxy", &format!("http://pr0xy%23us3r:pr0xy%2Fp4ss@127.0.0.1:{port}")).unwrap();
            } else {
                options.set_url(&format!("http://127.0.0.1:{port}")).unwrap();
            }
            options.set("token", TOKEN).unwrap();
            options.set("username", "alice").unwrap();
            options.set("password", PASSWORD).unwrap();
            let client = Client::new(&options).unwrap();
            for (name, error) in calls(&client) {
                assert_eq!(error.status(), status, "{name}: {error}");
                assert!(error.to_json().contains("***"), "{name}: something was there to be masked");
                check(name, &error);
            }
            // A tunnel that is refused: the proxy's answer is no answer to the call.
            if by_proxy {
                options.set("https", "true").unwrap();
                let client = Client::new(&options).unwrap();
                check("tunnel", &client.call_by_name("token.new", &Arguments::new()).unwrap_err());
            }
        }
    }
    set_logger(Level::Debug, None);
    let logged = logged.lock().unwrap();
    assert!(logged.len() > 100);
    for line in &*logged {
        refuse_any_control("the log", line);
        refuse_any_secret("the log", line);
    }
}
