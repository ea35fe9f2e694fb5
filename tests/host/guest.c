/* What a host must not notice: no thread, handler, mask, environment or descriptor of its own changes, neither when the
 * library is loaded nor while it works. Run with the spy (spy.c) preloaded, which counts what the process asks of the C
 * library.
 */
#include "host.h"
#include <dlfcn.h>
#include <fcntl.h>

/* Counted by the spy. */
static long spied(const char *what)
{
    long (*count)(const char *) = (long (*)(const char *))dlsym(RTLD_DEFAULT, "spy_count");
    if (count == NULL) {
        note("the spy is not preloaded");
        exit(2);
    }
    return count(what);
}

enum { SIGNALS = 64 };

static void handlers(struct sigaction *all)
{
    memset(all, 0, sizeof *all * (SIGNALS + 1));
    for (int number = 1; number <= SIGNALS; number++)
        sigaction(number, NULL, &all[number]);
}

static bool same_handlers(const struct sigaction *a, const struct sigaction *b)
{
    for (int number = 1; number <= SIGNALS; number++)
        if (a[number].sa_handler != b[number].sa_handler || a[number].sa_flags != b[number].sa_flags) {
            note("signal %d has another handler", number);
            return false;
        }
    return true;
}

static bool same_mask(const sigset_t *a, const sigset_t *b)
{
    for (int number = 1; number <= SIGNALS; number++)
        if (sigismember(a, number) != sigismember(b, number)) {
            note("signal %d is %sblocked now", number, sigismember(b, number) == 1 ? "" : "un");
            return false;
        }
    return true;
}

static bool works_all_ways(const wazo_auth_client *client, wazo_auth_queue *queue)
{
    bool good = echo(client, "a-call");
    wazo_auth_client *other = wazo_auth_client_with(client, "timeout_ms", "50", NULL);
    wazo_auth_error *error = NULL;
    char *late = wazo_auth_users_get(other, "hold_late", NULL, &error);
    good = late == NULL && wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_TIMEOUT && good;
    wazo_auth_error_free(error);
    wazo_auth_client_free(other);
    return (queue == NULL || echo_by_queue(queue, client, "submitted")) && good;
}

static void blocking_calls_start_no_thread(void)
{
    long before = spied("pthread_create"), reads = spied("getenv");
    for (int https = 0; https < 2; https++) {
        wazo_auth_client *client = client_of(https, NULL);
        bool good = true;
        for (int i = 0; i < 20; i++)
            good = works_all_ways(client, NULL) && good;
        wazo_auth_client_free(client);
        promise(good && spied("pthread_create") == before && status_number("Threads") == 1,
                https ? "threads: blocking calls start none (HTTPS)" : "threads: blocking calls start none (HTTP)",
                "40 calls, %ld threads started, %ld running", spied("pthread_create") - before,
                status_number("Threads"));
    }
    /* The harness reads its own settings by getenv: what the library reads goes by names of its own or of others. */
    promise(spied("foreign getenv") == 0, "environment: nothing is read from it without being asked",
            "%ld variables read by the harness, %ld by others", spied("getenv") - reads, spied("foreign getenv"));
}

