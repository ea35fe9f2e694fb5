/* Renewers from C: one token for any number of clients, across fork. The argument is the URL of a simulator. */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#ifndef _WIN32
#include <sys/wait.h>
#endif

#define LONG_MS 30000

static const char *url;
static wazo_auth_error *error;

static wazo_auth_client *new_client(void)
{
    const char *const pairs[] = {"url", url, "username", "admin", "password", "secret", "timeout_ms", "20000", NULL};
    return client_with_options(pairs);
}

/* Whether a client can list the users. */
static bool can_list(const wazo_auth_client *client)
{
    char *users = wazo_auth_call(client, "users.list", NULL, &error);
    if (users == NULL)
        note("users.list: %s", wazo_auth_error_message(error));
    bool can = users != NULL;
    wazo_auth_string_free(users);
    return can;
}

static bool is_good(const wazo_auth_client *client, const char *token)
{
    return wazo_auth_token_check(client, token, NULL, NULL, &error);
}

/* What a listener has heard last. */
struct heard {
    pthread_mutex_t lock;
    pthread_cond_t came;
    char text[128];
    int count;
};

#define HEARD {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, "", 0}

static void hear(const char *text, void *data)
{
    struct heard *heard = data;
    pthread_mutex_lock(&heard->lock);
    snprintf(heard->text, sizeof heard->text, "%s", text);
    heard->count++;
    pthread_cond_broadcast(&heard->came);
    pthread_mutex_unlock(&heard->lock);
}

static void await_heard(struct heard *heard, int count)
{
    pthread_mutex_lock(&heard->lock);
    while (heard->count < count)
        pthread_cond_wait(&heard->came, &heard->lock);
    pthread_mutex_unlock(&heard->lock);
}

static void one_token(void)
{
    wazo_auth_client *client = new_client();
    wazo_auth_renewer *renewer =
        wazo_auth_renewer_new(client, "{\"expiration_s\": 3600, \"offline\": true, \"client_id\": \"c\"}", &error);
    CHECK(renewer != NULL && wazo_auth_renewer_token(renewer) == NULL);
    wazo_auth_client *bound = wazo_auth_client_with_renewer(client, renewer, &error);
    CHECK(wazo_auth_renewer_start(renewer, LONG_MS, &error));
    struct heard token = HEARD, state = HEARD, refresh_token = HEARD;
    CHECK(wazo_auth_renewer_set_on_change(renewer, hear, &token, &error));
    CHECK(wazo_auth_renewer_set_on_state(renewer, hear, &state, &error));
    CHECK(wazo_auth_renewer_set_on_refresh_token(renewer, hear, &refresh_token, &error));
    await_heard(&token, 1), await_heard(&state, 1), await_heard(&refresh_token, 1);
    char *first = wazo_auth_renewer_token(renewer);
    CHECK(first != NULL && strcmp(token.text, first) == 0 && strcmp(state.text, "fresh") == 0);
    CHECK(refresh_token.text[0] != '\0' && can_list(bound));
    CHECK(wazo_auth_renewer_renew(renewer, &error));
    await_heard(&token, 2);
    char *second = wazo_auth_renewer_token(renewer);
    CHECK(second != NULL && strcmp(first, second) != 0 && is_good(client, second));
    char *snapshot = wazo_auth_renewer_snapshot(renewer);
    CHECK(snapshot != NULL && strstr(snapshot, "\"renewals\":2") != NULL && strstr(snapshot, second) == NULL);
    wazo_auth_string_free(snapshot);
    CHECK(wazo_auth_renewer_close(renewer, LONG_MS, &error));
    CHECK(!is_good(client, second) && error == NULL && wazo_auth_renewer_token(renewer) == NULL);
    CHECK(wazo_auth_call(bound, "users.list", NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CLOSED, "renewer");
    wazo_auth_string_free(first);
    wazo_auth_string_free(second);
    wazo_auth_renewer_free(renewer);
    wazo_auth_client_free(bound);
    wazo_auth_client_free(client);
}

#ifndef _WIN32
/* Runs a check in a child, and says whether it returned true. */
static bool in_child(bool (*check)(const wazo_auth_renewer *, const wazo_auth_client *), const wazo_auth_renewer *renewer,
                     const wazo_auth_client *bound)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(check(renewer, bound) ? 0 : 1);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static char *of_parent;

/* The threads that the process has before the library is used, but its first: an emulator may have one. */
static int of_others;

static int threads(void)
{
    int count = 0;
    int found;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "Threads: %d", &found) == 1)
            count = found - of_others;
    if (status != NULL)
        fclose(status);
    return count;
}

/* Uses the token of the parent, without a thread; then the token is rejected, and the child gets another one for itself. */
static bool child(const wazo_auth_renewer *renewer, const wazo_auth_client *bound)
{
    char *inherited = wazo_auth_renewer_token(renewer);
    if (inherited == NULL || strcmp(inherited, of_parent) != 0 || !can_list(bound) || threads() != 1)
        return false;
    if (!wazo_auth_renewer_renew(renewer, &error))
        return false;
    char *own;
    while ((own = wazo_auth_renewer_token(renewer)), strcmp(own, inherited) == 0)
        wazo_auth_string_free(own);
    /* What it ends is its own. */
    return can_list(bound) && wazo_auth_renewer_close(renewer, LONG_MS, &error) && !is_good(bound, own) && error == NULL
           && is_good(bound, inherited);
}

