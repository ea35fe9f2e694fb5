//! An operation that is added to the table appears everywhere, without a further hand: shown with made-up ones.

mod support;

use support::{assert_contains, flat, text_of};
use xtask::codegen::Generated;
use xtask::codegen::sources::Tables;
use xtask::operations::parameter::{TENANT, document, field, list, own_token, path, query};
use xtask::operations::result::{member, page, record};
use xtask::operations::{Kind, Method, Operation, Record, Shape, Type, operation};

static DROP: Record = record(
    "Drop",
    "A drop of rain.",
    &[member("size_mm", Type::Number, "Its width | height, in mm."), member("cold", Type::Boolean, "Whether it is.")],
);

static CLOUD: Record = record(
    "Cloud",
    "A cloud in the sky.",
    &[
        member("name", Type::Text, "What it is called."),
        member("height_m", Type::Integer, "Its height in m; null in fog.").nullable(),
        member("drops", Type::List(&Type::Record(&DROP)), "What falls out of it.").optional(),
        member("winds", Type::Map(&Type::Number), "The winds by name, in m/s."),
    ],
)
.open();

static CLOUD_PAGE: Record = record("CloudPage", "A page of clouds.", &page(&Type::Record(&CLOUD), "The clouds."));

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
    .public()
    .returns(Type::Record(&CLOUD_PAGE));

const READ: Operation = operation("clouds.get", Method::Get, "/clouds/{name}")
    .summary("Reads a cloud.")
    .parameters(&[&[path("name", "Its name.")]])
    .result(Shape::Member(&["data"]), &[200])
    .returns(Type::Record(&CLOUD));

const NAMES: Operation = operation("clouds.names", Method::Get, "/clouds/names")
    .summary("Lists names.")
    .result(Shape::JsonOrNothing, &[200])
    .returns(Type::List(&Type::Text));

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

const KNOWN: Operation = operation("clouds.knows", Method::Head, "/clouds/tickets/{ticket}")
    .summary("Asks about a ticket.")
    .parameters(&[&[path("ticket", "The ticket.").secret(), query("sky", Kind::Text, "Which sky.").hot()]])
    .public()
    .result(Shape::Question, &[204]);

const VANISH: Operation =
    operation("clouds.delete", Method::Delete, "/clouds").summary("Dissolves the clouds.").public().nothing();

fn generated() -> Vec<Generated> {
    let operations = [&FLY, &CLOUDS, &READ, &NAMES, &RAIN, &SUNNY, &KNOWN, &VANISH];
    support::generated(&Tables::of_library(&operations))
}

#[test]
fn a_new_operation_is_a_c_function() {
    let files = generated();
    let source = flat(&text_of(&files, "src/ffi/operations.rs"));
    assert_contains(
        &source,
        &[
            "pub unsafe extern \"C\" fn wazo_auth_users_fly(client: *const wazo_auth_client, user_uuid: *const c_char, \
             flight: *const c_char, seat: *const c_char, ticket: *const c_char, body: *const c_char, \
             query: *const c_char, tenant_uuid: *const c_char, error: *mut *mut wazo_auth_error) -> *mut c_char {",
            "Argument::text(\"seat\", seat).required(), Argument::text(\"ticket\", ticket), \
             Argument::json(\"body\", body).required(), Argument::json(\"query\", query),",
            "const OPERATION: &Operation = operations::named(\"users.fly\");",
            "named(\"clouds.list\"); let arguments = [Argument::json(\"query\", query)];",
            "call::returning_done(client, OPERATION, &arguments, error)",
            "call::returning_answer(client, OPERATION, &[], error)",
            "#[must_use] #[unsafe(no_mangle)] pub unsafe extern \"C\" fn wazo_auth_clouds_are_away(",
        ],
    );
    assert!(!source.contains("wazo_auth_users_get("), "only what is in the table");
}

