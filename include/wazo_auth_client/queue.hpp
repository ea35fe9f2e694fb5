// Calls in flight and their completions, for hosts with an event loop. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_QUEUE_HPP
#define WAZO_AUTH_CLIENT_QUEUE_HPP

#include "client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>

namespace wazo::auth {

/// What a call came to that was submitted to a Queue.
class Completion {
public:
    /// The call, by the number that Queue::submit() returned.
    [[nodiscard]] std::uint64_t id() const noexcept { return wazo_auth_completion_id(completion_.get()); }

    /// What was given to Queue::submit() along with the call.
    [[nodiscard]] void *user_data() const noexcept { return wazo_auth_completion_user_data(completion_.get()); }

    /// Why the call failed; none where it succeeded.
    [[nodiscard]] std::optional<Error> error() const {
        const wazo_auth_error *error = wazo_auth_completion_error(completion_.get());
        if (!error) return std::nullopt;
        // The error is the completion's; a share in it is a share in the completion.
        return Error(std::shared_ptr<const wazo_auth_error>(completion_, error));
    }

    /// The result as JSON, as Client::call() returns it. Throws where the call failed.
    [[nodiscard]] std::string result() const {
        if (const auto failed = error()) throw *failed;
        const char *result = wazo_auth_completion_result(completion_.get());
        if (!result) throw Error(ErrorKind::invalid_argument, "this completion was moved from");
        return result;
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

/// Calls in flight and their completions, for hosts that have an event loop of their own.
///
/// Any thread may submit to it and take from it. Its end, in any thread, ends the calls that run; their completions are
/// not seen any more. The first queue of a process starts the library's only thread, which ends with the last.
class Queue {
public:
    /// @param limit how many calls it holds, from submit() until the completion is taken; 0 for 1024
    explicit Queue(std::uint32_t limit = 0) {
        detail::Outcome outcome;
        queue_.reset(outcome.handle(wazo_auth_queue_new(limit, outcome.error())));
    }

    /// Submits a call; never waits. The call's time (timeout_ms) begins now, and the client may end before it.
    ///
    /// @param operation a name such as "token.check"
    /// @param arguments as for Client::call()
    /// @param user_data comes back with the completion
    /// @return the call's number. Throws ErrorKind::quota where the queue is full.
    std::uint64_t submit(const Client &client, Text operation, OptionalText arguments = {}, void *user_data = nullptr) {
        return put(client, operation, arguments, user_data);
    }

    /// Takes the completion that has waited longest; none where none comes within the time, which is 0 if left out.
    [[nodiscard]] std::optional<Completion> next(std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) {
        constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
        const std::int64_t milliseconds = std::clamp<std::int64_t>(timeout.count(), 0, longest);
        return taken(static_cast<std::int32_t>(milliseconds));
    }

    /// Waits for a completion, for ever; none of a queue that was moved from.
    [[nodiscard]] std::optional<Completion> wait() { return taken(-1); }

    /// The descriptor to wait on, with poll, epoll, libevent, libuv or QSocketNotifier: readable while completions
    /// wait. Never read from it or close it: take completions by next() until there is none. In a child after fork it
    /// is another. -1 on Windows; see set_wake_up().
    [[nodiscard]] int descriptor() const noexcept { return wazo_auth_queue_descriptor(queue_.get()); }

    /// Ends a call that has been submitted; its completion comes, with ErrorKind::cancelled unless it was just ending.
    /// @return true where the call was still running
    bool cancel(std::uint64_t id) noexcept { return wazo_auth_queue_cancel(queue_.get(), id); }

    /// Sets what is called when a completion comes to an empty queue, for event loops that no descriptor fits.
    ///
    /// It is called on the library's thread: it must be short and must not throw (which ends the process). When this
    /// function returns, the one set before is not running any more.
    void set_wake_up(std::function<void()> wake_up) {
        detail::Outcome outcome;
        auto next = wake_up ? std::make_unique<std::function<void()>>(std::move(wake_up)) : nullptr;
        const auto call = [](void *data) noexcept { (*static_cast<std::function<void()> *>(data))(); };
        outcome.done(wazo_auth_queue_set_wake_up(present(), next ? +call : nullptr, next.get(), outcome.error()));
        wake_up_ = std::move(next);
    }

    /// The C handle, which stays this object's; NULL where it was moved from.
    [[nodiscard]] const wazo_auth_queue *get() const noexcept { return queue_.get(); }

    Queue(Queue &&) noexcept = default;
    Queue &operator=(Queue &&other) noexcept {
        // The old queue ends before what it calls.
        queue_ = std::move(other.queue_);
        wake_up_ = std::move(other.wake_up_);
        return *this;
    }
    Queue(const Queue &) = delete;
    Queue &operator=(const Queue &) = delete;

private:
    friend class Dispatcher;

    std::uint64_t put(const Client &client, const Text &operation, const OptionalText &arguments, void *user_data) {
        detail::Outcome outcome;
        const auto *by = detail::present(client.get(), "client");
        const std::uint64_t id = wazo_auth_queue_submit(present(), by, operation.c_str("operation"),
                                                  arguments.c_str("arguments_json"), user_data, outcome.error());
        outcome.done(id != 0);
        return id;
    }

    [[nodiscard]] wazo_auth_queue *present() const { return detail::present(queue_.get(), "queue"); }

    [[nodiscard]] std::optional<Completion> taken(std::int32_t timeout_ms) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue_.get(), timeout_ms);
        if (!completion) return std::nullopt;
        return Completion(completion);
    }

    // Members end in the reverse order: the queue, then what it calls.
    std::unique_ptr<std::function<void()>> wake_up_;
    detail::Owned<wazo_auth_queue, wazo_auth_queue_free> queue_;
};

} // namespace wazo::auth

#endif
