/* Verifiers from C, against the simulator: decisions from memory, what is forgotten, and arguments that are wrong. Run
 * under valgrind too.
 *
 *     verifier URL [CA_FILE]
 *
 * Freed handles are tested in Rust: here they would be a wrong access, and valgrind would say so.
 */
#include "check.h"

#include <stdio.h>

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT
#define NOBODY "00000000-0000-4000-8000-000000000000"
#define STRANGE_TENANT "aaaaaaaa-0000-4000-8000-000000000000"

static wazo_auth_client *client;
static wazo_auth_error *error;
/* A valid token of an administrator, and whose it is. */
static char *token, *user, *tenant, *session;

static wazo_auth_verifier *new_verifier(const char *options)
{
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, options, &error);
    CHECK(verifier != NULL && error == NULL);
    return verifier;
}

/* Whether a JSON object has this text, or JSON, at the path; NULL: has nothing. */
static bool has(const char *json, const char *path, const char *expected)
{
    char *found = json == NULL ? NULL : wazo_auth_json_get(json, path, NULL);
    const bool same = found == NULL || expected == NULL ? found == expected : strcmp(found, expected) == 0;
    if (!same) {
        note("%s of %s", path, json == NULL ? "nothing" : json);
    }
    wazo_auth_string_free(found);
    return same;
}

static bool counted(const wazo_auth_verifier *verifier, const char *path, const char *expected)
{
    char *stats = wazo_auth_verifier_stats(verifier, &error);
    const bool same = has(stats, path, expected);
    wazo_auth_string_free(stats);
    return same;
}

static wazo_auth_verdict_t peeked(const wazo_auth_verifier *verifier)
{
    wazo_auth_verdict_t verdict = (wazo_auth_verdict_t)99;
    const bool is_yes = wazo_auth_verifier_peek(verifier, token, NULL, NULL, &verdict);
    CHECK(is_yes == (verdict == WAZO_AUTH_VERDICT_ALLOWED));
    return verdict;
}

