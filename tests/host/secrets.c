/* What remains of secrets when all that used them has been freed: this process's own memory is searched for them.
 *
 * The test itself holds a secret in a masked form alone, so that it finds no copy of its own. What it needs in plain is
 * unmasked for a moment, in one place that is wiped. A secret is searched for by its last sixteen bytes: malloc writes over
 * the first ones of what is freed.
 */
#include "host.h"

#include <fcntl.h>

enum { MASK = 0x5a, TAIL = 16, LONGEST = 256 };

typedef struct {
    size_t length;
    char bytes[LONGEST];
} masked;

static char plain[LONGEST];
static char *window;
static size_t window_length;
static const char *url, *ca_file;

static void keep(masked *to, const char *text)
{
    to->length = strlen(text);
    for (size_t i = 0; i < to->length; i++)
        to->bytes[i] = (char)(text[i] ^ MASK);
}

/* The secret as it is, until `forget`. */
static const char *show(const masked *secret)
{
    for (size_t i = 0; i < secret->length; i++)
        plain[i] = (char)(secret->bytes[i] ^ MASK);
    plain[secret->length] = '\0';
    return plain;
}

static void forget(void) { explicit_bzero(plain, sizeof plain); }

/* How often the end of a secret stands in a piece of memory. */
static long count_in(const char *memory, size_t length, const masked *secret)
{
    const char *tail = secret->bytes + secret->length - TAIL;
    const char first = (char)(tail[0] ^ MASK);
    long found = 0;
    for (const char *at = memory; (at = memchr(at, first, length - (size_t)(at - memory))) != NULL; at++) {
        size_t same = 0;
        while (same < TAIL && (size_t)(at - memory) + same < length && (char)(at[same] ^ MASK) == tail[same])
            same++;
        found += same == TAIL;
    }
    return found;
}

/* The copies of a secret in all memory of this process that can be written. */
static long copies(const masked *secret, const char *what)
{
    char line[512];
    long found = 0;
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && memory >= 0 && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3 || rights[1] != 'w' || strstr(line, "[vvar") != NULL)
            continue;
        if ((uintptr_t)window >= start && (uintptr_t)window < end)
            continue;
        if (end - start > window_length) {
            note("a mapping of %lu bytes is larger than the test's window", end - start);
            exit(2);
        }
        ssize_t got = pread(memory, window, end - start, (off_t)start);
        long here = got > 0 ? count_in(window, (size_t)got, secret) : 0;
        if (here > 0)
            note("%ld of %s in %s", here, what, line);
        found += here;
        if (got > 0)
            madvise(window, (size_t)got, MADV_REMOVE);
    }
    if (maps != NULL)
        fclose(maps);
    close(memory);
    return found;
}

static wazo_auth_client *client_with(const masked *password)
{
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    bool good = wazo_auth_options_set_url(options, url, &error) &&
                wazo_auth_options_set(options, "ca_file", strncmp(url, "https", 5) == 0 ? ca_file : "", &error) &&
                wazo_auth_options_set(options, "timeout_ms", "20000", &error) &&
                wazo_auth_options_set(options, "username", "admin", &error) &&
                wazo_auth_options_set(options, "password", show(password), &error);
    forget();
    wazo_auth_client *client = good ? wazo_auth_client_new(options, &error) : NULL;
    wazo_auth_options_free(options);
    if (client == NULL) {
        note("no client: %s", wazo_auth_error_message(error));
        exit(2);
    }
    return client;
}

/* A member of an answer, kept masked. */
static bool keep_member(masked *to, const char *answer, const char *pointer)
{
    char *text = answer != NULL ? wazo_auth_json_get(answer, pointer, NULL) : NULL;
    if (text == NULL)
        return false;
    keep(to, text);
    wazo_auth_string_free(text);
    return true;
}

/* Logs in; the token and the refresh token. */
static bool log_in(wazo_auth_client *client, const char *id, masked *token, masked *refresh)
{
    char body[128];
    wazo_auth_error *error = NULL;
    snprintf(body, sizeof body, "{\"expiration\": 3600, \"access_type\": \"offline\", \"client_id\": \"%s\"}", id);
    char *answer = wazo_auth_token_new(client, NULL, NULL, body, &error);
    bool good = keep_member(token, answer, "/token") && keep_member(refresh, answer, "/refresh_token");
    if (!good)
        note("no token: %s", wazo_auth_error_message(error));
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
    return good && wazo_auth_client_set_token(client, show(token), NULL);
}

