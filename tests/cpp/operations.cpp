// Clients and their operations, against the simulator.

#include "check.hpp"

#include <atomic>
#include <thread>

namespace {

const Test life("a user is made, read, listed, changed and deleted", [] {
    const auto me = logged_in();
    const auto user = me.users().new_({{"username", "cpp-\"zoe\""}, {"firstname", "Zoé"}});
    const auto uuid = auth::json_get(user, "/uuid").value();
    CHECK(auth::json_get(me.users().get(uuid), "/username") == "cpp-\"zoe\"");
    CHECK(auth::json_get(me.users().list({{"search", "cpp-\"zoe"}, {"limit", 1}}), "/items/0/uuid") == uuid);
    me.users().edit(uuid, {{"username", "cpp-zoe"}, {"enabled", false}});
    CHECK(auth::json_get(me.users().get(uuid), "/enabled") == "false");
    me.users().delete_(uuid);
    CHECK_THROWS((void)me.users().get(uuid), not_found, uuid.c_str());
});

const Test fields("an error carries kind, status, error_id, details and the whole as JSON", [] {
    const auto me = logged_in();
    try {
        (void)me.users().get("00000000-0000-4000-8000-000000000000");
        CHECK(false);
    } catch (const auth::Error &error) {
        CHECK(error.kind() == auth::ErrorKind::not_found && error.status() == 404);
        CHECK(error.error_id() == "unknown-user");
        CHECK(error.details() && auth::json_get(*error.details(), ""));
        CHECK(auth::json_get(error.json().value(), "/operation") == "users.get");
        CHECK(auth::json_get(error.response().value(), "/status") == "404");
        CHECK(!error.is_retryable() && !error.is_in_doubt() && !error.is_token_invalid());
    }
    try {
        (void)simulator().with("token", "00000000-0000-4000-8000-000000000000").users().list();
        CHECK(false);
    } catch (const auth::Error &error) {
        CHECK(error.kind() == auth::ErrorKind::token_invalid && error.is_token_invalid());
    }
});

const Test questions("a question answers yes or no, and throws where it could not be found out", [] {
    const auto client = simulator();
    const auto token = auth::json_get(client.token().new_({}, {}, {{"expiration", 300}}), "/token").value();
    CHECK(client.token().check(token) && client.token().check(token, "auth.users.read"));
    CHECK(!client.token().check("00000000-0000-4000-8000-000000000000"));
    CHECK(!client.token().check(token, {}, "00000000-0000-4000-8000-000000000000"));
    client.status().check(); // no question: it throws where the server is not well
    client.token().revoke(token);
    CHECK(!client.token().check(token));
    const auth::Client nowhere(auth::Options::from_url("http://127.0.0.1:1"));
    CHECK_THROWS((void)nowhere.token().check(token), connect, "token.check");
});

const Test tenants("a tenant can be given for a call, or for all calls of a derived client", [] {
    const auto me = logged_in();
    const auto tenant = auth::json_get(me.tenants().new_({{"name", "cpp"}, {"slug", "cpp"}}), "/uuid").value();
    const auto group = me.groups().new_({{"name", "cpp group"}}, tenant);
    CHECK(auth::json_get(group, "/tenant_uuid") == tenant);
    const auto there = me.with("tenant_uuid", tenant);
    CHECK(auth::json_get(there.groups().list({{"search", "cpp group"}}), "/filtered") == "1");
    CHECK(auth::json_get(me.groups().list({{"search", "cpp group"}}), "/filtered") == "0");
    CHECK(auth::json_get(me.groups().list({{"search", "cpp group"}}, tenant), "/filtered") == "1");
    there.groups().delete_(auth::json_get(group, "/uuid").value());
    me.tenants().delete_(tenant);
});

const Test identities("a client changes its token, and those derived from it keep theirs", [] {
    auto me = logged_in();
    const auto derived = me.with({{"timeout_ms", 9000}, {"user_agent", "cpp"}});
    me.set_token({});
    CHECK_THROWS((void)me.users().list(), token_invalid, "users.list");
    CHECK(auth::json_get(derived.users().list({{"limit", 1}}), "/items").has_value());
    me.set("token", auth::json_get(simulator().token().new_(), "/token"));
    CHECK(auth::json_get(me.users().list({{"limit", 1}}), "/items").has_value());
    CHECK_THROWS((void)me.with("host", "elsewhere"), invalid_argument, "host");
    CHECK_THROWS((void)me.with("timeout_ms", -1), invalid_argument, "timeout_ms");
});

const Test by_name("every operation can be called by its name, and any request be sent", [] {
    const auto me = logged_in();
    CHECK(auth::json_get(me.call("users.list", {{"search", "admin"}}), "/items/0/username") == "admin");
    CHECK(me.call("status.check") == "null");
    CHECK(auth::json_get(me.call_response("users.list"), "/status") == "200");
    CHECK(auth::json_get(me.request("GET", "/users", {{"search", "admin"}}), "/result/items/0/username") == "admin");
    CHECK_THROWS((void)me.call("users.fly"), invalid_argument, "users.fly");
    CHECK_THROWS((void)me.request("BREW", "/users"), invalid_argument, "BREW");
});

const Test deadline("a call ends by its deadline", [] {
    // The runner makes the answers to /backends wait for a minute.
    const auto start = std::chrono::steady_clock::now();
    CHECK_THROWS((void)logged_in().with("timeout_ms", 200).backends().list(), timeout, "backends.list");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
});

const Test cancelling("a cancellation ends a running call from another thread, until it is reset", [] {
    const auth::Cancellation cancellation;
    const auto me = logged_in().with(cancellation);
    std::thread ending([&cancellation] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        cancellation.cancel();
    });
    CHECK_THROWS((void)me.backends().list(), cancelled, "backends.list");
    ending.join();
    CHECK_THROWS(me.status().check(), cancelled, "status.check");
    cancellation.reset();
    me.status().check();
});

const Test threads("many threads share a client, each with answers of its own", [] {
    const auto me = logged_in();
    std::atomic<int> wrong = 0;
    std::vector<std::thread> running;
    for (int number = 0; number < 8; ++number) {
        running.emplace_back([&me, &wrong, number] {
            const auto mine = me.with("user_agent", "thread " + std::to_string(number));
            for (int call = 0; call < 10; ++call) {
                const std::string uuid = "00000000-0000-4000-8000-00000000000" + std::to_string(number);
                try {
                    (void)mine.users().get(uuid);
                    ++wrong;
                } catch (const auth::Error &error) {
                    if (std::string_view(error.what()).find(uuid) == std::string_view::npos) ++wrong;
                }
            }
        });
    }
    for (auto &thread : running) thread.join();
    CHECK(wrong == 0);
});

} // namespace