static void questions(void)
{
    wazo_auth_verdict_t verdict = (wazo_auth_verdict_t)99;
    wazo_auth_verifier *verifier = new_verifier(NULL);
    CHECK(peeked(verifier) == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK(wazo_auth_verifier_check(verifier, token, "a.b", NULL, &verdict, &error));
    CHECK(verdict == WAZO_AUTH_VERDICT_ALLOWED && error == NULL);
    CHECK(wazo_auth_verifier_check(verifier, token, "c.d", tenant, NULL, NULL));
    CHECK(wazo_auth_verifier_check(verifier, token, NULL, NULL, &verdict, &error));
    CHECK(peeked(verifier) == WAZO_AUTH_VERDICT_ALLOWED);
    CHECK(wazo_auth_verifier_peek(verifier, token, "e.f", tenant, NULL));
    CHECK(counted(verifier, "/misses", "1") && counted(verifier, "/entries", "1"));
    CHECK(counted(verifier, "/is_open", "false"));

    CHECK(!wazo_auth_verifier_check(verifier, NOBODY, NULL, NULL, &verdict, &error));
    CHECK(verdict == WAZO_AUTH_VERDICT_INVALID_TOKEN && error == NULL);
    CHECK(!wazo_auth_verifier_check(verifier, token, NULL, STRANGE_TENANT, &verdict, &error));
    CHECK(verdict == WAZO_AUTH_VERDICT_WRONG_TENANT && error == NULL);
    CHECK(!wazo_auth_verifier_peek(verifier, token, NULL, STRANGE_TENANT, &verdict));
    CHECK(verdict == WAZO_AUTH_VERDICT_WRONG_TENANT);
    /* Once about each token, and once about the tenant. */
    CHECK(counted(verifier, "/misses", "3"));
    wazo_auth_verifier_free(verifier);
}

static void reasons(void)
{
    wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_UNKNOWN;
    wazo_auth_verifier *verifier = new_verifier("{}");
    wazo_auth_client *me = wazo_auth_client_with(client, "token", token, &error);
    char *made = wazo_auth_users_new(me, "{\"username\": \"may-nothing\", \"password\": \"secret\"}", NULL, &error);
    char *login = wazo_auth_token_new(client, "may-nothing", "secret", NULL, &error);
    char *poor = login == NULL ? NULL : wazo_auth_json_get(login, "/token", NULL);
    CHECK(made != NULL && poor != NULL && error == NULL);
    if (poor != NULL) {
        CHECK(!wazo_auth_verifier_check(verifier, poor, "calld.calls.create", NULL, &verdict, &error));
        CHECK(verdict == WAZO_AUTH_VERDICT_MISSING_ACCESS && error == NULL);
        CHECK(wazo_auth_verifier_check(verifier, poor, NULL, NULL, NULL, &error));
    }
    wazo_auth_string_free(poor);
    wazo_auth_string_free(login);
    wazo_auth_string_free(made);
    wazo_auth_client_free(me);
    wazo_auth_verifier_free(verifier);
}

static void owners(void)
{
    wazo_auth_verifier *verifier = new_verifier(NULL);
    char *decision = NULL;
    /* The first time by the server's answer, then from memory. */
    for (int round = 0; round < 2; round++) {
        CHECK(!wazo_auth_verifier_decide(verifier, token, NULL, STRANGE_TENANT, &decision, &error) && error == NULL);
        CHECK(has(decision, "/verdict", "wrong_tenant") && has(decision, "/user_uuid", user));
        wazo_auth_string_free(decision);
    }
    CHECK(wazo_auth_verifier_decide(verifier, token, "a.b", tenant, &decision, &error) && error == NULL);
    CHECK(has(decision, "/verdict", "allowed") && has(decision, "/is_stale", "false"));
    CHECK(has(decision, "/user_uuid", user) && has(decision, "/tenant_uuid", tenant));
    CHECK(has(decision, "/session_uuid", session) && has(decision, "/auth_id", user));
    CHECK(has(decision, "/metadata/uuid", user));
    wazo_auth_string_free(decision);
    CHECK(!wazo_auth_verifier_decide(verifier, NOBODY, NULL, NULL, &decision, &error) && error == NULL);
    CHECK(has(decision, "/verdict", "invalid_token"));
    CHECK(has(decision, "/user_uuid", NULL) && has(decision, "/metadata", NULL));
    wazo_auth_string_free(decision);
    wazo_auth_verifier_free(verifier);
}

/* What is known, with the owner, and nothing asked. */
static void recalled(void)
{
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, NULL, &error);
    char *decision = (char *)"not touched";
    CHECK(!wazo_auth_verifier_peek_decision(verifier, token, "a.b", NULL, &decision) && decision == NULL);
    CHECK(wazo_auth_verifier_check(verifier, token, "a.b", NULL, NULL, &error));
    CHECK(wazo_auth_verifier_peek_decision(verifier, token, "c.d", NULL, &decision));
    CHECK(decision != NULL && strstr(decision, "\"verdict\":\"allowed\"") != NULL);
    wazo_auth_string_free(decision);
    CHECK(!wazo_auth_verifier_peek_decision(verifier, "..", NULL, NULL, &decision) && decision != NULL);
    wazo_auth_string_free(decision);
    CHECK(!wazo_auth_verifier_peek_decision(verifier, token, "", NULL, &decision) && decision == NULL);
    CHECK(!wazo_auth_verifier_peek_decision(verifier, token, NULL, "", &decision) && decision == NULL);
    CHECK(!wazo_auth_verifier_peek_decision(NULL, token, NULL, NULL, &decision) && decision == NULL);
    CHECK(!wazo_auth_verifier_peek_decision(verifier, token, NULL, NULL, NULL));
    CHECK(counted(verifier, "/misses", "1"));
    wazo_auth_verifier_free(verifier);
}

