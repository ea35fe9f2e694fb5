/* A program that accepts tokens from memory, and refuses them as soon as wazo-auth's bus (RabbitMQ) says that they were
 * revoked.
 *
 * A verifier answers without asking the server for up to `ttl_ms` after it has asked once. For so long, it would accept
 * a token whose session has ended. wazo-auth publishes every such end; this program receives these messages in a thread
 * of its own (listen_to_bus) and passes them to wazo_auth_verifier_apply_event(), as they are.
 *
 * The program's own work stands for yours: it reads lines from standard input, each with a token and optionally, after
 * a space, a required access, and answers each:
 *     yes, no         the token may be used, or not
 *     unknown KIND    it could not be found out, for an error of this kind; treat it as no
 * The line `stats` is answered by wazo_auth_verifier_stats().
 *
 *     cc -std=c99 -pthread -I include bindings/c/revocation_listener.c -L target/debug -lwazo_auth_client -lrabbitmq \
 *         -o revocation_listener
 *     WAZO_AUTH_URL=https://wazo.example.com/api/auth ./revocation_listener --bus amqp://guest:guest@127.0.0.1:5672
 */
#define _GNU_SOURCE /* ppoll */
#include <wazo_auth_client.h>

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char usage[] =
    "Reads lines from standard input, each with a token and optionally an access, and answers yes, no or unknown. It\n"
    "refuses tokens that were revoked as soon as wazo-auth says so on its bus.\n"
    "\n"
    "  --bus URL        the RabbitMQ of wazo-auth: amqp://user:password@host:port/vhost; prefer the variable\n"
    "                   AMQP_URL, as other users can read the command line (amqp://guest:guest@127.0.0.1:5672)\n"
    "  --ttl-ms NUMBER  how long an answer of wazo-auth is used at most (60000)\n"
    "  --heartbeat SECONDS\n"
    "                   how often RabbitMQ and this program give each other a sign of life; a connection that is dead\n"
    "                   without a word is noticed after twice as long (5)\n"
    "  --help           print this help\n"
    "\n"
    "Environment variables set the options of the library: WAZO_AUTH_URL, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS\n"
    "(here 2000 by default) ...\n"
    "SIGTERM, SIGINT and the end of the input end the program.\n";

enum {
    LINE_SIZE = 4096,
    URL_SIZE = 1024,
    CHANNEL = 1,
    /* For connecting, logging in, and each request to RabbitMQ. */
    BUS_TIMEOUT_SECONDS = 3,
    SHORTEST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 5000,
};

/* What wazo-auth says about tokens that are valid no longer, or elsewhere. A headers exchange compares whole values, so
 * each name is bound. */
static const char *const names[] = {"auth_session_deleted", "auth_tenant_added", "auth_tenant_updated",
                                    "auth_tenant_deleted"};

static const char *bus_url = "amqp://guest:guest@127.0.0.1:5672";
static int ttl_ms = 60000, heartbeat_seconds = 5;
static wazo_auth_verifier *verifier;
static volatile sig_atomic_t ending;
static int ending_pipe[2] = {-1, -1}; /* its writing end is closed to end the listener */

static void end(int number)
{
    (void)number;
    ending = 1;
}

/* ---- The bus: all of this runs in the listener's thread ---- */

/* Logs a failure, but not again for each attempt to get over it. */
static const char *last_failure = "";

static bool fail(const char *what, const char *why)
{
    if (strcmp(what, last_failure) != 0) {
        fprintf(stderr, "revocation_listener: %s: %s\n", what, why);
    }
    last_failure = what;
    return false;
}

/* Whether RabbitMQ did what it was asked. */
static bool went_well(amqp_rpc_reply_t reply, const char *what)
{
    amqp_bytes_t text = amqp_cstring_bytes("it refuses");
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
        return true;
    }
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) {
        text = amqp_cstring_bytes(amqp_error_string2(reply.library_error));
    } else if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        text = ((const amqp_connection_close_t *)reply.reply.decoded)->reply_text;
    } else if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        text = ((const amqp_channel_close_t *)reply.reply.decoded)->reply_text;
    }
    char why[256];
    snprintf(why, sizeof why, "%.*s", (int)text.len, (const char *)text.bytes);
    return fail(what, why);
}

