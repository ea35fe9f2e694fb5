/* The server of epoll_server.c over libevent 2: a line is a token and perhaps an access, answered ALLOW, DENY or RETRY.
 *
 * What to look at: the queue's descriptor is an event of its own (run: EV_READ | EV_PERSIST, nothing is ever read from
 * it), and its callback takes the completions. While a check runs, its connection reads a little ahead, and so sees a
 * client that goes away, whose check is then cancelled (drop).
 *
 *     cc -std=c99 -I include bindings/c/libevent_server.c -L target/debug -lwazo_auth_client \
 *         $(pkg-config --cflags --libs libevent) -o libevent_server
 *     WAZO_AUTH_URL=https://wazo.example.com/api/auth ./libevent_server --listen 7878
 */
#define _POSIX_C_SOURCE 200809L /* strtok_r */
#include <wazo_auth_client.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Answers the lines of TCP clients, each a token and perhaps an access: ALLOW, DENY or RETRY.\n"
    "\n"
    "  --listen PORT    the port on 127.0.0.1 to listen on; 0 for a free one (7878)\n"
    "  --checks NUMBER  how many checks run at once at most; who comes then gets RETRY (1024)\n"
    "  --help           this text\n"
    "\n"
    "Where wazo-auth is comes from the environment: WAZO_AUTH_URL, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS (2000 here) ...\n"
    "SIGTERM and SIGINT end the server.\n";

enum { LINE_SIZE = 1024 };

struct connection {
    struct bufferevent *stream; /* NULL when the client is gone and its check still runs */
    uint64_t check;             /* one at a time, so that answers come in the order of the lines; 0 for none */
    bool ended;                 /* the client sends nothing more */
    struct connection *next, *previous;
};

static wazo_auth_client *client;
static wazo_auth_queue *queue;
static struct evconnlistener *listener;
static struct connection connections = {.next = &connections, .previous = &connections};

/* The client is gone. The completion of its check, cancelled, is the last to use the connection. */
static void drop(struct connection *connection)
{
    if (connection->stream != NULL) {
        bufferevent_free(connection->stream);
        connection->stream = NULL;
        evconnlistener_enable(listener); /* it may have been out of descriptors: on_no_client() */
    }
    if (connection->check != 0) {
        wazo_auth_queue_cancel(queue, connection->check);
        return;
    }
    connection->previous->next = connection->next;
    connection->next->previous = connection->previous;
    free(connection);
}

/* Only "true" is a yes. An error is no answer, and is not taken for one; only a line that is no question is denied. */
static void answer(struct connection *connection, const char *result, const wazo_auth_error *error)
{
    struct evbuffer *out = bufferevent_get_output(connection->stream);
    if (error != NULL && wazo_auth_error_kind(error) != WAZO_AUTH_ERROR_INVALID_ARGUMENT) {
        evbuffer_add_printf(out, "RETRY %s\n", wazo_auth_error_kind_text(wazo_auth_error_kind(error)));
    } else {
        evbuffer_add_printf(out, "%s\n", result != NULL && strcmp(result, "true") == 0 ? "ALLOW" : "DENY");
    }
}

/* Submits the check of a line, or answers at once where that cannot be: no question, or the queue is full. */
static void ask(struct connection *connection, char *line)
{
    char *save = NULL, *token = strtok_r(line, " \t", &save), *access = strtok_r(NULL, " \t", &save);
    wazo_auth_error *error = NULL;
    connection->check =
        wazo_auth_queue_submit_token_check(queue, client, token == NULL ? "" : token, access, NULL, connection, &error);
    if (connection->check == 0) {
        answer(connection, NULL, error);
    }
    wazo_auth_error_free(error);
}

/* Asks what can be asked now; nobody uses the connection after this. A client that reads no answers is asked nothing
 * more for: what waits for it stays small. */
static void go_on(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream), *out = bufferevent_get_output(connection->stream);
    size_t length;
    char *line;
    while (connection->check == 0 && evbuffer_get_length(out) < LINE_SIZE &&
           (line = evbuffer_readln(in, &length, EVBUFFER_EOL_CRLF)) != NULL) {
        if (length < LINE_SIZE && strlen(line) == length) {
            ask(connection, line);
        } else {
            answer(connection, NULL, NULL); /* too long, or a NUL hides what stands behind it */
        }
        free(line);
    }
    const bool idle = connection->check == 0 && evbuffer_get_length(out) == 0;
    if (idle && (connection->ended || evbuffer_get_length(in) >= LINE_SIZE)) {
        drop(connection); /* nothing more comes, or what comes is no line */
    }
}

/* Something has come, or all answers have gone out. */
static void on_stream(struct bufferevent *stream, void *data)
{
    (void)stream;
    go_on(data);
}

