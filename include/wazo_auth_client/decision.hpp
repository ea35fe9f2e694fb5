// What a verifier decides. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_DECISION_HPP
#define WAZO_AUTH_CLIENT_DECISION_HPP

#include "text.hpp"

namespace wazo::auth {

/// What was decided about a token. It is no truth value: compare it, `verdict == Verdict::allowed`.
enum class Verdict {
    /// It is not known.
    unknown = WAZO_AUTH_VERDICT_UNKNOWN,
    /// The token is valid, has the access, and may be used in the tenant.
    allowed = WAZO_AUTH_VERDICT_ALLOWED,
    /// The token is unknown or has expired.
    invalid_token = WAZO_AUTH_VERDICT_INVALID_TOKEN,
    /// The token is valid, but lacks the access.
    missing_access = WAZO_AUTH_VERDICT_MISSING_ACCESS,
    /// The token is valid and has the access, but may not be used in the tenant.
    wrong_tenant = WAZO_AUTH_VERDICT_WRONG_TENANT,
};

/// The name of a verdict, such as "missing_access", for logs and metrics; "unknown" for a number that is no verdict.
[[nodiscard]] inline std::string_view verdict_text(Verdict verdict) noexcept {
    switch (verdict) {
    case Verdict::allowed: return "allowed";
    case Verdict::invalid_token: return "invalid_token";
    case Verdict::missing_access: return "missing_access";
    case Verdict::wrong_tenant: return "wrong_tenant";
    case Verdict::unknown: break;
    }
    return "unknown";
}

/// What was decided about a token, and whose it is, so that you can compare that with what the token is used for. It
/// owns its texts.
struct Decision {
    /// What was decided.
    Verdict verdict = Verdict::unknown;
    /// Whether the server could not be asked, and this is what it said before (option stale_ms).
    bool is_stale = false;
    /// The user; std::nullopt for an invalid token, as all that follows.
    std::optional<std::string> user_uuid;
    /// The user's tenant.
    std::optional<std::string> tenant_uuid;
    /// The session of the token.
    std::optional<std::string> session_uuid;
    /// The identifier of the user that `me` stands for in the access list.
    std::optional<std::string> auth_id;
    /// The metadata of the token, a JSON object.
    std::optional<std::string> metadata;

    Decision() = default;

    /// Reads the JSON object that the C library gives: wazo_auth_verifier_decide(), or Completion::result() of a
    /// question that Verifier::submit() put into a queue. Throws ErrorKind::invalid_argument if it is none.
    explicit Decision(const std::string &json)
        : verdict(verdict_of(json_get(json, "/verdict"))),
          is_stale(json_get(json, "/is_stale") == "true"),
          user_uuid(json_get(json, "/user_uuid")),
          tenant_uuid(json_get(json, "/tenant_uuid")),
          session_uuid(json_get(json, "/session_uuid")),
          auth_id(json_get(json, "/auth_id")),
          metadata(json_get(json, "/metadata")) {}

    /// Whether the token may be used.
    [[nodiscard]] bool is_allowed() const noexcept { return verdict == Verdict::allowed; }

private:
    static Verdict verdict_of(const std::optional<std::string> &name) {
        for (const auto verdict : {Verdict::allowed, Verdict::invalid_token, Verdict::missing_access,
                                   Verdict::wrong_tenant}) {
            if (name == verdict_text(verdict)) return verdict;
        }
        // A later library may have a verdict more; whatever it is, it is no yes.
        if (name) return Verdict::unknown;
        throw Error(ErrorKind::invalid_argument, "argument json: expected a decision, {\"verdict\": ...}");
    }
};

} // namespace wazo::auth

#endif
