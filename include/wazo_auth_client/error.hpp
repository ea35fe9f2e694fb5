// Errors of the C library as an exception. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_ERROR_HPP
#define WAZO_AUTH_CLIENT_ERROR_HPP

#include "error_kind.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace wazo::auth {

/// The name of a kind, such as "not_found", for logs and metrics; "unknown" for a number that is not a kind.
[[nodiscard]] inline std::string_view kind_text(ErrorKind kind) noexcept {
    return wazo_auth_error_kind_text(static_cast<int>(kind));
}

/// The exception that every function of these headers throws on failure; what() returns a message of one line, for
/// logs.
///
/// It contains no secrets: passwords and tokens are masked. Copies share their contents, so copying never throws.
class Error : public std::runtime_error {
public:
    /// Wraps an error of the C library, for code that calls the library directly.
    explicit Error(std::shared_ptr<const wazo_auth_error> error)
        : std::runtime_error(wazo_auth_error_message(error.get())),
          kind_(kind_of(error.get())),
          error_(std::move(error)) {}

    /// An error that did not come from the C library.
    Error(ErrorKind kind, const std::string &message) : std::runtime_error(message), kind_(kind) {}

    /// The kind of the error.
    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

    /// The HTTP status of the response; 0 if no response arrived.
    [[nodiscard]] int status() const noexcept { return wazo_auth_error_status(error_.get()); }

    /// The same as what().
    [[nodiscard]] std::string message() const { return what(); }

    /// The server's `error_id`, such as "unknown-user"; std::nullopt if the response has none.
    [[nodiscard]] std::optional<std::string> error_id() const {
        return text(error_ ? wazo_auth_error_id(error_.get()) : nullptr);
    }

    /// The server's `details`, as JSON; std::nullopt if the response has none.
    [[nodiscard]] std::optional<std::string> details() const {
        return text(error_ ? wazo_auth_error_details(error_.get()) : nullptr);
    }

    /// The response as a JSON object (status, headers, body); std::nullopt if no response arrived.
    [[nodiscard]] std::optional<std::string> response() const {
        return text(error_ ? wazo_auth_error_response(error_.get()) : nullptr);
    }

    /// The whole error as a JSON object; see wazo_auth_error_json(). std::nullopt if the error did not
    /// come from the C library.
    [[nodiscard]] std::optional<std::string> json() const {
        return text(error_ ? wazo_auth_error_json(error_.get()) : nullptr);
    }

    /// Whether the same call may succeed if it is repeated later. If is_in_doubt() is true as well, repeating it may
    /// carry it out twice.
    [[nodiscard]] bool is_retryable() const noexcept { return wazo_auth_error_is_retryable(error_.get()); }

    /// Whether the server may have carried out the request although the call failed: the request was sent, and no
    /// response arrived.
    [[nodiscard]] bool is_in_doubt() const noexcept { return wazo_auth_error_is_in_doubt(error_.get()); }

    /// Whether the client's token is unknown or expired: log in again. False for every other 401.
    [[nodiscard]] bool is_token_invalid() const noexcept { return wazo_auth_error_is_token_invalid(error_.get()); }

private:
    static ErrorKind kind_of(const wazo_auth_error *error) noexcept {
        return static_cast<ErrorKind>(wazo_auth_error_kind(error));
    }

    static std::optional<std::string> text(const char *text) {
        return text ? std::optional<std::string>(text) : std::nullopt;
    }

    ErrorKind kind_;
    std::shared_ptr<const wazo_auth_error> error_;
};

} // namespace wazo::auth

#endif
