/* The check of a request, in nginx's access phase.
 *
 * What is known is answered at once, from memory. Otherwise the question goes into the worker's queue, the request is
 * suspended, and the worker goes on with others; when the completion arrives, nginx runs the phase again, which now
 * finds the answer. If the client goes away meanwhile, the question is cancelled.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

/* What a client should wait for after an undecided request, in seconds: the verifier leaves a wazo-auth that has failed
 * alone for 1 to 16 s. */
static const char retry_after_s[] = "2";

/* The headers that clients of Wazo use: X-Auth-Token, or else Authorization: Bearer. Empty if there is none. Two headers
 * of the same name are no token: who is behind nginx may read the other one. */
static ngx_str_t token_of_headers(ngx_http_request_t *r)
{
    static const ngx_str_t name = ngx_string("X-Auth-Token"), scheme = ngx_string("Bearer ");
    const ngx_table_elt_t *authorization = r->headers_in.authorization;
    ngx_str_t token = ngx_null_string;
    ngx_uint_t count = 0;

    for (ngx_list_part_t *part = &r->headers_in.headers.part; part; part = part->next) {
        const ngx_table_elt_t *headers = part->elts;
        for (ngx_uint_t index = 0; index < part->nelts; index++) {
            if (headers[index].key.len == name.len &&
                ngx_strncasecmp(headers[index].key.data, name.data, name.len) == 0) {
                token = headers[index].value;
                count++;
            }
        }
    }
    if (count > 1) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "wazo_auth: more than one header X-Auth-Token");
        ngx_str_null(&token);
    } else if (count == 0 && authorization && authorization->value.len > scheme.len &&
               ngx_strncasecmp(authorization->value.data, scheme.data, scheme.len) == 0) {
        token.data = authorization->value.data + scheme.len;
        token.len = authorization->value.len - scheme.len;
        while (token.len > 0 && *token.data == ' ') {
            token.data++;
            token.len--;
        }
    }
    return token;
}

static ngx_int_t read_token(ngx_http_request_t *r, const ngx_http_wazo_auth_loc_conf_t *conf, ngx_str_t *token)
{
    ngx_http_complex_value_t *values = conf->tokens ? conf->tokens->elts : NULL;

    if (!values) {
        *token = token_of_headers(r);
        return NGX_OK;
    }
    ngx_str_null(token);
    for (ngx_uint_t index = 0; index < conf->tokens->nelts && token->len == 0; index++) {
        if (ngx_http_complex_value(r, &values[index], token) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    return NGX_OK;
}

/* A text for C. NULL without memory; a text with a NUL byte, which C would cut short, becomes an empty one. */
static const char *c_text(ngx_http_request_t *r, ngx_str_t text)
{
    char *copy = ngx_pnalloc(r->pool, text.len + 1);

    if (copy) {
        ngx_memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
        copy[ngx_strlen(copy) == text.len ? text.len : 0] = '\0';
    }
    return copy;
}

/* Evaluates an access or a tenant. *text is NULL if none is configured. */
static ngx_int_t read_text(ngx_http_request_t *r, ngx_http_complex_value_t *value, const char **text)
{
    ngx_str_t evaluated;

    *text = NULL;
    if (!value) {
        return NGX_OK;
    }
    if (ngx_http_complex_value(r, value, &evaluated) != NGX_OK) {
        return NGX_ERROR;
    }
    *text = c_text(r, evaluated);
    return *text ? NGX_OK : NGX_ERROR;
}

/* While wazo-auth is down, every request would write this line: at most one a second and worker. */
static void warn(ngx_http_request_t *r, const char *message)
{
    static time_t warned;
    static ngx_uint_t suppressed;

    if (ngx_time() == warned) {
        suppressed++;
        return;
    }
    if (suppressed > 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "wazo_auth: %ui more requests were undecided since the last such line", suppressed);
    }
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "wazo_auth: undecided: %s", message);
    warned = ngx_time();
    suppressed = 0;
}

static void note_error(ngx_http_request_t *r, ngx_http_wazo_auth_ctx_t *ctx, const wazo_auth_error *error)
{
    ctx->state = NGX_HTTP_WAZO_AUTH_UNDECIDED;
    ctx->error_kind = wazo_auth_error_kind_text(wazo_auth_error_kind(error));
    warn(r, wazo_auth_error_message(error));
}

