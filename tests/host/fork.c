/* Fork: a client, a derived handle and a queue that were made and warmed before work in every child, while the parent
 * goes on undisturbed on the connections that it had.
 */
#include "host.h"

enum { PARENT_THREADS = 8, CHILDREN = 4 };

static const char *scheme; /* "HTTP" or "HTTPS" */
static bool https;
static long threads_at_start; /* one, and those of an emulator */
static wazo_auth_client *shared, *derived;
static wazo_auth_queue *queue;

static atomic_bool stopping;
static atomic_long calls, wrong;
static pthread_barrier_t warmed;

/* The connections that a process has used, by the numbers that the server gave them. */
static atomic_bool used[200000];
static atomic_bool counting; /* whether connections are still allowed to be new */
static atomic_long strangers;

static void note_connection(long connection)
{
    if (connection < 0 || connection >= (long)COUNT(used))
        return;
    if (counting)
        used[connection] = true;
    else if (!used[connection])
        strangers++;
}

static void *parent_thread(void *argument)
{
    int number = (int)(intptr_t)argument;
    char id[64];
    /* All at once, and held by the server until all are there: each thread has a connection of its own. */
    pthread_barrier_wait(&warmed);
    long connection;
    snprintf(id, sizeof id, "delay.500_warm-%d", number);
    if (!echo_on(shared, id, "token-of-all", &connection))
        wrong++;
    note_connection(connection);
    pthread_barrier_wait(&warmed);
    for (int turn = 0; !stopping; turn++) {
        snprintf(id, sizeof id, "parent-%d-%d", number, turn);
        bool good = turn % 2 ? echo_on(shared, id, "token-of-all", &connection)
                             : echo_on(derived, id, "token-of-derived", &connection);
        if (!good)
            wrong++;
        note_connection(connection);
        calls++;
    }
    return NULL;
}

/* Sockets and event loops of the parent that are still open. */
static int inherited_left(const descriptors *before, const descriptors *after)
{
    int left = 0;
    for (int b = 0; b < before->count; b++)
        for (int a = 0; a < after->count; a++)
            if (before->all[b].number == after->all[a].number && before->all[b].inode == after->all[a].inode &&
                before->all[b].kind == S_IFSOCK) {
                note("the child keeps the parent's descriptor %d, %s", before->all[b].number, before->all[b].target);
                left++;
            }
    return left;
}

static int child(int number, int count, atomic_long *child_calls)
{
    static descriptors before, after;
    char id[64];
    int bad = 0;
    alarm(scaled(200, 40));
    list_descriptors(&before);
    int closed = 0;
    snprintf(id, sizeof id, "first-%d", number);
    bad += !echo_on(shared, id, "token-of-all", NULL);
    list_descriptors(&after);
    bad += inherited_left(&before, &after);

    /* The parent's calls end here, closed; they come first. */
    for (wazo_auth_completion *completion; (completion = wazo_auth_queue_next(queue, 0)) != NULL;) {
        const wazo_auth_error *error = wazo_auth_completion_error(completion);
        bool good = wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_CLOSED &&
                    wazo_auth_completion_user_data(completion) == (void *)(wazo_auth_completion_id(completion) + 1);
        if (!good)
            note("child %d got a completion of its parent: %s", number, wazo_auth_error_json(error));
        bad += !good;
        closed++;
        wazo_auth_completion_free(completion);
    }
    if (closed != 3)
        note("child %d found %d calls of its parent closed, not 3", number, closed);
    bad += closed != 3;
    if (status_number("Threads") != threads_at_start + 1)
        note("child %d has %ld threads, not its own and the queue's", number, status_number("Threads"));
    bad += status_number("Threads") != threads_at_start + 1;

    wazo_auth_client *own = client_of(https, NULL);
    for (int turn = 0; turn < count; turn++) {
        snprintf(id, sizeof id, "child-%d-%d", number, turn);
        switch (turn % 8) {
        case 0:
            bad += !echo_by_queue(queue, derived, id);
            break;
        case 1:
            bad += !echo_on(own, id, "token-of-all", NULL);
            break;
        case 2:
        case 3:
            bad += !echo_on(derived, id, "token-of-derived", NULL);
            break;
        default:
            bad += !echo_on(shared, id, "token-of-all", NULL);
        }
        ++*child_calls;
    }
    /* What is inherited may be freed as well; nothing of it may reach the parent's connections. */
    wazo_auth_client_free(own);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(derived);
    wazo_auth_client_free(shared);
    return bad != 0;
}