static bool child_of_revoked(const wazo_auth_renewer *renewer, const wazo_auth_client *bound)
{
    bool can = can_list(bound);
    char *own = wazo_auth_renewer_token(renewer);
    return can && own != NULL && strcmp(own, of_parent) != 0;
}

static bool child_of_nothing(const wazo_auth_renewer *renewer, const wazo_auth_client *bound)
{
    return wazo_auth_renewer_token(renewer) == NULL && can_list(bound) && threads() == 2;
}

static void across_fork(void)
{
    wazo_auth_client *client = new_client();
    wazo_auth_renewer *renewer = wazo_auth_renewer_new(client, "{\"revoke_replaced\": true}", &error);
    wazo_auth_client *bound = wazo_auth_client_with_renewer(client, renewer, &error);
    CHECK(in_child(child_of_nothing, renewer, bound));
    CHECK(wazo_auth_renewer_token(renewer) == NULL && threads() == 1);
    CHECK(wazo_auth_renewer_start(renewer, LONG_MS, &error) && can_list(bound));
    of_parent = wazo_auth_renewer_token(renewer);
    CHECK(in_child(child, renewer, bound));
    CHECK(is_good(client, of_parent) && can_list(bound));
    CHECK(wazo_auth_token_revoke(client, of_parent, &error));
    CHECK(in_child(child_of_revoked, renewer, bound));
    /* The parent renews for itself. */
    CHECK(can_list(bound));
    wazo_auth_renewer_free(renewer);
    CHECK(can_list(bound));
    wazo_auth_client_free(bound);
    wazo_auth_client_free(client);
    wazo_auth_string_free(of_parent);
}

/* Asks for the token alone, and first when the inherited one has expired: it gets one of its own. */
static bool child_of_expired(const wazo_auth_renewer *renewer, const wazo_auth_client *bound)
{
    (void)bound;
    char *own;
    struct timespec pause = {0, 1000000};
    while ((own = wazo_auth_renewer_token(renewer)) == NULL || strcmp(own, of_parent) == 0) {
        wazo_auth_string_free(own);
        nanosleep(&pause, NULL);
    }
    return true;
}

/* As the snapshot says, which sets nothing going. */
static bool has_expired(const wazo_auth_renewer *renewer)
{
    char *snapshot = wazo_auth_renewer_snapshot(renewer);
    bool has = snapshot != NULL && strstr(snapshot, "\"expires_in_ms\":null") != NULL;
    wazo_auth_string_free(snapshot);
    return has;
}

static void across_fork_when_expired(void)
{
    wazo_auth_client *client = new_client();
    wazo_auth_renewer *renewer = wazo_auth_renewer_new(client, "{\"expiration_s\": 2}", &error);
    CHECK(wazo_auth_renewer_start(renewer, LONG_MS, &error));
    of_parent = wazo_auth_renewer_token(renewer);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        while (!has_expired(renewer))
            ;
        _exit(child_of_expired(renewer, client) ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    wazo_auth_renewer_free(renewer);
    wazo_auth_client_free(client);
    wazo_auth_string_free(of_parent);
}
#endif

static void mistakes(void)
{
    wazo_auth_client *client = new_client();
    CHECK(wazo_auth_renewer_new(NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument client");
    CHECK(wazo_auth_renewer_new(client, "{\"offline\": true}", &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "client_id");
    CHECK(wazo_auth_renewer_new(client, "{\"renew_at\": 1}", &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "renew_at_percent");
    CHECK(wazo_auth_client_with_renewer(client, NULL, &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument renewer");
    CHECK(!wazo_auth_renewer_start(NULL, 0, &error));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument renewer");
    CHECK(!wazo_auth_renewer_renew(NULL, &error) && !wazo_auth_renewer_close(NULL, 0, NULL));
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument renewer");
    CHECK(!wazo_auth_renewer_set_on_change(NULL, NULL, NULL, NULL));
    CHECK(wazo_auth_renewer_token(NULL) == NULL && wazo_auth_renewer_snapshot(NULL) == NULL);
    wazo_auth_renewer_free(NULL);
    /* Nothing was started: nothing is waited for. */
    wazo_auth_renewer *renewer = wazo_auth_renewer_new(client, NULL, &error);
    CHECK(renewer != NULL && wazo_auth_renewer_close(renewer, 0, &error));
    wazo_auth_renewer_free(renewer);
    wazo_auth_client_free(client);
}

int main(int count, char **arguments)
{
    url = count > 1 ? arguments[1] : "";
#ifndef _WIN32
    of_others = threads() - 1;
#endif
    RUN("a renewer has one token for its clients, tells of each new one, and logs out", one_token);
#ifndef _WIN32
    RUN("a child uses the token of its parent, renews for itself, and ends nothing of the parent's", across_fork);
    RUN("a child that asks when its parent's token has expired gets one of its own", across_fork_when_expired);
#else
    report_skip("a child uses the token of its parent, renews for itself, and ends nothing of the parent's", WITHOUT_FORK);
    report_skip("a child that asks when its parent's token has expired gets one of its own", WITHOUT_FORK);
#endif
    RUN("what is wrong is named", mistakes);
    return finish();
}
