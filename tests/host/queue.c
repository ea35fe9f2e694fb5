/* The completion queue: calls in flight on one thread of the library's, for hosts with an event loop of their own. */
#include "host.h"
#include <poll.h>
#include <sys/epoll.h>

static bool readable(int descriptor)
{
    struct pollfd wanted = {descriptor, POLLIN, 0};
    return poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLIN) != 0;
}

static bool readable_within(int descriptor, int ms)
{
    struct pollfd wanted = {descriptor, POLLIN, 0};
    return poll(&wanted, 1, ms) == 1;
}

static void completions_come_in_the_order_of_their_ends(void)
{
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_queue *queue = queue_of(0);
    /* Submitted in this order, ended in that of the delays: far enough apart for a busy machine. */
    const int delays[] = {600, 200, 800, 0, 400};
    int due[] = {3, 1, 4, 0, 2}, right = 0;
    for (int i = 0; i < 5; i++) {
        char id[32];
        snprintf(id, sizeof id, "delay.%d_%d", delays[i], i);
        submit(queue, client, id, (void *)(intptr_t)i);
    }
    /* All wait in the queue by then. Were the machine too slow for that, they would be in order all the same. */
    pause_ms(1000);
    for (int i = 0; i < 5; i++) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 10000);
        right += (intptr_t)wazo_auth_completion_user_data(completion) == due[i] &&
                 wazo_auth_completion_result(completion) != NULL;
        wazo_auth_completion_free(completion);
    }
    promise(right == 5, "queue: completions come in the order in which calls end", "%d of 5 in their place", right);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static void the_descriptor_is_readable_while_completions_wait(void)
{
    wazo_auth_client *client = client_of(true, NULL);
    wazo_auth_queue *queue = queue_of(0);
    int descriptor = wazo_auth_queue_descriptor(queue), rounds = scaled(200, 40), good = 0;
    bool quiet = !readable(descriptor);
    for (int round = 0; round < rounds && good == round; round++) {
        submit(queue, client, "one", NULL);
        submit(queue, client, "two", NULL);
        bool woken = readable_within(descriptor, 10000);
        int taken = 0;
        /* Readable as long as one waits, and not a moment longer. */
        while (taken < 2 && readable_within(descriptor, 10000)) {
            wazo_auth_completion *completion = wazo_auth_queue_next(queue, 0);
            taken += completion != NULL;
            woken = woken && completion != NULL;
            wazo_auth_completion_free(completion);
        }
        good += woken && taken == 2 && !readable(descriptor) && wazo_auth_queue_next(queue, 0) == NULL;
    }
    promise(quiet && good == rounds, "queue: the descriptor is readable while completions wait (poll)",
            "%d of %d rounds", good, rounds);

    /* An event loop that is told again and again, level-triggered, and takes one at a time. */
    int loop = epoll_create1(EPOLL_CLOEXEC), wakes = 0, taken = 0, empty = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event);
    for (int i = 0; i < 50; i++)
        submit(queue, client, "many", NULL);
    while (taken < 50 && epoll_wait(loop, &event, 1, 10000) == 1) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 0);
        wakes++;
        taken += completion != NULL;
        empty += completion == NULL;
        wazo_auth_completion_free(completion);
    }
    int after = epoll_wait(loop, &event, 1, 0);
    promise(taken == 50 && wakes == 50 && empty == 0 && after == 0,
            "queue: level-triggered epoll wakes for each completion", "%d taken in %d wake-ups, %d for nothing", taken,
            wakes, empty + after);
    close(loop);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static void cancelling_by_number(void)
{
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_queue *queue = queue_of(0);
    uint64_t numbers[20];
    for (int i = 0; i < 20; i++)
        numbers[i] = submit(queue, client, i % 2 ? "hold_cancelled" : "delay.700_answered", (void *)(intptr_t)i);
    pause_ms(100);
    double start = now_ms(), last = 0;
    int cancelled = 0, answered = 0, wrong = 0;
    for (int i = 1; i < 20; i += 2)
        wrong += !wazo_auth_queue_cancel(queue, numbers[i]);
    for (int i = 0; i < 20; i++) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 10000);
        bool odd = (intptr_t)wazo_auth_completion_user_data(completion) % 2;
        if (odd && wazo_auth_error_kind(wazo_auth_completion_error(completion)) == WAZO_AUTH_ERROR_CANCELLED) {
            cancelled++;
            last = now_ms() - start;
        } else if (!odd && wazo_auth_completion_result(completion) != NULL) {
            answered++;
        } else {
            wrong++;
        }
        wazo_auth_completion_free(completion);
    }
    wrong += wazo_auth_queue_cancel(queue, numbers[0]) || wazo_auth_queue_cancel(queue, 999999) ||
             wazo_auth_queue_cancel(queue, 0);
    promise(cancelled == 10 && answered == 10 && wrong == 0 && last < 250,
            "queue: cancelling by number ends that call and no other",
            "10 of 20 cancelled, the last after %.1f ms, %d answered", last, answered);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static void a_full_queue_is_an_error(void)
{
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_queue *queue = queue_of(10);
    wazo_auth_error *error = NULL;
    int entered = 0;
    for (int i = 0; i < 10; i++)
        entered += submit(queue, client, "at-once", NULL) != 0;
    /* Ended, but not taken: it counts until it is. */
    readable_within(wazo_auth_queue_descriptor(queue), 10000);
    double start = now_ms();
    uint64_t eleventh = wazo_auth_queue_submit(queue, client, "users.get", "{\"user_uuid\": \"x\"}", NULL, &error);
    double took = now_ms() - start;
    bool good = eleventh == 0 && wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_QUOTA &&
                strstr(wazo_auth_error_message(error), "full") != NULL;
    wazo_auth_error_free(error);
    wazo_auth_completion_free(wazo_auth_queue_next(queue, 10000));
    good = submit(queue, client, "room-again", NULL) != 0 && good;
    promise(good && entered == 10, "queue: a full queue is a clear error, until one is taken",
            "10 of 10 entered, the 11th refused in %.2f ms", took);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static void one_thread_with_the_first_and_gone_with_the_last(void)
{
    static descriptors before, after;
    list_descriptors(&before);
    wazo_auth_client *client = client_of(false, NULL);
    echo(client, "warm");
    long start = status_number("Threads"), most = 0;
    int rounds = scaled(50, 15), good = 0;
    for (int round = 0; round < rounds; round++) {
        wazo_auth_queue *queues[5];
        bool fine = true;
        for (int i = 0; i < 5; i++) {
            queues[i] = queue_of(4);
            fine = echo_by_queue(queues[i], client, "queued") && fine;
        }
        long during = status_number("Threads");
        most = during - start > most ? during - start : most;
        for (int i = 0; i < 5; i++) {
            wazo_auth_queue_free(queues[(i * 2) % 5]);
            fine = fine && (i == 4 || threads_settled_at(start + 1) == start + 1);
        }
        good += fine && threads_settled_at(start) == start;
    }
    wazo_auth_client_free(client);
    list_descriptors(&after);
    for (int i = 0; i < after.count; i++) {
        bool is_new = true;
        for (int k = 0; k < before.count; k++)
            is_new =
                is_new && (after.all[i].inode != before.all[k].inode || after.all[i].number != before.all[k].number);
        if (is_new)
            note("left open: %d, %s", after.all[i].number, after.all[i].target);
    }
    promise(good == rounds && most == 1 && after.count == before.count,
            "queue: one thread for all, from the first to the last",
            "%d rounds of 5 queues, %ld thread, %d descriptors more", rounds, most, after.count - before.count);
}

static void ten_thousand_in_flight(bool https)
{
    char arguments[64], what[128];
    const char *connections = https ? "32" : "10000";
    int count = 10000, wrong = 0, submitted = 0;
    bool *seen = calloc((size_t)count, 1);
    /* Over HTTP each with a connection of its own, held by the server until all have come; over HTTPS 32 take turns. */
    wazo_auth_client *client =
        client_of(https, (const char *[]){"timeout_ms", "120000", "queue_connections", connections, NULL});
    wazo_auth_queue *queue = queue_of((unsigned)count);
    double start = now_ms(), submitting;
    for (int i = 0; i < count; i++) {
        snprintf(arguments, sizeof arguments, "%s_%d", https ? "delay.1" : "hold", i);
        submitted += submit(queue, client, arguments, (void *)(intptr_t)i) != 0;
    }
    submitting = now_ms() - start;
    /* Until all are with the server, or no more come. */
    long open = 0;
    for (double changed = now_ms(); !https && open < count && now_ms() - changed < 10000;) {
        pause_ms(100);
        long now_open = control("stats", NULL, "held");
        if (now_open != open)
            changed = now_ms();
        open = now_open;
    }
    long threads = status_number("Threads");
    if (!https)
        control("release", NULL, "released");
    int taken = 0;
    for (; taken < submitted && (https || open >= count); taken++) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 100000);
        if (completion == NULL)
            break;
        intptr_t which = (intptr_t)wazo_auth_completion_user_data(completion);
        snprintf(arguments, sizeof arguments, "%s_%d", https ? "delay.1" : "hold", (int)which);
        if (!is_answer_to(wazo_auth_completion_result(completion), arguments, NULL) || seen[which]) {
            if (wrong++ < 5)
                note("%s: %s", arguments, wazo_auth_error_message(wazo_auth_completion_error(completion)));
        }
        seen[which] = true;
        wazo_auth_completion_free(completion);
    }
    snprintf(what, sizeof what, "queue: 10,000 in flight at once, every answer its own (%s)",
             https ? "HTTPS, 32 connections" : "HTTP, 10,000 connections");
    promise(submitted == count && taken == count && wrong == 0 && threads == 2 && (https || open >= count), what,
            "%d answered, %d wrong, in %.1f s; submitting took %.0f us each", taken, wrong, (now_ms() - start) / 1e3,
            submitting * 1e3 / count);
    free(seen);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static atomic_int woken, woken_after_end;
