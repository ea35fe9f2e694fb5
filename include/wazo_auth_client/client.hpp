// Options, clients and cancellations. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_CLIENT_HPP
#define WAZO_AUTH_CLIENT_CLIENT_HPP

#include "operations.hpp"
#include "pages.hpp"

#include <chrono>
#include <cstdint>

namespace wazo::auth {

/// The version of the loaded library, such as "0.1.0".
[[nodiscard]] inline std::string_view version() noexcept { return wazo_auth_version(); }

/// The version of the loaded library as a number, to compare with the header's WAZO_AUTH_VERSION_NUMBER.
[[nodiscard]] inline std::uint32_t version_number() noexcept { return wazo_auth_version_number(); }

/// The settings for a new client, as keys and values; docs/options.md lists the keys.
///
/// Not thread-safe. Calls can be chained:
///
///     const auto options = wazo::auth::Options().set("host", "auth.example.com").set("timeout_ms", 3000);
class Options {
public:
    /// Default settings. `host` has no default and must be set.
    Options() : options_(wazo_auth_options_new()) {
        if (!options_) throw std::bad_alloc();
    }

    /// Settings from a URL; see set_url().
    [[nodiscard]] static Options from_url(Text url) {
        Options options;
        options.put_url(url);
        return options;
    }

    /// Settings from environment variables: WAZO_AUTH_URL, then WAZO_AUTH_ and each option's key in upper case. No
    /// other thread may change the environment during the call.
    [[nodiscard]] static Options from_environment() {
        Options options;
        detail::Outcome outcome;
        outcome.done(wazo_auth_options_set_from_environment(options.options_.get(), outcome.error()));
        return options;
    }

    /// Sets an option. An empty value unsets an option that has no default.
    Options &set(Text key, Text value) & {
        put(key, value);
        return *this;
    }

    /// Sets an option that is an integer or a Boolean.
    template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    Options &set(Text key, T value) & {
        put(key, detail::option_text(value));
        return *this;
    }

    /// Sets the options that a URL contains: `https://alice:secret@host:443/api/auth?timeout_ms=3000`. The path is the
    /// prefix; the query sets further options.
    Options &set_url(Text url) & {
        put_url(url);
        return *this;
    }

    /// Sets the user name and the password from a Wazo key file, with lines `service_id: ...` and `service_key: ...`.
    Options &set_from_key_file(Text path) & {
        put_key_file(path);
        return *this;
    }

    // On an rvalue, return by value: a reference would dangle.
    [[nodiscard]] Options set(Text key, Text value) && {
        put(key, value);
        return std::move(*this);
    }
    template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    [[nodiscard]] Options set(Text key, T value) && {
        put(key, detail::option_text(value));
        return std::move(*this);
    }
    [[nodiscard]] Options set_url(Text url) && {
        put_url(url);
        return std::move(*this);
    }
    [[nodiscard]] Options set_from_key_file(Text path) && {
        put_key_file(path);
        return std::move(*this);
    }

    /// The C handle. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_options *get() const noexcept { return options_.get(); }

private:
    void put(const Text &key, const Text &value) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_options_set(present(), key.c_str("key"), value.c_str("value"), outcome.error()));
    }

    void put_url(const Text &url) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_options_set_url(present(), url.c_str("url"), outcome.error()));
    }

    void put_key_file(const Text &path) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_options_set_from_key_file(present(), path.c_str("path"), outcome.error()));
    }

    [[nodiscard]] wazo_auth_options *present() const { return detail::present(options_.get(), "options"); }

    detail::Owned<wazo_auth_options, wazo_auth_options_free> options_;
};

/// Cancels calls from another thread: all calls of the clients that Client::with() created with this cancellation.
///
/// Thread-safe. It may be destroyed before those clients.
class Cancellation {
public:
    Cancellation() : cancellation_(wazo_auth_cancellation_new()) {
        if (!cancellation_) throw std::bad_alloc();
    }

