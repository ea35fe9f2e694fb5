// Options, clients, and what ends their calls. Included by wazo_auth_client.hpp.

#ifndef WAZO_AUTH_CLIENT_CLIENT_HPP
#define WAZO_AUTH_CLIENT_CLIENT_HPP

#include "operations.hpp"

namespace wazo::auth {

/// The version of the library that is loaded, such as "0.1.0"; WAZO_AUTH_VERSION_NUMBER tells the header's.
[[nodiscard]] inline std::string_view version() noexcept { return wazo_auth_version(); }

/// The settings of a client to be: keys and texts, as a configuration file has them.
///
/// To be used by one thread at a time. The keys stand in docs/options.md.
///
/// Setting can be chained, on a variable and on the way to one:
///
///     const auto options = wazo::auth::Options().set("host", "auth.example.com").set("timeout_ms", 3000);
class Options {
public:
    /// The defaults; only `host` is missing.
    Options() : options_(wazo_auth_options_new()) {
        if (!options_) throw std::bad_alloc();
    }

    /// What a URL says; see set_url().
    [[nodiscard]] static Options from_url(Text url) {
        Options options;
        options.put_url(url);
        return options;
    }

    /// What the environment says: WAZO_AUTH_URL, then WAZO_AUTH_ and each option's key in capitals. It must not run
    /// while another thread changes the environment.
    [[nodiscard]] static Options from_environment() {
        Options options;
        detail::Outcome outcome;
        outcome.done(wazo_auth_options_set_from_environment(options.options_.get(), outcome.error()));
        return options;
    }

    /// Sets one option; an empty text for none.
    Options &set(Text key, Text value) & {
        put(key, value);
        return *this;
    }

    /// Sets an option that is a number or a truth value.
    template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    Options &set(Text key, T value) & {
        put(key, detail::option_text(value));
        return *this;
    }

    /// Sets what a URL says: `https://alice:secret@host:443/api/auth?timeout_ms=3000`. The path is the prefix; the
    /// query holds further options.
    Options &set_url(Text url) & {
        put_url(url);
        return *this;
    }

    /// Sets user name and password from a key file of Wazo's: lines `service_id: ...` and `service_key: ...`.
    Options &set_from_key_file(Text path) & {
        put_key_file(path);
        return *this;
    }

    // Of a value that nobody holds yet, a reference would be left over: the value itself goes on.
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

    /// The C handle, which stays this object's.
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

/// Ends calls from another thread: those of the clients that Client::with() made with it, which it may outlive or not.
/// Any thread may use it at any time.
class Cancellation {
public:
    Cancellation() : cancellation_(wazo_auth_cancellation_new()) {
        if (!cancellation_) throw std::bad_alloc();
    }

    /// Ends all calls that run with it, with ErrorKind::cancelled. Calls that begin later end at once and send nothing,
    /// until reset().
    void cancel() const noexcept { wazo_auth_cancellation_cancel(cancellation_.get()); }

    /// Lets calls that begin from now on run again.
    void reset() const noexcept { wazo_auth_cancellation_reset(cancellation_.get()); }

    /// The C handle, which stays this object's.
    [[nodiscard]] const wazo_auth_cancellation *get() const noexcept { return cancellation_.get(); }

private:
    detail::Owned<wazo_auth_cancellation, wazo_auth_cancellation_free> cancellation_;
};

/// A client of one wazo-auth: the operations by resource (`client.users().get(uuid)`), and what is besides them.
///
/// Any number of threads may use it at once, and every child of the process that made it. Making one connects nothing
/// and starts no thread. One that was moved from has no handle: its calls throw ErrorKind::invalid_argument.
class Client : public Operations {
public:
    /// Makes a client of these options, which are not needed any more afterwards.
    explicit Client(const Options &options) : Operations(made(options)) {}

    Client(Client &&) noexcept = default;
    Client &operator=(Client &&) noexcept = default;
    // Two objects, and one token that either changes: with() makes another handle, and says what it differs in.
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    /// A client that shares this one's connections and differs in one option of its calls: username, password, token,
    /// tenant_uuid, timeout_ms, user_agent, max_response_bytes or retries. An empty or left out value means none.
    [[nodiscard]] Client with(Text key, OptionalText value) const { return derived(key, value); }

    /// The same where the option is a number.
    template <typename T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    [[nodiscard]] Client with(Text key, T value) const {
        return derived(key, detail::option_text(value));
    }

    /// The same with several options at once: `client.with({{"token", token}, {"timeout_ms", 500}})`.
    [[nodiscard]] Client with(const Object &options) const {
        detail::Outcome outcome;
        return Client(outcome.handle(wazo_auth_client_with_json(present(), options.json().c_str(), outcome.error())));
    }

    /// A client that shares this one's connections and whose calls the cancellation ends.
    [[nodiscard]] Client with(const Cancellation &cancellation) const {
        detail::Outcome outcome;
        const auto *by = detail::present(cancellation.get(), "cancellation");
        return Client(outcome.handle(wazo_auth_client_with_cancellation(present(), by, outcome.error())));
    }

    /// Changes an option of this client's calls, at once and whole. Clients that were derived from it keep theirs.
    void set(Text key, OptionalText value) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_client_set(present(), key.c_str("key"), value.c_str("value"), outcome.error()));
    }

    /// Changes the token of this client's calls; none where it is left out.
    void set_token(OptionalText token) {
        detail::Outcome outcome;
        outcome.done(wazo_auth_client_set_token(present(), token.c_str("token"), outcome.error()));
    }

    /// The URL that the paths of operations are put behind, for logs.
    [[nodiscard]] std::string base_url() const {
        const char *url = get() ? wazo_auth_client_base_url(get()) : nullptr;
        return url ? url : "";
    }

    /// Carries out any operation by its name: `client.call("users.list", {{"search", "ali"}})`.
    ///
    /// The arguments are the operation's parameters by the names of docs/operations.md, and beside them "query" and
    /// "body". @return the result as JSON; "null" where there is none, "true" or "false" for a question
    std::string call(Text operation, OptionalText arguments = {}) const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_call(
            present(), operation.c_str("operation"), arguments.c_str("arguments_json"), outcome.error()));
    }

    /// The same, with the answer's status and headers: @return a JSON object of status, headers and result
    std::string call_response(Text operation, OptionalText arguments = {}) const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_call_response(
            present(), operation.c_str("operation"), arguments.c_str("arguments_json"), outcome.error()));
    }

    /// Sends a request that the table of operations does not have, such as one of a newer server.
    /// @param method "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE"
    /// @param path below the API's version and percent-encoded, such as "/users/UUID/groups"
    /// @param query a JSON object of query keys
    /// @param body a JSON text
    /// @return a JSON object of status, headers and result
    std::string request(Text method, Text path, OptionalText query = {}, OptionalText body = {}) const {
        detail::Outcome outcome;
        return outcome.text(wazo_auth_request(present(), method.c_str("method"), path.c_str("path"),
                                              query.c_str("query"), body.c_str("body"), outcome.error()));
    }

    /// The C handle, which stays this object's; NULL where it was moved from.
    [[nodiscard]] const wazo_auth_client *get() const noexcept { return handle().get(); }

private:
    [[nodiscard]] const wazo_auth_client *present() const { return detail::present(get(), "client"); }

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
