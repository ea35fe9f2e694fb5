//! What options promise.

use super::*;
use crate::error::ErrorKind;
use crate::secret::Secret;
use std::time::Duration;

fn message(result: Result<()>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    error.message.clone()
}

#[test]
fn every_key_of_the_table_can_be_set_and_every_other_is_refused_with_the_known_ones() {
    for entry in OPTIONS {
        let value = if entry.name == "host" { "example.org" } else { entry.default };
        Options::new().set(entry.name, value).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
    }
    let text = message(Options::new().set("time_out", "1"));
    assert!(text.contains("time_out") && text.contains("timeout_ms") && text.contains("host"), "{text}");
}

#[test]
fn a_url_sets_scheme_host_port_prefix_credentials_and_options() {
    let mut options = Options::new();
    options.set_url("https://al%40ice:s%C3%A9cret@wazo.example:8443/api/auth/0.1/?timeout_ms=3000").unwrap();
    let (connection, call) = (&options.connection, &options.call);
    assert_eq!((connection.host.as_str(), connection.port, connection.https), ("wazo.example", 8443, true));
    assert_eq!((connection.prefix.as_str(), connection.version.as_str()), ("/api/auth", "0.1"));
    assert_eq!(call.username.as_deref(), Some("al@ice"));
    assert_eq!(call.password, Some(Secret("sécret".into())));
    assert_eq!(call.timeout, Some(Duration::from_secs(3)));

    let mut direct = Options::new();
    direct.set_url("http://[::1]:9497").unwrap();
    let connection = &direct.connection;
    assert_eq!((connection.host.as_str(), connection.port, connection.prefix.as_str()), ("::1", 9497, ""));
    assert!(!connection.https);
}

