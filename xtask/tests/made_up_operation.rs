//! An operation that is added to the table appears everywhere, without a further hand: shown with made-up ones.

use std::path::Path;

use xtask::codegen;
use xtask::operations::parameter::{TENANT, document, field, list, own_token, path, query};
use xtask::operations::{Kind, Method, Operation, Shape, operation};

const FLY: Operation = operation("users.fly", Method::Post, "/users/{user_uuid}/flights/{flight}")
    .summary("Lets a user fly.")
    .details("Only where there is sky.")
    .access("auth.users.{user_uuid}.flights.{flight}.create")
    .parameters(&[
        // In another order than the path's, as callers of Python may be used to.
        &[path("flight", "The flight's number."), path("user_uuid", "The user's UUID."), TENANT],
        &[
            query("speed", Kind::Integer, "Kilometres per hour."),
            field("luggage", Kind::Texts, "What is taken along.").required(),
            field("seat", Kind::Text, "Where to sit.").required().hot(),
            own_token("ticket", "The token that permits it."),
        ],
    ])
    .open()
    .json()
    .refused(&[400, 401, 409])
    .since("99.01");

const CLOUDS: Operation = operation("clouds.list", Method::Get, "/clouds")
    .summary("Lists the clouds.")
    .parameters(&[&list("The column to sort by: `height`.")])
    .open()
    .public();

const RAIN: Operation = operation("clouds.rain", Method::Put, "/clouds")
    .summary("Lets it rain.")
    .parameters(&[&[TENANT, document("weather", Kind::Object, "How.")]])
    .json()
    .nothing()
    .deprecated("There is enough of it.");

const SUNNY: Operation = operation("clouds.are_away", Method::Head, "/clouds")
    .summary("Asks for the sun.")
    .public()
    .refused(&[403, 404, 500])
    .result(Shape::Question, &[204]);

const VANISH: Operation =
    operation("clouds.delete", Method::Delete, "/clouds").summary("Dissolves the clouds.").public().nothing();

fn generated() -> Vec<codegen::Generated> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    codegen::generate_from(&[&FLY, &CLOUDS, &RAIN, &SUNNY, &VANISH], root).unwrap()
}

fn text_of(files: &[codegen::Generated], path: &str) -> String {
    files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is not generated")).text.clone()
}

/// A text in one line, so that where it is wrapped does not matter.
fn flat(text: &str) -> String {
    let text = text.split_whitespace().filter(|word| !["///", "*"].contains(word)).collect::<Vec<_>>().join(" ");
    text.replace("( ", "(").replace(",)", ")").replace(", )", ")")
}

#[test]
fn a_new_operation_is_a_c_function() {
    let files = generated();
    let source = flat(&text_of(&files, "src/ffi/operations.rs"));
    for expected in [
        "pub unsafe extern \"C\" fn wazo_auth_users_fly(client: *const wazo_auth_client, user_uuid: *const c_char, \
         flight: *const c_char, seat: *const c_char, ticket: *const c_char, body: *const c_char, \
         query: *const c_char, tenant_uuid: *const c_char, error: *mut *mut wazo_auth_error) -> *mut c_char {",
        "Argument::text(\"seat\", seat).required(), Argument::text(\"ticket\", ticket), \
         Argument::json(\"body\", body).required(), Argument::json(\"query\", query),",
        "call::returning_text(client, \"users.fly\", &arguments, error)",
        "call::returning_text(client, \"clouds.list\", &arguments, error)",
        "call::returning_done(client, \"clouds.rain\", &arguments, error)",
        "call::returning_answer(client, \"clouds.are_away\", &[], error)",
        "#[must_use] #[unsafe(no_mangle)] pub unsafe extern \"C\" fn wazo_auth_clouds_are_away(",
    ] {
        assert!(source.contains(expected), "{expected}\nis not in\n{source}");
    }
    assert!(!source.contains("wazo_auth_users_get("), "only what is in the table");
}

#[test]
fn a_new_operation_is_in_the_header_with_all_that_a_caller_must_know() {
    let files = generated();
    let header = flat(&text_of(&files, "include/wazo_auth_client.h"));
    for expected in [
        "Lets a user fly. Only where there is sky.",
        "`POST /users/{user_uuid}/flights/{flight}`, needs the access `auth.users.{user_uuid}.flights.{flight}.create`. \
         Servers have it since 99.01.",
        "@param flight The flight's number.",
        "@param ticket The token that permits it. May be NULL.",
        "@param body A JSON object; fields that are not named here pass through: - `luggage` (list of texts, required): \
         What is taken along.",
        "- `speed` (whole number): Kilometres per hour.",
        "wazo_auth_string_free()",
        "400 (rejected), 401 (token invalid, permission denied, tenant unauthorized) and 409 (conflict)",
        "@par Threads",
        "char *wazo_auth_users_fly(const wazo_auth_client *client",
        // All but the ticket, the query and the tenant.
        "wazo_auth_error **error) WAZO_AUTH_NONNULL(1, 2, 3, 4, 6);",
        "@deprecated There is enough of it.",
        "@param body A JSON object: How.",
        "bool wazo_auth_clouds_rain(",
    ] {
        assert!(header.contains(expected), "{expected}\nis not in\n{header}");
    }
}

