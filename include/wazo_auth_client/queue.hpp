// Asynchronous calls for programs with an event loop. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_QUEUE_HPP
#define WAZO_AUTH_CLIENT_QUEUE_HPP

#include "client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>

namespace wazo::auth {

/// The end of a call that was submitted to a Queue: its result or its error.
class Completion {
public:
    /// The number of the call, which Queue::submit() returned.
    [[nodiscard]] std::uint64_t id() const noexcept { return wazo_auth_completion_id(completion_.get()); }

    /// The pointer that was passed to Queue::submit().
    [[nodiscard]] void *user_data() const noexcept { return wazo_auth_completion_user_data(completion_.get()); }

    /// Whether the call was a question, such as "token.check", and the server answered yes. False for no, for a call
    /// that failed, and for an operation that is not a question.
    [[nodiscard]] bool is_yes() const noexcept { return wazo_auth_completion_is_yes(completion_.get()); }

    /// The error of the call; std::nullopt if the call succeeded.
    [[nodiscard]] std::optional<Error> error() const {
        const wazo_auth_error *error = wazo_auth_completion_error(completion_.get());
        if (!error) return std::nullopt;
        // The completion owns the error, so the error shares the ownership of the completion.
        return Error(std::shared_ptr<const wazo_auth_error>(completion_, error));
    }

    /// The result as JSON, as Client::call() returns it. Throws the error if the call failed. For a question, use
    /// is_yes().
    [[nodiscard]] std::string result() const {
        if (const auto failed = error()) throw *failed;
        const char *result = wazo_auth_completion_result(completion_.get());
        if (!result) throw Error(ErrorKind::invalid_argument, "this completion was moved from");
        return result;
    }

    /// A JSON object with the status and headers of the response, and the result, as Client::call_response() returns
    /// it. Throws the error if the call failed.
    [[nodiscard]] std::string response() const {
        if (const auto failed = error()) throw *failed;
        const char *response = wazo_auth_completion_response(completion_.get());
        if (!response) throw Error(ErrorKind::invalid_argument, "this completion was moved from");
        return response;
    }

    Completion(Completion &&) noexcept = default;
    Completion &operator=(Completion &&) noexcept = default;
    Completion(const Completion &) = delete;
    Completion &operator=(const Completion &) = delete;

private:
    friend class Queue;

    explicit Completion(wazo_auth_completion *completion) : completion_(completion, release) {}

    static void release(const wazo_auth_completion *last) noexcept {
        wazo_auth_completion_free(const_cast<wazo_auth_completion *>(last));
    }

    std::shared_ptr<const wazo_auth_completion> completion_;
};

/// A queue of asynchronous calls and their completions, for programs with an event loop.
///
/// Thread-safe. The destructor cancels the calls that are running and discards their completions. The first queue of a
/// process starts the library's only thread, which ends with the last queue.
class Queue {
public:
    /// @param limit the maximum number of calls, from submit() until their completion is taken; 0 for 1024
    explicit Queue(std::uint32_t limit = 0) {
        detail::Outcome outcome;
        queue_.reset(outcome.handle(wazo_auth_queue_new(limit, outcome.error())));
    }

    /// Submits a call, without waiting for it. Its deadline (timeout_ms) counts from now. The client may be destroyed
    /// before the call ends.
    ///
    /// @param operation a name such as "token.check"
    /// @param arguments as for Client::call()
    /// @param user_data a pointer that the completion returns
    /// @return the number of the call. Throws ErrorKind::invalid_argument, and ErrorKind::quota if the queue is full.
    std::uint64_t submit(const Client &client, Text operation, OptionalText arguments = {}, void *user_data = nullptr) {
        return put(client, operation, arguments, user_data);
    }

    /// Submits the question "token.check": whether a token is valid, has an access, and may be used in a tenant.
    ///
    /// The token may come from an untrusted peer, so an invalid token is not an error: if no server can know it, the
    /// answer is no, and no request is sent. Completion::is_yes() returns the answer.
    ///
    /// @param required_acl the access, such as "confd.users.read"; must not be empty; omit it to check no access
    /// @param tenant_uuid the tenant; must not be empty; omit it to check no tenant
    /// @param user_data a pointer that the completion returns
    /// @return the number of the call. Throws as submit() does.
    std::uint64_t submit_token_check(const Client &client, Text token, OptionalText required_acl = {},
                                     OptionalText tenant_uuid = {}, void *user_data = nullptr) {
        return put_token_check(client, token, required_acl, tenant_uuid, user_data);
    }

    /// Submits a request for which there is no operation, as Client::request() sends it. Completion::response() returns
    /// what Client::request() does.
    ///
    /// @param method "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE"
    /// @param path the percent-encoded path after the API version, such as "/users/UUID/groups"
    /// @param query a JSON object of query keys
    /// @param body a JSON document
    /// @param user_data a pointer that the completion returns
    /// @return the number of the call. Throws as submit() does.
    std::uint64_t submit_request(const Client &client, Text method, Text path, OptionalText query = {},
                                 OptionalText body = {}, void *user_data = nullptr) {
        return put_request(client, method, path, query, body, user_data);
    }

