/* A server that wants the host's memory gets an error for it: no abort, no memory that stays, and the next call is good.
 *
 * Each answer is received in a process of its own, whose memory is limited to a little more than it has (RLIMIT_AS). The
 * server is giant.py.
 */
#include "host.h"

enum { HEADROOM_MB = 24 };

static void limit_memory(long megabytes)
{
    struct rlimit limit;
    limit.rlim_cur = limit.rlim_max = ((rlim_t)status_number("VmSize") << 10) + ((rlim_t)megabytes << 20);
    setrlimit(RLIMIT_AS, &limit);
}

/* One call; its kind of error, 0 for success. */
static int called(wazo_auth_queue *queue, const wazo_auth_client *client, const char *what, char **message)
{
    wazo_auth_error *error = NULL;
    wazo_auth_completion *completion = NULL;
    char *answer = NULL;
    if (queue == NULL) {
        answer = wazo_auth_users_get(client, what, NULL, &error);
    } else {
        if (submit(queue, client, what, NULL) == 0)
            return -1;
        completion = wazo_auth_queue_next(queue, 60000);
    }
    const wazo_auth_error *found = completion != NULL ? wazo_auth_completion_error(completion) : error;
    int kind = (int)wazo_auth_error_kind(found);
    if (message != NULL && found != NULL)
        *message = strdup(wazo_auth_error_message(found));
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
    wazo_auth_completion_free(completion);
    return kind;
}

static bool is_any(int kind, const int *kinds)
{
    for (; *kinds >= 0; kinds++)
        if (*kinds == kind)
            return true;
    return false;
}

/* In a child with little memory: the answer is of one of these kinds, and the call after it is good. */
static void bounded(const char *what, const char *port, bool tls, bool by_queue, const char *most, const int *kinds)
{
    char promised[160];
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        const char *const more[] = {"timeout_ms", is_any(WAZO_AUTH_ERROR_TIMEOUT, kinds) ? "2000" : "20000",
                                    *most ? "max_response_bytes" : NULL, most, NULL};
        wazo_auth_client *client = client_of_port(setting(port), tls, more);
        wazo_auth_queue *queue = by_queue ? queue_of(4) : NULL;
        char *message = NULL;
        bool is_http2 = strncmp(port, "H2_", 3) == 0;
        /* What a process has anyway: the thread, the roots of trust, the connections. */
        bool good = is_http2 || called(queue, client, "good", NULL) == 0;
        limit_memory(HEADROOM_MB);
        int kind = called(queue, client, what, &message);
        good = is_any(kind, kinds) && good;
        char *after = NULL;
        bool next = called(queue, client, "good", &after) == 0;
        if (!good || !next)
            note("%s: kind %d (%s); the call after it: %s", what, kind, message != NULL ? message : "",
                 after != NULL ? after : "good");
        fflush(stdout);
        _exit(!(good && next));
    }
    bool good = child_succeeded(child);
    snprintf(promised, sizeof promised, "bounds: %s is %s, by %s, max_response_bytes %s", what,
             is_any(0, kinds) ? "taken" : "an error", by_queue ? "a queue" : "a call", *most ? most : "as it is");
    promise(good, promised, "over %s", strncmp(port, "H2_", 3) == 0 ? port : tls ? "TLS" : "HTTP");
}

/* In a child: what a large answer costs at its greatest, and what is left of it, in times of its size. */
static void measured(const char *name, bool (*run)(const wazo_auth_client *), long megabytes, double most, double left)
{
    char promised[160];
    double *figures = shared_memory(2 * sizeof *figures);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(90);
        const char *const more[] = {"max_response_bytes", "200000000", "timeout_ms", "60000", NULL};
        wazo_auth_client *client = client_of_port(setting("GIANT_HTTP"), false, more);
        bool good = called(NULL, client, "good", NULL) == 0;
        long before = status_number("VmRSS");
        good = run(client) && good;
        figures[0] = (double)(status_number("VmHWM") - before) / 1024;
        figures[1] = (double)(status_number("VmRSS") - before) / 1024;
        good = called(NULL, client, "good", NULL) == 0 && good;
        fflush(stdout);
        _exit(!good);
    }
    bool good = child_succeeded(child);
    snprintf(promised, sizeof promised, "bounds: %s costs a few times its size, and nothing afterwards", name);
    promise(good && figures[0] <= most * (double)megabytes && figures[1] <= left * (double)megabytes + 2, promised,
            "%ld MB: %.0f MB at most, %.0f MB stay", megabytes, figures[0], figures[1]);
    munmap(figures, 2 * sizeof *figures);
}

