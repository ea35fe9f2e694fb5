//! The simulator for the Rust tests: the program itself, as a process of its own.
//!
//! It is not a dependency of the library's tests: Cargo would then build the library with the features that the
//! simulator wants of tokio and hyper, and the tests would run what is not shipped. `WAZO_AUTH_SIMULATOR` names the
//! program; where it is not set, Cargo builds it and says where it is.

#![allow(dead_code, reason = "each program of tests uses its own part")]

pub mod http2;
pub mod scripted;

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A running simulator over HTTP and HTTPS, on free ports of the loopback. It ends when this is dropped, and when the
/// process of the test ends in whatever way.
pub struct Simulator {
    process: Child,
    address: &'static str,
    pub port: u16,
    pub tls_port: u16,
    /// Where its certificate is: what a client takes as its authority.
    pub ca_file: PathBuf,
}

impl Simulator {
    /// Starts one, with the administrator `admin` of this password.
    pub fn start(password: &str) -> Self {
        Self::start_at("127.0.0.1", password)
    }

    /// The same at another address of the loopback. Its certificate holds for `localhost`, 127.0.0.1 and ::1 alone.
    pub fn start_at(address: &'static str, password: &str) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let ca_file = std::env::temp_dir().join(format!("wazo-auth-tests-{}-{number}.pem", std::process::id()));
        let mut process = Command::new(program())
            .args(["--address", address, "--port", "0", "--tls-port", "0", "--exit-with-stdin"])
            .args(["--admin", &format!("admin:{password}"), "--certificate-file", ca_file.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program().display()));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut port = |scheme: &str| {
            let line = lines.next().expect("the simulator says where it listens").unwrap();
            let port = line.strip_prefix(&format!("listening on {scheme}://{address}:")).map(str::parse);
            port.unwrap_or_else(|| panic!("the simulator says {line:?}")).unwrap()
        };
        let (port, tls_port) = (port("http"), port("https"));
        Self { process, address, port, tls_port, ca_file }
    }

    /// Sets the faults: an array, as the control route takes it.
    pub fn faults(&self, faults: &Value) {
        self.control("PUT", "faults", &faults.to_string());
    }

    /// How often the first fault struck.
    pub fn hits(&self) -> u64 {
        let faults: Value = serde_json::from_str(&self.control("GET", "faults", "")).unwrap();
        faults["faults"][0]["hits"].as_u64().unwrap()
    }

    /// How many requests of this method came to paths that begin so.
    pub fn requests(&self, method: &str, path: &str) -> usize {
        let requests: Value = serde_json::from_str(&self.control("GET", "requests", "")).unwrap();
        let requests = requests["items"].as_array().expect("a list of requests");
        let is_it = |request: &&Value| {
            request["method"] == method && request["path"].as_str().is_some_and(|known| known.starts_with(path))
        };
        requests.iter().filter(is_it).count()
    }

    /// Calls a control route, over a connection of its own; gives the body of the answer.
    pub fn control(&self, method: &str, route: &str, body: &str) -> String {
        let mut stream = TcpStream::connect((self.address, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /_simulator/{route} HTTP/1.1\r\nHost: simulator\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {route}: {answer}");
        body.to_owned()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The end of its standard input is its own.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

/// The program, looked for once.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| std::env::var_os("WAZO_AUTH_SIMULATOR").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo test` says of the library's crate is not the simulator's: ring would be built again, and once more by
    // the next one who calls cargo.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            cargo.env_remove(name);
        }
    }
    let built = cargo
        .args(["build", "--locked", "--quiet", "--package", "wazo-auth-simulator", "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(ROOT)
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo, to build the simulator");
    assert!(built.status.success(), "the simulator does not build");
    String::from_utf8(built.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo says where the simulator is")
}
