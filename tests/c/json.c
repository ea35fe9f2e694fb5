/* What C programs do with JSON through the library: take values out of answers, put texts into bodies. */
#include "check.h"

static wazo_auth_error *error;

/* Whether the text is that one; NULL where none is expected. Frees it. */
static bool is(char *text, const char *expected)
{
    const bool same = expected == NULL ? text == NULL : text != NULL && strcmp(text, expected) == 0;
    if (!same) {
        printf("#   got: %s\n", text == NULL ? "(NULL)" : text);
    }
    wazo_auth_string_free(text);
    return same && error == NULL;
}

static char *get(const char *json, const char *path)
{
    return wazo_auth_json_get(json, path, &error);
}

static void values(void)
{
    const char *json = " {\"token\":\"t1\" ,\"n\": -1.5, \"yes\":true, \"none\": null, \"empty\": \"\","
                       " \"in\": {\"token\": \"t2\", \"list\": [1, {\"token\": \"t3\"}, [], \"}\"], \"a/b\": \"s\"} } ";
    CHECK(is(get(json, "/token"), "t1"));
    CHECK(is(get(json, "/n"), "-1.5"));
    CHECK(is(get(json, "/yes"), "true"));
    CHECK(is(get(json, "/empty"), ""));
    CHECK(is(get(json, "/in/token"), "t2"));
    CHECK(is(get(json, "/in/list/0"), "1"));
    CHECK(is(get(json, "/in/list/1/token"), "t3"));
    CHECK(is(get(json, "/in/list/3"), "}"));
    CHECK(is(get(json, "/in/a~1b"), "s"));
    CHECK(is(get("[\"x\"]", ""), "[\"x\"]"));
}

static void absent(void)
{
    CHECK(is(get("{\"none\": null}", "/none"), NULL));
    CHECK(is(get("{\"a\": 1}", "/b"), NULL));
    CHECK(is(get("{\"a\": 1}", "/a/b"), NULL));
    CHECK(is(get("[1]", "/1"), NULL));
    CHECK(is(get("[]", "/0"), NULL));
}

static void values_are_not_names(void)
{
    /* What strstr gets wrong. */
    CHECK(is(get("{\"x\": \"token\", \"y\": \"\\\"token\\\": \\\"fake\\\"\", \"token\": \"real\"}", "/token"), "real"));
    CHECK(is(get("{\"x\": {\"token\": \"inner\"}}", "/token"), NULL));
}

static void escapes(void)
{
    CHECK(is(get("{\"a\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "/a"), "\"\\/\b\f\n\r\t"));
    CHECK(is(get("{\"a\": \"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"}", "/a"), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

static void broken(void)
{
    const char *const texts[] = {"", "{", "{\"a\": \"x", "{\"a\": 1,}", "{a: 1}", "nonsense", "{\"a\": \"\\x41\"}"};
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        CHECK(get(texts[index], "/a") == NULL);
        CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "json");
    }
    CHECK(get(NULL, "/a") == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument json");
    CHECK(get("{}", NULL) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument path");
    /* No C text holds it; cutting it short would make another text of it. */
    char *cut = get("{\"a\": \"before\\u0000after\"}", "/a");
    CHECK(cut == NULL && error != NULL);
    wazo_auth_string_free(cut);
    wazo_auth_error_free(error);
    error = NULL;
}

static void deep(void)
{
    const size_t depth = 1000000;
    char *text = (char *)malloc(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    char *value = get(text, "/0");
    CHECK(value != NULL || error != NULL);
    wazo_auth_string_free(value);
    wazo_auth_error_free(error);
    error = NULL;
    free(text);
}

static void quoted(void)
{
    const char *name = "\" , \"admin\": true, \"x\": \"\\\n\xC3\xA9";
    char *text = wazo_auth_json_quote(name, &error);
    char body[256];
    CHECK(text != NULL);
    snprintf(body, sizeof body, "{\"name\": %s}", text == NULL ? "null" : text);
    wazo_auth_string_free(text);
    CHECK(is(get(body, "/name"), name));
    CHECK(is(get(body, "/admin"), NULL));
    CHECK(is(wazo_auth_json_quote("", &error), "\"\""));
    CHECK(wazo_auth_json_quote("a\xFF", &error) == NULL);
    CHECK_ERROR(error, WAZO_AUTH_ERROR_INVALID_ARGUMENT, "argument text");
}

int main(void)
{
    RUN("a value of any type is taken out of an answer by its path, strings decoded", values);
    RUN("what is not there is NULL without an error, as null is", absent);
    RUN("no value is taken for a name, and no inner member for an outer one", values_are_not_names);
    RUN("every escape is resolved, characters beyond the first 65,536 too", escapes);
    RUN("broken JSON is an error that says so", broken);
    RUN("a million nested lists are no stack overflow", deep);
    RUN("a quoted text stays one text, whatever it holds", quoted);
    return finish();
}
