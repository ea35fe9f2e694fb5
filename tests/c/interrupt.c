/* The interrupt check: who waits for an answer that never comes can end the call, and nobody else is disturbed. Run under
 * valgrind too.
 *
 *     interrupt URL
 *
 * The simulator behind the URL knows admin with the password "secret". The clients called silent ask a port of this
 * program from which nobody takes connections, and without a limit of time: only the check ends their calls.
 */
#define _XOPEN_SOURCE 700

#include "check.h"
#include "sockets.h"

#include <pthread.h>
#include <time.h>
#ifndef _WIN32
#include <signal.h>
#include <sys/time.h>
#endif

static const char *url;
static wazo_auth_client *good, *silent, *silent_by_proxy, *refused;

/* A client without a limit of time; `key` is an option more. */
static wazo_auth_client *patient(const char *its_url, const char *key, const char *value)
{
    const char *const pairs[] = {"url", its_url, "timeout_ms", "0", "token", "t",
                                 "username", "u", "password", "p", key, value, NULL};
    return client_with_options(pairs);
}

/* What a check was asked: it says no at its `last` call. */
struct asked {
    int calls, last;
    pthread_t thread;
};

static bool counts(void *data)
{
    struct asked *asked = data;
    asked->calls++;
    asked->thread = pthread_self();
    return asked->calls < asked->last;
}

static struct asked asked;

/* Sets a check that ends the next call at its third question. */
static void give_three_questions(void)
{
    memset(&asked, 0, sizeof asked);
    asked.last = 3;
    wazo_auth_set_interrupt_check(counts, &asked);
}

/* That the call which has left this error was ended by the third question, asked on this thread. */
static void check_ended_by_third(wazo_auth_error **error, const char *fragment, int line)
{
    check_error(error, WAZO_AUTH_ERROR_CANCELLED, fragment, __FILE__, line);
    if (asked.calls != 3 || !pthread_equal(asked.thread, pthread_self())) {
        report_failures_here++;
        note("line %d: %d questions", line, asked.calls);
    }
    wazo_auth_set_interrupt_check(NULL, NULL);
}
#define CHECK_ENDED_BY_THIRD(fragment) check_ended_by_third(&error, fragment, __LINE__)

static void ends_the_call(void)
{
    wazo_auth_error *error = NULL;
    give_three_questions();
    CHECK(wazo_auth_users_list(silent, NULL, NULL, &error) == NULL);
    CHECK(!wazo_auth_error_is_in_doubt(error));
    CHECK_ENDED_BY_THIRD("cancelled by the caller while waiting for the response");
    give_three_questions();
    CHECK(wazo_auth_request(silent, "POST", "/users", NULL, "{}", &error) == NULL);
    CHECK(wazo_auth_error_is_in_doubt(error));
    CHECK_ENDED_BY_THIRD("POST /users");
    give_three_questions();
    CHECK(wazo_auth_call(silent, "users.list", NULL, &error) == NULL);
    CHECK_ENDED_BY_THIRD("users.list");
    give_three_questions();
    CHECK(!wazo_auth_token_check(silent, "t", NULL, NULL, &error));
    CHECK_ENDED_BY_THIRD("token.check");
}

static void ends_the_call_over_an_event_loop(void)
{
    wazo_auth_error *error = NULL;
    give_three_questions();
    CHECK(!wazo_auth_users_delete(silent_by_proxy, "u", NULL, &error));
    CHECK(wazo_auth_error_is_in_doubt(error));
    CHECK_ENDED_BY_THIRD("cancelled by the caller");
}

static void ends_every_wait(void)
{
    wazo_auth_error *error = NULL;
    wazo_auth_verdict_t verdict;
    give_three_questions();
    CHECK(wazo_auth_users_list(refused, NULL, NULL, &error) == NULL);
    CHECK_ENDED_BY_THIRD("while waiting to repeat a failed attempt");
    give_three_questions();
    CHECK(!wazo_auth_client_wait_until_ready(silent, -1, &error));
    CHECK_ENDED_BY_THIRD(NULL);
    /* The pauses between probes are a part of the same wait. */
    give_three_questions();
    CHECK(!wazo_auth_client_wait_until_ready(refused, -1, &error));
    CHECK_ENDED_BY_THIRD("while waiting");

    wazo_auth_pages *pages = wazo_auth_pages_new(silent, "users.list", NULL, NULL, &error);
    give_three_questions();
    CHECK(wazo_auth_pages_next(pages, &error) == NULL);
    CHECK_ENDED_BY_THIRD("users.list");
    wazo_auth_pages_free(pages);

    wazo_auth_verifier *verifier = wazo_auth_verifier_new(silent, NULL, &error);
    give_three_questions();
    CHECK(!wazo_auth_verifier_check(verifier, "a-token", NULL, NULL, &verdict, &error));
    CHECK_ENDED_BY_THIRD("token.get");
    wazo_auth_verifier_free(verifier);

    wazo_auth_renewer *renewer = wazo_auth_renewer_new(silent, NULL, &error);
    wazo_auth_client *bound = wazo_auth_client_with_renewer(silent, renewer, &error);
    give_three_questions();
    CHECK(!wazo_auth_renewer_start(renewer, -1, &error));
    CHECK_ENDED_BY_THIRD("while waiting for the renewer");
    give_three_questions();
    CHECK(wazo_auth_users_list(bound, NULL, NULL, &error) == NULL);
    CHECK_ENDED_BY_THIRD("users.list");
    wazo_auth_client_free(bound);
    wazo_auth_renewer_free(renewer);
}

