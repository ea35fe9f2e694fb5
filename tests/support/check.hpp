// The harness of the C++ tests: a test is a promise and what shows it.
//
//     const Test refused("one and one is two", [] { CHECK(1 + 1 == 2); });
//
// Tests of all files that are linked together run in main(), file by file. A line for each, `ok - <promise>` or
// `not ok - <promise>`, and `N passed, M failed` as the last one.

#ifndef CHECK_HPP
#define CHECK_HPP

#include <wazo_auth_client.hpp>

#include "report.h"

namespace auth = wazo::auth;

/// Checks that a statement throws an auth::Error of this kind; what it says must have the fragment.
#define CHECK_THROWS(statement, kind, fragment)                                                                        \
    do {                                                                                                               \
        try {                                                                                                          \
            statement;                                                                                                 \
            report_check(false, "nothing is thrown by " #statement, __FILE__, __LINE__);                               \
        } catch (const auth::Error &error) {                                                                           \
            Test::check_error(error, auth::ErrorKind::kind, fragment, __FILE__, __LINE__);                             \
        }                                                                                                              \
    } while (false)

class Test {
public:
    Test(const char *promise, std::function<void()> show) { all().push_back({promise, std::move(show)}); }

    static void check_error(const auth::Error &error, auth::ErrorKind kind, const char *fragment, const char *file,
                            int line) {
        const std::string_view message = error.what();
        if (error.kind() != kind || message.find(fragment) == std::string_view::npos) {
            note("kind %d: %s", static_cast<int>(error.kind()), error.what());
            report_check(false, fragment, file, line);
        }
    }

    /// Runs all tests; the exit code. A program without a test has not passed.
    static int run() {
        for (const auto &[promise, show] : all()) {
            report_failures_here = 0;
            try {
                show();
            } catch (const std::exception &error) {
                report_check(false, error.what(), "thrown", 0);
            }
            report_promise(report_failures_here == 0, promise, "");
        }
        return report_end();
    }

private:
    struct Promise {
        const char *promise;
        std::function<void()> show;
    };

    static std::vector<Promise> &all() {
        static std::vector<Promise> tests;
        return tests;
    }
};

/// A client of the simulator that the runner started, logged in by its options: WAZO_AUTH_URL, _USERNAME, _PASSWORD ...
inline auth::Client simulator() { return auth::Client(auth::Options::from_environment()); }

/// The same with a token of its own.
inline auth::Client logged_in() {
    const auto client = simulator();
    return client.with("token", auth::json_get(client.token().new_({}, {}, {{"expiration", 300}}), "/token"));
}

#endif
