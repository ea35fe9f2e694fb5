// Verifiers: decisions about other people's tokens, from memory and against the simulator.

#include "check.hpp"

#include <type_traits>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

using namespace std::chrono_literals;
using auth::Verdict;

const char *const strange_tenant = "aaaaaaaa-0000-4000-8000-000000000000";
const std::string unknown_token = "00000000-0000-4000-8000-000000000000";

/// Every verdict of C has its verdict here. No default: the compiler names a constant that is missing.
constexpr Verdict same(wazo_auth_verdict_t code) {
    switch (code) {
    case WAZO_AUTH_VERDICT_UNKNOWN: return Verdict::unknown;
    case WAZO_AUTH_VERDICT_ALLOWED: return Verdict::allowed;
    case WAZO_AUTH_VERDICT_INVALID_TOKEN: return Verdict::invalid_token;
    case WAZO_AUTH_VERDICT_MISSING_ACCESS: return Verdict::missing_access;
    case WAZO_AUTH_VERDICT_WRONG_TENANT: return Verdict::wrong_tenant;
    }
    return Verdict::unknown;
}
static_assert(static_cast<int>(same(WAZO_AUTH_VERDICT_WRONG_TENANT)) == WAZO_AUTH_VERDICT_WRONG_TENANT);

/// A client, a verifier that asks with it, and a valid token.
struct Setting {
    explicit Setting(auth::OptionalText options = {})
        : client(simulator()), verifier(client, options), answer(client.token().new_({}, {}, {{"expiration", 300}})) {}

    [[nodiscard]] std::string text(const char *path) const { return auth::json_get(answer, path).value(); }

    [[nodiscard]] int counted(const std::string &name) const {
        return std::stoi(auth::json_get(verifier.stats(), "/" + name).value());
    }

    auth::Client client;
    auth::Verifier verifier;
    std::string answer, token = text("/token");
};

/// The same with another user, who may read users and nothing else.
std::string token_of_a_reader(const auth::Client &client, const char *name) {
    const auto me = client.with("token", auth::json_get(client.token().new_(), "/token"));
    const auto user = auth::json_get(me.users().new_({{"username", name}, {"password", "secret"}}), "/uuid").value();
    const auto policy = auth::json_get(me.policies().new_({{"name", name}, {"acl", {"auth.users.read"}}}), "/uuid");
    me.users().add_policy(user, policy.value());
    return auth::json_get(client.token().new_(name, "secret"), "/token").value();
}

const Test questions("a verifier asks once about a token, and answers everything else from memory", [] {
    const Setting setting;
    const auto &verifier = setting.verifier;
    CHECK(verifier.peek(setting.token) == Verdict::unknown);
    CHECK(verifier.check(setting.token, "confd.users.read"));
    CHECK(verifier.check(setting.token, "a.b", setting.text("/metadata/tenant_uuid")));
    CHECK(verifier.check(setting.token) && verifier.verdict(setting.token) == Verdict::allowed);
    CHECK(verifier.peek(std::string_view(setting.token), "x") == Verdict::allowed);
    CHECK(setting.counted("misses") == 1 && setting.counted("hits") == 4);
});

const Test reasons("a no has a reason, and is none for another question", [] {
    const Setting setting;
    const auto &verifier = setting.verifier;
    const auto reader = token_of_a_reader(setting.client, ("reader-" + setting.token).c_str());
    CHECK(!verifier.check(unknown_token, "a.b") && verifier.verdict(unknown_token) == Verdict::invalid_token);
    CHECK(!verifier.check(reader, "auth.users.create") && verifier.check(reader, "auth.users.read"));
    CHECK(verifier.verdict(reader, "auth.users.create") == Verdict::missing_access);
    CHECK(verifier.peek(reader, "auth.users.create") == Verdict::missing_access);
    CHECK(verifier.verdict(setting.token, {}, strange_tenant) == Verdict::wrong_tenant);
    for (const auto verdict : {Verdict::unknown, Verdict::allowed, Verdict::invalid_token, Verdict::missing_access,
                               Verdict::wrong_tenant, Verdict(9999)}) {
        CHECK((auth::verdict_text(verdict) == "unknown") == (verdict == Verdict::unknown || verdict == Verdict(9999)));
    }
});