static pthread_mutex_t woken_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken_condition = PTHREAD_COND_INITIALIZER;

/* What a wake-up is given: whose it is, and whether it may still be called. */
struct waking {
    atomic_int calls;
    atomic_bool is_ended;
};

static void on_wake_up(void *data)
{
    struct waking *waking = data;
    if (waking->is_ended)
        woken_after_end++;
    waking->calls++;
    pthread_mutex_lock(&woken_lock);
    woken++;
    pthread_cond_signal(&woken_condition);
    pthread_mutex_unlock(&woken_lock);
}

static void the_wake_up_is_called(void)
{
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_queue *queue = queue_of(0);
    struct waking waking = {0, false};
    int rounds = scaled(500, 100), good = 0;
    bool set = wazo_auth_queue_set_wake_up(queue, on_wake_up, &waking, NULL);
    for (int round = 0; round < rounds && good == round; round++) {
        struct timespec end;
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec += 10;
        submit(queue, client, "woken", NULL);
        int late = 0;
        pthread_mutex_lock(&woken_lock);
        while (woken <= round && late == 0)
            late = pthread_cond_timedwait(&woken_condition, &woken_lock, &end);
        pthread_mutex_unlock(&woken_lock);
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 0);
        good += late == 0 && completion != NULL;
        wazo_auth_completion_free(completion);
    }
    /* Once it is taken away it is not called, nor is it running. */
    set = wazo_auth_queue_set_wake_up(queue, NULL, NULL, NULL) && set;
    good += echo_by_queue(queue, client, "unwoken");
    promise(set && good == rounds + 1 && waking.calls == rounds,
            "queue: the wake-up is called when a completion comes to an empty queue", "%d calls for %d rounds", (int)waking.calls,
            rounds);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
}

