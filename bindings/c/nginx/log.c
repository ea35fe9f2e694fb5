/* The library's records for nginx's error_log.
 *
 * The library's thread must not write to it: nginx may open its files anew at the same time, and its syslog is made for
 * one thread. So records are kept, and a byte in a pipe wakes the worker's loop, which writes them.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

#include <pthread.h>

#define RECORDS 64
#define LONGEST 1024 /* nginx's own lines have 2,048 characters at most */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    ngx_uint_t level;
    char text[LONGEST];
} records[RECORDS];
static ngx_uint_t kept, lost;
static int ends[2] = {-1, -1}; /* of the pipe: to read from, to write to */
static ngx_connection_t *watch;

/* The library calls this on the thread where something happened. */
static void keep(wazo_auth_log_level_t level, const char *message, const char *fields_json, void *user_data)
{
    static const ngx_uint_t levels[] = {NGX_LOG_DEBUG, NGX_LOG_ERR, NGX_LOG_WARN, NGX_LOG_INFO, NGX_LOG_DEBUG};
    ngx_uint_t before;

    (void)fields_json;
    (void)user_data;
    pthread_mutex_lock(&mutex);
    before = kept;
    if (kept < RECORDS) {
        records[kept].level = level < sizeof levels / sizeof levels[0] ? levels[level] : NGX_LOG_DEBUG;
        ngx_cpystrn((u_char *)records[kept].text, (u_char *)message, LONGEST);
        kept++;
    } else {
        lost++;
    }
    pthread_mutex_unlock(&mutex);
    /* The pipe holds one byte at most, or few: it is never full. */
    if (before == 0 && write(ends[1], "", 1) != 1) {
        return; /* the next record, or the end of the worker, writes this one */
    }
}

/* Writes what is kept. Only the worker's own thread calls this. */
static void write_kept(void)
{
    static char text[LONGEST];
    ngx_uint_t count, missing;

    pthread_mutex_lock(&mutex);
    count = kept;
    pthread_mutex_unlock(&mutex);
    /* Others add behind these meanwhile, and change none of them. */
    for (ngx_uint_t index = 0; index < count; index++) {
        ngx_cpystrn((u_char *)text, (u_char *)records[index].text, LONGEST);
        if (ngx_cycle->log->log_level >= records[index].level) {
            ngx_log_error_core(records[index].level, ngx_cycle->log, 0, "wazo_auth: %s", text);
        }
    }
    pthread_mutex_lock(&mutex);
    ngx_memmove(records, records + count, (kept - count) * sizeof records[0]);
    kept -= count;
    missing = lost;
    lost = 0;
    pthread_mutex_unlock(&mutex);
    if (missing > 0) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "wazo_auth: %ui more records had no place", missing);
    }
}

static void on_records(ngx_event_t *event)
{
    char bytes[RECORDS];
    bool is_more;

    (void)event;
    /* First the bytes, then the records: a record that comes in between has its byte again. */
    while (read(ends[0], bytes, sizeof bytes) == (ssize_t)sizeof bytes) {
    }
    do {
        write_kept();
        pthread_mutex_lock(&mutex);
        is_more = kept > 0;
        pthread_mutex_unlock(&mutex);
    } while (is_more);
}

ngx_int_t ngx_http_wazo_auth_start_log(ngx_cycle_t *cycle)
{
    wazo_auth_log_level_t level = WAZO_AUTH_LOG_ERROR;

    if (watch) {
        return NGX_OK;
    }
    if (pipe(ends) != 0 || ngx_nonblocking(ends[0]) != 0 || ngx_nonblocking(ends[1]) != 0 ||
        fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno, "wazo_auth: no pipe for the library's log");
        return NGX_ERROR;
    }
    watch = ngx_http_wazo_auth_watch(ends[0], on_records, cycle->log);
    if (!watch) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "wazo_auth: no place for the log: raise worker_connections");
        return NGX_ERROR;
    }
    /* What error_log does not want is not made. */
    if (cycle->log->log_level & NGX_LOG_DEBUG_HTTP) {
        level = WAZO_AUTH_LOG_DEBUG;
    } else if (cycle->log->log_level >= NGX_LOG_INFO) {
        level = WAZO_AUTH_LOG_INFO;
    } else if (cycle->log->log_level >= NGX_LOG_WARN) {
        level = WAZO_AUTH_LOG_WARNING;
    }
    wazo_auth_set_log_callback(keep, level, NULL, NULL);
    return NGX_OK;
}

void ngx_http_wazo_auth_end_log(void)
{
    if (!watch) {
        return;
    }
    wazo_auth_set_log_callback(NULL, 0, NULL, NULL);
    write_kept();
    ngx_http_wazo_auth_unwatch(watch);
    watch = NULL;
    ngx_close_socket(ends[0]);
    ngx_close_socket(ends[1]);
}
