/* What is asked, read from the script's parameters. See question.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "question.h"

#include <string.h>

#include <core/dprint.h>
#include <core/mem/mem.h>
#include <core/mod_fix.h>

int question_fix(void **param, int number)
{
    (void)number; /* all are of one kind, and Kamailio's function knows only the number 1 */
    return fixup_spve_null(param, 1);
}

enum text { TEXT_COPIED, TEXT_MISSING, TEXT_NO_MEMORY };

/* Evaluates a parameter. False where a variable in it has no value: Kamailio itself would write "<null>" in its place,
 * and a text with that in the middle asks for something else than the script meant. */
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
            /* A variable alone is taken as it is, since a text put together has the length of Kamailio's buffers. */
            if (part == param->v.pve && !part->next && part->text.len == 0 && (value.flags & PV_VAL_STR)) {
                *text = value.rs;
                return true;
            }
        }
    }
    return fixup_get_svalue(msg, param, text) == 0;
}

/* Copies the value: the next one may be written over it, where both lie in Kamailio's own buffers. */
static enum text copy_text(struct sip_msg *msg, gparam_t *param, char **copy)
{
    str text = {NULL, 0};

    /* A NUL within would hide what follows it. */
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

/* Appends bytes at *length, or only counts them. */
static void append(char *to, size_t *length, const char *bytes, size_t count)
{
    if (to) {
        memcpy(to + *length, bytes, count);
    }
    *length += count;
}

static void append_text(char *to, size_t *length, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    append(to, length, "\"", 1);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            char escaped[] = {'\\', *text};
            append(to, length, escaped, sizeof escaped);
        } else if (byte < 0x20) {
            char escaped[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
            append(to, length, escaped, sizeof escaped);
        } else {
            append(to, length, text, 1);
        }
    }
    append(to, length, "\"", 1);
}

size_t question_to_json(const struct question *question, char *to)
{
    size_t length = 0;

    append(to, &length, "{\"token\":", 9);
    append_text(to, &length, question->token);
    if (question->acl) {
        append(to, &length, ",\"required_acl\":", 16);
        append_text(to, &length, question->acl);
    }
    if (question->tenant) {
        append(to, &length, ",\"tenant\":", 10);
        append_text(to, &length, question->tenant);
    }
    append(to, &length, "}", 1);
    if (to) {
        to[length] = '\0';
    }
    return length;
}
