/* The variables of the module: for proxy_set_header, log_format, map, if, and whatever else takes variables.
 *
 * A variable that has no value is empty: then proxy_set_header sends no header, and none of the client's either.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

static ngx_int_t set_text(ngx_http_request_t *r, ngx_http_variable_value_t *value, const char *text)
{
    size_t length = text ? ngx_strlen(text) : 0;

    value->not_found = !text;
    value->valid = text ? 1 : 0;
    value->no_cacheable = 1;
    if (text) {
        value->len = length;
        value->data = ngx_pnalloc(r->pool, length);
        if (!value->data && length > 0) {
            return NGX_ERROR;
        }
        ngx_memcpy(value->data, text, length);
    }
    return NGX_OK;
}

/* Whether the text can stand in a header: a server that says something else must not add headers. */
static bool is_one_word(const char *text)
{
    for (; *text; text++) {
        if ((u_char)*text <= ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

/* A member of the decision; data is its JSON pointer. */
static ngx_int_t get_member(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
    const ngx_http_wazo_auth_ctx_t *ctx = ngx_http_wazo_auth_ctx(r);
    char *text = ctx && ctx->decision ? wazo_auth_json_get(ctx->decision, (const char *)data, NULL) : NULL;
    ngx_int_t result = set_text(r, value, text && is_one_word(text) ? text : NULL);

    wazo_auth_string_free(text);
    return result;
}

static ngx_int_t get_status(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
    const ngx_http_wazo_auth_ctx_t *ctx = ngx_http_wazo_auth_ctx(r);

    (void)data;
    if (!ctx) {
        return set_text(r, value, NULL);
    }
    switch (ctx->state) {
    case NGX_HTTP_WAZO_AUTH_DECIDED:
        return set_text(r, value, ngx_http_wazo_auth_verdict_text(ctx->verdict));
    case NGX_HTTP_WAZO_AUTH_NO_TOKEN:
        return set_text(r, value, "no_token");
    case NGX_HTTP_WAZO_AUTH_ASKING:
        return set_text(r, value, "asking"); /* the client has gone away before the answer came */
    case NGX_HTTP_WAZO_AUTH_UNDECIDED:
        break;
    }
    return set_text(r, value, "undecided");
}

static ngx_int_t get_error(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data)
{
    const ngx_http_wazo_auth_ctx_t *ctx = ngx_http_wazo_auth_ctx(r);

    (void)data;
    return set_text(r, value, ctx ? ctx->error_kind : NULL);
}

/* They change when the request is checked, so that nginx must not keep what they were before. */
#define VARIABLE(name, handler, data)                                                                                  \
    {ngx_string(name), NULL, handler, (uintptr_t)(data), NGX_HTTP_VAR_NOCACHEABLE, 0}

static ngx_http_variable_t variables[] = {
    VARIABLE("wazo_auth_status", get_status, NULL),
    VARIABLE("wazo_auth_error", get_error, NULL),
    VARIABLE("wazo_auth_user_uuid", get_member, "/user_uuid"),
    VARIABLE("wazo_auth_tenant_uuid", get_member, "/tenant_uuid"),
    VARIABLE("wazo_auth_session_uuid", get_member, "/session_uuid"),
    VARIABLE("wazo_auth_auth_id", get_member, "/auth_id"),
    VARIABLE("wazo_auth_is_stale", get_member, "/is_stale"),
};

ngx_int_t ngx_http_wazo_auth_add_variables(ngx_conf_t *cf)
{
    for (size_t index = 0; index < sizeof variables / sizeof variables[0]; index++) {
        ngx_http_variable_t *variable =
            ngx_http_add_variable(cf, &variables[index].name, variables[index].flags);

        if (!variable) {
            return NGX_ERROR;
        }
        variable->get_handler = variables[index].get_handler;
        variable->data = variables[index].data;
    }
    return NGX_OK;
}

bool ngx_http_wazo_auth_uses_identity(ngx_conf_t *cf)
{
    const ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    const ngx_http_variable_t *used = core->variables.elts;

    /* nginx has a list of the variables that directives name. */
    for (ngx_uint_t place = 0; place < core->variables.nelts; place++) {
        for (size_t index = 0; index < sizeof variables / sizeof variables[0]; index++) {
            if (variables[index].get_handler == get_member && used[place].name.len == variables[index].name.len &&
                ngx_strncmp(used[place].name.data, variables[index].name.data, used[place].name.len) == 0) {
                return true;
            }
        }
    }
    return false;
}
