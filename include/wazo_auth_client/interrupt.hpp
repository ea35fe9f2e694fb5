// Asking, while a blocking call waits, whether it may go on. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_INTERRUPT_HPP
#define WAZO_AUTH_CLIENT_INTERRUPT_HPP

#include "../wazo_auth_client.h"

#include "detail.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace wazo::auth {

/// A check that the library asks while a blocking call of this thread waits, as long as this object exists:
///
///     const wazo::auth::InterruptCheck check([&] { return !call.has_hung_up(); });
///     const std::string user = client.users().get(uuid);
///
/// If the check returns false, the call throws ErrorKind::cancelled at once. It is asked at least every 50 ms and
/// after each signal that interrupts the wait; a call that takes less than 50 ms never asks. It must be short. If it
/// throws, that is a no; rethrow() then throws its exception. It may make blocking calls, which it is not asked for. See
/// wazo_auth_set_interrupt_check(), which also lists the functions that ask.
///
/// A thread has one check: a second object takes its place, and its destructor leaves the thread without one. Destroy
/// the object on the thread that created it, and not in the check.
class InterruptCheck {
public:
    explicit InterruptCheck(std::function<bool()> goes_on)
        : goes_on_(std::make_unique<Check>(std::move(goes_on))) {
        wazo_auth_set_interrupt_check([](void *data) noexcept { return static_cast<Check *>(data)->call(false); },
                                      goes_on_.get());
    }

    /// Throws what the check threw, if it threw since the last time; after a call that threw ErrorKind::cancelled.
    void rethrow() { goes_on_->rethrow(); }

    InterruptCheck(const InterruptCheck &) = delete;
    InterruptCheck &operator=(const InterruptCheck &) = delete;
    ~InterruptCheck() { wazo_auth_set_interrupt_check(nullptr, nullptr); }

private:
    using Check = detail::Catching<std::function<bool()>>;

    std::unique_ptr<Check> goes_on_;
};

} // namespace wazo::auth

#endif
