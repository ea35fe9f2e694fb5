/* This library, through its C ABI. The modes:
 *
 *     typed    wazo_auth_token_get, one call after another (concurrency: by that many threads)
 *     name     wazo_auth_call("token.get"), likewise
 *     check    wazo_auth_token_check, likewise: the question that hosts ask most
 *     queue    wazo_auth_queue_submit("token.get"), with that many in flight
 *     bursts   that many threads make one call each at the same moment, again and again
 *
 * KEY=VALUE is an option of the library, such as queue_connections=32.
 */
#include "bench.h"
#include <wazo_auth_client.h>

static struct bench bench;
static char arguments[128];

static bool get_typed(void *client, int worker)
{
    (void)worker;
    char *answer = wazo_auth_token_get(client, bench.token, NULL, NULL, NULL);
    bool good = answer != NULL;
    wazo_auth_string_free(answer);
    return good;
}

static bool get_by_name(void *client, int worker)
{
    (void)worker;
    char *answer = wazo_auth_call(client, "token.get", arguments, NULL);
    bool good = answer != NULL;
    wazo_auth_string_free(answer);
    return good;
}

static bool check(void *client, int worker)
{
    (void)worker;
    return wazo_auth_token_check(client, bench.token, NULL, NULL, NULL);
}

static void say(wazo_auth_error *error)
{
    fail(wazo_auth_error_message(error));
}

static wazo_auth_client *make_client(void)
{
    wazo_auth_error *error = NULL;
    char in_flight[16];
    bool https = strncmp(bench.url, "https:", 6) == 0;
    wazo_auth_options *options = wazo_auth_options_new();
    snprintf(in_flight, sizeof in_flight, "%d", bench.concurrency);
    if (!wazo_auth_options_set_url(options, bench.base, &error) ||
        !wazo_auth_options_set(options, "ca_file", https ? bench.ca_file : "", &error) ||
        !wazo_auth_options_set(options, "timeout_ms", "170000", &error) ||
        !wazo_auth_options_set(options, "queue_connections", in_flight, &error))
        say(error);
    for (int i = 0; i < bench.more_count; i++) {
        char *value = strchr(bench.more[i], '=');
        if (value == NULL)
            fail("expected KEY=VALUE");
        *value = '\0';
        if (!wazo_auth_options_set(options, bench.more[i], value + 1, &error))
            say(error);
    }
    wazo_auth_client *client = wazo_auth_client_new(options, &error);
    if (client == NULL)
        say(error);
    wazo_auth_options_free(options);
    return client;
}

struct flight {
    double began;
};

static void submit(wazo_auth_queue *queue, wazo_auth_client *client, struct flight *flight)
{
    wazo_auth_error *error = NULL;
    flight->began = now_s();
    if (wazo_auth_queue_submit(queue, client, "token.get", arguments, flight, &error) == 0)
        say(error);
}

/* Waits for one completion; its flight, NULL where none came or the call failed. */
static struct flight *next(wazo_auth_queue *queue, bool *good)
{
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, 170000);
    struct flight *flight = wazo_auth_completion_user_data(completion);
    *good = wazo_auth_completion_result(completion) != NULL;
    if (completion == NULL)
        fail("no completion in time");
    wazo_auth_completion_free(completion);
    return flight;
}

static void run_queue(wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;
    wazo_auth_queue *queue = wazo_auth_queue_new((uint32_t)bench.concurrency, &error);
    struct flight *flights = calloc((size_t)bench.concurrency, sizeof *flights);
    bool good;
    if (queue == NULL)
        say(error);
    for (int i = 0; i < WARM_UP; i++) {
        submit(queue, client, &flights[0]);
        next(queue, &good);
    }
    start(&bench);
    int running = 0;
    for (; running < bench.concurrency && take(&bench); running++)
        submit(queue, client, &flights[running]);
    for (; running > 0; running--) {
        struct flight *flight = next(queue, &good);
        if (good)
            note(&bench, flight->began);
        if (take(&bench)) {
            submit(queue, client, flight);
            running++;
        }
    }
    /* The clock has ended before anything is taken down. */
    finish(&bench);
    wazo_auth_queue_free(queue);
    free(flights);
}

static int run_calls(wazo_auth_client *client, call_function call)
{
    for (int i = 0; i < WARM_UP; i++)
        if (!call(client, 0))
            fail("the first call failed");
    if (bench.concurrency > 1) {
        run_threads(&bench, client, call, strcmp(bench.mode, "bursts") == 0);
        return finish(&bench);
    }
    start(&bench);
    while (take(&bench)) {
        double began = now_s();
        if (call(client, 0))
            note(&bench, began);
    }
    return finish(&bench);
}

int main(int count, char **words)
{
    parse(&bench, count, words);
    snprintf(arguments, sizeof arguments, "{\"token\": \"%s\"}", bench.token);
    wazo_auth_client *client = make_client();
    if (strcmp(bench.mode, "queue") == 0)
        run_queue(client);
    else if (strcmp(bench.mode, "name") == 0)
        run_calls(client, get_by_name);
    else if (strcmp(bench.mode, "check") == 0)
        run_calls(client, check);
    else if (strcmp(bench.mode, "typed") == 0 || strcmp(bench.mode, "bursts") == 0)
        run_calls(client, get_typed);
    else
        fail("the mode is typed, name, check, queue or bursts");
    wazo_auth_client_free(client);
    return 0;
}
