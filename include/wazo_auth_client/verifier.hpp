// Decisions about other people's tokens, from memory. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_VERIFIER_HPP
#define WAZO_AUTH_CLIENT_VERIFIER_HPP

#include "decision.hpp"
#include "dispatcher.hpp"

namespace wazo::auth {

/// Checks other people's tokens, and remembers what the server said.
///
///     const wazo::auth::Verifier verifier(client, {{"ttl_ms", 60000}});
///     if (verifier.check(token, "sip.alice.register")) accept();
///
/// One request brings all that is needed to decide about a token; later questions about it are answered from memory.
/// However many threads ask about the same token at the same time, one request is made.
///
/// Thread-safe. A verifier that was created before fork works in every child; with the option `shared`, all these
/// processes use one memory.
class Verifier {
public:
    /// Creates a verifier. It opens no connection, starts no thread and asks nothing; it reserves its memory.
    ///
    /// @param client the client that asks the server; it needs no token, and may be destroyed before the verifier
    /// @param options a JSON object such as `{{"ttl_ms", 60000}, {"shared", true}}`; docs/options.md lists them
    explicit Verifier(const Client &client, const OptionalText &options = {}) {
        detail::Outcome outcome;
        const auto *asks = detail::present(client.get(), "client");
        const char *json = options.c_str("options_json");
        verifier_.reset(outcome.handle(wazo_auth_verifier_new(asks, json, outcome.error())));
    }

    /// Asks whether a token is valid, has an access, and may be used in a tenant. Asks the server only if that is not
    /// known. The token may come from an untrusted peer, and may be any string.
    ///
    /// @param required_access the access, such as "confd.users.read"; omit it to check no access
    /// @param tenant_uuid the tenant; omit it to check no tenant
    /// @return true only for yes. It throws if the answer is not known: ErrorKind::unavailable at once while the server
    /// is left alone after several failures.
    [[nodiscard]] bool check(const Text &token, const OptionalText &required_access = {},
                             const OptionalText &tenant_uuid = {}) const {
        return verdict(token, required_access, tenant_uuid) == Verdict::allowed;
    }

    /// The same with the reason of a no. It never returns Verdict::unknown, but throws.
    [[nodiscard]] Verdict verdict(const Text &token, const OptionalText &required_access = {},
                                  const OptionalText &tenant_uuid = {}) const {
        detail::Outcome outcome;
        wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_UNKNOWN;
        const bool is_yes = outcome.answer(wazo_auth_verifier_check(
            present(), asked(token), required_access.c_str("required_access"), tenant_uuid.c_str("tenant_uuid"),
            &verdict, outcome.error()));
        return is_yes ? Verdict::allowed : no(static_cast<Verdict>(verdict));
    }

    /// Asks only the memory: never blocks, makes no system call and no request.
    /// @return Verdict::unknown if it is not known. Throws ErrorKind::invalid_argument for an argument with a NUL byte.
    [[nodiscard]] Verdict peek(const Text &token, const OptionalText &required_access = {},
                               const OptionalText &tenant_uuid = {}) const {
        wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_UNKNOWN;
        const bool is_yes = wazo_auth_verifier_peek(present(), asked(token), required_access.c_str("required_access"),
                                                    tenant_uuid.c_str("tenant_uuid"), &verdict);
        return is_yes ? Verdict::allowed : no(static_cast<Verdict>(verdict));
    }

    /// Asks like check(), and tells whose the token is. The decision has a reason and, except for an invalid token, an
    /// owner, for no as well. Throws if it is not known.
    [[nodiscard]] Decision decide(const Text &token, const OptionalText &required_access = {},
                                  const OptionalText &tenant_uuid = {}) const {
        detail::Outcome outcome;
        char *json = nullptr;
        const bool is_yes = wazo_auth_verifier_decide(
            present(), asked(token), required_access.c_str("required_access"), tenant_uuid.c_str("tenant_uuid"), &json,
            outcome.error());
        Decision decision(outcome.text(json)); // for a no as well
        if (!is_yes) decision.verdict = no(decision.verdict);
        return decision;
    }

