/* The dialplan functions. See function.h, and res_wazo_auth-en_US.xml for what they do.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/app.h"
#include "asterisk/module.h"
#include "asterisk/pbx.h"
#include "asterisk/utils.h"

#include <wazo_auth_client.h>

#include "check.h"
#include "function.h"
#include "token.h"

/* An empty value, and not none: a global variable of the same name would stand in the place of a missing one. */
static void set_variable(struct ast_channel *chan, const char *member, const char *value)
{
    char name[64];

    snprintf(name, sizeof(name), "WAZO_AUTH_%s", member);
    ast_str_to_upper(name);
    pbx_builtin_setvar_helper(chan, name, value ? value : "");
}

/* All variables are set by each check, so that none is left of an earlier one. Who it is, only after a yes: a dialplan that
 * looks at nothing else must not take somebody for a user whose token was refused. */
static void set_variables(struct ast_channel *chan, const struct decision *decision)
{
    if (!chan) {
        return;
    }
    ast_channel_lock(chan);
    set_variable(chan, "status", check_status_text(decision->status));
    set_variable(chan, "error", decision->error);
    for (size_t index = 0; index < CHECK_MEMBERS; index++) {
        bool is_told = decision->status == STATUS_YES || !strcmp(check_members[index], "verdict");
        char *value = is_told ? check_member(decision, check_members[index]) : NULL;

        set_variable(chan, check_members[index], value);
        wazo_auth_string_free(value);
    }
    ast_channel_unlock(chan);
}

/* The reason for what may be the commonest mistake; the text may be a token, and is not shown. */
static const char no_name[] =
    "the first argument must be the name of a variable that has the token, or PJSIP_HEADER(read,NAME); "
    "write TOKEN, not ${TOKEN}";

/* Reads the token and decides. access and tenant are NULL to leave them out. */
static void decide(struct ast_channel *chan, const char *name, const char *access, const char *tenant,
                   struct decision *decision)
{
    struct ast_str *token = NULL;

    if (token_read(chan, name, &token)) {
        check_decide(chan, ast_str_buffer(token), access, tenant, decision);
    } else {
        check_refuse(decision, token ? no_name : "no memory");
    }
    ast_free(token);
}

/* WAZO_AUTH(token-variable[,access[,tenant]]) */
static int read_check(struct ast_channel *chan, const char *name, char *data, char *buf, size_t len)
{
    struct decision decision;
    AST_DECLARE_APP_ARGS(args, AST_APP_ARG(token); AST_APP_ARG(access); AST_APP_ARG(tenant); AST_APP_ARG(rest););

    (void)name;
    check_enter();
    AST_STANDARD_APP_ARGS(args, data);
    if (args.argc < 1 || args.argc > 3) {
        check_refuse(&decision, "expected WAZO_AUTH(token-variable[,access[,tenant]])");
    } else {
        decide(chan, ast_strip(args.token), args.argc > 1 ? ast_strip(args.access) : NULL,
               args.argc > 2 ? ast_strip(args.tenant) : NULL, &decision);
    }
    set_variables(chan, &decision);
    ast_copy_string(buf, decision.status == STATUS_YES ? "1" : decision.status == STATUS_NO ? "0" : "", len);
    check_free(&decision);
    check_leave();
    return 0;
}

static bool is_member(const char *name)
{
    for (size_t index = 0; index < CHECK_MEMBERS; index++) {
        if (!strcmp(name, check_members[index])) {
            return true;
        }
    }
    return ast_begins_with(name, "metadata/");
}

/* WAZO_AUTH_IDENTITY(token-variable,field) */
static int read_identity(struct ast_channel *chan, const char *name, char *data, char *buf, size_t len)
{
    struct decision decision;
    char *value = NULL;
    AST_DECLARE_APP_ARGS(args, AST_APP_ARG(token); AST_APP_ARG(field); AST_APP_ARG(rest););

    (void)name;
    AST_STANDARD_APP_ARGS(args, data);
    *buf = '\0';
    if (args.argc != 2 || !is_member(ast_strip(args.field))) {
        ast_log(LOG_ERROR, "expected WAZO_AUTH_IDENTITY(token-variable,field), and as the field verdict, user_uuid, "
                           "tenant_uuid, session_uuid, auth_id, is_stale or metadata/NAME\n");
        return -1;
    }
    check_enter();
    decide(chan, ast_strip(args.token), NULL, NULL, &decision);
    value = check_member(&decision, ast_strip(args.field));
    if (value) {
        ast_copy_string(buf, value, len);
    }
    wazo_auth_string_free(value);
    check_free(&decision);
    check_leave();
    return 0;
}

static struct ast_custom_function check_function = {.name = "WAZO_AUTH", .read = read_check};
static struct ast_custom_function identity_function = {.name = "WAZO_AUTH_IDENTITY", .read = read_identity};

int function_register(void)
{
    return ast_custom_function_register(&check_function) | ast_custom_function_register(&identity_function);
}

int function_unregister(void)
{
    return ast_custom_function_unregister(&check_function) | ast_custom_function_unregister(&identity_function);
}
