/* What is known of a request: it is there as long as the request, whatever nginx does with that.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

/* The request ends before its answer has come. The question stays until its completion is taken. */
static void forget_question(void *data)
{
    ngx_http_wazo_auth_ctx_t *ctx = data;

    if (ctx->question) {
        ctx->question->request = NULL;
        ngx_http_wazo_auth_cancel(ctx->question->call);
        ctx->question = NULL;
    }
}

ngx_http_wazo_auth_ctx_t *ngx_http_wazo_auth_create_ctx(ngx_http_request_t *r)
{
    ngx_http_wazo_auth_ctx_t *ctx = ngx_pcalloc(r->pool, sizeof *ctx);
    /* The first runs as soon as nginx ends the request, even if something else still holds its memory; by the second,
     * ngx_http_wazo_auth_ctx() finds what nginx has lost. */
    ngx_http_cleanup_t *request_cleanup = ngx_http_cleanup_add(r, 0);
    ngx_pool_cleanup_t *pool_cleanup = ngx_pool_cleanup_add(r->pool, 0);

    if (!ctx || !request_cleanup || !pool_cleanup) {
        return NULL;
    }
    request_cleanup->handler = forget_question;
    request_cleanup->data = ctx;
    pool_cleanup->handler = forget_question;
    pool_cleanup->data = ctx;
    ngx_http_set_ctx(r, ctx, ngx_http_wazo_auth_module);
    return ctx;
}

ngx_http_wazo_auth_ctx_t *ngx_http_wazo_auth_ctx(ngx_http_request_t *r)
{
    ngx_http_wazo_auth_ctx_t *ctx = ngx_http_get_module_ctx(r, ngx_http_wazo_auth_module);

    /* nginx clears the contexts when it redirects internally, as for error_page, and a subrequest has its own; but they
     * have the same pool. Its newest cleanup is the first one. */
    for (ngx_pool_cleanup_t *cleanup = r->pool->cleanup; !ctx && cleanup; cleanup = cleanup->next) {
        if (cleanup->handler == forget_question) {
            ctx = cleanup->data;
        }
    }
    return ctx;
}

const char *ngx_http_wazo_auth_verdict_text(wazo_auth_verdict_t verdict)
{
    static const char *const texts[] = {"unknown", "allowed", "invalid_token", "missing_access", "wrong_tenant"};

    return verdict < sizeof texts / sizeof texts[0] ? texts[verdict] : texts[0];
}
