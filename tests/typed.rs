//! The typed methods of the client against the simulator: what is given arrives, and what comes is read into its type.

mod support;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use support::Simulator;
use support::scripted::Scripted;
use wazo_auth_client::typed::records;
use wazo_auth_client::{Client, ErrorKind, Options, Queue};

const PASSWORD: &str = "s3cr3t-passw0rd";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn client_at(port: u16) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{port}")).unwrap();
    Client::new(&options).unwrap()
}

/// A client that the administrator has logged in.
fn logged_in(server: &Simulator) -> Client {
    let client = client_at(server.port);
    let token = client.token_new().username("admin").password(PASSWORD).expiration(600).call().unwrap().read().unwrap();
    client.set("token", &token.token).unwrap();
    client
}

/// An executor of a few lines: futures need none of their own.
fn block_on<F: Future>(work: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        thread::park();
    }
}

#[test]
fn every_kind_of_parameter_arrives_and_every_kind_of_result_is_read() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server);

    // Texts, Booleans, lists of texts; a record, nothing, a page.
    let tenant = client.tenants_new().name("workshop").slug("work").call().unwrap().read().unwrap();
    assert_eq!((tenant.name.as_deref(), tenant.slug.as_str()), (Some("workshop"), "work"));
    let made = client.users_new().username("alice").firstname("Alice").password("pass-word").tenant_uuid(&*tenant.uuid);
    let user: records::User = made.call().unwrap().read().unwrap();
    assert_eq!((user.username.as_deref(), &user.tenant_uuid), (Some("alice"), &tenant.uuid));
    let policy = client.policies_new("callers").acl(["calld.#", "!calld.calls.#"]).shared(true).call().unwrap();
    let policy = policy.read().unwrap();
    assert_eq!((policy.acl, policy.shared), (vec!["calld.#".to_owned(), "!calld.calls.#".to_owned()], true));
    client.users_add_policy(&*user.uuid, &*policy.uuid).call().unwrap();
    let policies = client.users_get_policies(&*user.uuid).call().unwrap().read().unwrap();
    assert_eq!(policies.items.iter().map(|policy| policy.name.as_str()).collect::<Vec<_>>(), ["callers"]);

    // Integers, and further keys of the query.
    let page = client.users_list().recurse(true).order("username").limit(1).offset(1).call().unwrap().read().unwrap();
    assert_eq!((page.items.len(), page.total >= 2), (1, true));
    let found = client.users_list().recurse(true).further(r#"{"username": "alice"}"#).call().unwrap().read().unwrap();
    assert_eq!((found.items.len(), &found.items[0].uuid), (1, &user.uuid));

    // JSON.
    let emails = r#"[{"address": "alice@example.com", "main": true}]"#;
    let emails = client.users_update_emails(&*user.uuid, emails).call().unwrap();
    assert!(emails.json().contains("alice@example.com"), "{}", emails.json());

    // A question with a list, whose result is a map; questions; a text.
    let alice = client.token_new().username("alice").password("pass-word").call().unwrap().read().unwrap();
    let scopes = client.token_check_scopes(&*alice.token, ["calld.status", "calld.calls.read"]).call().unwrap();
    let scopes: Vec<(String, bool)> = scopes.read().unwrap().scopes.into_iter().collect();
    assert_eq!(scopes, [("calld.calls.read".to_owned(), false), ("calld.status".to_owned(), true)]);
    assert!(client.token_check(&*alice.token).required_acl("calld.status").tenant_uuid(&*tenant.uuid).call().unwrap());
    assert!(!client.token_check(&*alice.token).required_acl("calld.calls.read").call().unwrap());
    assert!(client.api_spec().call().unwrap().json().len() > 100);

    // Nothing at all.
    client.token_revoke(&*alice.token).call().unwrap();
    assert!(!client.token_check(&*alice.token).call().unwrap());
}

