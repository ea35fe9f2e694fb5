// Decisions about other people's tokens. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_VERIFIER_HPP
#define WAZO_AUTH_CLIENT_VERIFIER_HPP

#include "queue.hpp"

namespace wazo::auth {

/// What was decided about a token.
enum class Verdict {
    unknown = WAZO_AUTH_VERDICT_UNKNOWN,               ///< it is not known
    allowed = WAZO_AUTH_VERDICT_ALLOWED,               ///< the token is valid, has the access, may be used in the tenant
    invalid_token = WAZO_AUTH_VERDICT_INVALID_TOKEN,   ///< the token is unknown or has expired
    missing_access = WAZO_AUTH_VERDICT_MISSING_ACCESS, ///< the token lacks the access
    wrong_tenant = WAZO_AUTH_VERDICT_WRONG_TENANT,     ///< the token may not be used in the tenant
};

/// What was decided about a token, and whose it is.
struct Decision {
    bool is_allowed = false;
    std::string json; ///< {verdict, is_stale, user_uuid, tenant_uuid, session_uuid, auth_id, metadata}

    explicit operator bool() const noexcept { return is_allowed; }

    /// A member, such as "user_uuid"; std::nullopt where it is null, as for an invalid token.
    [[nodiscard]] std::optional<std::string> get(const std::string &member) const { return json_get(json, "/" + member); }
};

/// Checks other people's tokens and remembers what the server said: `if (verifier.check(token, "sip.alice.register")) ...`.
///
/// A token is a peer's: any string is a question, and one that no server can know is a no. A failure to ask throws, so an
/// `if` never lets anybody in by mistake. Thread-safe; create it before fork() and with {"shared", true} to share it.
class Verifier {
public:
    /// @param options see docs/options.md, "Options of a verifier"
    explicit Verifier(const Client &client, const Object &options = {}) {
        detail::Outcome outcome;
        const auto *by = detail::present(client.get(), "client");
        verifier_.reset(outcome.handle(wazo_auth_verifier_new(by, options.json().c_str(), outcome.error())));
    }

    /// Whether a token is valid, has an access, and may be used in a tenant. Asks the server only if that is not known.
    [[nodiscard]] bool check(const Text &token, const OptionalText &required_access = {},
                             const OptionalText &tenant_uuid = {}) const {
        detail::Outcome outcome;
        return outcome.answer(wazo_auth_verifier_check(present(), asked(token), required_access.c_str("required_access"),
                                                       tenant_uuid.c_str("tenant_uuid"), nullptr, outcome.error()));
    }

    /// What is known, without asking: it never blocks and makes no system call.
    [[nodiscard]] Verdict peek(const Text &token, const OptionalText &required_access = {},
                               const OptionalText &tenant_uuid = {}) const {
        wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_UNKNOWN;
        const bool yes = wazo_auth_verifier_peek(present(), asked(token), required_access.c_str("required_access"),
                                                 tenant_uuid.c_str("tenant_uuid"), &verdict);
        return yes ? Verdict::allowed : static_cast<Verdict>(verdict);
    }

    /// check(), and whose the token is: compare that with what the token is used for.
    [[nodiscard]] Decision decide(const Text &token, const OptionalText &required_access = {},
                                  const OptionalText &tenant_uuid = {}) const {
        detail::Outcome outcome;
        char *json = nullptr;
        const bool yes = wazo_auth_verifier_decide(present(), asked(token), required_access.c_str("required_access"),
                                                   tenant_uuid.c_str("tenant_uuid"), &json, outcome.error());
        return Decision{yes, outcome.text(json)};
    }

    /// Asks on a queue. The completion's result is that of decide(); Completion::is_yes() is true only for yes. What is known
    /// is in the queue when the function returns.
    /// @return the number of the call, as Queue::submit() returns it
    std::uint64_t submit(const Queue &queue, const Text &token, const OptionalText &required_access = {},
                         const OptionalText &tenant_uuid = {}, void *user_data = nullptr) const {
        detail::Outcome outcome;
        auto *to = const_cast<wazo_auth_queue *>(detail::present(queue.get(), "queue"));
        const std::uint64_t id =
            wazo_auth_verifier_submit(present(), to, asked(token), required_access.c_str("required_access"),
                                      tenant_uuid.c_str("tenant_uuid"), user_data, outcome.error());
        outcome.done(id != 0);
        return id;
    }

    /// Forget what is known of a token, or of the tokens of a session, a user or a tenant, or everything. Afterwards no
    /// decision is made by an answer that was asked for before.
    void invalidate_token(const Text &token) const { invalidate("token", asked(token)); }
    void invalidate_session(const Text &uuid) const { invalidate("session", uuid.c_str("id")); } ///< by its UUID
    void invalidate_user(const Text &uuid) const { invalidate("user", uuid.c_str("id")); }       ///< by the UUID
    void invalidate_tenant(const Text &uuid) const { invalidate("tenant", uuid.c_str("id")); }   ///< by its UUID
    void invalidate_all() const { invalidate("all", nullptr); }                                  ///< everything

    /// Applies a message of wazo-auth's bus. @return whether something was forgotten
    bool apply_event(const Text &event_json) const {
        detail::Outcome outcome;
        const char *event = event_json.c_str("event_json");
        return outcome.answer(wazo_auth_verifier_apply_event(present(), event, outcome.error()));
    }

    /// What was counted, as JSON: hits, misses, coalesced, stale, errors, evictions, tokens, bytes and others.
    [[nodiscard]] std::string stats() const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_verifier_stats(present(), outcome.error()));
    }

    /// The C handle; NULL in a moved-from verifier. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_verifier *get() const noexcept { return verifier_.get(); }

private:
    // A C string cannot contain a NUL byte. The answer for such a token is no, as for an empty token.
    [[nodiscard]] static const char *asked(const Text &token) { return token.has_nul() ? "" : token.c_str("token"); }

    void invalidate(const char *kind, const char *id) const {
        detail::Outcome outcome;
        outcome.done(wazo_auth_verifier_invalidate(present(), kind, id, outcome.error()));
    }

    [[nodiscard]] const wazo_auth_verifier *present() const { return detail::present(verifier_.get(), "verifier"); }

    detail::Owned<wazo_auth_verifier, wazo_auth_verifier_free> verifier_;
};

} // namespace wazo::auth

#endif