/* One login, three lists and three checks. */
static bool calls(const masked *password, masked *token, masked *refresh)
{
    wazo_auth_client *client = client_with(password);
    bool good = log_in(client, "calls", token, refresh);
    for (int i = 0; i < 3; i++) {
        char *users = wazo_auth_users_list(client, NULL, NULL, NULL);
        good = users != NULL && wazo_auth_token_check(client, show(token), NULL, NULL, NULL) && good;
        forget();
        wazo_auth_string_free(users);
    }
    wazo_auth_client_free(client);
    return good;
}

/* The same by a queue, many at once; and a call that fails, whose error repeats the token masked. */
static bool queued(const masked *password, masked *token, masked *refresh)
{
    enum { CALLS = 60 };
    wazo_auth_client *client = client_with(password);
    wazo_auth_queue *queue = queue_of(CALLS);
    char arguments[LONGEST + 32];
    bool good = log_in(client, "queued", token, refresh);
    for (int i = 0; i < CALLS; i++) {
        if (i % 2)
            snprintf(arguments, sizeof arguments, "{\"token\": \"%s\"}", show(token));
        else
            strcpy(arguments, "{}");
        good = wazo_auth_queue_submit(queue, client, i % 2 ? "token.get" : "users.list", arguments, NULL, NULL) != 0 &&
               good;
        explicit_bzero(arguments, sizeof arguments);
        forget();
    }
    for (int i = 0; i < CALLS; i++) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 20000);
        good = wazo_auth_completion_result(completion) != NULL && good;
        wazo_auth_completion_free(completion);
    }
    wazo_auth_error *error = NULL;
    good = !wazo_auth_token_check(client, show(token), "no.such.access", "no-tenant", &error) && good;
    forget();
    wazo_auth_error_free(error);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
    return good;
}

/* A renewer that logs in anew, and a verifier that decides about its token. */
static bool renewed(const masked *password, masked *token, masked *refresh)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = client_with(password);
    bool good = log_in(client, "renewed", token, refresh);
    wazo_auth_renewer *renewer =
        wazo_auth_renewer_new(client, "{\"offline\": true, \"client_id\": \"keeper\", \"expiration_s\": 60}", &error);
    if (renewer == NULL) {
        note("no renewer: %s", wazo_auth_error_message(error));
        return false;
    }
    good = wazo_auth_renewer_start(renewer, 20000, &error) && good;
    for (int i = 0; i < 3; i++)
        good = wazo_auth_renewer_renew(renewer, &error) && good;
    pause_ms(300);
    wazo_auth_verifier *verifier = wazo_auth_verifier_new(client, NULL, &error);
    char *text = wazo_auth_renewer_token(renewer);
    keep(token, text);
    good = wazo_auth_verifier_check(verifier, text, "auth.users.read", NULL, NULL, &error) && good;
    wazo_auth_string_free(text);
    if (!good)
        note("%s", wazo_auth_error_message(error));
    wazo_auth_verifier_free(verifier);
    wazo_auth_renewer_free(renewer);
    wazo_auth_client_free(client);
    return good;
}

/* A secret from the runner, which gives it masked, in hexadecimal digits. */
static void keep_setting(masked *to, const char *name)
{
    const char *digits = setting(name);
    to->length = strlen(digits) / 2;
    for (size_t i = 0; i < to->length; i++) {
        unsigned byte = 0;
        sscanf(digits + 2 * i, "%2x", &byte);
        to->bytes[i] = (char)byte;
    }
}

static void scenario(const char *name, bool (*run)(const masked *, masked *, masked *))
{
    static masked password, basic, token, refresh;
    char what[128];
    keep_setting(&password, "MASKED_PASSWORD");
    keep_setting(&basic, "MASKED_BASIC");
    bool good = run(&password, &token, &refresh);
    forget();
    long of_token = copies(&token, "the token"), of_refresh = copies(&refresh, "the refresh token");
    long of_password = copies(&password, "the password"), of_basic = copies(&basic, "the Basic header");
    snprintf(what, sizeof what, "secrets: none remains in this process after %s (%s)", name,
             strncmp(url, "https", 5) == 0 ? "TLS" : "HTTP");
    promise(good && of_token + of_refresh + of_password + of_basic == 0, what,
            "copies: %ld of the token, %ld of the refresh token, %ld of the password, %ld of the Basic header",
            of_token, of_refresh, of_password, of_basic);
}

int main(void)
{
    alarm(80);
    url = setting("SIMULATOR_URL");
    ca_file = setting("SIMULATOR_CA");
    window_length = 256UL << 20;
    window = mmap(NULL, window_length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (window == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    scenario("calls", calls);
    scenario("a queue's calls", queued);
    scenario("a renewer and a verifier", renewed);
    return host_failed != 0;
}
