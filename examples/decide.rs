//! Decides about other people's tokens, which it reads from standard input, one a line. Its own token, with which it asks for
//! their names, stays fresh.

use std::error::Error;
use std::io::stdin;
use std::time::Duration;
use wazo_auth_client::options::{ServiceSettings, VerifierSettings};
use wazo_auth_client::{Arguments, Client, Options, Renewer, RenewerSettings, Verdict, Verifier};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::new();
    options.set_from_environment()?;
    let client = Client::new(&options)?;

    let renewer = Renewer::new(&client, RenewerSettings::from_json(r#"{"expiration_s": 3600}"#)?)?;
    renewer.start(Some(Duration::from_secs(10)))?;
    let service = renewer.bind(&client);
    let verifier = Verifier::new(&client, &VerifierSettings::from_json(r#"{"ttl_ms": 60000, "stale_ms": 600000}"#)?)?;

    for token in stdin().lines() {
        // An error is no decision: it means that the server could not be asked.
        let decision = verifier.decide(&token?, Some("auth.users.read"), None)?;
        match (decision.verdict, decision.who) {
            (Verdict::Allowed, Some(who)) => {
                let user = Arguments::new().with("user_uuid", who.user_uuid);
                println!("allowed: {}", service.call_by_name("users.get", &user)?.json);
            }
            (verdict, _) => println!("refused: {}", verdict.name()),
        }
    }
    // Logs out: the token is revoked.
    renewer.close(Some(Duration::from_secs(2)))?;
    Ok(())
}