/* Reads the URL of the bus; its parts point into `copy`. */
static bool read_url(char *copy, size_t size, struct amqp_connection_info *server)
{
    amqp_default_connection_info(server);
    const bool fits = snprintf(copy, size, "%s", bus_url) < (int)size;
    if (!fits || amqp_parse_url(copy, server) != AMQP_STATUS_OK || server->ssl) {
        /* If yours needs TLS: amqp_ssl_socket_new(), and its functions for certificates. */
        return fail("invalid URL of the bus", "expected amqp://user:password@host:port/vhost; see --help");
    }
    server->vhost = server->vhost[0] == '\0' ? "/" : server->vhost;
    return true;
}

static bool connect_to(amqp_connection_state_t bus)
{
    char copy[URL_SIZE];
    struct amqp_connection_info server;
    struct timeval timeout = {BUS_TIMEOUT_SECONDS, 0};
    amqp_socket_t *socket = bus == NULL ? NULL : amqp_tcp_socket_new(bus); /* `bus` owns it */
    if (socket == NULL || !read_url(copy, sizeof copy, &server)) {
        return false;
    }
    amqp_set_handshake_timeout(bus, &timeout);
    amqp_set_rpc_timeout(bus, &timeout);
    const int status = amqp_socket_open_noblock(socket, server.host, server.port, &timeout);
    if (status != AMQP_STATUS_OK) {
        return fail("cannot connect to the bus", amqp_error_string2(status));
    }
    return went_well(amqp_login(bus, server.vhost, AMQP_DEFAULT_MAX_CHANNELS, AMQP_DEFAULT_FRAME_SIZE,
                                heartbeat_seconds, AMQP_SASL_METHOD_PLAIN, server.user, server.password),
                     "cannot log in to the bus");
}

/* Makes a queue that belongs to this connection (RabbitMQ chooses its name, and deletes it with the connection), and
 * has all messages copied into it that say something about tokens. */
static bool subscribe(amqp_connection_state_t bus)
{
    const amqp_bytes_t exchange = amqp_cstring_bytes("wazo-headers");
    amqp_channel_open(bus, CHANNEL);
    if (!went_well(amqp_get_rpc_reply(bus), "cannot open a channel of the bus")) {
        return false;
    }
    /* As wazo-auth declares it, so that it does not matter who comes first. */
    amqp_exchange_declare(bus, CHANNEL, exchange, amqp_cstring_bytes("headers"), /* passive */ 0, /* durable */ 1,
                          /* auto_delete */ 0, /* internal */ 0, amqp_empty_table);
    if (!went_well(amqp_get_rpc_reply(bus), "cannot declare the exchange wazo-headers")) {
        return false;
    }
    const amqp_queue_declare_ok_t *queue =
        amqp_queue_declare(bus, CHANNEL, amqp_empty_bytes, /* passive */ 0, /* durable */ 0, /* exclusive */ 1,
                           /* auto_delete */ 1, amqp_empty_table);
    if (!went_well(amqp_get_rpc_reply(bus), "cannot declare a queue")) {
        return false;
    }
    char name[256]; /* the answer does not outlive the next request */
    snprintf(name, sizeof name, "%.*s", (int)queue->queue.len, (const char *)queue->queue.bytes);
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        amqp_table_entry_t headers[2];
        headers[0].key = amqp_cstring_bytes("x-match");
        headers[0].value.kind = AMQP_FIELD_KIND_UTF8;
        headers[0].value.value.bytes = amqp_cstring_bytes("all");
        headers[1].key = amqp_cstring_bytes("name");
        headers[1].value.kind = AMQP_FIELD_KIND_UTF8;
        headers[1].value.value.bytes = amqp_cstring_bytes(names[index]);
        const amqp_table_t wanted = {2, headers};
        amqp_queue_bind(bus, CHANNEL, amqp_cstring_bytes(name), exchange, amqp_empty_bytes, wanted);
        if (!went_well(amqp_get_rpc_reply(bus), "cannot bind the queue")) {
            return false;
        }
    }
    /* Without acknowledgements: a message is lost only with the connection, and then everything is forgotten anyway. */
    amqp_basic_consume(bus, CHANNEL, amqp_cstring_bytes(name), amqp_empty_bytes, /* no_local */ 0, /* no_ack */ 1,
                       /* exclusive */ 1, amqp_empty_table);
    return went_well(amqp_get_rpc_reply(bus), "cannot consume from the queue");
}

