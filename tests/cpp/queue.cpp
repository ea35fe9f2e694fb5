// Calls in flight: the queue in an event loop, and futures, against the simulator.

#include "check.hpp"

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#ifndef _WIN32
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

using namespace std::chrono_literals;

const Test loop("a queue's descriptor is readable when a completion waits; completions bring back what was given", [] {
    const auto me = logged_in();
    auth::Queue queue;
    CHECK(!queue.next());
    std::set<std::uint64_t> waiting;
    int marks[10] = {};
    for (int &mark : marks) waiting.insert(queue.submit(me, "users.list", {{"limit", 1}}, &mark));
    while (!waiting.empty()) {
#ifdef _WIN32 // where an event loop is told by the wake-up function
        CHECK(queue.descriptor() == -1);
        std::this_thread::yield();
#else
        pollfd descriptor = {queue.descriptor(), POLLIN, 0};
        if (!CHECK(poll(&descriptor, 1, 10'000) == 1)) break;
#endif
        while (const auto completion = queue.next()) {
            CHECK(waiting.erase(completion->id()) == 1);
            CHECK(!completion->error() && auth::json_get(completion->result(), "/items").has_value());
            ++*static_cast<int *>(completion->user_data());
        }
    }
    for (const int mark : marks) CHECK(mark == 1);
});

const Test responses("a completion has the status and headers of the response, also of a request without an operation", [] {
    const auto me = logged_in();
    auth::Queue queue;
    int mark = 0;
    queue.submit(me, "users.list", {{"limit", 1}});
    auto completion = queue.wait();
    CHECK(completion && auth::json_get(completion->response(), "/headers/content-type") == "application/json");
    CHECK(completion && auth::json_get(completion->response(), "/result") == completion->result());
    queue.submit_request(me, "GET", "/users", {{"search", "admin"}}, {}, &mark);
    completion = queue.wait();
    CHECK(completion && completion->user_data() == &mark);
    CHECK(completion && auth::json_get(completion->response(), "/status") == "200");
    CHECK(completion && auth::json_get(completion->response(), "/result/items/0/username") == "admin");
    queue.submit_request(me, "GET", "/users/00000000-0000-4000-8000-000000000000");
    completion = queue.wait();
    CHECK_THROWS((void)completion.value().response(), not_found, "GET /users/");
    CHECK_THROWS(queue.submit_request(me, "FETCH", "/users"), invalid_argument, "method");

    auth::Dispatcher dispatcher;
    auto users = dispatcher.request(me, "GET", "/users", {{"search", "admin"}});
    auto missing = dispatcher.request(me, "GET", "/users/00000000-0000-4000-8000-000000000000");
    const std::string response = users.get();
    CHECK(auth::json_get(response, "/status") == "200");
    CHECK(auth::json_get(response, "/result/items/0/username") == "admin");
    CHECK_THROWS(missing.get(), not_found, "GET /users/");
    CHECK_THROWS((void)dispatcher.request(me, "GET", "users"), invalid_argument, "path");
});

const Test failing("a failed completion throws its error, which outlives it", [] {
    const auto me = logged_in();
    auth::Queue queue;
    queue.submit(me, "users.get", {{"user_uuid", "00000000-0000-4000-8000-000000000000"}});
    std::optional<auth::Error> kept;
    {
        const auto completion = queue.wait();
        CHECK(completion && completion->error());
        CHECK_THROWS((void)completion->result(), not_found, "users.get");
        kept = completion->error();
    }
    CHECK(kept && kept->status() == 404 && kept->error_id() == "unknown-user");
    CHECK_THROWS(queue.submit(me, "users.fly"), invalid_argument, "users.fly");
});

const Test bounds("a full queue refuses, a call is cancelled by its number, and waiting has an end", [] {
    const auto me = logged_in();
    auth::Queue queue(1);
    const auto id = queue.submit(me, "backends.list"); // a minute
    CHECK_THROWS(queue.submit(me, "status.check"), quota, "");
    CHECK(!queue.next(50ms) && !queue.next(-1h));
    CHECK(queue.cancel(id));
    const auto completion = queue.wait();
    CHECK(completion && completion->id() == id && completion->error()->kind() == auth::ErrorKind::cancelled);
    CHECK(!queue.cancel(id));
});

const Test throwing("what a wake-up function throws is thrown by the next call that takes completions", [] {
    const auto me = logged_in();
    auth::Queue queue;
    queue.set_wake_up([] { throw std::runtime_error("on purpose"); });
    (void)queue.submit(me, "status.check");
    std::string thrown;
    std::optional<auth::Completion> completion;
    const auto end = std::chrono::steady_clock::now() + 10s;
    while ((thrown.empty() || !completion) && std::chrono::steady_clock::now() < end) {
        try {
            if (auto one = queue.next(10ms)) completion = std::move(one);
        } catch (const std::runtime_error &error) {
            thrown = error.what();
        }
    }
    CHECK(thrown == "on purpose");
    CHECK(completion.has_value());
});

const Test wake_up("a queue calls a function when a completion comes, until it is given another or ends", [] {
    const auto me = logged_in();
    std::promise<void> woken;
    auth::Queue queue;
    queue.set_wake_up([&woken] { woken.set_value(); });
    auth::Queue moved = std::move(queue);
    moved.submit(me, "status.check");
    CHECK(woken.get_future().wait_for(10s) == std::future_status::ready);
    CHECK(moved.next().has_value());
    moved.set_wake_up(nullptr);
    moved.submit(me, "status.check");
    CHECK(moved.wait().has_value());
});

const Test futures("futures bring results, answers and errors, many at once", [] {
    const auto client = simulator();
    const auto token = auth::json_get(client.token().new_(), "/token").value();
    const auto me = client.with("token", token);
    auth::Dispatcher dispatcher;
    std::vector<std::future<bool>> answers;
    for (int number = 0; number < 100; ++number) {
        const std::string asked = number % 2 ? token : "00000000-0000-4000-8000-000000000000";
        answers.push_back(dispatcher.ask(client, "token.check", {{"token", asked}}));
    }
    auto users = dispatcher.submit(me, "users.list", {{"search", "admin"}});
    auto missing = dispatcher.submit(me, "users.get", {{"user_uuid", "00000000-0000-4000-8000-000000000000"}});
    for (std::size_t number = 0; number < answers.size(); ++number) CHECK(answers[number].get() == (number % 2 == 1));
    CHECK(auth::json_get(users.get(), "/items/0/username") == "admin");
    CHECK_THROWS(missing.get(), not_found, "users.get");
    CHECK_THROWS((void)dispatcher.ask(me, "users.list"), invalid_argument, "question");
});

const Test refusing("a dispatcher refuses at once what is wrong, and too many calls", [] {
    const auto me = logged_in();
    auth::Dispatcher dispatcher(1);
    CHECK_THROWS((void)dispatcher.submit(me, "users.fly"), invalid_argument, "users.fly");
    CHECK_THROWS((void)dispatcher.submit(me, "users.list", "no JSON"), invalid_argument, "JSON");
    const auto waiting = dispatcher.submit(me, "backends.list");
    CHECK_THROWS((void)dispatcher.submit(me, "users.list"), quota, "");
});

const Test ending("a dispatcher's end ends what runs, its futures with `cancelled`, at once", [] {
    const auto me = logged_in();
    std::vector<std::future<std::string>> never;
    const auto start = std::chrono::steady_clock::now();
    {
        auth::Dispatcher dispatcher;
        for (int number = 0; number < 5; ++number) never.push_back(dispatcher.submit(me, "backends.list"));
        auth::Dispatcher other;
        other = std::move(dispatcher);
        CHECK_THROWS((void)dispatcher.submit(me, "users.list"), invalid_argument, "moved from"); // NOLINT: on purpose
    }
    for (auto &future : never) CHECK_THROWS(future.get(), cancelled, "backends.list");
    CHECK(std::chrono::steady_clock::now() - start < 20s);
    const auth::Dispatcher idle; // ends with nothing to do
});

const Test submitters("many threads submit to one dispatcher, and each gets its own answers", [] {
    const auto me = logged_in();
    auth::Dispatcher dispatcher;
    std::atomic<int> right = 0;
    std::vector<std::thread> running;
    for (int number = 0; number < 4; ++number) {
        running.emplace_back([&, number] {
            const std::string uuid = "00000000-0000-4000-8000-00000000000" + std::to_string(number);
            for (int call = 0; call < 20; ++call) {
                try {
                    dispatcher.submit(me, "users.get", {{"user_uuid", uuid}}).get();
                } catch (const auth::Error &error) {
                    if (std::string_view(error.what()).find(uuid) != std::string_view::npos) ++right;
                }
            }
        });
    }
    for (auto &thread : running) thread.join();
    CHECK(right == 80);
});

#ifndef _WIN32 // which has no fork
const Test forked("after fork a client works in the child; the parent's dispatcher refuses there, goes on here", [] {
    const auto me = logged_in();
    auto dispatcher = std::make_unique<auth::Dispatcher>();
    CHECK(dispatcher->submit(me, "status.check").get() == "null");
    const pid_t child = fork();
    if (child == 0) {
        int verdict = 1;
        try {
            (void)dispatcher->submit(me, "status.check");
        } catch (const auth::Error &error) {
            dispatcher.reset();
            auth::Dispatcher own;
            const bool works = !me.users().list().empty() && own.submit(me, "status.check").get() == "null";
            verdict = works && error.kind() == auth::ErrorKind::closed ? 0 : 2;
        }
        // What belongs to the parent was left where it lies, on purpose: a program in this one's place keeps valgrind
        // from counting it.
        if (verdict == 0) execl("/bin/true", "true", nullptr);
        _exit(verdict);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(dispatcher->submit(me, "status.check").get() == "null");
});
#endif

} // namespace
