// A first program in C++17: logs in, checks tokens (one, then many at once), lists policies and users, creates and
// deletes a user, and handles an error. It prints each call and its result.
//
//     c++ -std=c++17 -I include bindings/cpp/quickstart.cpp -L target/debug -lwazo_auth_client -pthread -o quickstart
//     WAZO_AUTH_PASSWORD=secret ./quickstart --url https://wazo.example.com/api/auth --username alice
//
// Copy what you need. Without --url, all options come from environment variables.

#include <wazo_auth_client.hpp>

#include <ctime>
#include <iostream>

namespace auth = wazo::auth;

namespace {

constexpr char usage[] = R"(Logs in to a wazo-auth server, and shows some calls and their results.

    quickstart --url https://wazo.example.com/api/auth --username alice

  --url URL            the URL of wazo-auth: https://[user:password@]host[:port][/prefix]
  --username NAME      the user name to log in with
  --password TEXT      prefer WAZO_AUTH_PASSWORD: other users of this machine can read the command line
  --ca-file PATH       trusted certificate authorities, a PEM file; by default those of the system
  --timeout-ms NUMBER  the timeout of a call (10000)
  --help               print this help

All other options of the library can be given in the same way (--tenant-uuid, --proxy ...), or as environment
variables: WAZO_AUTH_URL, WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS ...
)";

/// Prints a call as it is written in C++.
void announce(std::string_view call) { std::cout << "\n> " << call << std::endl; }

/// Prints an error, and whether a retry may help.
void report(const auth::Error &error) {
    std::cerr << "  failed: " << error.what() << "\n  (kind: " << auth::kind_text(error.kind())
              << ", HTTP status: " << error.status() << ", a retry "
              << (error.is_retryable() ? "later may help" : "will not help") << ")\n";
}

/// The command line overrides the environment: `--ca-file PATH` sets the option `ca_file`. The URL comes first, since
/// other options may override parts of it.
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

/// Creates a token, with the user name and the password of the options. Use a token until it expires: a login for every
/// call is slow, and the server limits the number of sessions.
std::string log_in(const auth::Client &client) {
    announce(R"(client.token().new_({}, {}, {{"expiration", 300}}))");
    const std::string answer = client.token().new_({}, {}, {{"expiration", 300}});
    const std::string token = auth::json_get(answer, "/token").value();
    // The token is a secret: do not print it.
    std::cout << "  token       " << token.substr(0, 8) << "...\n"
              << "  user        " << auth::json_get(answer, "/metadata/uuid").value_or("?") << '\n'
              << "  tenant      " << auth::json_get(answer, "/metadata/tenant_uuid").value_or("?") << '\n'
              << "  expires at  " << auth::json_get(answer, "/utc_expires_at").value_or("?") << " (UTC)\n";
    return token;
}

/// Checks whether a token is valid and has an access. It is true only if the server answered yes; if the check failed,
/// it throws.
void check(const auth::Client &client, const std::string &token, const std::string &access) {
    announce("client.token().check(token, \"" + access + "\")");
    if (client.token().check(token, access)) {
        std::cout << "  true: the token is valid and has this access\n";
    } else {
        std::cout << "  false: the server said no\n";
    }
}

/// Many checks at once, such as in a SIP server after a restart.
void check_many(const auth::Client &client, const std::string &token) {
    announce("dispatcher.submit_token_check(client, token, access)     // 20 at once");
    auth::Dispatcher dispatcher;
    std::vector<std::future<bool>> answers;
    for (int line = 100; line < 120; ++line) {
        const std::string access = "confd.lines." + std::to_string(line) + ".read";
        answers.push_back(dispatcher.submit_token_check(client, token, access));
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

/// Creates a user, and deletes it even if a call in between fails.
void create_and_delete_user(const auth::Client &me) {
    const std::string name = "quickstart-" + std::to_string(std::time(nullptr));
    announce("me.users().new_({{\"username\", \"" + name + "\"}, ...})");
    // Object escapes the texts, so texts from outside are safe here.
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

/// Handles an expected error by its kind.
void expect_not_found(const auth::Client &me) {
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
    std::cout << "  a client with the token, and the same connection pool\n";

    check(client, token, "auth.users.read");
    check_many(client, token);
    list(me);
    create_and_delete_user(me);
    expect_not_found(me);

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
