/* A short life in a host, for a memory checker: calls of every way, failures, a cancellation, a queue and a fork. What
 * the child finds goes through shared memory, since its exit status is the checker's.
 */
#include "host.h"

static bool a_life(bool https)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = client_of(https, NULL);
    wazo_auth_client *derived =
        wazo_auth_client_with_json(client, "{\"token\": \"other\", \"timeout_ms\": 60000}", NULL);
    wazo_auth_cancellation *cancellation = wazo_auth_cancellation_new();
    wazo_auth_client *cancelled = wazo_auth_client_with_cancellation(client, cancellation, NULL);
    wazo_auth_queue *queue = queue_of(8);
    bool *child_was_good = shared_memory(sizeof *child_was_good), good = true;
    for (int i = 0; i < 3; i++)
        good = echo(client, "one") && echo(derived, "two") && echo_by_queue(queue, derived, "three") && good;
    wazo_auth_client_set_token(client, "changed", NULL);
    good = echo_on(client, "four", "changed", NULL) && good;
    char *answer = wazo_auth_request(client, "POST", "/posted", "{\"a\": [1, 2]}", "{\"b\": \"c\"}", &error);
    good = answer != NULL && good;
    wazo_auth_string_free(answer);
    wazo_auth_client *late = wazo_auth_client_with(client, "timeout_ms", "300", NULL);
    answer = wazo_auth_users_get(late, "hold_late", NULL, &error);
    good = answer == NULL && strlen(wazo_auth_error_json(error)) > 0 && good;
    wazo_auth_error_free(error);
    error = NULL;
    wazo_auth_client_free(late);
    answer = wazo_auth_users_get(client, "..", NULL, &error);
    good = answer == NULL && wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_INVALID_ARGUMENT && good;
    wazo_auth_error_free(error);
    error = NULL;
    uint64_t held = submit(queue, client, "hold_cancelled", NULL);
    good = wazo_auth_queue_cancel(queue, held) && good;
    wazo_auth_completion_free(wazo_auth_queue_next(queue, 30000));
    wazo_auth_cancellation_cancel(cancellation);
    answer = wazo_auth_users_get(cancelled, "cancelled", NULL, &error);
    good = wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_CANCELLED && good;
    wazo_auth_error_free(error);
    pid_t child = fork();
    if (child == 0) {
        alarm(120);
        *child_was_good = echo(client, "child") && echo_by_queue(queue, derived, "child");
        wazo_auth_queue_free(queue);
        wazo_auth_client_free(client);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    good = echo(client, "after") && echo_by_queue(queue, client, "after") && *child_was_good && good;
    submit(queue, client, "hold_freed", NULL);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(cancelled);
    wazo_auth_cancellation_free(cancellation);
    wazo_auth_client_free(derived);
    wazo_auth_client_free(client);
    return good;
}

int main(void)
{
    alarm(200);
    for (int https = 0; https < 2; https++)
        promise(a_life(https), https ? "memory: a short life over HTTPS" : "memory: a short life over HTTP",
                "calls, failures, a queue and a fork");
    return host_failed != 0;
}
