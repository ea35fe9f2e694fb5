/* Verifiers from C: decisions, what is wrong with arguments, and no answer that reads as a yes. */
#include "check.h"

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT

static wazo_auth_error *error;
static wazo_auth_client *client;
static char *token, *session;

static void decisions(void)
{
    wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_WRONG_TENANT;
    char *decision = NULL;
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, "{\"max_tokens\": 100}", &error);
    CHECK(verifier != NULL && error == NULL);
    CHECK(!wazo_auth_verifier_peek(verifier, token, NULL, NULL, &verdict) && verdict == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK(wazo_auth_verifier_check(verifier, token, "a.b", NULL, &verdict, &error));
    CHECK(verdict == WAZO_AUTH_VERDICT_ALLOWED && error == NULL);
    CHECK(wazo_auth_verifier_peek(verifier, token, "c.d", NULL, NULL));
    CHECK(wazo_auth_verifier_decide(verifier, token, NULL, NULL, &decision, &error));
    char *found = wazo_auth_json_get(decision, "/session_uuid", NULL);
    CHECK(found != NULL && strcmp(found, session) == 0);
    wazo_auth_string_free(found);
    wazo_auth_string_free(decision);
    /* Of a peer's token nothing is a mistake of the program. */
    const char *strange[] = {"", "..", "unknown", "\xff\xfe", "a/b", "0ec4e97a-4087-4511-ab10-3d5836be455d"};
    for (size_t at = 0; at < sizeof strange / sizeof *strange; at++) {
        CHECK(!wazo_auth_verifier_check(verifier, strange[at], NULL, NULL, &verdict, &error));
        CHECK(verdict == WAZO_AUTH_VERDICT_INVALID_TOKEN && error == NULL);
        CHECK(!wazo_auth_verifier_decide(verifier, strange[at], NULL, NULL, &decision, &error));
        CHECK(decision != NULL && error == NULL && strstr(decision, "\"user_uuid\":null") != NULL);
        wazo_auth_string_free(decision);
    }
    char *stats = wazo_auth_verifier_stats(verifier, &error);
    CHECK(stats != NULL && strstr(stats, "\"hits\":") != NULL);
    wazo_auth_string_free(stats);
    CHECK(!wazo_auth_verifier_apply_event(verifier, "{\"name\": \"x\", \"data\": {}}", &error) && error == NULL);
    CHECK(!wazo_auth_verifier_apply_event(verifier, "nonsense", &error));
    CHECK_ERROR(error, INVALID, "event_json");
    char event[256];
    snprintf(event, sizeof event, "{\"name\": \"auth_session_deleted\", \"data\": {\"uuid\": \"%s\"}}", session);
    CHECK(wazo_auth_verifier_apply_event(verifier, event, &error) && error == NULL);
    CHECK(!wazo_auth_verifier_peek(verifier, token, NULL, NULL, &verdict) && verdict == WAZO_AUTH_VERDICT_UNKNOWN);
    wazo_auth_verifier_free(verifier);
}

static void on_a_queue(void)
{
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, NULL, &error);
    wazo_auth_queue *queue = wazo_auth_queue_new(2, &error);
    int mine;
    CHECK(wazo_auth_verifier_submit(verifier, queue, token, "a.b", NULL, &mine, &error) != 0);
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, 30000);
    CHECK(wazo_auth_completion_is_yes(completion) && wazo_auth_completion_user_data(completion) == &mine);
    wazo_auth_completion_free(completion);
    /* What is known is there at once. */
    CHECK(wazo_auth_verifier_submit(verifier, queue, token, "a.b", NULL, NULL, &error) != 0);
    CHECK(wazo_auth_verifier_submit(verifier, queue, "..", NULL, NULL, NULL, &error) != 0);
    CHECK(wazo_auth_verifier_submit(verifier, queue, token, NULL, NULL, NULL, &error) == 0);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_QUOTA, "full");
    completion = wazo_auth_queue_next(queue, 0);
    CHECK(wazo_auth_completion_is_yes(completion));
    wazo_auth_completion_free(completion);
    completion = wazo_auth_queue_next(queue, 0);
    CHECK(completion != NULL && !wazo_auth_completion_is_yes(completion));
    CHECK(wazo_auth_completion_error(completion) == NULL);
    wazo_auth_completion_free(completion);
    /* A verifier may be gone before its question is answered. */
    wazo_auth_verifier_invalidate(verifier, "all", NULL, NULL);
    CHECK(wazo_auth_verifier_submit(verifier, queue, token, NULL, NULL, NULL, &error) != 0);
    wazo_auth_verifier_free(verifier);
    completion = wazo_auth_queue_next(queue, 30000);
    CHECK(wazo_auth_completion_is_yes(completion));
    wazo_auth_completion_free(completion);
    wazo_auth_queue_free(queue);
}

