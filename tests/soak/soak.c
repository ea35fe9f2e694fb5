/* The process under test of `make soak`: a host that does everything at once, for as long as it is told.
 *
 * Threads make blocking calls, a queue carries others, forked workers share a verifier and are killed at any instruction,
 * short-lived children use inherited handles, and a renewer keeps a token. Each answer is checked: it must be the answer to
 * the very question. A call may fail, because soak.py makes the server misbehave; what may not be is a wrong answer, a
 * failure of a kind that no fault of the server can cause, or a call that ends after its time.
 *
 * Every second it prints a line of JSON, its counters since the beginning, which soak.py reads. It ends when its standard
 * input ends. Settings: URL_HTTP, URL_HTTPS, CA_FILE; USERS, a file of lines "UUID TOKEN": user N has the name soak-N and
 * the access soak.N.#.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wazo_auth_client.h>

enum { THREADS = 4, WORKERS = 3, IN_FLIGHT = 32, MOST_USERS = 64, KINDS = 24, TIMEOUT_MS = 1500 };

/* Counters of all processes, in memory that they share. */
struct counters {
    atomic_ulong blocking, queued, decisions, undecided, children, kills, wrong, impossible, killed_badly, late, slowest_ms;
    atomic_ulong errors[KINDS];
    atomic_bool stop;
    char first[512];
    atomic_bool has_first;
};