const Test owners("a decision tells whose the token is, for yes and for no", [] {
    const Setting setting;
    const auto yes = setting.verifier.decide(setting.token, "a.b");
    CHECK(yes.is_allowed() && yes.verdict == Verdict::allowed && !yes.is_stale);
    CHECK(yes.user_uuid == setting.text("/metadata/uuid") && yes.auth_id == setting.text("/auth_id"));
    CHECK(yes.tenant_uuid == setting.text("/metadata/tenant_uuid"));
    CHECK(yes.session_uuid == setting.text("/session_uuid"));
    CHECK(auth::json_get(yes.metadata.value(), "/uuid") == yes.user_uuid);
    const auto no = setting.verifier.decide(setting.token, {}, strange_tenant);
    CHECK(!no.is_allowed() && no.verdict == Verdict::wrong_tenant && no.user_uuid == yes.user_uuid);
    const auto nobody = setting.verifier.decide(unknown_token);
    CHECK(nobody.verdict == Verdict::invalid_token && !nobody.user_uuid && !nobody.tenant_uuid);
    CHECK(!nobody.session_uuid && !nobody.auth_id && !nobody.metadata);
});

const Test readings("what is no decision is refused, and a verdict of a later library is no yes", [] {
    CHECK(auth::Decision(R"({"verdict": "allowed", "is_stale": true})").is_stale);
    CHECK(!auth::Decision(R"({"verdict": "allowed_on_sundays"})").is_allowed());
    CHECK(!auth::Decision().is_allowed());
    for (const char *json : {"", "{}", "[]", R"({"verdict": null})"}) {
        CHECK_THROWS((void)auth::Decision(json), invalid_argument, "");
    }
});

const Test hostile("a token may be any text; an access or a tenant may not", [] {
    const Setting setting;
    const auto &verifier = setting.verifier;
    const std::string cut = setting.token + std::string("\0x", 2);
    CHECK(verifier.check(setting.token));
    for (const std::string &token : std::vector<std::string>{cut, "", "\xff", "../users", "\n"}) {
        CHECK(!verifier.check(token) && verifier.peek(token) == Verdict::invalid_token);
        CHECK(verifier.decide(token).verdict == Verdict::invalid_token);
    }
    CHECK(setting.counted("misses") == 1);
    CHECK_THROWS((void)verifier.check(setting.token, ""), invalid_argument, "argument required_access: it is empty");
    CHECK_THROWS((void)verifier.check(setting.token, {}, ""), invalid_argument, "argument tenant_uuid: it is empty");
    CHECK_THROWS((void)verifier.peek(setting.token, cut), invalid_argument, "argument required_access");
    CHECK_THROWS((void)verifier.decide(setting.token, {}, cut), invalid_argument, "argument tenant_uuid");
    CHECK_THROWS(verifier.invalidate_token(cut), invalid_argument, "argument token");
    CHECK_THROWS(auth::Verifier(setting.client, {{"colour", "red"}}), invalid_argument, "colour");
});

const Test forgetting("what is invalidated is asked anew, and what ended is refused", [] {
    const Setting setting;
    const auto &verifier = setting.verifier;
    const auto event = [&setting](const char *name, const char *path) {
        return setting.verifier.apply_event({{"name", name}, {"data", {{"uuid", setting.text(path)}}}});
    };
    const std::function<void()> ways[] = {
        [&] { verifier.invalidate_token(setting.token); },
        [&] { verifier.invalidate_session(setting.text("/session_uuid")); },
        [&] { verifier.invalidate_user(setting.text("/metadata/uuid")); },
        [&] { verifier.invalidate_tenant(setting.text("/metadata/tenant_uuid")); },
        [&] { verifier.invalidate_all(); },
        [&] { CHECK(event("auth_session_deleted", "/session_uuid")); },
        [&] { CHECK(event("auth_tenant_updated", "/metadata/tenant_uuid")); },
    };
    for (const auto &forget : ways) {
        CHECK(verifier.check(setting.token) && verifier.peek(setting.token) == Verdict::allowed);
        forget();
        CHECK(verifier.peek(setting.token) == Verdict::unknown);
    }
    CHECK(verifier.check(setting.token) && !event("auth_session_created", "/session_uuid"));
    CHECK(verifier.peek(setting.token) == Verdict::allowed);
    CHECK_THROWS(verifier.apply_event("no message"), invalid_argument, "argument event_json");
    setting.client.token().revoke(setting.token);
    CHECK(verifier.check(setting.token)); // nobody has said so
    CHECK(event("auth_session_deleted", "/session_uuid") && !verifier.check(setting.token));
});

