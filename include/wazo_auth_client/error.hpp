// What goes wrong, as an exception that carries all that the C error knows. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_ERROR_HPP
#define WAZO_AUTH_CLIENT_ERROR_HPP

#include "../wazo_auth_client.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace wazo::auth {

/// What kind of failure it was. New kinds are appended, so expect unknown ones: give every switch a default.
enum class ErrorKind : int {
    none = WAZO_AUTH_ERROR_NONE,                                   ///< No error.
    invalid_argument = WAZO_AUTH_ERROR_INVALID_ARGUMENT,           ///< An argument is wrong; nothing was sent.
    authentication_failed = WAZO_AUTH_ERROR_AUTHENTICATION_FAILED, ///< User name and password were refused (401).
    token_invalid = WAZO_AUTH_ERROR_TOKEN_INVALID,                 ///< The client's token is unknown or expired (401).
    permission_denied = WAZO_AUTH_ERROR_PERMISSION_DENIED,         ///< The token lacks the access (401 or 403).
    tenant_unauthorized = WAZO_AUTH_ERROR_TENANT_UNAUTHORIZED,     ///< Neither the token's tenant nor below it (401).
    not_found = WAZO_AUTH_ERROR_NOT_FOUND,                         ///< There is no such thing, or no such route (404).
    conflict = WAZO_AUTH_ERROR_CONFLICT,                           ///< It exists, or its state forbids this (409).
    quota = WAZO_AUTH_ERROR_QUOTA,                                 ///< A limit: the server's (429), or a full queue.
    rejected = WAZO_AUTH_ERROR_REJECTED,                           ///< The server found the request wrong (other 4xx).
    server_error = WAZO_AUTH_ERROR_SERVER_ERROR,                   ///< The server failed (500).
    unavailable = WAZO_AUTH_ERROR_UNAVAILABLE,                     ///< It cannot serve now (502, 503, 504).
    connect = WAZO_AUTH_ERROR_CONNECT,                             ///< No connection.
    timeout = WAZO_AUTH_ERROR_TIMEOUT,                             ///< The call's time ended first.
    tls = WAZO_AUTH_ERROR_TLS,                                     ///< TLS failed, such as a certificate not trusted.
    protocol = WAZO_AUTH_ERROR_PROTOCOL,                           ///< The answer is not what it must be.
    too_large = WAZO_AUTH_ERROR_TOO_LARGE,                         ///< The answer is larger than max_response_bytes.
    cancelled = WAZO_AUTH_ERROR_CANCELLED,                         ///< The caller cancelled the call.
    closed = WAZO_AUTH_ERROR_CLOSED,                               ///< The call belonged to the parent of this process.
    internal = WAZO_AUTH_ERROR_INTERNAL,                           ///< A fault of the library, caught.
};

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
