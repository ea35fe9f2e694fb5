/* A server that closes connections which lay idle for a second: no call fails for it, whether the connections are
 * driven by the callers (no thread of the library's) or by its thread (a queue), reads and writes alike.
 */
#include "host.h"

struct way {
    bool https, by_queue;
    int failed, calls, pauses;
    long connections;
};

static int calls_each, pauses_each;

static void *calling(void *argument)
{
    struct way *way = argument;
    char id[64], arguments[128];
    wazo_auth_client *client = client_of_port(setting(way->https ? "HTTPS_IDLE" : "HTTP_IDLE"), way->https, NULL);
    wazo_auth_queue *queue = way->by_queue ? queue_of(0) : NULL;
    long last = -1;
    for (int turn = 0; turn < calls_each; turn++) {
        wazo_auth_error *error = NULL;
        wazo_auth_completion *completion = NULL;
        char *answer = NULL;
        const char *text = NULL;
        bool is_read = turn % 2 == 0;
        snprintf(id, sizeof id, "idle-%d", turn);
        /* A GET of one user, a POST of one: the second may never be sent twice, so it must not meet a closed door. */
        snprintf(arguments, sizeof arguments, is_read ? "{\"user_uuid\": \"%s\"}" : "{\"username\": \"%s\"}", id);
        const char *operation = is_read ? "users.get" : "users.new";
        if (way->by_queue) {
            uint64_t number = wazo_auth_queue_submit(queue, client, operation, arguments, NULL, &error);
            completion = number != 0 ? wazo_auth_queue_next(queue, 30000) : NULL;
            text = wazo_auth_completion_result(completion);
        } else {
            text = answer = wazo_auth_call(client, operation, arguments, &error);
        }
        if (text == NULL) {
            note("call %d: %s", turn,
                 wazo_auth_error_message(completion != NULL ? wazo_auth_completion_error(completion) : error));
            way->failed++;
        }
        long connection = answer_number(text, "connection");
        way->connections += connection != last;
        last = connection;
        way->calls++;
        wazo_auth_completion_free(completion);
        wazo_auth_string_free(answer);
        wazo_auth_error_free(error);
        /* Spread evenly; a read and a write come after a pause in turn. */
        if (way->pauses < pauses_each && turn % (calls_each / pauses_each) == (way->pauses % 2 ? 1 : 0)) {
            way->pauses++;
            pause_ms(1500);
        }
    }
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
    return NULL;
}

int main(void)
{
    struct way ways[4] = {
        {.https = false}, {.https = true}, {.https = false, .by_queue = true}, {.https = true, .by_queue = true}};
    pthread_t threads[COUNT(ways)];
    alarm(120);
    calls_each = scaled(100, 30);
    pauses_each = scaled(10, 3);
    for (size_t i = 0; i < COUNT(ways); i++)
        pthread_create(&threads[i], NULL, calling, &ways[i]);
    for (size_t i = 0; i < COUNT(ways); i++) {
        char what[160];
        struct way *way = &ways[i];
        pthread_join(threads[i], NULL);
        snprintf(what, sizeof what, "idle: a server that closes idle connections after 1 s fails no call (%s, %s)",
                 way->https ? "HTTPS" : "HTTP", way->by_queue ? "a queue" : "blocking");
        /* Each pause must have cost a connection, or nothing was shown. */
        promise(way->failed == 0 && way->pauses == pauses_each && way->connections >= pauses_each, what,
                "%d calls with %d pauses of 1.5 s, %d failed, %ld connections", way->calls, way->pauses, way->failed,
                way->connections);
    }
    return host_failed != 0;
}
