//! The table of operations keeps its promises: it is complete, consistent and documented.
//!
//! What "complete" means is written down in `tests/data/api_operations.txt`, apart from the table.

use std::collections::{BTreeMap, BTreeSet};

use wazo_auth_client::operations::{self, Encoding, Method, Operation, Place, Shape};

/// The names of a path's `{name}` segments, in their order.
fn placeholders(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// A path without the names of its placeholders, which differ between writers.
fn anonymous(path: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect::<Vec<_>>().join("/")
}

fn names_of(operation: &Operation, place: Place) -> Vec<&'static str> {
    operation.each_parameter().filter(|parameter| parameter.place == place).map(|parameter| parameter.name).collect()
}

/// One line of the list of what the server offers.
struct Listed {
    route: String,
    names: Vec<&'static str>,
    mark: &'static str,
}

fn listed() -> Vec<Listed> {
    include_str!("data/api_operations.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (route, rest) = line.split_once(" -> ").expect("METHOD PATH -> names");
            let (method, path) = route.split_once(' ').expect("METHOD PATH");
            let (names, mark) = rest.split_once(" | ").unwrap_or((rest, ""));
            Listed { route: format!("{method} {}", anonymous(path)), names: names.split(", ").collect(), mark }
        })
        .collect()
}

#[test]
fn the_table_is_the_servers_interface_and_nothing_besides() {
    let in_list: BTreeMap<&str, String> =
        listed().iter().flat_map(|line| line.names.iter().map(|name| (*name, line.route.clone()))).collect();
    let in_table: BTreeMap<&str, String> = operations::all()
        .map(|operation| (operation.name, format!("{} {}", operation.method.as_str(), anonymous(operation.path))))
        .collect();
    assert_eq!(in_table, in_list);
}

#[test]
fn the_counts_are_what_the_documentation_says() {
    let list = listed();
    let marked = |mark: &str| list.iter().filter(|line| line.mark == mark).count();
    let names = list.iter().map(|line| line.names.len()).sum::<usize>();
    let retired = marked("retired");

    assert_eq!(list.len() - retired, 88, "pairs of method and path that the server offers");
    assert_eq!(marked("me"), 2, "of these, paths that the server also spells with `me`");
    assert_eq!(names - retired, 89, "living operations: HEAD /token/{{token}} has two names");
    assert_eq!(retired, 2, "operations that servers do not have any more");
    assert_eq!(names - marked("new"), 86, "methods of the reference Python client");
    assert_eq!(operations::all().count(), names);
}

#[test]
fn the_operations_that_servers_lack_are_deprecated_and_no_others() {
    let retired: BTreeSet<&str> =
        listed().into_iter().filter(|line| line.mark == "retired").flat_map(|line| line.names).collect();
    let deprecated: BTreeSet<&str> = operations::all()
        .filter(|operation| !operation.deprecated.is_empty())
        .map(|operation| operation.name)
        .collect();
    assert_eq!(deprecated, retired);
}

#[test]
fn a_name_means_one_operation() {
    let mut seen = BTreeSet::new();
    for operation in operations::all() {
        assert!(seen.insert(operation.name), "{} is there twice", operation.name);
        assert!(std::ptr::eq(operations::find(operation.name).unwrap(), operation));
        let (resource, verb) = operation.name.split_once('.').expect("resource.verb");
        assert_eq!((operation.resource(), operation.verb()), (resource, verb));
        for part in [resource, verb] {
            assert!(
                !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
                "{} does not make an identifier",
                operation.name
            );
        }
    }
    assert!(operations::find("users.fly").is_none());
}

#[test]
fn a_resource_stands_in_one_piece() {
    let mut finished = BTreeSet::new();
    let mut current = "";
    for operation in operations::all() {
        if operation.resource() != current {
            assert!(finished.insert(operation.resource()), "{} continues elsewhere", operation.resource());
            current = operation.resource();
        }
    }
}

#[test]
fn every_placeholder_of_a_path_has_its_parameter() {
    for operation in operations::all() {
        let expected = placeholders(operation.path);
        let actual = names_of(operation, Place::Path);
        if operation.resource() == "external" {
            // The reference names the type first, the path the user: here the two orders differ.
            assert_eq!(expected.iter().collect::<BTreeSet<_>>(), actual.iter().collect(), "{}", operation.name);
            assert_eq!(expected.len(), actual.len(), "{}", operation.name);
        } else {
            assert_eq!(expected, actual, "{}", operation.name);
        }
        assert!(
            operation.each_parameter().filter(|p| p.place == Place::Path).all(|p| p.required && p.hot),
            "{}",
            operation.name
        );
    }
}

#[test]
fn the_placeholders_of_an_access_are_parameters() {
    for operation in operations::all() {
        for piece in operation.access.split('.').filter(|piece| piece.starts_with('{')) {
            let name = piece.trim_matches(['{', '}']);
            let parameter = operation.parameter(name).unwrap_or_else(|| panic!("{}: {name}", operation.name));
            assert!(parameter.required, "{}: {name}", operation.name);
        }
    }
}

