/* Reads a question from the parameters of a script. See question.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "question.h"

#include <string.h>

#include <core/dprint.h>
#include <core/mem/mem.h>
#include <core/mod_fix.h>

int question_fix(void **param, int number)
{
    (void)number; /* all parameters are of one kind, and fixup_spve_null() accepts only the number 1 */
    return fixup_spve_null(param, 1);
}

enum text { TEXT_COPIED, TEXT_MISSING, TEXT_NO_MEMORY };

/* Evaluates a parameter. Returns false if a variable in it has no value: Kamailio itself would write "<null>" in its
 * place, and the check would be about another access than the script meant. */
static bool evaluate(struct sip_msg *msg, gparam_t *param, str *text)
{
    pv_value_t value;

    if (param->type == FPARAM_PVE) {
        for (pv_elem_t *part = param->v.pve; part; part = part->next) {
            if (!part->spec || !part->spec->getf) {
                continue;
            }
            if (pv_get_spec_value(msg, part->spec, &value) != 0 || (value.flags & PV_VAL_NULL)) {
                return false;
            }
            /* A variable alone is used directly: a text that Kamailio puts together is limited by its buffers. */
            if (part == param->v.pve && !part->next && part->text.len == 0 && (value.flags & PV_VAL_STR)) {
                *text = value.rs;
                return true;
            }
        }
    }
    return fixup_get_svalue(msg, param, text) == 0;
}

/* Copies the value: Kamailio may use the same buffer for the next one. */
static enum text copy_text(struct sip_msg *msg, gparam_t *param, char **copy)
{
    str text = {NULL, 0};

    /* C would cut a text with a NUL byte short. */
    if (!evaluate(msg, param, &text) || !text.s || text.len <= 0 || memchr(text.s, '\0', text.len)) {
        return TEXT_MISSING;
    }
    *copy = pkg_malloc(text.len + 1);
    if (!*copy) {
        return TEXT_NO_MEMORY;
    }
    memcpy(*copy, text.s, text.len);
    (*copy)[text.len] = '\0';
    return TEXT_COPIED;
}

bool question_read(struct question *question, struct sip_msg *msg, char *token, char *acl, char *tenant,
                   enum answer *answer)
{
    enum text read;

    memset(question, 0, sizeof *question);
    read = copy_text(msg, (gparam_t *)token, &question->token);
    if (read == TEXT_MISSING) {
        *answer = answer_note(msg, ANSWER_NO, NULL, NULL);
        return false;
    }
    if (read == TEXT_COPIED && acl) {
        read = copy_text(msg, (gparam_t *)acl, &question->acl);
    }
    if (read == TEXT_COPIED && tenant) {
        read = copy_text(msg, (gparam_t *)tenant, &question->tenant);
    }
    if (read == TEXT_COPIED) {
        return true;
    }
    *answer = read == TEXT_MISSING
                  ? answer_note(msg, ANSWER_UNKNOWN, "invalid_argument",
                                "the access or the tenant is empty: give a value, or leave the parameter out")
                  : answer_note(msg, ANSWER_UNKNOWN, "internal", "no private memory left (see kamailio -M)");
    question_free(question);
    return false;
}

bool question_is_known(const struct question *question, const wazo_auth_verifier *verifier)
{
    wazo_auth_verdict_t verdict;
    bool yes = wazo_auth_verifier_peek(verifier, question->token, question->acl, question->tenant, &verdict);

    return yes || verdict != WAZO_AUTH_VERDICT_UNKNOWN;
}

enum answer question_ask(const struct question *question, const struct sip_msg *msg, const wazo_auth_verifier *verifier)
{
    wazo_auth_error *error = NULL;
    char *decision = NULL;
    bool yes = wazo_auth_verifier_decide(verifier, question->token, question->acl, question->tenant, &decision, &error);
    enum answer answer = answer_note_decision(msg, yes, decision, error);

    wazo_auth_string_free(decision);
    wazo_auth_error_free(error);
    return answer;
}

void question_free(struct question *question)
{
    if (question->token) {
        pkg_free(question->token);
    }
    if (question->acl) {
        pkg_free(question->acl);
    }
    if (question->tenant) {
        pkg_free(question->tenant);
    }
    memset(question, 0, sizeof *question);
}

/* Copies a text to *end, which then points behind it. NULL stays NULL. */
static const char *pack_text(const char *text, char **end)
{
    char *copy = *end;
    size_t size;

    if (!text) {
        return NULL;
    }
    size = strlen(text) + 1;
    memcpy(copy, text, size);
    *end += size;
    return copy;
}

size_t question_size(const struct question *question)
{
    const char *texts[] = {question->token, question->acl, question->tenant};
    size_t size = 0;

    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        size += texts[index] ? strlen(texts[index]) + 1 : 0;
    }
    return size;
}

void question_pack(const struct question *question, struct packed_question *packed, char *space)
{
    packed->token = pack_text(question->token, &space);
    packed->acl = pack_text(question->acl, &space);
    packed->tenant = pack_text(question->tenant, &space);
}
