// Internal to the other headers: the ownership of C handles, and exceptions for C errors.

#ifndef WAZO_AUTH_CLIENT_DETAIL_HPP
#define WAZO_AUTH_CLIENT_DETAIL_HPP

#include "error.hpp"

#include <exception>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

namespace wazo::auth {

/// Internal to these headers.
namespace detail {

/// Frees a C handle or string with the function for its type.
template <auto release>
struct Release {
    template <typename T>
    void operator()(T *pointer) const noexcept {
        release(pointer);
    }
};

/// The unique owner of a C handle.
template <typename T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

/// Returns the handle. Throws if it is NULL, as in an object that was moved from.
template <typename T>
T *present(T *handle, const char *name) {
    if (!handle) throw Error(ErrorKind::invalid_argument, "argument " + std::string(name) + ": it was moved from");
    return handle;
}

/// The outcome of a call of a C function: holds its error, and throws it as an exception.
class Outcome {
public:
    Outcome() = default;
    Outcome(const Outcome &) = delete;
    Outcome &operator=(const Outcome &) = delete;
    ~Outcome() { wazo_auth_error_free(error_); }

    /// The last argument of the C function.
    [[nodiscard]] wazo_auth_error **error() noexcept { return &error_; }

    /// The result of a function that returns a string. Frees the C string.
    [[nodiscard]] std::string text(char *text) {
        const Owned<char, wazo_auth_string_free> owned(text);
        if (!owned) fail();
        return owned.get();
    }

    /// The same for a function that can return NULL without an error.
    [[nodiscard]] std::optional<std::string> optional_text(char *text) {
        const Owned<char, wazo_auth_string_free> owned(text);
        if (error_) fail();
        return owned ? std::optional<std::string>(owned.get()) : std::nullopt;
    }

    /// The result of a function that answers a question. False with an error is not an answer.
    [[nodiscard]] bool answer(bool yes) {
        if (error_) fail();
        return yes;
    }

    /// The result of a function that returns whether it succeeded.
    void done(bool done) {
        if (!done) fail();
    }

    /// The result of a function that creates a handle.
    template <typename T>
    [[nodiscard]] T *handle(T *made) {
        if (!made) fail();
        return made;
    }

private:
    [[noreturn]] void fail() {
        if (!error_) throw std::bad_alloc();
        const auto release = [](const wazo_auth_error *last) {
            wazo_auth_error_free(const_cast<wazo_auth_error *>(last));
        };
        throw Error(std::shared_ptr<const wazo_auth_error>(std::exchange(error_, nullptr), release));
    }

    wazo_auth_error *error_ = nullptr;
};

/// Shared ownership of a client's handle: resources such as client.users() keep it alive.
using Handle = std::shared_ptr<const wazo_auth_client>;

inline Handle share(wazo_auth_client *client) {
    return Handle(client, [](const wazo_auth_client *last) {
        wazo_auth_client_free(const_cast<wazo_auth_client *>(last));
    });
}

/// The base class of the operations of one resource.
class Resource {
protected:
    explicit Resource(Handle client) noexcept : client_(std::move(client)) {}
    ~Resource() = default;
    Resource(const Resource &) = default;
    Resource(Resource &&) noexcept = default;
    Resource &operator=(const Resource &) = default;
    Resource &operator=(Resource &&) noexcept = default;

    [[nodiscard]] const wazo_auth_client *client() const { return present(client_.get(), "client"); }

private:
    Handle client_;
};

/// An integer or a Boolean as a string.
template <typename T>
std::string option_text(T value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value ? "true" : "false";
    } else {
        return std::to_string(value);
    }
}

/// Throws if the operation is not a question, before it is carried out. Does not throw for an unknown operation: the
/// library then refuses the call.
///
/// Searches the string that wazo_auth_operations() returns. It is JSON without spaces; only operations have a name with
/// a dot, and the "name" of an object precedes its "result".
inline void require_question(const std::string &operation) {
    constexpr std::string_view result = "\"result\":", question = "\"question\"";
    const std::string_view table = wazo_auth_operations();
    const auto name = table.find("\"name\":\"" + operation + '"');
    const auto at = name == table.npos ? name : table.find(result, name);
    if (at == table.npos || table.compare(at + result.size(), question.size(), question) == 0) return;
    throw Error(ErrorKind::invalid_argument,
                "argument operation: " + operation + " asks no question; use call() or submit() instead of ask()");
}

/// A function of the caller's that C calls. No exception passes through C: what it throws is kept until it is asked for.
template <typename F>
class Catching {
public:
    explicit Catching(F function) : function_(std::move(function)) {}

    /// Calls it; `otherwise` is the result where it throws.
    template <typename R, typename... Arguments>
    R call(R otherwise, Arguments &&...arguments) noexcept {
        try {
            return function_(std::forward<Arguments>(arguments)...);
        } catch (...) {
            keep(std::current_exception());
            return otherwise;
        }
    }

    /// The same, for one without a result.
    template <typename... Arguments>
    void run(Arguments &&...arguments) noexcept {
        try {
            function_(std::forward<Arguments>(arguments)...);
        } catch (...) {
            keep(std::current_exception());
        }
    }

    /// Throws what it threw first since the last time, if it threw.
    void rethrow() {
        std::exception_ptr thrown;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            thrown = std::exchange(thrown_, nullptr);
        }
        if (thrown) std::rethrow_exception(thrown);
    }

private:
    void keep(std::exception_ptr thrown) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!thrown_) thrown_ = std::move(thrown);
    }

    F function_;
    std::mutex mutex_;
    std::exception_ptr thrown_;
};

} // namespace detail

} // namespace wazo::auth

#endif
