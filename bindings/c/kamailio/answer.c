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

/* The members of a decision that scripts can read. */
static const char *const members[] = {"verdict", "user_uuid", "tenant_uuid", "session_uuid", "auth_id", "is_stale"};
enum { MEMBERS = sizeof members / sizeof members[0], VERDICT = 0 };

/* Each process has its own copy, and handles one message at a time. */
static struct {
    enum answer answer;
    char kind[32];
    char *decision; /* NULL if the verifier did not decide */
    /* What was read from the decision. Scripts seldom read any of it, so that is done when they do. */
    char *values[MEMBERS];
    /* The message: its number, the process that received it, and its buffer. Kamailio numbers the messages that it
     * makes up itself, for event routes, like those that it receives: only their buffer is another one. */
    unsigned int id;
    int pid;
    const char *buffer;
    bool is_set;
    bool is_resumed;
} last;

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

static void forget_decision(void)
{
    for (int index = 0; index < MEMBERS; index++) {
        wazo_auth_string_free(last.values[index]);
        last.values[index] = NULL;
    }
    free(last.decision);
    last.decision = NULL;
}

enum answer answer_note(const struct sip_msg *msg, enum answer answer, const char *kind, const char *message)
{
    forget_decision();
    last.answer = answer;
    last.is_set = true;
    last.id = msg ? msg->id : 0;
    last.pid = msg ? msg->pid : 0;
    last.buffer = msg ? msg->buf : NULL;
    last.kind[0] = '\0';
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
    if (!decision) {
        return answer_note(msg, ANSWER_UNKNOWN, wazo_auth_error_kind_text(wazo_auth_error_kind(error)),
                           wazo_auth_error_message(error));
    }
    answer_note(msg, yes ? ANSWER_YES : ANSWER_NO, NULL, NULL);
    last.decision = strdup(decision); /* without memory, the token is nobody's */
    return last.answer;
}

void answer_resume_begins(int pid)
{
    last.is_resumed = true;
    last.pid = pid;
}

void answer_resume_ends(void)
{
    last.is_resumed = false;
    last.is_set = false;
    forget_decision();
}

static bool is_about(const struct sip_msg *msg)
{
    if (!last.is_set || !msg || msg->pid != last.pid) {
        return false;
    }
    /* tm resumes a copy of the message, with another number. What is made up meanwhile has the number of this process,
     * which receives nothing. */
    return last.is_resumed || (msg->id == last.id && msg->buf == last.buffer);
}

int answer_of(const struct sip_msg *msg)
{
    return is_about(msg) ? (int)last.answer : 0;
}

/* The index of a member; -1 if there is none of that name. */
static int find_member(const str *name)
{
    for (int index = 0; index < MEMBERS; index++) {
        if (name->len == (int)strlen(members[index]) && memcmp(name->s, members[index], name->len) == 0) {
            return index;
        }
    }
    return -1;
}

static const char *read_member(const struct sip_msg *msg, int index)
{
    char path[32];

    if (!is_about(msg)) {
        return NULL;
    }
    if (!last.decision) {
        const char *verdict = last.answer == ANSWER_UNKNOWN ? "unknown" : "invalid_token";
        return index == VERDICT ? verdict : NULL;
    }
    if (!last.values[index]) {
        snprintf(path, sizeof path, "/%s", members[index]);
        last.values[index] = wazo_auth_json_get(last.decision, path, NULL);
    }
    return last.values[index];
}

const char *answer_member(const struct sip_msg *msg, const str *name)
{
    int index = name && name->s ? find_member(name) : -1;

    return index < 0 ? NULL : read_member(msg, index);
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

int answer_parse_name(pv_spec_t *variable, str *name)
{
    int index = name && name->s ? find_member(name) : -1;

    if (index < 0) {
        LM_ERR("$wazo_auth(%.*s): expected verdict, user_uuid, tenant_uuid, session_uuid, auth_id or is_stale\n",
               name ? name->len : 0, name && name->s ? name->s : "");
        return -1;
    }
    variable->pvp.pvn.type = PV_NAME_INTSTR;
    variable->pvp.pvn.u.isname.type = 0;
    variable->pvp.pvn.u.isname.name.n = index;
    return 0;
}

int answer_get_member(struct sip_msg *msg, pv_param_t *param, pv_value_t *value)
{
    const char *text = read_member(msg, (int)param->pvn.u.isname.name.n);

    return text ? pv_get_strzval(msg, param, value, (char *)text) : pv_get_null(msg, param, value);
}
