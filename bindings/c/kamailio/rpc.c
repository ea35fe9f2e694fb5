/* Commands for the running Kamailio. See rpc.h.
 *
 * They run in a process of Kamailio's own (ctl, jsonrpcs ...). The verifier's memory is shared, so they hold for all.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rpc.h"

#include <stdio.h>

#include <core/rpc.h>
#include <core/rpc_lookup.h>
#include <wazo_auth_client.h>

#include "verifier.h"

static const char *const counters[] = {"hits",      "misses",   "coalesced",     "stale",   "errors", "evictions",
                                       "outdated",  "invalidations", "entries", "bytes",   "age_ms", "is_open"};

static const char *const doc_stats[] = {"What the verifier counted, in all processes together.", NULL};
static const char *const doc_invalidate[] = {
    "Forgets what is known of tokens: token TOKEN, session UUID, user UUID, tenant UUID, or all.", NULL};
static const char *const doc_event[] = {"Applies a message of wazo-auth's bus, a JSON text as it is.", NULL};

static void fail(rpc_t *rpc, void *context, wazo_auth_error *error)
{
    rpc->fault(context, 400, "%s", wazo_auth_error_message(error));
    wazo_auth_error_free(error);
}

/* The numbers are texts: Kamailio's numbers have 32 bits. */
static void stats(rpc_t *rpc, void *context)
{
    wazo_auth_error *error = NULL;
    char *json = wazo_auth_verifier_stats(verifier_get(), &error);
    void *members;

    if (!json) {
        fail(rpc, context, error);
        return;
    }
    if (rpc->add(context, "{", &members) >= 0) {
        for (size_t index = 0; index < sizeof counters / sizeof counters[0]; index++) {
            char path[32];
            char *value;

            snprintf(path, sizeof path, "/%s", counters[index]);
            value = wazo_auth_json_get(json, path, NULL);
            if (value) {
                rpc->struct_add(members, "s", counters[index], value);
            }
            wazo_auth_string_free(value);
        }
    }
    wazo_auth_string_free(json);
}

static void invalidate(rpc_t *rpc, void *context)
{
    wazo_auth_error *error = NULL;
    char *kind = NULL, *id = NULL;
    /* `.` turns what looks like a number into a text; `*` makes the rest optional, for "all". Only the count tells
     * whether there was an id: Kamailio writes another text to it if not. */
    int count = rpc->scan(context, "s*.s", &kind, &id);

    if (count < 1) {
        rpc->fault(context, 400, "expected: token TOKEN, session UUID, user UUID, tenant UUID, or all");
    } else if (!wazo_auth_verifier_invalidate(verifier_get(), kind, count > 1 ? id : NULL, &error)) {
        fail(rpc, context, error);
    }
}

static void event(rpc_t *rpc, void *context)
{
    wazo_auth_error *error = NULL;
    char *text = NULL;
    bool is_applied;

    if (rpc->scan(context, "s", &text) < 1) {
        rpc->fault(context, 400, "expected a message of wazo-auth's bus, such as "
                                 "{\"name\": \"auth_session_deleted\", \"data\": {\"uuid\": \"...\"}}");
        return;
    }
    is_applied = wazo_auth_verifier_apply_event(verifier_get(), text, &error);
    if (error) {
        fail(rpc, context, error);
    } else {
        rpc->add(context, "s", is_applied ? "applied" : "nothing to forget");
    }
}

static rpc_export_t commands[] = {
    {"wazo_auth.stats", stats, (const char **)doc_stats, 0},
    {"wazo_auth.invalidate", invalidate, (const char **)doc_invalidate, 0},
    {"wazo_auth.event", event, (const char **)doc_event, 0},
    {NULL, NULL, NULL, 0},
};

int rpc_add_commands(void)
{
    return rpc_register_array(commands) == 0 ? 0 : -1;
}