static void forget_everything(void)
{
    wazo_auth_verifier_invalidate(verifier, "all", NULL, NULL);
}

static void apply(amqp_bytes_t body)
{
    wazo_auth_error *error = NULL;
    char *event = malloc(body.len + 1);
    if (event != NULL) {
        memcpy(event, body.bytes, body.len);
        event[body.len] = '\0';
    }
    if (event == NULL || (!wazo_auth_verifier_apply_event(verifier, event, &error) && error != NULL)) {
        /* It came under a name that ends tokens, and it is not known which. */
        fprintf(stderr, "revocation_listener: a message of the bus could not be read: %s\n",
                event == NULL ? "out of memory" : wazo_auth_error_message(error));
        forget_everything();
    }
    wazo_auth_error_free(error);
    free(event);
}

/* Waits until a descriptor is readable (-1: none), or for a time. False when the program ends. */
static bool wait_for(int descriptor, int timeout_ms)
{
    struct pollfd watched[] = {{.fd = ending_pipe[0], .events = POLLIN}, {.fd = descriptor, .events = POLLIN}};
    poll(watched, 2, timeout_ms);
    return watched[0].revents == 0;
}

/* Applies messages until the connection is lost, or the program ends. */
static void receive(amqp_connection_state_t bus)
{
    for (;;) {
        /* What librabbitmq has read already does not make the socket readable. It sends and expects heartbeats only
         * inside of its functions, hence the limit. */
        const bool has_more = amqp_frames_enqueued(bus) || amqp_data_in_buffer(bus);
        if (!has_more && !wait_for(amqp_get_sockfd(bus), heartbeat_seconds * 1000 / 2)) {
            amqp_connection_close(bus, AMQP_REPLY_SUCCESS);
            return;
        }
        amqp_envelope_t envelope;
        struct timeval at_once = {0, 0};
        amqp_maybe_release_buffers(bus);
        const amqp_rpc_reply_t reply = amqp_consume_message(bus, &envelope, &at_once, 0);
        if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
            apply(envelope.message.body);
            amqp_destroy_envelope(&envelope);
        } else if (reply.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION || reply.library_error != AMQP_STATUS_TIMEOUT) {
            went_well(reply, "lost the bus");
            return;
        }
    }
}

/* The listener's thread. */
static void *listen_to_bus(void *unused)
{
    int pause_ms = SHORTEST_PAUSE_MS;
    unsigned seed = (unsigned)getpid();
    do {
        amqp_connection_state_t bus = amqp_new_connection();
        if (connect_to(bus) && subscribe(bus)) {
            /* Messages that were published while there was no queue are lost, and nobody tells which tokens they ended.
             * So nothing that was learned before is valid any more. Only now: a message that is published from here on
             * is in the queue, while one between an earlier invalidation and the queue would be missed. */
            forget_everything();
            fprintf(stderr, "revocation_listener: listening to the bus\n");
            last_failure = "";
            pause_ms = SHORTEST_PAUSE_MS;
            receive(bus);
        }
        if (bus != NULL) {
            amqp_destroy_connection(bus);
        }
        /* Until it is back, a revoked token is accepted for `ttl_ms` at most, as without a listener. The random part
         * keeps many programs from coming back all at once. */
        const int wait_ms = pause_ms / 2 + (int)(rand_r(&seed) % (unsigned)(pause_ms / 2 + 1));
        pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
        if (!wait_for(-1, wait_ms)) {
            return unused;
        }
    } while (true);
}

/* ---- The program's own work ---- */

