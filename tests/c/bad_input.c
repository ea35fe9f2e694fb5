/* Bad input from C: refused before anything is sent, with an error that names the argument. Run under valgrind too.
 *
 * The client points at a port on which nothing listens: an answer of the kind `connect` shows that the arguments passed
 * the checks and the request would have been sent; `invalid argument` shows that it was refused before.
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

static void null_arguments(void)
{
    CHECK(wazo_auth_users_get(client, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "user_uuid");
    CHECK(!wazo_auth_users_add_policy(client, "u", NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "policy_uuid");
    CHECK(!wazo_auth_token_check(client, NULL, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "token");
    CHECK(wazo_auth_policies_new(client, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "name");
    CHECK(wazo_auth_call(client, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument operation");
    CHECK(wazo_auth_request(client, NULL, "/users", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument method");
    CHECK(wazo_auth_request(client, "GET", NULL, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument path");
    CHECK(wazo_auth_client_with(client, NULL, "x", &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument key");
    CHECK(wazo_auth_client_with_json(client, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument options_json");

    wazo_auth_options *options = wazo_auth_options_new();
    CHECK(!wazo_auth_options_set(options, NULL, "x", &error));
    CHECK_ERROR(error, INVALID, "argument key");
    CHECK(!wazo_auth_options_set(options, "host", NULL, &error));
    CHECK_ERROR(error, INVALID, "argument value");
    CHECK(!wazo_auth_options_set_url(options, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument url");
    CHECK(!wazo_auth_options_set_from_key_file(options, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument path");
    wazo_auth_options_free(options);
}

static void optional_nulls(void)
{
    CHECK(wazo_auth_users_list(client, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, SENT, NULL);
    CHECK(wazo_auth_call(client, "users.list", NULL, &error) == NULL);
    CHECK_ERROR(error, SENT, NULL);
    CHECK(wazo_auth_request(client, "GET", "/users", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, SENT, NULL);
}

static void invalid_utf8(void)
{
    for (size_t index = 0; index < sizeof not_utf8 / sizeof not_utf8[0]; index++) {
        const char *bad = not_utf8[index];
        CHECK(wazo_auth_users_get(client, bad, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument user_uuid");
        CHECK(wazo_auth_users_get(client, "u", bad, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument tenant_uuid");
        CHECK(wazo_auth_users_list(client, bad, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument query");
        CHECK(wazo_auth_users_new(client, bad, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument body");
        CHECK(wazo_auth_token_new(client, bad, "secret", NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument username");
        CHECK(wazo_auth_token_new(client, "alice", bad, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument password");
        CHECK(wazo_auth_call(client, bad, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument operation");
        CHECK(wazo_auth_call(client, "users.list", bad, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument arguments_json");
        CHECK(wazo_auth_request(client, bad, "/users", NULL, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument method");
        CHECK(wazo_auth_request(client, "GET", bad, NULL, NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument path");
        CHECK(!wazo_auth_client_set_token(client, bad, &error));
        CHECK_ERROR(error, INVALID, "argument value");
        CHECK(wazo_auth_client_with(client, bad, "x", &error) == NULL);
        CHECK_ERROR(error, INVALID, "argument key");
    }
}

static void invalid_json(void)
{
    const char *const texts[] = {"", "{", "{\"a\": 1,}", "{'a': 1}", "{\"a\": 1} x", "nonsense"};
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        CHECK(wazo_auth_users_new(client, texts[index], NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "body");
        CHECK(wazo_auth_users_list(client, texts[index], NULL, &error) == NULL);
        CHECK_ERROR(error, INVALID, "query");
        CHECK(wazo_auth_call(client, "users.list", texts[index], &error) == NULL);
        CHECK_ERROR(error, INVALID, "arguments");
        CHECK(wazo_auth_client_with_json(client, texts[index], &error) == NULL);
        CHECK_ERROR(error, INVALID, "options_json");
    }
    /* JSON, but not the object that is wanted. */
    CHECK(wazo_auth_users_list(client, "[1]", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "query");
    CHECK(wazo_auth_call(client, "users.list", "7", &error) == NULL);
    CHECK_ERROR(error, INVALID, "arguments");
}

/* Item number `index` of a JSON list, and a member of a JSON object; NULL where there is none. */
static char *item(const char *list, int index)
{
    char path[16];
    snprintf(path, sizeof path, "/%d", index);
    return wazo_auth_json_get(list, path, NULL);
}