const Test queues("a queue brings decisions, those that are known at once", [] {
    const Setting setting;
    const auto &verifier = setting.verifier;
    auth::Queue queue;
    int marks[2] = {};
    const auto first = verifier.submit(queue, setting.token, "a.b", {}, &marks[0]);
    const auto asked = queue.wait();
    CHECK(asked && asked->id() == first && asked->is_yes() && asked->user_data() == &marks[0]);
    CHECK(auth::Decision(asked->result()).user_uuid == setting.text("/metadata/uuid"));
    verifier.submit(queue, setting.token, {}, {}, &marks[1]);
    const auto known = queue.next();
    CHECK(known && known->is_yes() && known->user_data() == &marks[1]);
    verifier.submit(queue, setting.token + std::string("\0x", 2));
    const auto no = queue.next();
    CHECK(no && !no->error() && !no->is_yes() && auth::Decision(no->result()).verdict == Verdict::invalid_token);
    CHECK_THROWS(verifier.submit(queue, setting.token, ""), invalid_argument, "required_access");
    const auto taken = std::move(queue);
    CHECK_THROWS(verifier.submit(queue, setting.token), invalid_argument, "argument queue"); // NOLINT: on purpose
});

const Test dispatchers("a dispatcher brings decisions as futures, together with other calls", [] {
    const Setting setting;
    auth::Dispatcher dispatcher;
    std::vector<std::future<auth::Decision>> decisions;
    for (int number = 0; number < 20; ++number) {
        decisions.push_back(setting.verifier.submit(dispatcher, number % 2 ? setting.token : unknown_token, "a.b"));
    }
    auto status = dispatcher.submit(setting.client, "status.check");
    for (std::size_t number = 0; number < decisions.size(); ++number) {
        const auto decision = decisions[number].get();
        CHECK(decision.is_allowed() == (number % 2 == 1));
        CHECK(decision.user_uuid.has_value() == decision.is_allowed());
    }
    CHECK(status.get() == "null" && setting.counted("misses") == 2);
    CHECK_THROWS((void)setting.verifier.submit(dispatcher, setting.token, ""), invalid_argument, "required_access");
});

const Test outages("where the server cannot be asked, there is an error and no answer", [] {
    const auth::Client nowhere(auth::Options::from_url("http://127.0.0.1:1"));
    const auth::Verifier verifier(nowhere);
    CHECK_THROWS((void)verifier.check(unknown_token), connect, "");
    CHECK_THROWS((void)verifier.decide(unknown_token), connect, "");
    CHECK(verifier.peek(unknown_token) == Verdict::unknown);
    auth::Dispatcher dispatcher;
    auto failing = verifier.submit(dispatcher, unknown_token);
    CHECK_THROWS((void)failing.get(), connect, "");
});

const Test handles("a verifier moves and does not copy, outlives its client, and refuses when it was moved from", [] {
    using auth::Verifier;
    static_assert(std::is_nothrow_move_constructible_v<Verifier> && std::is_nothrow_move_assignable_v<Verifier>);
    static_assert(!std::is_copy_constructible_v<Verifier> && !std::is_copy_assignable_v<Verifier>);
    const auto token = auth::json_get(simulator().token().new_(), "/token").value();
    auth::Verifier verifier{simulator(), {{"max_tokens", 100}}};
    CHECK(verifier.check(token) && verifier.get() != nullptr);
    auth::Verifier taken = std::move(verifier);
    CHECK(taken.peek(token) == Verdict::allowed);
    CHECK_THROWS((void)verifier.check(token), invalid_argument, "argument verifier"); // NOLINT: on purpose
    CHECK_THROWS((void)verifier.peek(token), invalid_argument, "argument verifier");  // NOLINT: on purpose
    CHECK_THROWS((void)verifier.stats(), invalid_argument, "argument verifier");      // NOLINT: on purpose
    CHECK_THROWS(verifier.invalidate_all(), invalid_argument, "argument verifier");   // NOLINT: on purpose
    verifier = std::move(taken);
    CHECK(verifier.peek(token) == Verdict::allowed);
});

#ifndef _WIN32 // which has no fork
const Test forked("forked processes share what one of them learned", [] {
    const Setting setting({{"shared", true}, {"max_tokens", 100}});
    const pid_t child = fork();
    if (child == 0) {
        const bool is_right = setting.verifier.check(setting.token, "a.b");
        // A program in this one's place keeps valgrind from counting what belongs to the parent.
        if (is_right) execl("/bin/true", "true", nullptr);
        _exit(1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(setting.verifier.peek(setting.token, "c.d") == Verdict::allowed && setting.counted("misses") == 1);
});
#endif

} // namespace