/* Handles as a host has them when it forks: warm, and in use. */
static void children_and_parent_call_at_once(void)
{
    char what[160];
    int count = scaled(5000, 300);
    pthread_t threads[PARENT_THREADS];
    atomic_long *child_calls = shared_memory(sizeof *child_calls);
    shared = client_of(https, NULL);
    derived = wazo_auth_client_with(shared, "token", "token-of-derived", NULL);
    queue = queue_of(16);
    counting = true;
    stopping = false;
    strangers = wrong = calls = 0;
    long connection;
    if (!echo_by_queue_on(queue, shared, "warm-queue", &connection))
        wrong++;
    note_connection(connection);
    pthread_barrier_init(&warmed, NULL, PARENT_THREADS + 1);
    for (int i = 0; i < PARENT_THREADS; i++)
        pthread_create(&threads[i], NULL, parent_thread, (void *)(intptr_t)i);
    pthread_barrier_wait(&warmed);
    pthread_barrier_wait(&warmed);
    /* Three calls in flight at the fork: 2, 3 and 4, after the first one above; user data is one more. */
    for (int i = 0; i < 3; i++)
        submit(queue, shared, "hold_in-flight", (void *)(uintptr_t)(i + 3));
    pause_ms(100);
    counting = false;

    double start = now_ms();
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        fflush(stdout);
        children[i] = fork();
        if (children[i] == 0)
            _exit(child(i, count, child_calls));
    }
    int good = 0;
    for (int i = 0; i < CHILDREN; i++)
        good += child_succeeded(children[i]);
    double took = now_ms() - start;

    /* The parent's queue goes on, and its calls in flight end with their answers. */
    int answered = 0;
    control("release", NULL, "released");
    for (int i = 0; i < 3; i++) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 10000);
        answered += is_answer_to(wazo_auth_completion_result(completion), "hold_in-flight", "token-of-all");
        if (completion == NULL || wazo_auth_completion_error(completion) != NULL)
            note("a call in flight of the parent: %s", wazo_auth_error_message(wazo_auth_completion_error(completion)));
        wazo_auth_completion_free(completion);
    }
    stopping = true;
    for (int i = 0; i < PARENT_THREADS; i++)
        pthread_join(threads[i], NULL);
    bool after = echo_by_queue(queue, shared, "after");

    snprintf(what, sizeof what, "fork: %d children call by handles warmed before, each answer its own (%s)", CHILDREN,
             scheme);
    promise(good == CHILDREN, what, "%d of %d children good, %ld calls in %.1f s", good, CHILDREN, (long)*child_calls,
            took / 1e3);
    snprintf(what, sizeof what, "fork: %d threads of the parent go on meanwhile, no answer wrong (%s)", PARENT_THREADS,
             scheme);
    promise(wrong == 0 && calls > 0 && after, what, "%ld calls, %ld wrong", (long)calls, (long)wrong);
    snprintf(what, sizeof what, "fork: the parent keeps every connection that it had (%s)", scheme);
    promise(strangers == 0, what, "%ld answers over new connections", (long)strangers);
    snprintf(what, sizeof what,
             "fork: the parent's calls in flight end closed in the child and answered in the parent (%s)", scheme);
    promise(answered == 3, what, "%d of 3 answered", answered);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(derived);
    wazo_auth_client_free(shared);
    pthread_barrier_destroy(&warmed);
}

/* One connection, one process after the other: what a child does to the sockets that it inherits shows at once. */
static void the_inherited_connection_is_closed_without_a_word(void)
{
    char what[160];
    shared = client_of(https, NULL);
    queue = queue_of(0);
    long direct = 0, queued = 0, again = 0, again_queued = 0;
    bool good = echo_on(shared, "one", NULL, &direct) && echo_by_queue_on(queue, shared, "two", &queued);
    int rounds = scaled(20, 5), kept = 0;
    for (int round = 0; round < rounds; round++) {
        fflush(stdout);
        pid_t forked = fork();
        if (forked == 0) {
            alarm(20);
            bool fine = round % 4 == 3 || (echo(shared, "child") && echo_by_queue(queue, shared, "child"));
            if (round % 2) {
                wazo_auth_queue_free(queue);
                wazo_auth_client_free(shared);
            }
            /* exit, not _exit: whatever runs at the end of a process runs. */
            exit(!fine);
        }
        good = child_succeeded(forked) && good;
        good =
            echo_on(shared, "again", NULL, &again) && echo_by_queue_on(queue, shared, "again", &again_queued) && good;
        kept += again == direct && again_queued == queued;
        if (!good)
            break;
    }
    snprintf(what, sizeof what, "fork: inherited sockets are closed without close_notify or shutdown (%s)", scheme);
    promise(good && kept == rounds, what, "%d of %d times the parent's connections lived on", kept, rounds);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(shared);
}

/* Everything that takes a lock of ours, all the time. */
static void *busy_thread(void *argument)
{
    char id[64];
    int number = (int)(intptr_t)argument;
    for (int turn = 0; !stopping; turn++) {
        snprintf(id, sizeof id, "busy-%d-%d", number, turn);
        if (number < 5) {
            if (!echo(number % 2 ? shared : derived, id))
                wrong++;
        } else if (number == 5) {
            wazo_auth_client *own = client_of(https, NULL);
            if (turn % 8 == 0 && !echo(own, id))
                wrong++;
            wazo_auth_client_free(own);
        } else if (number == 6) {
            wazo_auth_queue *own = queue_of(4);
            if (!echo_by_queue(own, shared, id))
                wrong++;
            wazo_auth_queue_free(own);
        } else {
            wazo_auth_client_set_token(shared, turn % 2 ? "token-one" : "token-two", NULL);
            wazo_auth_client_free(wazo_auth_client_with(shared, "timeout_ms", "900", NULL));
        }
        calls++;
    }
    return NULL;
}