/* Asks the same as somebody else, and waits for that answer. */
static struct {
    wazo_auth_verifier *verifier;
    wazo_auth_cancellation *cancellation;
} led;

static void *lead(void *data)
{
    wazo_auth_error *error = NULL;
    wazo_auth_verdict_t verdict;
    (void)data;
    CHECK(!wazo_auth_verifier_check(led.verifier, "a-token", NULL, NULL, &verdict, &error));
    return error;
}

static void ends_the_wait_for_somebody_elses_question(void)
{
    char its_url[64];
    wazo_auth_error *error = NULL, *of_leader;
    wazo_auth_verdict_t verdict;
    pthread_t leader;
    void *returned;
    const int port = own_port(true, "http", its_url, sizeof its_url);
    wazo_auth_client *its_client = patient(its_url, NULL, NULL);
    led.cancellation = wazo_auth_cancellation_new();
    wazo_auth_client *cancellable = wazo_auth_client_with_cancellation(its_client, led.cancellation, &error);
    led.verifier = wazo_auth_verifier_new(cancellable, NULL, &error);
    CHECK(pthread_create(&leader, NULL, lead, NULL) == 0);
    /* Its connection has come: its request is on its way. */
    struct pollfd connection = {port, POLLIN, 0};
    CHECK(POLL_SOCKETS(&connection, 1, -1) == 1);
    give_three_questions();
    CHECK(!wazo_auth_verifier_check(led.verifier, "a-token", NULL, NULL, &verdict, &error));
    CHECK_ENDED_BY_THIRD("somebody else's question");
    wazo_auth_cancellation_cancel(led.cancellation);
    CHECK(pthread_join(leader, &returned) == 0);
    of_leader = returned;
    CHECK_ERROR(of_leader, WAZO_AUTH_ERROR_CANCELLED, "token.get");
    wazo_auth_verifier_free(led.verifier);
    wazo_auth_client_free(cancellable);
    wazo_auth_client_free(its_client);
    wazo_auth_cancellation_free(led.cancellation);
    close_socket(port);
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void not_called_for_a_fast_call(void)
{
    wazo_auth_error *error = NULL;
    bool was_fast = false;
    /* On a busy machine a call may be slow; then it says nothing, and the next one is looked at. */
    for (int call = 0; call < 1000 && !was_fast; call++) {
        memset(&asked, 0, sizeof asked);
        asked.last = 1000000;
        const double begun = milliseconds();
        wazo_auth_set_interrupt_check(counts, &asked);
        CHECK(wazo_auth_status_check(good, &error) && error == NULL);
        wazo_auth_set_interrupt_check(NULL, NULL);
        was_fast = milliseconds() - begun < 50;
    }
    CHECK(was_fast && asked.calls == 0);
}

#ifndef _WIN32
static volatile sig_atomic_t alarmed;

static void on_alarm(int signal)
{
    (void)signal;
    alarmed = 1;
}

static bool until_alarmed(void *data)
{
    ++*(int *)data;
    return !alarmed;
}

static void a_signal_ends_the_call(void)
{
    wazo_auth_error *error = NULL;
    int calls = 0;
    struct sigaction action, before;
    const struct itimerval soon = {{0, 0}, {0, 20000}};
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    /* Even so: poll() is never restarted. */
    action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &action, &before) == 0);
    wazo_auth_set_interrupt_check(until_alarmed, &calls);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(wazo_auth_users_list(silent, NULL, NULL, &error) == NULL);
    CHECK(alarmed && calls > 0);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CANCELLED, "users.list");
    wazo_auth_set_interrupt_check(NULL, NULL);
    CHECK(sigaction(SIGALRM, &before, NULL) == 0);
}
#endif

