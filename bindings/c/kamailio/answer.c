/* Keeps the result of a check for the script, and counts it. See answer.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <core/counters.h>
#include <core/dprint.h>

/* Each process has its own copy, and handles one message at a time. */
static struct {
    enum answer answer;
    char kind[32];
    unsigned int id;
    int pid;
    bool is_set;
    bool is_resumed;
    char *decision; /* of the verifier, JSON; NULL if there is none */
} last;

const char *const answer_names[] = {"user_uuid", "tenant_uuid", "session_uuid", "auth_id", "verdict", NULL};

static stat_var *count_yes, *count_no, *count_unknown;

static stat_export_t counters[] = {
    {"yes", 0, &count_yes},
    {"no", 0, &count_no},
    {"unknown", 0, &count_unknown},
    {0, 0, 0},
};

int answer_init(void)
{
    return register_module_stats("wazo_auth", counters);
}

/* Writes at most one warning a second and process: while wazo-auth is down, every message would cause one. */
static void warn(const char *kind, const char *message)
{
    static time_t warned;
    static unsigned int suppressed;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == warned) {
        suppressed++;
        return;
    }
    LM_WARN("no answer (%s): %s\n", kind, message);
    if (suppressed > 0) {
        LM_WARN("%u more checks had no answer since the last warning\n", suppressed);
    }
    warned = now.tv_sec;
    suppressed = 0;
}

enum answer answer_note(const struct sip_msg *msg, enum answer answer, const char *kind, const char *message)
{
    last.answer = answer;
    last.is_set = true;
    last.id = msg ? msg->id : 0;
    last.pid = msg ? msg->pid : 0;
    last.kind[0] = '\0';
    free(last.decision);
    last.decision = NULL;
    switch (answer) {
    case ANSWER_YES:
        update_stat(count_yes, 1);
        break;
    case ANSWER_NO:
        update_stat(count_no, 1);
        break;
    case ANSWER_UNKNOWN:
        update_stat(count_unknown, 1);
        snprintf(last.kind, sizeof last.kind, "%s", kind);
        if (message) {
            warn(kind, message);
        }
        break;
    }
    return answer;
}

enum answer answer_note_decision(const struct sip_msg *msg, bool yes, const char *decision,
                                 const wazo_auth_error *error)
{
    enum answer answer;

    if (error) {
        return answer_note(msg, ANSWER_UNKNOWN, wazo_auth_error_kind_text(wazo_auth_error_kind(error)),
                           wazo_auth_error_message(error));
    }
    answer = answer_note(msg, yes ? ANSWER_YES : ANSWER_NO, NULL, NULL);
    last.decision = decision ? strdup(decision) : NULL;
    return answer;
}

void answer_resume_begins(void)
{
    last.is_resumed = true;
}

void answer_resume_ends(void)
{
    last.is_resumed = false;
    last.is_set = false;
}

static bool is_about(const struct sip_msg *msg)
{
    return last.is_set && (last.is_resumed || (msg && msg->id == last.id && msg->pid == last.pid));
}

int answer_get_result(struct sip_msg *msg, pv_param_t *param, pv_value_t *value)
{
    return is_about(msg) ? pv_get_sintval(msg, param, value, last.answer) : pv_get_null(msg, param, value);
}

int answer_get_error(struct sip_msg *msg, pv_param_t *param, pv_value_t *value)
{
    if (!is_about(msg) || last.answer != ANSWER_UNKNOWN) {
        return pv_get_null(msg, param, value);
    }
    return pv_get_strzval(msg, param, value, last.kind);
}

const char *answer_identity(const struct sip_msg *msg, const char *name)
{
    static char text[256];
    char path[32], *found;

    if (!is_about(msg) || !last.decision) {
        return NULL;
    }
    snprintf(path, sizeof path, "/%s", name);
    found = wazo_auth_json_get(last.decision, path, NULL);
    if (!found) {
        return NULL; /* an unknown token is nobody's */
    }
    snprintf(text, sizeof text, "%s", found);
    wazo_auth_string_free(found);
    return text;
}

int answer_parse_name(pv_spec_t *variable, str *name)
{
    for (int index = 0; answer_names[index]; index++) {
        if ((size_t)name->len == strlen(answer_names[index]) && memcmp(name->s, answer_names[index], name->len) == 0) {
            variable->pvp.pvn.type = PV_NAME_INTSTR;
            variable->pvp.pvn.u.isname.type = 0;
            variable->pvp.pvn.u.isname.name.n = index;
            return 0;
        }
    }
    LM_ERR("$wazo_auth(%.*s): expected user_uuid, tenant_uuid, session_uuid, auth_id or verdict\n", name->len, name->s);
    return -1;
}

int answer_get_identity(struct sip_msg *msg, pv_param_t *param, pv_value_t *value)
{
    const char *text = answer_identity(msg, answer_names[param->pvn.u.isname.name.n]);

    return text ? pv_get_strzval(msg, param, value, (char *)text) : pv_get_null(msg, param, value);
}
