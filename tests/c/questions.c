/* Questions about tokens from C: what is asked about is never dropped, and what comes from the network is no mistake of
 * the program. Run under valgrind too.
 *
 * The client points at a port on which nothing listens: an error of the kind `connect` shows that a request would have
 * been sent; no error shows that the answer was given without one.
 */
#include "check.h"

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT
#define SENT WAZO_AUTH_ERROR_CONNECT

static wazo_auth_client *client;
static wazo_auth_error *error;

/* Not UTF-8: a byte that never occurs, a character cut short, one of three bytes where one does, half a surrogate. */
static const char *const not_utf8[] = {"a\xFF", "caf\xC3", "\xE0\x80\xAF", "\xED\xA0\x80"};

static char *ten_megabytes(void)
{
    const size_t size = 10 * 1024 * 1024;
    char *text = (char *)malloc(size + 1);
    if (text == NULL) {
        exit(2);
    }
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

/* Left out instead, the server would be asked for less than the program meant. */
static void empty_access_and_tenant(void)
{
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    const char *const empty_access[] = {
        "{\"token\": \"t\", \"required_acl\": \"\"}",
        "{\"token\": \"t\", \"query\": {\"required_acl\": \"\"}}",
        "{\"token\": \"t\", \"query\": {\"scope\": \"\"}}",
    };
    for (size_t index = 0; index < sizeof empty_access / sizeof empty_access[0]; index++) {
        CHECK(wazo_auth_call(client, "token.check", empty_access[index], &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument required_acl: it is empty");
        CHECK(wazo_auth_call_response(client, "token.get", empty_access[index], &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument required_acl: it is empty");
        CHECK(wazo_auth_queue_submit(queue, client, "token.check", empty_access[index], NULL, &error) == 0);
        CHECK_ERROR(error, INVALID, "argument required_acl: it is empty");
    }
    CHECK(!wazo_auth_token_check(client, "t", "", NULL, &error));
    CHECK_ERROR(error, INVALID, "argument required_acl: it is empty");
    CHECK(!wazo_auth_token_check(client, "t", "a", "", &error));
    CHECK_ERROR(error, INVALID, "argument tenant_uuid: it is empty");
    CHECK(wazo_auth_token_get(client, "t", "", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument required_acl: it is empty");
    CHECK(wazo_auth_queue_submit_token_check(queue, client, "t", "", NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument required_acl: it is empty");
    CHECK(wazo_auth_queue_submit_token_check(queue, client, "t", NULL, "", NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument tenant_uuid: it is empty");
    CHECK(wazo_auth_call(client, "token.check", "{\"token\": \"t\", \"tenant\": \"\"}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument tenant_uuid: it is empty");
    CHECK(!wazo_auth_token_check(client, "t", NULL, NULL, &error));
    CHECK_ERROR(error, SENT, NULL);
    wazo_auth_queue_free(queue);
}

/* One token that no server can know: no, and no error. A request would end with `connect`. */
static void check_hostile(wazo_auth_queue *queue, const char *token)
{
    CHECK(!wazo_auth_token_check(client, token, "auth.users.read", NULL, &error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_NONE, NULL);
    CHECK(wazo_auth_queue_submit_token_check(queue, client, token, "auth.users.read", NULL, NULL, &error) != 0);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_NONE, NULL);
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, -1);
    CHECK(completion != NULL && wazo_auth_completion_error(completion) == NULL);
    CHECK(!wazo_auth_completion_is_yes(completion));
    wazo_auth_completion_free(completion);
}

static void hostile_tokens(void)
{
    const char *const tokens[] = {"", ".", "..", "../users", "a/../b", "a\\..\\b", "a\nb", "\r\n", "\x7f", "\x01"};
    const char *const as_json[] = {"a\\u0000b", "\\u0000", "\\ud800", "\\udc00\\ud800", "a\\n", ""};
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    for (size_t index = 0; index < sizeof tokens / sizeof tokens[0]; index++) {
        check_hostile(queue, tokens[index]);
    }
    for (size_t index = 0; index < sizeof not_utf8 / sizeof not_utf8[0]; index++) {
        check_hostile(queue, not_utf8[index]);
    }
    char *large = ten_megabytes();
    check_hostile(queue, large);
    large[8001] = '\0';
    check_hostile(queue, large);
    /* 2,667 characters of three bytes each, percent-encoded. */
    memset(large, '%', 2667);
    large[2667] = '\0';
    check_hostile(queue, large);
    free(large);
    for (size_t index = 0; index < sizeof as_json / sizeof as_json[0]; index++) {
        char arguments[64];
        snprintf(arguments, sizeof arguments, "{\"token\": \"%s\"}", as_json[index]);
        CHECK(wazo_auth_call(client, "token.check", arguments, &error) == NULL);
        CHECK_ERROR(error, WAZO_AUTH_ERROR_NONE, NULL);
        char *response = wazo_auth_call_response(client, "token.is_valid", arguments, &error);
        char *result = wazo_auth_json_get(response, "/result", NULL);
        CHECK(result != NULL && strcmp(result, "false") == 0);
        wazo_auth_string_free(result);
        wazo_auth_string_free(response);
        CHECK_ERROR(error, WAZO_AUTH_ERROR_NONE, NULL);
    }
    /* A token that is not there, or is no text, is a mistake of the program. */
    CHECK(wazo_auth_queue_submit_token_check(queue, client, NULL, NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument token");
    CHECK(wazo_auth_call(client, "token.check", "{\"token\": [\"t\"]}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument token");
    CHECK(wazo_auth_call(client, "token.check", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument token");
    /* To end such a token is something else than to ask about it. */
    CHECK(!wazo_auth_token_revoke(client, "..", &error));
    CHECK_ERROR(error, INVALID, "argument token");
    wazo_auth_queue_free(queue);
}

int main(void)
{
    const char *const pairs[] = {"url", "http://127.0.0.1:1", "timeout_ms", "60000", "token", "t", NULL};
    client = client_with_options(pairs);
    RUN("an empty access or tenant is refused by name, and not left out", empty_access_and_tenant);
    RUN("a token that no server can know is answered no, without a request", hostile_tokens);
    wazo_auth_client_free(client);
    return finish();
}
