//! The promises that no single exchange shows: what follows from what, over several calls.

use std::net::{IpAddr, Ipv4Addr};

use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use super::answer;
use crate::faults::Faults;
use crate::http::{Answer, Request, decode_pairs};
use crate::seed;
use crate::shared::Shared;

/// A server without sockets, and its administrator's token.
struct Server {
    shared: Shared,
    admin: String,
}

impl Server {
    fn new() -> Self {
        let state = seed::state(None, Some(&("admin".into(), "secret".into())));
        let mut server = Self { shared: Shared::new(state, Faults::default()), admin: String::new() };
        server.shared.state().settings.password_rounds = 1;
        server.admin = server.login("admin", "secret", &json!({}));
        server
    }

    fn send(&self, method: &str, target: &str, headers: &[(&'static str, &str)], body: Option<&Value>) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: format!("/0.1/{path}"),
            query: decode_pairs(query),
            headers: map,
            body: body.map(Value::to_string).unwrap_or_default().into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: false,
        };
        answer(&request, &self.shared)
    }

    /// Status and body of a call with a token, for a tenant or the token's own.
    fn call(&self, token: &str, tenant: &str, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let answer = self.send(method, target, &[("x-auth-token", token), ("wazo-tenant", tenant)], Some(body));
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn by_admin(&self, method: &str, target: &str, body: &Value) -> Value {
        let (status, answer) = self.call(&self.admin, "", method, target, body);
        assert!(status < 300, "{method} {target}: {status} {answer}");
        answer
    }

    fn login_answer(&self, name: &str, password: &str, mobile: bool, body: &Value) -> Answer {
        let basic = format!("Basic {}", base64(&format!("{name}:{password}")));
        let kind = if mobile { "mobile" } else { "" };
        self.send("POST", "token", &[("authorization", &basic), ("wazo-session-type", kind)], Some(body))
    }

    fn login(&self, name: &str, password: &str, body: &Value) -> String {
        let answer = self.login_answer(name, password, false, body);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["data"]["token"].as_str().unwrap_or_else(|| panic!("{body}")).to_string()
    }

    /// A user of a tenant who may do what `acl` says; gives its uuid and a token.
    fn user(&self, tenant: &str, name: &str, acl: &[&str]) -> (String, String) {
        let body = json!({"username": name, "password": "pass", "email_address": format!("{name}@example.com")});
        let (_, user) = self.call(&self.admin, tenant, "POST", "users", &body);
        let policy = json!({"name": format!("policy of {name}"), "acl": acl});
        let (_, policy) = self.call(&self.admin, tenant, "POST", "policies", &policy);
        let (user, policy) = (text(&user["uuid"]), text(&policy["uuid"]));
        self.by_admin("PUT", &format!("users/{user}/policies/{policy}"), &Value::Null);
        (user, self.login(name, "pass", &json!({})))
    }

    fn tenant(&self, parent: &str, name: &str) -> String {
        let (status, tenant) = self.call(&self.admin, parent, "POST", "tenants", &json!({"name": name}));
        assert_eq!(status, 200, "{tenant}");
        text(&tenant["uuid"])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_string()
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * index) & 63) as usize];
            encoded.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    encoded
}

#[test]
fn a_user_sees_its_tenant_and_below_and_nothing_else() {
    let server = Server::new();
    let mine = server.tenant("", "mine");
    let below = server.tenant(&mine, "below");
    let other = server.tenant("", "other");
    let (_, token) = server.user(&mine, "alice", &["auth.#"]);
    server.user(&below, "bob", &[]);
    let (stranger, _) = server.user(&other, "eve", &[]);
    let names = |target: &str, tenant: &str| -> Vec<Value> {
        let (_, list) = server.call(&token, tenant, "GET", target, &Value::Null);
        list["items"].as_array().unwrap().iter().map(|user| user["username"].clone()).collect()
    };
    assert_eq!(names("users", ""), ["alice"]);
    assert_eq!(names("users", &below), ["bob"]);
    assert_eq!(names("users?recurse=True", ""), ["alice", "bob"]);
    let (status, refused) = server.call(&token, &other, "GET", "users", &Value::Null);
    assert_eq!((status, &refused["error_id"]), (401, &json!("unauthorized-tenant")));
    let (status, refused) = server.call(&token, "", "GET", &format!("users/{stranger}"), &Value::Null);
    assert_eq!((status, &refused["error_id"]), (404, &json!("unknown-user")));
}

