//! Paging against the simulator, while others change the list: nothing twice, nothing skipped that was there all the time,
//! and an end in any case.

mod support;

use serde_json::{Value, json};
use std::collections::HashSet;
use support::Simulator;
use support::scripted::Scripted;
use wazo_auth_client::options::{PageSettings, ServiceSettings};
use wazo_auth_client::{Arguments, Client, ErrorKind, Options, Pages, visible_tenants};

const PASSWORD: &str = "s3cr3t-passw0rd";

fn logged_in(server: &Simulator) -> Client {
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{}", server.port)).unwrap();
    options.set("username", "admin").unwrap();
    options.set("password", PASSWORD).unwrap();
    let client = Client::new(&options).unwrap();
    let token: Value = serde_json::from_str(&call(&client, "token.new", &json!({}))).unwrap();
    client.set("token", token["token"].as_str().unwrap()).unwrap();
    client
}

fn call(client: &Client, operation: &str, arguments: &Value) -> String {
    client.call_by_name(operation, &Arguments::from_json(&arguments.to_string()).unwrap()).unwrap().json
}

fn add(client: &Client, username: &str) -> String {
    text(&call(client, "users.new", &json!({"username": username, "firstname": "x"})), "uuid")
}

fn delete(client: &Client, uuid: &str) {
    call(client, "users.delete", &json!({"user_uuid": uuid}));
}

fn text(json: &str, name: &str) -> String {
    serde_json::from_str::<Value>(json).unwrap()[name].as_str().unwrap().to_owned()
}

/// A simulator with so many users, and their UUIDs in the order of their names.
fn with_users(count: usize) -> (Simulator, Client, Vec<String>) {
    let server = Simulator::start(PASSWORD);
    let client = logged_in(&server);
    let uuids = (0..count).map(|number| add(&client, &format!("user{number:04}"))).collect();
    (server, client, uuids)
}

fn settings(page_size: u64, max_items: u64) -> PageSettings {
    PageSettings { page_size, max_items }
}

fn users(client: &Client, page_size: u64) -> Pages {
    let arguments = Arguments::new().with("order", "username").with("search", "user");
    Pages::new(client, "users.list", arguments, settings(page_size, 0)).unwrap()
}

fn requests(client: &Client) -> u64 {
    serde_json::from_str::<Value>(&client.statistics()).unwrap()["calls"].as_u64().unwrap()
}

/// The UUIDs that an iteration gives; `step` is called after each.
fn iterate(mut pages: Pages, mut step: impl FnMut(usize)) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(item) = pages.next_item().unwrap() {
        found.push(text(&item, "uuid"));
        step(found.len());
    }
    assert!(pages.next_item().unwrap().is_none(), "the end stays the end");
    let distinct: HashSet<_> = found.iter().collect();
    assert_eq!(distinct.len(), found.len(), "an item came twice");
    found
}

#[test]
fn every_item_comes_once_whatever_the_size_of_a_page() {
    let (_server, client, uuids) = with_users(25);
    for page_size in [1, 2, 3, 5, 7, 24, 25, 26, 100] {
        let before = requests(&client);
        assert_eq!(iterate(users(&client, page_size), |_| {}), uuids, "pages of {page_size}");
        assert!(requests(&client) - before <= 25 / page_size + 1, "pages of {page_size}");
    }
    for (most, expected) in [(1, 1), (5, 5), (7, 7), (25, 25), (30, 25)] {
        let arguments = Arguments::new().with("order", "username").with("search", "user");
        let pages = Pages::new(&client, "users.list", arguments, settings(5, most)).unwrap();
        assert_eq!(iterate(pages, |_| {}), uuids[..expected], "{most} at most");
    }
}

#[test]
fn what_was_there_all_the_time_is_not_skipped_where_earlier_items_are_deleted() {
    let sizes = [1, 3, 10];
    for (page_size, at) in sizes.into_iter().flat_map(|size| [5, 10, 11, 20].map(|at| (size, at))) {
        for deleted in [1, 2, at] {
            let (_server, client, uuids) = with_users(30);
            let found = iterate(users(&client, page_size), |number| {
                if number == at {
                    for uuid in &uuids[at - deleted..at] {
                        delete(&client, uuid);
                    }
                }
            });
            assert_eq!(found, uuids, "pages of {page_size}, {deleted} deleted after {at}");
        }
    }
}

