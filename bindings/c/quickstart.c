/* A first program in C: logs in, checks the token, lists policies and users, creates and deletes a user, and handles an
 * error. It frees everything on every path, and prints each call and its result.
 *
 *     cc -std=c99 -I include bindings/c/quickstart.c -L target/debug -lwazo_auth_client -o quickstart
 *     WAZO_AUTH_PASSWORD=secret ./quickstart --url https://wazo.example.com/api/auth --username alice
 *
 * Copy what you need. `make demo` runs it against a simulated wazo-auth.
 */
#include <wazo_auth_client.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "Logs in to a wazo-auth server, and shows some calls and their results.\n"
    "\n"
    "    quickstart --url https://wazo.example.com/api/auth --username alice\n"
    "\n"
    "  --url URL            the URL of wazo-auth: https://[user:password@]host[:port][/prefix]\n"
    "  --username NAME      the user name to log in with\n"
    "  --password TEXT      the password; prefer WAZO_AUTH_PASSWORD, as other users can read the command line\n"
    "  --ca-file PATH       trusted certificate authorities, a PEM file; by default those of the system\n"
    "  --timeout-ms NUMBER  the timeout of a call (10000)\n"
    "  --help               print this help\n"
    "\n"
    "All other options of the library can be given in the same way (--tenant-uuid, --proxy ...), or as environment\n"
    "variables: WAZO_AUTH_URL, WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS ...\n";

/* Prints a call as it is written in C. */
static void announce(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("\n> ");
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
    va_end(arguments);
}

/* Prints JSON with indentation. The library returns valid JSON, so it is enough to look at strings and brackets. */
static void print_json(const char *json)
{
    int indent = 2;
    bool in_text = false;
    printf("  ");
    for (const char *at = json; *at != '\0'; at++) {
        const char *next = at + 1 + strspn(at + 1, " \t\r\n");
        const bool opens = !in_text && (*at == '{' || *at == '['), closes = !in_text && (*at == '}' || *at == ']');
        if (in_text && *at == '\\' && at[1] != '\0') {
            putchar(*at++);
        } else if (*at == '"') {
            in_text = !in_text;
        } else if (!in_text && strchr(" \t\r\n", *at) != NULL) {
            continue;
        } else if (opens && (*next == '}' || *next == ']')) {
            printf("%c%c", *at, *next);
            at = next;
            continue;
        } else if (closes) {
            indent -= 2;
            printf("\n%*s", indent, "");
        }
        putchar(*at);
        if (opens || (!in_text && *at == ',')) {
            indent += opens ? 2 : 0;
            printf("\n%*s", indent, "");
        } else if (!in_text && *at == ':') {
            putchar(' ');
        }
    }
    printf("\n");
}

/* Prints the error and whether a retry may help, and frees it. Always returns false, so that a function can end with
 * `return report(error);`. */
static bool report(wazo_auth_error *error)
{
    fflush(stdout);
    fprintf(stderr, "  failed: %s\n", wazo_auth_error_message(error));
    fprintf(stderr, "  (kind: %s, HTTP status: %d, %s)\n", wazo_auth_error_kind_text(wazo_auth_error_kind(error)),
            wazo_auth_error_status(error),
            wazo_auth_error_is_retryable(error) ? "a retry later may help" : "a retry will not help");
    wazo_auth_error_free(error);
    return false;
}

/* Prints the result of a call and frees it, or reports the error. It takes a pointer to the error, so that
 * `show(call(..., &error), &error)` is correct: C evaluates arguments in any order, and might read an `error` that is
 * passed by value before the call has written it. */
static bool show(char *answer, wazo_auth_error **error)
{
    if (answer == NULL) {
        return report(*error);
    }
    print_json(answer);
    wazo_auth_string_free(answer);
    return true;
}

/* The same for a call without a result. */
static bool show_done(bool done, wazo_auth_error **error)
{
    if (!done) {
        return report(*error);
    }
    printf("  done\n");
    return true;
}

/* Sets an option: "--ca-file" is the option ca_file. The error for an unknown option lists the known ones. */
static bool set_option(wazo_auth_options *options, const char *argument, const char *value, wazo_auth_error **error)
{
    char key[64] = "";
    for (size_t index = 0; index < sizeof key - 1 && argument[index] != '\0'; index++) {
        key[index] = argument[index] == '-' ? '_' : argument[index];
    }
    return strcmp(key, "url") == 0 ? wazo_auth_options_set_url(options, value, error)
                                   : wazo_auth_options_set(options, key, value, error);
}

