// The log records of the library. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_LOG_HPP
#define WAZO_AUTH_CLIENT_LOG_HPP

#include "detail.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace wazo::auth {

/// The level of a log record.
enum class LogLevel {
    error = WAZO_AUTH_LOG_ERROR,     ///< somebody should act
    warning = WAZO_AUTH_LOG_WARNING, ///< the server or the network failed
    info = WAZO_AUTH_LOG_INFO,       ///< something changed
    debug = WAZO_AUTH_LOG_DEBUG,     ///< every call and every connection
};

/// A function that gets the log records of this library, as long as this object exists:
///
///     const wazo::auth::LogCallback log(
///         wazo::auth::LogLevel::info,
///         [](wazo::auth::LogLevel, std::string_view message, std::string_view) { std::clog << message << '\n'; });
///
/// The arguments are the level, a message of one line, and the fields as a JSON object; docs/logging.md lists what is
/// logged. No record contains a secret. The function runs on the thread where something happened, on several threads
/// at once, and must be short. It must not use clients, queues and other objects of this library, nor fork. Its
/// exceptions are discarded.
///
/// A process has one callback: a second object takes the place of the first, and the destructor of each leaves the
/// process without one. When the constructor of the second object or the destructor has returned, the function is not
/// running any more: so do not hold a lock that it takes. Do not destroy the object in the function.
class LogCallback {
public:
    using Function = std::function<void(LogLevel level, std::string_view message, std::string_view fields_json)>;

    LogCallback(LogLevel level, Function function) : function_(std::make_unique<Function>(std::move(function))) {
        const auto call = [](wazo_auth_log_level_t of, const char *message, const char *fields, void *data) noexcept {
            try {
                (*static_cast<Function *>(data))(static_cast<LogLevel>(of), message, fields);
            } catch (...) {
                // There is nobody to tell: the call that was logged goes on.
            }
        };
        detail::Outcome outcome;
        outcome.done(
            wazo_auth_set_log_callback(call, static_cast<int>(level), function_.get(), outcome.error()));
    }

    LogCallback(const LogCallback &) = delete;
    LogCallback &operator=(const LogCallback &) = delete;
    ~LogCallback() { wazo_auth_set_log_callback(nullptr, 0, nullptr, nullptr); }

private:
    std::unique_ptr<Function> function_;
};

} // namespace wazo::auth

#endif
