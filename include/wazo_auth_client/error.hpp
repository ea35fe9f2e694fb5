// What goes wrong, as an exception that carries all that the C error knows. Included by wazo_auth_client.hpp.

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

/// What every function here throws on failure; what() is one line for a log.
///
/// It holds no secret: passwords and tokens are masked. Copies share what they hold, so that copying never throws.
class Error : public std::runtime_error {
public:
    /// Takes over an error of the C library; for code that calls it directly.
    explicit Error(std::shared_ptr<const wazo_auth_error> error)
        : std::runtime_error(wazo_auth_error_message(error.get())),
          kind_(kind_of(error.get())),
          error_(std::move(error)) {}

    /// An error found on this side of the C library.
    Error(ErrorKind kind, const std::string &message) : std::runtime_error(message), kind_(kind) {}

    /// What kind of failure it was.
    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

    /// The HTTP status that the server answered with; 0 where it did not answer.
    [[nodiscard]] int status() const noexcept { return wazo_auth_error_status(error_.get()); }

    /// The same as what().
    [[nodiscard]] std::string message() const { return what(); }

    /// The server's `error_id`, such as "unknown-user"; none where the server gave none.
    [[nodiscard]] std::optional<std::string> error_id() const {
        return text(error_ ? wazo_auth_error_id(error_.get()) : nullptr);
    }

    /// The server's `details`, as JSON; none where the server gave none.
    [[nodiscard]] std::optional<std::string> details() const {
        return text(error_ ? wazo_auth_error_details(error_.get()) : nullptr);
    }

    /// What the server answered, as a JSON object: status, headers, body; none where it did not answer.
    [[nodiscard]] std::optional<std::string> response() const {
        return text(error_ ? wazo_auth_error_response(error_.get()) : nullptr);
    }

    /// The whole error as a JSON object; see wazo_auth_error_json(). None where the C library had no part in it.
    [[nodiscard]] std::optional<std::string> json() const {
        return text(error_ ? wazo_auth_error_json(error_.get()) : nullptr);
    }

    /// Whether the same call may succeed later without a change. Where is_in_doubt() is true as well, repeating it may
    /// carry it out twice.
    [[nodiscard]] bool is_retryable() const noexcept { return wazo_auth_error_is_retryable(error_.get()); }

    /// Whether the request may have been carried out all the same: it left, and no answer about it came.
    [[nodiscard]] bool is_in_doubt() const noexcept { return wazo_auth_error_is_in_doubt(error_.get()); }

    /// Whether the client's token is unknown or expired, so that a new one should be taken. No other 401 is one.
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
