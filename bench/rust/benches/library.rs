//! In-process benchmarks: what the library does besides waiting for a server.
//!
//!     make bench-criterion
//!
//! `prepare` and `judge` measure the two halves of a call without a server, by the feature `internals`. `answers` measures
//! whole calls against a server in this process, whose time is in the figure. The difference between two sizes of `answers`
//! is what passing on costs; the difference between `answers` and `refusals` of one size is what an error costs.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ptr::{null, null_mut};
use std::thread;
use wazo_auth_client::{Arguments, Client, Error, Options, ffi};

const TOKEN: &str = "5a0b12f8-6a3c-4f58-9d0e-0c9f1f6b7a11";

/// A server that answers `/0.1/users/SIZE` with that many bytes of JSON, and any other path with a refusal (404).
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    port
}

fn serve(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let (mut request, mut size, mut answer) = ([0; 4096], usize::MAX, Vec::new());
    // A request without a body comes in one piece.
    while let Ok(1..) = stream.read(&mut request) {
        let path = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let wanted = std::str::from_utf8(last).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        if wanted != size {
            size = wanted;
            answer = if size == 0 { refusal() } else { listing(size) };
        }
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn response(status: &str, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    format!("{head}\r\n\r\n{body}").into_bytes()
}

const REFUSAL: &str = r#"{"reason": ["No such user"], "timestamp": [1767254400.0], "status_code": 404}"#;

fn refusal() -> Vec<u8> {
    response("404 NOT FOUND", REFUSAL)
}

/// Items as a listing of users has them.
fn listing(size: usize) -> Vec<u8> {
    response("200 OK", &listing_body(size))
}

fn listing_body(size: usize) -> String {
    let mut body = String::from("{\"items\": [");
    while body.len() + 200 < size {
        let _ = write!(body, "{{\"uuid\": \"{TOKEN}\", \"username\": \"alice\", \"enabled\": true, \"emails\": []}}, ");
    }
    let padding = size.saturating_sub(body.len() + 16);
    let _ = write!(body, "{{\"x\": \"{}\"}}]}}", "x".repeat(padding));
    body
}

fn options(port: u16) -> Options {
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{port}")).expect("a URL");
    options
}

fn cold(criterion: &mut Criterion) {
    let plain = options(9);
    let mut https = options(9);
    https.set("https", "true").expect("an option");
    https.set("verify_certificate", "false").expect("an option");
    let mut group = criterion.benchmark_group("client_new");
    group.bench_function("plain", |bench| bench.iter(|| Client::new(black_box(&plain)).expect("a client")));
    group.bench_function("https, no verification", |bench| bench.iter(|| Client::new(&https).expect("a client")));
    group.bench_function("Options::set_url", |bench| bench.iter(|| options(black_box(9))));
    group.finish();
}

fn prepare(criterion: &mut Criterion) {
    let client = Client::new(&options(9)).expect("a client");
    let arguments = format!("{{\"token\": \"{TOKEN}\", \"required_acl\": \"confd.users.read\"}}");
    let hopeless = Arguments::new().with("token", "..").with("required_acl", "confd.users.read");
    let missing = Arguments::new();
    let mut group = criterion.benchmark_group("prepare");
    group.bench_function("Arguments::from_json", |bench| {
        bench.iter(|| Arguments::from_json(black_box(&arguments)).expect("arguments"));
    });
    let token = Arguments::new().with("token", TOKEN).with("required_acl", "confd.users.read");
    group.bench_function("token.check", |bench| {
        bench.iter(|| client.prepare("token.check", black_box(&token)).expect("a request"));
    });
    let user = Arguments::from_json(r#"{"body": {"username": "alice", "password": "secret", "enabled": true}}"#);
    let user = user.expect("arguments");
    group.bench_function("users.new, with a body", |bench| {
        bench.iter(|| client.prepare("users.new", black_box(&user)).expect("a request"));
    });
    group.bench_function("token.check, answered no without a request", |bench| {
        bench.iter(|| client.call_by_name("token.check", black_box(&hopeless)).expect("an answer").is_no());
    });
    group.bench_function("users.get without its argument: an error", |bench| {
        bench.iter(|| client.call_by_name("users.get", black_box(&missing)).is_err());
    });
    group.finish();
}

fn judge(criterion: &mut Criterion) {
    let client = Client::new(&options(9)).expect("a client");
    let ready = client.prepare("users.get", &Arguments::new().with("user_uuid", TOKEN)).expect("a request");
    let mut group = criterion.benchmark_group("judge");
    for (name, size) in
        [("1 KB", 1_000), ("10 KB", 10_000), ("100 KB", 100_000), ("1 MB", 1_000_000), ("10 MB", 10_000_000)]
    {
        let body = listing_body(size);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| ready.judge(200, black_box(body.as_bytes())).expect("an answer"));
        });
    }
    group.bench_function("a refusal (404)", |bench| {
        bench.iter(|| ready.judge(404, black_box(REFUSAL.as_bytes())).is_err());
    });
    group.finish();
}

