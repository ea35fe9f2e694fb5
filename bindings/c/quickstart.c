/* A first program on wazo-auth from C: logs in, checks the token, lists policies and users, makes a user and deletes it,
 * shows how a failure looks, and frees everything on every path. It prints each call as it is written, and its answer.
 *
 *     cc -std=c99 -I include bindings/c/quickstart.c -L target/debug -lwazo_auth_client -o quickstart
 *     WAZO_AUTH_PASSWORD=secret ./quickstart --url https://wazo.example.com/api/auth --username alice
 *
 * Start from it: take what you need, throw away the rest. `make demo` runs it against a wazo-auth in memory.
 */
#include <wazo_auth_client.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "Logs in to a wazo-auth and shows what can be done there.\n"
    "\n"
    "    quickstart --url https://wazo.example.com/api/auth --username alice\n"
    "\n"
    "  --url URL            where wazo-auth is: https://[user:password@]host[:port][/prefix]\n"
    "  --username NAME      who logs in\n"
    "  --password TEXT      better: WAZO_AUTH_PASSWORD, since everyone on this machine can read command lines\n"
    "  --ca-file PATH       the authorities to trust (PEM) instead of the system's\n"
    "  --timeout-ms NUMBER  the longest that a call may take (10000)\n"
    "  --help               this text\n"
    "\n"
    "Every other option of the library works the same way (--tenant-uuid, --proxy ...). What is not given comes from the\n"
    "environment: WAZO_AUTH_URL, WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS ...\n";

/* Shows a call as it is written here, before it is made. */
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

/* Prints JSON for a person: a line for each member and item. The library's answers are JSON, so that nothing but texts
 * and brackets needs a look. */
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

/* What this program does with a failure: says what happened and whether trying again makes sense, and frees it.
 * Always false, so that a function can end with `return report(error);`. */
static bool report(wazo_auth_error *error)
{
    fflush(stdout);
    fprintf(stderr, "  failed: %s\n", wazo_auth_error_message(error));
    fprintf(stderr, "  (kind: %s, HTTP status: %d, %s)\n", wazo_auth_error_kind_text(wazo_auth_error_kind(error)), wazo_auth_error_status(error),
            wazo_auth_error_is_retryable(error) ? "trying again later may help" : "trying again will not help");
    wazo_auth_error_free(error);
    return false;
}

/* Shows the answer of a call and frees it; reports the error where there is none. `error` is a pointer to the error,
 * so that `show(call(..., &error), &error)` is right: C may look at the arguments in any order, and an `error` passed by
 * value might be looked at before the call has written it. */
static bool show(char *answer, wazo_auth_error **error)
{
    if (answer == NULL) {
        return report(*error);
    }
    print_json(answer);
    wazo_auth_string_free(answer);
    return true;
}

/* The same for a call that has no result. */
static bool show_done(bool done, wazo_auth_error **error)
{
    if (!done) {
        return report(*error);
    }
    printf("  done\n");
    return true;
}

/* Sets the option that "--ca-file" stands for: ca_file. An unknown one is an error that names the known ones. */
static bool set_option(wazo_auth_options *options, const char *argument, const char *value, wazo_auth_error **error)
{
    char key[64] = "";
    for (size_t index = 0; index < sizeof key - 1 && argument[index] != '\0'; index++) {
        key[index] = argument[index] == '-' ? '_' : argument[index];
    }
    return strcmp(key, "url") == 0 ? wazo_auth_options_set_url(options, value, error)
                                   : wazo_auth_options_set(options, key, value, error);
}

/* The environment first, then the command line over it. The URL goes before the rest, which may correct it. */
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

/* Options are needed until the client is made, and no longer. */
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

/* Takes a token, with the user name and the password of the options. Whoever logs in before every call keeps the server
 * busy for nothing: take one token, and use it until it expires. */
static char *log_in(const wazo_auth_client *client)
{
    wazo_auth_error *error = NULL;
    announce("wazo_auth_token_new(client, NULL, NULL, \"{\\\"expiration\\\": 300}\", &error)");
    char *answer = wazo_auth_token_new(client, NULL, NULL, "{\"expiration\": 300}", &error);
    if (answer == NULL) {
        report(error);
        return NULL;
    }
    /* What the program needs of an answer is taken out by its path; it is the program's to free. */
    char *token = wazo_auth_json_get(answer, "/token", NULL);
    char *user_uuid = wazo_auth_json_get(answer, "/metadata/uuid", NULL);
    char *tenant_uuid = wazo_auth_json_get(answer, "/metadata/tenant_uuid", NULL);
    char *expires_at = wazo_auth_json_get(answer, "/utc_expires_at", NULL);
    /* Who has the token is the user: it is never shown whole. */
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

/* May whoever shows this token do that? `false` means no; only where there is an error besides, it means that nobody
 * knows. Either way the door stays shut: an `if` around the call is safe. */
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

/* Makes a user. Texts go into a body by wazo_auth_json_quote(): whatever a name holds, it stays a name. */
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

/* Makes a user, and deletes it whatever happens in between. */
static bool user_from_birth_to_end(const wazo_auth_client *me)
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

/* A failure that is expected: what the kinds are for. */
static bool miss(const wazo_auth_client *me)
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
        printf("  %s, HTTP status %d: %s\n", wazo_auth_error_kind_text(wazo_auth_error_kind(error)), wazo_auth_error_status(error),
               wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return true;
    default:
        return report(error);
    }
}

/* What is done with a token. `me` shares the connections of `client`, and calls with the token: one pool for any number
 * of identities. */
static bool work(const wazo_auth_client *client, const char *token)
{
    wazo_auth_error *error = NULL;
    announce("me = wazo_auth_client_with(client, \"token\", token, &error)");
    wazo_auth_client *me = wazo_auth_client_with(client, "token", token, &error);
    if (me == NULL) {
        return report(error);
    }
    printf("  a handle that calls with the token, over the same connections\n");

    const bool good = ask(client, token, "auth.users.read") && list(me) && user_from_birth_to_end(me) && miss(me);
    wazo_auth_client_free(me);
    return good;
}

/* A token that is not needed any more is given back. */
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
