// The check that is asked while a blocking call waits, against the simulator, which waits a minute with backends.list.

#include "check.hpp"

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

} // namespace