/* Keeps what was decided, in the request's memory. */
static void note_decision(ngx_http_request_t *r, ngx_http_wazo_auth_ctx_t *ctx, bool is_allowed, const char *decision)
{
    size_t size = ngx_strlen(decision) + 1;
    char *text = is_allowed ? NULL : wazo_auth_json_get(decision, "/verdict", NULL);

    ctx->state = NGX_HTTP_WAZO_AUTH_DECIDED;
    ctx->verdict = is_allowed ? WAZO_AUTH_VERDICT_ALLOWED : WAZO_AUTH_VERDICT_MISSING_ACCESS;
    for (int verdict = WAZO_AUTH_VERDICT_INVALID_TOKEN; text && verdict <= WAZO_AUTH_VERDICT_WRONG_TENANT; verdict++) {
        if (ngx_strcmp(text, ngx_http_wazo_auth_verdict_text(verdict)) == 0) {
            ctx->verdict = verdict;
        }
    }
    wazo_auth_string_free(text);
    ctx->decision = ngx_pnalloc(r->pool, size); /* without memory, the variables have no value */
    if (ctx->decision) {
        ngx_memcpy(ctx->decision, decision, size);
    }
}

static ngx_int_t add_header(ngx_http_request_t *r, const char *name, const char *value, ngx_table_elt_t **header)
{
    *header = ngx_list_push(&r->headers_out.headers);
    if (!*header) {
        return NGX_ERROR;
    }
    ngx_memzero(*header, sizeof **header);
    (*header)->hash = 1;
    (*header)->key.data = (u_char *)name;
    (*header)->key.len = ngx_strlen(name);
    (*header)->value.data = (u_char *)value;
    (*header)->value.len = ngx_strlen(value);
    return NGX_OK;
}

