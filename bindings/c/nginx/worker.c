/* The queue of a worker, in the worker's own event loop.
 *
 * The queue's descriptor is one more connection of nginx's: level-triggered, for reading. The library's thread, one for
 * each worker, talks to wazo-auth; everything of nginx happens on the worker's own thread.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

/* A worker that is told to quit ends as soon as no timer is set. So one is set while requests wait; how long it is does
 * not matter, as it is set again. */
#define ALIVE_MS 60000

static wazo_auth_queue *queue;
static ngx_connection_t *completions;
static ngx_event_t alive;
static ngx_uint_t in_flight;

static void on_alive(ngx_event_t *event)
{
    if (in_flight > 0) {
        ngx_add_timer(event, ALIVE_MS);
    }
}

static void on_completions(ngx_event_t *event)
{
    ngx_http_wazo_auth_question_t *question;
    wazo_auth_completion *completion;

    (void)event;
    while ((completion = wazo_auth_queue_next(queue, 0)) != NULL) {
        in_flight--;
        question = wazo_auth_completion_user_data(completion);
        question->answered(completion);
        wazo_auth_completion_free(completion);
    }
    if (in_flight == 0 && alive.timer_set) {
        ngx_del_timer(&alive);
    }
}

ngx_int_t ngx_http_wazo_auth_start_worker(ngx_cycle_t *cycle)
{
    wazo_auth_error *error = NULL;
    /* More requests than connections can wait only over HTTP/2, and these are told to come back later. */
    ngx_uint_t limit = cycle->connection_n > 1024 ? cycle->connection_n : 1024;

    if (ngx_http_wazo_auth_start_log(cycle) != NGX_OK) {
        return NGX_ERROR;
    }
    queue = wazo_auth_queue_new(limit, &error);
    if (!queue) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "wazo_auth: no queue: %s", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return NGX_ERROR;
    }
    completions = ngx_http_wazo_auth_watch(wazo_auth_queue_descriptor(queue), on_completions, cycle->log);
    if (!completions) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "wazo_auth: no place for the queue: raise worker_connections");
        wazo_auth_queue_free(queue);
        queue = NULL;
        return NGX_ERROR;
    }
    alive.handler = on_alive;
    alive.data = completions;
    alive.log = cycle->log;
    return NGX_OK;
}

void ngx_http_wazo_auth_end_worker(void)
{
    if (queue) {
        if (alive.timer_set) {
            ngx_del_timer(&alive);
        }
        ngx_http_wazo_auth_unwatch(completions);
        wazo_auth_queue_free(queue);
        queue = NULL;
    }
    ngx_http_wazo_auth_end_log();
}

uint64_t ngx_http_wazo_auth_submit(wazo_auth_verifier *verifier, const char *token, const char *access,
                                   const char *tenant, ngx_http_wazo_auth_question_t *question,
                                   wazo_auth_error **error)
{
    uint64_t call;

    /* Without master_process, a reload may be the first to configure a check; then nothing has started it. */
    if (!queue && ngx_http_wazo_auth_start_worker((ngx_cycle_t *)ngx_cycle) != NGX_OK) {
        return 0;
    }
    call = wazo_auth_verifier_submit(verifier, queue, token, access, tenant, question, error);
    if (call != 0 && in_flight++ == 0) {
        ngx_add_timer(&alive, ALIVE_MS);
    }
    return call;
}

void ngx_http_wazo_auth_cancel(uint64_t call)
{
    wazo_auth_queue_cancel(queue, call);
}

ngx_uint_t ngx_http_wazo_auth_in_flight(void)
{
    return in_flight;
}
