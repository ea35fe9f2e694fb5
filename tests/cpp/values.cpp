// Values and handles, without a server: texts, objects, options, errors, moving.

#include "check.hpp"

#include <type_traits>

namespace {

/// Every kind of C has its kind here. No default: the compiler names a constant that is missing.
constexpr auth::ErrorKind same(wazo_auth_error_kind_t code) {
    using auth::ErrorKind;
    switch (code) {
    case WAZO_AUTH_ERROR_NONE: return ErrorKind::none;
    case WAZO_AUTH_ERROR_INVALID_ARGUMENT: return ErrorKind::invalid_argument;
    case WAZO_AUTH_ERROR_AUTHENTICATION_FAILED: return ErrorKind::authentication_failed;
    case WAZO_AUTH_ERROR_TOKEN_INVALID: return ErrorKind::token_invalid;
    case WAZO_AUTH_ERROR_PERMISSION_DENIED: return ErrorKind::permission_denied;
    case WAZO_AUTH_ERROR_TENANT_UNAUTHORIZED: return ErrorKind::tenant_unauthorized;
    case WAZO_AUTH_ERROR_NOT_FOUND: return ErrorKind::not_found;
    case WAZO_AUTH_ERROR_CONFLICT: return ErrorKind::conflict;
    case WAZO_AUTH_ERROR_QUOTA: return ErrorKind::quota;
    case WAZO_AUTH_ERROR_REJECTED: return ErrorKind::rejected;
    case WAZO_AUTH_ERROR_SERVER_ERROR: return ErrorKind::server_error;
    case WAZO_AUTH_ERROR_UNAVAILABLE: return ErrorKind::unavailable;
    case WAZO_AUTH_ERROR_CONNECT: return ErrorKind::connect;
    case WAZO_AUTH_ERROR_TIMEOUT: return ErrorKind::timeout;
    case WAZO_AUTH_ERROR_TLS: return ErrorKind::tls;
    case WAZO_AUTH_ERROR_PROTOCOL: return ErrorKind::protocol;
    case WAZO_AUTH_ERROR_TOO_LARGE: return ErrorKind::too_large;
    case WAZO_AUTH_ERROR_CANCELLED: return ErrorKind::cancelled;
    case WAZO_AUTH_ERROR_CLOSED: return ErrorKind::closed;
    case WAZO_AUTH_ERROR_INTERNAL: return ErrorKind::internal;
    case WAZO_AUTH_ERROR_BUSY: return ErrorKind::busy;
    }
    return ErrorKind::none;
}
static_assert(static_cast<int>(same(WAZO_AUTH_ERROR_BUSY)) == WAZO_AUTH_ERROR_BUSY);

template <typename T>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

// Not a port on which anything listens: `connect` shows that the arguments were accepted.
auth::Client nowhere() { return auth::Client(auth::Options::from_url("http://127.0.0.1:1")); }

const Test handles("handles move and do not copy, errors copy without throwing", [] {
    static_assert(moves_only<auth::Client> && moves_only<auth::Options> && moves_only<auth::Cancellation>);
    static_assert(moves_only<auth::Queue> && moves_only<auth::Completion> && moves_only<auth::Dispatcher>);
    static_assert(std::is_nothrow_copy_constructible_v<auth::Error>);
    static_assert(std::is_base_of_v<std::runtime_error, auth::Error>);
});

const Test versions("the library that is loaded tells its version", [] {
    CHECK(auth::version_number() == WAZO_AUTH_VERSION_NUMBER);
    CHECK(std::to_string(WAZO_AUTH_VERSION_MAJOR) + '.' + std::to_string(WAZO_AUTH_VERSION_MINOR) + '.' +
              std::to_string(WAZO_AUTH_VERSION_PATCH) ==
          auth::version());
});

const Test objects("an object is written down as JSON, and nothing in a text can break out of it", [] {
    using auth::Object;
    const std::vector<std::string> none, two{"a", "b\"]"};
    CHECK(Object().json() == "{}");
    CHECK((Object{{"a", "b"}}.json() == R"({"a":"b"})"));
    CHECK((Object{{"i", -1}, {"u", 18446744073709551615u}, {"t", true}, {"f", false}, {"n", nullptr}}.json() ==
           R"({"i":-1,"u":18446744073709551615,"t":true,"f":false,"n":null})"));
    CHECK((Object{{"none", none}, {"two", two}, {"three", {"x", "y", "z"}}, {"inner", Object{{"a", 1}}}}.json() ==
           R"({"none":[],"two":["a","b\"]"],"three":["x","y","z"],"inner":{"a":1}})"));
    CHECK((Object{{"one", {"x"}}, {"inner", {{"a", 1}, {"b", {{"c", "d"}}}}}}.json() ==
           R"({"one":["x"],"inner":{"a":1,"b":{"c":"d"}}})"));
    CHECK((Object{{"raw", auth::Json{"[1, 2]"}}}.json() == R"({"raw":[1, 2]})"));
    CHECK(Object().set("a", 1).set("b", "2").json() == R"({"a":1,"b":"2"})");

    const std::string evil = "\", \"acl\": [\"#\"], \"\\ \n\t\x01 caf\xC3\xA9" + std::string(1, '\0');
    const std::string json = Object{{evil, evil}}.json();
    CHECK(json == R"({"\", \"acl\": [\"#\"], \"\\ \u000a\u0009\u0001 café\u0000":)"
                  R"("\", \"acl\": [\"#\"], \"\\ \u000a\u0009\u0001 café\u0000"})");
    const std::string quotes = "\"\\/\b\f\n\r\t\x1f\x7f";
    CHECK(auth::json_get(Object{{"a", quotes}}, "/a") == quotes);
});

