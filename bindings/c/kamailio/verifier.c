/* The verifier of the module. See verifier.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "verifier.h"

#include <stdio.h>
#include <string.h>

#include <core/dprint.h>

static wazo_auth_verifier *verifier;

/* The options so far, a JSON object without its closing brace. In an object the last member of a name holds. */
static char options[1024] = "{\"ttl_ms\":60000,\"stale_ms\":0,\"max_tokens\":10000";

/* Adds one option. Returns false if there is no place for it, or if it is not UTF-8. */
static bool add(const char *key, const char *value)
{
    size_t used = strlen(options);
    char *quoted_key = wazo_auth_json_quote(key, NULL), *quoted_value = wazo_auth_json_quote(value, NULL);
    /* The rest is for the end that verifier_create() adds. */
    size_t room = sizeof options - used - sizeof ",\"shared\":true}";
    bool is_added = quoted_key && quoted_value && strlen(quoted_key) + strlen(quoted_value) + 2 <= room;

    if (is_added) {
        sprintf(options + used, ",%s:%s", quoted_key, quoted_value);
    }
    wazo_auth_string_free(quoted_key);
    wazo_auth_string_free(quoted_value);
    return is_added;
}

int verifier_set(const char *list)
{
    char copy[512], *state = NULL;

    if (strlen(list) >= sizeof copy) {
        LM_ERR("modparam verifier: it is too long; give the options one by one\n");
        return -1;
    }
    strcpy(copy, list);
    for (char *option = strtok_r(copy, ";", &state); option; option = strtok_r(NULL, ";", &state)) {
        char *equals = strchr(option, '=');
        if (!equals) {
            LM_ERR("modparam verifier: expected \"key=value\", such as \"ttl_ms=60000\"\n");
            return -1;
        }
        *equals = '\0';
        if (strcmp(option, "shared") == 0) {
            LM_ERR("modparam verifier: the processes of Kamailio always share it; leave \"shared\" out\n");
            return -1;
        }
        if (!add(option, equals + 1)) {
            LM_ERR("modparam verifier: the options are not UTF-8, or too long\n");
            return -1;
        }
    }
    return 0;
}

int verifier_create(const wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;

    strcat(options, ",\"shared\":true}");
    verifier = wazo_auth_verifier_new(client, options, &error);
    if (!verifier) {
        LM_ERR("modparam verifier: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return -1;
    }
    return 0;
}

void verifier_free(void)
{
    wazo_auth_verifier_free(verifier);
    verifier = NULL;
}

wazo_auth_verifier *verifier_get(void)
{
    return verifier;
}

bool verifier_recall(const struct sip_msg *msg, const struct question *question, enum answer *answer)
{
    char *decision = NULL;
    bool yes = wazo_auth_verifier_peek_decision(verifier, question->token, question->acl, question->tenant, &decision);

    if (!decision) {
        return false;
    }
    *answer = answer_note_decision(msg, yes, decision, NULL);
    wazo_auth_string_free(decision);
    return true;
}

enum answer verifier_decide(const struct sip_msg *msg, const struct question *question)
{
    wazo_auth_error *error = NULL;
    char *decision = NULL;
    enum answer answer;
    bool yes =
        wazo_auth_verifier_decide(verifier, question->token, question->acl, question->tenant, &decision, &error);

    answer = answer_note_decision(msg, yes, decision, error);
    wazo_auth_string_free(decision);
    wazo_auth_error_free(error);
    return answer;
}
