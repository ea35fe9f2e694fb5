/* Listings, statistics, readiness and health from C, against the simulator over HTTP.
 *
 *     paging URL
 *
 * The simulator knows admin with the password "secret".
 */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <unistd.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#else
#include <poll.h>
#include <sys/wait.h>
#endif

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT

static const char *url;
static wazo_auth_client *client;
static wazo_auth_error *error;
static int told[2];

static void users(void)
{
    char arguments[64];
    for (int number = 0; number < 7; number++) {
        snprintf(arguments, sizeof arguments, "{\"username\": \"user%d\"}", number);
        char *user = wazo_auth_call(client, "users.new", arguments, &error);
        CHECK(user != NULL);
        wazo_auth_string_free(user);
    }
    wazo_auth_pages *pages = wazo_auth_pages_new(client, "users.list", "{\"search\": \"user\", \"order\": \"username\"}",
                                                 "{\"page_size\": 3}", &error);
    CHECK(pages != NULL && error == NULL);
    int count = 0;
    for (char *item; (item = wazo_auth_pages_next(pages, &error)) != NULL; count++) {
        char *name = wazo_auth_json_get(item, "/username", &error);
        snprintf(arguments, sizeof arguments, "user%d", count);
        CHECK(name != NULL && strcmp(name, arguments) == 0);
        wazo_auth_string_free(name);
        wazo_auth_string_free(item);
    }
    CHECK(error == NULL && count == 7);
    CHECK(wazo_auth_pages_next(pages, &error) == NULL && error == NULL);
    wazo_auth_pages_free(pages);
    wazo_auth_pages_free(NULL);
}

static void mistakes(void)
{
    CHECK(wazo_auth_pages_new(client, "users.get", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "users.list");
    CHECK(wazo_auth_pages_new(client, "users.list", "{\"limit\": 1}", NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "page_size");
    CHECK(wazo_auth_pages_new(client, "users.list", NULL, "{\"page_size\": 0}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "page_size");
    CHECK(wazo_auth_pages_next(NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument pages: it is NULL");
    CHECK(wazo_auth_health_new(client, "{\"interval\": 1}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "interval_ms");
    CHECK(wazo_auth_client_stats(NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client");
}

static void failure(void)
{
    const char *const pairs[] = {"url", "http://127.0.0.1:1", NULL};
    wazo_auth_client *nobody = client_with_options(pairs);
    wazo_auth_pages *pages = wazo_auth_pages_new(nobody, "users.list", NULL, NULL, &error);
    wazo_auth_client_free(nobody);
    for (int times = 0; times < 2; times++) {
        CHECK(wazo_auth_pages_next(pages, &error) == NULL);
        CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, "users.list");
    }
    wazo_auth_pages_free(pages);
}

static void tenants(void)
{
    char *tenants = wazo_auth_client_visible_tenants(client, &error);
    CHECK(tenants != NULL && tenants[0] == '[' && strstr(tenants, "\"uuid\"") != NULL);
    wazo_auth_string_free(tenants);
}

static void statistics(void)
{
    const char *const pairs[] = {"url", url, NULL};
    wazo_auth_client *fresh = client_with_options(pairs);
    wazo_auth_client *derived = wazo_auth_client_with(fresh, "timeout_ms", "5000", &error);
    CHECK(wazo_auth_status_check(derived, &error));
    wazo_auth_client_free(derived);
    char *shown = wazo_auth_client_stats(fresh, &error);
    CHECK(shown != NULL && strstr(shown, "\"calls\":1,") != NULL && strstr(shown, "\"succeeded\":1,") != NULL);
    wazo_auth_string_free(shown);
    wazo_auth_client_free(fresh);
}

static void readiness(void)
{
    CHECK(wazo_auth_client_wait_until_ready(client, 10000, &error) && error == NULL);
    const char *const pairs[] = {"url", "http://127.0.0.1:1", NULL};
    wazo_auth_client *nobody = client_with_options(pairs);
    CHECK(!wazo_auth_client_wait_until_ready(nobody, 150, &error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, "status.check");
    wazo_auth_client_free(nobody);
}

static void on_change(wazo_auth_health_state_t state, void *data)
{
    const char byte = (char)state;
    if (write(((int *)data)[1], &byte, 1) != 1) {
        abort();
    }
}

/* The state that is told next; -1 where none is in time. */
static int next_state(void)
{
    char byte = -1;
#ifndef _WIN32 /* where a pipe cannot be polled: whoever runs the test ends it */
    struct pollfd waiting = {told[0], POLLIN, 0};
    if (poll(&waiting, 1, 20000) != 1) {
        return -1;
    }
#endif
    return read(told[0], &byte, 1) == 1 ? byte : -1;
}

static void health(void)
{
    wazo_auth_health *health = wazo_auth_health_new(client, "{\"interval_ms\": 20}", &error);
    CHECK(health != NULL && error == NULL);
    CHECK(wazo_auth_health_set_on_change(health, on_change, told, &error));
    CHECK(next_state() == WAZO_AUTH_HEALTH_REACHABLE);
    CHECK(wazo_auth_health_state(health) == WAZO_AUTH_HEALTH_REACHABLE);
    CHECK(wazo_auth_health_state(NULL) == WAZO_AUTH_HEALTH_UNKNOWN);

#ifndef _WIN32
    /* A child watches for itself. */
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        bool good = wazo_auth_health_state(health) == WAZO_AUTH_HEALTH_UNKNOWN &&
                    wazo_auth_health_set_on_change(health, on_change, told, NULL) &&
                    next_state() == WAZO_AUTH_HEALTH_REACHABLE;
        wazo_auth_health_free(health);
        /* Not _exit: what it leaves of its parent's, on purpose, would be a leak to valgrind. */
        execlp(good ? "true" : "false", "end of the child", (char *)NULL);
        _exit(127);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
#endif
    CHECK(wazo_auth_health_set_on_change(health, NULL, NULL, &error));
    wazo_auth_health_free(health);
    wazo_auth_health_free(NULL);
}

int main(int count, char **values)
{
#ifdef _WIN32
    const int has_pipe = _pipe(told, 64, _O_BINARY);
#else
    const int has_pipe = pipe(told);
#endif
    if (count != 2 || has_pipe != 0) {
        return 2;
    }
    url = values[1];
    const char *const pairs[] = {"url", url, "username", "admin", "password", "secret", NULL};
    client = client_with_options(pairs);
    char *answer = wazo_auth_token_new(client, NULL, NULL, "{\"expiration\": 300}", &error);
    char *token = answer == NULL ? NULL : wazo_auth_json_get(answer, "/token", &error);
    CHECK(token != NULL && wazo_auth_client_set_token(client, token, &error));
    wazo_auth_string_free(token);
    wazo_auth_string_free(answer);
    RUN("a listing gives its items one by one, and NULL without an error at the end", users);
    RUN("what is wrong is named before anything is sent", mistakes);
    RUN("a page that fails is asked for again", failure);
    RUN("the tenants of a token are a JSON array", tenants);
    RUN("the statistics are those of all handles of a connection pool", statistics);
    RUN("waiting ends when the server is ready, and at its deadline", readiness);
    RUN("a watch tells of the state, in a forked child too", health);
    wazo_auth_client_free(client);
    return finish();
}