/* Whether the operation asks about this argument: then the answer is no, and not an error. */
static bool is_asked_about(const char *operation, const char *name)
{
    char *result = wazo_auth_json_get(operation, "/result", NULL);
    const bool is_question = result != NULL && strcmp(result, "question") == 0;
    wazo_auth_string_free(result);
    return is_question && strcmp(name, "token") == 0;
}

static bool is_in_path(const char *parameter)
{
    char *place = wazo_auth_json_get(parameter, "/place", NULL);
    const bool is_path = place != NULL && strcmp(place, "path") == 0;
    wazo_auth_string_free(place);
    return is_path;
}

/* Calls an operation with `value` for the path argument `wanted` and something good for the others. */
static void call_with_path_argument(const char *operation, const char *parameters, const char *wanted,
                                    const char *value, bool asked_about)
{
    char arguments[1024] = "{";
    char *parameter;
    for (int index = 0; (parameter = item(parameters, index)) != NULL; index++) {
        if (is_in_path(parameter)) {
            char *name = wazo_auth_json_get(parameter, "/name", NULL);
            const size_t used = strlen(arguments);
            snprintf(arguments + used, sizeof arguments - used, "%s\"%s\": \"%s\"", used > 1 ? ", " : "", name,
                     strcmp(name, wanted) == 0 ? value : "good");
            wazo_auth_string_free(name);
        }
        wazo_auth_string_free(parameter);
    }
    strcat(arguments, "}");
    char *answer = wazo_auth_call(client, operation, arguments, &error);
    if (!CHECK(answer == NULL)) {
        printf("#   %s with %s\n", operation, arguments);
    }
    wazo_auth_string_free(answer);
    CHECK_ERROR(error, asked_about ? WAZO_AUTH_ERROR_NONE : INVALID, asked_about ? NULL : wanted);
}

