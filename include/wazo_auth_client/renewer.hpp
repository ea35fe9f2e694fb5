// Renewers: a token that stays fresh. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_RENEWER_HPP
#define WAZO_AUTH_CLIENT_RENEWER_HPP

#include "client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

namespace wazo::auth {

/// Gets a token, renews it before it expires, and gives it to any number of clients:
///
///     wazo::auth::Renewer renewer(client, {{"expiration_s", 21600}});
///     renewer.start(10s);
///     const auto me = client.with(renewer);
///
/// Thread-safe, except for setting listeners, assigning to, moving from and destroying it. In a child process after
/// fork it continues with
/// the parent's token and renews for itself; it has no listeners until the child sets its own. The destructor ends the
/// renewals, and does not log out: close() does.
class Renewer {
public:
    /// Called with a token, a state or a refresh token.
    using Listener = std::function<void(std::string_view)>;

    /// Creates a renewer that logs in with the client's user name and password, or as its own options say
    /// (docs/options.md lists them). Sends nothing before start(), or before the first call that needs a token.
    explicit Renewer(const Client &client, const Object &options = {}) : renewer_(made(client, options)) {}

    Renewer(Renewer &&) noexcept = default;
    Renewer &operator=(Renewer &&other) noexcept {
        // The old renewer first: it may still call the old listeners.
        renewer_ = std::move(other.renewer_);
        on_change_ = std::move(other.on_change_);
        on_state_ = std::move(other.on_state_);
        on_refresh_token_ = std::move(other.on_refresh_token_);
        return *this;
    }
    Renewer(const Renewer &) = delete;
    Renewer &operator=(const Renewer &) = delete;

    /// Starts renewing in the background.
    void start() const { started(0); }

    /// Starts renewing, and waits for the first token. Throws if there is none in time; if the login is refused, at
    /// once. Whatever it throws, the renewer goes on trying.
    void start(std::chrono::milliseconds timeout) const { started(limit(timeout)); }

    /// The current token; std::nullopt if there is no valid one. It never waits.
    [[nodiscard]] std::optional<std::string> token() const { return text(wazo_auth_renewer_token(renewer_.get())); }

    /// How the renewer is doing, as a JSON object without secrets; see wazo_auth_renewer_snapshot(). It never waits.
    [[nodiscard]] std::string snapshot() const {
        return text(wazo_auth_renewer_snapshot(present())).value_or("{}");
    }

    /// Sets what is called with each new token; with the current one at once. An empty function removes it.
    ///
    /// The listener runs on the library's thread. It must be short and must not make blocking calls. An exception that
    /// it throws is thrown by rethrow(), and does not end the renewals. When this function returns, the previous listener is no longer running. Do not call
    /// this in a listener.
    void set_on_change(Listener on_change) {
        set(wazo_auth_renewer_set_on_change, on_change_, std::move(on_change));
    }

    /// Sets what is called with each new state: "starting", "fresh", "stale" or "failing". As set_on_change().
    void set_on_state(Listener on_state) { set(wazo_auth_renewer_set_on_state, on_state_, std::move(on_state)); }

    /// Sets what is called with each new refresh token, to store it for the next start of the program. As
    /// set_on_change().
    void set_on_refresh_token(Listener on_refresh_token) {
        set(wazo_auth_renewer_set_on_refresh_token, on_refresh_token_, std::move(on_refresh_token));
    }

    /// Renews now, without waiting for the new token.
    void renew() const {
        detail::Outcome outcome;
        outcome.done(wazo_auth_renewer_renew(present(), outcome.error()));
    }

    /// Logs out: ends the renewals and revokes the tokens. Without a timeout, each request has that of a login.
    void close(std::optional<std::chrono::milliseconds> timeout = {}) const {
        detail::Outcome outcome;
        const std::int32_t most = timeout ? std::max<std::int32_t>(limit(*timeout), 1) : 0;
        outcome.done(wazo_auth_renewer_close(present(), most, outcome.error()));
    }

    /// Throws what a listener threw, if one threw since the last time.
    void rethrow() const {
        for (const Kept *kept : {&on_change_, &on_state_, &on_refresh_token_})
            if (*kept) (*kept)->rethrow();
    }

    /// The C handle; NULL in a moved-from renewer. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_renewer *get() const noexcept { return renewer_.get(); }

private:
    using Called = detail::Catching<Listener>;
    using Kept = std::unique_ptr<Called>;

    static wazo_auth_renewer *made(const Client &client, const Object &options) {
        detail::Outcome outcome;
        const auto *of = detail::present(client.get(), "client");
        return outcome.handle(wazo_auth_renewer_new(of, options.json().c_str(), outcome.error()));
    }

    /// Milliseconds as C takes them.
    static std::int32_t limit(std::chrono::milliseconds timeout) noexcept {
        constexpr std::chrono::milliseconds::rep least = 1, most = std::numeric_limits<std::int32_t>::max();
        return static_cast<std::int32_t>(std::clamp(timeout.count(), least, most));
    }

    static std::optional<std::string> text(char *given) {
        const std::unique_ptr<char, decltype(&wazo_auth_string_free)> owned(given, wazo_auth_string_free);
        return given ? std::optional<std::string>(given) : std::nullopt;
    }

    void started(std::int32_t timeout_ms) const {
        detail::Outcome outcome;
        outcome.done(wazo_auth_renewer_start(present(), timeout_ms, outcome.error()));
    }

    template <typename Set>
    void set(const Set &in_c, Kept &kept, Listener listener) {
        detail::Outcome outcome;
        auto next = listener ? std::make_unique<Called>(std::move(listener)) : nullptr;
        // noexcept: what a listener throws must not pass through C.
        const auto call = [](const char *text, void *data) noexcept { static_cast<Called *>(data)->run(text); };
        outcome.done(in_c(present(), next ? +call : nullptr, next.get(), outcome.error()));
        kept = std::move(next);
    }

    [[nodiscard]] const wazo_auth_renewer *present() const { return detail::present(renewer_.get(), "renewer"); }

    // Destroyed in reverse order: the renewer, then the listeners that it calls.
    Kept on_change_, on_state_, on_refresh_token_;
    detail::Owned<wazo_auth_renewer, wazo_auth_renewer_free> renewer_;
};

inline Client Client::with(const Renewer &renewer) const {
    detail::Outcome outcome;
    const auto *of = detail::present(renewer.get(), "renewer");
    return Client(outcome.handle(wazo_auth_client_with_renewer(present(), of, outcome.error())));
}

} // namespace wazo::auth

#endif
