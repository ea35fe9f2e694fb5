// Listings item by item, statistics, readiness and health, against the simulator.

#include "check.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <vector>

namespace {

using namespace std::chrono_literals;

const Test listing("a listing is a range: every item comes once, whatever the size of a page", [] {
    const auto me = logged_in();
    std::vector<std::string> made;
    for (const char *name : {"paged1", "paged2", "paged3", "paged4", "paged5"}) {
        made.push_back(*auth::json_get(me.users().new_({{"username", name}}), "/uuid"));
    }
    for (const int size : {1, 2, 5, 100}) {
        std::vector<std::string> found;
        auto pages = me.pages("users.list", {{"search", "paged"}, {"order", "username"}}, {{"page_size", size}});
        for (const auto &user : pages) found.push_back(auth::json_get(user, "/uuid").value());
        CHECK(found == made);
        CHECK(!pages.next() && pages.begin() == pages.end());
    }
    auto some = me.pages("users.list", {{"search", "paged"}}, {{"max_items", 3}});
    CHECK(std::distance(some.begin(), some.end()) == 3);
    for (const auto &uuid : made) me.users().delete_(uuid);
    int left = 0;
    for (const auto &user : me.pages("users.list", {{"search", "paged"}})) left += !user.empty();
    CHECK(left == 0);
});

const Test refused("what cannot be paged throws, and so does a page that fails", [] {
    const auto me = logged_in();
    CHECK_THROWS((void)me.pages("users.get"), invalid_argument, "users.list");
    auto pages = auth::Client(auth::Options().set_url("http://127.0.0.1:1")).pages("users.list");
    CHECK_THROWS((void)pages.next(), connect, "users.list");
    CHECK_THROWS((void)pages.begin(), connect, "users.list");
    const auto taken = std::move(pages);
    CHECK_THROWS((void)pages.next(), invalid_argument, "moved from");
});

const Test about("statistics and visible tenants are JSON, readiness is a return", [] {
    const auto me = logged_in();
    me.wait_until_ready(10s);
    CHECK(auth::json_get(me.visible_tenants(), "/0/uuid").has_value());
    CHECK(auth::json_get(me.stats(), "/latency_us/p99").has_value());
    const auto nobody = auth::Client(auth::Options().set_url("http://127.0.0.1:1"));
    CHECK_THROWS(nobody.wait_until_ready(50ms), connect, "status.check");
});

const Test watching("a watch tells of its state, also one that was moved", [] {
    const auto me = logged_in();
    std::promise<auth::HealthState> first, second;
    auth::Health health(me, {{"interval_ms", 20}});
    health.set_on_change([&first](auth::HealthState state) { first.set_value(state); });
    CHECK(first.get_future().get() == auth::HealthState::reachable);
    auth::Health moved = std::move(health);
    moved.set_on_change([&second](auth::HealthState state) { second.set_value(state); });
    CHECK(second.get_future().get() == auth::HealthState::reachable);
    CHECK(moved.state() == auth::HealthState::reachable && health.state() == auth::HealthState::unknown);
    CHECK_THROWS(health.set_on_change({}), invalid_argument, "moved from");
    moved.set_on_change({});
    health = std::move(moved);
});

} // namespace
