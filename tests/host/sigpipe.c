/* A peer that resets the connection, at every point of a request's life: with SIGPIPE at its default, which kills, the
 * process lives and every call says what happened.
 */
#include "host.h"

enum { UPLOAD_BYTES = 30 << 20 };

static char *upload; /* a JSON text of 30 MB */
static volatile sig_atomic_t handled;

static void on_pipe(int number) { handled += number == SIGPIPE; }

typedef struct {
    int failed, succeeded, wrong;
} tally;

/* What a broken connection may be called. `sent` says whether a byte of the request can have reached the server. */
static void judge(tally *seen, const wazo_auth_error *error, bool is_read, bool can_have_been_sent, const char *where)
{
    wazo_auth_error_kind_t kind = wazo_auth_error_kind(error);
    bool good = kind == WAZO_AUTH_ERROR_PROTOCOL || kind == WAZO_AUTH_ERROR_CONNECT || kind == WAZO_AUTH_ERROR_TLS;
    good = good && wazo_auth_error_status(error) == 0;
    bool in_doubt = wazo_auth_error_is_in_doubt(error);
    if (is_read || !can_have_been_sent || kind != WAZO_AUTH_ERROR_PROTOCOL)
        good = good && !in_doubt;
    if (!is_read && kind == WAZO_AUTH_ERROR_PROTOCOL && can_have_been_sent)
        good = good && in_doubt;
    if (!good)
        note("%s, %s: %s", where, is_read ? "GET" : "POST", wazo_auth_error_json(error));
    seen->wrong += !good;
    seen->failed++;
}

static void call_and_judge(tally *seen, const wazo_auth_client *client, bool is_read, bool can_have_been_sent,
                           const char *where)
{
    wazo_auth_error *error = NULL;
    char *answer = is_read ? wazo_auth_users_get(client, "broken", NULL, &error)
                           : wazo_auth_request(client, "POST", "/broken", NULL, "{\"a\": 1}", &error);
    if (answer != NULL)
        seen->succeeded++;
    else
        judge(seen, error, is_read, can_have_been_sent, where);
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
}

static void submit_and_judge(tally *seen, wazo_auth_queue *queue, const wazo_auth_client *client,
                             bool can_have_been_sent, const char *where)
{
    uint64_t number = wazo_auth_queue_submit(queue, client, "users.new", "{\"username\": \"broken\"}", NULL, NULL);
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, 30000);
    if (number == 0 || completion == NULL) {
        note("%s: no completion", where);
        seen->wrong++;
    } else if (wazo_auth_completion_error(completion) == NULL) {
        seen->succeeded++;
    } else {
        judge(seen, wazo_auth_completion_error(completion), false, can_have_been_sent, where);
    }
    wazo_auth_completion_free(completion);
}

/* Resets after so many bytes, from none to beyond the end of an exchange: a few bytes apart over the length of all that
 * goes one way, so that every step of handshake, head, body and answer is met. */
static void resets_everywhere(bool https)
{
    /* About what a call sends and receives: a handshake is some 700 bytes there and 1,700 back. */
    const int lengths[2][2] = {{400, 400}, {1800, 2800}};
    const char *const ways[2] = {"up", "down"};
    tally seen = {0, 0, 0};
    int points = scaled(40, 10), at = 0;
    wazo_auth_queue *queue = queue_of(0);
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < points; i++) {
            char where[64];
            int bytes = lengths[https][way] * i / points;
            const char *port = bad_port(https, ways[way], way == 1 && bytes == 0 ? 1 : bytes);
            snprintf(where, sizeof where, "%s, reset after %d bytes %s", https ? "HTTPS" : "HTTP", bytes, ways[way]);
            /* No hello, the client's or the server's with its certificate, is as short as 200 bytes. */
            bool can_have_been_sent = !https || bytes > 200;
            wazo_auth_client *client = client_of_port(port, https, NULL);
            call_and_judge(&seen, client, true, can_have_been_sent, where);
            call_and_judge(&seen, client, false, can_have_been_sent, where);
            submit_and_judge(&seen, queue, client, can_have_been_sent, where);
            at += 3;
            wazo_auth_client_free(client);
        }
    }
    wazo_auth_queue_free(queue);
    promise(seen.wrong == 0 && seen.failed > points,
            https ? "SIGPIPE: a peer that resets at any byte is an error, the process lives (HTTPS)"
                  : "SIGPIPE: a peer that resets at any byte is an error, the process lives (HTTP)",
            "%d calls over %d points, %d failed as they should, %d came through, %d wrong", at, 2 * points, seen.failed,
            seen.succeeded, seen.wrong);
}

