/**
 * @file wazo_auth_client.hpp
 * The client of wazo-auth for C++17: headers that use the C library. Include only this file.
 */

/**
 * @page wazo_auth_cpp The contract of C++
 *
 * wazo_auth_client.hpp is the client of wazo-auth for C++17: headers that use the C library. This page describes the rules
 * for all classes. A complete program:
 *
 *     #include <wazo_auth_client.hpp>
 *     #include <iostream>
 *
 *     int main() try {
 *         const auto options = wazo::auth::Options::from_url("https://wazo.example.org/api/auth?timeout_ms=3000");
 *         const wazo::auth::Client client(options);
 *
 *         const std::string answer = client.token().new_("alice", "secret", {{"expiration", 3600}});
 *         const auto me = client.with("token", wazo::auth::json_get(answer, "/token"));
 *
 *         std::cout << me.users().list({{"search", "ali"}, {"limit", 10}}) << '\n';
 *     } catch (const wazo::auth::Error &error) {
 *         std::cerr << error.what() << '\n';
 *         return error.is_retryable() ? 75 : 1;
 *     }
 *
 *     c++ -std=c++17 program.cpp -lwazo_auth_client
 *
 * @par Operations
 * They are grouped by resource: `client.users().get(uuid)`, `client.token().check(token, access)`.
 * wazo_auth_client/operations.hpp and docs/operations.md list them. A name that is a keyword of C++ ends with an
 * underscore: `new_`, `delete_`, `register_`. Optional arguments come last; `{}` leaves one out. A JSON object (a body,
 * a query, options) is either a JSON string or an initializer list such as `{{"limit", 10}}`; see Object.
 *
 * @par Results
 * An operation returns its result as a std::string: the JSON that the server sent. A question returns a bool:
 * true only if the server answers yes. It throws if the answer is not known. So an `if` around a question fails
 * closed. By name,
 * use Client::ask(), Completion::is_yes() or Dispatcher::ask(), and not the text that call() returns.
 *
 * @par Errors
 * Every failure throws a wazo::auth::Error, a std::runtime_error with kind, status, error_id, details and
 * flags. The only other exceptions are std::bad_alloc, and std::system_error if a Dispatcher cannot start its thread.
 *
 * @par Ownership
 * Access, Client, Options, Cancellation, Pages, Health, Queue, Completion, Dispatcher, Renewer and Verifier
 * own their handles. They can be moved, but not copied. The object that `client.users()` returns shares the ownership
 * of the client's handle: it may outlive the client.
 *
 * @par Threads
 * Access, Client, Cancellation, Health, Queue, Dispatcher, Renewer and Verifier are thread-safe, except for
 * assigning to, moving from and destroying an object. Use Options, Pages and a Completion from one thread at a time.
 * Errors can be copied, and read from any thread.
 *
 * @par Many calls at once
 * Dispatcher returns a std::future for each call, and has its own thread. Queue has a file
 * descriptor for an event loop. Cancellation ends calls from another thread. InterruptCheck asks, while a call waits,
 * whether it may go on.
 *
 * @par Log
 * LogCallback gets the log records of the process.
 *
 * @par A token that stays fresh
 * Renewer gets it, renews it and gives it to any number of clients (`client.with(renewer)`).
 *
 * @par Other people's tokens
 * Verifier decides about them from memory, and asks the server only about what it does not know:
 * `if (verifier.check(token, "sip.alice.register"))`.
 *
 * @par Long lists
 * Client::pages() lists items one by one.
 *
 * @par Readiness
 * Client::wait_until_ready() waits for the server; Health watches it.
 *
 * @par Fork
 * A Client, Cancellation, Health, Queue, Renewer or Verifier created before fork works in every child. Create a
 * Dispatcher in the child. All other rules of wazo_auth_client.h for host processes apply
 * here too.
 */

#ifndef WAZO_AUTH_CLIENT_HPP
#define WAZO_AUTH_CLIENT_HPP

/* MSVC sets __cplusplus to the language version only with /Zc:__cplusplus, but always sets _MSVC_LANG. */
#if !((defined(_MSVC_LANG) && _MSVC_LANG >= 201703L) || __cplusplus >= 201703L)
#error "wazo_auth_client.hpp needs C++17 or later: compile with -std=c++17 (GCC, Clang) or /std:c++17 (MSVC)"
#endif

#include "wazo_auth_client.h"

#include "wazo_auth_client/access.hpp"
#include "wazo_auth_client/client.hpp"
#include "wazo_auth_client/decision.hpp"
#include "wazo_auth_client/dispatcher.hpp"
#include "wazo_auth_client/error.hpp"
#include "wazo_auth_client/health.hpp"
#include "wazo_auth_client/interrupt.hpp"
#include "wazo_auth_client/log.hpp"
#include "wazo_auth_client/operations.hpp"
#include "wazo_auth_client/pages.hpp"
#include "wazo_auth_client/queue.hpp"
#include "wazo_auth_client/renewer.hpp"
#include "wazo_auth_client/text.hpp"
#include "wazo_auth_client/verifier.hpp"

#endif
