// The health of a server. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_HEALTH_HPP
#define WAZO_AUTH_CLIENT_HEALTH_HPP

#include "client.hpp"

#include <functional>

namespace wazo::auth {

/// How a server does.
enum class HealthState {
    unknown = WAZO_AUTH_HEALTH_UNKNOWN,     ///< no probe has ended yet
    reachable = WAZO_AUTH_HEALTH_REACHABLE, ///< the last probe succeeded
    degraded = WAZO_AUTH_HEALTH_DEGRADED,   ///< the last probe failed, or the server cannot do its work (500, 503)
    down = WAZO_AUTH_HEALTH_DOWN,           ///< so many probes in a row failed that the server counts as gone
};

/// A watch over the health of a server: it probes it now and then on the library's thread.
///
///     wazo::auth::Health health(client, {{"interval_ms", 5000}});
///     health.set_on_change([](wazo::auth::HealthState state) { ... });
///
/// Thread-safe. The destructor ends the probes; no function is called afterwards. After fork, the child watches for
/// itself, from the first use on, and has no function to call before it sets one.
class Health {
public:
    /// @param client the client; it may be destroyed before the watch
    /// @param options such as `{{"interval_ms", 10000}, {"down_after", 3}}`; docs/options.md lists them
    explicit Health(const Client &client, const OptionalText &options = {}) : health_(made(client, options)) {}

    /// The state by the last probe. It never blocks.
    [[nodiscard]] HealthState state() const noexcept {
        return static_cast<HealthState>(wazo_auth_health_state(get()));
    }

    /// Sets a function to call when the state has changed, and soon if the state is known already.
    ///
    /// It runs on the library's thread, and must be short. An exception that it throws is thrown by rethrow(), and does
    /// not end the watch. It must not destroy this object, nor call set_on_change() of it. When set_on_change() returns, the previous function is no
    /// longer running.
    void set_on_change(std::function<void(HealthState)> on_change) {
        detail::Outcome outcome;
        auto next = on_change ? std::make_unique<Function>(std::move(on_change)) : nullptr;
        const auto call = [](wazo_auth_health_state_t state, void *data) noexcept {
            static_cast<Function *>(data)->run(static_cast<HealthState>(state));
        };
        auto *health = detail::present(health_.get(), "health");
        outcome.done(wazo_auth_health_set_on_change(health, next ? +call : nullptr, next.get(), outcome.error()));
        on_change_ = std::move(next);
    }

    /// Throws what the function threw, if it threw since the last time.
    void rethrow() {
        if (on_change_) on_change_->rethrow();
    }

    /// The C handle; NULL in a moved-from watch. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_health *get() const noexcept { return health_.get(); }

    Health(Health &&) noexcept = default;
    Health &operator=(Health &&other) noexcept {
        // The old watch first: it may still call the old function.
        health_ = std::move(other.health_);
        on_change_ = std::move(other.on_change_);
        return *this;
    }
    Health(const Health &) = delete;
    Health &operator=(const Health &) = delete;

private:
    using Function = detail::Catching<std::function<void(HealthState)>>;

    static wazo_auth_health *made(const Client &client, const OptionalText &options) {
        detail::Outcome outcome;
        const auto *of = detail::present(client.get(), "client");
        return outcome.handle(wazo_auth_health_new(of, options.c_str("options_json"), outcome.error()));
    }

    // Destroyed in reverse order: the watch, then the function that it calls.
    std::unique_ptr<Function> on_change_;
    detail::Owned<wazo_auth_health, wazo_auth_health_free> health_;
};

} // namespace wazo::auth

#endif
