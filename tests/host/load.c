/* Loading and unloading: a module host loads the library, uses it and lets it go, a hundred times over, and is as it
 * was.
 *
 * Not linked with the library: all is found by dlsym. `load --look` only loads it, between two marks that a tracer
 * sees.
 */
#include "host.h"
#include <dlfcn.h>
#include <fcntl.h>

/* The functions used, under the names that the harness calls them by. */
#define FUNCTIONS(X)                      \
    X(wazo_auth_options_new)              \
    X(wazo_auth_options_set)              \
    X(wazo_auth_options_free)             \
    X(wazo_auth_client_new)               \
    X(wazo_auth_client_free)              \
    X(wazo_auth_client_with)              \
    X(wazo_auth_client_with_cancellation) \
    X(wazo_auth_users_get)                \
    X(wazo_auth_request)                  \
    X(wazo_auth_string_free)              \
    X(wazo_auth_error_message)            \
    X(wazo_auth_error_json)               \
    X(wazo_auth_error_free)               \
    X(wazo_auth_queue_new)                \
    X(wazo_auth_queue_next)               \
    X(wazo_auth_queue_free)               \
    X(wazo_auth_queue_submit)                   \
    X(wazo_auth_cancellation_new)         \
    X(wazo_auth_cancellation_cancel)                   \
    X(wazo_auth_cancellation_free)        \
    X(wazo_auth_completion_result)        \
    X(wazo_auth_completion_error)         \
    X(wazo_auth_completion_id)            \
    X(wazo_auth_completion_user_data)     \
    X(wazo_auth_completion_free)

#define POINTER(name) static __typeof__(&name) p_##name;
FUNCTIONS(POINTER)
#define FORWARD(name) *(void **)&p_##name = dlsym(library, #name);

/* The harness calls through the linker's names; here they lead to what dlsym found. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
wazo_auth_options *wazo_auth_options_new(void) { return p_wazo_auth_options_new(); }
bool wazo_auth_options_set(wazo_auth_options *o, const char *k, const char *v, wazo_auth_error **e)
{
    return p_wazo_auth_options_set(o, k, v, e);
}
void wazo_auth_options_free(wazo_auth_options *o) { p_wazo_auth_options_free(o); }
wazo_auth_client *wazo_auth_client_new(const wazo_auth_options *o, wazo_auth_error **e)
{
    return p_wazo_auth_client_new(o, e);
}
void wazo_auth_client_free(wazo_auth_client *c) { p_wazo_auth_client_free(c); }
wazo_auth_client *wazo_auth_client_with(const wazo_auth_client *c, const char *k, const char *v, wazo_auth_error **e)
{
    return p_wazo_auth_client_with(c, k, v, e);
}
char *wazo_auth_users_get(const wazo_auth_client *c, const char *u, const char *t, wazo_auth_error **e)
{
    return p_wazo_auth_users_get(c, u, t, e);
}
char *wazo_auth_request(const wazo_auth_client *c, const char *m, const char *p, const char *q, const char *b,
                        wazo_auth_error **e)
{
    return p_wazo_auth_request(c, m, p, q, b, e);
}
void wazo_auth_string_free(char *s) { p_wazo_auth_string_free(s); }
const char *wazo_auth_error_message(const wazo_auth_error *e) { return p_wazo_auth_error_message(e); }
const char *wazo_auth_error_json(const wazo_auth_error *e) { return p_wazo_auth_error_json(e); }
void wazo_auth_error_free(wazo_auth_error *e) { p_wazo_auth_error_free(e); }
wazo_auth_queue *wazo_auth_queue_new(uint32_t n, wazo_auth_error **e) { return p_wazo_auth_queue_new(n, e); }
wazo_auth_completion *wazo_auth_queue_next(wazo_auth_queue *q, int32_t t) { return p_wazo_auth_queue_next(q, t); }
void wazo_auth_queue_free(wazo_auth_queue *q) { p_wazo_auth_queue_free(q); }
uint64_t wazo_auth_queue_submit(wazo_auth_queue *q, const wazo_auth_client *c, const char *o, const char *a, void *d,
                          wazo_auth_error **e)
{
    return p_wazo_auth_queue_submit(q, c, o, a, d, e);
}
const char *wazo_auth_completion_result(const wazo_auth_completion *c) { return p_wazo_auth_completion_result(c); }
const wazo_auth_error *wazo_auth_completion_error(const wazo_auth_completion *c)
{
    return p_wazo_auth_completion_error(c);
}
uint64_t wazo_auth_completion_id(const wazo_auth_completion *c) { return p_wazo_auth_completion_id(c); }
void *wazo_auth_completion_user_data(const wazo_auth_completion *c) { return p_wazo_auth_completion_user_data(c); }
void wazo_auth_completion_free(wazo_auth_completion *c) { p_wazo_auth_completion_free(c); }

static void *load(void)
{
    void *library = dlopen(setting("LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        note("%s", dlerror());
        exit(2);
    }
    FUNCTIONS(FORWARD)
    return library;
}

/* A module's life. */
static bool load_use_unload(void)
{
    void *library = load();
    bool good = true;
    for (int https = 0; https < 2; https++) {
        wazo_auth_client *client = client_of(https, NULL);
        wazo_auth_client *derived = wazo_auth_client_with(client, "token", "other", NULL);
        wazo_auth_queue *queue = queue_of(0);
        for (int i = 0; i < 3; i++) {
            good =
                echo(client, "loaded") && echo(derived, "derived") && echo_by_queue(queue, client, "submitted") && good;
        }
        /* One is in flight when the module goes. */
        good = submit(queue, client, "hold_module-goes", NULL) != 0 && good;
        wazo_auth_queue_free(queue);
        wazo_auth_client_free(derived);
        wazo_auth_client_free(client);
    }
    return dlclose(library) == 0 && good;
}

