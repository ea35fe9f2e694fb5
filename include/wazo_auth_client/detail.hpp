// What the other headers use among themselves: ownership, and failures turned into exceptions. Nothing in it is for
// programs.

#ifndef WAZO_AUTH_CLIENT_DETAIL_HPP
#define WAZO_AUTH_CLIENT_DETAIL_HPP

#include "error.hpp"

#include <new>
#include <type_traits>

namespace wazo::auth {

/// For these headers alone.
namespace detail {

/// Ends a C handle or text with its own function.
template <auto release>
struct Release {
    template <typename T>
    void operator()(T *pointer) const noexcept {
        release(pointer);
    }
};

/// The only owner of a C handle.
template <typename T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

/// A handle that is there: none is, where an object was moved from.
template <typename T>
T *present(T *handle, const char *name) {
    if (!handle) throw Error(ErrorKind::invalid_argument, "argument " + std::string(name) + ": it was moved from");
    return handle;
}

/// What a C function came to: gives it a place for its error, and throws what it finds there.
class Outcome {
public:
    Outcome() = default;
    Outcome(const Outcome &) = delete;
    Outcome &operator=(const Outcome &) = delete;
    ~Outcome() { wazo_auth_error_free(error_); }

    /// The last argument of a C function.
    [[nodiscard]] wazo_auth_error **error() noexcept { return &error_; }

    /// The text of a function that returns one, which is freed.
    [[nodiscard]] std::string text(char *text) {
        const Owned<char, wazo_auth_string_free> owned(text);
        if (!owned) fail();
        return owned.get();
    }

    /// The same where NULL without an error means that there is none.
    [[nodiscard]] std::optional<std::string> optional_text(char *text) {
        const Owned<char, wazo_auth_string_free> owned(text);
        if (error_) fail();
        return owned ? std::optional<std::string>(owned.get()) : std::nullopt;
    }

    /// The answer of a function that answers a question; false with an error is no answer.
    [[nodiscard]] bool answer(bool yes) {
        if (error_) fail();
        return yes;
    }

    /// The end of a function that returns whether it is done.
    void done(bool done) {
        if (!done) fail();
    }

    /// The handle of a function that makes one.
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

/// A share in a client's handle: whoever has one keeps it alive, so that nothing that was taken from a client dangles.
using Handle = std::shared_ptr<const wazo_auth_client>;

inline Handle share(wazo_auth_client *client) {
    return Handle(client, [](const wazo_auth_client *last) {
        wazo_auth_client_free(const_cast<wazo_auth_client *>(last));
    });
}

/// What the operations of one resource have in common.
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

/// The text of an option that is a whole number or a truth value.
template <typename T>
std::string option_text(T value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value ? "true" : "false";
    } else {
        return std::to_string(value);
    }
}

} // namespace detail

} // namespace wazo::auth

#endif