    /// Ends all running calls with ErrorKind::cancelled. Until reset(), new calls fail at once and send nothing.
    void cancel() const noexcept { wazo_auth_cancellation_cancel(cancellation_.get()); }

    /// Allows new calls again.
    void reset() const noexcept { wazo_auth_cancellation_reset(cancellation_.get()); }

    /// The C handle. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_cancellation *get() const noexcept { return cancellation_.get(); }

private:
    detail::Owned<wazo_auth_cancellation, wazo_auth_cancellation_free> cancellation_;
};

class Renewer;

/// A client of a wazo-auth server: the operations by resource (`client.users().get(uuid)`), and calls by name.
///
/// Thread-safe, including set() and set_token(). It can be used in child processes after fork. The constructor neither
/// connects nor starts a thread. The calls of a moved-from client throw ErrorKind::invalid_argument.
class Client : public Operations {
public:
    /// Creates a client. It copies the options.
    explicit Client(const Options &options) : Operations(made(options)) {}

    Client(Client &&) noexcept = default;
    Client &operator=(Client &&) noexcept = default;
    // Not copyable: copies would share one token. with() creates another client.
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    /// Creates a client that shares this one's connection pool and differs in one option: username, password, token,
    /// tenant_uuid, timeout_ms, user_agent, max_response_bytes or retries. An empty or omitted value unsets an option
    /// that has no default.
    [[nodiscard]] Client with(Text key, OptionalText value) const { return derived(key, value); }

    /// The same for an option that is an integer.
    template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    [[nodiscard]] Client with(Text key, T value) const {
        return derived(key, detail::option_text(value));
    }

    /// The same with several options at once: `client.with({{"token", token}, {"timeout_ms", 500}})`.
    [[nodiscard]] Client with(const Object &options) const {
        detail::Outcome outcome;
        return Client(outcome.handle(wazo_auth_client_with_json(present(), options.json().c_str(), outcome.error())));
    }

    /// Creates a client that shares this one's connection pool and whose calls the cancellation can end.
    [[nodiscard]] Client with(const Cancellation &cancellation) const {
        detail::Outcome outcome;
        const auto *by = detail::present(cancellation.get(), "cancellation");
        return Client(outcome.handle(wazo_auth_client_with_cancellation(present(), by, outcome.error())));
    }

    /// Creates a client that shares this one's connection pool and whose calls use the token of a renewer. A call waits
    /// for a token if there is none, and is repeated once with a new one if the server rejects the old one.
    [[nodiscard]] Client with(const Renewer &renewer) const;