#[test]
fn a_wrong_url_is_refused_without_showing_its_password() {
    for url in ["ftp://a:hunter2@h", "https://", "a:hunter2@h", "https://a:hunter2@h:99999", "https://h?nope=hunter2"] {
        let text = message(Options::new().set_url(url));
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_a_password_can_do_to_a_url_is_refused_and_said_without_showing_it() {
    for (url, hint) in [
        ("https://alice:hunt#22er@h/api/auth?timeout_ms=3000", "%23"),
        ("https://alice:22#hunter@h", "%23"),
        ("https://h?password=22#hunter&timeout_ms=3000", "%23"),
        ("https://h?username=alice&password=22&hunter", "%26"),
        ("https://h?password=22&hunter=22", "%26"),
        ("https://alice:22/hunter@h", "%2F"),
        ("https://alice:22/hunt$er/@h", "%2F"),
        ("https://alice:22?hunter@h", "%26"),
    ] {
        let mut options = Options::new();
        let text = message(options.set_url(url));
        assert!(text.contains(hint) && !text.contains("hunt"), "{text}");
    }
    let mut options = Options::new();
    options.set_url("https://alice:hunt%23%2F%26er@h/api?password=hunt%23%26er&timeout_ms=3").unwrap();
    assert_eq!(options.call.password, Some(Secret("hunt#&er".into())));
    assert_eq!(options.call.timeout, Some(Duration::from_millis(3)));
}

#[test]
fn the_error_about_an_option_is_one_line() {
    for c in ['\0', '\n', '\r', '\u{1b}', '\u{85}', '\u{2028}', '\u{202e}'] {
        let text = format!("a{c}b");
        let mut wrong: Vec<String> = OPTIONS
            .iter()
            .filter_map(|entry| Options::new().set(entry.name, &text).err())
            .map(|e| e.message.clone())
            .collect();
        assert!(wrong.len() > 10, "{wrong:?}");
        wrong.push(message(Options::new().set(&text, "")));
        wrong.push(message(Options::new().set_from_key_file(Path::new(&text))));
        wrong.push(message(Options::new().set_url(&format!("a{c}b://h"))));
        assert!(wrong.iter().all(|message| !message.contains(c)), "{wrong:?}");
    }
}

#[test]
fn a_wrong_value_that_may_hold_a_password_is_not_shown() {
    for key in OPTIONS {
        for value in
            ["https://alice:hunter22@example.org", "alice:hunter22@example.org", "alice:hunter22", "x/hunter22@h"]
        {
            if let Err(error) = Options::new().set(key.name, value) {
                assert!(error.message.contains(key.name) && !error.message.contains("hunter22"), "{error}");
            }
        }
    }
    let text = message(Options::new().set("https://alice:hunter22@h", ""));
    assert!(!text.contains("hunter22"), "{text}");
    let text = message(Options::new().set("timeout_ms", &"9".repeat(1 << 20)));
    assert!(text.len() < 500, "{}", text.len());
}

#[test]
fn a_host_cannot_carry_a_path_or_credentials() {
    for host in ["", "a/b", "a@b", "https://a", "a b", "a#b", "a?b"] {
        assert!(message(Options::new().set("host", host)).contains("option host"));
    }
}

#[test]
fn an_international_host_is_taken_in_its_ascii_form_alone() {
    for host in ["xn--mnchen-3ya.example", "XN--MNCHEN-3YA.example"] {
        Options::new().set("host", host).unwrap();
        Options::new().set_url(&format!("https://{host}/api/auth")).unwrap();
    }
    for host in ["münchen.example", "b.ü", "ＥＸＡＭＰＬＥ.com"] {
        assert!(message(Options::new().set("host", host)).contains("xn--"));
        assert!(message(Options::new().set_url(&format!("https://alice:secret@{host}"))).contains("xn--"));
    }
}

#[test]
fn a_prefix_cannot_climb() {
    for prefix in ["/api/../x", "/a b", "/a?b", "/a//b", "/.", ".."] {
        assert!(message(Options::new().set("prefix", prefix)).contains("option prefix"), "{prefix}");
    }
    for none in ["", "/", "//"] {
        let mut options = Options::new();
        options.set("prefix", none).unwrap();
        assert_eq!(options.connection.prefix, "", "{none}");
    }
}

#[test]
fn a_malformed_number_or_boolean_is_refused_with_what_was_expected() {
    for (key, value) in [("timeout_ms", "3s"), ("port", "65536"), ("https", "maybe"), ("retries", "-1")] {
        let text = message(Options::new().set(key, value));
        assert!(text.contains(key) && text.contains(value) && text.contains("expected"), "{text}");
    }
}

#[test]
fn a_ca_file_can_be_given_as_verify_certificate() {
    let mut options = Options::new();
    options.set("verify_certificate", "/etc/ssl/own.pem").unwrap();
    assert!(options.connection.verify_certificate);
    assert_eq!(options.connection.ca_file.as_deref(), Some(Path::new("/etc/ssl/own.pem")));
}

#[test]
fn a_key_file_gives_user_name_and_password() {
    let path = std::env::temp_dir().join(format!("wazo-auth-key-{}.yml", std::process::id()));
    std::fs::write(&path, "---\nservice_id: wazo-calld\nservice_key: \"k3y: x\"\n").unwrap();
    let mut options = Options::new();
    let outcome = options.set_from_key_file(&path);
    std::fs::remove_file(&path).unwrap();
    outcome.unwrap();
    assert_eq!(options.call.username.as_deref(), Some("wazo-calld"));
    assert_eq!(options.call.password, Some(Secret("k3y: x".into())));
    assert!(message(options.set_from_key_file(&path)).contains("key file"));
}

#[test]
fn debug_output_shows_no_secret() {
    let mut options = Options::new();
    options.set_url("https://alice:hunter2@h?token=t0ken-secret&proxy=http://u:pr0xy@p").unwrap();
    let shown = format!("{options:?}");
    for secret in ["hunter2", "t0ken-secret", "pr0xy"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_defaults_are_what_the_documentation_says() {
    let Options { connection, call } = Options::new();
    let as_default = |name: &str| match name {
        "host" => connection.host.clone(),
        "port" => connection.port.to_string(),
        "prefix" => connection.prefix.clone(),
        "version" => connection.version.clone(),
        "https" => connection.https.to_string(),
        "verify_certificate" => connection.verify_certificate.to_string(),
        "connect_timeout_ms" => connection.connect_timeout.map_or(0, |limit| limit.as_millis()).to_string(),
        "pool_size" => connection.pool_size.to_string(),
        "pool_idle_timeout_ms" => connection.pool_idle_timeout.as_millis().to_string(),
        "queue_connections" => connection.queue_connections.to_string(),
        "queue_waiting" => connection.queue_waiting.to_string(),
        "queue_wait_ms" => connection.queue_wait.map_or(0, |limit| limit.as_millis()).to_string(),
        "io_threads" => connection.io_threads.to_string(),
        "timeout_ms" => call.timeout.map_or(0, |limit| limit.as_millis()).to_string(),
        "user_agent" => call.user_agent.clone(),
        "max_response_bytes" => call.max_response_bytes.to_string(),
        "retries" => call.retries.to_string(),
        // Absent unless set.
        _ => String::new(),
    };
    for entry in OPTIONS {
        assert_eq!(as_default(entry.name), entry.default, "{}", entry.name);
    }
    // What users rely on, written a second time on purpose: a changed default is a change of behaviour.
    assert_eq!((connection.port, connection.prefix.as_str(), connection.version.as_str()), (443, "/api/auth", "0.1"));
    assert_eq!((connection.https, connection.verify_certificate), (true, true));
    assert_eq!((connection.pool_size, connection.queue_connections, connection.io_threads), (64, 32, 1));
    assert_eq!((connection.queue_waiting, connection.queue_wait), (0, None));
    assert_eq!((connection.pool_idle_timeout, connection.connect_timeout), (Duration::from_secs(5), None));
    assert_eq!((call.timeout, call.retries, call.max_response_bytes), (Some(Duration::from_secs(10)), 0, 8 << 20));
    let absent = [call.username.is_some(), call.password.is_some(), call.token.is_some(), call.tenant_uuid.is_some()];
    assert_eq!(absent, [false; 4]);
    let files = [&connection.ca_file, &connection.client_certificate_file, &connection.client_key_file];
    assert!(files.iter().all(|file| file.is_none()) && connection.proxy.is_none());
}
