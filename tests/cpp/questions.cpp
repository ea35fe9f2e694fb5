// Questions: yes only for the server's yes, in every form; what is asked about is never asked for by accident.

#include "check.hpp"

#include <unistd.h>

namespace {

const char *const unknown = "00000000-0000-4000-8000-000000000000";

/// What the simulator has seen of one client, told apart by its user agent: other programs use the same simulator.
/// The simulator's own routes are /_simulator/... in the place of /0.1/...
class Log {
public:
    explicit Log(const char *name)
        : agent_(name + std::to_string(getpid())),
          client_(auth::Options::from_environment().set("prefix", "").set("version", "_simulator")) {}

    /// A client whose requests are looked for; one was seen, so that "none" cannot be an oversight.
    auth::Client client() const {
        auto client = simulator().with("user_agent", agent_);
        client.status().check();
        CHECK(seen() == 1);
        return client;
    }

    /// Whether the client has sent nothing but its first request.
    bool is_empty() const { return seen() == 1; }

private:
    int seen() const {
        const auto requests = client_.request("GET", "/requests");
        int found = 0;
        for (auto at = requests.find(agent_); at != std::string::npos; at = requests.find(agent_, at + 1)) ++found;
        return found;
    }

    std::string agent_;
    auth::Client client_;
};

std::string new_token(const auth::Client &client) {
    return auth::json_get(client.token().new_({}, {}, {{"expiration", 300}}), "/token").value();
}

/// Tokens that no server can know. They come from the network.
std::vector<std::string> hostile_tokens() {
    return {"",         ".",           "..",        "../users",           "a/../b",
            "a\\..\\b", "a\nb",       "\x7f",      "\xff",               "caf\xc3",
            "\xed\xa0\x80", std::string(8'001, 'x'), std::string("\0", 1), std::string("a\0b", 3)};
}

const Test by_name("a question that is asked by name answers no as `false`, and throws no bad_alloc", [] {
    const auto client = simulator();
    const auto token = new_token(client);
    CHECK(client.call("token.check", {{"token", token}}) == "true");
    CHECK(client.call("token.check", {{"token", unknown}}) == "false");
    CHECK(auth::json_get(client.call_response("token.check", {{"token", unknown}}), "/result") == "false");
});

const Test asking("ask() is true only for yes, and throws where there is no answer or no question", [] {
    const auto client = simulator();
    const auto token = new_token(client);
    CHECK(client.ask("token.check", {{"token", token}, {"required_acl", "auth.users.read"}}));
    CHECK(!client.ask("token.check", {{"token", unknown}}));
    CHECK_THROWS((void)client.ask("token.fly"), invalid_argument, "token.fly");
    const auth::Client nowhere(auth::Options::from_url("http://127.0.0.1:1"));
    CHECK_THROWS((void)nowhere.ask("token.check", {{"token", token}}), connect, "token.check");
});

const Test no_question("an operation that asks no question is refused by ask() before it is carried out", [] {
    const auth::Client nowhere(auth::Options::from_url("http://127.0.0.1:1"));
    auth::Dispatcher dispatcher;
    const std::string operations = wazo_auth_operations();
    int questions = 0, others = 0;
    for (int index = 0;; ++index) {
        const std::string path = "/" + std::to_string(index);
        const auto name = auth::json_get(operations, path + "/name");
        if (!name) break;
        if (auth::json_get(operations, path + "/result") == "question") {
            CHECK_THROWS((void)nowhere.ask(*name, {{"token", unknown}}), connect, name->c_str());
            ++questions;
        } else {
            CHECK_THROWS((void)nowhere.ask(*name), invalid_argument, "asks no question");
            CHECK_THROWS((void)dispatcher.ask(nowhere, *name), invalid_argument, "asks no question");
            ++others;
        }
    }
    CHECK(questions > 0 && others > 80);
});

const Test completions("a completion is a yes only for the server's yes: not for no, an error, another operation", [] {
    const auto client = simulator();
    const auto token = new_token(client);
    const auth::Client nowhere(auth::Options::from_url("http://127.0.0.1:1"));
    auth::Queue queue;
    const auto completed = [&queue](std::uint64_t id) {
        auto completion = queue.wait().value();
        CHECK(completion.id() == id);
        return completion;
    };
    int mark = 0;
    const auto yes = completed(queue.submit_token_check(client, token, "auth.users.read", {}, &mark));
    CHECK(yes.is_yes() && !yes.error() && yes.result() == "true" && yes.user_data() == &mark);
    const auto no = completed(queue.submit_token_check(client, unknown));
    CHECK(!no.is_yes() && !no.error() && no.result() == "false");
    const auto wrong_tenant = completed(queue.submit_token_check(client, token, {}, unknown));
    CHECK(!wrong_tenant.is_yes() && !wrong_tenant.error());
    const auto named = completed(queue.submit(client, "token.check", {{"token", token}}));
    CHECK(named.is_yes());
    const auto failed = completed(queue.submit_token_check(nowhere, token));
    CHECK(!failed.is_yes() && failed.error() && failed.error()->kind() == auth::ErrorKind::connect);
    const auto other = completed(queue.submit(client, "status.check"));
    CHECK(!other.is_yes() && !other.error());
    auto first = completed(queue.submit_token_check(client, token));
    const auto moved = std::move(first);
    CHECK(moved.is_yes() && !first.is_yes()); // NOLINT: on purpose
});

const Test futures("a dispatcher checks tokens", [] {
    const auto client = simulator();
    const auto token = new_token(client);
    const auth::Client nowhere(auth::Options::from_url("http://127.0.0.1:1"));
    auth::Dispatcher dispatcher;
    auto yes = dispatcher.submit_token_check(client, token, "auth.users.read");
    auto no = dispatcher.submit_token_check(client, unknown);
    auto hostile = dispatcher.submit_token_check(client, std::string("a\0b", 3));
    auto lost = dispatcher.submit_token_check(nowhere, token);
    CHECK(yes.get() && !no.get() && !hostile.get());
    CHECK_THROWS(lost.get(), connect, "token.check");
});

const Test hostile("a token that no server can know is answered no, without a request and without an error", [] {
    const Log log("hostile-");
    const auto client = log.client();
    auth::Queue queue;
    const char *null = nullptr;
    for (const std::string &token : hostile_tokens()) {
        CHECK(!client.token().check(token));
        queue.submit_token_check(client, token, "auth.users.read");
        const auto completion = queue.wait();
        CHECK(completion && !completion->is_yes() && !completion->error());
        if (token.empty() || static_cast<unsigned char>(token.back()) < 0x80) {
            CHECK(!client.ask("token.check", {{"token", token}}));
            CHECK(client.call("token.check", {{"token", token}}) == "false");
        }
    }
    CHECK(!client.ask("token.check", auth::Json{R"({"token": "\ud800"})"}));
    CHECK_THROWS((void)client.token().check(null), invalid_argument, "argument token");
    CHECK_THROWS(queue.submit_token_check(client, null), invalid_argument, "argument token");
    CHECK(log.is_empty());
});

const Test empty("an empty access or tenant is refused by name, and not left out", [] {
    const Log log("empty-");
    const auto client = log.client();
    const auto token = new_token(simulator());
    auth::Queue queue;
    auth::Dispatcher dispatcher;
    const std::string unset;
    CHECK_THROWS((void)client.token().check(token, unset), invalid_argument, "argument required_acl: it is empty");
    CHECK_THROWS((void)client.token().check(token, {}, unset), invalid_argument, "argument tenant_uuid: it is empty");
    CHECK_THROWS((void)client.token().get(token, unset), invalid_argument, "argument required_acl: it is empty");
    CHECK_THROWS(queue.submit_token_check(client, token, unset), invalid_argument, "argument required_acl");
    CHECK_THROWS(queue.submit_token_check(client, token, {}, unset), invalid_argument, "argument tenant_uuid");
    CHECK_THROWS((void)dispatcher.submit_token_check(client, token, unset), invalid_argument, "required_acl");
    CHECK_THROWS((void)client.ask("token.check", {{"token", token}, {"required_acl", unset}}), invalid_argument,
                 "argument required_acl");
    CHECK_THROWS((void)client.call("token.check", {{"token", token}, {"query", {{"scope", ""}}}}), invalid_argument,
                 "argument required_acl");
    CHECK(log.is_empty());
});

} // namespace
