/* Reads res_wazo_auth.conf. See config.h.
 *
 * Every option of the library can be set in the file, by its name, so the module has no list of them. The library
 * itself checks the names and values.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/config.h"
#include "asterisk/logger.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include "config.h"
#include "engine.h"

static const char file[] = "res_wazo_auth.conf";

/* The caller of a telephone waits for the answer, so the library's own default is too long. */
static const char default_timeout_ms[] = "2000";

/* Writes what is wrong with a line of the file, and frees the error. No message of the library contains a secret. */
static bool refuse(const struct ast_variable *line, wazo_auth_error *error)
{
    const char *reason = error ? wazo_auth_error_message(error) : "no memory";

    if (line) {
        ast_log(LOG_ERROR, "%s, line %d, %s: %s\n", file, line->lineno, line->name, reason);
    } else {
        ast_log(LOG_ERROR, "%s: %s\n", file, reason);
    }
    wazo_auth_error_free(error);
    return false;
}

/* The section [general]: the options of the client. `url` sets several. */
static bool read_general(const struct ast_variable *line, wazo_auth_options *options)
{
    wazo_auth_error *error = NULL;
    bool has_server = false;

    if (!wazo_auth_options_set(options, "timeout_ms", default_timeout_ms, &error)) {
        return refuse(NULL, error);
    }
    for (; line; line = line->next) {
        bool is_url = !strcmp(line->name, "url");
        bool is_set = is_url ? wazo_auth_options_set_url(options, line->value, &error)
                             : wazo_auth_options_set(options, line->name, line->value, &error);
        if (!is_set) {
            return refuse(line, error);
        }
        has_server = has_server || is_url || !strcmp(line->name, "host");
    }
    if (!has_server) {
        ast_log(LOG_ERROR, "%s: the URL of wazo-auth is missing: in [general], url = https://wazo.example.com/api/auth\n",
                file);
    }
    return has_server;
}

/* The section [verifier], as a JSON object. */
static bool read_verifier(const struct ast_variable *line, struct ast_str **json)
{
    const char *separator = "";

    ast_str_set(json, 0, "{");
    for (; line; line = line->next) {
        wazo_auth_error *error = NULL;
        char *name = wazo_auth_json_quote(line->name, &error);
        char *value = name ? wazo_auth_json_quote(line->value, &error) : NULL;

        if (value) {
            ast_str_append(json, 0, "%s%s:%s", separator, name, value);
        }
        wazo_auth_string_free(name);
        if (!value) {
            return refuse(line, error);
        }
        wazo_auth_string_free(value);
        separator = ",";
    }
    ast_str_append(json, 0, "}");
    return true;
}

/* A misspelt name of a section would leave out all that is in it. */
static bool has_only_known_sections(struct ast_config *config)
{
    const char *section = NULL;

    while ((section = ast_category_browse(config, section))) {
        if (strcmp(section, "general") && strcmp(section, "verifier")) {
            ast_log(LOG_ERROR, "%s: expected the sections [general] and [verifier], found [%s]\n", file, section);
            return false;
        }
    }
    return true;
}

static bool apply(struct ast_config *config, wazo_auth_options *options, struct ast_str **verifier)
{
    wazo_auth_error *error = NULL;
    struct engine *engine;

    if (!has_only_known_sections(config) || !read_general(ast_variable_browse(config, "general"), options) ||
        !read_verifier(ast_variable_browse(config, "verifier"), verifier)) {
        return false;
    }
    engine = engine_create(options, ast_str_buffer(*verifier), &error);
    if (!engine) {
        return refuse(NULL, error);
    }
    ast_verb(2, "wazo-auth: tokens are checked with %s\n", wazo_auth_client_base_url(engine->client));
    engine_use(engine);
    ao2_ref(engine, -1);
    return true;
}

bool config_apply(bool is_reload)
{
    struct ast_flags flags = {is_reload ? CONFIG_FLAG_FILEUNCHANGED : 0};
    struct ast_config *config = ast_config_load2(file, AST_MODULE, flags);
    wazo_auth_options *options;
    struct ast_str *verifier;
    bool is_applied;

    if (config == CONFIG_STATUS_FILEUNCHANGED) {
        return true;
    }
    if (config == CONFIG_STATUS_FILEMISSING || config == CONFIG_STATUS_FILEINVALID) {
        ast_log(LOG_ERROR, "%s %s; expected a section [general] with url = https://wazo.example.com/api/auth\n", file,
                config == CONFIG_STATUS_FILEMISSING ? "is missing, or cannot be read" : "cannot be parsed");
        return false;
    }
    options = wazo_auth_options_new();
    verifier = ast_str_create(256);
    is_applied = options && verifier && apply(config, options, &verifier);
    wazo_auth_options_free(options);
    ast_free(verifier);
    ast_config_destroy(config);
    return is_applied;
}
