/* A module of a telephony server, linked to the library and loaded by dlopen(): see module_host.c.
 *
 * It has two functions for the threads of the channels: check() makes a blocking call on the caller's small stack, and
 * check_later() reports the verdict from a thread of the module, like Asterisk's taskprocessors. load() creates a
 * client, a queue and that thread. unload() cancels the running calls, and leaves no thread and no file descriptor
 * behind.
 *     cc -std=c99 -shared -fPIC -fvisibility=hidden -I include bindings/c/module.c -L target/debug -lwazo_auth_client \
 *         -o module.so
 *
 * / */
#define _GNU_SOURCE /* visibility, eventfd */
#include "module.h"

#include <wazo_auth_client.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The callback for a verdict. */
struct task {
    verdict_function *tell;
    void *data;
};

static wazo_auth_client *client;
static wazo_auth_queue *queue;
static wazo_auth_cancellation *cancellation;
static pthread_t teller;
static int stop = -1; /* readable once the module is being unloaded */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long pending; /* tasks whose completion has not been taken */

/* Only a yes of the server is ALLOW. A real module uses the log functions of its host instead of stderr. */
static enum verdict verdict_of(bool yes, const wazo_auth_error *error)
{
    if (error == NULL) {
        return yes ? ALLOW : DENY;
    }
    if (wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_INVALID_ARGUMENT) {
        return DENY;
    }
    if (wazo_auth_error_kind(error) != WAZO_AUTH_ERROR_CANCELLED) {
        fprintf(stderr, "module: %s\n", wazo_auth_error_message(error));
    }
    return RETRY;
}

static enum verdict check(const char *token, const char *access)
{
    wazo_auth_error *error = NULL;
    const bool yes = wazo_auth_token_check(client, token, access, NULL, &error);
    const enum verdict verdict = verdict_of(yes, error);
    wazo_auth_error_free(error);
    return verdict;
}

static unsigned long count_pending(long change)
{
    pthread_mutex_lock(&lock);
    const unsigned long now = pending += (unsigned long)change;
    pthread_mutex_unlock(&lock);
    return now;
}

static void check_later(const char *token, const char *access, verdict_function *tell, void *data)
{
    wazo_auth_error *error = NULL;
    struct task *task = malloc(sizeof *task);
    if (task != NULL) {
        *task = (struct task){tell, data};
        count_pending(1); /* before submitting: the completion may arrive at once */
        if (wazo_auth_queue_submit_token_check(queue, client, token, access, NULL, task, &error) != 0) {
            return;
        }
        count_pending(-1);
        free(task);
    }
    /* Not submitted: the question is invalid, or the queue is full. */
    tell(data, error == NULL ? RETRY : verdict_of(false, error));
    wazo_auth_error_free(error);
}

/* Takes all completions and reports their verdicts. With timeout_ms -1 it waits for the first one. */
static void tell_verdicts(int timeout_ms)
{
    wazo_auth_completion *completion;
    while ((completion = wazo_auth_queue_next(queue, timeout_ms)) != NULL) {
        struct task *task = wazo_auth_completion_user_data(completion);
        const bool yes = wazo_auth_completion_is_yes(completion);
        task->tell(task->data, verdict_of(yes, wazo_auth_completion_error(completion)));
        wazo_auth_completion_free(completion);
        free(task);
        count_pending(-1);
        timeout_ms = 0;
    }
}

/* The module's thread: waits for completions, or for the end. It ends when all verdicts have been reported. */
static void *run_teller(void *unused)
{
    struct pollfd ready[] = {
        {.fd = wazo_auth_queue_descriptor(queue), .events = POLLIN},
        {.fd = stop, .events = POLLIN},
    };
    (void)unused;
    while ((ready[1].revents & POLLIN) == 0) {
        poll(ready, 2, -1);
        tell_verdicts(0);
    }
    while (count_pending(0) > 0) {
        tell_verdicts(-1); /* the calls are cancelled, so they end at once */
    }
    return NULL;
}

static void give_back(void)
{
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
    wazo_auth_cancellation_free(cancellation);
    if (stop >= 0) {
        close(stop);
    }
    queue = NULL, client = NULL, cancellation = NULL, stop = -1;
}

/* The options come from environment variables here; a real module passes the lines of its configuration file to
 * wazo_auth_options_set(). The cancellation can end all calls of the client. */
static bool connect_to_wazo_auth(wazo_auth_error **error)
{
    wazo_auth_client *base = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    cancellation = wazo_auth_cancellation_new();
    if (wazo_auth_options_set(options, "timeout_ms", "2000", error) &&
        wazo_auth_options_set_from_environment(options, error) &&
        (base = wazo_auth_client_new(options, error)) != NULL &&
        (client = wazo_auth_client_with_cancellation(base, cancellation, error)) != NULL) {
        queue = wazo_auth_queue_new(0, error);
    }
    wazo_auth_client_free(base);
    wazo_auth_options_free(options);
    return queue != NULL;
}

static bool load(void)
{
    wazo_auth_error *error = NULL;
    sigset_t all, before;
    bool good = connect_to_wazo_auth(&error) && (stop = eventfd(0, EFD_CLOEXEC)) >= 0;
    if (error != NULL) {
        fprintf(stderr, "module: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    if (good) {
        sigfillset(&all); /* the host handles signals in its own threads */
        pthread_sigmask(SIG_BLOCK, &all, &before);
        good = pthread_create(&teller, NULL, run_teller, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (!good) {
        give_back();
    }
    return good;
}

static void unload(void)
{
    wazo_auth_cancellation_cancel(cancellation);
    eventfd_write(stop, 1);
    pthread_join(teller, NULL);
    give_back();
}

__attribute__((visibility("default"))) extern const struct auth_module auth_module;
const struct auth_module auth_module = {load, unload, check, check_later};