const Test lists("an access list decides without the server", [] {
    auth::Access access(R"(["users.me.#", "!users.me.delete"])", "8f3a");
    static_assert(moves_only<auth::Access>);
    CHECK(access.matches("users.8f3a.read") && access.matches({}) && access.get() != nullptr);
    CHECK(!access.matches("users.8f3a.delete") && !access.matches("calls"));
    CHECK(access.may_add("!x") && !access.may_add("x") && access.may_remove("!users.me.read"));
    CHECK(auth::Access::fill("confd.users.{user_uuid}.read", {{"user_uuid", "8.f"}}) == "confd.users.8_f.read");
    CHECK_THROWS(auth::Access("{}"), invalid_argument, "acl_json");
    CHECK_THROWS((void)auth::Access::fill("{x}", {}), invalid_argument, "placeholder");
    const auto taken = std::move(access);
    CHECK_THROWS((void)access.matches("x"), invalid_argument, "argument access"); // NOLINT: on purpose
});

const Test json("a value is taken out of an answer, or is not there", [] {
    const std::string answer = R"({"token": "t\u00e9", "n": null, "items": [{"uuid": 7}]})";
    CHECK(auth::json_get(answer, "/token") == "t\xC3\xA9");
    CHECK(auth::json_get(answer, "/items/0/uuid") == "7");
    CHECK(!auth::json_get(answer, "/n") && !auth::json_get(answer, "/items/1"));
    CHECK_THROWS(auth::json_get("{", "/a").reset(), invalid_argument, "not JSON");
});

const Test texts("a text may be a literal, a string, a view into the middle of one, or an object", [] {
    const auto client = nowhere();
    const std::string string = "user";
    const std::string_view view = std::string_view("a user of many").substr(2, 4);
    const std::optional<std::string> maybe = "tenant", none;
    CHECK_THROWS(client.users().delete_("user"), connect, "/users/user");
    CHECK_THROWS(client.users().delete_(string), connect, "/users/user");
    CHECK_THROWS(client.users().delete_(view), connect, "/users/user]");
    CHECK_THROWS(client.users().delete_(std::string("us") + "er", maybe), connect, "/users/user");
    CHECK_THROWS(client.users().delete_("user", none), connect, "/users/user");
    CHECK_THROWS(client.users().delete_("user", {}), connect, "/users/user");
    CHECK_THROWS(client.users().delete_("user", std::nullopt), connect, "/users/user");
    CHECK_THROWS(client.users().delete_("user", nullptr), connect, "/users/user");
    CHECK_THROWS(client.users().edit("user", {{"username", "u"}}), connect, "/users/user");
    CHECK_THROWS(client.users().edit("user", auth::Json{R"({"username": "u"})"}), connect, "/users/user");
});

const Test nul("a text with a NUL byte is refused by the name of its argument, and never cut short", [] {
    const auto client = nowhere();
    const std::string cut("alice\0bob", 9);
    CHECK_THROWS(client.users().delete_(cut), invalid_argument, "argument user_uuid");
    CHECK_THROWS(client.users().delete_(std::string_view(cut)), invalid_argument, "argument user_uuid");
    CHECK_THROWS(client.users().delete_("user", std::optional<std::string>(cut)), invalid_argument, "tenant_uuid");
    CHECK_THROWS((void)auth::Options().set("token", cut), invalid_argument, "argument value");
    const char *null = nullptr;
    CHECK_THROWS(client.users().delete_(null), invalid_argument, "user_uuid");
    CHECK_THROWS(client.users().delete_("user", null), connect, "/users/user");
});

const Test settings("options are set by key, chained, from a URL; what is wrong is named", [] {
    auth::Options options;
    options.set("host", "example.org").set("port", 8443).set("https", true).set("prefix", "/x");
    CHECK(auth::Client(options).base_url() == "https://example.org:8443/x/0.1");
    CHECK(auth::Client(auth::Options().set("host", "h").set("https", false)).base_url().rfind("http://h", 0) == 0);
    CHECK(auth::Client(auth::Options::from_url("http://h:1/p")).base_url() == "http://h:1/p/0.1");
    const auto chained = auth::Options().set_url("http://h:1/p").set("timeout_ms", 5);
    CHECK(auth::Client(chained).base_url() == "http://h:1/p/0.1");
    CHECK_THROWS(options.set("colour", "red"), invalid_argument, "unknown option \"colour\"");
    CHECK_THROWS((void)auth::Options::from_url("ftp://h"), invalid_argument, "url");
    CHECK_THROWS(options.set_from_key_file("/nowhere/key.yml"), invalid_argument, "/nowhere/key.yml");
    CHECK_THROWS(auth::Client{auth::Options()}, invalid_argument, "host");
});

const Test moved("what was moved from refuses by name, and may be assigned again", [] {
    auto client = nowhere();
    const auto users = client.users();
    auto other = std::move(client);
    CHECK_THROWS(client.users().delete_("user"), invalid_argument, "argument client"); // NOLINT: on purpose
    CHECK(client.base_url().empty());                                                  // NOLINT: on purpose
    CHECK_THROWS(users.delete_("user"), connect, "/users/user");
    CHECK_THROWS((void)client.with("token", "t"), invalid_argument, "argument client"); // NOLINT: on purpose
    CHECK_THROWS((void)client.call("users.list"), invalid_argument, "argument client"); // NOLINT: on purpose
    client = std::move(other);
    CHECK_THROWS(client.users().delete_("user"), connect, "/users/user");
    auth::Options options;
    const auto kept = std::move(options);
    CHECK_THROWS(options.set("host", "h"), invalid_argument, "argument options"); // NOLINT: on purpose
    CHECK_THROWS(auth::Client{options}, invalid_argument, "argument options");    // NOLINT: on purpose
    auth::Queue queue;
    const auto other_queue = std::move(queue);
    CHECK(!queue.wait() && queue.descriptor() == -1 && !queue.cancel(1));                          // NOLINT
    CHECK_THROWS(queue.submit(client, "users.list"), invalid_argument, "argument queue");          // NOLINT
});

const Test shares("what was taken from a client outlives it", [] {
    const auto users = nowhere().users();
    CHECK_THROWS(users.delete_("user"), connect, "/users/user");
    CHECK_THROWS(nowhere().with("token", "t").users().delete_("user"), connect, "/users/user");
});

const Test errors("an error keeps what it says when it is copied and its first owner is gone", [] {
    std::optional<auth::Error> kept;
    try {
        nowhere().users().delete_("user");
    } catch (const auth::Error &error) {
        kept = error;
    }
    CHECK(kept && kept->kind() == auth::ErrorKind::connect && kept->is_retryable() && !kept->is_in_doubt());
    CHECK(kept->status() == 0 && !kept->error_id() && !kept->details() && !kept->response());
    CHECK(auth::kind_text(kept->kind()) == "connect");
    CHECK(auth::kind_text(auth::ErrorKind::none) == "none" && auth::kind_text(auth::ErrorKind(9999)) == "unknown");
    CHECK(auth::json_get(kept->json().value(), "/kind_name") == auth::kind_text(kept->kind()));
    CHECK(kept->message() == kept->what());
    const auth::Error own(auth::ErrorKind::closed, "here");
    CHECK(!own.json() && !own.is_retryable() && own.status() == 0 && own.message() == "here");
});

} // namespace
