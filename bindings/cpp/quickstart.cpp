// A first program on wazo-auth from C++17: logs in, checks tokens (one, then many at once), lists policies and users,
// makes a user and deletes it, and shows how a failure looks. It prints each call as it is written, and its answer.
//
//     c++ -std=c++17 -I include bindings/cpp/quickstart.cpp -L target/debug -lwazo_auth_client -pthread -o quickstart
//     WAZO_AUTH_PASSWORD=secret ./quickstart --url https://wazo.example.com/api/auth --username alice
//
// Start from it: take what you need, throw away the rest. Without --url, everything comes from the environment.

#include <wazo_auth_client.hpp>

#include <ctime>
#include <iostream>

namespace auth = wazo::auth;

namespace {

constexpr char usage[] = R"(Logs in to a wazo-auth and shows what can be done there.

    quickstart --url https://wazo.example.com/api/auth --username alice

  --url URL            where wazo-auth is: https://[user:password@]host[:port][/prefix]
  --username NAME      who logs in
  --password TEXT      better: WAZO_AUTH_PASSWORD, since everyone on this machine can read command lines
  --ca-file PATH       the authorities to trust (PEM) instead of the system's
  --timeout-ms NUMBER  the longest that a call may take (10000)
  --help               this text

Every other option of the library works the same way (--tenant-uuid, --proxy ...). What is not given comes from the
environment: WAZO_AUTH_URL, WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS ...
)";

/// Shows a call as it is written here, before it is made.
void announce(std::string_view call) { std::cout << "\n> " << call << std::endl; }

/// What this program does with a failure: says what happened, and whether trying again makes sense.
void report(const auth::Error &error) {
    std::cerr << "  failed: " << error.what() << "\n  (HTTP status: " << error.status() << ", trying again "
              << (error.is_retryable() ? "later may help" : "will not help") << ")\n";
}

/// The environment first, then the command line over it: `--ca-file PATH` sets the option `ca_file`. The URL goes
/// before the rest, which may correct it.
auth::Options read_options(const std::vector<std::string> &arguments) {
    auto options = auth::Options::from_environment();
    for (std::size_t index = 0; index < arguments.size(); index += 2) {
        if (arguments[index] == "--url") options.set_url(arguments[index + 1]);
    }
    for (std::size_t index = 0; index < arguments.size(); index += 2) {
        std::string key = arguments[index].substr(2);
        for (char &letter : key) letter = letter == '-' ? '_' : letter;
        if (key != "url") options.set(key, arguments[index + 1]);
    }
    return options;
}

/// Takes a token, with the user name and the password of the options. Whoever logs in before every call keeps the
/// server busy for nothing: take one token, and use it until it expires.
std::string log_in(const auth::Client &client) {
    announce(R"(client.token().new_({}, {}, {{"expiration", 300}}))");
    const std::string answer = client.token().new_({}, {}, {{"expiration", 300}});
    const std::string token = auth::json_get(answer, "/token").value();
    // Who has the token is the user: it is never shown whole.
    std::cout << "  token       " << token.substr(0, 8) << "...\n"
              << "  user        " << auth::json_get(answer, "/metadata/uuid").value_or("?") << '\n'
              << "  tenant      " << auth::json_get(answer, "/metadata/tenant_uuid").value_or("?") << '\n'
              << "  expires at  " << auth::json_get(answer, "/utc_expires_at").value_or("?") << " (UTC)\n";
    return token;
}

/// May whoever shows this token do that? `true` is the server's yes; where nobody knows, check() throws. So an `if`
/// around it leaves the door shut in doubt.
void check(const auth::Client &client, const std::string &token, const std::string &access) {
    announce("client.token().check(token, \"" + access + "\")");
    if (client.token().check(token, access)) {
        std::cout << "  true: the token is valid and has this access\n";
    } else {
        std::cout << "  false: the server said no\n";
    }
}