static void queues(void)
{
    int mark = 0;
    wazo_auth_verifier *verifier = new_verifier(NULL);
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    for (int round = 0; round < 2; round++) {
        const uint64_t id = wazo_auth_verifier_submit(verifier, queue, token, "a.b", NULL, &mark, &error);
        CHECK(id != 0 && error == NULL);
        /* The second one is known, and does not let anybody wait. */
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, round == 0 ? -1 : 0);
        CHECK(wazo_auth_completion_id(completion) == id && wazo_auth_completion_user_data(completion) == &mark);
        CHECK(wazo_auth_completion_is_yes(completion) && wazo_auth_completion_error(completion) == NULL);
        CHECK(has(wazo_auth_completion_result(completion), "/user_uuid", user));
        wazo_auth_completion_free(completion);
    }
    CHECK(wazo_auth_verifier_submit(verifier, queue, NOBODY, NULL, NULL, NULL, &error) != 0);
    wazo_auth_verifier_free(verifier); /* before the answer is there */
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, -1);
    CHECK(!wazo_auth_completion_is_yes(completion) && wazo_auth_completion_error(completion) == NULL);
    CHECK(has(wazo_auth_completion_result(completion), "/verdict", "invalid_token"));
    wazo_auth_completion_free(completion);
    wazo_auth_queue_free(queue);
}

static void forgetting(void)
{
    char deleted[200], created[200], moved[200];
    const char *const ways[][2] = {
        {"token", token}, {"session", session}, {"user", user}, {"tenant", tenant}, {"all", NULL}};
    wazo_auth_verifier *verifier = new_verifier(NULL);
    for (size_t index = 0; index < sizeof ways / sizeof ways[0]; index++) {
        CHECK(wazo_auth_verifier_check(verifier, token, NULL, NULL, NULL, &error));
        CHECK(wazo_auth_verifier_invalidate(verifier, ways[index][0], ways[index][1], &error) && error == NULL);
        CHECK(peeked(verifier) == WAZO_AUTH_VERDICT_UNKNOWN);
    }
    snprintf(deleted, sizeof deleted, "{\"name\": \"auth_session_deleted\", \"data\": {\"uuid\": \"%s\"}}", session);
    snprintf(created, sizeof created, "{\"name\": \"auth_session_created\", \"data\": {\"uuid\": \"%s\"}}", session);
    snprintf(moved, sizeof moved, "{\"name\": \"auth_tenant_updated\", \"data\": {\"uuid\": \"%s\"}}", tenant);
    const char *const events[] = {deleted, moved};
    for (size_t index = 0; index < sizeof events / sizeof events[0]; index++) {
        CHECK(wazo_auth_verifier_check(verifier, token, NULL, NULL, NULL, &error));
        CHECK(!wazo_auth_verifier_apply_event(verifier, created, &error) && error == NULL);
        CHECK(peeked(verifier) == WAZO_AUTH_VERDICT_ALLOWED);
        CHECK(wazo_auth_verifier_apply_event(verifier, events[index], &error) && error == NULL);
        CHECK(peeked(verifier) == WAZO_AUTH_VERDICT_UNKNOWN);
    }
    CHECK(counted(verifier, "/invalidations", "7"));
    wazo_auth_verifier_free(verifier);
}

static void hostile_tokens(void)
{
    const char *const tokens[] = {"", "..", "../users", "a\nb", "\xFF", "caf\xC3", "\xED\xA0\x80"};
    wazo_auth_verifier *verifier = new_verifier(NULL);
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    for (size_t index = 0; index < sizeof tokens / sizeof tokens[0]; index++) {
        wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_UNKNOWN;
        char *decision = NULL;
        CHECK(!wazo_auth_verifier_check(verifier, tokens[index], "a", NULL, &verdict, &error) && error == NULL);
        CHECK(verdict == WAZO_AUTH_VERDICT_INVALID_TOKEN);
        CHECK(!wazo_auth_verifier_peek(verifier, tokens[index], NULL, NULL, &verdict));
        CHECK(verdict == WAZO_AUTH_VERDICT_INVALID_TOKEN);
        CHECK(!wazo_auth_verifier_decide(verifier, tokens[index], NULL, NULL, &decision, &error) && error == NULL);
        CHECK(has(decision, "/verdict", "invalid_token"));
        wazo_auth_string_free(decision);
        CHECK(wazo_auth_verifier_submit(verifier, queue, tokens[index], NULL, NULL, NULL, &error) != 0);
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 0);
        CHECK(completion != NULL && !wazo_auth_completion_is_yes(completion));
        wazo_auth_completion_free(completion);
    }
    CHECK(counted(verifier, "/misses", "0"));
    wazo_auth_queue_free(queue);
    wazo_auth_verifier_free(verifier);
}

