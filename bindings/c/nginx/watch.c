/* Descriptors that are not nginx's in the event loop of a worker.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

ngx_connection_t *ngx_http_wazo_auth_watch(int descriptor, ngx_event_handler_pt handler, ngx_log_t *log)
{
    ngx_connection_t *watch = ngx_get_connection(descriptor, log);

    if (!watch) {
        return NULL;
    }
    watch->log = log;
    watch->read->log = log;
    watch->write->log = log;
    watch->read->handler = handler;
    if (ngx_add_event(watch->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_free_connection(watch);
        watch->fd = (ngx_socket_t)-1;
        return NULL;
    }
    return watch;
}

void ngx_http_wazo_auth_unwatch(ngx_connection_t *watch)
{
    /* ngx_close_connection() would close the descriptor, which is not nginx's. */
    ngx_del_event(watch->read, NGX_READ_EVENT, 0);
    ngx_free_connection(watch);
    watch->fd = (ngx_socket_t)-1;
}
