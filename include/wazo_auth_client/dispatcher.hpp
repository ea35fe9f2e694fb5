// Calls as std::future: a queue, and a thread that takes from it. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_DISPATCHER_HPP
#define WAZO_AUTH_CLIENT_DISPATCHER_HPP

#include "queue.hpp"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace wazo::auth {

/// Makes calls whose results are std::future: many at once, for one thread of its own.
///
///     wazo::auth::Dispatcher dispatcher;
///     auto user = dispatcher.submit(client, "users.get", {{"user_uuid", uuid}});
///     auto allowed = dispatcher.ask(client, "token.check", {{"token", token}, {"required_acl", "confd.users.read"}});
///     if (allowed.get()) show(user.get());
///
/// A future gives the result, or throws the call's Error. Any thread may submit. The dispatcher's end ends the calls
/// that run (their futures throw ErrorKind::cancelled) and its thread, before it returns.
///
/// It belongs to the process that made it. A child after fork makes its own; there, the parent's one refuses calls
/// (ErrorKind::closed), its end does nothing, and its futures are never fulfilled.
class Dispatcher {
public:
    /// @param limit how many calls may be in flight at once; 0 for 1024
    explicit Dispatcher(std::uint32_t limit = 0) : state_(std::make_unique<State>(limit)) {
        state_->thread = std::thread([state = state_.get()] { state->run(); });
    }

    Dispatcher(Dispatcher &&) noexcept = default;
    Dispatcher &operator=(Dispatcher &&other) noexcept {
        if (this != &other) {
            end();
            state_ = std::move(other.state_);
        }
        return *this;
    }
    Dispatcher(const Dispatcher &) = delete;
    Dispatcher &operator=(const Dispatcher &) = delete;
    ~Dispatcher() { end(); }

    /// Submits a call; never waits. Throws what is wrong with the arguments, and ErrorKind::quota where too many calls
    /// are in flight; all else is the future's.
    ///
    /// @param operation a name such as "users.get"
    /// @param arguments as for Client::call()
    /// @return the result to be, as Client::call() returns it
    [[nodiscard]] std::future<std::string> submit(const Client &client, Text operation, OptionalText arguments = {}) {
        std::promise<std::string> promise;
        auto future = promise.get_future();
        state().submit(client, operation, arguments, std::move(promise));
        return future;
    }

    /// Asks a question, such as "token.check".
    ///
    /// @return the answer to be: true only for the server's yes; it throws where it could not be found out
    [[nodiscard]] std::future<bool> ask(const Client &client, Text question, OptionalText arguments = {}) {
        std::promise<bool> promise;
        auto future = promise.get_future();
        state().submit(client, question, arguments, std::move(promise));
        return future;
    }

private:
    using Promise = std::variant<std::promise<std::string>, std::promise<bool>>;

    /// What the thread works on; it stays where it is when the dispatcher moves.
    struct State {
        explicit State(std::uint32_t limit) : queue(limit) {}

        void submit(const Client &client, const Text &operation, const OptionalText &arguments, Promise promise) {
            // Under the lock, so that the thread cannot take the completion before the promise lies ready.
            const std::lock_guard lock(mutex);
            calls.emplace(queue.put(client, operation, arguments, nullptr), std::move(promise));
            changed.notify_one();
        }

        void run() {
            for (;;) {
                {
                    std::unique_lock lock(mutex);
                    changed.wait(lock, [this] { return ending || !calls.empty(); });
                    if (calls.empty()) return;
                }
                // There are calls in flight, and each has its completion: this wait has an end.
                if (const auto completion = queue.wait()) {
                    settle(*completion);
                } else {
                    give_up();
                }
            }
        }

        void settle(const Completion &completion) {
            decltype(calls)::node_type call;
            {
                const std::lock_guard lock(mutex);
                call = calls.extract(completion.id());
            }
            if (call) std::visit([&completion](auto &promise) { fulfil(promise, completion); }, call.mapped());
        }

        /// Ends what the queue will not end any more: only a fault of the library comes here.
        void give_up() {
            const std::lock_guard lock(mutex);
            const auto fault = std::make_exception_ptr(Error(ErrorKind::internal, "the queue lost its calls"));
            for (auto &call : calls) {
                std::visit([&fault](auto &promise) { promise.set_exception(fault); }, call.second);
            }
            calls.clear();
        }

        void stop() {
            {
                const std::lock_guard lock(mutex);
                ending = true;
                for (const auto &call : calls) queue.cancel(call.first);
                changed.notify_one();
            }
            thread.join();
        }

        Queue queue;
        std::mutex mutex;
        std::condition_variable changed;
        std::unordered_map<std::uint64_t, Promise> calls;
        bool ending = false;
        std::thread thread;
        long process = this_process();
    };

    static void fulfil(std::promise<std::string> &promise, const Completion &completion) noexcept {
        try {
            promise.set_value(completion.result());
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    }

    static void fulfil(std::promise<bool> &promise, const Completion &completion) noexcept {
        try {
            const std::string answer = completion.result();
            if (answer != "true" && answer != "false") {
                throw Error(ErrorKind::invalid_argument, "this operation answers no question: use submit(), not ask()");
            }
            promise.set_value(answer == "true");
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    }

    static long this_process() noexcept {
#if defined(__unix__) || defined(__APPLE__)
        return static_cast<long>(getpid());
#else
        return 0; // no fork
#endif
    }

    State &state() const {
        if (!state_) throw Error(ErrorKind::invalid_argument, "this dispatcher was moved from");
        if (state_->process != this_process()) {
            throw Error(ErrorKind::closed, "this dispatcher belongs to the parent of this process; make one here");
        }
        return *state_;
    }

    void end() noexcept {
        if (!state_) return;
        if (state_->process == this_process()) {
            state_->stop();
            state_.reset();
        } else {
            // Its thread is not here, and its lock may be closed for ever: nothing of it can be touched.
            static_cast<void>(state_.release());
        }
    }

    std::unique_ptr<State> state_;
};

} // namespace wazo::auth

#endif