/* Answers one line. */
static void answer(char *line, size_t length)
{
    wazo_auth_error *error = NULL;
    if (strcmp(line, "stats") == 0) {
        char *stats = wazo_auth_verifier_stats(verifier, NULL);
        printf("%s\n", stats == NULL ? "{}" : stats);
        wazo_auth_string_free(stats);
        return;
    }
    /* What comes after a NUL byte must not be left out of the question. */
    const bool is_text = strlen(line) == length;
    char *save = NULL, *token = strtok_r(line, " \t\r", &save), *access = strtok_r(NULL, " \t\r", &save);
    if (is_text && wazo_auth_verifier_check(verifier, token == NULL ? "" : token, access, NULL, NULL, &error)) {
        printf("yes\n");
    } else if (error == NULL || wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_INVALID_ARGUMENT) {
        printf("no\n");
    } else {
        printf("unknown %s\n", wazo_auth_error_kind_text(wazo_auth_error_kind(error)));
        fprintf(stderr, "revocation_listener: %s\n", wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
}

/* Answers lines until the end of the input, or a signal. SIGTERM is unblocked only in ppoll(), so that it neither
 * interrupts a check nor arrives unnoticed between the test of `ending` and the wait. */
static bool work(const sigset_t *unblocked)
{
    static char lines[LINE_SIZE];
    size_t length = 0;
    struct pollfd readable = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!ending) {
        if (ppoll(&readable, 1, NULL, unblocked) != 1) {
            continue;
        }
        const ssize_t more = read(STDIN_FILENO, lines + length, sizeof lines - length);
        if (more <= 0) {
            return true;
        }
        length += (size_t)more;
        char *begin = lines, *newline;
        while (!ending && (newline = memchr(begin, '\n', length - (size_t)(begin - lines))) != NULL) {
            *newline = '\0';
            answer(begin, (size_t)(newline - begin));
            begin = newline + 1;
        }
        fflush(stdout);
        length -= (size_t)(begin - lines);
        memmove(lines, begin, length);
        if (length == sizeof lines) {
            fprintf(stderr, "revocation_listener: a line is too long\n");
            return false;
        }
    }
    return true;
}

/* ---- Beginning and end ---- */

static bool number(const char *text, int least, int *value)
{
    char more; /* a character after the number */
    return sscanf(text, "%9d%c", value, &more) == 1 && *value >= least;
}

static bool set_up(char **arguments, wazo_auth_client **client)
{
    wazo_auth_error *error = NULL;
    char copy[URL_SIZE], options_json[64];
    struct amqp_connection_info server;
    bus_url = getenv("AMQP_URL") == NULL ? bus_url : getenv("AMQP_URL");
    for (; *arguments != NULL; arguments += 2) {
        const char *value = arguments[1] == NULL ? "" : arguments[1];
        const bool good = strcmp(*arguments, "--bus") == 0         ? (bus_url = value)[0] != '\0'
                          : strcmp(*arguments, "--ttl-ms") == 0    ? number(value, 0, &ttl_ms)
                          : strcmp(*arguments, "--heartbeat") == 0 ? number(value, 1, &heartbeat_seconds) && heartbeat_seconds <= 3600
                                                                   : false;
        if (!good) {
            fprintf(stderr, "revocation_listener: invalid option: %s; see --help\n", *arguments);
            return false;
        }
    }
    if (!read_url(copy, sizeof copy, &server)) {
        return false;
    }
    snprintf(options_json, sizeof options_json, "{\"ttl_ms\": %d}", ttl_ms);
    wazo_auth_options *options = wazo_auth_options_new();
    const bool good = wazo_auth_options_set(options, "timeout_ms", "2000", &error) &&
                      wazo_auth_options_set_from_environment(options, &error) &&
                      (*client = wazo_auth_client_new(options, &error)) != NULL &&
                      (verifier = wazo_auth_verifier_new(*client, options_json, &error)) != NULL;
    wazo_auth_options_free(options);
    if (!good) {
        fprintf(stderr, "revocation_listener: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    return good;
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    /* Blocked in both threads, except in ppoll(). */
    struct sigaction action = {.sa_handler = end};
    sigset_t blocked, unblocked;
    sigemptyset(&blocked), sigaddset(&blocked, SIGTERM), sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &unblocked);
    sigaction(SIGTERM, &action, NULL), sigaction(SIGINT, &action, NULL);

    wazo_auth_client *client = NULL;
    pthread_t listener;
    int status = 2;
    if (set_up(arguments + 1, &client) && pipe(ending_pipe) == 0 &&
        pthread_create(&listener, NULL, listen_to_bus, NULL) == 0) {
        status = work(&unblocked) ? 0 : 1;
        close(ending_pipe[1]); /* wakes up the listener, wherever it waits */
        pthread_join(listener, NULL);
        close(ending_pipe[0]);
    }
    wazo_auth_verifier_free(verifier);
    wazo_auth_client_free(client);
    return status;
}