static void handlers_and_masks_stay(void)
{
    static struct sigaction before[SIGNALS + 1], after[SIGNALS + 1];
    sigset_t mask, odd, now;
    /* A mask that nobody would set by accident. */
    sigemptyset(&odd);
    sigaddset(&odd, SIGUSR2);
    sigaddset(&odd, SIGWINCH);
    pthread_sigmask(SIG_SETMASK, &odd, &mask);
    handlers(before);
    bool good = true;
    for (int https = 0; https < 2; https++) {
        wazo_auth_client *client = client_of(https, NULL);
        wazo_auth_queue *queue = queue_of(0);
        good = works_all_ways(client, queue) && good;
        wazo_auth_queue_free(queue);
        wazo_auth_client_free(client);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    handlers(after);
    promise(good && same_handlers(before, after) && spied("sigaction") == 0, "signals: no handler is installed",
            "64 handlers as before, %ld calls of sigaction or signal", spied("sigaction"));
    promise(same_mask(&odd, &now), "signals: the caller's mask is as before",
            "calls, errors and queues, HTTP and HTTPS");
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* The signals that a thread of this process blocks, as /proc shows them. */
static unsigned long long blocked_by(const char *thread)
{
    char path[300], line[256];
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return blocked;
}

/* Counts the threads that are not the caller's and do not block every signal that can be blocked. */
static int open_threads(int *others)
{
    /* glibc keeps 32 and 33 for itself, nobody can block 9 and 19. */
    const unsigned long long all = ~((1ULL << (SIGKILL - 1)) | (1ULL << (SIGSTOP - 1)) | (1ULL << 31) | (1ULL << 32));
    char self[16];
    int open = 0;
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    snprintf(self, sizeof self, "%d", getpid());
    *others = 0;
    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, self) == 0)
            continue;
        ++*others;
        unsigned long long blocked = blocked_by(entry->d_name);
        if ((blocked & all) != all) {
            note("thread %s blocks only %016llx", entry->d_name, blocked);
            open++;
        }
    }
    closedir(tasks);
    return open;
}