/* The command line overrides the environment. The URL comes first, since other options may override parts of it. */
static bool read_options(wazo_auth_options *options, int count, char **arguments, wazo_auth_error **error)
{
    if (!wazo_auth_options_set_from_environment(options, error)) {
        return false;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int index = 1; index + 1 < count; index += 2) {
            const bool is_url = strcmp(arguments[index], "--url") == 0;
            if (is_url == (pass == 0) && !set_option(options, arguments[index] + 2, arguments[index + 1], error)) {
                return false;
            }
        }
    }
    return true;
}

/* The client copies the options, so they can be freed. */
static wazo_auth_client *connect_to(int count, char **arguments)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    if (read_options(options, count, arguments, &error)) {
        client = wazo_auth_client_new(options, &error);
    }
    if (client == NULL) {
        report(error);
    }
    wazo_auth_options_free(options);
    return client;
}

/* Creates a token, with the user name and the password of the options. Use a token until it expires: a login for every
 * call is slow, and the server limits the number of sessions. */
static char *log_in(const wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;
    announce("wazo_auth_token_new(client, NULL, NULL, \"{\\\"expiration\\\": 300}\", &error)");
    char *answer = wazo_auth_token_new(client, NULL, NULL, "{\"expiration\": 300}", &error);
    if (answer == NULL) {
        report(error);
        return NULL;
    }
    /* Read values from the result by their path; free each text. */
    char *token = wazo_auth_json_get(answer, "/token", NULL);
    char *user_uuid = wazo_auth_json_get(answer, "/metadata/uuid", NULL);
    char *tenant_uuid = wazo_auth_json_get(answer, "/metadata/tenant_uuid", NULL);
    char *expires_at = wazo_auth_json_get(answer, "/utc_expires_at", NULL);
    /* The token is a secret: do not print it. */
    printf("  token       %.8s...\n", token == NULL ? "?" : token);
    printf("  user        %s\n", user_uuid == NULL ? "?" : user_uuid);
    printf("  tenant      %s\n", tenant_uuid == NULL ? "?" : tenant_uuid);
    printf("  expires at  %s (UTC)\n", expires_at == NULL ? "?" : expires_at);
    wazo_auth_string_free(expires_at);
    wazo_auth_string_free(tenant_uuid);
    wazo_auth_string_free(user_uuid);
    wazo_auth_string_free(answer);
    if (token == NULL) {
        fprintf(stderr, "  failed: the answer has no token\n");
    }
    return token;
}

/* Checks whether a token is valid and has an access. False without an error means no; false with an error means that
 * the check failed. An `if` around the call is safe: it is true only for yes. */
static bool ask(const wazo_auth_client *client, const char *token, const char *access)
{
    wazo_auth_error *error = NULL;
    announce("wazo_auth_token_check(client, token, \"%s\", NULL, &error)", access);
    if (wazo_auth_token_check(client, token, access, NULL, &error)) {
        printf("  true: the token is valid and has this access\n");
    } else if (error == NULL) {
        printf("  false: the server said no\n");
    } else {
        return report(error);
    }
    return true;
}

static bool list(const wazo_auth_client *me)
{
    wazo_auth_error *error = NULL;
    announce("wazo_auth_policies_list(me, \"{\\\"order\\\": \\\"name\\\", \\\"limit\\\": 2}\", NULL, &error)");
    if (!show(wazo_auth_policies_list(me, "{\"order\": \"name\", \"limit\": 2}", NULL, &error), &error)) {
        return false;
    }
    announce("wazo_auth_users_list(me, \"{\\\"order\\\": \\\"username\\\", \\\"limit\\\": 3}\", NULL, &error)");
    return show(wazo_auth_users_list(me, "{\"order\": \"username\", \"limit\": 3}", NULL, &error), &error);
}

/* Creates a user. Use wazo_auth_json_quote() for texts in a body: it escapes quotes and all other special characters.
 */
