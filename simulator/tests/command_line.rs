//! The command line: a wrong one ends the program at once, with a message that says what was expected, what came, and
//! what to do.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs the program to its end; where it listens, contrary to what a test expects, it ends with its standard input.
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wazo-auth-simulator"))
        .args(["--port", "0", "--exit-with-stdin"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The one message of a command line that is refused with this status.
fn refused(status: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}: it listened before it refused");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    said.strip_prefix("wazo-auth-simulator: ").unwrap_or_else(|| panic!("{arguments:?}: {said}")).trim_end().to_owned()
}

/// Checks that each is refused with this status and a message that contains all of the texts.
fn check(status: i32, cases: &[(&[&str], &[&str])]) {
    for (arguments, due) in cases {
        let said = refused(status, arguments);
        for text in *due {
            assert!(said.contains(text), "{arguments:?}: {text:?} is not in {said:?}");
        }
    }
}

/// A folder of one test, removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("command-line-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_no_option_is_refused_with_the_way_to_the_help() {
    check(
        2,
        &[
            (&["--prot", "1"], &["--prot: no such option", "--help lists them"]),
            (&["-p", "1"], &["-p: no such option", "--help"]),
            (&["9497"], &["expected options alone", "got \"9497\"", "--help"]),
            (&["--tls=yes"], &["--tls: expected no value", "got \"yes\""]),
            (&["--mock=x"], &["--mock: expected no value", "got \"x\""]),
        ],
    );
}

#[test]
fn an_option_without_its_value_is_refused_by_name() {
    for option in [
        "--port",
        "--tls-port",
        "--address",
        "--certificate-file",
        "--port-file",
        "--admin",
        "--state",
        "--settings",
        "--fault",
        "--events",
        "--smtp",
        "--certificate",
        "--key",
    ] {
        let said = refused(2, &[option]);
        assert!(said.starts_with(&format!("{option}: expected a value")), "{said}");
    }
}

#[test]
fn a_value_that_cannot_be_used_is_refused_with_its_option_and_what_was_expected() {
    check(
        2,
        &[
            (&["--port", "abc"], &["--port: expected a port number from 0 to 65535", "got \"abc\""]),
            (&["--port", "70000"], &["--port: ", "got \"70000\""]),
            (&["--port="], &["--port: ", "got \"\""]),
            (&["--tls-port", "-1"], &["--tls-port: expected a port number from 0 to 65535", "got \"-1\""]),
            (&["--address", "localhost"], &["--address: expected an IP address", "127.0.0.1", "got \"localhost\""]),
            (&["--admin", "admin"], &["--admin: expected NAME:PASSWORD", "no colon"]),
            (&["--admin", ":secret"], &["--admin: expected NAME:PASSWORD", "the name is empty"]),
            (&["--admin", "admin:"], &["--admin: expected NAME:PASSWORD", "the password is empty"]),
            (&["--events", "http://x"], &["--events: expected amqp://", "got \"http://x\""]),
            (&["--smtp", "localhost"], &["--smtp: expected HOST:PORT", "got \"localhost\""]),
            (&["--smtp", "a:b"], &["--smtp: expected HOST:PORT", "got \"a:b\""]),
            (&["--smtp", ":25"], &["--smtp: expected HOST:PORT"]),
        ],
    );
}

#[test]
fn a_password_is_not_repeated_in_a_message() {
    for arguments in [["--admin", ":Pa55"], ["--admin", "Pa55"], ["--events", "amqp://me:Pa55@127.0.0.1:x"]] {
        assert!(!refused(2, &arguments).contains("Pa55"));
    }
}

#[test]
fn options_that_contradict_each_other_are_refused_together() {
    check(
        2,
        &[
            (&["--tls", "--tls-port", "0"], &["--tls: expected no --tls-port"]),
            (
                &["--port", "9497", "--tls-port", "9497"],
                &["--tls-port: expected another port than that of --port", "9497"],
            ),
            (&["--mock", "--admin", "a:b"], &["--mock: expected neither", "--admin"]),
            (&["--mock", "--state", "x"], &["--mock: expected neither", "--state"]),
            (&["--mock", "--settings", "{}"], &["--mock: expected neither", "--settings"]),
            (&["--mock", "--events", "amqp://127.0.0.1"], &["--mock: expected no --events"]),
        ],
    );
}

#[test]
fn a_wrong_setting_is_refused_with_the_known_ones_or_its_type() {
    check(
        2,
        &[
            (&["--settings", "x"], &["--settings: expected a JSON object", "line 1 column 1"]),
            (&["--settings", "[]"], &["--settings: expected a JSON object", "got []"]),
            (
                &["--settings", "{\"user_regstration\": true}"],
                &["--settings: unknown setting \"user_regstration\"", "user_registration", "password_rounds"],
            ),
            (&["--settings", "{\"now\": \"x\"}"], &["--settings: now: ", "expected a number", "\"x\""]),
            (&["--settings", "{\"password_rounds\": -1}"], &["password_rounds: ", "-1", "expected a whole number"]),
            (&["--settings", "{\"backends\": {}}"], &["backends: ", "expected a list"]),
            (
                &["--settings", "{\"purpose_metadata_mapping\": {\"user\": [\"x\"]}}"],
                &["purpose_metadata_mapping: ", "`x`", "user_admin_status"],
            ),
        ],
    );
}