    /// Changes an option for the calls that begin afterwards. Clients created by with() are not affected.
    void set(Text key, OptionalText value) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_client_set(present(), key.c_str("key"), value.c_str("value"), outcome.error()));
    }

    /// Changes the token for the calls that begin afterwards. An omitted token unsets it.
    void set_token(OptionalText token) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_client_set_token(present(), token.c_str("token"), outcome.error()));
    }

    /// The URL that the paths of operations are appended to, for logs.
    [[nodiscard]] std::string base_url() const {
        const char *url = get() ? wazo_auth_client_base_url(get()) : nullptr;
        return url ? url : "";
    }

    /// Calls any operation by its name: `client.call("users.list", {{"search", "ali"}})`.
    ///
    /// The arguments are the parameters of the operation, by their names in docs/operations.md, and optionally "query"
    /// and "body"; see wazo_auth_call().
    ///
    /// For a question such as "token.check", use ask(): call() returns the strings "true" and "false", neither of which
    /// is empty.
    ///
    /// @return the result as JSON: "null" if the operation has none, "true" or "false" for a question
    std::string call(Text operation, OptionalText arguments = {}) const {
        return called(operation, arguments).value_or("false");
    }

    /// Asks a question by its name: `client.ask("token.check", {{"token", token}, {"required_acl", "users.read"}})`.
    ///
    /// @return true only if the server answered yes; throws if the answer is not known. Throws
    /// ErrorKind::invalid_argument, and sends nothing, if the operation is not a question.
    [[nodiscard]] bool ask(Text question, OptionalText arguments = {}) const {
        detail::require_question(question.c_str("operation"));
        return called(question, arguments) == "true";
    }

    /// Calls any operation by its name, as call() does.
    /// @return a JSON object with the response's status and headers, and the result
    std::string call_response(Text operation, OptionalText arguments = {}) const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_call_response(
            present(), operation.c_str("operation"), arguments.c_str("arguments_json"), outcome.error()));
    }

    /// Sends a request for which there is no operation, such as one of a newer server.
    /// @param method "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE"
    /// @param path the percent-encoded path after the API version, such as "/users/UUID/groups"
    /// @param query a JSON object of query keys
    /// @param body a JSON document
    /// @return a JSON object with the response's status and headers, and the result
    std::string request(Text method, Text path, OptionalText query = {}, OptionalText body = {}) const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_request(present(), method.c_str("method"), path.c_str("path"),
                                              query.c_str("query"), body.c_str("body"), outcome.error()));
    }

    /// Lists the items of a listing one by one, whatever their number:
    /// `for (const auto &user : client.pages("users.list")) ...`. Nothing is sent before the first item is asked for.
    ///
    /// @param operation the name of an operation that takes `limit` and `offset`
    /// @param arguments as for call(), without `limit` and `offset`
    /// @param options such as `{{"page_size", 100}, {"max_items", 1000}}`; docs/options.md lists them
    [[nodiscard]] Pages pages(Text operation, OptionalText arguments = {}, OptionalText options = {}) const {
        detail::Outcome outcome;
        return Pages(outcome.handle(wazo_auth_pages_new(present(), operation.c_str("operation"),
                                                        arguments.c_str("arguments_json"),
                                                        options.c_str("options_json"), outcome.error())));
    }

    /// The tenants that the token may see: a JSON array of the items of tenants.list, kept for 60 seconds.
    [[nodiscard]] std::string visible_tenants() const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_client_visible_tenants(present(), outcome.error()));
    }

    /// What this client and those that share its connection pool have done so far, as JSON: see
    /// wazo_auth_client_stats().
    [[nodiscard]] std::string stats() const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_client_stats(present(), outcome.error()));
    }

    /// Waits until the server is ready. Throws the error of the last attempt if it is not ready in time. A negative
    /// timeout stands for none at all.
    void wait_until_ready(std::chrono::milliseconds timeout) const {
        detail::Outcome outcome;
        const std::int64_t milliseconds = timeout.count();
        outcome.done(wazo_auth_client_wait_until_ready(present(), milliseconds, outcome.error()));
    }

    /// The C handle; NULL in a moved-from client. This object keeps the ownership.
    [[nodiscard]] const wazo_auth_client *get() const noexcept { return handle().get(); }

private:
    [[nodiscard]] const wazo_auth_client *present() const { return detail::present(get(), "client"); }

    /// The result of a call by name; std::nullopt if the answer to a question is no.
    std::optional<std::string> called(const Text &operation, const OptionalText &arguments) const {
        detail::Outcome outcome;
        return outcome.optional_text(wazo_auth_call(
            present(), operation.c_str("operation"), arguments.c_str("arguments_json"), outcome.error()));
    }

    explicit Client(wazo_auth_client *client) : Operations(detail::share(client)) {}

    [[nodiscard]] Client derived(const Text &key, const OptionalText &value) const {
        detail::Outcome outcome;
        return Client(outcome.handle(
            wazo_auth_client_with(present(), key.c_str("key"), value.c_str("value"), outcome.error())));
    }

    static detail::Handle made(const Options &options) {
        detail::Outcome outcome;
        const auto *of = detail::present(options.get(), "options");
        return detail::share(outcome.handle(wazo_auth_client_new(of, outcome.error())));
    }
};

} // namespace wazo::auth

#endif
