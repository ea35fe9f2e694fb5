/* What C programs meet in practice, against a real server over HTTPS: each failure has the kind that says what to do.
 *
 *     against_simulator URL CA_FILE
 *
 * The simulator behind the URL knows admin with the password "secret", and waits 5 s with the answer of backends.list.
 */
#define _POSIX_C_SOURCE 200809L

#include "check.h"
#include "sockets.h"

#include <time.h>

static const char *url, *ca_file;
static wazo_auth_client *client;
static char *token;
static wazo_auth_error *error;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A client that differs from the good one in its password and its authorities. */
static wazo_auth_client *another(const char *password, const char *authorities)
{
    const char *const pairs[] = {"url", url, "username", "admin", "password", password, "ca_file", authorities, NULL};
    return client_with_options(pairs);
}

static void login(void)
{
    char *answer = wazo_auth_token_new(client, NULL, NULL, "{\"expiration\": 300}", &error);
    if (!CHECK(answer != NULL)) {
        CHECK_ERROR(error, WAZO_AUTH_ERROR_NONE, NULL);
        return;
    }
    token = wazo_auth_json_get(answer, "/token", NULL);
    CHECK(token != NULL && strlen(token) == 36);
    wazo_auth_string_free(answer);
}

static void wrong_password(void)
{
    wazo_auth_client *wrong = another("not-the-password", ca_file);
    CHECK(wazo_auth_token_new(wrong, NULL, NULL, NULL, &error) == NULL);
    CHECK(wazo_auth_error_status(error) == 401);
    CHECK(!wazo_auth_error_is_retryable(error) && !wazo_auth_error_is_in_doubt(error));
    CHECK(!wazo_auth_error_is_token_invalid(error));
    CHECK(strstr(wazo_auth_error_json(error), "not-the-password") == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_AUTHENTICATION_FAILED, "token.new");
    wazo_auth_client_free(wrong);
}

