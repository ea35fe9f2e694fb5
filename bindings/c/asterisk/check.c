/* Checks tokens. See check.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/channel.h"
#include "asterisk/lock.h"
#include "asterisk/logger.h"
#include "asterisk/utils.h"

#include "check.h"
#include "engine.h"

const char *const check_members[] = {"verdict", "user_uuid", "tenant_uuid", "session_uuid", "auth_id", "is_stale"};

static int counts[STATUSES];
static int running; /* threads in a function of the module */

/* Writes at most one warning a second: while wazo-auth is down, every call would cause one. */
static void warn(const char *kind, const char *message)
{
    static ast_mutex_t lock = AST_MUTEX_INIT_VALUE;
    static time_t warned;
    static unsigned int suppressed;
    unsigned int before = 0;
    bool is_written;
    struct timeval now = ast_tvnow();

    ast_mutex_lock(&lock);
    is_written = now.tv_sec != warned;
    if (is_written) {
        before = suppressed;
        suppressed = 0;
        warned = now.tv_sec;
    } else {
        suppressed++;
    }
    ast_mutex_unlock(&lock);
    if (is_written) {
        ast_log(LOG_WARNING, "wazo-auth: undecided (%s): %s\n", kind, message);
    }
    if (before > 0) {
        ast_log(LOG_WARNING, "wazo-auth: %u more checks were undecided since the last warning\n", before);
    }
}

static void settle(struct decision *decision, enum status status, const char *kind, const char *message)
{
    decision->status = status;
    ast_atomic_fetchadd_int(&counts[status], 1);
    if (status == STATUS_UNDECIDED) {
        ast_copy_string(decision->error, kind, sizeof(decision->error));
        /* That a caller hangs up while waiting is nothing to warn about. */
        if (strcmp(kind, "cancelled")) {
            warn(kind, message);
        }
    }
}

void check_refuse(struct decision *decision, const char *reason)
{
    memset(decision, 0, sizeof(*decision));
    settle(decision, STATUS_UNDECIDED, "invalid_argument", reason);
}

/* The library calls this on the thread of the check while it waits. */
static bool goes_on(void *data)
{
    return !ast_check_hangup(data);
}

/* Asks wazo-auth, and waits. Meanwhile the frames of the channel are read, as for other functions that wait. */
static bool ask(struct ast_channel *chan, struct engine *engine, const char *token, const char *access,
                const char *tenant, char **json, wazo_auth_error **error)
{
    /* A thread of AMI or the CLI is not the one that reads the channel. */
    bool is_own_thread = chan && !ast_thread_is_user_interface();
    /* In the extension `h` the caller has hung up already, and the dialplan goes on all the same. */
    bool ends_with_call = chan && !ast_check_hangup(chan);
    bool is_yes;

    if (is_own_thread) {
        ast_autoservice_start(chan);
    }
    if (ends_with_call) {
        wazo_auth_set_interrupt_check(goes_on, chan);
    }
    is_yes = wazo_auth_verifier_decide(engine->verifier, token, access, tenant, json, error);
    if (ends_with_call) {
        wazo_auth_set_interrupt_check(NULL, NULL);
    }
    if (is_own_thread) {
        ast_autoservice_stop(chan);
    }
    return is_yes;
}

static void decide(struct ast_channel *chan, struct engine *engine, const char *token, const char *access,
                   const char *tenant, struct decision *decision)
{
    wazo_auth_error *error = NULL;
    bool is_yes = wazo_auth_verifier_peek_decision(engine->verifier, token, access, tenant, &decision->json);

    if (!decision->json) {
        is_yes = ask(chan, engine, token, access, tenant, &decision->json, &error);
    }
    if (decision->json) {
        settle(decision, is_yes ? STATUS_YES : STATUS_NO, NULL, NULL);
    } else {
        settle(decision, STATUS_UNDECIDED, wazo_auth_error_kind_text(wazo_auth_error_kind(error)),
               wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
}

/* No access and no UUID has a blank in it; one that does was put together from a value that is not what was expected. */
static bool is_well_formed(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

void check_decide(struct ast_channel *chan, const char *token, const char *access, const char *tenant,
                  struct decision *decision)
{
    struct engine *engine;

    memset(decision, 0, sizeof(*decision));
    if ((access && !is_well_formed(access)) || (tenant && !is_well_formed(tenant))) {
        check_refuse(decision, "the access or the tenant is empty or has a blank in it: give a value, or leave it out");
        return;
    }
    if (*token == '\0' || strlen(token) > LONGEST_TOKEN) {
        settle(decision, STATUS_NO, NULL, NULL);
        return;
    }
    engine = engine_get();
    if (engine) {
        decide(chan, engine, token, access, tenant, decision);
    } else {
        settle(decision, STATUS_UNDECIDED, "closed", "the module is being unloaded");
    }
    ao2_cleanup(engine);
}

const char *check_status_text(enum status status)
{
    return status == STATUS_YES ? "yes" : status == STATUS_NO ? "no" : "undecided";
}

char *check_member(const struct decision *decision, const char *name)
{
    char path[64];

    if (!decision->json) {
        const char *verdict = decision->status == STATUS_NO ? "\"invalid_token\"" : "\"unknown\"";
        return strcmp(name, "verdict") ? NULL : wazo_auth_json_get(verdict, "", NULL);
    }
    snprintf(path, sizeof(path), "/%s", name);
    return wazo_auth_json_get(decision->json, path, NULL);
}

void check_free(struct decision *decision)
{
    wazo_auth_string_free(decision->json);
    decision->json = NULL;
}

int check_count(enum status status)
{
    return ast_atomic_fetchadd_int(&counts[status], 0);
}

void check_enter(void)
{
    ast_atomic_fetchadd_int(&running, 1);
}

void check_leave(void)
{
    ast_atomic_fetchadd_int(&running, -1);
}

void check_wait_until_idle(void)
{
    while (ast_atomic_fetchadd_int(&running, 0) > 0) {
        usleep(1000);
    }
}