static bool gets_token(const wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;
    char *answer = wazo_auth_token_get(client, "members.5", NULL, NULL, &error);
    char *token = answer != NULL ? wazo_auth_json_get(answer, "/token", &error) : NULL;
    bool good = token != NULL && strcmp(token, "t") == 0;
    if (!good)
        note("token.get: %s", wazo_auth_error_message(error));
    wazo_auth_error_free(error);
    wazo_auth_string_free(token);
    wazo_auth_string_free(answer);
    return good;
}

static bool verifies(const wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, NULL, &error);
    bool good = wazo_auth_verifier_check(verifier, "members.5", "some.access", NULL, NULL, &error);
    if (!good)
        note("verifier: %s", wazo_auth_error_message(error));
    wazo_auth_error_free(error);
    wazo_auth_verifier_free(verifier);
    return good;
}

/* Half a million items on a page of a server that knows no pages. */
static bool pages(const wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;
    wazo_auth_pages *listing = wazo_auth_pages_new(client, "users.list", NULL, NULL, &error);
    long count = 0;
    for (char *item; (item = wazo_auth_pages_next(listing, &error)) != NULL; count++)
        wazo_auth_string_free(item);
    if (error != NULL || count != 500000)
        note("%ld items: %s", count, wazo_auth_error_message(error));
    bool good = error == NULL && count == 500000;
    wazo_auth_error_free(error);
    wazo_auth_pages_free(listing);
    return good;
}

int main(void)
{
    enum { LARGE = WAZO_AUTH_ERROR_TOO_LARGE, PROTOCOL = WAZO_AUTH_ERROR_PROTOCOL, GOOD = 0, END = -1 };
    static const int too_large[] = {LARGE, END}, broken[] = {PROTOCOL, END}, not_found[] = {WAZO_AUTH_ERROR_NOT_FOUND, END};
    static const int good[] = {GOOD, END}, either[] = {GOOD, LARGE, END}, silent[] = {WAZO_AUTH_ERROR_TIMEOUT, END};
    alarm(scaled(400, 200));
    for (int by_queue = 0; by_queue < 2; by_queue++) {
        for (int tls = 0; tls < 2; tls++) {
            const char *port = tls ? "GIANT_HTTPS" : "GIANT_HTTP";
            bounded("large.30", port, tls, by_queue, "", too_large);
            /* A thread of the library's has address space that it does not use, and may take it from there. */
            bounded("large.30", port, tls, by_queue, "1000000000", by_queue ? either : too_large);
            bounded("announced", port, tls, by_queue, "18446744073709551615", silent);
            bounded("endless", port, tls, by_queue, "1000000000", too_large);
            bounded("headers", port, tls, by_queue, "", broken);
            bounded("long-header", port, tls, by_queue, "", broken);
        }
        bounded("announced", "GIANT_HTTP", false, by_queue, "", too_large);
        bounded("endless", "GIANT_HTTP", false, by_queue, "", too_large);
        bounded("deep.3", "GIANT_HTTP", false, by_queue, "", good);
        bounded("deep-refusal.3", "GIANT_HTTP", false, by_queue, "", not_found);
    }
    bounded("users", "H2_CONTINUATION", true, true, "", broken);
    bounded("users", "H2_INDEXED", true, true, "", broken);
    measured("token.get of 5,000,000 members", gets_token, 52, 3.2, 0.1);
    measured("a decision about it", verifies, 52, 3.2, 0.1);
    measured("a page of 500,000 items", pages, 5, 12, 3);
    return host_failed != 0;
}
