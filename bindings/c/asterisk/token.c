/* Reads tokens from variables and SIP headers. See token.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/pbx.h"

#include "token.h"

/* No other functions: if a dialplan wrongly gives a value that comes from a caller, no function of the caller's choice is
 * evaluated. */
static const char *const functions[] = {"PJSIP_HEADER(", "SIP_HEADER("};

static bool is_function(const char *name)
{
    for (size_t index = 0; index < ARRAY_LEN(functions); index++) {
        if (ast_begins_with(name, functions[index])) {
            return true;
        }
    }
    return false;
}

static bool is_variable(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    return *name != '\0' && name[strspn(name, allowed)] == '\0';
}

bool token_read(struct ast_channel *chan, const char *name, struct ast_str **token)
{
    bool is_read = true;

    *token = ast_str_create(64);
    if (!*token) {
        return false;
    }
    if (is_function(name)) {
        /* It fails if the request has no such header: then there is no token. */
        if (ast_func_read2(chan, name, token, 0) != 0) {
            ast_str_reset(*token);
        }
    } else if (is_variable(name)) {
        ast_str_retrieve_variable(token, 0, chan, NULL, name);
    } else {
        is_read = false;
    }
    return is_read;
}