static void many_forks_under_load(void)
{
    char what[160];
    int count = scaled(200, 40), good = 0;
    pthread_t threads[8];
    double worst = 0;
    shared = client_of(https, NULL);
    derived = wazo_auth_client_with(shared, "token", "token-of-derived", NULL);
    queue = queue_of(0);
    stopping = false;
    wrong = calls = 0;
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, busy_thread, (void *)(intptr_t)i);
    pause_ms(100);
    for (int i = 0; i < count; i++) {
        double start = now_ms();
        fflush(stdout);
        pid_t forked = fork();
        if (forked == 0) {
            alarm(20);
            wazo_auth_client_set_token(shared, "token-of-child", NULL);
            bool fine = echo_on(shared, "child", "token-of-child", NULL) && echo(derived, "child");
            fine = echo_by_queue(queue, shared, "child") && fine;
            wazo_auth_client *own = client_of(https, NULL);
            fine = echo(own, "own") && fine;
            wazo_auth_client_free(own);
            _exit(!fine);
        }
        bool fine = child_succeeded(forked);
        double took = now_ms() - start;
        worst = took > worst ? took : worst;
        good += fine;
        if (!fine) /* the next would hang as well */
            break;
    }
    stopping = true;
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    snprintf(what, sizeof what, "fork: %d times out of 8 threads that call, make, change and free (%s)", count, scheme);
    promise(good == count && wrong == 0, what, "%d children good, slowest %.0f ms, parent %ld turns, %ld wrong", good,
            worst, (long)calls, (long)wrong);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(derived);
    wazo_auth_client_free(shared);
}

/* Closes all but the standard descriptors and opens sockets of its own in their place, as daemons do. */
static bool daemon_body(int pairs[20][2])
{
    for (int number = 3; number < 1024; number++)
        close(number);
    for (int i = 0; i < 20; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) != 0)
            return false;
    bool good = echo(shared, "daemon") && echo_by_queue(queue, derived, "daemon") && echo(shared, "daemon-again");
    for (int i = 0; i < 20; i++) {
        char byte = (char)i;
        if (write(pairs[i][0], &byte, 1) != 1 || read(pairs[i][1], &byte, 1) != 1 || byte != (char)i) {
            note("the daemon's own socket %d was touched: %s", pairs[i][0], strerror(errno));
            good = false;
        }
    }
    return good;
}

static void daemonize(bool warm)
{
    char what[160];
    int *result = shared_memory(sizeof *result), pairs[20][2], rounds = scaled(20, 3), good = 0, pipe_ends[2];
    double start = now_ms();
    for (int round = 0; round < rounds; round++) {
        *result = -1;
        shared = client_of(https, NULL);
        derived = wazo_auth_client_with(shared, "token", "token-of-derived", NULL);
        queue = queue_of(0);
        bool fine = !warm || (echo(shared, "warm") && echo_by_queue(queue, shared, "warm"));
        fflush(stdout);
        /* Its end is how the parent learns that the daemon is gone, which is no child of its own. */
        if (pipe(pipe_ends) != 0)
            break;
        dup2(pipe_ends[1], 2000);
        close(pipe_ends[1]);
        pid_t forked = fork();
        if (forked == 0) {
            setsid();
            if (fork() == 0) {
                alarm(20);
                *result = daemon_body(pairs);
            }
            _exit(0);
        }
        fine = child_succeeded(forked) && fine;
        close(2000);
        char end;
        while (read(pipe_ends[0], &end, 1) < 0 && errno == EINTR)
            ;
        close(pipe_ends[0]);
        fine = fine && *result == 1 && (!warm || (echo(shared, "after") && echo_by_queue(queue, shared, "after")));
        good += fine;
        wazo_auth_queue_free(queue);
        wazo_auth_client_free(derived);
        wazo_auth_client_free(shared);
        if (!fine)
            break;
    }
    snprintf(what, sizeof what,
             "fork: a daemon that closes 3 to 1023 works with %s handles, its own sockets untouched (%s)",
             warm ? "warm" : "unused", scheme);
    promise(good == rounds, what, "%d of %d daemons good, %.0f ms each", good, rounds, (now_ms() - start) / rounds);
}

int main(int count, char **arguments)
{
    threads_at_start = status_number("Threads");
    scheme = count > 1 ? arguments[1] : "HTTP";
    https = strcmp(scheme, "HTTPS") == 0;
    children_and_parent_call_at_once();
    the_inherited_connection_is_closed_without_a_word();
    many_forks_under_load();
    daemonize(true);
    daemonize(false);
    return host_failed != 0;
}
