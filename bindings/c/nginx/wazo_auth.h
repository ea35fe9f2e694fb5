/* The parts of the nginx module wazo_auth: what is configured, what is known of a request, and the functions that its
 * files call of one another. README.md describes the module.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef NGX_HTTP_WAZO_AUTH_H
#define NGX_HTTP_WAZO_AUTH_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <wazo_auth_client.h>

#include <stdbool.h>

extern ngx_module_t ngx_http_wazo_auth_module;

/* The directives of http{}: one wazo-auth for all of nginx. */
typedef struct {
    wazo_auth_options *options; /* the directives so far; NULL once the client is made */
    ngx_array_t verifier_options; /* of ngx_keyval_t */
    wazo_auth_client *client;
    wazo_auth_verifier *verifier; /* its memory is shared by all workers */
    bool has_url;
    bool is_used;        /* whether any place has the check on */
    bool needs_identity; /* whether any place reads a variable that tells whose the token is */
} ngx_http_wazo_auth_main_conf_t;

/* The directives of http{}, server{}, location{} and limit_except{}. NULL and UNSET: as in the place around. */
typedef struct {
    ngx_flag_t is_on;
    ngx_http_complex_value_t *access; /* NULL: the token only has to be valid */
    ngx_http_complex_value_t *tenant; /* NULL: the token's own */
    ngx_array_t *tokens;              /* of ngx_http_complex_value_t: where the token is; NULL for the usual headers */
    ngx_uint_t undecided_status;
} ngx_http_wazo_auth_loc_conf_t;

/* What $wazo_auth_status says. */
typedef enum {
    NGX_HTTP_WAZO_AUTH_ASKING, /* the request waits for wazo-auth */
    NGX_HTTP_WAZO_AUTH_NO_TOKEN,
    NGX_HTTP_WAZO_AUTH_DECIDED,
    NGX_HTTP_WAZO_AUTH_UNDECIDED,
} ngx_http_wazo_auth_state_t;

/* A question that is in the queue. It lives until its completion is taken, which may be after the request has ended. */
typedef struct {
    ngx_http_request_t *request; /* NULL once the request has ended */
    uint64_t call;
    void (*answered)(wazo_auth_completion *completion); /* frees the question */
} ngx_http_wazo_auth_question_t;

/* What is known of a request. */
typedef struct {
    ngx_http_wazo_auth_state_t state;
    wazo_auth_verdict_t verdict; /* unknown unless the state is DECIDED */
    char *decision;         /* wazo_auth_verifier_decide()'s JSON; NULL unless the state is DECIDED and it is needed */
    const char *error_kind; /* NULL unless the state is UNDECIDED */
    ngx_http_wazo_auth_question_t *question; /* NULL unless the state is ASKING */
} ngx_http_wazo_auth_ctx_t;

/* server.c: the client and the verifier, made when the configuration is read: in the master, before it forks.
 *
 * The setters return NGX_CONF_OK, or what is wrong. */
char *ngx_http_wazo_auth_set_option(ngx_conf_t *cf, ngx_http_wazo_auth_main_conf_t *conf, const char *key,
                                    const char *value);
char *ngx_http_wazo_auth_set_verifier_option(ngx_conf_t *cf, ngx_http_wazo_auth_main_conf_t *conf, ngx_str_t key,
                                             ngx_str_t value);
ngx_http_wazo_auth_main_conf_t *ngx_http_wazo_auth_create_server(ngx_conf_t *cf);
ngx_int_t ngx_http_wazo_auth_init_server(ngx_conf_t *cf, ngx_http_wazo_auth_main_conf_t *conf);

/* access.c: the check itself. */
ngx_int_t ngx_http_wazo_auth_access_handler(ngx_http_request_t *r);

/* request.c: what is known of a request. */
ngx_http_wazo_auth_ctx_t *ngx_http_wazo_auth_create_ctx(ngx_http_request_t *r);
/* What is known of the request, or was before nginx redirected it internally; NULL if it was not checked. */
ngx_http_wazo_auth_ctx_t *ngx_http_wazo_auth_ctx(ngx_http_request_t *r);
/* "allowed", "invalid_token", ... */
const char *ngx_http_wazo_auth_verdict_text(wazo_auth_verdict_t verdict);

/* worker.c: the queue of a worker, and the library's log. */
ngx_int_t ngx_http_wazo_auth_start_worker(ngx_cycle_t *cycle);
void ngx_http_wazo_auth_end_worker(void);
/* Puts the question into the queue of this worker. On failure the call is 0, and *error says why. */
uint64_t ngx_http_wazo_auth_submit(wazo_auth_verifier *verifier, const char *token, const char *access,
                                   const char *tenant, ngx_http_wazo_auth_question_t *question,
                                   wazo_auth_error **error);
void ngx_http_wazo_auth_cancel(uint64_t call);
/* How many questions of this worker have no completion yet. */
ngx_uint_t ngx_http_wazo_auth_in_flight(void);

/* log.c: the library's records, which any thread may write, for error_log, which the worker's own thread writes. */
ngx_int_t ngx_http_wazo_auth_start_log(ngx_cycle_t *cycle);
void ngx_http_wazo_auth_end_log(void);

/* watch.c: has the worker's loop call the handler whenever the descriptor is readable. NULL on failure. */
ngx_connection_t *ngx_http_wazo_auth_watch(int descriptor, ngx_event_handler_pt handler, ngx_log_t *log);
/* Ends that. The descriptor stays open. */
void ngx_http_wazo_auth_unwatch(ngx_connection_t *watch);

/* variables.c: $wazo_auth_status and the others. */
ngx_int_t ngx_http_wazo_auth_add_variables(ngx_conf_t *cf);
/* Whether the configuration that was read uses a variable that tells whose the token is. */
bool ngx_http_wazo_auth_uses_identity(ngx_conf_t *cf);

/* control.c: the location that tells and takes revocations. */
ngx_int_t ngx_http_wazo_auth_control_handler(ngx_http_request_t *r);

#endif