static void *times_out(void *data)
{
    wazo_auth_error *error = NULL;
    CHECK(wazo_auth_users_list(data, NULL, NULL, &error) == NULL);
    return error;
}

static void of_its_thread_alone(void)
{
    wazo_auth_error *error = NULL, *of_other;
    pthread_t other;
    void *returned;
    wazo_auth_client *limited = wazo_auth_client_with(silent, "timeout_ms", "400", &error);
    give_three_questions();
    CHECK(pthread_create(&other, NULL, times_out, limited) == 0);
    CHECK(wazo_auth_users_list(silent, NULL, NULL, &error) == NULL);
    CHECK_ENDED_BY_THIRD("users.list");
    CHECK(pthread_join(other, &returned) == 0);
    of_other = returned;
    CHECK_ERROR(of_other, WAZO_AUTH_ERROR_TIMEOUT, "users.list");
    wazo_auth_client_free(limited);
}

/* Makes blocking calls itself, one of which waits for longer than the check's interval. */
static bool calls_itself(void *data)
{
    wazo_auth_error *error = NULL;
    int *depth = data;
    CHECK(++*depth == 1);
    CHECK(wazo_auth_status_check(good, &error) && error == NULL);
    wazo_auth_client *limited = wazo_auth_client_with(silent, "timeout_ms", "120", &error);
    CHECK(wazo_auth_users_list(limited, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TIMEOUT, "users.list");
    wazo_auth_client_free(limited);
    limited = wazo_auth_client_with(silent_by_proxy, "timeout_ms", "120", &error);
    CHECK(wazo_auth_users_list(limited, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TIMEOUT, "users.list");
    wazo_auth_client_free(limited);
    --*depth;
    return false;
}

static void may_make_calls(void)
{
    wazo_auth_error *error = NULL;
    int depth = 0;
    wazo_auth_set_interrupt_check(calls_itself, &depth);
    CHECK(wazo_auth_users_list(silent, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CANCELLED, "users.list");
    CHECK(wazo_auth_users_list(silent_by_proxy, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CANCELLED, "users.list");
    wazo_auth_set_interrupt_check(NULL, NULL);
}

static bool removes_itself(void *data)
{
    ++*(int *)data;
    wazo_auth_set_interrupt_check(NULL, NULL);
    return true;
}

static void may_remove_itself(void)
{
    wazo_auth_error *error = NULL;
    int calls = 0;
    wazo_auth_client *limited = wazo_auth_client_with(silent, "timeout_ms", "200", &error);
    wazo_auth_set_interrupt_check(removes_itself, &calls);
    CHECK(wazo_auth_users_list(limited, NULL, NULL, &error) == NULL && calls == 1);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TIMEOUT, "users.list");
    wazo_auth_client_free(limited);
}

int main(int argc, char **argv)
{
    char silent_url[64], refused_url[64];
    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    url = argv[1];
    const int listening = own_port(true, "http", silent_url, sizeof silent_url);
    const int closed = own_port(false, "http", refused_url, sizeof refused_url);
    good = patient(url, NULL, NULL);
    silent = patient(silent_url, NULL, NULL);
    silent_by_proxy = patient("http://wazo.example.org", "proxy", silent_url);
    refused = patient(refused_url, "retries", "10");
    RUN("a check that says no ends the call at once, which says whether it is in doubt", ends_the_call);
    RUN("so it does over an event loop (a proxy)", ends_the_call_over_an_event_loop);
    RUN("so it does between attempts, probes and pages, and while a verifier or a renewer waits", ends_every_wait);
    RUN("so it does while a verifier waits for somebody else's question", ends_the_wait_for_somebody_elses_question);
    RUN("the check is not called for a fast call", not_called_for_a_fast_call);
#ifndef _WIN32
    RUN("a signal whose handler sets a flag ends the call by the check", a_signal_ends_the_call);
#else
    report_skip("a signal whose handler sets a flag ends the call by the check", "Windows has no such signals");
#endif
    RUN("the check of one thread does not end the calls of another", of_its_thread_alone);
    RUN("the check may make blocking calls, and is not called for them", may_make_calls);
    RUN("the check may remove itself, and the call goes on", may_remove_itself);
    wazo_auth_client_free(refused);
    wazo_auth_client_free(silent_by_proxy);
    wazo_auth_client_free(silent);
    wazo_auth_client_free(good);
    close_socket(closed);
    close_socket(listening);
    return finish();
}