static void freeing_ends_what_runs(void)
{
    wazo_auth_client *client = client_of(true, NULL);
    int rounds = scaled(200, 40);
    struct waking *all = calloc((size_t)rounds, sizeof *all);
    double worst = 0;
    long threads = status_number("Threads");
    for (int round = 0; round < rounds; round++) {
        wazo_auth_queue *queue = queue_of(64);
        wazo_auth_queue_set_wake_up(queue, on_wake_up, &all[round], NULL);
        for (int i = 0; i < 20; i++)
            submit(queue, client, i % 3 == 0 ? "hold_freed" : i % 3 == 1 ? "delay.5_freed" : "freed", NULL);
        pause_ms(round % 8);
        double start = now_ms();
        wazo_auth_queue_free(queue);
        all[round].is_ended = true;
        double took = now_ms() - start;
        worst = took > worst ? took : worst;
    }
    /* Answers that nobody wants any more have come by now. */
    bool gone = threads_settled_at(threads) == threads;
    pause_ms(50);
    promise(woken_after_end == 0 && worst < 1000 && gone,
            "queue: freeing it ends what runs, and nothing is called afterwards",
            "%d queues of 20 calls freed, slowest %.1f ms, %d called afterwards", rounds, worst, (int)woken_after_end);
    wazo_auth_client_free(client);
}

