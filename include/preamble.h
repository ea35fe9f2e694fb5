/* The contract of the C interface, and the macros of its header: `cargo xtask codegen` puts what follows this paragraph
 * at the head of wazo_auth_client.h. Not to be included or installed. */

/**
 * @file wazo_auth_client.h
 * The client of wazo-auth for C and C++ programs.
 */

/**
 * @mainpage The contract
 *
 * wazo-auth-client is a client of wazo-auth, the authentication service of the Wazo platform. This page describes
 * the rules for all functions. A complete program:
 *
 * @code{.c}
 * #include <stdio.h>
 * #include <wazo_auth_client.h>
 *
 * int main(void)
 * {
 *     wazo_auth_error *error = NULL;
 *     wazo_auth_options *options = wazo_auth_options_new();
 *     wazo_auth_client *client = NULL;
 *     char *answer = NULL, *token = NULL;
 *     int status = 1;
 *
 *     if (!wazo_auth_options_set_url(options, "https://wazo.example.org/api/auth?timeout_ms=3000", &error))
 *         goto end;
 *     if (!(client = wazo_auth_client_new(options, &error)))
 *         goto end;
 *     if (!(answer = wazo_auth_token_new(client, "alice", "secret", "{\"expiration\": 3600}", &error)))
 *         goto end;
 *     if (!(token = wazo_auth_json_get(answer, "/token", &error)))
 *         goto end;
 *     if (wazo_auth_token_check(client, token, "confd.users.read", NULL, &error))
 *         puts("alice may read users");
 *     else if (!error)
 *         puts("alice may not read users");
 *     status = error ? 1 : 0;
 * end:
 *     if (error)
 *         fprintf(stderr, "%s\n", wazo_auth_error_message(error));
 *     wazo_auth_error_free(error);
 *     wazo_auth_string_free(token);
 *     wazo_auth_string_free(answer);
 *     wazo_auth_client_free(client);
 *     wazo_auth_options_free(options);
 *     return status;
 * }
 * @endcode
 *
 *     cc program.c -lwazo_auth_client
 *
 * @par Names
 * wazo_auth_<type>_<verb> is a function of a handle, such as wazo_auth_queue_submit(). wazo_auth_<resource>_<operation>
 * makes a call, such as wazo_auth_users_get(); these functions are in wazo_auth_client/operations.h. wazo_auth_call()
 * makes any of these calls by name, and wazo_auth_request() sends any other request.
 *
 * @par Results
 * A function with a result returns `char *`, a JSON document, or NULL on failure. A function without a result returns
 * `bool`: true on success, false on failure. A question, such as wazo_auth_token_check(), returns true only if the
 * server answers yes. False without an error means no; false with an error means that the answer is not known.
 * wazo_auth_call() of a question returns "true" for yes, and NULL without an error for no. An `if` around any call
 * therefore fails closed. For a call from a queue, use wazo_auth_completion_is_yes().
 *
 * @par Errors
 * The last parameter of a function that can fail is the address of a `wazo_auth_error *`, or NULL. Initialise it to
 * NULL: it is written on failure only. Do not read it in the argument list of the call that writes it, because C
 * evaluates arguments in any order. wazo_auth_error_kind() returns the kind of an error, a ::wazo_auth_error_kind_t,
 * and wazo_auth_error_kind_text() its name. New kinds can be added: give every switch a default.
 *
 * @par Arguments
 * Strings are UTF-8 and end with NUL. Path arguments come first, in the order of the path; then the body, a JSON
 * document, or the query, a JSON object; then the tenant, NULL for the client's own; then the error. An invalid
 * argument (NULL where it is not allowed, not UTF-8, not JSON, an empty path argument, "." or "..") fails at once with
 * ::WAZO_AUTH_ERROR_INVALID_ARGUMENT, and the message names the argument; nothing is sent. Every other path argument is
 * percent-encoded into one segment of the path.
 *
 * @par Questions about tokens
 * The token of wazo_auth_token_check() may come from an untrusted peer. A token that no server can know (empty, "..",
 * with control characters, not UTF-8, longer than 8,000 bytes) is answered with no, and nothing is sent. If the
 * required access or the tenant is an empty string, the function fails with ::WAZO_AUTH_ERROR_INVALID_ARGUMENT, and
 * the message names the argument. Pass NULL to check no access or no tenant.
 *
 * @par Ownership
 * The caller owns the handles that functions ending in `_new`, `_with`, `_with_json`, `_with_cancellation` and
 * `_with_renewer` return, the completions that wazo_auth_queue_next() returns, the errors that functions store, and
 * every `char *`. Free each once: a handle with the `_free` function of its type, a `char *` with
 * wazo_auth_string_free(). Ignoring a returned string leaks it. The caller does not own a `const char *`: it is valid
 * as long as the handle that it came from. The caller keeps ownership of every argument, and may free it as soon as
 * the function returns. Every `_free` function accepts NULL, does no network I/O and cannot fail.
 *
 * @par Handles
 * Each handle carries its type. A function that gets NULL, a handle of another type or, as far as that can be detected,
 * a freed handle fails with ::WAZO_AUTH_ERROR_INVALID_ARGUMENT, and the message says so. Functions without an error
 * parameter return what they document for NULL. Using a freed handle remains undefined behaviour: the check only helps
 * to find the mistake.
 *
 * @par Threads
 * A client, a cancellation, a queue, a verifier, a renewer and a health watch are thread-safe: any number of threads
 * may use one at the same time. Several threads may read an error at the same time. Options and completions are not
 * thread-safe: use each from one thread at a time. Free a handle when no function uses it any more. A blocking call
 * runs on the caller's thread. It starts no thread, except for a name look-up, which runs on a separate thread until
 * it ends. The first queue of a process, or the first renewer that starts, starts one thread, which all share.
 *
 * @par Callbacks
 * A function of yours that the library calls (a wake-up function, a listener, an interrupt check, a log callback) must
 * return. If a C++ exception, longjmp() or pthread_exit() leaves it, the process ends: nothing can be unwound through
 * the library. The C++ classes catch what their functions throw, and throw it again on a thread of yours.
 *
 * @par Fork
 * A handle created before fork() works in every child and in the parent. Each child opens its own connections. A call
 * in progress during fork() continues in the parent. In the child, its queue reports it with ::WAZO_AUTH_ERROR_CLOSED.
 * A renewer continues in the child with the token of the parent; see wazo_auth_renewer.
 *
 * @par Signals and file descriptors
 * The library installs no signal handler, and changes the signal mask of a thread only during a call. It never raises
 * SIGPIPE. All its file descriptors are close-on-exec. A signal does not end a call; a check of the thread can
 * (wazo_auth_set_interrupt_check()).
 *
 * @par Exit
 * At exit you need not free handles, even if calls are in progress. After dlclose() the code stays mapped, so that no
 * thread returns into unmapped code.
 *
 * @par Secrets
 * No error and no log contains a password or a token.
 *
 * @par More
 * docs/operations.md describes every operation and its result, docs/options.md every option, docs/errors.md every kind
 * of error, docs/host.md what the library promises to a host process.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Warns if the result is ignored. */
#if defined(__GNUC__)
#define WAZO_AUTH_MUST_USE __attribute__((warn_unused_result))
#else
#define WAZO_AUTH_MUST_USE
#endif

/* Warns if the function is used; -DWAZO_AUTH_NO_DEPRECATED silences that. docs/abi.md says when a function goes. */
#if defined(WAZO_AUTH_NO_DEPRECATED)
#define WAZO_AUTH_DEPRECATED(why)
#elif defined(__GNUC__)
#define WAZO_AUTH_DEPRECATED(why) __attribute__((deprecated(why)))
#elif defined(_MSC_VER)
#define WAZO_AUTH_DEPRECATED(why) __declspec(deprecated(why))
#else
#define WAZO_AUTH_DEPRECATED(why)
#endif

/*
 * Warns if NULL is passed for one of these arguments, numbered from 1. The library checks for NULL in any case.
 * Compilers assume that a pointer passed here is not NULL, and may remove the caller's later checks. To prevent that,
 * define this macro to nothing before including the header.
 */
#ifndef WAZO_AUTH_NONNULL
#if defined(__GNUC__)
#define WAZO_AUTH_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define WAZO_AUTH_NONNULL(...)
#endif
#endif