#[test]
fn items_that_come_and_go_all_the_time_bring_neither_a_duplicate_nor_an_endless_loop() {
    let (_server, client, uuids) = with_users(40);
    // Every third user goes when it has been seen, and one comes before all the others.
    let mut gone = HashSet::new();
    let found = iterate(users(&client, 4), |number| {
        if number % 3 == 0 && number < 40 {
            add(&client, &format!("user-{number:04}"));
            if let Some(uuid) = uuids.get(number - 3) {
                delete(&client, uuid);
                gone.insert(uuid.clone());
            }
        }
    });
    let found: HashSet<_> = found.into_iter().collect();
    let missing: Vec<_> = uuids.iter().filter(|uuid| !gone.contains(*uuid) && !found.contains(*uuid)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn everything_may_go_in_the_middle() {
    let (_server, client, uuids) = with_users(12);
    let found = iterate(users(&client, 3), |number| {
        if number == 3 {
            for uuid in &uuids {
                delete(&client, uuid);
            }
        }
    });
    assert_eq!(found, uuids[..3]);
}

#[test]
fn after_an_error_the_same_page_is_asked_for_again() {
    let (server, client, uuids) = with_users(9);
    let mut pages = users(&client, 3);
    let mut found = Vec::new();
    let mut errors = 0;
    server.faults(&json!([{"fault": "bad_gateway", "status": 502, "times": 1, "path": "*/users*"}]));
    loop {
        match pages.next_item() {
            Ok(Some(item)) => {
                found.push(text(&item, "uuid"));
                if found.len() == 6 {
                    server.faults(&json!([{"fault": "bad_gateway", "status": 502, "times": 2, "path": "*/users*"}]));
                }
            }
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unavailable);
                errors += 1;
                assert!(errors < 10);
            }
        }
    }
    assert_eq!((found, errors), (uuids, 3));
}

