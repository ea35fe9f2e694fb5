/* Many threads on one client and on handles derived from it, while the token changes; and how little stack a call
 * takes.
 */
#include "host.h"

enum { THREADS = 64, STACK_PROMISED = 128 << 10, STACK_MEASURED = 4 << 20 };

static const char *const tokens[2] = {"old-token-of-the-client",
                                      "the-new-one-is-longer-than-the-old-token-of-the-client"};
static wazo_auth_client *shared;
static int count_of_calls;
static atomic_long wrong, by_token[2];
static atomic_bool stopping;

static void *calling(void *argument)
{
    int number = (int)(intptr_t)argument;
    char id[64], token[64];
    snprintf(token, sizeof token, "token-of-thread-%d", number);
    wazo_auth_client *own = number % 2 ? wazo_auth_client_with(shared, "token", token, NULL) : NULL;
    for (int turn = 0; turn < count_of_calls; turn++) {
        snprintf(id, sizeof id, "thread-%d-%d", number, turn);
        if (own != NULL) {
            wrong += !echo_on(own, id, token, NULL);
            continue;
        }
        wazo_auth_error *error = NULL;
        char *answer = wazo_auth_users_get(shared, id, NULL, &error);
        int which = is_answer_to(answer, id, tokens[0]) ? 0 : is_answer_to(answer, id, tokens[1]) ? 1 : -1;
        if (which >= 0) {
            by_token[which]++;
        } else {
            note("call %s: %s", id, answer != NULL ? answer : wazo_auth_error_json(error));
            wrong++;
        }
        wazo_auth_string_free(answer);
        wazo_auth_error_free(error);
    }
    wazo_auth_client_free(own);
    return NULL;
}

static void *changing(void *argument)
{
    for (int turn = 0; !stopping; turn++) {
        wazo_auth_client_set_token(shared, tokens[turn % 2], NULL);
        pause_ms(0.2);
    }
    return argument;
}

static void threads_share_one_client(bool https, int calls)
{
    pthread_t threads[THREADS], changer;
    char what[160];
    count_of_calls = calls;
    shared = client_of(https, (const char *[]){"token", tokens[0], NULL});
    stopping = false;
    wrong = by_token[0] = by_token[1] = 0;
    double start = now_ms();
    pthread_create(&changer, NULL, changing, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, calling, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    stopping = true;
    pthread_join(changer, NULL);
    double took = (now_ms() - start) / 1e3;
    snprintf(what, sizeof what,
             "threads: %d on one client and its derived handles, %d calls each, every answer its own (%s)", THREADS,
             calls, https ? "HTTPS" : "HTTP");
    promise(wrong == 0, what, "%ld wrong of %d in %.0f s", (long)wrong, THREADS * calls, took);
    promise(by_token[0] > 0 && by_token[1] > 0 && by_token[0] + by_token[1] == (long)THREADS / 2 * calls,
            https ? "threads: the token changes whole under calls (HTTPS)"
                  : "threads: the token changes whole under calls (HTTP)",
            "%ld requests with the one, %ld with the other", (long)by_token[0], (long)by_token[1]);
    wazo_auth_client_free(shared);
}

/* The deepest work that a caller's thread does. */
static void *deep_work(void *argument)
{
    bool *good = argument;
    for (int https = 0; https < 2; https++) {
        wazo_auth_error *error = NULL;
        wazo_auth_client *client = client_of(https, NULL);
        wazo_auth_queue *queue = queue_of(0);
        *good =
            echo(client, "handshake") && echo(client, "pooled") && echo_by_queue(queue, client, "submitted") && *good;
        char *answer = wazo_auth_request(client, "POST", "/posted", NULL, "{\"a\": [1, {\"b\": \"c\"}]}", &error);
        *good = answer != NULL && *good;
        wazo_auth_string_free(answer);
        wazo_auth_queue_free(queue);
        wazo_auth_client_free(client);
        /* Failures go other ways: nobody listens; a certificate that the system's authorities did not sign. */
        client = client_of_port("1", https, NULL);
        answer = wazo_auth_users_get(client, "nobody-listens", NULL, &error);
        *good = answer == NULL && wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_CONNECT && *good;
        wazo_auth_error_free(error);
        error = NULL;
        wazo_auth_client_free(client);
    }
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = client_of(true, (const char *[]){"ca_file", "", NULL});
    char *answer = wazo_auth_users_get(client, "not-trusted", NULL, &error);
    *good = answer == NULL && wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_TLS && *good;
    if (!*good)
        note("%s", wazo_auth_error_message(error));
    wazo_auth_error_free(error);
    wazo_auth_client_free(client);
    return NULL;
}

/* Runs `work` on a stack of that size, painted before; the bytes of it that were used, what the C library keeps of a
 * thread at its upper end included. A page below it that nobody may touch ends the process where it is too small. */
static size_t stack_used_by(void *(*work)(void *), void *argument, size_t size)
{
    pthread_t thread;
    pthread_attr_t attributes;
    size_t guard = 1 << 16;
    unsigned char *area =
        mmap(NULL, size + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    unsigned char *stack = area + guard;
    mprotect(area, guard, PROT_NONE);
    memset(stack, 0xa5, size);
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, size);
    if (pthread_create(&thread, &attributes, work, argument) != 0)
        return 0;
    pthread_join(thread, NULL);
    size_t untouched = 0;
    while (untouched < size && stack[untouched] == 0xa5)
        untouched++;
    munmap(area, size + guard);
    return size - untouched;
}

static void small_stacks_are_enough(void)
{
    bool good = true;
    size_t used = stack_used_by(deep_work, &good, STACK_MEASURED);
    promise(good && used > 0 && used < STACK_PROMISED, "stack: what a call needs of its caller's",
            "%zu KiB, HTTPS with its handshake and failures included", used >> 10);
    fflush(stdout);
    /* In a process of its own: a stack that is too small ends it. */
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        good = true;
        size_t of_promised = stack_used_by(deep_work, &good, STACK_PROMISED);
        _exit(!good || of_promised == 0);
    }
    promise(child_succeeded(child), "stack: calls on a thread of 128 KiB", "HTTP, HTTPS, queue and failures");
}

int main(int count, char **arguments)
{
    const char *which = count > 1 ? arguments[1] : "calls";
    alarm(500);
    if (strcmp(which, "stack") == 0) {
        small_stacks_are_enough();
    } else {
        threads_share_one_client(false, scaled(10000, 200));
        threads_share_one_client(true, scaled(1000, 60));
    }
    return host_failed != 0;
}
