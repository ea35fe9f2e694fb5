/* The log callback: what it gets, on which threads, and that it can be taken away while calls run. Run under valgrind too.
 *
 *     logging URL
 *
 * The simulator behind the URL knows admin with the password "secret".
 */
#define _XOPEN_SOURCE 700

#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>
#ifndef _WIN32
#include <sys/wait.h>
#endif

static const char *url;

static void sleep_us(long us)
{
    const struct timespec length = {.tv_nsec = us * 1000};
    nanosleep(&length, NULL);
}

/* What a callback has got. The members are for several threads, each under the lock. */
struct seen {
    pthread_mutex_t lock;
    int calls, levels[5], with_secret, not_one_line, freed;
    char last[2000], message[2000];
    pthread_t thread;
};

static void note_record(wazo_auth_log_level_t level, const char *message, const char *fields, void *data)
{
    struct seen *seen = data;
    /* The name of the server is looked up, which takes long where the machine is busy. */
    if (strstr(fields, "\"lookup.slow\"") != NULL) {
        return;
    }
    pthread_mutex_lock(&seen->lock);
    seen->calls++;
    seen->levels[level]++;
    seen->thread = pthread_self();
    seen->with_secret += strstr(message, "secret") != NULL || strstr(fields, "secret") != NULL;
    seen->not_one_line += strpbrk(message, "\r\n\033") != NULL || strpbrk(fields, "\r\n\033") != NULL;
    snprintf(seen->last, sizeof seen->last, "%s", fields);
    snprintf(seen->message, sizeof seen->message, "%s", message);
    pthread_mutex_unlock(&seen->lock);
}

static wazo_auth_client *client(void)
{
    const char *const pairs[] = {"url", url, "timeout_ms", "20000", "username", "admin", "password", "secret", NULL};
    return client_with_options(pairs);
}

static bool has(const char *json, const char *pointer, const char *expected)
{
    char *value = wazo_auth_json_get(json, pointer, NULL);
    const bool same = value != NULL && strcmp(value, expected) == 0;
    wazo_auth_string_free(value);
    return same;
}

static void records(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    wazo_auth_error *error = NULL;
    wazo_auth_client *one = client();
    CHECK(wazo_auth_set_log_callback(note_record, WAZO_AUTH_LOG_DEBUG, &seen, &error));
    char *token = wazo_auth_call(one, "token.new", NULL, &error);
    if (token == NULL) {
        note("%s", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        error = NULL;
    }
    CHECK(token != NULL && seen.calls == 2 && seen.levels[WAZO_AUTH_LOG_DEBUG] == 2);
    CHECK(has(seen.last, "/event", "call.ended") && has(seen.last, "/operation", "token.new"));
    CHECK(has(seen.last, "/level", "debug") && has(seen.last, "/status", "200"));
    CHECK(strstr(seen.message, "token.new: 200 after ") == seen.message);
    CHECK(pthread_equal(seen.thread, pthread_self()));
    wazo_auth_string_free(token);
    CHECK(wazo_auth_call(one, "users.get", "{\"user_uuid\": \"secret\"}", &error) == NULL);
    CHECK(strstr(seen.last, "users.get") != NULL);
    char *id = wazo_auth_json_get(wazo_auth_error_json(error), "/call_id", NULL);
    CHECK(id != NULL && has(seen.last, "/call_id", id));
    wazo_auth_string_free(id);
    wazo_auth_error_free(error);
    CHECK(seen.not_one_line == 0);
    CHECK(wazo_auth_set_log_callback(NULL, 0, NULL, NULL));
    const int before = seen.calls;
    CHECK(wazo_auth_call(one, "users.list", NULL, NULL) == NULL && seen.calls == before);
    wazo_auth_client_free(one);
}

static void levels(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    wazo_auth_error *error = NULL;
    const int wrong[] = {0, 5, -1, 1000};
    for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
        CHECK(!wazo_auth_set_log_callback(note_record, wrong[at], &seen, &error));
        CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument level");
    }
    wazo_auth_client *one = client();
    CHECK(wazo_auth_set_log_callback(note_record, WAZO_AUTH_LOG_INFO, &seen, NULL));
    CHECK(wazo_auth_call(one, "users.list", NULL, NULL) == NULL && seen.calls == 0);
    wazo_auth_renewer *renewer = wazo_auth_renewer_new(one, NULL, &error);
    CHECK(renewer != NULL && wazo_auth_renewer_start(renewer, 20000, &error));
    CHECK(wazo_auth_renewer_close(renewer, 20000, &error));
    wazo_auth_renewer_free(renewer);
    CHECK(wazo_auth_set_log_callback(NULL, 0, NULL, NULL));
    CHECK(seen.levels[WAZO_AUTH_LOG_INFO] == 1 && has(seen.last, "/event", "renewal.succeeded"));
    CHECK(seen.with_secret == 0 && !pthread_equal(seen.thread, pthread_self()));
    wazo_auth_client_free(one);
}

