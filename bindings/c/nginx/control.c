/* The location of `wazo_auth_control`, for whoever receives wazo-auth's events, and for monitoring.
 *
 *     GET    what the verifier counted, in all workers together, and how many requests wait in this worker
 *     POST   a message of wazo-auth's bus as it is, or {"invalidate": "session", "id": "UUID"}
 *
 * What a POST has forgotten, no worker uses any more when its response comes: the verifier's memory is shared.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

/* Sends a JSON text, which is in the request's memory. */
static ngx_int_t send_json(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t text)
{
    ngx_buf_t *buffer = ngx_calloc_buf(r->pool);
    ngx_chain_t chain = {.buf = buffer};
    ngx_int_t sent;

    if (!buffer) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    buffer->pos = text.data;
    buffer->last = text.data + text.len;
    buffer->memory = 1;
    buffer->last_buf = 1;
    buffer->last_in_chain = 1;
    r->headers_out.status = status;
    r->headers_out.content_length_n = (off_t)text.len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    sent = ngx_http_send_header(r);
    if (sent == NGX_ERROR || sent > NGX_OK || r->header_only) {
        return sent;
    }
    return ngx_http_output_filter(r, &chain);
}

/* {before}middle{after} as the response. */
static ngx_int_t send_parts(ngx_http_request_t *r, ngx_uint_t status, const char *before, const char *middle,
                            const char *after)
{
    ngx_str_t text;

    text.len = ngx_strlen(before) + ngx_strlen(middle) + ngx_strlen(after);
    text.data = ngx_pnalloc(r->pool, text.len);
    if (!text.data) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_snprintf(text.data, text.len, "%s%s%s", before, middle, after);
    return send_json(r, status, text);
}

static ngx_int_t send_error(ngx_http_request_t *r, ngx_uint_t status, wazo_auth_error *error)
{
    char *message = wazo_auth_json_quote(wazo_auth_error_message(error), NULL);
    ngx_int_t sent = message ? send_parts(r, status, "{\"error\":", message, "}\n") : NGX_HTTP_INTERNAL_SERVER_ERROR;

    wazo_auth_string_free(message);
    wazo_auth_error_free(error);
    return sent;
}

static ngx_int_t send_statistics(ngx_http_request_t *r, const wazo_auth_verifier *verifier)
{
    wazo_auth_error *error = NULL;
    char *statistics = wazo_auth_verifier_stats(verifier, &error);
    u_char worker[128];
    ngx_int_t sent;

    if (!statistics) {
        return send_error(r, NGX_HTTP_INTERNAL_SERVER_ERROR, error);
    }
    ngx_snprintf(worker, sizeof worker, ",\"worker\":{\"pid\":%P,\"in_flight\":%ui}}\n%Z", ngx_pid,
                 ngx_http_wazo_auth_in_flight());
    sent = send_parts(r, NGX_HTTP_OK, "{\"verifier\":", statistics, (const char *)worker);
    wazo_auth_string_free(statistics);
    return sent;
}

/* Does what the body says. */
static ngx_int_t apply(ngx_http_request_t *r, const wazo_auth_verifier *verifier, const char *body)
{
    wazo_auth_error *error = NULL;
    char *kind = wazo_auth_json_get(body, "/invalidate", NULL);
    bool is_applied;

    if (kind) {
        char *id = wazo_auth_json_get(body, "/id", NULL);
        is_applied = wazo_auth_verifier_invalidate(verifier, kind, id, &error);
        wazo_auth_string_free(id);
        wazo_auth_string_free(kind);
    } else {
        is_applied = wazo_auth_verifier_apply_event(verifier, body, &error);
    }
    if (error) {
        return send_error(r, NGX_HTTP_BAD_REQUEST, error);
    }
    return send_parts(r, NGX_HTTP_OK, "{\"is_applied\":", is_applied ? "true" : "false", "}\n");
}

/* The body has come. */
static void on_body(ngx_http_request_t *r)
{
    const ngx_http_wazo_auth_main_conf_t *conf = ngx_http_get_module_main_conf(r, ngx_http_wazo_auth_module);
    size_t length = 0;
    u_char *body, *end;

    if (!r->request_body) {
        ngx_http_finalize_request(r, NGX_HTTP_BAD_REQUEST); /* it was read or dropped before an internal redirect */
        return;
    }
    if (r->request_body->temp_file) {
        /* It was larger than client_body_buffer_size; a message of the bus has a few hundred bytes. */
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE);
        return;
    }
    for (ngx_chain_t *link = r->request_body->bufs; link; link = link->next) {
        length += ngx_buf_size(link->buf);
    }
    body = ngx_pnalloc(r->pool, length + 1);
    if (!body) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }
    end = body;
    for (ngx_chain_t *link = r->request_body->bufs; link; link = link->next) {
        end = ngx_cpymem(end, link->buf->pos, ngx_buf_size(link->buf));
    }
    *end = '\0';
    ngx_http_finalize_request(r, apply(r, conf->verifier, (const char *)body));
}

ngx_int_t ngx_http_wazo_auth_control_handler(ngx_http_request_t *r)
{
    const ngx_http_wazo_auth_main_conf_t *conf = ngx_http_get_module_main_conf(r, ngx_http_wazo_auth_module);
    ngx_int_t read;

    if (!conf->verifier) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "wazo_auth_control: there is no wazo_auth_url");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (r->method == NGX_HTTP_POST) {
        read = ngx_http_read_client_request_body(r, on_body);
        return read >= NGX_HTTP_SPECIAL_RESPONSE ? read : NGX_DONE;
    }
    if (r->method != NGX_HTTP_GET && r->method != NGX_HTTP_HEAD) {
        return NGX_HTTP_NOT_ALLOWED;
    }
    read = ngx_http_discard_request_body(r);
    return read == NGX_OK ? send_statistics(r, conf->verifier) : read;
}
