// Verifiers: decisions about other people's tokens, against the simulator.

#include "check.hpp"

namespace {

const Test decisions("a verifier decides by one request, says whose the token is, and forgets what it is told to", [] {
    const auto client = simulator();
    const auto about = client.call("token.new");
    const auto token = *auth::json_get(about, "/token");
    const auth::Verifier verifier(client, {{"max_tokens", 100}});
    CHECK(verifier.peek(token) == auth::Verdict::unknown);
    CHECK(verifier.check(token, "confd.users.read") && verifier.check(token));
    CHECK(verifier.peek(token, "x.y") == auth::Verdict::allowed);
    const auto decision = verifier.decide(token, "x.y");
    CHECK(decision && decision.get("user_uuid") == auth::json_get(about, "/auth_id"));
    CHECK(decision.get("verdict") == "allowed" && decision.get("is_stale") == "false");
    CHECK(!verifier.check(std::string("a\0b", 3)) && !verifier.check("") && !verifier.decide("unknown").get("user_uuid"));
    CHECK(auth::json_get(verifier.stats(), "/misses") == "2");

    auth::Queue queue;
    const auto id = verifier.submit(queue, token, "x.y");
    const auto completion = queue.next();
    CHECK(completion && completion->id() == id && completion->is_yes());
    CHECK(auth::json_get(completion->result(), "/session_uuid") == auth::json_get(about, "/session_uuid"));

    client.token().revoke(token);
    CHECK(verifier.check(token));
    const auto session = *auth::json_get(about, "/session_uuid");
    CHECK(!verifier.apply_event(R"({"name": "call_created", "data": {}})"));
    CHECK(verifier.apply_event(R"({"name": "auth_session_deleted", "data": {"uuid": ")" + session + "\"}}"));
    CHECK(!verifier.check(token));
    verifier.invalidate_token("x");
    verifier.invalidate_user("x");
    verifier.invalidate_tenant("x");
    verifier.invalidate_session("x");
    verifier.invalidate_all();
    CHECK(verifier.peek(token) == auth::Verdict::unknown);
});

const Test wrong("what is wrong with a verifier is thrown, and an unreachable server is no answer", [] {
    const auto client = simulator();
    CHECK_THROWS(auth::Verifier(client, {{"ttl", 1}}), invalid_argument, "ttl_ms");
    auth::Verifier verifier(client);
    CHECK_THROWS((void)verifier.check("t", ""), invalid_argument, "required_access");
    CHECK_THROWS((void)verifier.apply_event("{}"), invalid_argument, "event_json");
    const auth::Verifier moved = std::move(verifier);
    CHECK_THROWS((void)verifier.check("t"), invalid_argument, "verifier");
    const auth::Client away(auth::Options().set_url("http://127.0.0.1:1"));
    CHECK_THROWS((void)auth::Verifier(away).check("t"), connect, "connect");
    CHECK_THROWS((void)auth::Verifier(away).decide("t"), connect, "connect");
});

} // namespace
