/* The Asterisk module res_wazo_auth: checks tokens with wazo-auth. See README.md.
 *
 * This file is the interface to Asterisk: loading, reloading and unloading.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/logger.h"
#include "asterisk/module.h"

#include <wazo_auth_client.h>

#include "ami.h"
#include "check.h"
#include "cli.h"
#include "config.h"
#include "engine.h"
#include "function.h"

/* The library's own records: failures of the server, and its return. Any thread may call it. */
static void to_log(wazo_auth_log_level_t level, const char *message, const char *fields_json, void *user_data)
{
    (void)fields_json;
    (void)user_data;
    switch (level) {
    case WAZO_AUTH_LOG_ERROR:
        ast_log(LOG_ERROR, "%s\n", message);
        break;
    case WAZO_AUTH_LOG_WARNING:
        ast_log(LOG_WARNING, "%s\n", message);
        break;
    default:
        ast_log(LOG_NOTICE, "%s\n", message);
    }
}

/* Asterisk refuses to unload a module whose functions run, unless it is forced to. Then the running checks are ended
 * first: no thread must be in here when the code is unmapped. */
static int unload_module(void)
{
    function_unregister();
    ami_unregister();
    cli_unregister();
    engine_end();
    check_wait_until_idle();
    wazo_auth_set_log_callback(NULL, 0, NULL, NULL);
    return 0;
}

static int load_module(void)
{
    wazo_auth_set_log_callback(to_log, WAZO_AUTH_LOG_INFO, NULL, NULL);
    /* Without options there are no functions, and a dialplan that uses them gets no yes. */
    if (!config_apply(false) || function_register() != 0 || cli_register() != 0 || ami_register() != 0) {
        unload_module();
        return AST_MODULE_LOAD_DECLINE;
    }
    return AST_MODULE_LOAD_SUCCESS;
}

static int reload_module(void)
{
    return config_apply(true) ? 0 : -1;
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_LOAD_ORDER, "Token checks with wazo-auth",
                .support_level = AST_MODULE_SUPPORT_EXTENDED, .load = load_module, .unload = unload_module,
                .reload = reload_module, .load_pri = AST_MODPRI_DEFAULT, );