/* Uses what the test frees as soon as the setter has returned. */
static void use_memory(wazo_auth_log_level_t level, const char *message, const char *fields, void *data)
{
    int *memory = data;
    (void)level, (void)message, (void)fields;
    __atomic_add_fetch(memory, 1, __ATOMIC_SEQ_CST);
    sleep_us(100);
    __atomic_add_fetch(memory, 1, __ATOMIC_SEQ_CST);
}

static int is_over;

static void *call_on(void *one)
{
    while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
        wazo_auth_string_free(wazo_auth_call(one, "backends.list", NULL, NULL));
    }
    return NULL;
}

static void removed(void)
{
    pthread_t threads[3];
    wazo_auth_client *one = client();
    for (int at = 0; at < 3; at++) {
        pthread_create(&threads[at], NULL, call_on, one);
    }
    for (int round = 0; round < 5; round++) {
        /* valgrind, and memory that is not as it was left, show a callback that runs too long. */
        int *memory = calloc(1, sizeof *memory);
        CHECK(wazo_auth_set_log_callback(use_memory, WAZO_AUTH_LOG_DEBUG, memory, NULL));
        while (__atomic_load_n(memory, __ATOMIC_SEQ_CST) < 4) {
            sleep_us(1000);
        }
        CHECK(wazo_auth_set_log_callback(NULL, 0, NULL, NULL));
        const int left = *memory;
        CHECK(left % 2 == 0);
        sleep_us(1000);
        CHECK(*memory == left);
        free(memory);
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_SEQ_CST);
    for (int at = 0; at < 3; at++) {
        pthread_join(threads[at], NULL);
    }
    wazo_auth_client_free(one);
}

#ifndef _WIN32
static void forked(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    wazo_auth_client *one = client();
    CHECK(wazo_auth_set_log_callback(note_record, WAZO_AUTH_LOG_DEBUG, &seen, NULL));
    /* It tells by a pipe: under valgrind its exit status says that what is its parent's stays allocated. */
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        char *token = wazo_auth_call(one, "token.new", NULL, NULL);
        const bool logged = token != NULL && seen.calls > 0 && has(seen.last, "/operation", "token.new");
        const bool removed = wazo_auth_set_log_callback(NULL, 0, NULL, NULL);
        _exit(write(ends[1], logged && removed ? "y" : "n", 1) == 1 ? 0 : 1);
    }
    char told = 'n';
    close(ends[1]);
    CHECK(read(ends[0], &told, 1) == 1 && told == 'y');
    close(ends[0]);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(wazo_auth_set_log_callback(NULL, 0, NULL, NULL) && seen.calls == 0);
    wazo_auth_client_free(one);
}
#endif

int main(int count, char **arguments)
{
    if (count != 2) {
        return 2;
    }
    url = arguments[1];
    RUN("a callback gets a message and fields of each call, on its thread; the error has the call's number", records);
    RUN("a callback gets the records of its level alone, and none holds the password", levels);
    RUN("a callback that was removed while calls run is not running any more", removed);
#ifndef _WIN32
    RUN("a forked child has the callback of its parent", forked);
#else
    report_skip("a forked child has the callback of its parent", WITHOUT_FORK);
#endif
    return finish();
}