/* 401 with what RFC 6750 says of it. With `satisfy any`, nginx drops the header again if something else lets pass. */
static ngx_int_t unauthorized(ngx_http_request_t *r, const char *challenge)
{
    ngx_table_elt_t *header;

    if (add_header(r, "WWW-Authenticate", challenge, &header) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->headers_out.www_authenticate = header;
    return NGX_HTTP_UNAUTHORIZED;
}

static ngx_int_t undecided(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_table_elt_t *header;

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE || status == NGX_HTTP_TOO_MANY_REQUESTS) {
        if (add_header(r, "Retry-After", retry_after_s, &header) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return status;
}

/* What the access phase does with the request. Only a yes lets it pass. */
static ngx_int_t answer(ngx_http_request_t *r, const ngx_http_wazo_auth_loc_conf_t *conf,
                        const ngx_http_wazo_auth_ctx_t *ctx)
{
    switch (ctx->state) {
    case NGX_HTTP_WAZO_AUTH_ASKING:
        return NGX_AGAIN;
    case NGX_HTTP_WAZO_AUTH_NO_TOKEN:
        return unauthorized(r, "Bearer");
    case NGX_HTTP_WAZO_AUTH_DECIDED:
        if (ctx->verdict == WAZO_AUTH_VERDICT_ALLOWED) {
            return NGX_OK;
        }
        return ctx->verdict == WAZO_AUTH_VERDICT_INVALID_TOKEN ? unauthorized(r, "Bearer error=\"invalid_token\"")
                                                               : NGX_HTTP_FORBIDDEN;
    case NGX_HTTP_WAZO_AUTH_UNDECIDED:
        break;
    }
    return undecided(r, conf->undecided_status);
}

/* Gives the request that waits for this completion its answer, and lets it go on. */
static void answered(wazo_auth_completion *completion)
{
    ngx_http_wazo_auth_question_t *question = wazo_auth_completion_user_data(completion);
    ngx_http_request_t *r = question->request;
    ngx_http_wazo_auth_ctx_t *ctx;
    ngx_connection_t *connection;
    const char *decision;

    ngx_free(question);
    if (!r) {
        return;
    }
    connection = r->connection;
    ngx_http_set_log_request(connection->log, r);
    ctx = ngx_http_get_module_ctx(r, ngx_http_wazo_auth_module);
    ctx->question = NULL;
    decision = wazo_auth_completion_result(completion);
    if (decision) {
        note_decision(r, ctx, wazo_auth_completion_is_yes(completion), decision);
    } else {
        note_error(r, ctx, wazo_auth_completion_error(completion));
    }
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(connection);
}

/* Puts the question into the queue and suspends the request. */
static ngx_int_t suspend(ngx_http_request_t *r, ngx_http_wazo_auth_ctx_t *ctx, wazo_auth_verifier *verifier,
                         const char *token, const char *access, const char *tenant)
{
    /* Not in the request's memory: the completion may come after the request has ended. */
    ngx_http_wazo_auth_question_t *question = ngx_alloc(sizeof *question, r->connection->log);
    wazo_auth_error *error = NULL;

    if (!question) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    question->request = r;
    question->answered = answered;
    question->call = ngx_http_wazo_auth_submit(verifier, token, access, tenant, question, &error);
    if (question->call == 0) {
        ngx_free(question);
        note_error(r, ctx, error);
        wazo_auth_error_free(error);
        return NGX_OK;
    }
    ctx->state = NGX_HTTP_WAZO_AUTH_ASKING;
    ctx->question = question;
    /* Meanwhile nginx only looks whether the client is still there. */
    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
    return NGX_OK;
}

/* Decides, or suspends the request. Returns NGX_OK, or the status of a failure. */
static ngx_int_t ask(ngx_http_request_t *r, const ngx_http_wazo_auth_loc_conf_t *conf, ngx_http_wazo_auth_ctx_t *ctx)
{
    const ngx_http_wazo_auth_main_conf_t *main = ngx_http_get_module_main_conf(r, ngx_http_wazo_auth_module);
    const char *token, *access, *tenant;
    ngx_str_t token_value;
    char *decision = NULL;
    bool is_allowed;

    if (read_token(r, conf, &token_value) != NGX_OK || !(token = c_text(r, token_value)) ||
        read_text(r, conf->access, &access) != NGX_OK || read_text(r, conf->tenant, &tenant) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (access && !*access) {
        /* Without it, the check would ask for less than the configuration means. */
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "wazo_auth_access is empty for this request: a variable in it has no value");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (tenant && !*tenant) {
        tenant = NULL; /* a client that names no tenant means its own */
    }
    if (!*token) {
        ctx->state = NGX_HTTP_WAZO_AUTH_NO_TOKEN;
        return NGX_OK;
    }
    if (!main->needs_identity) {
        /* The verdict alone takes a fraction of the time. */
        is_allowed = wazo_auth_verifier_peek(main->verifier, token, access, tenant, &ctx->verdict);
        if (is_allowed || ctx->verdict != WAZO_AUTH_VERDICT_UNKNOWN) {
            ctx->state = NGX_HTTP_WAZO_AUTH_DECIDED;
            return NGX_OK;
        }
        return suspend(r, ctx, main->verifier, token, access, tenant);
    }
    is_allowed = wazo_auth_verifier_peek_decision(main->verifier, token, access, tenant, &decision);
    if (decision) {
        note_decision(r, ctx, is_allowed, decision);
        wazo_auth_string_free(decision);
        return NGX_OK;
    }
    return suspend(r, ctx, main->verifier, token, access, tenant);
}

ngx_int_t ngx_http_wazo_auth_access_handler(ngx_http_request_t *r)
{
    const ngx_http_wazo_auth_loc_conf_t *conf = ngx_http_get_module_loc_conf(r, ngx_http_wazo_auth_module);
    ngx_http_wazo_auth_ctx_t *ctx;
    ngx_int_t asked;

    if (!conf->is_on) {
        return NGX_DECLINED;
    }
    /* There is one if the request was suspended here. */
    ctx = ngx_http_get_module_ctx(r, ngx_http_wazo_auth_module);
    if (!ctx) {
        ctx = ngx_http_wazo_auth_create_ctx(r);
        if (!ctx) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        asked = ask(r, conf, ctx);
        if (asked != NGX_OK) {
            return asked;
        }
    }
    return answer(r, conf, ctx);
}