    /// Asks on a queue, without waiting. If the answer is known, its completion is in the queue when this returns.
    /// Completion::is_yes() is the answer, and `Decision(completion.result())` the decision.
    ///
    /// @param user_data a pointer that the completion returns
    /// @return the number of the call. Throws as Queue::submit() does. The verifier may be destroyed before the
    /// completion arrives.
    std::uint64_t submit(Queue &queue, const Text &token, const OptionalText &required_access = {},
                         const OptionalText &tenant_uuid = {}, void *user_data = nullptr) const {
        detail::Outcome outcome;
        const std::uint64_t id = wazo_auth_verifier_submit(
            present(), queue.present(), asked(token), required_access.c_str("required_access"),
            tenant_uuid.c_str("tenant_uuid"), user_data, outcome.error());
        outcome.done(id != 0);
        return id;
    }

    /// Asks on a dispatcher, without waiting.
    ///
    /// @return the future of the decision; it throws if that is not known. Throws as Dispatcher::submit() does.
    [[nodiscard]] std::future<Decision> submit(Dispatcher &dispatcher, const Text &token,
                                               const OptionalText &required_access = {},
                                               const OptionalText &tenant_uuid = {}) const {
        return dispatcher.state().submit<Decision>(
            [&](Queue &queue) { return submit(queue, token, required_access, tenant_uuid); });
    }

    /// Forgets a token. When this returns, no decision is made by an answer that was asked for before, in any process
    /// that shares the verifier, not even by one that arrives later; so for the other invalidate functions.
    void invalidate_token(const Text &token) const { invalidate("token", token.c_str("token")); }

    /// Forgets the tokens of a session.
    void invalidate_session(const Text &uuid) const { invalidate("session", uuid.c_str("uuid")); }

    /// Forgets the tokens of a user.
    void invalidate_user(const Text &uuid) const { invalidate("user", uuid.c_str("uuid")); }

    /// Forgets the tokens of a tenant, and which others may be used in it.
    void invalidate_tenant(const Text &uuid) const { invalidate("tenant", uuid.c_str("uuid")); }

    /// Forgets everything.
    void invalidate_all() const { invalidate("all", nullptr); }

    /// Applies a message of wazo-auth's bus (RabbitMQ), as it is. bindings/c/revocation_listener.c shows how to receive
    /// them.
    ///
    /// @return true if something was forgotten, false for a message that says nothing about tokens. Throws
    /// ErrorKind::invalid_argument for what is no message.
    bool apply_event(const Text &event_json) const {
        detail::Outcome outcome;
        const char *json = event_json.c_str("event_json");
        return outcome.answer(wazo_auth_verifier_apply_event(present(), json, outcome.error()));
    }

    /// What was counted since the verifier was created, as a JSON object; see wazo_auth_verifier_stats().
    [[nodiscard]] std::string stats() const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_verifier_stats(present(), outcome.error()));
    }

    /// The C handle; NULL in a moved-from verifier. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_verifier *get() const noexcept { return verifier_.get(); }

private:
    /// A C string cannot contain a NUL byte. The answer for such a token is no, as for an empty token.
    static const char *asked(const Text &token) { return token.has_nul() ? "" : token.c_str("token"); }

    /// Only what C calls a yes is one.
    static Verdict no(Verdict verdict) noexcept { return verdict == Verdict::allowed ? Verdict::unknown : verdict; }

    void invalidate(const char *kind, const char *id) const {
        detail::Outcome outcome;
        outcome.done(wazo_auth_verifier_invalidate(present(), kind, id, outcome.error()));
    }

    [[nodiscard]] const wazo_auth_verifier *present() const { return detail::present(verifier_.get(), "verifier"); }

    detail::Owned<wazo_auth_verifier, wazo_auth_verifier_free> verifier_;
};

} // namespace wazo::auth

#endif