#[test]
fn a_new_operation_is_a_cpp_method() {
    let files = generated();
    let header = flat(&text_of(&files, "include/wazo_auth_client/operations.hpp").replace("///", ""));
    for expected in [
        "class UsersOperations : private detail::Resource {",
        "class CloudsOperations : private detail::Resource {",
        "[[nodiscard]] CloudsOperations clouds() const noexcept { return CloudsOperations(handle_); }",
        "Lets a user fly. Only where there is sky. `POST /users/{user_uuid}/flights/{flight}`",
        "- `luggage` (list of texts, required): What is taken along.",
        "@param ticket The token that permits it.",
        // What may be left out comes last, whatever its place in C.
        "std::string fly(Text user_uuid, Text flight, Text seat, Text body, OptionalText ticket = {}, \
         OptionalText query = {}, OptionalText tenant_uuid = {}) const { detail::Outcome outcome; \
         return outcome.text(wazo_auth_users_fly(client(), user_uuid.c_str(\"user_uuid\"), flight.c_str(\"flight\"), \
         seat.c_str(\"seat\"), ticket.c_str(\"ticket\"), body.c_str(\"body\"), query.c_str(\"query\"), \
         tenant_uuid.c_str(\"tenant_uuid\"), outcome.error())); }",
        "[[nodiscard]] std::string list(OptionalText query = {}) const {",
        "[[deprecated(\"There is enough of it.\")]] void rain(Text body, OptionalText tenant_uuid = {}) const { \
         detail::Outcome outcome; outcome.done(wazo_auth_clouds_rain(",
        "[[nodiscard]] bool are_away() const { detail::Outcome outcome; \
         return outcome.answer(wazo_auth_clouds_are_away(client(), outcome.error())); }",
        // A keyword of C++ has an underscore behind it.
        "void delete_() const { detail::Outcome outcome; outcome.done(wazo_auth_clouds_delete(client(), outcome.error())); }",
    ] {
        assert!(header.contains(expected), "{expected}\nis not in\n{header}");
    }
}

#[test]
fn a_new_operation_is_a_python_method() {
    let files = generated();
    let module = flat(&text_of(&files, "bindings/python/wazo_auth_client/_operations.py"));
    let stub = flat(&text_of(&files, "bindings/python/wazo_auth_client/_operations.pyi"));
    for expected in [
        "class Users(Resource):",
        "def fly(self, flight, user_uuid, luggage, seat, tenant_uuid=None, speed=UNSET, ticket=None, **more):",
        "\"\"\"Lets a user fly. Only where there is sky.",
        ":param speed: Kilometres per hour.",
        "return self._call('users.fly', {",
        "'ticket': ticket, }, more)",
        "class Clouds(Resource):",
        "def rain(self, tenant_uuid=None, *, weather):",
        "'clouds': Clouds,",
        "'users.fly': { 'places': { 'flight': 'path', 'user_uuid': 'path', 'tenant_uuid': 'tenant', 'speed': 'query', \
         'luggage': 'field', 'seat': 'field', 'ticket': 'token', }, \
         'required': ('flight', 'user_uuid', 'luggage', 'seat'), 'open': 'body', 'result': 'json', },",
    ] {
        assert!(module.contains(expected), "{expected}\nis not in\n{module}");
    }
    for expected in [
        "luggage: Sequence[str], seat: _Text, tenant_uuid: Optional[_Text] = ..., speed: Optional[int] = ...",
        "def are_away(self) -> bool: ...",
        "def rain(self, tenant_uuid: Optional[_Text] = ..., *, weather: _Object) -> None: ...",
        "clouds: Clouds",
    ] {
        assert!(stub.contains(expected), "{expected}\nis not in\n{stub}");
    }
}

#[test]
fn a_new_operation_is_documented() {
    let files = generated();
    let docs = text_of(&files, "docs/operations.md");
    for expected in [
        "| [users](#users) | [fly](#usersfly) |",
        "\n### users.fly\n\nLets a user fly.\n",
        "\nbool wazo_auth_clouds_are_away(const wazo_auth_client *client, wazo_auth_error **error);\n",
        "\nclient.clouds.are_away()\n",
        "\nclient.clouds().delete_()\n",
        "\nclient.users().fly(user_uuid, flight, seat, body, ticket = {}, query = {}, tenant_uuid = {})\n",
        "| `speed` | query | whole number. Kilometres per hour. |",
        "\nYes: 204. No: 403 and 404. Known refusals: 500 (server error).\n",
        "\n**Deprecated.** There is enough of it.\n",
    ] {
        assert!(docs.contains(expected), "{expected}\nis not in\n{docs}");
    }
}

#[test]
fn a_new_operation_is_a_symbol() {
    let files = generated();
    let symbols = text_of(&files, "tests/data/abi-symbols.txt");
    let mut names = symbols.lines().skip(1).collect::<Vec<_>>();
    assert!(names.contains(&"wazo_auth_users_fly"));
    assert!(names.is_sorted());
    names.dedup();
    assert_eq!(names.len(), symbols.lines().count() - 1);
}

#[test]
fn every_generated_file_says_so_in_its_first_line() {
    for file in generated() {
        let first = file.text.lines().next().unwrap_or_default();
        assert!(first.contains("Generated by `cargo xtask codegen`"), "{}: {first}", file.path);
        assert!(file.text.ends_with('\n') && !file.text.ends_with("\n\n"), "{}: its end", file.path);
    }
}

#[test]
fn a_file_that_differs_is_found_and_its_first_different_line_shown() {
    let files = generated();
    let module = files.iter().find(|file| file.path.ends_with("_operations.py")).unwrap();
    // The one in the repository is made from the real table.
    assert!(module.differs());
    let difference = module.first_difference();
    assert!(difference.contains("from line ") || difference.contains("missing"), "{difference}");
}
