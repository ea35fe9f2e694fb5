// The check that is asked while a blocking call waits, against the simulator, which waits a minute with backends.list.

#include "check.hpp"

#include <stdexcept>

namespace {

const Test check("a check ends the call that waits, is asked on its thread, and ends with its object", [] {
    const auto me = logged_in();
    int asked = 0;
    const auto here = std::this_thread::get_id();
    {
        const auth::InterruptCheck three([&asked, here] {
            CHECK(std::this_thread::get_id() == here);
            return ++asked < 3;
        });
        CHECK_THROWS((void)me.backends().list(), cancelled, "backends.list");
        CHECK(asked == 3);
    }
    const auto limited = me.with("timeout_ms", 200);
    CHECK_THROWS((void)limited.backends().list(), timeout, "backends.list");
    CHECK(asked == 3);
});

const Test throwing("a check that throws ends the call, and what it threw can be thrown again", [] {
    const auto me = logged_in();
    auth::InterruptCheck broken([]() -> bool { throw std::runtime_error("on purpose"); });
    CHECK_THROWS((void)me.backends().list(), cancelled, "backends.list");
    std::string thrown;
    try {
        broken.rethrow();
    } catch (const std::runtime_error &error) {
        thrown = error.what();
    }
    CHECK(thrown == "on purpose");
    broken.rethrow();
});

} // namespace