static struct counters *counters;
static char uuids[MOST_USERS][40], tokens[MOST_USERS][40];
static int users;
static wazo_auth_client *by_http, *by_https, *kept;
static wazo_auth_verifier *verifier;

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void pause_ms(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

/* Counts what must not be, and keeps the first of it for the report. */
static void blame(atomic_ulong *counter, const char *what, const char *detail)
{
    (*counter)++;
    if (!atomic_exchange(&counters->has_first, true))
        snprintf(counters->first, sizeof counters->first, "pid %d: %.60s: %.400s", getpid(), what, detail);
}

/* Counts a failure. The server never refuses for good here, so these kinds would be a fault of the library. */
static void failed(const char *what, wazo_auth_error *error)
{
    int kind = (int)wazo_auth_error_kind(error);
    counters->errors[kind < KINDS ? kind : 0]++;
    switch (kind) {
    case WAZO_AUTH_ERROR_UNAVAILABLE:
    case WAZO_AUTH_ERROR_CONNECT:
    case WAZO_AUTH_ERROR_TIMEOUT:
    case WAZO_AUTH_ERROR_TLS:
    case WAZO_AUTH_ERROR_PROTOCOL:
    case WAZO_AUTH_ERROR_TOO_LARGE:
    case WAZO_AUTH_ERROR_CANCELLED:
    case WAZO_AUTH_ERROR_BUSY:
        break;
    default:
        blame(&counters->impossible, what, wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
}

static void took(double begun)
{
    unsigned long ms = (unsigned long)(now_ms() - begun), known = counters->slowest_ms;
    while (ms > known && !atomic_compare_exchange_weak(&counters->slowest_ms, &known, ms))
        ;
    /* A loaded machine may let a thread wait for its turn. */
    if (ms > TIMEOUT_MS + 3000)
        blame(&counters->late, "a call ended late", "");
}

/* Whether a user's JSON is that of user `number`. */
static void check_user(const char *json, int number)
{
    char due[64];
    char *name = wazo_auth_json_get(json, "/username", NULL);
    snprintf(due, sizeof due, "soak-%d", number);
    if (name == NULL || strcmp(name, due) != 0)
        blame(&counters->wrong, due, json);
    wazo_auth_string_free(name);
}

static void get_user(const wazo_auth_client *client, int number)
{
    wazo_auth_error *error = NULL;
    double begun = now_ms();
    char *user = wazo_auth_users_get(client, uuids[number], NULL, &error);
    took(begun);
    if (user != NULL)
        check_user(user, number);
    else
        failed("users.get", error);
    wazo_auth_string_free(user);
    counters->blocking++;
}

static void access_of(int number, char *access, size_t size) { snprintf(access, size, "soak.%d.read", number); }

static void check_token(const wazo_auth_client *client, int number, int other)
{
    char access[32];
    wazo_auth_error *error = NULL;
    double begun = now_ms();
    access_of(other, access, sizeof access);
    bool yes = wazo_auth_token_check(client, tokens[number], access, NULL, &error);
    took(begun);
    if (error != NULL)
        failed("token.check", error);
    else if (yes != (number == other))
        blame(&counters->wrong, "token.check", access);
    counters->blocking++;
}

static void decide(unsigned *seed)
{
    char access[32];
    int number = rand_r(seed) % users, other = rand_r(seed) % 3 == 0 ? rand_r(seed) % users : number;
    wazo_auth_error *error = NULL;
    double begun = now_ms();
    access_of(other, access, sizeof access);
    bool yes = wazo_auth_verifier_check(verifier, tokens[number], access, NULL, NULL, &error);
    took(begun);
    if (wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_UNAVAILABLE) {
        /* After an outage the verifier leaves the server alone for a while, so this goes on when the faults have ended. */
        counters->undecided++;
        wazo_auth_error_free(error);
    } else if (error != NULL)
        failed("verifier", error);
    else if (yes != (number == other))
        blame(&counters->wrong, "verifier", access);
    counters->decisions++;
    /* Now and then all is forgotten, so that it is asked for again. */
    if (rand_r(seed) % 5000 == 0)
        wazo_auth_verifier_invalidate(verifier, "token", tokens[number], NULL);
}

static void *blocking(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    while (!counters->stop) {
        const wazo_auth_client *client = rand_r(&seed) % 2 == 0 ? by_http : by_https;
        int number = rand_r(&seed) % users;
        switch (rand_r(&seed) % 8) {
        case 0:
            check_token(client, number, rand_r(&seed) % users);
            break;
        case 1:
            get_user(kept, number);
            break;
        case 2: {
            /* A handle of a moment, cancelled at times while its call runs. */
            wazo_auth_cancellation *cancellation = wazo_auth_cancellation_new();
            wazo_auth_client *own = wazo_auth_client_with_cancellation(client, cancellation, NULL);
            if (rand_r(&seed) % 4 == 0)
                wazo_auth_cancellation_cancel(cancellation);
            if (own != NULL)
                get_user(own, number);
            wazo_auth_client_free(own);
            wazo_auth_cancellation_free(cancellation);
            break;
        }
        default:
            get_user(client, number);
        }
        pause_ms(rand_r(&seed) % 8);
    }
    return NULL;
}

/* A call of the queue by its number, and what it is about. */
struct asked {
    int number, other;
    double begun;
    bool is_check;
};

static void completed(wazo_auth_completion *completion, bool is_alien)
{
    struct asked *asked = wazo_auth_completion_user_data(completion);
    wazo_auth_error *error = NULL;
    const char *result = wazo_auth_completion_result(completion);
    const wazo_auth_error *of = wazo_auth_completion_error(completion);
    if (is_alien) {
        /* A child finds the calls of its parent closed. */
        if (of == NULL || wazo_auth_error_kind(of) != WAZO_AUTH_ERROR_CLOSED)
            blame(&counters->wrong, "a child has a completion of its parent", "");
        return;
    }
    took(asked->begun);
    if (of != NULL) {
        int kind = (int)wazo_auth_error_kind(of);
        counters->errors[kind < KINDS ? kind : 0]++;
        if (kind == WAZO_AUTH_ERROR_INTERNAL || kind == WAZO_AUTH_ERROR_CLOSED || kind < WAZO_AUTH_ERROR_UNAVAILABLE)
            blame(&counters->impossible, "queue", wazo_auth_error_message(of));
    } else if (asked->is_check) {
        if (wazo_auth_completion_is_yes(completion) != (asked->number == asked->other))
            blame(&counters->wrong, "queue, token.check", tokens[asked->number]);
    } else {
        check_user(result != NULL ? result : "", asked->number);
    }
    wazo_auth_error_free(error);
    free(asked);
    counters->queued++;
}

static bool submit(wazo_auth_queue *queue, unsigned *seed)
{
    struct asked *asked = calloc(1, sizeof *asked);
    const wazo_auth_client *client = rand_r(seed) % 2 == 0 ? by_http : by_https;
    wazo_auth_error *error = NULL;
    uint64_t id;
    *asked = (struct asked){rand_r(seed) % users, rand_r(seed) % users, now_ms(), rand_r(seed) % 2 == 0};
    if (asked->is_check) {
        char access[32];
        access_of(asked->other, access, sizeof access);
        id = wazo_auth_queue_submit_token_check(queue, client, tokens[asked->number], access, NULL, asked, &error);
    } else {
        char arguments[80];
        snprintf(arguments, sizeof arguments, "{\"user_uuid\": \"%s\"}", uuids[asked->number]);
        id = wazo_auth_queue_submit(queue, client, "users.get", arguments, asked, &error);
    }
    if (id == 0) {
        failed("submit", error);
        free(asked);
    } else if (rand_r(seed) % 64 == 0) {
        wazo_auth_queue_cancel(queue, id);
    }
    return id != 0;
}

static _Atomic(wazo_auth_queue *) shown;

static void *queued(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    while (!counters->stop) {
        /* A new queue every few seconds: making and freeing are part of a host's life too. */
        wazo_auth_queue *queue = wazo_auth_queue_new(0, NULL);
        double until = now_ms() + 5000 + rand_r(&seed) % 5000;
        int in_flight = 0;
        shown = queue;
        while (queue != NULL && (in_flight > 0 || (now_ms() < until && !counters->stop))) {
            struct pollfd one = {wazo_auth_queue_descriptor(queue), POLLIN, 0};
            wazo_auth_completion *completion;
            bool goes_on = now_ms() < until && !counters->stop;
            while (goes_on && in_flight < IN_FLIGHT && rand_r(&seed) % 8 != 0)
                in_flight += submit(queue, &seed);
            poll(&one, 1, 20);
            while ((completion = wazo_auth_queue_next(queue, 0)) != NULL) {
                completed(completion, false);
                wazo_auth_completion_free(completion);
                in_flight--;
            }
        }
        /* No child may be about to use it. */
        shown = NULL;
        pause_ms(100);
        wazo_auth_queue_free(queue);
    }
    return NULL;
}

/* A child of a moment: it uses what it inherited. */
static void child_of_a_moment(unsigned seed)
{
    wazo_auth_queue *queue = shown;
    get_user(by_https, rand_r(&seed) % users);
    get_user(by_http, rand_r(&seed) % users);
    decide(&seed);
    get_user(kept, rand_r(&seed) % users);
    if (queue != NULL) {
        wazo_auth_completion *completion;
        while ((completion = wazo_auth_queue_next(queue, 0)) != NULL) {
            completed(completion, true);
            wazo_auth_completion_free(completion);
        }
    }
    _exit(0);
}

static pid_t start_worker(unsigned seed)
{
    pid_t pid = fork();
    if (pid == 0) {
        while (!counters->stop) {
            decide(&seed);
            if (rand_r(&seed) % 50 == 0)
                get_user(rand_r(&seed) % 2 == 0 ? by_http : by_https, rand_r(&seed) % users);
            pause_ms(rand_r(&seed) % 4);
        }
        _exit(0);
    }
    return pid;
}

/* Forks and kills, on the main thread. `first` is the worker that is never killed: soak.py watches it. */
static void forks_and_kills(unsigned seed, pid_t first)
{
    pid_t workers[WORKERS];
    for (int at = 0; at < WORKERS; at++)
        workers[at] = start_worker(seed + (unsigned)at);
    while (!counters->stop) {
        pause_ms(50 + rand_r(&seed) % 400);
        int status;
        pid_t child = fork();
        if (child == 0)
            child_of_a_moment(seed);
        if (child > 0) {
            waitpid(child, &status, 0);
            counters->children++;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                blame(&counters->killed_badly, "a child of a moment died", "");
        }
        int victim = rand_r(&seed) % WORKERS;
        if (kill(workers[victim], SIGKILL) == 0 && waitpid(workers[victim], &status, 0) > 0) {
            counters->kills++;
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
                blame(&counters->killed_badly, "a worker died by itself", "");
        }
        workers[victim] = start_worker((unsigned)rand_r(&seed));
        if (waitpid(first, &status, WNOHANG) != 0)
            blame(&counters->killed_badly, "the worker that nobody kills has ended", "");
    }
    for (int at = 0; at < WORKERS; at++)
        waitpid(workers[at], NULL, 0);
}

static void *report(void *argument)
{
    pid_t first = (pid_t)(intptr_t)argument;
    char byte;
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    for (;;) {
        printf("{\"worker\": %d, \"blocking\": %lu, \"queued\": %lu, \"decisions\": %lu, \"undecided\": %lu, \"children\": %lu, \"kills\": %lu, "
               "\"wrong\": %lu, \"impossible\": %lu, \"died\": %lu, \"late\": %lu, \"slowest_ms\": %lu, \"errors\": {",
               first, counters->blocking, counters->queued, counters->decisions, counters->undecided, counters->children, counters->kills,
               counters->wrong, counters->impossible, counters->killed_badly, counters->late, counters->slowest_ms);
        for (int kind = 0, any = 0; kind < KINDS; kind++)
            if (counters->errors[kind] != 0)
                printf("%s\"%s\": %lu", any++ ? ", " : "", wazo_auth_error_kind_text(kind), counters->errors[kind]);
        printf("}, \"first\": ");
        char *first_fault = wazo_auth_json_quote(counters->first, NULL);
        printf("%s}\n", first_fault != NULL ? first_fault : "\"\"");
        wazo_auth_string_free(first_fault);
        fflush(stdout);
        if (counters->stop)
            return NULL;
        if (poll(&input, 1, 1000) > 0 && read(STDIN_FILENO, &byte, 1) <= 0)
            counters->stop = true;
    }
}

static wazo_auth_client *client_of(const char *url)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", TIMEOUT_MS);
    if (wazo_auth_options_set_url(options, url, &error) &&
        wazo_auth_options_set(options, "ca_file", setting("CA_FILE"), &error) &&
        wazo_auth_options_set(options, "timeout_ms", timeout, &error) &&
        wazo_auth_options_set(options, "username", setting("USERNAME"), &error) &&
        wazo_auth_options_set(options, "password", setting("PASSWORD"), &error) &&
        wazo_auth_options_set(options, "token", setting("TOKEN"), &error))
        client = wazo_auth_client_new(options, &error);
    wazo_auth_options_free(options);
    if (client == NULL) {
        fprintf(stderr, "soak: no client: %s\n", wazo_auth_error_message(error));
        exit(2);
    }
    return client;
}

int main(void)
{
    FILE *file = fopen(setting("USERS"), "r");
    while (file != NULL && users < MOST_USERS && fscanf(file, "%39s %39s", uuids[users], tokens[users]) == 2)
        users++;
    if (users == 0) {
        fprintf(stderr, "soak: USERS names a file of lines \"UUID TOKEN\"; make soak makes it\n");
        return 2;
    }
    fclose(file);
    counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    by_http = client_of(setting("URL_HTTP"));
    by_https = client_of(setting("URL_HTTPS"));
    verifier = wazo_auth_verifier_new(by_https, "{\"shared\": true, \"ttl_ms\": 3000}", NULL);
    wazo_auth_error *error = NULL;
    wazo_auth_renewer *renewer = wazo_auth_renewer_new(by_https, "{\"expiration_s\": 20}", &error);
    if (verifier == NULL || renewer == NULL || !wazo_auth_renewer_start(renewer, 20000, &error) ||
        (kept = wazo_auth_client_with_renewer(by_http, renewer, &error)) == NULL) {
        fprintf(stderr, "soak: no renewer: %s\n", wazo_auth_error_message(error));
        return 2;
    }
    /* A seed in the arguments of soak.py repeats the choices of each thread, though not their order in time. */
    unsigned seed = (unsigned)strtoul(setting("SEED"), NULL, 10);
    pid_t first = start_worker(seed + 99);
    pthread_t threads[THREADS + 2];
    for (uintptr_t at = 0; at < THREADS; at++)
        pthread_create(&threads[at], NULL, blocking, (void *)(seed + at));
    pthread_create(&threads[THREADS], NULL, queued, (void *)(uintptr_t)(seed + 50));
    pthread_create(&threads[THREADS + 1], NULL, report, (void *)(intptr_t)first);
    forks_and_kills(seed + 70, first);
    for (int at = 0; at < THREADS + 2; at++)
        pthread_join(threads[at], NULL);
    waitpid(first, NULL, 0);
    wazo_auth_client_free(kept);
    wazo_auth_renewer_free(renewer);
    wazo_auth_verifier_free(verifier);
    wazo_auth_client_free(by_http);
    wazo_auth_client_free(by_https);
    return 0;
}
