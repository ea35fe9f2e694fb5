// Access lists. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_ACCESS_HPP
#define WAZO_AUTH_CLIENT_ACCESS_HPP

#include "text.hpp"

namespace wazo::auth {

/// An access list: what a token may do, as its `acl` says. Answers questions without the server, as the server would:
/// `Access(R"(["sip.me.register"])", user_uuid).matches("sip.8f3a.register")`.
///
/// Immutable and thread-safe.
class Access {
public:
    /// Reads an access list, a JSON array of strings. `auth_id` is the user that `me` stands for, `session_uuid` the
    /// session
    /// that `my_session` stands for. Throws ErrorKind::invalid_argument if it is no such array.
    explicit Access(const Text &acl_json, const OptionalText &auth_id = {}, const OptionalText &session_uuid = {})
        : access_(read(acl_json, auth_id, session_uuid)) {}

    /// Whether the list allows an access. If none is required (`{}`), the answer is yes.
    [[nodiscard]] bool matches(const OptionalText &required_access) const {
        detail::Outcome outcome;
        const char *required = required_access.c_str("required_access");
        return outcome.answer(wazo_auth_access_matches(present(), required, outcome.error()));
    }

    /// Whether the owner of the list may give an entry to somebody else: what they have themselves, and any denial.
    [[nodiscard]] bool may_add(const Text &entry) const {
        detail::Outcome outcome;
        return outcome.answer(wazo_auth_access_may_add(present(), entry.c_str("entry"), outcome.error()));
    }

    /// Whether the owner of the list may take an entry away from somebody else: only what they have themselves.
    [[nodiscard]] bool may_remove(const Text &entry) const {
        detail::Outcome outcome;
        return outcome.answer(wazo_auth_access_may_remove(present(), entry.c_str("entry"), outcome.error()));
    }

    /// Fills the placeholders of an access: `Access::fill("confd.users.{user_uuid}.read", {{"user_uuid", uuid}})`.
    /// Dots in a
    /// value become `_`. Throws ErrorKind::invalid_argument if a placeholder has no value.
    [[nodiscard]] static std::string fill(const Text &pattern, const Object &values) {
        detail::Outcome outcome;
        const char *json = values.json().c_str();
        return outcome.text(wazo_auth_access_fill(pattern.c_str("pattern"), json, outcome.error()));
    }

    /// The C handle. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_access *get() const noexcept { return access_.get(); }

private:
    static wazo_auth_access *read(const Text &acl, const OptionalText &auth_id, const OptionalText &session_uuid) {
        detail::Outcome outcome;
        return outcome.handle(wazo_auth_access_new(acl.c_str("acl_json"), auth_id.c_str("auth_id"),
                                                   session_uuid.c_str("session_uuid"), outcome.error()));
    }

    [[nodiscard]] const wazo_auth_access *present() const { return detail::present(access_.get(), "access"); }

    detail::Owned<wazo_auth_access, wazo_auth_access_free> access_;
};

} // namespace wazo::auth

#endif