fn errors(criterion: &mut Criterion) {
    let client = Client::new(&options(server())).expect("a client");
    let unknown = Arguments::new().with("user_uuid", "unknown");
    let error = client.call_by_name("users.get", &unknown).err().expect("a refusal");
    let mut group = criterion.benchmark_group("errors");
    group.bench_function("Error::invalid", |bench| bench.iter(|| Error::invalid(black_box("port: expected a number"))));
    group.bench_function("Error::to_json of a refusal", |bench| bench.iter(|| black_box(&error).to_json()));
    group.bench_function("refusals: a whole call that ends with 404", |bench| {
        bench.iter(|| client.call_by_name("users.get", &unknown).is_err());
    });
    group.finish();
}

fn answers(criterion: &mut Criterion) {
    let client = Client::new(&options(server())).expect("a client");
    let mut group = criterion.benchmark_group("answers");
    group.sample_size(20);
    for (name, size) in
        [("1 KB", 1_000), ("10 KB", 10_000), ("100 KB", 100_000), ("1 MB", 1_000_000), ("10 MB", 10_000_000)]
    {
        let arguments = Arguments::new().with("user_uuid", size.to_string());
        group.throughput(Throughput::Bytes(size));
        group.bench_function(name, |bench| {
            bench.iter(|| client.call_by_name("users.get", &arguments).expect("an answer"));
        });
    }
    group.finish();
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "the header's contract: texts end with NUL, handles live")]
fn boundary(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("boundary");
    let text = c"{\"token\": \"5a0b12f8-6a3c-4f58-9d0e-0c9f1f6b7a11\", \"metadata\": {\"uuid\": \"x\"}}";
    unsafe {
        let options = ffi::options::wazo_auth_options_new();
        ffi::options::wazo_auth_options_set_url(options, c"http://127.0.0.1:9".as_ptr(), null_mut());
        let client = ffi::client::wazo_auth_client_new(options, null_mut());
        let check = ffi::operations::wazo_auth_token_check;
        group.bench_function("token_check, answered no without a request", |bench| {
            bench.iter(|| check(client, black_box(c"..").as_ptr(), null(), null(), null_mut()));
        });
        group.bench_function("token_check without a client: an error", |bench| {
            bench.iter(|| check(black_box(null()), c"x".as_ptr(), null(), null(), null_mut()));
        });
        group.bench_function("json_get, string_free", |bench| {
            bench.iter(|| {
                let token = ffi::json::wazo_auth_json_get(black_box(text.as_ptr()), c"/token".as_ptr(), null_mut());
                ffi::text::wazo_auth_string_free(token);
            });
        });
        ffi::client::wazo_auth_client_free(client);
        ffi::options::wazo_auth_options_free(options);
    }
    group.finish();
}

criterion_group!(benches, cold, prepare, judge, errors, answers, boundary);
criterion_main!(benches);