static char *new_user(const wazo_auth_client *me, const char *name)
{
    wazo_auth_error *error = NULL;
    char *answer = NULL, *user_uuid = NULL;
    char body[256];
    char *quoted = wazo_auth_json_quote(name, &error);
    if (quoted != NULL) {
        snprintf(body, sizeof body, "{\"username\": %s, \"firstname\": \"Zoe\"}", quoted);
        announce("wazo_auth_users_new(me, body, NULL, &error)     // body: %s", body);
        answer = wazo_auth_users_new(me, body, NULL, &error);
    }
    if (answer != NULL) {
        user_uuid = wazo_auth_json_get(answer, "/uuid", NULL);
    }
    show(answer, &error);
    wazo_auth_string_free(quoted);
    return user_uuid;
}

/* Creates a user, and deletes it even if a call in between fails. */
static bool create_and_delete_user(const wazo_auth_client *me)
{
    wazo_auth_error *error = NULL;
    char name[48];
    snprintf(name, sizeof name, "quickstart-%ld", (long)time(NULL));
    char *user_uuid = new_user(me, name);
    if (user_uuid == NULL) {
        return false;
    }

    announce("wazo_auth_users_get_policies(me, \"%s\", NULL, NULL, &error)", user_uuid);
    const bool shown = show(wazo_auth_users_get_policies(me, user_uuid, NULL, NULL, &error), &error);

    announce("wazo_auth_users_delete(me, \"%s\", NULL, &error)", user_uuid);
    const bool deleted = show_done(wazo_auth_users_delete(me, user_uuid, NULL, &error), &error);
    wazo_auth_string_free(user_uuid);
    return shown && deleted;
}

/* Handles an expected error by its kind. */
static bool expect_not_found(const wazo_auth_client *me)
{
    wazo_auth_error *error = NULL;
    const char *nobody = "00000000-0000-4000-8000-000000000000";
    announce("wazo_auth_users_get(me, \"%s\", NULL, &error)     // there is no such user", nobody);
    char *answer = wazo_auth_users_get(me, nobody, NULL, &error);
    if (answer != NULL) {
        return show(answer, &error);
    }
    switch (wazo_auth_error_kind(error)) {
    case WAZO_AUTH_ERROR_NOT_FOUND:
        printf("  %s, HTTP status %d: %s\n", wazo_auth_error_kind_text(wazo_auth_error_kind(error)),
               wazo_auth_error_status(error), wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return true;
    default:
        return report(error);
    }
}

/* The calls that need a token. `me` uses the token, and shares the connection pool of `client`: one pool is enough for
 * any number of users. */
static bool work(const wazo_auth_client *client, const char *token)
{
    wazo_auth_error *error = NULL;
    announce("me = wazo_auth_client_with(client, \"token\", token, &error)");
    wazo_auth_client *me = wazo_auth_client_with(client, "token", token, &error);
    if (me == NULL) {
        return report(error);
    }
    printf("  a client with the token, and the same connection pool\n");

    const bool good =
        ask(client, token, "auth.users.read") && list(me) && create_and_delete_user(me) && expect_not_found(me);
    wazo_auth_client_free(me);
    return good;
}

/* Revokes the token when it is not needed any more. */
static bool log_out(const wazo_auth_client *client, const char *token)
{
    wazo_auth_error *error = NULL;
    announce("wazo_auth_token_revoke(client, token, &error)");
    return show_done(wazo_auth_token_revoke(client, token, &error), &error) && ask(client, token, "auth.users.read");
}

int main(int count, char **arguments)
{
    for (int index = 1; index < count; index++) {
        if (strcmp(arguments[index], "--help") == 0 || strcmp(arguments[index], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    }
    for (int index = 1; index < count; index += 2) {
        if (strncmp(arguments[index], "--", 2) != 0 || index + 1 == count) {
            fprintf(stderr, "quickstart: expected --option value, got %s; see --help\n", arguments[index]);
            return 2;
        }
    }

    wazo_auth_client *client = connect_to(count, arguments);
    if (client == NULL) {
        fprintf(stderr, "  see --help\n");
        return 2;
    }
    printf("wazo-auth-client %s from C, to %s\n", wazo_auth_version(), wazo_auth_client_base_url(client));

    bool good = false;
    char *token = log_in(client);
    if (token != NULL) {
        good = work(client, token);
        good = log_out(client, token) && good;
    }
    wazo_auth_string_free(token);
    wazo_auth_client_free(client);
    return good ? 0 : 1;
}