#[test]
fn an_access_is_named_where_a_token_is_needed_and_only_there() {
    // saml.logout needs a token, but no access.
    let without = ["saml.logout"];
    for operation in operations::all() {
        let by_own_token = operation.credentials == operations::Credentials::Token;
        let named = operation.access.starts_with("auth.");
        assert_eq!(named, by_own_token && !without.contains(&operation.name), "{}", operation.name);
        assert_eq!(
            operation.refused.contains(&401),
            by_own_token || operation.name == "token.new",
            "{}",
            operation.name
        );
    }
}

#[test]
fn a_parameter_has_one_meaning_and_one_place() {
    for operation in operations::all() {
        let mut names = BTreeSet::new();
        let mut wires = BTreeSet::new();
        for parameter in operation.each_parameter() {
            assert!(names.insert(parameter.name), "{}: {} twice", operation.name, parameter.name);
            assert!(
                wires.insert((format!("{:?}", parameter.place), parameter.wire)),
                "{}: {} twice on the wire",
                operation.name,
                parameter.wire
            );
        }
        for single in [Place::Document, Place::Tenant, Place::Token, Place::Username, Place::Password] {
            assert!(names_of(operation, single).len() <= 1, "{}: {single:?}", operation.name);
        }
    }
}

#[test]
fn a_body_is_encoded_as_its_parameters_need() {
    for operation in operations::all() {
        let has = |place| !names_of(operation, place).is_empty();
        let fits = match operation.encoding {
            Encoding::None => !has(Place::Field) && !has(Place::File) && !has(Place::Document),
            Encoding::Json => has(Place::Field) != has(Place::Document) && !has(Place::File),
            Encoding::Form => has(Place::Field) && !has(Place::File) && !has(Place::Document),
            Encoding::Multipart => has(Place::File) && !has(Place::Document),
        };
        assert!(fits, "{}: {:?}", operation.name, operation.encoding);
        if matches!(operation.method, Method::Get | Method::Head | Method::Delete) {
            assert_eq!(operation.encoding, Encoding::None, "{}", operation.name);
        }
    }
}

#[test]
fn what_passes_through_has_somewhere_to_go() {
    for operation in operations::all().filter(|operation| operation.open) {
        let document = !names_of(operation, Place::Document).is_empty();
        assert!(!document && (operation.has_query() || operation.encoding != Encoding::None), "{}", operation.name);
    }
}

#[test]
fn a_result_comes_with_statuses_that_can_carry_it() {
    for operation in operations::all() {
        assert!(!operation.accepted.is_empty(), "{}", operation.name);
        assert!(operation.accepted.iter().all(|status| (200..400).contains(status)), "{}", operation.name);
        assert!(operation.refused.iter().all(|status| (400..600).contains(status)), "{}", operation.name);
        assert!(operation.refused.is_sorted(), "{}", operation.name);
        let empty = operation.accepted == [204] || operation.method == Method::Head;
        let nothing = matches!(operation.result, Shape::Nothing | Shape::Question);
        assert!(!empty || nothing, "{}: {:?} of nothing", operation.name, operation.result);
        assert_eq!(operation.accepted == [302], operation.result == Shape::Location, "{}", operation.name);
    }
}

#[test]
fn secrets_are_marked() {
    let secret =
        ["password", "old_password", "new_password", "token", "refresh_token", "saml_session_id", "saml_response"];
    for operation in operations::all() {
        for parameter in operation.each_parameter().filter(|parameter| secret.contains(&parameter.name)) {
            assert!(parameter.secret, "{}: {}", operation.name, parameter.name);
        }
    }
    for (name, parameter) in
        [("ldap_config.update", "ldap_config"), ("external.create_config", "data"), ("external.create", "data")]
    {
        assert!(operations::find(name).unwrap().parameter(parameter).unwrap().secret, "{name}: {parameter}");
    }
}

#[test]
fn every_operation_and_parameter_is_documented() {
    // The texts go into comments of C and strings of Python: nothing that ends either.
    let plain = |text: &str| !["  ", "*/", "\\", "\"\"\""].iter().any(|bad| text.contains(bad));
    let sentence = |text: &str| text.len() > 8 && text.ends_with('.') && plain(text);
    for operation in operations::all() {
        assert!(sentence(operation.summary), "{}: {:?}", operation.name, operation.summary);
        assert!(
            operation.details.is_empty() || sentence(operation.details),
            "{}: {:?}",
            operation.name,
            operation.details
        );
        for parameter in operation.each_parameter() {
            assert!(sentence(parameter.doc), "{} {}: {:?}", operation.name, parameter.name, parameter.doc);
        }
    }
}

#[test]
fn the_tenant_can_be_given_wherever_the_server_honours_it() {
    // The server reads no Wazo-Tenant here (and on what needs no token).
    let without = [
        "users.change_password",
        "users.set_password",
        "users.update_emails",
        "users.request_confirmation_email",
        "admin.update_user_emails",
        "emails.confirm",
        "emails.get_confirmation_page",
        "groups.get_users",
        "tenants.get_domains",
        "tenants.add_policy",
        "tenants.remove_policy",
        "external.list",
        "saml_config.get_acs_template",
        "saml.logout",
        "idp.list",
        "config.get",
        "config.patch",
    ];
    for operation in operations::all() {
        let by_own_token = operation.credentials == operations::Credentials::Token;
        let expected = by_own_token && !without.contains(&operation.name);
        assert_eq!(!names_of(operation, Place::Tenant).is_empty(), expected, "{}", operation.name);
    }
}