static void on_end(struct bufferevent *stream, short what, void *data)
{
    struct connection *connection = data;
    (void)stream;
    connection->ended = true;
    if ((what & BEV_EVENT_ERROR) != 0) {
        drop(connection);
    } else {
        go_on(connection);
    }
}

static void on_completions(evutil_socket_t descriptor, short what, void *data)
{
    wazo_auth_completion *completion;
    (void)descriptor, (void)what, (void)data;
    while ((completion = wazo_auth_queue_next(queue, 0)) != NULL) {
        struct connection *connection = wazo_auth_completion_user_data(completion);
        connection->check = 0;
        if (connection->stream == NULL) {
            drop(connection);
        } else {
            answer(connection, wazo_auth_completion_result(completion), wazo_auth_completion_error(completion));
            go_on(connection);
        }
        wazo_auth_completion_free(completion);
    }
}

static void on_client(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *peer, int size, void *data)
{
    struct connection *connection = calloc(1, sizeof *connection);
    struct bufferevent *stream = bufferevent_socket_new(evconnlistener_get_base(from), fd, BEV_OPT_CLOSE_ON_FREE);
    (void)peer, (void)size, (void)data;
    if (connection == NULL || stream == NULL) {
        free(connection);
        evutil_closesocket(fd);
        return;
    }
    *connection = (struct connection){.stream = stream, .next = connections.next, .previous = &connections};
    connections.next->previous = connection;
    connections.next = connection;
    bufferevent_setwatermark(stream, EV_READ, 0, 2 * LINE_SIZE); /* the most that it reads ahead */
    bufferevent_setcb(stream, on_stream, on_stream, on_end, connection);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
}

/* No descriptors are left, mostly: the loop would spin until there are. */
static void on_no_client(struct evconnlistener *from, void *data)
{
    (void)data;
    evconnlistener_disable(from);
}

static void on_signal(evutil_socket_t number, short what, void *base)
{
    (void)number, (void)what;
    event_base_loopbreak(base);
}

static bool number(const char *text, int most, int *value)
{
    char more; /* what stands behind it */
    return sscanf(text, "%9d%c", value, &more) == 1 && *value >= 0 && *value <= most;
}

static bool set_up(char **arguments, int *port)
{
    int checks = 1024;
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    bool good = true;
    for (; good && *arguments != NULL; arguments += 2) {
        const char *value = arguments[1] == NULL ? "" : arguments[1];
        good = (strcmp(*arguments, "--listen") == 0 && number(value, 65535, port)) ||
               (strcmp(*arguments, "--checks") == 0 && number(value, 1000000, &checks));
        if (!good) {
            fprintf(stderr, "libevent_server: wrong: %s; see --help\n", *arguments);
            break;
        }
    }
    good = good && wazo_auth_options_set(options, "timeout_ms", "2000", &error) &&
           wazo_auth_options_set_from_environment(options, &error) &&
           (client = wazo_auth_client_new(options, &error)) != NULL &&
           (queue = wazo_auth_queue_new((uint32_t)checks, &error)) != NULL;
    if (error != NULL) {
        fprintf(stderr, "libevent_server: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    wazo_auth_options_free(options);
    return good;
}

/* The loop: clients, signals, and the queue's descriptor. */
static bool run(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    struct event_base *base = event_base_new();
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* who can ask can try tokens: not for strangers */
    listener = evconnlistener_new_bind(base, on_client, NULL,
                                       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, -1,
                                       (struct sockaddr *)&address, (int)size);
    struct event *events[] = {
        event_new(base, wazo_auth_queue_descriptor(queue), EV_READ | EV_PERSIST, on_completions, NULL),
        evsignal_new(base, SIGTERM, on_signal, base),
        evsignal_new(base, SIGINT, on_signal, base),
    };
    const bool good = listener != NULL &&
                      getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &size) == 0 &&
                      event_add(events[0], NULL) == 0 && event_add(events[1], NULL) == 0 && event_add(events[2], NULL) == 0;
    if (good) {
        evconnlistener_set_error_cb(listener, on_no_client);
        printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
        fflush(stdout);
        event_base_dispatch(base);
    } else {
        perror("libevent_server: cannot listen");
    }
    for (struct connection *connection = connections.next; connection != &connections; connection = connections.next) {
        connection->check = 0; /* the queue goes with its completions */
        drop(connection);
    }
    for (int index = 0; index < 3; index++) {
        event_free(events[index]);
    }
    if (listener != NULL) {
        evconnlistener_free(listener);
    }
    event_base_free(base);
    return good;
}

int main(int count, char **arguments)
{
    int port = 7878;
    if (count > 1 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    signal(SIGPIPE, SIG_IGN); /* the library raises none, but libevent's writes to clients do */
    const bool good = set_up(arguments + 1, &port) && run(port);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
    libevent_global_shutdown();
    return good ? 0 : 2;
}
