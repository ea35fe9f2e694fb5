//! A first program: logs in, checks the token, and prints the users. Its settings come from the environment:
//! `WAZO_AUTH_URL`, `WAZO_AUTH_USERNAME`, `WAZO_AUTH_PASSWORD`, `WAZO_AUTH_CA_FILE`.

use serde_json::Value;
use std::error::Error;
use wazo_auth_client::{Arguments, Client, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::new();
    options.set_from_environment()?;
    let client = Client::new(&options)?;

    let login = client.call_by_name("token.new", &Arguments::from_json(r#"{"expiration": 3600}"#)?)?;
    let login: Value = serde_json::from_str(&login.json)?;
    let token = login["token"].as_str().ok_or("the server gave no token")?;

    // The same connections, with a token.
    let me = client.with([("token", token)])?;
    let question = Arguments::new().with("token", token).with("required_acl", "auth.users.read");
    if me.call_by_name("token.check", &question)?.is_yes() {
        println!("this token may read users");
        println!("{}", me.call_by_name("users.list", &Arguments::from_json(r#"{"limit": 10}"#)?)?.json);
    }
    Ok(())
}