/* A name look-up that outlives the module that asked: its thread returns into code that must still be there. */
static bool unload_under_a_look_up(void)
{
    void *library = load();
    wazo_auth_client *client = client_of(false, (const char *[]){"host", "slow.test", "timeout_ms", "20", NULL});
    wazo_auth_error *error = NULL;
    char *answer = wazo_auth_users_get(client, "late", NULL, &error);
    bool good = answer == NULL && error != NULL;
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
    wazo_auth_client_free(client);
    good = dlclose(library) == 0 && good;
    return threads_settled_at(1) == 1 && good;
}

int main(int count, char **arguments)
{
    static descriptors before, after;
    if (count > 1 && strcmp(arguments[1], "--look") == 0) {
        /* The allocator sets itself up with its first use, whoever's it is. */
        void *volatile first = malloc(1);
        free(first);
        /* Calls that fail, and that a tracer finds. */
        close(-1001);
        void *library = dlopen(setting("LIBRARY"), RTLD_NOW | RTLD_LOCAL);
        close(-1002);
        return library == NULL;
    }
    list_descriptors(&before);
    long threads = status_number("Threads");
    void *library = load();
    list_descriptors(&after);
    promise(threads == status_number("Threads") && before.count == after.count,
            "loading: starts no thread and opens no descriptor", "%ld threads and %d descriptors before and after",
            threads, after.count);
    /* Before anything of it was used: what a thread keeps for its end would hold the code as well. */
    dlclose(library);
    library = dlopen(setting("LIBRARY"), RTLD_NOW | RTLD_NOLOAD);
    promise(library != NULL, "loading: the code stays after dlclose, for whatever still runs in it",
            "%s by RTLD_NOLOAD", library != NULL ? "found" : "not found");
    if (library != NULL)
        dlclose(library);

    int rounds = scaled(100, 25), good = 0;
    long warm = 0;
    for (int round = 0; round < rounds; round++) {
        good += load_use_unload();
        if (round == rounds / 5)
            warm = status_number("VmRSS");
    }
    long memory = status_number("VmRSS"), left = threads_settled_at(threads);
    list_descriptors(&after);
    promise(good == rounds, "loading: load, use, unload again and again", "%d of %d times good", good, rounds);
    promise(left == threads && after.count == before.count, "loading: threads and descriptors are as before",
            "%ld threads, %d descriptors after %d rounds", left, after.count, rounds);
    /* 5 kB a round; one leaked lane with its TLS configuration is above 50. */
    promise(memory - warm <= rounds * 5 + 512, "loading: memory is flat", "%+ld kB in %d rounds, of %ld kB",
            memory - warm, rounds - rounds / 5 - 1, memory);
    int late = 0;
    for (int round = 0; round < 5; round++)
        late += unload_under_a_look_up();
    promise(late == 5, "loading: unloading under a name look-up is safe", "%d of 5 times", late);
    return host_failed != 0;
}
