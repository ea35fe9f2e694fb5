/* Queues from C, against the simulator: the status and headers of a response, and requests that the table does not have.
 * Run under valgrind too.
 *
 *     responses URL
 */
#include "check.h"

#include <stdio.h>

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT
#define NOBODY "00000000-0000-4000-8000-000000000000"

static wazo_auth_client *client;
static wazo_auth_queue *queue;
static wazo_auth_error *error;

/* Whether a JSON document has this text, or JSON, at the path; NULL: has anything there. */
static bool has(const char *json, const char *path, const char *expected)
{
    char *found = json == NULL ? NULL : wazo_auth_json_get(json, path, NULL);
    const bool same = found != NULL && (expected == NULL || strcmp(found, expected) == 0);
    if (!same) {
        note("%s of %s", path, json == NULL ? "nothing" : json);
    }
    wazo_auth_string_free(found);
    return same;
}

static wazo_auth_completion *completion_of(uint64_t id)
{
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, -1);
    CHECK(id != 0 && wazo_auth_completion_id(completion) == id);
    return completion;
}

static void same_as_a_blocking_call(void)
{
    wazo_auth_completion *completion =
        completion_of(wazo_auth_queue_submit(queue, client, "users.list", "{\"limit\": 1}", NULL, &error));
    const char *response = wazo_auth_completion_response(completion);
    CHECK(has(response, "/status", "200") && has(response, "/headers/content-type", "application/json"));
    char *result = response == NULL ? NULL : wazo_auth_json_get(response, "/result", &error);
    CHECK(result != NULL && strcmp(result, wazo_auth_completion_result(completion)) == 0);
    wazo_auth_string_free(result);
    /* Made once: it is valid as long as the completion. */
    CHECK(wazo_auth_completion_response(completion) == response);
    char *blocking = wazo_auth_call_response(client, "users.list", "{\"limit\": 1}", &error);
    CHECK(has(blocking, "/status", "200") && has(blocking, "/headers/content-type", "application/json"));
    wazo_auth_string_free(blocking);
    wazo_auth_completion_free(completion);

    completion = completion_of(wazo_auth_queue_submit(queue, client, "status.check", NULL, NULL, &error));
    response = wazo_auth_completion_response(completion);
    CHECK(response != NULL && strstr(response, "\"result\":null}") != NULL);
    wazo_auth_completion_free(completion);
    completion = completion_of(wazo_auth_queue_submit_token_check(queue, client, NOBODY, NULL, NULL, NULL, &error));
    CHECK(has(wazo_auth_completion_response(completion), "/status", "404"));
    CHECK(has(wazo_auth_completion_response(completion), "/result", "false"));
    wazo_auth_completion_free(completion);
}

static void none_of_a_failure(void)
{
    wazo_auth_completion *completion = completion_of(
        wazo_auth_queue_submit(queue, client, "users.get", "{\"user_uuid\": \"" NOBODY "\"}", NULL, &error));
    CHECK(wazo_auth_completion_response(completion) == NULL);
    CHECK(wazo_auth_error_kind(wazo_auth_completion_error(completion)) == WAZO_AUTH_ERROR_NOT_FOUND);
    wazo_auth_completion_free(completion);
    CHECK(wazo_auth_completion_response(NULL) == NULL);
    CHECK(wazo_auth_completion_response((const wazo_auth_completion *)(void *)queue) == NULL);
}

static void requests(void)
{
    int mark = 0;
    wazo_auth_completion *completion = completion_of(wazo_auth_queue_submit_request(
        queue, client, "GET", "/users", "{\"search\": \"admin\", \"limit\": 1}", NULL, &mark, &error));
    CHECK(wazo_auth_completion_user_data(completion) == &mark && !wazo_auth_completion_is_yes(completion));
    CHECK(has(wazo_auth_completion_response(completion), "/status", "200"));
    CHECK(has(wazo_auth_completion_response(completion), "/headers/content-type", "application/json"));
    CHECK(has(wazo_auth_completion_response(completion), "/result/items/0/username", "admin"));
    CHECK(has(wazo_auth_completion_result(completion), "/items/0/username", "admin"));
    wazo_auth_completion_free(completion);

    completion = completion_of(wazo_auth_queue_submit_request(queue, client, "POST", "/groups", NULL,
                                                              "{\"name\": \"of a queue\"}", NULL, &error));
    CHECK(has(wazo_auth_completion_response(completion), "/result/name", "of a queue"));
    wazo_auth_completion_free(completion);

    completion =
        completion_of(wazo_auth_queue_submit_request(queue, client, "GET", "/users/" NOBODY, NULL, NULL, NULL, &error));
    CHECK(strstr(wazo_auth_error_message(wazo_auth_completion_error(completion)), "GET /users/" NOBODY) != NULL);
    CHECK(wazo_auth_completion_response(completion) == NULL);
    wazo_auth_completion_free(completion);
}

static void refused_at_once(void)
{
    const struct {
        const char *method, *path, *query, *body, *fragment;
    } wrong[] = {
        {"FETCH", "/users", NULL, NULL, "argument method"},   {NULL, "/users", NULL, NULL, "argument method"},
        {"GET", "users", NULL, NULL, "argument path"},        {"GET", NULL, NULL, NULL, "argument path"},
        {"GET", "/users", "no JSON", NULL, "argument query"}, {"POST", "/users", NULL, "{", "argument body"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(wazo_auth_queue_submit_request(queue, client, wrong[i].method, wrong[i].path, wrong[i].query,
                                             wrong[i].body, NULL, &error) == 0);
        CHECK_ERROR(error, INVALID, wrong[i].fragment);
    }
    CHECK(wazo_auth_queue_submit_request(NULL, client, "GET", "/users", NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument queue");
    CHECK(wazo_auth_queue_submit_request(queue, NULL, "GET", "/users", NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(wazo_auth_queue_next(queue, 0) == NULL);

    wazo_auth_queue *full = wazo_auth_queue_new(1, &error);
    CHECK(wazo_auth_queue_submit_request(full, client, "GET", "/users", NULL, NULL, NULL, &error) != 0);
    CHECK(wazo_auth_queue_submit_request(full, client, "GET", "/users", NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_QUOTA, "the queue is full");
    wazo_auth_queue_free(full);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    const char *const pairs[] = {"url", argv[1], "username", "admin", "password", "secret", NULL};
    client = client_with_options(pairs);
    queue = wazo_auth_queue_new(0, &error);
    char *answer = wazo_auth_token_new(client, NULL, NULL, NULL, &error);
    char *token = answer == NULL ? NULL : wazo_auth_json_get(answer, "/token", &error);
    if (token == NULL || !wazo_auth_client_set_token(client, token, &error)) {
        note("no token to test with: %s", wazo_auth_error_message(error));
        return 2;
    }
    wazo_auth_string_free(answer);
    wazo_auth_string_free(token);
    RUN("a completion has the response that a blocking call has", same_as_a_blocking_call);
    RUN("a call that failed has no response", none_of_a_failure);
    RUN("a queue takes requests that the table does not have", requests);
    RUN("a queue refuses a request at once where an argument is wrong, and where it is full", refused_at_once);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
    return finish();
}