static void unknown_token(void)
{
    wazo_auth_client *stale = wazo_auth_client_with(client, "token", "00000000-0000-4000-8000-000000000000", &error);
    CHECK(wazo_auth_users_list(stale, NULL, NULL, &error) == NULL);
    CHECK(wazo_auth_error_is_token_invalid(error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TOKEN_INVALID, NULL);
    wazo_auth_client_free(stale);
}

static void questions(void)
{
    CHECK(wazo_auth_token_check(client, token, "auth.users.read", NULL, &error) && error == NULL);
    CHECK(wazo_auth_token_check(client, token, NULL, NULL, &error) && error == NULL);
    CHECK(!wazo_auth_token_check(client, token, "auth.users.read", "no-such-tenant", &error) && error == NULL);
    CHECK(!wazo_auth_token_check(client, "no-such-token", NULL, NULL, &error) && error == NULL);

    char elsewhere[64];
    const int descriptor = own_port(false, "https", elsewhere, sizeof elsewhere);
    const char *const pairs[] = {"url", elsewhere, NULL};
    wazo_auth_client *lost = client_with_options(pairs);
    CHECK(!wazo_auth_token_check(lost, token, NULL, NULL, &error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, NULL);
    wazo_auth_client_free(lost);
    close_socket(descriptor);
}

/* The arguments of token.check. */
static const char *asking_about(const char *about)
{
    static char arguments[128];
    snprintf(arguments, sizeof arguments, "{\"token\": \"%s\"}", about);
    return arguments;
}

/* An `if` around the call takes nothing for a yes but a yes. */
static void questions_by_name(void)
{
    char *answer = wazo_auth_call(client, "token.check", asking_about(token), &error);
    CHECK(answer != NULL && strcmp(answer, "true") == 0 && error == NULL);
    wazo_auth_string_free(answer);
    CHECK(wazo_auth_call(client, "token.check", asking_about("no-such-token"), &error) == NULL && error == NULL);
    answer = wazo_auth_call_response(client, "token.check", asking_about("no-such-token"), &error);
    char *result = wazo_auth_json_get(answer, "/result", NULL);
    CHECK(result != NULL && strcmp(result, "false") == 0 && error == NULL);
    wazo_auth_string_free(result);
    wazo_auth_string_free(answer);
    const char *const pairs[] = {"url", "http://127.0.0.1:1", NULL};
    wazo_auth_client *lost = client_with_options(pairs);
    CHECK(wazo_auth_call(lost, "token.check", asking_about(token), &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, NULL);
    wazo_auth_client_free(lost);
}

/* Whether the call that was just submitted comes back as a yes; its error is written to `kind`. */
static bool completes_as_yes(wazo_auth_queue *queue, uint64_t id, wazo_auth_error_kind_t *kind)
{
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, 20000);
    const bool is_yes = wazo_auth_completion_is_yes(completion);
    CHECK(id != 0 && wazo_auth_completion_id(completion) == id);
    *kind = wazo_auth_error_kind(wazo_auth_completion_error(completion));
    wazo_auth_completion_free(completion);
    return is_yes;
}

static void completed_questions(void)
{
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    const char *const pairs[] = {"url", "http://127.0.0.1:1", NULL};
    wazo_auth_client *lost = client_with_options(pairs);
    wazo_auth_error_kind_t kind;
    uint64_t id = wazo_auth_queue_submit_token_check(queue, client, token, "auth.users.read", NULL, NULL, &error);
    CHECK(completes_as_yes(queue, id, &kind) && kind == WAZO_AUTH_ERROR_NONE);
    id = wazo_auth_queue_submit(queue, client, "token.check", asking_about(token), NULL, &error);
    CHECK(completes_as_yes(queue, id, &kind) && kind == WAZO_AUTH_ERROR_NONE);
    id = wazo_auth_queue_submit_token_check(queue, client, "no-such-token", NULL, NULL, NULL, &error);
    CHECK(!completes_as_yes(queue, id, &kind) && kind == WAZO_AUTH_ERROR_NONE);
    id = wazo_auth_queue_submit_token_check(queue, lost, token, NULL, NULL, NULL, &error);
    CHECK(!completes_as_yes(queue, id, &kind) && kind == WAZO_AUTH_ERROR_CONNECT);
    id = wazo_auth_queue_submit(queue, client, "status.check", NULL, NULL, &error);
    CHECK(!completes_as_yes(queue, id, &kind) && kind == WAZO_AUTH_ERROR_NONE);
    id = wazo_auth_queue_submit(queue, client, "config.get", NULL, NULL, &error);
    CHECK(!completes_as_yes(queue, id, &kind));
    wazo_auth_client_free(lost);
    wazo_auth_queue_free(queue);
}

/* The simulator's own routes are beside those of the API: /_simulator in the place of /0.1. */
static char *log_of_requests(const char *method)
{
    const char *const pairs[] = {"url", url, "ca_file", ca_file, "prefix", "", "version", "_simulator", NULL};
    wazo_auth_client *control = client_with_options(pairs);
    char *answer = wazo_auth_request(control, method, "/requests", NULL, NULL, &error);
    CHECK(answer != NULL && error == NULL);
    wazo_auth_client_free(control);
    return answer;
}

static void unasked_questions(void)
{
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    wazo_auth_error_kind_t kind;
    wazo_auth_string_free(log_of_requests("DELETE"));
    CHECK(!wazo_auth_token_check(client, "..", NULL, NULL, &error) && error == NULL);
    CHECK(!wazo_auth_token_check(client, "\xFF", NULL, NULL, &error) && error == NULL);
    CHECK(wazo_auth_call(client, "token.check", asking_about(""), &error) == NULL && error == NULL);
    const uint64_t id = wazo_auth_queue_submit_token_check(queue, client, "../users", NULL, NULL, NULL, &error);
    CHECK(!completes_as_yes(queue, id, &kind) && kind == WAZO_AUTH_ERROR_NONE);
    CHECK(!wazo_auth_token_check(client, token, "", NULL, &error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "required_acl");
    char *requests = log_of_requests("GET");
    char *items = wazo_auth_json_get(requests, "/result/items", NULL);
    CHECK(items != NULL && strcmp(items, "[]") == 0);
    wazo_auth_string_free(items);
    wazo_auth_string_free(requests);
    wazo_auth_queue_free(queue);
}

static void derived_handles(void)
{
    CHECK(wazo_auth_users_list(client, NULL, NULL, &error) == NULL);
    CHECK(error != NULL);
    wazo_auth_error_free(error);
    error = NULL;
    wazo_auth_client *me = wazo_auth_client_with(client, "token", token, &error);
    char *users = wazo_auth_users_list(me, NULL, NULL, &error);
    char *name = wazo_auth_json_get(users, "/items/0/username", NULL);
    CHECK(name != NULL && strcmp(name, "admin") == 0);
    wazo_auth_string_free(name);
    wazo_auth_string_free(users);
    wazo_auth_client_free(me);
}

static void texts_arrive(void)
{
    const char *firstname = "Zo\xC3\xAB \"Z\" O'Neil \\ {}\n";
    wazo_auth_client *me = wazo_auth_client_with(client, "token", token, &error);
    char *quoted = wazo_auth_json_quote(firstname, &error);
    char body[256];
    snprintf(body, sizeof body, "{\"username\": \"texts-arrive\", \"firstname\": %s}", quoted);
    char *answer = wazo_auth_users_new(me, body, NULL, &error);
    char *uuid = wazo_auth_json_get(answer, "/uuid", NULL);
    char *again = wazo_auth_users_get(me, uuid, NULL, &error);
    char *arrived = wazo_auth_json_get(again, "/firstname", NULL);
    CHECK(arrived != NULL && strcmp(arrived, firstname) == 0);
    CHECK(wazo_auth_users_delete(me, uuid, NULL, &error));
    CHECK(wazo_auth_users_get(me, uuid, NULL, &error) == NULL);
    CHECK(wazo_auth_error_status(error) == 404);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_NOT_FOUND, NULL);
    CHECK(wazo_auth_users_get(me, "a/b?c#d e", NULL, &error) == NULL);
    CHECK(strstr(wazo_auth_error_json(error), "/users/a%2Fb%3Fc%23d%20e") != NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_NOT_FOUND, NULL);
    wazo_auth_string_free(arrived);
    wazo_auth_string_free(again);
    wazo_auth_string_free(uuid);
    wazo_auth_string_free(answer);
    wazo_auth_string_free(quoted);
    wazo_auth_client_free(me);
}

static void large_body(void)
{
    const size_t size = 10 * 1024 * 1024;
    char *body = (char *)malloc(size + 64);
    wazo_auth_client *me = wazo_auth_client_with(client, "token", token, &error);
    memset(body, 'x', size + 64);
    memcpy(body, "{\"firstname\": \"", 15);
    strcpy(body + size, "\"}");
    /* Whether the server takes it, finds it too long, or hangs up before it has read it all, is the server's matter. */
    char *answer = wazo_auth_users_new(me, body, NULL, &error);
    char *uuid = wazo_auth_json_get(answer, "/uuid", NULL);
    CHECK((answer == NULL) == (error != NULL));
    CHECK(wazo_auth_error_kind(error) != WAZO_AUTH_ERROR_INTERNAL);
    CHECK(strlen(wazo_auth_error_message(error)) < 4096);
    wazo_auth_error_free(error);
    error = NULL;
    CHECK(uuid == NULL || wazo_auth_users_delete(me, uuid, NULL, &error));
    wazo_auth_string_free(uuid);
    wazo_auth_string_free(answer);
    wazo_auth_client_free(me);
    free(body);
}

static void unknown_authority(void)
{
    wazo_auth_client *stranger = another("secret", "");
    CHECK(wazo_auth_token_new(stranger, NULL, NULL, NULL, &error) == NULL);
    CHECK(wazo_auth_error_status(error) == 0);
    CHECK(!wazo_auth_error_is_in_doubt(error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TLS, "ca_file");
    wazo_auth_client_free(stranger);
}

static void refused_connection(void)
{
    char elsewhere[64];
    const int descriptor = own_port(false, "https", elsewhere, sizeof elsewhere);
    const char *const pairs[] = {"url", elsewhere, NULL};
    wazo_auth_client *lost = client_with_options(pairs);
    CHECK(!wazo_auth_status_check(lost, &error));
    CHECK(wazo_auth_error_status(error) == 0);
    CHECK(wazo_auth_error_is_retryable(error) && !wazo_auth_error_is_in_doubt(error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, NULL);
    wazo_auth_client_free(lost);
    close_socket(descriptor);
}

static void silent_server(void)
{
    char elsewhere[64];
    const int descriptor = own_port(true, "https", elsewhere, sizeof elsewhere);
    const char *const pairs[] = {"url", elsewhere, "timeout_ms", "300", NULL};
    wazo_auth_client *lost = client_with_options(pairs);
    const double start = seconds();
    CHECK(!wazo_auth_status_check(lost, &error));
    const double took = seconds() - start;
    CHECK(took > 0.25 && took < 1.0);
    CHECK(wazo_auth_error_is_retryable(error) && !wazo_auth_error_is_in_doubt(error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TIMEOUT, NULL);
    wazo_auth_client_free(lost);
    close_socket(descriptor);
}

static void slow_answer(void)
{
    wazo_auth_client *hurried = wazo_auth_client_with(client, "timeout_ms", "300", &error);
    const double start = seconds();
    CHECK(wazo_auth_backends_list(hurried, &error) == NULL);
    const double took = seconds() - start;
    CHECK(took > 0.25 && took < 1.0);
    CHECK(wazo_auth_error_is_retryable(error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_TIMEOUT, "backends.list");
    /* The handle and its connections go on. On a busy machine a handshake may take longer than the handle allows. */
    bool goes_on = false;
    for (int attempt = 0; attempt < 50 && !goes_on; attempt++) {
        goes_on = wazo_auth_token_check(hurried, token, NULL, NULL, &error);
        if (!goes_on) {
            note("%s", wazo_auth_error_message(error));
            CHECK_ERROR(error, WAZO_AUTH_ERROR_TIMEOUT, "token.check");
        }
    }
    CHECK(goes_on);
    wazo_auth_client_free(hurried);
}

static void any_order_of_freeing(void)
{
    wazo_auth_client *first = another("secret", ca_file);
    wazo_auth_client *second = wazo_auth_client_with(first, "token", token, &error);
    /* The list has the user whose name has 10 MB. */
    wazo_auth_client *third =
        wazo_auth_client_with_json(second, "{\"timeout_ms\": 20000, \"max_response_bytes\": 20000000}", &error);
    wazo_auth_client_free(first);
    wazo_auth_client_free(second);
    char *users = wazo_auth_users_list(third, NULL, NULL, &error);
    CHECK(users != NULL);
    wazo_auth_string_free(users);
    wazo_auth_client_free(third);
}

static void revoked(void)
{
    CHECK(wazo_auth_token_revoke(client, token, &error));
    CHECK(!wazo_auth_token_check(client, token, NULL, NULL, &error) && error == NULL);
    wazo_auth_string_free(token);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: against_simulator URL CA_FILE\n");
        return 2;
    }
    url = arguments[1];
    ca_file = arguments[2];
    client = another("secret", ca_file);
    RUN("a login over HTTPS, with the certificate checked, gives a token", login);
    if (token == NULL) {
        return finish();
    }
    RUN("a wrong password is `authentication failed`, and stands in no error", wrong_password);
    RUN("an unknown token is `token invalid`, the moment for a new one", unknown_token);
    RUN("a question answers true for the server's yes alone, and an error where nobody answered", questions);
    RUN("a question that is asked by name gives a text for yes alone", questions_by_name);
    RUN("a completion is a yes for the server's yes alone", completed_questions);
    RUN("a token that no server can know, and an empty access, cause no request", unasked_questions);
    RUN("a derived handle calls with its own token", derived_handles);
    RUN("texts arrive as they are, in bodies and in paths", texts_arrive);
    RUN("a body of 10 MB ends in an answer or a clear error", large_body);
    RUN("an unknown authority is `tls`, and the error names ca_file", unknown_authority);
    RUN("a refused connection is `connect`, retryable and not in doubt", refused_connection);
    RUN("a server that never answers is `timeout`, when the time is up", silent_server);
    RUN("a slow answer is `timeout`, when the derived handle's time is up", slow_answer);
    RUN("handles that share connections are freed in any order", any_order_of_freeing);
    RUN("a revoked token is not valid", revoked);
    wazo_auth_client_free(client);
    return finish();
}
