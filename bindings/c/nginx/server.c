/* The client and the verifier of the module.
 *
 * They are made when nginx reads its configuration: in the master, which then forks the workers, so that these share
 * the verifier's memory, and so that `nginx -t` finds what is wrong. A reload reads the configuration anew: the new
 * workers have a new client and a new verifier, and the old workers keep theirs until they end.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wazo_auth.h"

/* The library's own default is made for programs with one user; here somebody's request waits. */
static const char default_timeout_ms[] = "2000";

/* The configuration is gone: after a reload, or because it had an error. */
static void free_server(void *data)
{
    ngx_http_wazo_auth_main_conf_t *conf = data;

    wazo_auth_verifier_free(conf->verifier);
    wazo_auth_client_free(conf->client);
    wazo_auth_options_free(conf->options);
}

ngx_http_wazo_auth_main_conf_t *ngx_http_wazo_auth_create_server(ngx_conf_t *cf)
{
    ngx_http_wazo_auth_main_conf_t *conf = ngx_pcalloc(cf->pool, sizeof *conf);
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cf->pool, 0);

    if (!conf || !cleanup || ngx_array_init(&conf->verifier_options, cf->pool, 4, sizeof(ngx_keyval_t)) != NGX_OK) {
        return NULL;
    }
    cleanup->handler = free_server;
    cleanup->data = conf;
    conf->options = wazo_auth_options_new();
    if (!conf->options || !wazo_auth_options_set(conf->options, "timeout_ms", default_timeout_ms, NULL)) {
        return NULL;
    }
    return conf;
}

/* Writes the error as one of the directive that is being read, with its file and line. */
static char *refuse(ngx_conf_t *cf, wazo_auth_error *error)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", wazo_auth_error_message(error));
    wazo_auth_error_free(error);
    return NGX_CONF_ERROR;
}

char *ngx_http_wazo_auth_set_option(ngx_conf_t *cf, ngx_http_wazo_auth_main_conf_t *conf, const char *key,
                                    const char *value)
{
    wazo_auth_error *error = NULL;
    bool is_url = ngx_strcmp(key, "url") == 0;

    if (!(is_url ? wazo_auth_options_set_url(conf->options, value, &error)
                 : wazo_auth_options_set(conf->options, key, value, &error))) {
        return refuse(cf, error);
    }
    conf->has_url |= is_url || ngx_strcmp(key, "host") == 0;
    return NGX_CONF_OK;
}

char *ngx_http_wazo_auth_set_verifier_option(ngx_conf_t *cf, ngx_http_wazo_auth_main_conf_t *conf, ngx_str_t key,
                                             ngx_str_t value)
{
    ngx_keyval_t *option;

    if (ngx_strcmp(key.data, "shared") == 0) {
        return "the workers always share the verifier; leave \"shared\" out";
    }
    option = ngx_array_push(&conf->verifier_options);
    if (!option) {
        return NGX_CONF_ERROR;
    }
    option->key = key;
    option->value = value;
    return NGX_CONF_OK;
}

/* Appends `,"key":"value"` to the text at *end, or counts its length where *end is NULL. Returns the length. */
static size_t append_option(u_char **end, const ngx_keyval_t *option)
{
    char *key = wazo_auth_json_quote((const char *)option->key.data, NULL);
    char *value = wazo_auth_json_quote((const char *)option->value.data, NULL);
    size_t length = 0;

    if (key && value) {
        length = ngx_strlen(key) + ngx_strlen(value) + 2;
        if (*end) {
            *end = ngx_sprintf(*end, ",%s:%s", key, value);
        }
    }
    wazo_auth_string_free(key);
    wazo_auth_string_free(value);
    return length;
}

/* The options of the verifier as a JSON object; NULL without memory, or if one of them is not UTF-8. */
static const char *verifier_json(ngx_conf_t *cf, const ngx_http_wazo_auth_main_conf_t *conf)
{
    const ngx_keyval_t *options = conf->verifier_options.elts;
    size_t size = sizeof "{\"shared\":true}";
    u_char *text, *end = NULL;

    for (ngx_uint_t index = 0; index < conf->verifier_options.nelts; index++) {
        size_t length = append_option(&end, &options[index]);
        if (length == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "wazo_auth_verifier: an option is not UTF-8");
            return NULL;
        }
        size += length;
    }
    text = ngx_pnalloc(cf->pool, size);
    if (!text) {
        return NULL;
    }
    end = ngx_sprintf(text, "{\"shared\":true");
    for (ngx_uint_t index = 0; index < conf->verifier_options.nelts; index++) {
        append_option(&end, &options[index]);
    }
    ngx_sprintf(end, "}%Z");
    return (const char *)text;
}

ngx_int_t ngx_http_wazo_auth_init_server(ngx_conf_t *cf, ngx_http_wazo_auth_main_conf_t *conf)
{
    wazo_auth_error *error = NULL;
    const char *json;

    if (!conf->has_url) {
        if (!conf->is_used) {
            return NGX_OK;
        }
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "wazo_auth: the URL of wazo-auth is missing; in http{}, write for example: "
                           "wazo_auth_url https://wazo.example.com/api/auth;");
        return NGX_ERROR;
    }
    conf->client = wazo_auth_client_new(conf->options, &error);
    wazo_auth_options_free(conf->options);
    conf->options = NULL;
    if (!conf->client) {
        refuse(cf, error);
        return NGX_ERROR;
    }
    json = verifier_json(cf, conf);
    if (!json) {
        return NGX_ERROR;
    }
    conf->verifier = wazo_auth_verifier_new(conf->client, json, &error);
    if (!conf->verifier) {
        refuse(cf, error);
        return NGX_ERROR;
    }
    return NGX_OK;
}
