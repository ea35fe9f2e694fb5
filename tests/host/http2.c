/* The same over HTTP/2, where calls of a queue share one connection: against the simulator, which speaks it. An answer
 * is known by what it says: no user of that UUID, which is the caller's own.
 */
#include "host.h"

enum { THREADS = 8, CHILDREN = 4 };

static wazo_auth_client *client, *derived, *queued;
static wazo_auth_queue *queue;
static atomic_long calls, wrong;
static atomic_bool stopping;

static void uuid_of(char *uuid, int who, int turn)
{
    sprintf(uuid, "%08x-0000-4000-8000-%012x", (unsigned)who, (unsigned)turn);
}

static bool is_own(const wazo_auth_error *error, const char *uuid)
{
    const char *details = wazo_auth_error_details(error);
    bool good =
        wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_NOT_FOUND && details != NULL && strstr(details, uuid) != NULL;
    if (!good)
        note("pid %d, %s: %s", getpid(), uuid, error != NULL ? wazo_auth_error_json(error) : "a user");
    return good;
}

static bool asked(const wazo_auth_client *by, int who, int turn)
{
    char uuid[64];
    wazo_auth_error *error = NULL;
    uuid_of(uuid, who, turn);
    wazo_auth_string_free(wazo_auth_users_get(by, uuid, NULL, &error));
    bool good = is_own(error, uuid);
    wazo_auth_error_free(error);
    return good;
}

/* Many at once on one connection, taken as they end. */
static bool asked_by_queue(int who, int count)
{
    char uuid[64], arguments[128];
    bool good = true;
    for (int turn = 0; turn < count; turn++) {
        uuid_of(uuid, who, turn);
        snprintf(arguments, sizeof arguments, "{\"user_uuid\": \"%s\"}", uuid);
        good = wazo_auth_queue_submit(queue, queued, "users.get", arguments, (void *)(intptr_t)turn, NULL) != 0 && good;
    }
    for (int taken = 0; taken < count; taken++) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 30000);
        uuid_of(uuid, who, (int)(intptr_t)wazo_auth_completion_user_data(completion));
        good = completion != NULL && is_own(wazo_auth_completion_error(completion), uuid) && good;
        wazo_auth_completion_free(completion);
    }
    return good;
}

static void *parent_thread(void *argument)
{
    for (int turn = 0; !stopping; turn++) {
        wrong += !asked(turn % 2 ? client : derived, (int)(intptr_t)argument, turn);
        calls++;
    }
    return NULL;
}

static wazo_auth_client *logged_in(void)
{
    const char *const login[] = {"ca_file", setting("SIMULATOR_CA"), "username", "admin", "password", "secret", NULL};
    wazo_auth_error *error = NULL;
    wazo_auth_client *made = client_of_port(setting("SIMULATOR"), true, login);
    char *answer = wazo_auth_token_new(made, NULL, NULL, "{\"expiration\": 3600}", &error);
    char *token = wazo_auth_json_get(answer, "/token", NULL);
    if (token == NULL) {
        note("no token: %s", wazo_auth_error_message(error));
        exit(2);
    }
    wazo_auth_client_set_token(made, token, NULL);
    wazo_auth_string_free(token);
    wazo_auth_string_free(answer);
    return made;
}

int main(void)
{
    pthread_t threads[THREADS];
    pid_t children[CHILDREN];
    int count = scaled(5000, 200), good = 0;
    atomic_long *child_calls = shared_memory(sizeof *child_calls);
    alarm(240);
    client = logged_in();
    derived = wazo_auth_client_with(client, "timeout_ms", "15000", NULL);
    queued = wazo_auth_client_with(client, "user_agent", "queue", NULL);
    queue = queue_of(256);
    bool warm = asked_by_queue(0, 200);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, parent_thread, (void *)(intptr_t)(i + 1));
    pause_ms(100);
    fflush(stdout);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            bool fine = true;
            alarm(200);
            for (int turn = 0; turn < count; turn++, ++*child_calls)
                fine = asked(turn % 2 ? derived : client, 100 + i, turn) && fine;
            fine = asked_by_queue(200 + i, 200) && fine;
            _exit(!fine);
        }
    }
    /* The parent's one connection of the queue, while the children close theirs of the same number. */
    int rounds = 0;
    for (; rounds < scaled(20, 5); rounds++)
        warm = asked_by_queue(300 + rounds, 200) && warm;
    for (int i = 0; i < CHILDREN; i++)
        good += child_succeeded(children[i]);
    stopping = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    promise(good == CHILDREN, "fork: 4 children call by handles warmed before, each answer its own (HTTP/2)",
            "%d of %d children good, %ld calls", good, CHILDREN, (long)*child_calls);
    promise(wrong == 0 && calls > 0, "fork: 8 threads of the parent go on meanwhile, no answer wrong (HTTP/2)",
            "%ld calls, %ld wrong", (long)calls, (long)wrong);
    promise(warm, "queue: 200 calls at once on a shared connection, every answer its own (HTTP/2)",
            "%d rounds, while children do the same", rounds + 1);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(derived);
    wazo_auth_client_free(queued);
    wazo_auth_client_free(client);
    return host_failed != 0;
}
