//! The times of a token: local ones in the time zone of the server's process, and UTC.

// On Windows no environment variable sets a process's time zone.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{USER, call, login};
use crate::http::send;
use crate::world::{NOW, World};

/// A simulator in a process of its own; ends with the test.
struct Process(Child, SocketAddr);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(zone: &str) -> Process {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wazo-auth-simulator"))
        .args(["--port", "0", "--exit-with-stdin"])
        .env("TZ", zone)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on http://").and_then(|text| text.parse().ok());
    Process(child, address.unwrap_or_else(|| panic!("no address in {line:?}")))
}

/// The times of a login: `issued_at`, `expires_at`, and both in UTC.
fn times(zone: &str, now: f64) -> [String; 4] {
    let mut world = World::new();
    world.login(USER, "someone", "secret");
    world.state.settings.now = Some(now);
    let process = start(zone);
    let state = serde_json::to_string(&world.state).expect("the state as JSON");
    let mut data = Value::Null;
    for request in [call("PUT", "/_simulator/state").text(&state), login("someone", "secret", &serde_json::json!({}))] {
        let body = request.body.as_deref();
        let answer = send(process.1, request.method, &request.target, &request.headers, body).expect("an answer");
        assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
        data = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()["data"].clone();
    }
    ["issued_at", "expires_at", "utc_issued_at", "utc_expires_at"]
        .map(|key| data[key].as_str().unwrap_or_else(|| panic!("no {key} in {data}")).to_owned())
}

#[test]
fn times_are_local_in_the_time_zone_of_the_process() {
    // 2026-11-23 12:44:43 UTC, in winter; 100 days before it is summer.
    let utc = ["2026-11-23T12:44:43.000000", "2026-11-23T14:44:43.000000"];
    let east = "EST5EDT,M3.2.0,M11.1.0";
    assert_eq!(times(east, NOW), ["2026-11-23T07:44:43", "2026-11-23T09:44:43", utc[0], utc[1]]);
    let summer = NOW - 100.0 * 86_400.0;
    assert_eq!(times(east, summer)[..3], ["2026-08-15T08:44:43", "2026-08-15T10:44:43", "2026-08-15T12:44:43.000000"]);
    assert_eq!(times("<+0545>-5:45", NOW)[..2], ["2026-11-23T18:29:43", "2026-11-23T20:29:43"]);
    for utc_zone in ["UTC0", "", "no time zone"] {
        assert_eq!(times(utc_zone, NOW)[..2], ["2026-11-23T12:44:43", "2026-11-23T14:44:43"], "TZ={utc_zone:?}");
    }
}