static wazo_auth_queue *waited_for;
static atomic_int closed_for;

static void *waiting(void *argument)
{
    wazo_auth_completion *completion;
    while ((completion = wazo_auth_queue_next(waited_for, -1)) != NULL) {
        closed_for += wazo_auth_error_kind(wazo_auth_completion_error(completion)) == WAZO_AUTH_ERROR_CANCELLED ||
                      wazo_auth_error_kind(wazo_auth_completion_error(completion)) == WAZO_AUTH_ERROR_CLOSED;
        wazo_auth_completion_free(completion);
    }
    return argument;
}

static void closing_lets_waiting_threads_go(void)
{
    pthread_t threads[8];
    wazo_auth_client *client = client_of(false, NULL);
    wazo_auth_error *error = NULL;
    waited_for = queue_of(0);
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, waiting, NULL);
    for (int i = 0; i < 20; i++)
        submit(waited_for, client, "hold_closed", NULL);
    pause_ms(50);
    double start = now_ms();
    wazo_auth_queue_close(waited_for);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    double took = now_ms() - start;
    bool refused = wazo_auth_queue_submit(waited_for, client, "users.get", "{\"user_uuid\": \"x\"}", NULL, &error) == 0 &&
                   wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_CLOSED;
    wazo_auth_error_free(error);
    promise(closed_for == 20 && refused && took < 1000, "queue: closing it ends its calls and lets waiting threads go",
            "%d of 20 calls ended, 8 threads gone after %.1f ms", (int)closed_for, took);
    wazo_auth_queue_free(waited_for);
    wazo_auth_client_free(client);
}

static void waiting_ends_in_time(void)
{
    wazo_auth_queue *queue = queue_of(0);
    double start = now_ms();
    bool none = wazo_auth_queue_next(queue, 0) == NULL;
    double at_once = now_ms() - start;
    start = now_ms();
    none = wazo_auth_queue_next(queue, 200) == NULL && none;
    double waited = now_ms() - start;
    promise(none && at_once < 50 && waited > 195 && waited < 600, "queue: waiting for a completion ends in time",
            "0 ms took %.2f, 200 ms took %.1f", at_once, waited);
    wazo_auth_queue_free(queue);
}

int main(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    alarm(240);
    completions_come_in_the_order_of_their_ends();
    the_descriptor_is_readable_while_completions_wait();
    cancelling_by_number();
    a_full_queue_is_an_error();
    one_thread_with_the_first_and_gone_with_the_last();
    the_wake_up_is_called();
    freeing_ends_what_runs();
    waiting_ends_in_time();
    closing_lets_waiting_threads_go();
    if (*setting("FULL"))
        ten_thousand_in_flight(true);
    if (files.rlim_max >= 10500)
        ten_thousand_in_flight(false);
    else
        note("no 10,000 connections: this process may have %ld descriptors only", (long)files.rlim_max);
    return host_failed != 0;
}
