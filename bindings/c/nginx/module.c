/* The nginx module wazo_auth: lets a request pass only if wazo-auth knows its token, and the token has the access. See
 * README.md.
 *
 * This file is the interface to nginx: directives, how they are inherited, and what nginx calls at which time.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

static void *create_main_conf(ngx_conf_t *cf)
{
    return ngx_http_wazo_auth_create_server(cf);
}

static void *create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_wazo_auth_loc_conf_t *conf = ngx_pcalloc(cf->pool, sizeof *conf);

    if (conf) {
        conf->is_on = NGX_CONF_UNSET;
        conf->undecided_status = NGX_CONF_UNSET_UINT;
    }
    return conf;
}

/* What a place does not say itself is as in the place around it. */
static char *merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    const ngx_http_wazo_auth_loc_conf_t *around = parent;
    ngx_http_wazo_auth_loc_conf_t *conf = child;
    ngx_http_wazo_auth_main_conf_t *main = ngx_http_conf_get_module_main_conf(cf, ngx_http_wazo_auth_module);

    /* Who requires an access wants it checked: a forgotten `wazo_auth on` must not leave the place open. */
    if (conf->is_on == NGX_CONF_UNSET && (conf->access || conf->tenant)) {
        conf->is_on = 1;
    }
    ngx_conf_merge_value(conf->is_on, around->is_on, (around->access || around->tenant) ? 1 : 0);
    ngx_conf_merge_uint_value(conf->undecided_status, around->undecided_status, NGX_HTTP_SERVICE_UNAVAILABLE);
    conf->access = conf->access ? conf->access : around->access;
    conf->tenant = conf->tenant ? conf->tenant : around->tenant;
    conf->tokens = conf->tokens ? conf->tokens : around->tokens;
    main->is_used |= conf->is_on;
    return NGX_CONF_OK;
}

static char *set_url(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    const ngx_str_t *words = cf->args->elts;

    (void)command;
    return ngx_http_wazo_auth_set_option(cf, conf, "url", (const char *)words[1].data);
}

static char *set_option(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    const ngx_str_t *words = cf->args->elts;

    (void)command;
    return ngx_http_wazo_auth_set_option(cf, conf, (const char *)words[1].data, (const char *)words[2].data);
}

static char *set_verifier_option(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    const ngx_str_t *words = cf->args->elts;

    (void)command;
    return ngx_http_wazo_auth_set_verifier_option(cf, conf, words[1], words[2]);
}

/* wazo_auth_token VALUE ...: the first one that is not empty is the token. */
static char *set_token(ngx_conf_t *cf, ngx_command_t *command, void *data)
{
    ngx_http_wazo_auth_loc_conf_t *conf = data;
    ngx_str_t *words = cf->args->elts;

    (void)command;
    if (conf->tokens) {
        return "is duplicate";
    }
    conf->tokens = ngx_array_create(cf->pool, cf->args->nelts - 1, sizeof(ngx_http_complex_value_t));
    if (!conf->tokens) {
        return NGX_CONF_ERROR;
    }
    for (ngx_uint_t index = 1; index < cf->args->nelts; index++) {
        ngx_http_compile_complex_value_t compile = {
            .cf = cf, .value = &words[index], .complex_value = ngx_array_push(conf->tokens)};

        if (!compile.complex_value) {
            return NGX_CONF_ERROR;
        }
        ngx_memzero(compile.complex_value, sizeof *compile.complex_value);
        if (ngx_http_compile_complex_value(&compile) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }
    return NGX_CONF_OK;
}

static char *set_undecided(ngx_conf_t *cf, ngx_command_t *command, void *data)
{
    ngx_http_wazo_auth_loc_conf_t *conf = data;
    const ngx_str_t *words = cf->args->elts;
    ngx_int_t status = ngx_atoi(words[1].data, words[1].len);

    (void)command;
    if (conf->undecided_status != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }
    if (status < 400 || status > 599) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "wazo_auth_undecided: expected a status from 400 to 599, not \"%V\"",
                           &words[1]);
        return NGX_CONF_ERROR;
    }
    conf->undecided_status = status;
    return NGX_CONF_OK;
}

static char *set_control(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    (void)command;
    (void)conf;
    core->handler = ngx_http_wazo_auth_control_handler;
    return NGX_CONF_OK;
}

/* When the whole configuration is read. */
static ngx_int_t postconfiguration(ngx_conf_t *cf)
{
    ngx_http_wazo_auth_main_conf_t *conf = ngx_http_conf_get_module_main_conf(cf, ngx_http_wazo_auth_module);
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_http_handler_pt *handler = ngx_array_push(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers);

    if (!handler) {
        return NGX_ERROR;
    }
    *handler = ngx_http_wazo_auth_access_handler;
    conf->needs_identity = ngx_http_wazo_auth_uses_identity(cf);
    return ngx_http_wazo_auth_init_server(cf, conf);
}

/* In each worker, and in nginx's processes for its caches, which serve no request. */
static ngx_int_t init_process(ngx_cycle_t *cycle)
{
    ngx_http_wazo_auth_main_conf_t *conf =
        cycle->conf_ctx[ngx_http_module.index]
            ? ngx_http_cycle_get_module_main_conf(cycle, ngx_http_wazo_auth_module)
            : NULL;

    if (!conf || !conf->verifier || (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)) {
        return NGX_OK;
    }
    return ngx_http_wazo_auth_start_worker(cycle);
}

static void exit_process(ngx_cycle_t *cycle)
{
    (void)cycle;
    ngx_http_wazo_auth_end_worker();
}

#define EVERYWHERE (NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_HTTP_LMT_CONF)
#define MEMBER(name) offsetof(ngx_http_wazo_auth_loc_conf_t, name)

static ngx_command_t commands[] = {
    {ngx_string("wazo_auth_url"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_url, NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("wazo_auth_option"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE2, set_option, NGX_HTTP_MAIN_CONF_OFFSET, 0,
     NULL},
    {ngx_string("wazo_auth_verifier"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE2, set_verifier_option,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("wazo_auth"), EVERYWHERE | NGX_CONF_FLAG, ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET,
     MEMBER(is_on), NULL},
    {ngx_string("wazo_auth_access"), EVERYWHERE | NGX_CONF_TAKE1, ngx_http_set_complex_value_slot,
     NGX_HTTP_LOC_CONF_OFFSET, MEMBER(access), NULL},
    {ngx_string("wazo_auth_tenant"), EVERYWHERE | NGX_CONF_TAKE1, ngx_http_set_complex_value_slot,
     NGX_HTTP_LOC_CONF_OFFSET, MEMBER(tenant), NULL},
    {ngx_string("wazo_auth_token"), EVERYWHERE | NGX_CONF_1MORE, set_token, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("wazo_auth_undecided"), EVERYWHERE | NGX_CONF_TAKE1, set_undecided, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("wazo_auth_control"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_control, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    ngx_null_command,
};

static ngx_http_module_t context = {
    .preconfiguration = ngx_http_wazo_auth_add_variables,
    .postconfiguration = postconfiguration,
    .create_main_conf = create_main_conf,
    .create_loc_conf = create_loc_conf,
    .merge_loc_conf = merge_loc_conf,
};

ngx_module_t ngx_http_wazo_auth_module = {
    NGX_MODULE_V1,
    .ctx = &context,
    .commands = commands,
    .type = NGX_HTTP_MODULE,
    .init_process = init_process,
    .exit_process = exit_process,
};