#[test]
fn a_server_that_knows_no_pages_is_no_endless_loop() {
    for (count, body) in [
        (3, r#"{"items":[{"uuid":"a"},{"uuid":"b"},{"uuid":"c"}],"filtered":100}"#),
        (2, r#"{"items":[{"uuid":"a"},{"uuid":"b"}],"filtered":100}"#),
        (2, r#"[{"uuid":"a"},{"uuid":"b"}]"#),
        (2, r#"[{"uuid":"a"},{"uuid":"b"},{"uuid":"a"}]"#),
        (0, r#"{"items":[],"filtered":7}"#),
    ] {
        let server = Scripted::start(move |_, _| (200, String::new(), body.to_owned()));
        let mut options = Options::new();
        options.set_url(&format!("http://127.0.0.1:{}", server.port)).unwrap();
        let client = Client::new(&options).unwrap();
        for page_size in [1, 2, 3] {
            let pages = Pages::new(&client, "users.list", Arguments::new(), settings(page_size, 0)).unwrap();
            assert_eq!(iterate(pages, |_| {}).len(), count, "{body}");
        }
        assert!(server.requests() < 500, "{} requests", server.requests());
    }
}

#[test]
fn an_order_that_is_none_is_noticed_by_the_servers_own_count() {
    // The second page begins with an item that is known and leaves out one that nobody has seen.
    let server = Scripted::start(|_, line| {
        let all = ["a", "b", "c", "d", "e", "f"];
        let query = |name: &str| line.split([' ', '?', '&']).find_map(|part| part.strip_prefix(name)?.parse().ok());
        let (limit, offset): (usize, usize) = (query("limit=").unwrap(), query("offset=").unwrap());
        let order = if limit == 2 || limit > 3 { all } else { ["a", "b", "d", "e", "f", "c"] };
        let cut: Vec<_> = order.iter().skip(offset).take(limit).map(|uuid| json!({"uuid": uuid})).collect();
        // The page of the second half never shows it, in the first round.
        let cut: Vec<_> = cut.into_iter().filter(|item| limit != 3 || item["uuid"] != "c").collect();
        (200, String::new(), json!({"items": cut, "filtered": 6}).to_string())
    });
    let mut options = Options::new();
    options.set_url(&format!("http://127.0.0.1:{}", server.port)).unwrap();
    let client = Client::new(&options).unwrap();
    let pages = Pages::new(&client, "users.list", Arguments::new(), settings(2, 0)).unwrap();
    let mut found = iterate(pages, |_| {});
    found.sort();
    assert_eq!(found, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn what_cannot_be_paged_is_refused_with_what_can() {
    let (_server, client, _) = with_users(0);
    let refused = |operation: &str, arguments: &str| {
        let arguments = Arguments::from_json(arguments).unwrap();
        let error = Pages::new(&client, operation, arguments, PageSettings::defaults()).err().unwrap();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        error.message.clone()
    };
    for operation in ["users.get", "token.check", "nonsense", "emails.list"] {
        assert!(refused(operation, "{}").contains("users.list"), "{}", refused(operation, "{}"));
    }
    assert!(refused("users.list", r#"{"limit": 3}"#).contains("page_size"));
    assert!(refused("users.list", r#"{"query": {"offset": 3}}"#).contains("argument offset"));
    assert!(refused("users.get_groups", "{}").contains("user_uuid"));
    assert!(PageSettings::from_json(r#"{"page_size": 0}"#).is_err());
    assert_eq!(PageSettings::from_json("{}").unwrap().page_size, 100);
}

#[test]
fn every_listing_of_the_server_can_be_iterated() {
    let (_server, client, _) = with_users(2);
    for operation in wazo_auth_client::paging::listings() {
        let admin = text(&text_of_first(&client), "uuid");
        let mut arguments = Arguments::new();
        for parameter in operation.each_parameter().filter(|parameter| parameter.required) {
            arguments = match parameter.name {
                "user_uuid" => arguments.with("user_uuid", admin.clone()),
                "auth_type" => arguments.with("auth_type", "google"),
                "group_uuid" => {
                    let mut groups = Pages::new(&client, "groups.list", Arguments::new(), settings(10, 0)).unwrap();
                    arguments.with("group_uuid", text(&groups.next_item().unwrap().unwrap(), "uuid"))
                }
                other => panic!("{}: {other}", operation.name),
            };
        }
        let items: Result<Vec<_>, _> =
            Pages::new(&client, operation.name, arguments, settings(1, 0)).unwrap().collect();
        items.unwrap_or_else(|error| panic!("{}: {error}", operation.name));
    }
}

fn text_of_first(client: &Client) -> String {
    let mut users = Pages::new(client, "users.list", Arguments::new(), settings(10, 1)).unwrap();
    users.next_item().unwrap().unwrap()
}

#[test]
fn visible_tenants_are_asked_for_once_by_all_handles_of_a_token() {
    let (_server, client, _) = with_users(0);
    for number in 0..3 {
        call(&client, "tenants.new", &json!({"name": format!("tenant{number}"), "slug": format!("slug{number}")}));
    }
    let tenants: Value = serde_json::from_str(&visible_tenants(&client).unwrap()).unwrap();
    let names: Vec<_> = tenants.as_array().unwrap().iter().filter_map(|tenant| tenant["name"].as_str()).collect();
    assert!(names.len() == 4 && (0..3).all(|n| names.contains(&format!("tenant{n}").as_str())), "{names:?}");
    let before = requests(&client);
    for handle in [client.with([]).unwrap(), client.with([("timeout_ms", "5000")]).unwrap()] {
        assert_eq!(visible_tenants(&handle).unwrap().len(), visible_tenants(&client).unwrap().len());
    }
    assert_eq!(requests(&client), before, "nothing was asked again");
    // Another tenant and another token are other questions.
    let of_tenant = tenants[1]["uuid"].as_str().unwrap();
    visible_tenants(&client.with([("tenant_uuid", of_tenant)]).unwrap()).unwrap();
    assert!(requests(&client) > before);
    let error =
        visible_tenants(&client.with([("token", "0ec4e97a-4087-4511-ab10-3d5836be455d")]).unwrap()).unwrap_err();
    assert!(error.is_token_invalid(), "{error}");
}