/* What is wrong in the question; the answer is no, whatever is known of the token. */
static void mistakes_in_questions(void)
{
    const struct {
        const char *token, *access, *tenant, *says;
    } wrong[] = {
        {NULL, "a", NULL, "argument token: it is NULL"},
        {token, "", NULL, "argument required_access: it is empty"},
        {token, "\xFF", NULL, "argument required_access"},
        {token, NULL, "", "argument tenant_uuid: it is empty"},
        {token, NULL, "\xFF", "argument tenant_uuid"},
    };
    wazo_auth_verifier *verifier = new_verifier(NULL);
    wazo_auth_queue *queue = wazo_auth_queue_new(0, &error);
    CHECK(wazo_auth_verifier_check(verifier, token, NULL, NULL, NULL, &error));
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        const char *t = wrong[index].token, *access = wrong[index].access, *in = wrong[index].tenant;
        wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_ALLOWED;
        char *decision = token;
        CHECK(!wazo_auth_verifier_check(verifier, t, access, in, &verdict, &error));
        CHECK(verdict == WAZO_AUTH_VERDICT_UNKNOWN);
        CHECK_ERROR(error, INVALID, wrong[index].says);
        verdict = WAZO_AUTH_VERDICT_ALLOWED;
        CHECK(!wazo_auth_verifier_peek(verifier, t, access, in, &verdict) && verdict == WAZO_AUTH_VERDICT_UNKNOWN);
        CHECK(!wazo_auth_verifier_decide(verifier, t, access, in, &decision, &error) && decision == NULL);
        CHECK_ERROR(error, INVALID, wrong[index].says);
        CHECK(wazo_auth_verifier_submit(verifier, queue, t, access, in, NULL, &error) == 0);
        CHECK_ERROR(error, INVALID, wrong[index].says);
    }
    CHECK(!wazo_auth_verifier_decide(verifier, token, NULL, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument decision_json: it is NULL");
    CHECK(wazo_auth_verifier_submit(verifier, NULL, token, NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, INVALID, "argument queue: it is NULL");
    CHECK(wazo_auth_queue_next(queue, 0) == NULL);
    wazo_auth_queue_free(queue);
    wazo_auth_verifier_free(verifier);
}

static void mistakes_elsewhere(void)
{
    const char *const kinds[] = {"token", "session", "user", "tenant"};
    const char *const options[] = {"[]", "{", "{\"colour\": 1}", "{\"ttl_ms\": \"soon\"}", "{\"max_tokens\": -1}"};
    const char *const events[] = {NULL, "", "[]", "{}", "{\"name\": \"auth_session_deleted\", \"data\": {}}", "\xFF"};
    void *const as_any = client;
    wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_ALLOWED;
    char *decision = NULL;
    wazo_auth_verifier *verifier = new_verifier(NULL);
    CHECK(wazo_auth_verifier_new(NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client: it is NULL");
    for (size_t index = 0; index < sizeof options / sizeof options[0]; index++) {
        CHECK(wazo_auth_verifier_new(client, options[index], &error) == NULL);
        CHECK_ERROR(error, INVALID, NULL);
    }
    CHECK(!wazo_auth_verifier_check(NULL, token, NULL, NULL, &verdict, &error) && verdict == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK_ERROR(error, INVALID, "argument verifier: it is NULL");
    CHECK(!wazo_auth_verifier_check((const wazo_auth_verifier *)as_any, token, NULL, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument verifier: it is a wazo_auth_client; expected a wazo_auth_verifier");
    CHECK(!wazo_auth_verifier_peek(NULL, token, NULL, NULL, &verdict));
    CHECK(!wazo_auth_verifier_decide(NULL, token, NULL, NULL, &decision, &error) && decision == NULL);
    CHECK_ERROR(error, INVALID, "argument verifier");
    CHECK(wazo_auth_verifier_stats(NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument verifier");
    CHECK(!wazo_auth_verifier_invalidate(NULL, "all", NULL, &error));
    CHECK_ERROR(error, INVALID, "argument verifier");
    CHECK(!wazo_auth_verifier_invalidate(verifier, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument kind: it is NULL");
    CHECK(!wazo_auth_verifier_invalidate(verifier, "sessions", session, &error));
    CHECK_ERROR(error, INVALID, "argument kind: expected token, session, user, tenant or all");
    for (size_t index = 0; index < sizeof kinds / sizeof kinds[0]; index++) {
        CHECK(!wazo_auth_verifier_invalidate(verifier, kinds[index], NULL, &error));
        CHECK_ERROR(error, INVALID, "argument id: it is NULL");
    }
    for (size_t index = 0; index < sizeof events / sizeof events[0]; index++) {
        CHECK(!wazo_auth_verifier_apply_event(verifier, events[index], &error));
        CHECK_ERROR(error, INVALID, "argument event_json");
    }
    CHECK(counted(verifier, "/invalidations", "0"));
    wazo_auth_verifier_free((wazo_auth_verifier *)as_any); /* nor does it free what it is not */
    wazo_auth_verifier_free(verifier);
    wazo_auth_verifier_free(NULL);
}

static void outages(void)
{
    const char *const pairs[] = {"url", "http://127.0.0.1:1", "timeout_ms", "5000", NULL};
    wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_ALLOWED;
    char *decision = token;
    wazo_auth_client *nowhere = client_with_options(pairs);
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(nowhere, NULL, &error);
    wazo_auth_client_free(nowhere); /* the verifier has what it needs */
    CHECK(!wazo_auth_verifier_check(verifier, token, NULL, NULL, &verdict, &error));
    CHECK(verdict == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, NULL);
    CHECK(!wazo_auth_verifier_decide(verifier, token, NULL, NULL, &decision, &error) && decision == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, NULL);
    CHECK(peeked(verifier) == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK(counted(verifier, "/errors", "2"));
    wazo_auth_verifier_free(verifier);
}

static void set_up(char **arguments)
{
    const char *const pairs[] = {"url", arguments[0], "username", "admin", "password", "secret", "timeout_ms", "60000",
                                 arguments[1] == NULL ? NULL : "ca_file", arguments[1], NULL};
    client = client_with_options(pairs);
    char *answer = wazo_auth_token_new(client, NULL, NULL, NULL, &error);
    if (answer == NULL) {
        note("no token to test with: %s", wazo_auth_error_message(error));
        exit(2);
    }
    token = wazo_auth_json_get(answer, "/token", NULL);
    user = wazo_auth_json_get(answer, "/metadata/uuid", NULL);
    tenant = wazo_auth_json_get(answer, "/metadata/tenant_uuid", NULL);
    session = wazo_auth_json_get(answer, "/session_uuid", NULL);
    wazo_auth_string_free(answer);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        return 2;
    }
    set_up(arguments + 1);
    RUN("a decision that is known is recalled with its owner, and none is asked for", recalled);
    RUN("a verifier asks once about a token, and answers everything else from memory", questions);
    RUN("a no for want of access is told from others", reasons);
    RUN("a decision tells whose the token is", owners);
    RUN("a queue brings decisions, those that are known at once", queues);
    RUN("what is invalidated, or revoked by a message, is not known any more", forgetting);
    RUN("a token that no server can know is answered no, without a request", hostile_tokens);
    RUN("a question that is wrong is answered no, with an error that names what is", mistakes_in_questions);
    RUN("other arguments that are wrong are named, and nothing is done", mistakes_elsewhere);
    RUN("where the server cannot be asked there is an error, and no answer", outages);
    wazo_auth_string_free(session);
    wazo_auth_string_free(tenant);
    wazo_auth_string_free(user);
    wazo_auth_string_free(token);
    wazo_auth_client_free(client);
    return finish();
}