#[test]
fn a_wrong_fault_is_refused_with_the_kinds_or_the_keys_that_there_are() {
    check(
        2,
        &[
            (&["--fault", "dealy,ms=1"], &["--fault dealy,ms=1: ", "one of delay, drip"]),
            (
                &["--fault", "delay"],
                &["--fault delay: ", "`ms` is missing", "it takes ms, method, path, times, probability"],
            ),
            (&["--fault", "redirect"], &["`url` is missing", "it takes url, status, method"]),
            (
                &["--fault", "delay,ms=1,foo=1"],
                &["--fault delay,ms=1,foo=1: ", "unknown key \"foo\"; it takes ms, method"],
            ),
            (&["--fault", "delay,ms=soon"], &["`ms` is a number within its range, got \"soon\""]),
            (&["--fault", "{\"fault\": "], &["--fault {\"fault\": : ", "not JSON", "line 1 column 10"]),
        ],
    );
}

#[test]
fn a_state_that_cannot_be_read_is_refused_with_its_file_and_line() {
    let folder = Folder::new("state");
    let absent = folder.path("absent.json");
    check(1, &[(&["--state", &absent], &["--state: ", &absent, "No such file"])]);
    for (name, content, due) in [
        ("no-json.json", "{\"users\": [\n oops ]}", ["line 2 column 2", "GET /_simulator/state"]),
        ("empty.json", "", ["expected a JSON object", "GET /_simulator/state"]),
        ("list.json", "[]", ["expected a JSON object", "got a list"]),
        ("map.json", "{\"users\": {}}", ["got an object, expected a list", "line 1 column 10"]),
        ("type.json", "{\"users\": [\n{\"username\": 3}]}", ["line 2 column 14", "integer `3`, expected a text"]),
        // A misspelt key would make a test pass that tests nothing.
        (
            "table.json",
            "{\n\"user\": []}",
            ["unknown field `user`, expected one of `tenants`, `users`", "line 2 column 6"],
        ),
        ("setting.json", "{\"settings\": {\"nwo\": 1}}", ["unknown field `nwo`, expected one of", "line 1"]),
        ("key.json", "{\"users\": [\n{\"usrname\": \"x\"}]}", ["unknown field `usrname`, expected one of", "line 2"]),
    ] {
        let path = folder.file(name, content);
        check(1, &[(&["--state", &path], &["--state: ", &path, due[0], due[1]])]);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_it_listens_with_its_option() {
    let folder = Folder::new("files");
    let path = folder.path("absent/file");
    for option in ["--certificate-file", "--port-file"] {
        check(1, &[(&[option, &path], &[&format!("{option}: "), &path, "No such file or directory"])]);
    }
}

#[test]
fn an_address_that_cannot_be_listened_on_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap();
    let port = place.port().to_string();
    check(
        1,
        &[
            (
                &["--port", &port],
                &[&format!("cannot listen on {place}: "), "another program", "wazo-auth", "port 0 picks a free one"],
            ),
            (&["--tls-port", &port], &[&format!("cannot listen on {place}: "), "port 0 picks a free one"]),
            // TEST-NET-1: no machine has an address of it.
            (
                &["--address", "192.0.2.1"],
                &["cannot listen on 192.0.2.1:0: ", "not an address of this machine", "127.0.0.1"],
            ),
        ],
    );
}

/// A client, whose port is one where nobody listens: as long as it is connected, nobody else gets it.
fn client() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    TcpStream::connect(listener.local_addr().unwrap()).unwrap()
}

#[test]
fn a_mail_server_that_is_not_there_is_named_with_its_option_and_one_reason() {
    let client = client();
    let closed = client.local_addr().unwrap().to_string();
    let said = refused(1, &["--smtp", &closed]);
    assert!(said.starts_with(&format!("--smtp: the mail server at {closed}: ")), "{said}");
    assert_eq!(said.matches("Connection refused").count(), 1, "{said}");
}

#[test]
fn a_bus_that_is_not_there_is_named_with_its_option() {
    let client = client();
    let closed = client.local_addr().unwrap();
    let url = format!("amqp://me:secret@{closed}");
    let said = refused(1, &["--events", &url]);
    assert!(said.starts_with(&format!("--events: the RabbitMQ at {closed}: ")), "{said}");
    assert!(said.contains("is a RabbitMQ there?") && !said.contains("secret"), "{said}");
}

#[test]
fn help_names_every_option_and_is_no_wider_than_120_columns() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let options = |text: &str| -> BTreeSet<String> {
        let words = text.split(|character: char| character.is_whitespace() || "[]=\"".contains(character));
        words
            .filter(|word| word.starts_with("--") && word.len() > 2)
            .map(|word| word.trim_end_matches([',', '.', ';', ':']).into())
            .collect()
    };
    let manual = include_str!("../../packaging/man/wazo-auth-simulator.1.in").replace("\\-", "-");
    // In its example there are options of curl.
    let (manual, _) = manual.split_once(".SH EXAMPLE").unwrap();
    assert_eq!(options(&text), options(manual), "the help and the manual page name other options");
    assert!(text.lines().all(|line| line.chars().count() <= 120), "the help is wider than 120 columns");
}

#[test]
fn a_closed_pipe_at_its_output_is_no_panic() {
    for (arguments, status, due) in [
        (&["--help"][..], 0, ""),
        (&["--port", "0", "--exit-with-stdin"], 1, "wazo-auth-simulator: standard output: Broken pipe (os error 32)\n"),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_wazo-auth-simulator"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), due);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    }
}