/* How a call reaches the peer that resets: each has a write path of its own. */
typedef enum { OVER_HTTP, OVER_HTTPS, BY_PROXY } route;

static wazo_auth_client *client_of_peer(route way, const char *peer)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%s", peer);
    const char *const by_proxy[] = {"proxy", proxy, NULL};
    return client_of_port(peer, way == OVER_HTTPS, way == BY_PROXY ? by_proxy : NULL);
}

/* The peer goes while 30 MB are being written to it: writes go on into a connection that is reset. */
static void resets_under_an_upload(route way)
{
    static const char *const promises[] = {
        "SIGPIPE: a peer that resets under a POST of 30 MB is an error, the process lives (HTTP)",
        "SIGPIPE: a peer that resets under a POST of 30 MB is an error, the process lives (HTTPS)",
        "SIGPIPE: a peer that resets under a POST of 30 MB is an error, the process lives (proxy)",
    };
    tally seen = {0, 0, 0};
    int rounds = scaled(12, 3);
    wazo_auth_queue *queue = queue_of(0);
    for (int round = 0; round < rounds; round++) {
        wazo_auth_client *client = client_of_peer(way, bad_port(way == OVER_HTTPS, "up", 1000 + (1 << 20) * (round % 4)));
        wazo_auth_error *error = NULL;
        char *answer = wazo_auth_request(client, "POST", "/upload", NULL, upload, &error);
        if (answer != NULL)
            seen.succeeded++;
        else
            judge(&seen, error, false, true, "30 MB");
        wazo_auth_string_free(answer);
        wazo_auth_error_free(error);
        error = NULL;
        char *arguments = malloc(UPLOAD_BYTES + 64);
        sprintf(arguments, "{\"username\": %s}", upload);
        uint64_t number = wazo_auth_queue_submit(queue, client, "users.new", arguments, NULL, &error);
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 30000);
        const wazo_auth_error *queued = wazo_auth_completion_error(completion);
        if (number == 0 || completion == NULL || queued == NULL)
            seen.wrong++;
        else
            judge(&seen, queued, false, true, "30 MB by the queue");
        wazo_auth_completion_free(completion);
        wazo_auth_error_free(error);
        free(arguments);
        wazo_auth_client_free(client);
    }
    wazo_auth_queue_free(queue);
    promise(seen.wrong == 0 && seen.failed == 2 * rounds, promises[way], "%d uploads, %d failed in doubt, %d wrong",
            2 * rounds, seen.failed, seen.wrong + seen.succeeded);
}

static bool pipe_is_pending(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

/* The host's own SIGPIPE: one that it holds back stays with it, and its handler is never called for ours. */
static void the_hosts_own_signal_is_left_alone(route way)
{
    sigset_t pipe, before;
    struct sigaction action = {.sa_handler = on_pipe}, old;
    const char *port = bad_port(false, "up", 100000);
    wazo_auth_client *client = client_of_peer(way, port);
    wazo_auth_error *error = NULL;
    handled = 0;
    sigaction(SIGPIPE, &action, &old);
    wazo_auth_string_free(wazo_auth_request(client, "POST", "/upload", NULL, upload, &error));
    bool failed = error != NULL;
    wazo_auth_error_free(error);
    error = NULL;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    bool none_left = !pipe_is_pending();
    raise(SIGPIPE);
    wazo_auth_string_free(wazo_auth_request(client, "POST", "/upload", NULL, upload, &error));
    failed = failed && error != NULL;
    wazo_auth_error_free(error);
    bool kept = pipe_is_pending(), unhandled = handled == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    promise(failed && none_left && kept && unhandled && handled == 1,
            way == BY_PROXY ? "SIGPIPE: the host's handler sees its own and none of ours (proxy)"
                            : "SIGPIPE: the host's handler sees its own and none of ours",
            "%d delivered after the mask opened (failed %d, none left %d, kept %d, unhandled %d)", (int)handled, failed,
            none_left, kept, unhandled);
    sigaction(SIGPIPE, &old, NULL);
    wazo_auth_client_free(client);
}

int main(void)
{
    alarm(240);
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    upload = malloc(UPLOAD_BYTES + 1);
    memset(upload, 'x', UPLOAD_BYTES);
    upload[0] = upload[UPLOAD_BYTES - 1] = '"';
    upload[UPLOAD_BYTES] = '\0';
    for (int https = 0; https < 2; https++) {
        resets_everywhere(https);
        resets_under_an_upload(https ? OVER_HTTPS : OVER_HTTP);
    }
    resets_under_an_upload(BY_PROXY);
    the_hosts_own_signal_is_left_alone(OVER_HTTP);
    the_hosts_own_signal_is_left_alone(BY_PROXY);
    return host_failed != 0;
}