static void library_threads_block_all_signals(void)
{
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_queue *queue = queue_of(0);
    bool good = echo_by_queue(queue, client, "submitted");
    int others = 0, open = open_threads(&others);
    promise(good && open == 0 && others == 1, "signals: the library's thread blocks them all",
            "%d thread, %d open to signals", others, open);
    /* A name that resolves slowly (see spy.c), looked up by a call of the queue. */
    wazo_auth_client *named = client_of(false, (const char *[]){"host", "slow.test", NULL});
    uint64_t number = submit(queue, named, "by-name", NULL);
    double end = now_ms() + 5000;
    while (open_threads(&others) == 0 && others < 2 && now_ms() < end)
        pause_ms(1);
    /* A thread that is just being started has a mask of the C library's own for a moment. */
    pause_ms(50);
    open = open_threads(&others);
    promise(number != 0 && open == 0 && others == 2, "signals: so does the thread of a name look-up",
            "%d threads, %d open to signals", others, open);
    wazo_auth_completion_free(wazo_auth_queue_next(queue, 10000));
    wazo_auth_client_free(named);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static void errno_is_untouched(void)
{
    int touched = 0, calls = 0;
#define UNTOUCHED(call)                                                        \
    do {                                                                       \
        errno = 71;                                                            \
        call;                                                                  \
        if (errno != 71) {                                                     \
            note("errno became %d (%s) in %s", errno, strerror(errno), #call); \
            touched++;                                                         \
        }                                                                      \
        calls++;                                                               \
    } while (0)
    for (int https = 0; https < 2; https++) {
        wazo_auth_client *client, *other;
        wazo_auth_queue *queue;
        wazo_auth_completion *completion;
        wazo_auth_options *options;
        char *answer;
        uint64_t number;
        bool set;
        UNTOUCHED(options = wazo_auth_options_new());
        UNTOUCHED(set = wazo_auth_options_set(options, "host", "127.0.0.1", NULL));
        UNTOUCHED(set = set && wazo_auth_options_set(options, "port", setting(https ? "HTTPS" : "HTTP"), NULL));
        UNTOUCHED(wazo_auth_options_set(options, "https", https ? "true" : "false", NULL));
        UNTOUCHED(wazo_auth_options_set(options, "prefix", "", NULL));
        UNTOUCHED(wazo_auth_options_set(options, "ca_file", setting("CA"), NULL));
        UNTOUCHED(client = wazo_auth_client_new(options, NULL));
        UNTOUCHED(answer = wazo_auth_users_get(client, "first", NULL, NULL));
        UNTOUCHED(wazo_auth_string_free(answer));
        UNTOUCHED(answer = wazo_auth_users_get(client, "second", NULL, NULL));
        UNTOUCHED(wazo_auth_string_free(answer));
        UNTOUCHED(set = wazo_auth_client_set_token(client, "token", NULL));
        UNTOUCHED(other = wazo_auth_client_with(client, "timeout_ms", "5000", NULL));
        UNTOUCHED(queue = wazo_auth_queue_new(0, NULL));
        UNTOUCHED(number = wazo_auth_queue_submit(queue, other, "users.get", "{\"user_uuid\": \"x\"}", NULL, NULL));
        UNTOUCHED(completion = wazo_auth_queue_next(queue, 10000));
        UNTOUCHED(set = number != 0 && completion != NULL);
        UNTOUCHED(wazo_auth_completion_free(completion));
        UNTOUCHED(set = wazo_auth_queue_next(queue, 0) == NULL);
        UNTOUCHED(wazo_auth_queue_free(queue));
        UNTOUCHED(wazo_auth_client_free(other));
        UNTOUCHED(wazo_auth_client_free(client));
        UNTOUCHED(wazo_auth_options_free(options));
        (void)set;
    }
    promise(touched == 0, "errno: untouched by what succeeds", "%d calls, %d touched it", calls, touched);
}

static atomic_bool stopping;

static void *cancelled_inside(void *argument)
{
    wazo_auth_client *client = argument;
    wazo_auth_error *error = NULL;
    int before = 0;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    char *answer = wazo_auth_users_get(client, "delay.300_not-interrupted", NULL, &error);
    /* Only reached where the call was left in peace; the cancellation strikes right below. */
    stopping = answer != NULL && error == NULL;
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
    pthread_testcancel();
    stopping = false;
    return NULL;
}

static void a_thread_is_cancelled_outside_only(void)
{
    wazo_auth_client *client = client_of(true, NULL);
    pthread_t thread;
    void *how = NULL;
    echo(client, "warm");
    pthread_create(&thread, NULL, cancelled_inside, client);
    pause_ms(100);
    double start = now_ms();
    pthread_cancel(thread);
    pthread_join(thread, &how);
    double took = now_ms() - start;
    bool ended = stopping;
    stopping = false;
    promise(ended && how == PTHREAD_CANCELED, "threads: pthread_cancel waits until a call has ended",
            "the call had its answer, cancelled %.0f ms later", took);
    wazo_auth_client_free(client);
}

/* What a program that was started by exec finds open; it lists that itself. */
static int opened_by_the_program_started(const char *program)
{
    fflush(stdout);
    pid_t forked = fork();
    if (forked == 0) {
        execl(program, program, "--list", NULL);
        _exit(99);
    }
    int status = 0;
    waitpid(forked, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void *connecting(void *argument)
{
    /* A new client each time: sockets, event loops and threads come and go while others exec. */
    while (!stopping) {
        wazo_auth_client *client = client_of(true, NULL);
        wazo_auth_queue *queue = queue_of(0);
        echo(client, "come");
        echo_by_queue(queue, client, "go");
        wazo_auth_queue_free(queue);
        wazo_auth_client_free(client);
    }
    return argument;
}

static void every_descriptor_is_close_on_exec(const char *program)
{
    pthread_t threads[4];
    int due = opened_by_the_program_started(program), most = due, rounds = scaled(200, 30);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, connecting, NULL);
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_queue *queue = queue_of(0);
    bool good = echo(client, "kept") && echo_by_queue(queue, client, "kept");
    for (int round = 0; round < rounds; round++) {
        int found = opened_by_the_program_started(program);
        most = found > most ? found : most;
    }
    stopping = true;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    promise(good && most == due, "descriptors: close-on-exec, all and at any time",
            "%d programs started under load, at most %d open, %d without the library", rounds, most, due);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

int main(int count, char **arguments)
{
    static descriptors open;
    if (count > 1 && strcmp(arguments[1], "--list") == 0) {
        list_descriptors(&open);
        return open.count;
    }
    blocking_calls_start_no_thread();
    handlers_and_masks_stay();
    library_threads_block_all_signals();
    errno_is_untouched();
    a_thread_is_cancelled_outside_only();
    every_descriptor_is_close_on_exec("/proc/self/exe");
    return host_failed != 0;
}
