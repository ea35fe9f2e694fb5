/* The commands of the CLI. See cli.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/cli.h"
#include "asterisk/utils.h"

#include "check.h"
#include "cli.h"
#include "engine.h"

/* The counters of the verifier, in the order in which they are shown. */
static const char *const counters[] = {"hits",     "misses",        "coalesced", "stale", "errors", "evictions",
                                       "outdated", "invalidations", "entries",   "bytes", "age_ms", "is_open"};

static void show_server(int fd, const struct engine *engine)
{
    wazo_auth_error *error = NULL;
    struct timeval began = ast_tvnow();
    bool is_well = wazo_auth_status_check(engine->client, &error);
    const long long took_ms = ast_tvdiff_ms(ast_tvnow(), began);

    ast_cli(fd, "%-16s %s\n", "url", wazo_auth_client_base_url(engine->client));
    if (is_well) {
        ast_cli(fd, "%-16s answers (%lld ms)\n", "server", took_ms);
    } else {
        ast_cli(fd, "%-16s does not serve: %s\n", "server", wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
}

static void show_verifier(int fd, const struct engine *engine)
{
    char *stats = wazo_auth_verifier_stats(engine->verifier, NULL);

    for (size_t index = 0; stats && index < ARRAY_LEN(counters); index++) {
        char path[32];
        char *value;

        snprintf(path, sizeof(path), "/%s", counters[index]);
        value = wazo_auth_json_get(stats, path, NULL);
        ast_cli(fd, "%-16s %s\n", counters[index], S_OR(value, ""));
        wazo_auth_string_free(value);
    }
    wazo_auth_string_free(stats);
}

static char *show_status(struct ast_cli_entry *entry, int command, struct ast_cli_args *arguments)
{
    struct engine *engine;

    switch (command) {
    case CLI_INIT:
        entry->command = "wazo auth show status";
        entry->usage = "Usage: wazo auth show status\n"
                       "       Asks wazo-auth whether it serves, and shows the answers of WAZO_AUTH() since the module\n"
                       "       was loaded, and what its verifier has counted since its file was read.\n";
        return NULL;
    case CLI_GENERATE:
        return NULL;
    }
    if (arguments->argc != entry->args) {
        return CLI_SHOWUSAGE;
    }
    engine = engine_get();
    if (!engine) {
        return CLI_FAILURE;
    }
    check_enter();
    show_server(arguments->fd, engine);
    ast_cli(arguments->fd, "%-16s %s\n", "library", wazo_auth_version());
    for (int status = 0; status < STATUSES; status++) {
        ast_cli(arguments->fd, "%-16s %d\n", check_status_text(status), check_count(status));
    }
    show_verifier(arguments->fd, engine);
    ao2_ref(engine, -1);
    check_leave();
    return CLI_SUCCESS;
}

static char *invalidate(struct ast_cli_entry *entry, int command, struct ast_cli_args *arguments)
{
    struct engine *engine;
    wazo_auth_error *error = NULL;
    const char *id;

    switch (command) {
    case CLI_INIT:
        entry->command = "wazo auth invalidate";
        entry->usage = "Usage: wazo auth invalidate {session|user|tenant} UUID\n"
                       "       wazo auth invalidate token TOKEN\n"
                       "       wazo auth invalidate all\n"
                       "       Forgets what is known of tokens: the next check of each asks wazo-auth.\n";
        return NULL;
    case CLI_GENERATE:
        return NULL;
    }
    if (arguments->argc < entry->args + 1 || arguments->argc > entry->args + 2) {
        return CLI_SHOWUSAGE;
    }
    engine = engine_get();
    if (!engine) {
        return CLI_FAILURE;
    }
    id = arguments->argc > entry->args + 1 ? arguments->argv[entry->args + 1] : NULL;
    if (wazo_auth_verifier_invalidate(engine->verifier, arguments->argv[entry->args], id, &error)) {
        ast_cli(arguments->fd, "Done.\n");
    } else {
        ast_cli(arguments->fd, "%s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    ao2_ref(engine, -1);
    return CLI_SUCCESS;
}

static struct ast_cli_entry commands[] = {
    AST_CLI_DEFINE(show_status, "Show the state of wazo-auth and of the checks"),
    AST_CLI_DEFINE(invalidate, "Forget what is known of tokens"),
};

int cli_register(void)
{
    return ast_cli_register_multiple(commands, ARRAY_LEN(commands));
}

int cli_unregister(void)
{
    return ast_cli_unregister_multiple(commands, ARRAY_LEN(commands));
}
