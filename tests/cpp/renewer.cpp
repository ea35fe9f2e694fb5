// Renewers: a token that stays fresh, against the simulator.

#include "check.hpp"

#include <condition_variable>
#include <mutex>

namespace {

using namespace std::chrono_literals;

/// What a listener has heard.
struct Heard {
    std::mutex mutex;
    std::condition_variable came;
    std::vector<std::string> texts;

    auth::Renewer::Listener listener() {
        return [this](std::string_view text) {
            const std::lock_guard lock(mutex);
            texts.emplace_back(text);
            came.notify_all();
        };
    }

    std::string last(std::size_t count) {
        std::unique_lock lock(mutex);
        if (!came.wait_for(lock, 30s, [&] { return texts.size() >= count; })) throw std::runtime_error("nothing heard");
        return texts.back();
    }
};

const Test life("a renewer gives its token to clients, tells of each new one, and logs out", [] {
    const auto client = simulator();
    Heard tokens, states, refresh_tokens;
    auth::Renewer renewer(client, {{"expiration_s", 3600}, {"offline", true}, {"client_id", "c++"}});
    CHECK(!renewer.token());
    renewer.set_on_state(states.listener());
    const auto me = client.with(renewer);
    renewer.start(30s);
    renewer.set_on_change(tokens.listener());
    renewer.set_on_refresh_token(refresh_tokens.listener());
    CHECK(tokens.last(1) == renewer.token() && states.last(2) == "fresh" && !refresh_tokens.last(1).empty());
    CHECK(auth::json_get(me.users().list(), "/items").has_value());
    // The server rejects it: the call gets another one.
    CHECK(client.token().check(*renewer.token()));
    client.token().revoke(*renewer.token());
    CHECK(auth::json_get(me.users().list(), "/items").has_value());
    CHECK(tokens.last(2) == renewer.token());
    auth::Renewer moved = std::move(renewer);
    CHECK_THROWS(renewer.renew(), invalid_argument, "renewer");
    CHECK(!renewer.token());
    moved.renew();
    tokens.last(3);
    CHECK(auth::json_get(moved.snapshot(), "/state") == "fresh");
    moved.set_on_change({});
    const auto last = moved.token();
    moved.close(30s);
    CHECK(last && !client.token().check(*last) && !moved.token());
    CHECK_THROWS((void)me.users().list(), closed, "renewer");
});

const Test wrong("what is wrong with a renewer is thrown", [] {
    const auto client = simulator();
    CHECK_THROWS(auth::Renewer(client, {{"offline", true}}), invalid_argument, "client_id");
    CHECK_THROWS(auth::Renewer(client.with("password", {})), invalid_argument, "nothing to log in with");
    const auth::Renewer renewer(client.with("password", "wrong"));
    CHECK_THROWS(renewer.start(30s), authentication_failed, "token.new");
    CHECK_THROWS((void)client.with(renewer).users().list(), authentication_failed, "renewal failed");
});

} // namespace
