/* The actions of AMI. See ami.h, and res_wazo_auth-en_US.xml for what they do.
 *
 * Here tokens are values of headers, which end with the line, so they can be given as they are.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/manager.h"
#include "asterisk/module.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include <wazo_auth_client.h>

#include "ami.h"
#include "check.h"
#include "engine.h"

/* The value of a header; NULL if the action does not have it, which is not the same as an empty one. */
static const char *find_header(const struct message *message, const char *name)
{
    const size_t length = strlen(name);

    for (unsigned int index = 0; index < message->hdrcount; index++) {
        const char *header = message->headers[index];

        if (!strncasecmp(header, name, length) && header[length] == ':') {
            return ast_skip_blanks(header + length + 1);
        }
    }
    return NULL;
}

/* Writes a header of the answer. No value of the server can begin another one. */
static void write_member(struct mansession *session, const char *name, const char *value)
{
    if (!ast_strlen_zero(value) && !strpbrk(value, "\r\n")) {
        astman_append(session, "%s: %s\r\n", name, value);
    }
}

/* Asterisk has a function for a whole answer, and none for the beginning of one. */
static void begin_answer(struct mansession *session, const struct message *message)
{
    write_member(session, "Response", "Success");
    write_member(session, "ActionID", astman_get_header(message, "ActionID"));
}

static int check(struct mansession *session, const struct message *message)
{
    static const char *const names[CHECK_MEMBERS] = {"Verdict", "UserUuid", "TenantUuid", "SessionUuid", "AuthId", "IsStale"};
    const char *token = find_header(message, "Token");
    struct decision decision;

    if (!token) {
        astman_send_error(session, message, "the header Token is missing");
        return 0;
    }
    check_enter();
    check_decide(NULL, token, find_header(message, "Access"), find_header(message, "Tenant"), &decision);
    begin_answer(session, message);
    write_member(session, "Status", check_status_text(decision.status));
    write_member(session, "Error", decision.error);
    for (size_t index = 0; index < CHECK_MEMBERS; index++) {
        char *value = check_member(&decision, check_members[index]);

        write_member(session, names[index], value);
        wazo_auth_string_free(value);
    }
    astman_append(session, "\r\n");
    check_free(&decision);
    check_leave();
    return 0;
}

/* Sends what came of it, and frees the error. */
static void answer(struct mansession *session, const struct message *message, bool is_done, const char *text,
                   wazo_auth_error *error)
{
    if (is_done) {
        astman_send_ack(session, message, (char *)text);
    } else {
        astman_send_error(session, message, (char *)(error ? wazo_auth_error_message(error) : text));
    }
    wazo_auth_error_free(error);
}

static int invalidate(struct mansession *session, const struct message *message)
{
    const char *kind = find_header(message, "Kind");
    struct engine *engine = engine_get();
    wazo_auth_error *error = NULL;
    bool is_done = engine && kind &&
                   wazo_auth_verifier_invalidate(engine->verifier, kind, find_header(message, "ID"), &error);

    answer(session, message, is_done, is_done ? "Forgotten" : "the header Kind is missing", error);
    ao2_cleanup(engine);
    return 0;
}

static int event(struct mansession *session, const struct message *message)
{
    const char *body = find_header(message, "Body");
    struct engine *engine = engine_get();
    wazo_auth_error *error = NULL;
    bool is_applied = engine && body && wazo_auth_verifier_apply_event(engine->verifier, body, &error);
    bool is_done = engine && body && !error;

    answer(session, message, is_done,
           is_applied ? "Applied" : is_done ? "Nothing to forget" : "the header Body is missing", error);
    ao2_cleanup(engine);
    return 0;
}

int ami_register(void)
{
    return ast_manager_register_xml("WazoAuthCheck", EVENT_FLAG_CALL | EVENT_FLAG_REPORTING, check) |
           ast_manager_register_xml("WazoAuthInvalidate", EVENT_FLAG_SYSTEM, invalidate) |
           ast_manager_register_xml("WazoAuthEvent", EVENT_FLAG_SYSTEM, event);
}

int ami_unregister(void)
{
    return ast_manager_unregister("WazoAuthCheck") | ast_manager_unregister("WazoAuthInvalidate") |
           ast_manager_unregister("WazoAuthEvent");
}