/// The same for many at once, as a SIP server has them after a restart: nobody waits for the one before.
void check_many(const auth::Client &client, const std::string &token) {
    announce(R"(dispatcher.ask(client, "token.check", {{"token", token}, {"required_acl", ...}})     // 20 at once)");
    auth::Dispatcher dispatcher;
    std::vector<std::future<bool>> answers;
    for (int line = 100; line < 120; ++line) {
        const std::string access = "confd.lines." + std::to_string(line) + ".read";
        answers.push_back(dispatcher.ask(client, "token.check", {{"token", token}, {"required_acl", access}}));
    }
    int yes = 0;
    for (auto &answer : answers) yes += answer.get() ? 1 : 0;
    std::cout << "  " << yes << " of " << answers.size() << " may be read\n";
}

void list(const auth::Client &me) {
    announce(R"(me.policies().list({{"order", "name"}, {"limit", 2}}))");
    std::cout << "  " << me.policies().list({{"order", "name"}, {"limit", 2}}) << '\n';
    announce(R"(me.users().list({{"order", "username"}, {"limit", 3}}))");
    std::cout << "  " << me.users().list({{"order", "username"}, {"limit", 3}}) << '\n';
}

/// Makes a user, and deletes it whatever happens in between.
void user_from_birth_to_end(const auth::Client &me) {
    const std::string name = "quickstart-" + std::to_string(std::time(nullptr));
    announce("me.users().new_({{\"username\", \"" + name + "\"}, ...})");
    // Texts of others go in as they are: they are quoted, and stay texts.
    const std::string user =
        me.users().new_({{"username", name}, {"firstname", "Zoe"}, {"password", name + "-secret"}, {"enabled", true}});
    std::cout << "  " << user << '\n';
    const std::string uuid = auth::json_get(user, "/uuid").value();

    try {
        announce("me.users().get_policies(\"" + uuid + "\")");
        std::cout << "  " << me.users().get_policies(uuid) << '\n';
    } catch (const auth::Error &error) {
        report(error);
    }
    announce("me.users().delete_(\"" + uuid + "\")");
    me.users().delete_(uuid);
    std::cout << "  done\n";
}

/// A failure that is expected: what the kinds are for.
void miss(const auth::Client &me) {
    constexpr char nobody[] = "00000000-0000-4000-8000-000000000000";
    announce(std::string("me.users().get(\"") + nobody + "\")     // there is no such user");
    try {
        std::cout << "  " << me.users().get(nobody) << '\n';
    } catch (const auth::Error &error) {
        if (error.kind() != auth::ErrorKind::not_found) throw;
        std::cout << "  not found, HTTP status " << error.status() << ": " << error.what() << '\n';
    }
}

void run(const auth::Client &client) {
    const std::string token = log_in(client);
    announce(R"(me = client.with("token", token))");
    const auth::Client me = client.with("token", token);
    std::cout << "  a client that calls with the token, over the same connections\n";

    check(client, token, "auth.users.read");
    check_many(client, token);
    list(me);
    user_from_birth_to_end(me);
    miss(me);

    announce("client.token().revoke(token)");
    client.token().revoke(token);
    std::cout << "  done\n";
    check(client, token, "auth.users.read");
}

} // namespace

int main(int count, char **values) {
    const std::vector<std::string> arguments(values + 1, values + count);
    for (std::size_t index = 0; index < arguments.size(); ++index) {
        if (arguments[index] == "--help" || arguments[index] == "-h") {
            std::cout << usage;
            return 0;
        }
        if (index % 2 == 0 && (arguments[index].rfind("--", 0) != 0 || index + 1 == arguments.size())) {
            std::cerr << "quickstart: expected --option value, got " << arguments[index] << "; see --help\n";
            return 2;
        }
    }
    try {
        const auth::Client client(read_options(arguments));
        std::cout << "wazo-auth-client " << auth::version() << " from C++, to " << client.base_url() << '\n';
        run(client);
        return 0;
    } catch (const auth::Error &error) {
        report(error);
        return error.kind() == auth::ErrorKind::invalid_argument ? 2 : 1;
    }
}
