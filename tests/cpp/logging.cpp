// The log callback: records of calls, levels, exceptions, and its end.

#include "check.hpp"

#include <mutex>

namespace {

struct Record {
    auth::LogLevel level;
    std::string message, fields;
};

const Test log_callback("a log callback gets the records of its level until it ends, and may throw", [] {
    std::mutex lock;
    std::vector<Record> records;
    const auto add = [&](auth::LogLevel level, std::string_view message, std::string_view fields) {
        const std::lock_guard<std::mutex> guard(lock);
        records.push_back({level, std::string(message), std::string(fields)});
    };
    const auto me = logged_in();
    const std::string missing = "00000000-0000-4000-8000-000000000000";
    {
        const auth::LogCallback log(auth::LogLevel::debug, add);
        CHECK_THROWS((void)me.users().get(missing), not_found, "users.get");
        CHECK(!records.empty());
        const auto &last = records.back();
        CHECK(last.level == auth::LogLevel::debug && last.message.find("users.get") == 0);
        CHECK(auth::json_get(last.fields, "/event") == "call.ended");
        CHECK(auth::json_get(last.fields, "/kind") == "not_found");
        CHECK(auth::json_get(last.fields, "/status") == "404");
    }
    const auto count = records.size();
    CHECK_THROWS((void)me.users().get(missing), not_found, "users.get");
    CHECK(records.size() == count);
    {
        const auth::LogCallback warnings(auth::LogLevel::warning, add);
        CHECK_THROWS((void)me.users().get(missing), not_found, "users.get");
        CHECK(records.size() == count);
    }
    int thrown = 0;
    {
        const auth::LogCallback throws(auth::LogLevel::debug, [&](auto, auto, auto) {
            ++thrown;
            throw std::runtime_error("on purpose");
        });
        CHECK_THROWS((void)me.users().get(missing), not_found, "users.get");
    }
    CHECK(thrown > 0);
    CHECK_THROWS(auth::LogCallback(static_cast<auth::LogLevel>(9), add), invalid_argument, "argument level: 9");
});

} // namespace
