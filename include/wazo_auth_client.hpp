/**
 * @file wazo_auth_client.hpp
 * The client of wazo-auth for C++17: header-only, over the C library. This is the only file to include.
 *
 * A complete program:
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
 * Operations. All of wazo-auth's, by resource: `client.users().get(uuid)`, `client.token().check(token, access)`; they
 * stand in wazo_auth_client/operations.hpp and docs/operations.md. A name that is a keyword of C++ has an underscore
 * behind it: `new_`, `delete_`, `register_`. Arguments that may be left out come last and are left out by `{}`. An
 * object (a body, a query, options) is given as JSON text, or as it stands: `{{"limit", 10}}`; see Object.
 *
 * Results. std::string, a JSON document as the server sent it. A question returns bool: true only if the server answered
 * yes. It throws if the check failed, so an `if` around it fails closed. By name, use Client::ask(), Completion::is_yes()
 * or Dispatcher::ask(), and not the text that call() returns.
 *
 * Errors. Every failure is a wazo::auth::Error, a std::runtime_error with kind, status, error_id, details and flags.
 * Nothing else is thrown but std::bad_alloc, and std::system_error where a Dispatcher gets no thread.
 *
 * Ownership. Client, Options, Cancellation, Queue, Completion and Dispatcher own their handles, move and do not copy.
 * What `client.users()` returns has a share in the client's handle: it may outlive the client.
 *
 * Threads. A Client, a Cancellation, a Queue and a Dispatcher may be used by any threads at once; assigning, moving and
 * ending one is not using it. Options and a Completion are used by one thread at a time. Errors may be copied, and read
 * by any thread.
 *
 * Many calls at once. Dispatcher gives std::future, with a thread of its own; Queue fits into an event loop, with a
 * descriptor to wait on. Cancellation ends calls from another thread.
 *
 * Fork. A Client, Cancellation or Queue made before fork works in every child; a Dispatcher is made in the child. What
 * else holds in a host process is said in wazo_auth_client.h, and holds here too.
 */

#ifndef WAZO_AUTH_CLIENT_HPP
#define WAZO_AUTH_CLIENT_HPP

/* MSVC tells the truth in _MSVC_LANG alone, unless it is asked for it in __cplusplus. */
#if !((defined(_MSVC_LANG) && _MSVC_LANG >= 201703L) || __cplusplus >= 201703L)
#error "wazo_auth_client.hpp needs C++17 or later: compile with -std=c++17 (GCC, Clang) or /std:c++17 (MSVC)"
#endif

#include "wazo_auth_client.h"

#include "wazo_auth_client/client.hpp"
#include "wazo_auth_client/dispatcher.hpp"
#include "wazo_auth_client/error.hpp"
#include "wazo_auth_client/operations.hpp"
#include "wazo_auth_client/queue.hpp"
#include "wazo_auth_client/text.hpp"

#endif