    /// Takes the completion that has waited longest; std::nullopt if none arrives before the timeout. By default, it
    /// does not wait.
    [[nodiscard]] std::optional<Completion> next(std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) {
        constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
        const std::int64_t milliseconds = std::clamp<std::int64_t>(timeout.count(), 0, longest);
        return taken(static_cast<std::int32_t>(milliseconds));
    }

    /// Takes a completion, and waits for it without a timeout. Returns std::nullopt for a moved-from queue.
    [[nodiscard]] std::optional<Completion> wait() { return taken(-1); }

    /// The file descriptor to wait on, with poll, epoll, libevent, libuv or QSocketNotifier: readable while there are
    /// completions. Do not read from it or close it; call next() until it returns std::nullopt. In a child process
    /// after fork, and after the program has closed it by mistake, call descriptor() again. -1 on Windows; see set_wake_up().
    [[nodiscard]] int descriptor() const noexcept { return wazo_auth_queue_descriptor(queue_.get()); }

    /// Cancels a call. Its completion still arrives, with ErrorKind::cancelled unless the call was just ending.
    /// @return true if the call was still running
    bool cancel(std::uint64_t id) noexcept { return wazo_auth_queue_cancel(queue_.get(), id); }

    /// Sets a wake-up function, for event loops that cannot wait on a file descriptor. The library calls it when a
    /// completion arrives in an empty queue.
    ///
    /// The wake-up function runs on the library's thread, and must be short. An exception that it throws is thrown by the
    /// next next() or wait(), which then takes no completion. pthread_exit() in it ends the process. When set_wake_up()
    /// returns, the previous wake-up function is no longer running.
    void set_wake_up(std::function<void()> wake_up) {
        detail::Outcome outcome;
        auto next = wake_up ? std::make_unique<WakeUp>(std::move(wake_up)) : nullptr;
        const auto call = [](void *data) noexcept { static_cast<WakeUp *>(data)->run(); };
        outcome.done(wazo_auth_queue_set_wake_up(present(), next ? +call : nullptr, next.get(), outcome.error()));
        wake_up_ = std::move(next);
    }

    /// The C handle; NULL in a moved-from queue. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_queue *get() const noexcept { return queue_.get(); }

    Queue(Queue &&) noexcept = default;
    Queue &operator=(Queue &&other) noexcept {
        // The old queue first: it may still call the old function.
        queue_ = std::move(other.queue_);
        wake_up_ = std::move(other.wake_up_);
        return *this;
    }
    Queue(const Queue &) = delete;
    Queue &operator=(const Queue &) = delete;

private:
    using WakeUp = detail::Catching<std::function<void()>>;

    friend class Dispatcher;
    friend class Verifier;

    std::uint64_t put(const Client &client, const Text &operation, const OptionalText &arguments, void *user_data) {
        detail::Outcome outcome;
        const auto *by = detail::present(client.get(), "client");
        const std::uint64_t id = wazo_auth_queue_submit(
            present(), by, operation.c_str("operation"), arguments.c_str("arguments_json"), user_data, outcome.error());
        outcome.done(id != 0);
        return id;
    }

    std::uint64_t put_token_check(const Client &client, const Text &token, const OptionalText &required_acl,
                                  const OptionalText &tenant_uuid, void *user_data) {
        detail::Outcome outcome;
        const auto *by = detail::present(client.get(), "client");
        // A C string cannot contain a NUL byte. The answer for such a token is no, as for an empty token.
        const char *asked = token.has_nul() ? "" : token.c_str("token");
        const std::uint64_t id = wazo_auth_queue_submit_token_check(
            present(), by, asked, required_acl.c_str("required_acl"), tenant_uuid.c_str("tenant_uuid"),
            user_data, outcome.error());
        outcome.done(id != 0);
        return id;
    }

    std::uint64_t put_request(const Client &client, const Text &method, const Text &path, const OptionalText &query,
                              const OptionalText &body, void *user_data) {
        detail::Outcome outcome;
        const auto *by = detail::present(client.get(), "client");
        const std::uint64_t id = wazo_auth_queue_submit_request(
            present(), by, method.c_str("method"), path.c_str("path"), query.c_str("query"), body.c_str("body"),
            user_data, outcome.error());
        outcome.done(id != 0);
        return id;
    }

    [[nodiscard]] wazo_auth_queue *present() const { return detail::present(queue_.get(), "queue"); }

    [[nodiscard]] std::optional<Completion> taken(std::int32_t timeout_ms) {
        if (wake_up_) wake_up_->rethrow();
        wazo_auth_completion *completion = wazo_auth_queue_next(queue_.get(), timeout_ms);
        if (!completion) return std::nullopt;
        return Completion(completion);
    }

    // Destroyed in reverse order: the queue, then the function that it calls.
    std::unique_ptr<WakeUp> wake_up_;
    detail::Owned<wazo_auth_queue, wazo_auth_queue_free> queue_;
};

} // namespace wazo::auth

#endif
