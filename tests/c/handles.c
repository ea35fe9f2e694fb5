/* Handles from C: NULL, and handles of another type, are refused with an error that says what they are. Run under
 * valgrind too. (Freed ones are tested in Rust: here they would be a wrong access, and valgrind would say so.)
 */
#include "check.h"

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT

static wazo_auth_client *client;
static wazo_auth_error *error;

static void null_handles(void)
{
    CHECK(wazo_auth_users_get(NULL, "u", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(!wazo_auth_users_delete(NULL, "u", NULL, &error));
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(!wazo_auth_token_check(NULL, "t", NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(wazo_auth_call(NULL, "users.list", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(wazo_auth_request(NULL, "GET", "/users", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(wazo_auth_client_with(NULL, "token", "t", &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(!wazo_auth_client_set_token(NULL, "t", &error));
    CHECK_ERROR(error, INVALID, "argument client");
    CHECK(wazo_auth_client_new(NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument options");
    CHECK(!wazo_auth_options_set(NULL, "host", "h", &error));
    CHECK_ERROR(error, INVALID, "argument options");
}

static void handles_of_another_type(void)
{
    wazo_auth_options *options = wazo_auth_options_new();
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    wazo_auth_cancellation *cancellation = wazo_auth_cancellation_new();
    void *const queue_as_any = queue, *const client_as_any = client;
    void *const options_as_any = options, *const cancellation_as_any = cancellation;

    CHECK(wazo_auth_users_list((const wazo_auth_client *)queue_as_any, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client: it is a wazo_auth_queue; expected a wazo_auth_client");
    CHECK(!wazo_auth_token_check((const wazo_auth_client *)options_as_any, "t", NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument client: it is a wazo_auth_options; expected a wazo_auth_client");
    CHECK(wazo_auth_call((const wazo_auth_client *)cancellation_as_any, "users.list", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client: it is a wazo_auth_cancellation; expected a wazo_auth_client");
    CHECK(wazo_auth_client_new((const wazo_auth_options *)client_as_any, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument options: it is a wazo_auth_client; expected a wazo_auth_options");
    CHECK(!wazo_auth_options_set((wazo_auth_options *)client_as_any, "host", "h", &error));
    CHECK_ERROR(error, INVALID, "argument options: it is a wazo_auth_client");
    CHECK(wazo_auth_queue_submit((wazo_auth_queue *)client_as_any, client, "users.list", NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument queue: it is a wazo_auth_client; expected a wazo_auth_queue");
    CHECK(wazo_auth_client_with_cancellation(client, (const wazo_auth_cancellation *)queue_as_any, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument cancellation: it is a wazo_auth_queue");
    CHECK(wazo_auth_queue_submit_token_check(NULL, client, "t", NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument queue: it is NULL; expected a wazo_auth_queue");

    /* Accessors, which have no place for an error, treat it like NULL. */
    CHECK(!wazo_auth_completion_is_yes((const wazo_auth_completion *)client_as_any));
    CHECK(!wazo_auth_completion_is_yes(NULL));
    CHECK(wazo_auth_completion_result((const wazo_auth_completion *)queue_as_any) == NULL);
    CHECK(wazo_auth_completion_error((const wazo_auth_completion *)queue_as_any) == NULL);
    CHECK(wazo_auth_error_kind((const wazo_auth_error *)client_as_any) == WAZO_AUTH_ERROR_NONE);
    CHECK(wazo_auth_queue_next((wazo_auth_queue *)client_as_any, -1) == NULL);
    CHECK(wazo_auth_queue_descriptor((const wazo_auth_queue *)client_as_any) == -1);

    /* Nor does it free what it is not. */
    wazo_auth_client_free((wazo_auth_client *)queue_as_any);
    wazo_auth_queue_free((wazo_auth_queue *)options_as_any);
    wazo_auth_error_free((wazo_auth_error *)client_as_any);
    CHECK(wazo_auth_options_set(options, "host", "h", &error) && error == NULL);
    CHECK(wazo_auth_queue_submit(queue, client, "status.check", NULL, NULL, &error) != 0);
    wazo_auth_cancellation_free(cancellation);
    wazo_auth_queue_free(queue);
    wazo_auth_options_free(options);
}

int main(void)
{
    const char *const pairs[] = {"url", "http://127.0.0.1:1", "timeout_ms", "60000", "token", "t", NULL};
    client = client_with_options(pairs);
    RUN("NULL for a handle is refused, and the error names it", null_handles);
    RUN("a handle of another type is refused, and the error says what it is", handles_of_another_type);
    wazo_auth_client_free(client);
    return finish();
}
