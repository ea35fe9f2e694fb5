// The harness of the C++ tests: a test is a promise and what shows it.
//
//     const Test refused("one and one is two", [] { CHECK(1 + 1 == 2); });
//
// Tests of all files that are linked together run in main(), file by file. A line for each, `ok - <promise>` or
// `not ok - <promise>`, and `N passed, M failed` as the last one.

#ifndef CHECK_HPP
#define CHECK_HPP

#include <wazo_auth_client.hpp>

#include <cstdlib>
#include <iostream>

namespace auth = wazo::auth;

/// Goes on after a failure: what follows may tell more.
#define CHECK(condition) Test::check((condition), #condition, __FILE__, __LINE__)

/// Checks that a statement throws an auth::Error of this kind; what it says must have the fragment.
#define CHECK_THROWS(statement, kind, fragment)                                                                        \
    do {                                                                                                               \
        try {                                                                                                          \
            statement;                                                                                                 \
            Test::check(false, "nothing is thrown by " #statement, __FILE__, __LINE__);                                \
        } catch (const auth::Error &error) {                                                                           \
            Test::check_error(error, auth::ErrorKind::kind, fragment, __FILE__, __LINE__);                             \
        }                                                                                                              \
    } while (false)

class Test {
public:
    Test(const char *promise, std::function<void()> show) { all().push_back({promise, std::move(show)}); }

    static bool check(bool holds, const char *what, const char *file, int line) {
        if (!holds) {
            ++failures();
            std::cout << "#   " << file << ':' << line << ": does not hold: " << what << std::endl;
        }
        return holds;
    }

    static void check_error(const auth::Error &error, auth::ErrorKind kind, const char *fragment, const char *file,
                            int line) {
        const std::string_view message = error.what();
        if (error.kind() != kind || message.find(fragment) == std::string_view::npos) {
            std::cout << "#   kind " << static_cast<int>(error.kind()) << ": " << message << '\n';
            check(false, fragment, file, line);
        }
    }

    /// Runs all tests; the exit code. A program without a test has not passed.
    static int run() {
        int passed = 0, failed = 0;
        for (const auto &[promise, show] : all()) {
            failures() = 0;
            try {
                show();
            } catch (const std::exception &error) {
                check(false, error.what(), "thrown", 0);
            }
            ++(failures() ? failed : passed);
            std::cout << (failures() ? "not ok - " : "ok - ") << promise << std::endl;
        }
        std::cout << passed << " passed, " << failed << " failed" << std::endl;
        return failed == 0 && passed > 0 ? 0 : 1;
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

    static int &failures() {
        static int count = 0;
        return count;
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
