// Asynchronous calls as std::future: a queue, and a thread that takes its completions. Included by
// wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_DISPATCHER_HPP
#define WAZO_AUTH_CLIENT_DISPATCHER_HPP

#include "decision.hpp"
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

/// Makes asynchronous calls and returns a std::future for each. It has one thread, for any number of calls.
///
///     wazo::auth::Dispatcher dispatcher;
///     auto user = dispatcher.submit(client, "users.get", {{"user_uuid", uuid}});
///     auto allowed = dispatcher.submit_token_check(client, token, "confd.users.read");
///     if (allowed.get()) show(user.get());
///
/// A future returns the result, or throws the Error of the call. Thread-safe. The destructor cancels the calls that are
/// running (their futures throw ErrorKind::cancelled) and joins the thread.
///
/// A dispatcher cannot be used in a child process after fork: create another one there. In the child, the parent's
/// dispatcher refuses calls (ErrorKind::closed), its destructor does nothing, and its futures never become ready.
class Dispatcher {
public:
    /// @param limit the maximum number of calls in flight; 0 for 1024
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

    /// Submits a call, without waiting for it. Throws ErrorKind::invalid_argument, and ErrorKind::quota if too many
    /// calls are in flight; the future throws all other errors.
    ///
    /// @param operation a name such as "users.get"
    /// @param arguments as for Client::call()
    /// @return the future of the result, as Client::call() returns it
    [[nodiscard]] std::future<std::string> submit(const Client &client, Text operation, OptionalText arguments = {}) {
        return state().submit<std::string>(
            [&](Queue &queue) { return queue.put(client, operation, arguments, nullptr); });
    }

    /// Asks a question by its name, such as "token.check". Throws ErrorKind::invalid_argument, and sends nothing, if
    /// the operation is not a question.
    ///
    /// @return the future of the answer: true only if the server answered yes; it throws if the answer is not known
    [[nodiscard]] std::future<bool> ask(const Client &client, Text question, OptionalText arguments = {}) {
        detail::require_question(question.c_str("operation"));
        return state().submit<bool>([&](Queue &queue) { return queue.put(client, question, arguments, nullptr); });
    }

    /// Asks the question "token.check"; see Queue::submit_token_check().
    ///
    /// @return the future of the answer: true only if the server answered yes; it throws if the answer is not known
    [[nodiscard]] std::future<bool> submit_token_check(const Client &client, Text token, OptionalText required_acl = {},
                                                       OptionalText tenant_uuid = {}) {
        return state().submit<bool>([&](Queue &queue) {
            return queue.put_token_check(client, token, required_acl, tenant_uuid, nullptr);
        });
    }

    /// Submits a request for which there is no operation; see Client::request().
    ///
    /// @return the future of a JSON object with the response's status and headers, and the result
    [[nodiscard]] std::future<std::string> request(const Client &client, Text method, Text path,
                                                   OptionalText query = {}, OptionalText body = {}) {
        return state().submit<std::string, Response>(
            [&](Queue &queue) { return queue.put_request(client, method, path, query, body, nullptr); });
    }

private:
    friend class Verifier;

    /// The promise of a whole response.
    struct Response : std::promise<std::string> {};

    using Promise = std::variant<std::promise<std::string>, Response, std::promise<bool>, std::promise<Decision>>;

    /// What the thread uses; its address stays the same when the dispatcher is moved.
    struct State {
        explicit State(std::uint32_t limit) : queue(limit) {}

        template <typename Result, typename Promised = std::promise<Result>, typename Put>
        std::future<Result> submit(const Put &put) {
            Promised promise;
            auto future = promise.get_future();
            // Under the lock, so that the thread cannot take the completion before the promise is stored.
            const std::lock_guard lock(mutex);
            calls.emplace(put(queue), std::move(promise));
            changed.notify_one();
            return future;
        }

        void run() {
            for (;;) {
                {
                    std::unique_lock lock(mutex);
                    changed.wait(lock, [this] { return ending || !calls.empty(); });
                    if (calls.empty()) return;
                }
                // There are calls in flight, and each ends with a completion: this wait ends.
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

        /// Ends calls whose completions are lost. Only a defect of the library can cause that.
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

    static void fulfil(Response &promise, const Completion &completion) noexcept {
        try {
            promise.set_value(completion.response());
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    }

    static void fulfil(std::promise<bool> &promise, const Completion &completion) noexcept {
        try {
            if (const auto failed = completion.error()) throw *failed;
            promise.set_value(completion.is_yes());
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
    }

    static void fulfil(std::promise<Decision> &promise, const Completion &completion) noexcept {
        try {
            promise.set_value(Decision(completion.result()));
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
            throw Error(ErrorKind::closed, "this dispatcher belongs to the parent process; create one in this process");
        }
        return *state_;
    }

    void end() noexcept {
        if (!state_) return;
        if (state_->process == this_process()) {
            state_->stop();
            state_.reset();
        } else {
            // In a child process, the thread does not exist, and the mutex may be locked for ever: leak the state.
            static_cast<void>(state_.release());
        }
    }

    std::unique_ptr<State> state_;
};

} // namespace wazo::auth

#endif