#[test]
fn every_listing_and_every_single_item_of_the_simulator_is_read_into_its_type() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server);
    let group = client.groups_new("staff").call().unwrap().read().unwrap();
    let me = client.users_list().call().unwrap().read().unwrap().items.remove(0).uuid;
    client.groups_add_user(&*group.uuid, &*me).call().unwrap();
    let offline = client.token_new().username("admin").password(PASSWORD).access_type("offline").client_id("desk");
    assert!(offline.call().unwrap().read().unwrap().refresh_token.is_some());

    // Reading names what does not fit: each of these would panic with the place of the member.
    assert_eq!(client.groups_get(&*group.uuid).call().unwrap().read().unwrap().name, "staff");
    assert_eq!(client.groups_get_users(&*group.uuid).call().unwrap().read().unwrap().items[0].uuid, me);
    assert_eq!(client.users_get_groups(&*me).call().unwrap().read().unwrap().items[0].uuid, group.uuid);
    assert_eq!(client.users_get(&*me).call().unwrap().read().unwrap().uuid, me);
    assert!(!client.groups_list().call().unwrap().read().unwrap().items.is_empty());
    assert!(!client.groups_get_policies(&*group.uuid).call().unwrap().json().is_empty());
    assert!(!client.policies_list().call().unwrap().read().unwrap().items.is_empty());
    assert!(!client.tenants_list().call().unwrap().read().unwrap().items.is_empty());
    assert!(!client.sessions_list().call().unwrap().read().unwrap().items.is_empty());
    assert!(!client.users_get_sessions(&*me).call().unwrap().read().unwrap().items.is_empty());
    assert_eq!(client.refresh_tokens_list().call().unwrap().read().unwrap().items[0].client_id, "desk");
    assert_eq!(client.token_list("me").call().unwrap().read().unwrap().items[0].client_id, "desk");
    assert!(client.backends_list().call().unwrap().read().unwrap().contains(&"wazo_user".to_owned()));
    assert!(!client.external_list(&*me).call().unwrap().json().is_empty());
    assert!(!client.idp_list().call().unwrap().read().unwrap().items.is_empty());
    assert!(client.ldap_config_get().call().unwrap().read().unwrap().host.is_none());
    assert!(!client.saml_config_get_acs_template().call().unwrap().read().unwrap().acs_url.is_empty());
    client.config_get().call().unwrap().read().unwrap();
}

#[test]
fn a_call_is_made_by_a_future_and_by_a_queue_as_well() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server);
    let users = block_on(is_send(client.users_list().limit(5).call_async())).unwrap().read().unwrap();
    assert_eq!(users.items[0].username.as_deref(), Some("admin"));
    assert!(!block_on(client.token_check(NOBODY).call_async()).unwrap());
    block_on(client.token_revoke(NOBODY).call_async()).unwrap();

    let queue = Queue::new(4).unwrap();
    let id = client.users_list().limit(1).submit(&queue, 7).unwrap();
    let completion = queue.next(Some(Duration::from_secs(20))).unwrap().expect("a completion");
    assert_eq!((completion.id, completion.user_data), (id, 7));
    assert!(completion.outcome.unwrap().json.contains("\"admin\""));
}

#[test]
fn a_refusal_is_an_error_of_its_kind_and_a_mistake_is_found_before_anything_is_sent() {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server);
    assert_eq!(client.users_get(NOBODY).call().unwrap_err().kind, ErrorKind::NotFound);
    let before = server.requests("PUT", "/0.1/users");
    for error in [
        client.users_update_emails("me", "[{").call().unwrap_err(),
        block_on(client.users_update_emails("me", "[{").call_async()).unwrap_err(),
        client.users_update_emails("me", "[{").submit(&Queue::new(1).unwrap(), 0).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.starts_with("argument emails: expected JSON"), "{error}");
    }
    assert_eq!(server.requests("PUT", "/0.1/users"), before);
}

#[test]
fn a_result_of_another_type_is_kept_and_the_error_names_the_place() {
    const PAGE: &str =
        r#"{"total": 1, "filtered": 1, "items": [{"uuid": "a", "name": "b", "new": {"later": [1]}}, 5]}"#;
    for (body, expected) in [
        (PAGE, "the result at items[0].tenant_uuid is expected to be a string, and it is missing"),
        (r#"{"items": [], "filtered": 1, "total": 1.5}"#, "at total is expected to be an integer of 64 bits"),
        (r#"{"items": {}, "filtered": 1, "total": 1}"#, "at items is expected to be a list, and it is an object"),
        (r#"{"items": null, "filtered": 1, "total": 1}"#, "at items is expected to be a list, and it is null"),
        ("[]", "the result is expected to be an object, and it is a list"),
    ] {
        let server = Scripted::start(|_, _| (200, "Content-Type: application/json\r\n".to_owned(), body.to_owned()));
        let reply = client_at(server.port).groups_list().call().unwrap();
        assert_eq!(reply.json(), body);
        let error = reply.read().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.message.contains(expected), "{error}");
        assert!(!error.in_doubt && error.message.ends_with("Reply::json has the whole result"), "{error}");
    }
}

#[test]
fn nothing_of_a_result_is_written_by_debug() {
    let server = Simulator::start(PASSWORD);
    let reply = client_at(server.port).token_new().username("admin").password(PASSWORD).call().unwrap();
    let token = reply.read().unwrap();
    assert_eq!(format!("{token:?}"), "Token { .. }");
    assert!(!format!("{reply:?}").contains(&token.token));
}
