/* The Kamailio module wazo_auth: checks the permissions of tokens with wazo-auth. See README.md.
 *
 * This file is the interface to Kamailio: parameters, functions, variables, and the client. The client and the verifier
 * are created before the workers are forked, and all of them use them.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <core/dprint.h>
#include <core/sr_module.h>
#include <wazo_auth_client.h>

#include "answer.h"
#include "async.h"
#include "kemi.h"
#include "question.h"
#include "rpc.h"
#include "verifier.h"

/* Kamailio looks these up by name. All other symbols are hidden. */
#pragma GCC visibility push(default)
MODULE_VERSION
extern struct module_exports exports;
#pragma GCC visibility pop

static wazo_auth_options *options; /* the module parameters so far; until mod_init() */
static wazo_auth_client *client;
static bool has_url;
static int check_at_start;
static struct async_settings async_settings = {.workers = 1, .limit = 1024, .timeout_ms = 500};

/* A SIP worker that waits handles no other message, so the library's own default is too long. */
static const char default_timeout_ms[] = "500";

/* Sets an option of the client; `url` sets several. Returns 0 on success. */
static int set_option(const char *key, const char *value)
{
    wazo_auth_error *error = NULL;
    bool done;

    if (!options) {
        options = wazo_auth_options_new();
        if (!options || !wazo_auth_options_set(options, "timeout_ms", default_timeout_ms, NULL)) {
            LM_ERR("no memory\n");
            return -1;
        }
    }
    if (strcmp(key, "url") == 0) {
        done = wazo_auth_options_set_url(options, value, &error);
        has_url = true;
    } else {
        done = wazo_auth_options_set(options, key, value, &error);
    }
    if (!done) {
        LM_ERR("modparam %s: %s\n", key, wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return -1;
    }
    if (strcmp(key, "timeout_ms") == 0) {
        async_settings.timeout_ms = strtol(value, NULL, 10);
    } else if (strcmp(key, "host") == 0) {
        has_url = true;
    }
    return 0;
}

static int param_url(modparam_t type, void *value)
{
    (void)type;
    return set_option("url", value);
}

static int param_ca_file(modparam_t type, void *value)
{
    (void)type;
    return set_option("ca_file", value);
}

static int param_timeout_ms(modparam_t type, void *value)
{
    char text[24];

    (void)type;
    snprintf(text, sizeof(text), "%ld", (long)value);
    return set_option("timeout_ms", text);
}

/* Sets any option of the library, as `key=value`. */
static int param_option(modparam_t type, void *value)
{
    const char *equals = strchr(value, '=');
    char key[64];

    (void)type;
    if (!equals || (size_t)(equals - (char *)value) >= sizeof(key)) {
        LM_ERR("modparam option: expected \"key=value\", such as \"pool_size=4\"\n");
        return -1;
    }
    snprintf(key, sizeof(key), "%.*s", (int)(equals - (char *)value), (char *)value);
    return set_option(key, equals + 1);
}

/* Sets options of the verifier, as `key=value;key=value`. */
static int param_verifier(modparam_t type, void *value)
{
    (void)type;
    return verifier_set(value);
}

/* wazo_auth_check(token [, acl [, tenant]]): decides; if the answer is not known, asks and waits for it. */
static int check(struct sip_msg *msg, char *token, char *acl, char *tenant)
{
    struct question question;
    enum answer answer;

    if (!question_read(&question, msg, token, acl, tenant, &answer)) {
        return answer;
    }
    answer = verifier_decide(msg, &question);
    question_free(&question);
    return answer;
}

static int check_valid(struct sip_msg *msg, char *token, char *unused)
{
    (void)unused;
    return check(msg, token, NULL, NULL);
}

static int check_acl(struct sip_msg *msg, char *token, char *acl)
{
    return check(msg, token, acl, NULL);
}

static int check_async(struct sip_msg *msg, char *token, char *acl, char *route)
{
    return async_check(msg, token, acl, route, NULL);
}

/* Logs a warning when Kamailio starts if the address or the certificate is wrong. It is no error: wazo-auth may just be
 * down at the moment. */
static void look_for_server(void)
{
    wazo_auth_error *error = NULL;

    if (!wazo_auth_status_check(client, &error)) {
        LM_WARN("wazo-auth does not serve at the moment: %s\n", wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
}

/* The library's own records: failures of the server, and its return. One process and its threads may log at once, which
 * Kamailio's log can do. */
static void to_log(wazo_auth_log_level_t level, const char *message, const char *fields_json, void *user_data)
{
    (void)fields_json;
    (void)user_data;
    switch (level) {
    case WAZO_AUTH_LOG_ERROR:
        LM_ERR("%s\n", message);
        break;
    case WAZO_AUTH_LOG_WARNING:
        LM_WARN("%s\n", message);
        break;
    default:
        LM_INFO("%s\n", message);
    }
}

static int mod_init(void)
{
    wazo_auth_error *error = NULL;

    if (!has_url) {
        LM_ERR("the URL of wazo-auth is missing: "
               "modparam(\"wazo_auth\", \"url\", \"https://wazo.example.com/api/auth\")\n");
        return -1;
    }
    if (async_settings.limit < 1) {
        LM_ERR("modparam async_limit: expected 1 or more\n");
        return -1;
    }
    client = wazo_auth_client_new(options, &error);
    wazo_auth_options_free(options);
    options = NULL;
    if (!client) {
        LM_ERR("%s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return -1;
    }
    /* The processes that Kamailio forks have it too. */
    wazo_auth_set_log_callback(to_log, WAZO_AUTH_LOG_INFO, NULL, NULL);
    if (verifier_create(client) != 0) {
        return -1;
    }
    if (check_at_start) {
        look_for_server();
    }
    if (answer_init() != 0) {
        LM_ERR("could not register the counters\n");
        return -1;
    }
    if (rpc_add_commands() != 0) {
        LM_ERR("could not register the commands\n");
        return -1;
    }
    return async_init(&async_settings);
}

static int child_init(int rank)
{
    return rank == PROC_MAIN ? async_fork() : 0;
}

/* Called in the main process only; Kamailio's other processes exit without it. */
static void mod_destroy(void)
{
    verifier_free();
    wazo_auth_set_log_callback(NULL, 0, NULL, NULL);
    wazo_auth_options_free(options);
    wazo_auth_client_free(client);
    options = NULL;
    client = NULL;
}

static cmd_export_t functions[] = {
    {"wazo_auth_check", check_valid, 1, question_fix, NULL, ANY_ROUTE},
    {"wazo_auth_check", check_acl, 2, question_fix, NULL, ANY_ROUTE},
    {"wazo_auth_check", (cmd_function)(void (*)(void))check, 3, question_fix, NULL, ANY_ROUTE},
    {"wazo_auth_check_async", (cmd_function)(void (*)(void))check_async, 3, async_fix, NULL,
     REQUEST_ROUTE | FAILURE_ROUTE},
    {"wazo_auth_check_async", (cmd_function)(void (*)(void))async_check, 4, async_fix, NULL,
     REQUEST_ROUTE | FAILURE_ROUTE},
    {0},
};

static param_export_t params[] = {
    {"url", PARAM_STRING | PARAM_USE_FUNC, param_url},
    {"ca_file", PARAM_STRING | PARAM_USE_FUNC, param_ca_file},
    {"timeout_ms", PARAM_INT | PARAM_USE_FUNC, param_timeout_ms},
    {"option", PARAM_STRING | PARAM_USE_FUNC, param_option},
    {"verifier", PARAM_STRING | PARAM_USE_FUNC, param_verifier},
    {"check_at_start", PARAM_INT, &check_at_start},
    {"async_workers", PARAM_INT, &async_settings.workers},
    {"async_limit", PARAM_INT, &async_settings.limit},
    {0},
};

static pv_export_t variables[] = {
    {STR_STATIC_INIT("wazo_auth_result"), PVT_OTHER, answer_get_result, NULL, NULL, NULL, NULL, 0},
    {STR_STATIC_INIT("wazo_auth_error"), PVT_OTHER, answer_get_error, NULL, NULL, NULL, NULL, 0},
    {STR_STATIC_INIT("wazo_auth"), PVT_OTHER, answer_get_member, NULL, answer_parse_name, NULL, NULL, 0},
    {{NULL, 0}, 0, NULL, NULL, NULL, NULL, NULL, 0},
};

/* Kamailio calls this when it loads the module, before it loads the script. */
#pragma GCC visibility push(default)
int mod_register(char *path, int *flags, void *unused1, void *unused2);
#pragma GCC visibility pop

int mod_register(char *path, int *flags, void *unused1, void *unused2)
{
    (void)path;
    (void)flags;
    (void)unused1;
    (void)unused2;
    return kemi_register();
}

struct module_exports exports = {
    .name = "wazo_auth",
    .dlflags = DEFAULT_DLFLAGS,
    .cmds = functions,
    .params = params,
    .pv_items = variables,
    .init_mod_f = mod_init,
    .init_child_f = child_init,
    .destroy_mod_f = mod_destroy,
};