#[test]
fn a_new_operation_is_in_the_header_with_all_that_a_caller_must_know() {
    let files = generated();
    let header = flat(&text_of(&files, "include/wazo_auth_client/operations.h"));
    assert_contains(
        &header,
        &[
            "Lets a user fly. Only where there is sky.",
            "`POST /users/{user_uuid}/flights/{flight}`. Required access: \
             `auth.users.{user_uuid}.flights.{flight}.create`. Available since wazo-auth 99.01.",
            "@param flight The flight's number.",
            "@param ticket The token that permits it. May be NULL.",
            "@param body A JSON object; further members are sent as they are: - `luggage` (list of strings, required): \
             What is taken along.",
            "@param query The query, a JSON object, or NULL: - `speed` (integer): Kilometres per hour.",
            "Known errors: 400 (rejected), 401 (token_invalid, permission_denied, tenant_unauthorized), 409 (conflict).",
            "@defgroup wazo_auth_operations_clouds Operations: clouds",
            "@return JSON: object `CloudPage` {items: [{name, height_m, drops, winds, ...}], total, filtered}.",
            "@return JSON: object `Cloud` {name, height_m, drops?: [Drop], winds, ...}.",
            "@return JSON: list of strings, or `null`.",
            "@return true only if the server answers yes.",
            "char *wazo_auth_users_fly(const wazo_auth_client *client",
            // All but the ticket, the query and the tenant.
            "wazo_auth_error **error) WAZO_AUTH_NONNULL(1, 2, 3, 4, 6);",
            "@deprecated There is enough of it.",
            "@param body A JSON object: How.",
            "bool wazo_auth_clouds_rain(",
        ],
    );
}

#[test]
fn a_new_operation_is_a_cpp_method() {
    let files = generated();
    let header = flat(&text_of(&files, "include/wazo_auth_client/operations.hpp").replace("///", ""));
    assert_contains(
        &header,
        &[
            "class UsersOperations : private detail::Resource {",
            "class CloudsOperations : private detail::Resource {",
            "[[nodiscard]] CloudsOperations clouds() const noexcept { return CloudsOperations(handle_); }",
            "Lets a user fly. Only where there is sky. `POST /users/{user_uuid}/flights/{flight}`.",
            "- `luggage` (list of strings, required): What is taken along.",
            "@return JSON: object `Cloud` {name, height_m, drops?: [Drop], winds, ...}.",
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
            // What asks about a token of somebody else's answers no for what no token can be.
            "[[nodiscard]] bool knows(Text ticket, OptionalText sky = {}) const { if (ticket.has_nul()) return false; \
             detail::Outcome outcome;",
            // A keyword of C++ has an underscore behind it.
            "void delete_() const { detail::Outcome outcome; outcome.done(wazo_auth_clouds_delete(client(), outcome.error())); }",
        ],
    );
}

#[test]
fn a_new_operation_is_a_python_method() {
    let files = generated();
    let module = flat(&text_of(&files, "bindings/python/wazo_auth_client/_operations.py"));
    let stub = flat(&text_of(&files, "bindings/python/wazo_auth_client/_operations.pyi"));
    assert_contains(
        &module,
        &[
            "class Users(Resource):",
            "def fly(self, flight, user_uuid, luggage=UNSET, seat=UNSET, tenant_uuid=None, speed=UNSET, ticket=None, **more):",
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
        ],
    );
    assert_contains(
        &stub,
        &[
            "luggage: _Texts, seat: _Text, tenant_uuid: Optional[_Text] = ..., speed: Optional[int] = ...",
            "def are_away(self) -> bool: ...",
            "def rain(self, tenant_uuid: Optional[_Text] = ..., *, weather: _Object) -> None: ...",
            "clouds: Clouds",
            "from .types import (CloudDict, CloudPageDict) ",
            "**more: Any) -> CloudPageDict: ...",
            "def get(self, name: _Text) -> CloudDict: ...",
            "def names(self) -> Optional[List[str]]: ...",
            "class AsyncClouds: async def list(self, ",
            "async def names(self) -> Optional[List[str]]: ...",
            "class AsyncResources: users: AsyncUsers clouds: AsyncClouds ",
        ],
    );
    let types = text_of(&files, "bindings/python/wazo_auth_client/types.py");
    let is_code = |line: &&str| !line.contains("#:") && !line.contains("\"\"\"");
    let types: Vec<&str> = types.lines().filter(is_code).collect();
    assert_contains(
        &flat(&types.join("\n")),
        &[
            // What a type consists of stands before it.
            "class DropDict(TypedDict): size_mm: float cold: bool \
             class _CloudDict(TypedDict): name: str height_m: Optional[int] winds: Dict[str, float] \
             class CloudDict(_CloudDict, total=False): drops: List[DropDict] \
             class CloudPageDict(TypedDict): items: List[CloudDict] total: int filtered: int",
        ],
    );
}

