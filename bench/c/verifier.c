/* A cached decision through C, and what it is compared with.
 *
 *     verifier URL TOKEN [CA_FILE]
 *
 * The cells of the table are filled from a server in this process: a thread that answers about any token. Prints one line for
 * each measurement: its name and nanoseconds per decision (or the unit that the name says).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <wazo_auth_client.h>

enum { HOT = 100, MANY = 100000, ENTRIES = 100, TOKEN = 37 };

static char (*tokens)[TOKEN];
static char document[16384];
static int document_length;

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Answers every request of a connection with the document about a token. */
static void *serve(void *argument)
{
    int connection = (int)(long)argument;
    char request[4096];
    size_t have = 0;
    for (;;) {
        ssize_t length = recv(connection, request + have, sizeof request - 1 - have, 0);
        if (length <= 0)
            break;
        have += (size_t)length;
        request[have] = '\0';
        if (strstr(request, "\r\n\r\n") == NULL)
            continue;
        have = 0;
        if (send(connection, document, (size_t)document_length, MSG_NOSIGNAL) < 0)
            break;
    }
    close(connection);
    return NULL;
}

static void *listen_for(void *argument)
{
    int listener = (int)(long)argument;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        pthread_t thread;
        if (connection < 0)
            return NULL;
        pthread_create(&thread, NULL, serve, (void *)(long)connection);
        pthread_detach(thread);
    }
}

static int start_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char body[12288];
    int length = snprintf(body, sizeof body,
                          "{\"data\": {\"auth_id\": \"c8b85467-dd97-4590-8d74-9d05d645e139\", \"session_uuid\": "
                          "\"dcc72b36-8e83-4d9d-9408-28a9a1af1073\", \"metadata\": {\"uuid\": "
                          "\"c8b85467-dd97-4590-8d74-9d05d645e139\", \"tenant_uuid\": "
                          "\"28744357-4278-4501-97d7-4278e5cc36d5\"}, \"acl\": [");
    for (int entry = 0; entry < ENTRIES; entry++)
        length += snprintf(body + length, sizeof body - (size_t)length, "\"confd.resource_%d.me.*.read\", ", entry);
    length += snprintf(body + length, sizeof body - (size_t)length, "\"sip.me.register\"]}}");
    document_length = snprintf(document, sizeof document,
                               "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                               length, body);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 64) != 0)
        exit(2);
    getsockname(listener, (struct sockaddr *)&address, &size);
    pthread_create(&thread, NULL, listen_for, (void *)(long)listener);
    return ntohs(address.sin_port);
}

static wazo_auth_client *client_of(const char *url, const char *ca_file)
{
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    wazo_auth_client *client = NULL;
    if (wazo_auth_options_set_url(options, url, &error) && wazo_auth_options_set(options, "ca_file", ca_file, &error))
        client = wazo_auth_client_new(options, &error);
    if (client == NULL) {
        fprintf(stderr, "%s\n", wazo_auth_error_message(error));
        exit(2);
    }
    wazo_auth_options_free(options);
    return client;
}

static wazo_auth_verifier *verifier;
static const char access_text[] = "sip.me.register";

struct work {
    int first, count, step; /* of the tokens */
    long turns;
    double ns;
    atomic_int *ready;
};

/* Decides about tokens, each step apart from the one before; the time of one decision. */
static void *decide(void *argument)
{
    struct work *work = argument;
    long at = 0, yes = 0;
    if (work->ready != NULL) {
        (*work->ready)--;
        while (*work->ready > 0)
            ;
    }
    double begun = now_ns();
    for (long turn = 0; turn < work->turns; turn++) {
        yes += wazo_auth_verifier_check(verifier, tokens[work->first + at], access_text, NULL, NULL, NULL);
        at += work->step;
        if (at >= work->count)
            at -= work->count;
    }
    work->ns = (now_ns() - begun) / (double)work->turns;
    if (yes != work->turns) {
        fprintf(stderr, "%ld of %ld were yes\n", yes, work->turns);
        exit(1);
    }
    return NULL;
}

/* The best of several rounds: what the machine does besides only adds. */
static double best(struct work work)
{
    double best = 1e18;
    for (int round = 0; round < 5; round++) {
        decide(&work);
        best = work.ns < best ? work.ns : best;
    }
    return best;
}

static double two_threads(struct work work)
{
    double best = 1e18;
    for (int round = 0; round < 5; round++) {
        pthread_t thread;
        atomic_int ready = 2;
        struct work one = work, other = work;
        one.ready = other.ready = &ready;
        pthread_create(&thread, NULL, decide, &other);
        decide(&one);
        pthread_join(thread, NULL);
        double ns = (one.ns + other.ns) / 2;
        best = ns < best ? ns : best;
    }
    return best;
}