#[test]
fn a_shared_policy_is_seen_below_and_changed_only_where_it_is() {
    let server = Server::new();
    let mine = server.tenant("", "mine");
    let (_, token) = server.user(&mine, "alice", &["#"]);
    let policy = json!({"name": "shared", "acl": ["a"], "shared": true});
    let uuid = text(&server.by_admin("POST", "policies", &policy)["uuid"]);
    let (_, seen) = server.call(&token, "", "GET", &format!("policies/{uuid}"), &Value::Null);
    assert_eq!(seen["tenant_uuid"], *mine);
    assert_eq!((&seen["read_only"], &seen["shared"]), (&json!(true), &json!(false)));
    let (status, _) = server.call(&token, "", "PUT", &format!("policies/{uuid}"), &json!({"name": "x"}));
    assert_eq!(status, 403);
    let (status, _) = server.call(&token, "", "POST", "policies", &policy);
    assert_eq!(status, 409, "its name is taken for all below");
    server.by_admin("PUT", &format!("policies/{uuid}"), &json!({"name": "renamed"}));
}

#[test]
fn nobody_gives_what_they_do_not_have() {
    let server = Server::new();
    let (alice, token) = server.user("", "alice", &["auth.#", "held.#"]);
    let (status, refused) = server.call(&token, "", "POST", "policies", &json!({"name": "p", "acl": ["other"]}));
    assert_eq!((status, &refused["details"]["required_access"]), (401, &json!("other")));
    let (status, policy) =
        server.call(&token, "", "POST", "policies", &json!({"name": "p", "acl": ["held.x", "!other"]}));
    assert_eq!(status, 200);
    let uuid = text(&policy["uuid"]);
    let (status, _) = server.call(&token, "", "DELETE", &format!("policies/{uuid}/acl/!other"), &Value::Null);
    assert_eq!(status, 401, "to lift a denial is to give the access");
    let (status, _) = server.call(&token, "", "PUT", &format!("users/{alice}/policies/{uuid}"), &Value::Null);
    assert_eq!(status, 204);
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    let server = Server::new();
    server.shared.state().settings.now = Some(1000.0);
    let token = server.login("admin", "secret", &json!({"expiration": 10}));
    let check = |token: &str| server.send("HEAD", &format!("token/{token}"), &[], None).status;
    assert_eq!(check(&token), 204);
    server.shared.state().settings.now = Some(1010.0);
    assert_eq!(check(&token), 404);
    let (status, refused) = server.call(&token, "", "GET", "users", &Value::Null);
    assert_eq!((status, &refused["details"]["reason"]), (401, &json!("not_found_or_expired")));
    assert_eq!(server.shared.state().sessions.len(), 1, "its session is cleaned away, the administrator's is left");
}

#[test]
fn a_mobile_login_ends_the_other_mobile_clients_and_says_how_many() {
    let server = Server::new();
    server.user("", "alice", &[]);
    let login = |client: &str, mobile: bool| {
        let body = json!({"access_type": "offline", "client_id": client});
        let answer = server.login_answer("alice", "pass", mobile, &body);
        let revoked = answer.headers.iter().find(|(name, _)| *name == "Wazo-Sessions-Revoked").unwrap().1.clone();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (text(&body["data"]["token"]), text(&body["data"]["refresh_token"]), revoked)
    };
    let (desktop, ..) = login("desktop", false);
    let (first, first_refresh, revoked) = login("phone", true);
    assert_eq!(revoked, "0");
    let (second, second_refresh, revoked) = login("tablet", true);
    assert_eq!(revoked, "1");
    let status = |token: &str| server.send("HEAD", &format!("token/{token}"), &[], None).status;
    assert_eq!((status(&desktop), status(&first), status(&second)), (204, 404, 204));
    let refresh = |token: &str, client: &str| {
        server.send("POST", "token", &[], Some(&json!({"refresh_token": token, "client_id": client}))).status
    };
    assert_eq!(refresh(&first_refresh, "phone"), 401);
    assert_eq!(refresh(&second_refresh, "tablet"), 200);
    assert_eq!(refresh(&second_refresh, "phone"), 401, "a refresh token is its client's");
    assert_eq!(login("desktop", false).2, "0");
}

#[test]
fn the_session_that_is_one_too_many_is_refused_to_people_and_not_to_programs() {
    let server = Server::new();
    server.user("", "alice", &[]);
    server.shared.state().settings.max_user_concurrent_sessions = 2;
    let status = |name: &str, password: &str| server.login_answer(name, password, false, &json!({})).status;
    assert_eq!([status("alice", "pass"), status("alice", "pass")], [200, 429]);
    assert_eq!([status("admin", "secret"), status("admin", "secret"), status("admin", "secret")], [200, 200, 200]);
}

#[test]
fn logins_are_unique_and_found_in_any_case() {
    let server = Server::new();
    server.user("", "alice", &[]);
    let (status, _) = server.call(&server.admin, "", "POST", "users", &json!({"username": "ALICE@example.com"}));
    assert_eq!(status, 409);
    let status = |name: &str, password: &str| server.login_answer(name, password, false, &json!({})).status;
    assert_eq!(
        [status("ALICE", "pass"), status("Alice@Example.com", "pass"), status("alice", "Pass")],
        [200, 200, 401]
    );
}

