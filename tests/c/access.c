/* Access lists from C: decided without a server. */
#include "check.h"

#define INVALID WAZO_AUTH_ERROR_INVALID_ARGUMENT

static wazo_auth_error *error;

static void questions(void)
{
    wazo_auth_access *access =
        wazo_auth_access_new("[\"users.me.#\", \"!users.me.delete\", \"calls.my_session.edit\"]", "8f3a", "s1", &error);
    CHECK(access != NULL && error == NULL);
    CHECK(wazo_auth_access_matches(access, "users.8f3a.read", &error));
    CHECK(wazo_auth_access_matches(access, "users.me.read", &error));
    CHECK(!wazo_auth_access_matches(access, "users.8f3b.read", &error));
    CHECK(!wazo_auth_access_matches(access, "users.8f3a.delete", &error));
    CHECK(wazo_auth_access_matches(access, "calls.s1.update", &error));
    CHECK(!wazo_auth_access_matches(access, "", &error));
    CHECK(wazo_auth_access_matches(access, NULL, &error));
    CHECK(wazo_auth_access_may_add(access, "!anything", &error));
    CHECK(!wazo_auth_access_may_add(access, "anything", &error));
    CHECK(wazo_auth_access_may_remove(access, "!users.8f3a.read", &error));
    CHECK(!wazo_auth_access_may_remove(access, "anything", &error));
    CHECK(error == NULL);
    char *answers = wazo_auth_access_matches_each(access, "[\"users.me.read\", \"x\", \"calls.s1.edit\"]", &error);
    CHECK(answers != NULL && strcmp(answers, "[true, false, true]") == 0);
    wazo_auth_string_free(answers);
    wazo_auth_access_free(access);
}

static void placeholders(void)
{
    char *filled = wazo_auth_access_fill("confd.users.{user_uuid}.{line}.read", "{\"user_uuid\": \"8f.3a\", \"line\": 2}",
                                         &error);
    CHECK(filled != NULL && strcmp(filled, "confd.users.8f_3a.2.read") == 0);
    wazo_auth_string_free(filled);
    CHECK(wazo_auth_access_fill("a.{missing}", "{}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "placeholder \"missing\"");
    CHECK(wazo_auth_access_fill("a.{b}", "{\"b\": []}", &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument values_json");
}

static void mistakes(void)
{
    CHECK(wazo_auth_access_new("{}", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument acl_json");
    CHECK(wazo_auth_access_new("[\"\\xff\"]", NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "acl_json");
    CHECK(wazo_auth_access_new(NULL, NULL, NULL, &error) == NULL);
    CHECK_ERROR(error, INVALID, "acl_json");
    CHECK(!wazo_auth_access_matches(NULL, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument access: it is NULL");
    wazo_auth_access *access = wazo_auth_access_new("[\"#\"]", NULL, NULL, &error);
    CHECK(wazo_auth_access_matches_each(access, "[1]", &error) == NULL);
    CHECK_ERROR(error, INVALID, "argument accesses_json");
    CHECK(!wazo_auth_access_may_add(access, NULL, &error));
    CHECK_ERROR(error, INVALID, "argument entry");
    CHECK(!wazo_auth_access_matches(access, "\xff", &error));
    CHECK_ERROR(error, INVALID, "required_access");
    wazo_auth_access_free(access);
    wazo_auth_access_free(NULL);
}

int main(void)
{
    RUN("an access list answers as the server does", questions);
    RUN("placeholders are filled with single words", placeholders);
    RUN("what is wrong is named, and the answer is no", mistakes);
    return finish();
}