static long resident_kib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int count, char **arguments)
{
    char url[64];
    wazo_auth_error *error = NULL;
    tokens = calloc(MANY, TOKEN);
    unsigned seed = 1;
    for (int at = 0; at < MANY; at++)
        snprintf(tokens[at], TOKEN, "%08x-%04x-4%03x-8%03x-%08x%04x", (unsigned)rand_r(&seed), at & 0xffff,
                 rand_r(&seed) & 0xfff, rand_r(&seed) & 0xfff, (unsigned)rand_r(&seed), at >> 16);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", start_server());
    wazo_auth_client *client = client_of(url, "");
    verifier = wazo_auth_verifier_new(client, "{\"max_tokens\": 130000, \"ttl_ms\": 3600000}", &error);
    long before = resident_kib();
    double begun = now_ns();
    for (int at = 0; at < MANY; at++) {
        if (!wazo_auth_verifier_check(verifier, tokens[at], access_text, NULL, NULL, &error)) {
            fprintf(stderr, "%s\n", wazo_auth_error_message(error));
            return 1;
        }
    }
    printf("ask_us %.1f\n", (now_ns() - begun) / MANY / 1e3);
    printf("bytes_per_token %.0f\n", (double)(resident_kib() - before) * 1024 / MANY);

    struct work hot = {.first = 0, .count = HOT, .step = 37, .turns = 3000000};
    struct work many = {.first = 0, .count = MANY, .step = 38197, .turns = 2000000};
    printf("hot_100 %.1f\n", best(hot));
    printf("random_100000 %.1f\n", best(many));
    printf("hot_100_two_threads %.1f\n", two_threads(hot));
    printf("random_100000_two_threads %.1f\n", two_threads(many));

    /* An access that nobody has asked for yet, against 100 entries. */
    char access[64];
    double spent = 0;
    for (int at = 0; at < 2000; at++) {
        snprintf(access, sizeof access, "confd.resource_%d.me.x%d.read", 99, at);
        double from = now_ns();
        if (!wazo_auth_verifier_check(verifier, tokens[at % HOT], access, NULL, NULL, NULL))
            return 1;
        spent += now_ns() - from;
    }
    printf("undecided_access %.0f\n", spent / 2000);

    /* What others would make backtrack: an access list and an access made for it. */
    char *list = malloc(1 << 16), *text = malloc(1 << 14);
    strcpy(list, "[\"");
    for (int at = 0; at < 1000; at++)
        strcat(list, "*a");
    strcat(list, "b\"]");
    memset(text, 'a', 10000);
    strcpy(text + 10000, "c");
    wazo_auth_access *crafted = wazo_auth_access_new(list, NULL, NULL, &error);
    begun = now_ns();
    if (wazo_auth_access_matches(crafted, text, &error))
        return 1;
    printf("crafted_2000_times_10000_us %.0f\n", (now_ns() - begun) / 1e3);
    wazo_auth_access_free(crafted);

    /* A cache of a tenth of the tokens: memory stays as it is once it is full, and what goes is asked about again. */
    wazo_auth_verifier *small = wazo_auth_verifier_new(client, "{\"max_tokens\": 10000, \"ttl_ms\": 3600000}", &error);
    long full = 0;
    for (int at = 0; at < MANY; at++) {
        if (!wazo_auth_verifier_check(small, tokens[at], access_text, NULL, NULL, &error))
            return 1;
        if (at == 2 * MANY / 10)
            full = resident_kib();
    }
    char *stats = wazo_auth_verifier_stats(small, &error);
    char *asked = wazo_auth_json_get(stats, "/misses", NULL), *kept = wazo_auth_json_get(stats, "/entries", NULL);
    printf("bounded_growth_kib %ld\nbounded_asked %s\nbounded_entries %s\n", resident_kib() - full, asked, kept);
    wazo_auth_string_free(asked);
    wazo_auth_string_free(kept);
    wazo_auth_string_free(stats);
    wazo_auth_verifier_free(small);

    if (count > 2) {
        wazo_auth_client *real = client_of(arguments[1], count > 3 ? arguments[3] : "");
        for (int at = 0; at < 200; at++)
            if (!wazo_auth_token_check(real, arguments[2], NULL, NULL, &error)) {
                fprintf(stderr, "%s\n", wazo_auth_error_message(error));
                return 1;
            }
        begun = now_ns();
        for (int at = 0; at < 2000; at++)
            if (!wazo_auth_token_check(real, arguments[2], NULL, NULL, NULL))
                return 1;
        printf("head_token_us %.1f\n", (now_ns() - begun) / 2000 / 1e3);
        wazo_auth_client_free(real);
    }
    wazo_auth_verifier_free(verifier);
    wazo_auth_client_free(client);
    return 0;
}
