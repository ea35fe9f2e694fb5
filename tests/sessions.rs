//! A renewer as a session: refresh tokens, listeners that come late, logging out. Against the simulator.

#[path = "support/renewing.rs"]
mod renewing;
mod support;

use renewing::*;
use serde_json::{Value, json};
use wazo_auth_client::options::ServiceSettings as _;
use wazo_auth_client::{Arguments, ErrorKind, Renewer, RenewerSettings};

const OFFLINE: &str = r#"{"offline": true, "client_id": "phone", "mobile": true}"#;

#[test]
fn an_offline_session_is_renewed_with_its_refresh_token_and_falls_back_to_the_password() {
    let server = server();
    let client = client(&server);
    let renewer = renewer(&client, OFFLINE);
    let (listener, refresh_tokens) = heard();
    renewer.set_on_refresh_token(Some(listener)).unwrap();
    renewer.start(Some(LONG)).unwrap();
    let refresh_token = refresh_tokens.recv_timeout(LONG).unwrap();
    renewer.renew().unwrap();
    eventually("a second token", || snapshot(&renewer)["renewals"] == 2);
    let sent = requests(&server, "POST", "/token");
    let (first, second) = (&sent[0], &sent[1]);
    assert!(!first.to_string().contains(&refresh_token) && second.to_string().contains(&refresh_token));
    assert!(first.to_string().contains("Basic ") && !second.to_string().contains("Basic "), "{second}");
    // Somebody deletes it.
    let of_user = Arguments::new().with("user_uuid", "me").with("client_id", "phone");
    renewer.bind(&client).call_by_name("token.delete", &of_user).unwrap();
    renewer.renew().unwrap();
    assert_ne!(refresh_tokens.recv_timeout(LONG).unwrap(), refresh_token);
    assert_eq!(requests(&server, "POST", "/token").len(), 4);
    list(&renewer.bind(&client)).unwrap();
}

#[test]
fn a_refresh_token_alone_is_enough() {
    let server = server();
    let client = client(&server);
    let answer = Arguments::new().with("access_type", "offline").with("client_id", "phone");
    let answer: Value = serde_json::from_str(&client.call_by_name("token.new", &answer).unwrap().json).unwrap();
    let nobody = client.with([("username", ""), ("password", "")]).unwrap();
    let settings = json!({"refresh_token": answer["refresh_token"], "client_id": "phone"}).to_string();
    list(&started(&nobody, &settings).bind(&nobody)).unwrap();
    let error = Renewer::new(&nobody, RenewerSettings::from_json("{}").unwrap()).unwrap_err();
    assert!(error.message.contains("nothing to log in with"), "{error}");
}

#[test]
fn it_tells_how_many_other_sessions_a_login_ended() {
    let server = server();
    let client = client(&server);
    let _first = started(&client, OFFLINE);
    let second = started(&client, r#"{"offline": true, "client_id": "tablet", "mobile": true}"#);
    assert_eq!(snapshot(&second)["sessions_revoked"], 1);
}

#[test]
fn a_late_listener_hears_what_is_now() {
    let server = server();
    let renewer = started(&client(&server), OFFLINE);
    let ((tokens, token_heard), (states, state_heard), (refresh, refresh_heard)) = (heard(), heard(), heard());
    renewer.set_on_change(Some(tokens)).unwrap();
    renewer.set_on_state(Some(states)).unwrap();
    renewer.set_on_refresh_token(Some(refresh)).unwrap();
    assert_eq!(token_heard.recv_timeout(LONG).unwrap(), token(&renewer));
    assert_eq!(state_heard.recv_timeout(LONG).unwrap(), "fresh");
    assert!(!refresh_heard.recv_timeout(LONG).unwrap().is_empty());
}

#[test]
fn closing_revokes_what_it_has_got_and_deletes_the_refresh_token() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, OFFLINE);
    let bound = renewer.bind(&client);
    let last = token(&renewer);
    renewer.close(Some(LONG)).unwrap();
    renewer.close(Some(LONG)).unwrap();
    assert!(!is_valid(&client, &last) && renewer.token().is_none());
    assert_eq!(snapshot(&renewer)["state"], "closed");
    assert_eq!(list(&bound).unwrap_err().kind, ErrorKind::Closed);
    assert_eq!(renewer.renew().unwrap_err().kind, ErrorKind::Closed);
    let other = started(&client, "{}");
    let left = other.bind(&client).call_by_name("token.list", &Arguments::new().with("user_uuid", "me")).unwrap();
    assert!(left.json.contains(r#""total":0"#) || left.json.contains(r#""total": 0"#), "{}", left.json);
}

#[test]
fn freeing_it_only_stops_and_bound_clients_use_the_token_as_long_as_it_lives() {
    let server = server();
    let client = client(&server);
    let renewer = started(&client, "{}");
    let (bound, last) = (renewer.bind(&client), token(&renewer));
    drop(renewer);
    list(&bound).unwrap();
    assert!(is_valid(&client, &last));
    revoke(&client, &last);
    assert_eq!(list(&bound).unwrap_err().kind, ErrorKind::Closed);
}