static void path_arguments(void)
{
    int checked = 0;
    char *operation;
    for (int index = 0; (operation = item(wazo_auth_operations(), index)) != NULL; index++) {
        char *operation_name = wazo_auth_json_get(operation, "/name", NULL);
        char *parameters = wazo_auth_json_get(operation, "/parameters", NULL);
        char *parameter;
        for (int number = 0; (parameter = item(parameters, number)) != NULL; number++) {
            if (is_in_path(parameter)) {
                char *name = wazo_auth_json_get(parameter, "/name", NULL);
                const bool asked_about = is_asked_about(operation, name);
                call_with_path_argument(operation_name, parameters, name, "", asked_about);
                call_with_path_argument(operation_name, parameters, name, ".", asked_about);
                call_with_path_argument(operation_name, parameters, name, "..", asked_about);
                call_with_path_argument(operation_name, parameters, name, "../tenants", asked_about);
                call_with_path_argument(operation_name, parameters, name, "a/./b", asked_about);
                wazo_auth_string_free(name);
                checked++;
            }
            wazo_auth_string_free(parameter);
        }
        wazo_auth_string_free(parameters);
        wazo_auth_string_free(operation_name);
        wazo_auth_string_free(operation);
    }
    /* Most of the table's 96 operations name what they act on in the path. */
    CHECK(checked > 60);
    CHECK(wazo_auth_users_get(client, "..", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument user_uuid");
    /* A proxy that decodes %5C would climb just so. */
    CHECK(wazo_auth_users_get(client, "..\\tenants", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument user_uuid");
}

static void strange_path_arguments(void)
{
    const char *const texts[] = {"a/b", "a..b/c", "%2e%2e", "...", "a b", "a?b=c#d", "\xC3\xA9", "\r\nX-Evil: 1", " "};
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        CHECK(wazo_auth_users_get(client, texts[index], NULL, &error) == NULL);
        CHECK_ERROR(error, SENT, NULL);
    }
    /* What goes into a header is another matter: a line break in it would be a header of its own. */
    CHECK(wazo_auth_users_get(client, "u", "t\r\nX-Evil: 1", &error) == NULL);
    CHECK_ERROR(error, INVALID, "tenant_uuid");
    CHECK(!wazo_auth_client_set_token(client, "t\r\nX-Evil: 1", &error));
    CHECK_ERROR(error, INVALID, "token");
}

static void raw_requests(void)
{
    CHECK(wazo_auth_request(client, "FETCH", "/users", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument method");
    CHECK(wazo_auth_request(client, "get", "/users", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument method");
    CHECK(wazo_auth_request(client, "GET", "/users", "[1]", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "query");
    CHECK(wazo_auth_request(client, "POST", "/users", NULL, "{", &error) == NULL);
    CHECK_ERROR(error, INVALID, "body");
    CHECK(wazo_auth_request(client, "GET", "/users/../tenants", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "path");
    CHECK(wazo_auth_request(client, "GET", "/users/..%2Ftenants", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "path");
}

/* Completed by the client's own half, a login would prove somebody else. */
static void half_a_login(void)
{
    CHECK(wazo_auth_token_new(client, "bob", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument password");
    CHECK(wazo_auth_token_new(client, NULL, "secret", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument username");
    CHECK(wazo_auth_token_new(client, "bob", "", NULL, &error) == NULL);
    CHECK_ERROR(error, SENT, NULL);
    CHECK(wazo_auth_token_new(client, NULL, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, SENT, NULL);
}

static void unknown_names(void)
{
    CHECK(wazo_auth_call(client, "users.fly", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "users.fly");
    CHECK(wazo_auth_call(client, "users.get", "{\"user_uid\": \"u\"}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "user_uuid");
    CHECK(wazo_auth_client_with(client, "tokn", "t", &error) == NULL);
    CHECK_ERROR(error, INVALID, "token");
    CHECK(wazo_auth_client_with(client, "host", "h", &error) == NULL);
    CHECK_ERROR(error, INVALID, "host");
}

/* An error about a large argument must not be as large itself: it goes into logs. */
static void check_modest(void)
{
    CHECK(strlen(wazo_auth_error_message(error)) < 4096);
    CHECK(strlen(wazo_auth_error_json(error)) < 16384);
}

static void large_arguments(void)
{
    char *large = ten_megabytes();
    char *body = (char *)malloc(strlen(large) + 32);
    sprintf(body, "{\"username\": \"%s\"}", large);

    /* As a body it is legitimate. */
    CHECK(wazo_auth_users_new(client, body, NULL, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, SENT, NULL);
    /* No URL is that long. */
    CHECK(wazo_auth_users_get(client, large, NULL, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "user_uuid");
    CHECK(wazo_auth_users_list(client, body, NULL, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "query");
    CHECK(wazo_auth_call(client, large, NULL, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "operation");
    CHECK(wazo_auth_call(client, "users.list", large, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "arguments");
    CHECK(wazo_auth_request(client, large, "/users", NULL, NULL, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "method");
    CHECK(wazo_auth_client_with(client, large, "x", &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "option");
    CHECK(wazo_auth_client_with(client, "timeout_ms", large, &error) == NULL);
    check_modest();
    CHECK_ERROR(error, INVALID, "timeout_ms");
    free(body);
    free(large);
}

static void secrets(void)
{
    const char *secret = "hunter2-in-a-password";
    CHECK(wazo_auth_token_new(client, "alice", secret, NULL, &error) == NULL);
    CHECK(strstr(wazo_auth_error_json(error), secret) == NULL);
    CHECK_ERROR(error, SENT, NULL);
    CHECK(wazo_auth_users_new(client, "{\"password\": \"hunter2-in-a-password\"", NULL, &error) == NULL);
    CHECK(strstr(wazo_auth_error_json(error), secret) == NULL);
    CHECK_ERROR(error, INVALID, "body");
    CHECK(!wazo_auth_token_check(client, secret, NULL, NULL, &error));
    CHECK(strstr(wazo_auth_error_json(error), secret) == NULL);
    CHECK_ERROR(error, SENT, NULL);
}

int main(void)
{
    const char *const pairs[] = {"url", "http://127.0.0.1:1", "timeout_ms", "60000", "token", "t", NULL};
    client = client_with_options(pairs);
    RUN("NULL for a required argument is refused, and the error names it", null_arguments);
    RUN("NULL for an optional argument leaves it out", optional_nulls);
    RUN("a text that is not UTF-8 is refused, and the error names the argument", invalid_utf8);
    RUN("a text that is not JSON is refused, and the error names the argument", invalid_json);
    RUN("\"\", . and .. (alone or between slashes) for any path argument are refused, and the error names it",
        path_arguments);
    RUN("any other path argument is sent as one segment, and nothing breaks out of a header", strange_path_arguments);
    RUN("a raw request is checked as the others are", raw_requests);
    RUN("a user name without a password, or the reverse, is refused, and the error names the other", half_a_login);
    RUN("an unknown operation, argument or option is refused, and the error says what is known", unknown_names);
    RUN("10 MB are sent where they may be, refused where not, and the error stays short", large_arguments);
    RUN("no password or token stands in an error", secrets);
    wazo_auth_client_free(client);
    return finish();
}