static void mistakes(void)
{
    wazo_auth_verdict_t verdict = WAZO_AUTH_VERDICT_ALLOWED;
    char *decision = (char *)"not touched";
    CHECK(wazo_auth_verifier_new(NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument client: it is NULL");
    CHECK(wazo_auth_verifier_new(client, "{\"ttl\": 1}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "ttl_ms");
    CHECK(!wazo_auth_verifier_check(NULL, token, NULL, NULL, &verdict, &error) && verdict == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK_ERROR(error, INVALID, "argument verifier: it is NULL");
    CHECK(!wazo_auth_verifier_peek((const wazo_auth_verifier *)client, token, NULL, NULL, &verdict));
    CHECK(!wazo_auth_verifier_check((const wazo_auth_verifier *)client, token, NULL, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "it is a wazo_auth_client");
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, NULL, &error);
    CHECK(wazo_auth_verifier_check(verifier, token, NULL, NULL, NULL, NULL));
    CHECK(!wazo_auth_verifier_check(verifier, NULL, NULL, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument token");
    CHECK(!wazo_auth_verifier_check(verifier, token, "", NULL, &verdict, &error) && verdict == WAZO_AUTH_VERDICT_UNKNOWN);
    CHECK_ERROR(error, INVALID, "argument required_access: it is empty");
    CHECK(!wazo_auth_verifier_peek(verifier, token, "", NULL, NULL) && !wazo_auth_verifier_peek(verifier, token, NULL, "", NULL));
    CHECK(!wazo_auth_verifier_check(verifier, token, NULL, "", NULL, &error));
    CHECK_ERROR(error, INVALID, "argument tenant_uuid: it is empty");
    CHECK(!wazo_auth_verifier_check(verifier, token, "\xff", NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument required_access: expected UTF-8");
    CHECK(!wazo_auth_verifier_decide(verifier, token, "", NULL, &decision, &error) && decision == NULL);
    CHECK_ERROR(error, INVALID, "required_access");
    CHECK(!wazo_auth_verifier_decide(verifier, token, NULL, NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument decision_json: it is NULL");
    CHECK(!wazo_auth_verifier_invalidate(verifier, "call", "x", &error));
    CHECK_ERROR(error, INVALID, "argument kind");
    CHECK(!wazo_auth_verifier_invalidate(verifier, "user", NULL, &error));
    CHECK_ERROR(error, INVALID, "argument id");
    wazo_auth_verifier_free(verifier);
    wazo_auth_verifier_free(NULL);
}

static void outage(void)
{
    wazo_auth_verdict_t verdict;
    char *decision = NULL;
    const char *away[] = {"url", "http://127.0.0.1:1", NULL};
    wazo_auth_client *nobody = client_with_options(away);
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(nobody, "{\"stale_ms\": 600000}", &error);
    for (int at = 0; at < 3; at++) {
        CHECK(!wazo_auth_verifier_check(verifier, "some", NULL, NULL, &verdict, &error));
        CHECK(verdict == WAZO_AUTH_VERDICT_UNKNOWN);
        CHECK_ERROR(error, WAZO_AUTH_ERROR_CONNECT, "cannot connect");
    }
    /* It is left alone now. */
    CHECK(!wazo_auth_verifier_decide(verifier, "some", NULL, NULL, &decision, &error) && decision == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_UNAVAILABLE, "has failed several times");
    wazo_auth_verifier_free(verifier);
    wazo_auth_client_free(nobody);
}

int main(int count, char **arguments)
{
    const char *options[] = {"url", count > 1 ? arguments[1] : "", "username", "admin", "password", "secret", NULL};
    client = client_with_options(options);
    char *created = wazo_auth_call(client, "token.new", NULL, &error);
    CHECK(created != NULL);
    token = wazo_auth_json_get(created, "/token", NULL);
    session = wazo_auth_json_get(created, "/session_uuid", NULL);
    RUN("a verifier decides, and an event ends what it knows", decisions);
    RUN("a verifier answers on a queue: what is known at once", on_a_queue);
    RUN("mistakes with verifiers are errors and never a yes", mistakes);
    RUN("an outage is no answer, and the server is left alone", outage);
    wazo_auth_string_free(created);
    wazo_auth_string_free(token);
    wazo_auth_string_free(session);
    wazo_auth_client_free(client);
    return finish();
}
