/* The module's functions for scripts in Lua, Python, JavaScript ... See kemi.h, and README.md for their meaning.
 *
 * In Lua, every number is true, 0 and -1 too. So the questions return a boolean, unlike Kamailio's own functions: an `if`
 * around them fails closed in every language.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kemi.h"

#include <string.h>

#include <core/dprint.h>
#include <core/kemi.h>
#include <core/sr_module.h>

#include "answer.h"
#include "async.h"
#include "question.h"
#include "verifier.h"

static int ask(sip_msg_t *msg, str *token, str *acl, str *tenant)
{
    struct question question;
    enum answer answer;

    if (question_of_texts(&question, msg, token, acl, tenant, &answer)) {
        answer = verifier_decide(msg, &question);
        question_free(&question);
    }
    return answer == ANSWER_YES ? SR_KEMI_TRUE : SR_KEMI_FALSE;
}

static int check(sip_msg_t *msg, str *token)
{
    return ask(msg, token, NULL, NULL);
}

static int check_acl(sip_msg_t *msg, str *token, str *acl)
{
    return ask(msg, token, acl, NULL);
}

static int check_tenant(sip_msg_t *msg, str *token, str *acl, str *tenant)
{
    return ask(msg, token, acl, tenant);
}

/* True if the transaction is suspended: the callback gets the answer. False if there is an answer already. */
static int suspend(sip_msg_t *msg, str *token, str *acl, str *tenant, str *callback)
{
    struct question question;
    enum answer answer;
    bool is_suspended = false;
    char name[128];

    if (!question_of_texts(&question, msg, token, acl, tenant, &answer)) {
        return SR_KEMI_FALSE;
    }
    if (verifier_recall(msg, &question, &answer)) {
        /* There is nothing to wait for. */
    } else if (!async_is_possible()) {
        answer_note(msg, ANSWER_UNKNOWN, "invalid_argument",
                    "suspend_acl() and suspend_tenant() need tm, and async_workers of at least 1");
    } else if (!callback->s || callback->len <= 0 || (size_t)callback->len >= sizeof name) {
        answer_note(msg, ANSWER_UNKNOWN, "invalid_argument", "the name of the callback is empty, or too long");
    } else {
        memcpy(name, callback->s, callback->len);
        name[callback->len] = '\0';
        is_suspended = async_ask(msg, &question, -1, name) == 0;
    }
    question_free(&question);
    return is_suspended ? SR_KEMI_TRUE : SR_KEMI_FALSE;
}

static int suspend_acl(sip_msg_t *msg, str *token, str *acl, str *callback)
{
    return suspend(msg, token, acl, NULL, callback);
}

static int suspend_tenant(sip_msg_t *msg, str *token, str *acl, str *tenant, str *callback)
{
    return suspend(msg, token, acl, tenant, callback);
}

static int result(sip_msg_t *msg)
{
    return answer_of(msg);
}

/* A member of the last decision for this message; without a value it is nil, None or undefined. */
static sr_kemi_xval_t *get(sip_msg_t *msg, str *name)
{
    static sr_kemi_xval_t value;
    const char *text = answer_member(msg, name);

    memset(&value, 0, sizeof value);
    if (!text) {
        sr_kemi_xval_null(&value, SR_KEMI_XVAL_NULL_NONE);
        return &value;
    }
    value.vtype = SR_KEMIP_STR;
    value.v.s.s = (char *)text;
    value.v.s.len = (int)strlen(text);
    return &value;
}

#define TEXT(text) STR_STATIC_INIT(text)
#define STR SR_KEMIP_STR

static sr_kemi_t functions[] = {
    {TEXT("wazo_auth"), TEXT("check"), SR_KEMIP_BOOL, check, {STR}},
    {TEXT("wazo_auth"), TEXT("check_acl"), SR_KEMIP_BOOL, check_acl, {STR, STR}},
    {TEXT("wazo_auth"), TEXT("check_tenant"), SR_KEMIP_BOOL, check_tenant, {STR, STR, STR}},
    {TEXT("wazo_auth"), TEXT("suspend_acl"), SR_KEMIP_BOOL, suspend_acl, {STR, STR, STR}},
    {TEXT("wazo_auth"), TEXT("suspend_tenant"), SR_KEMIP_BOOL, suspend_tenant, {STR, STR, STR, STR}},
    {TEXT("wazo_auth"), TEXT("result"), SR_KEMIP_INT, result, {SR_KEMIP_NONE}},
    {TEXT("wazo_auth"), TEXT("get"), SR_KEMIP_XVAL, get, {STR}},
    {{NULL, 0}, {NULL, 0}, 0, NULL, {0}},
};

int kemi_register(void)
{
    return sr_kemi_modules_add(functions);
}