#[test]
fn a_new_operation_is_a_rust_method() {
    let files = generated();
    let calls = flat(&text_of(&files, "src/typed/calls.rs").replace("///", ""));
    assert_contains(
        &calls,
        &[
            "Lets a user fly. Only where there is sky. `POST /users/{user_uuid}/flights/{flight}`.",
            "- `luggage`: What is taken along.",
            // What it cannot do without is given in the order of C, the fields of the body where the body is.
            "pub fn users_fly(&self, user_uuid: impl Into<String>, flight: impl Into<String>, seat: impl Into<String>, \
             luggage: impl IntoIterator<Item = impl Into<String>>) -> UsersFly<'_> {",
            "const OPERATION: &Operation = operations::named(\"users.fly\");",
            ".text(\"seat\", seat) .texts(\"luggage\", luggage)",
            "pub fn speed(self, speed: i64) -> Self { Self(self.0.integer(\"speed\", speed)) }",
            "pub fn ticket(self, ticket: impl Into<String>) -> Self {",
            "pub fn further(self, json: impl AsRef<str>) -> Self { Self(self.0.body(json)) }",
            "ways_to_make!(UsersFly -> Reply<JsonText>);",
            "Returns a [`Reply`] with [`CloudPage`](records::CloudPage).",
            "ways_to_make!(CloudsNames -> Reply<Option<Vec<String>>>);",
            "ways_to_make!(CloudsGet -> Reply<records::Cloud>);",
            "ways_to_make!(CloudsAreAway -> bool);",
            "ways_to_make!(CloudsDelete -> ());",
            "#[deprecated(note = \"There is enough of it.\")] pub fn clouds_rain(&self, weather: impl AsRef<str>) -> CloudsRain<'_> {",
            "- `weather`: How. A JSON object.",
        ],
    );
    let records = flat(&text_of(&files, "src/typed/records.rs"));
    assert_contains(
        &records,
        &[
            "A cloud in the sky. #[derive(Clone, PartialEq)] #[non_exhaustive] pub struct Cloud { \
             What it is called. pub name: String, \
             Its height in m; null in fog. pub height_m: Option<i64>, \
             What falls out of it. pub drops: Option<Vec<Drop>>, \
             The winds by name, in m/s. pub winds: BTreeMap<String, f64>, }",
            "name: required \"name\",",
            "drops: optional \"drops\",",
        ],
    );
}

#[test]
fn a_new_operation_is_documented() {
    let files = generated();
    let docs = text_of(&files, "docs/operations.md");
    assert_contains(
        &docs,
        &[
            "| [users](#users) | [fly](#usersfly) |",
            "\n### users.fly\n\nLets a user fly.\n",
            "\nbool wazo_auth_clouds_are_away(const wazo_auth_client *client, wazo_auth_error **error);\n",
            "\nclient.clouds.are_away()\n",
            "\nclient.clouds().delete_()\n",
            "\nclient.users().fly(user_uuid, flight, seat, body, ticket = {}, query = {}, tenant_uuid = {})\n",
            "| `speed` | query | integer. Kilometres per hour. |",
            "\nYes: 204. No: 403 and 404. Known errors: 500 (server_error).\n",
            "\nSuccess: 200.\n\nResult: A page of clouds.\n\n| field | type | meaning |\n|---|---|---|\n\
             | `items` | list of [Cloud](#record-cloud) | The clouds. |\n",
            "\nSuccess: 200. Result: list of strings, or `null`.\n",
            "| `height_m` | integer, nullable | Its height in m; null in fog. |\n\
             | `drops` | list of [Drop](#record-drop), optional | What falls out of it. |\n\
             | `winds` | object whose values are numbers | The winds by name, in m/s. |\n\nFurther fields are possible.\n",
            "\n### Record Drop\n\nA drop of rain.\n\n| field | type | meaning |\n|---|---|---|\n\
             | `size_mm` | number | Its width \\| height, in mm. |\n",
            "\n**Deprecated.** There is enough of it.\n",
        ],
    );
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
    for file in &generated() {
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
