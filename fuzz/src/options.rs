//! Options from a URL, a key file, and a service's JSON. The first byte chooses; the byte 2 and the one behind it stand for a
//! form of the password, which no error and no debug output may show.

use crate::byte;
use crate::telling::{check, forms, with_secrets};
use std::fs;
use wazo_auth_client::options::{HealthSettings, PageSettings, ServiceSettings, VerifierSettings};
use wazo_auth_client::{Error, Options, RenewerSettings, Result};

const PASSWORD: &str = "pa55w0rd-\u{e4}/\"+% &";

/// The target.
pub fn run(data: &[u8]) {
    let (choice, rest) = byte(data);
    let known = forms(PASSWORD);
    let text = String::from_utf8_lossy(&with_secrets(rest, &known)).into_owned();
    let mut options = Options::new();
    match choice % 4 {
        // Any text: nothing is promised of where in it a password is.
        0 => told(&options.set_url(&text), &[]),
        // What is known to be a password: between the user and the host, or the value of its option.
        1 => {
            let (host, query) = text.split_once(' ').unwrap_or((&text, ""));
            let encoded = known.last().expect("the form that a query has");
            let url = format!("https://alice:{}@{host}?password={encoded}&{query}", known[known.len() - 3]);
            // Where the input has it too, it stands where nobody expects a password.
            let is_repeated = known.iter().any(|form| text.contains(form.as_str()));
            let known = if is_repeated { Vec::new() } else { known };
            told(&options.set_url(&url), &known);
            hidden(&options, &known);
            if let Ok(parsed) = url::Url::parse(&url)
                && let Ok(()) = Options::new().set_url(&url)
            {
                let debugged = format!("{options:?}");
                let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
                assert!(debugged.contains(&format!("host: {host:?}")), "another host than {host:?}: {debugged}");
            }
        }
        2 => {
            let path = std::env::temp_dir().join(format!("wazo-auth-fuzz-{}.key", std::process::id()));
            fs::write(&path, &text).expect("a file of temporary files");
            let read = options.set_from_key_file(&path);
            let known: Vec<String> = known.into_iter().take(1).collect();
            told(&read, &known);
            if read.is_ok() {
                // Of the name alone it is not promised.
                let shown = format!("{options:?}");
                let name = shown.split_once("password").map_or("", |(_, after)| after);
                assert!(!name.contains(&known[0]), "{shown}");
            }
            let _ = fs::remove_file(&path);
        }
        _ => {
            let settings = [
                VerifierSettings::from_json(&text).map(|_| ()),
                RenewerSettings::from_json(&text).and_then(|settings| settings.check()),
                HealthSettings::from_json(&text).map(|_| ()),
                PageSettings::from_json(&text).map(|_| ()),
            ];
            settings.iter().for_each(|outcome| told(outcome, &[]));
        }
    }
}

fn told(outcome: &Result<(), Error>, secrets: &[String]) {
    if let Err(error) = outcome {
        check(error, secrets);
    }
}

fn hidden(options: &Options, secrets: &[String]) {
    let shown = format!("{options:?}");
    for secret in secrets {
        assert!(!shown.contains(secret.as_str()), "{secret:?} in {shown}");
    }
}