#[test]
fn a_forgotten_password_is_set_with_the_token_of_the_mail() {
    let server = Server::new();
    let (alice, _) = server.user("", "alice", &[]);
    assert_eq!(server.send("GET", "users/password/reset?email=nobody@example.com", &[], None).status, 204);
    assert!(server.shared.state().mails.is_empty());
    assert_eq!(server.send("GET", "users/password/reset?login=alice", &[], None).status, 204);
    let mail = server.shared.state().mails[0].clone();
    assert_eq!((mail.kind.as_str(), mail.to.as_str()), ("password_reset", "alice@example.com"));
    let target = format!("users/password/reset?user_uuid={alice}");
    let set = |token: &str| {
        server.send("POST", &target, &[("x-auth-token", token)], Some(&json!({"password": "new"}))).status
    };
    assert_eq!([set("00000000-0000-4000-8000-000000000000"), set(&mail.token)], [401, 204]);
    assert_eq!(server.login_answer("alice", "new", false, &json!({})).status, 200);
}

#[test]
fn a_registered_user_confirms_its_address_before_it_logs_in_with_it() {
    let server = Server::new();
    let body = json!({"username": "carol", "password": "pass", "email_address": "carol@example.com"});
    assert_eq!(server.send("POST", "users/register", &[], Some(&body)).status, 404, "off unless it is asked for");
    server.shared.state().settings.user_registration = true;
    assert_eq!(server.send("POST", "users/register", &[], Some(&body)).status, 200);
    let status = || server.login_answer("carol@example.com", "pass", false, &json!({})).status;
    assert_eq!(status(), 401);
    let mail = server.shared.state().mails[0].clone();
    let (email, token) = (mail.email_uuid.unwrap(), mail.token);
    assert_eq!(server.send("GET", &format!("emails/{email}/confirm?token={token}"), &[], None).status, 200);
    assert_eq!(status(), 200);
}

#[test]
fn a_tenant_comes_with_its_groups_and_goes_with_all_that_is_in_it() {
    let server = Server::new();
    let tenant = server.tenant("", "short lived");
    let (user, token) = server.user(&tenant, "alice", &["auth.#"]);
    let (_, groups) = server.call(&token, "", "GET", "groups", &Value::Null);
    assert_eq!(groups["items"][0]["name"], format!("wazo-all-users-tenant-{tenant}"));
    let group = text(&groups["items"][0]["uuid"]);
    let (status, _) = server.call(&token, "", "DELETE", &format!("groups/{group}"), &Value::Null);
    assert_eq!(status, 403);
    server.by_admin("DELETE", &format!("tenants/{tenant}"), &Value::Null);
    let state = server.shared.state();
    assert!(!state.users.contains_key(&user) && !state.groups.contains_key(&group));
    assert!(!state.tokens.contains_key(&token) && !state.login_taken("alice", None));
}

#[test]
fn a_tenant_is_never_moved_below_itself() {
    let server = Server::new();
    let (upper, lower) = (server.tenant("", "upper"), server.tenant("", "lower"));
    server.by_admin("PUT", &format!("tenants/{lower}/parent/{upper}"), &Value::Null);
    let target = format!("tenants/{upper}/parent/{lower}");
    assert_eq!(server.call(&server.admin, "", "PUT", &target, &Value::Null).0, 409);
    assert_eq!(server.by_admin("GET", &format!("tenants/{lower}"), &Value::Null)["parent_uuid"], *upper);
}

#[test]
fn a_user_of_another_identity_provider_has_no_password_here() {
    let server = Server::new();
    let (alice, _) = server.user("", "alice", &[]);
    server.by_admin("PUT", "idp/ldap/users", &json!({"users": [{"uuid": alice}]}));
    assert_eq!(server.login_answer("alice", "pass", false, &json!({})).status, 401);
    let passwords = json!({"old_password": "pass", "new_password": "new"});
    let target = format!("users/{alice}/password");
    assert_eq!(server.call(&server.admin, "", "PUT", &target, &passwords).0, 405);
    server.by_admin("DELETE", &format!("idp/ldap/users/{alice}"), &Value::Null);
    assert_eq!(server.login_answer("alice", "pass", false, &json!({})).status, 200);
}

#[test]
fn the_state_that_is_read_can_be_put_back() {
    let server = Server::new();
    server.user("", "alice", &["a.b"]);
    let before = serde_json::to_value(&*server.shared.state()).unwrap();
    let again = seed::complete(serde_json::from_value(before.clone()).unwrap());
    assert_eq!(serde_json::to_value(&again).unwrap(), before);
    assert!(again.login_taken("Alice", None));
}
