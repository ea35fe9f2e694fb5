/* The server of epoll_server.c with libevent 2: lines with a token and optionally an access, and the answers ALLOW,
 * DENY or RETRY.
 *
 * How it works: the queue's file descriptor is an event (EV_READ | EV_PERSIST, see run); nothing is ever read from it.
 * Its callback takes the completions. While a check is running, the connection reads ahead a little, to notice that the
 * client disconnects; then it cancels the check (drop).
 *     cc -std=c99 -I include bindings/c/libevent_server.c -L target/debug -lwazo_auth_client \
 *         $(pkg-config --cflags --libs libevent) -o libevent_server
 *     WAZO_AUTH_URL=https://wazo.example.com/api/auth ./libevent_server --listen 7878
 *
 * / */
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
    "Reads lines from TCP clients, each with a token and optionally an access, and answers ALLOW, DENY or RETRY.\n"
    "\n"
    "  --listen PORT    listen on this port of 127.0.0.1; 0 for a free one (7878)\n"
    "  --checks NUMBER  the maximum number of concurrent checks; further ones get RETRY (1024)\n"
    "  --help           print this help\n"
    "\n"
    "Environment variables set the options of the library: WAZO_AUTH_URL, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS\n"
    "(here 2000 by default) ...\n"
    "SIGTERM and SIGINT end the server.\n";

enum { LINE_SIZE = 1024 };

struct connection {
    struct bufferevent *stream; /* NULL if the client has disconnected and its check is still running */
    uint64_t check;             /* the running check, or 0; one at a time, so that the answers have the lines' order */
    bool ended;                 /* the client sends no more lines */
    struct connection *next, *previous;
};

static wazo_auth_client *client;
static wazo_auth_queue *queue;
static struct evconnlistener *listener;
static struct connection connections = {.next = &connections, .previous = &connections};

/* Closes the connection. Its check is cancelled; the completion of that is the last user of the memory. */
static void drop(struct connection *connection)
{
    if (connection->stream != NULL) {
        bufferevent_free(connection->stream);
        connection->stream = NULL;
        evconnlistener_enable(listener); /* see on_no_client() */
    }
    if (connection->check != 0) {
        wazo_auth_queue_cancel(queue, connection->check);
        return;
    }
    connection->previous->next = connection->next;
    connection->next->previous = connection->previous;
    free(connection);
}

/* wazo_auth_completion_is_yes() decides. After an error the client should try again later, unless the line itself is
 * invalid. */
static void answer(struct connection *connection, bool is_yes, const wazo_auth_error *error)
{
    struct evbuffer *out = bufferevent_get_output(connection->stream);
    const wazo_auth_error_kind_t kind = wazo_auth_error_kind(error);
    if (is_yes) {
        evbuffer_add_printf(out, "ALLOW\n");
    } else if (error == NULL || kind == WAZO_AUTH_ERROR_INVALID_ARGUMENT) {
        evbuffer_add_printf(out, "DENY\n");
    } else {
        evbuffer_add_printf(out, "RETRY %s\n", wazo_auth_error_kind_text(kind));
    }
}

/* Submits the check for a line. If that fails, it answers at once: the line is invalid, or the queue is full. */
static void ask(struct connection *connection, char *line)
{
    char *save = NULL, *token = strtok_r(line, " \t", &save), *access = strtok_r(NULL, " \t", &save);
    wazo_auth_error *error = NULL;
    connection->check =
        wazo_auth_queue_submit_token_check(queue, client, token == NULL ? "" : token, access, NULL, connection, &error);
    if (connection->check == 0) {
        answer(connection, false, error);
    }
    wazo_auth_error_free(error);
}

/* Submits the checks that can be submitted now. It may free the connection, so the caller must not use it afterwards.
 * While a client does not read its answers, no more of its lines are checked: that bounds the output buffer. */
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
            answer(connection, false, NULL); /* too long, or C would not see what is after a NUL byte */
        }
        free(line);
    }
    const bool idle = connection->check == 0 && evbuffer_get_length(out) == 0;
    if (idle && (connection->ended || evbuffer_get_length(in) >= LINE_SIZE)) {
        drop(connection); /* no more lines, or one that is too long */
    }
}

/* Data has arrived, or all answers have been sent. */
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
            answer(connection, wazo_auth_completion_is_yes(completion), wazo_auth_completion_error(completion));
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
    bufferevent_setwatermark(stream, EV_READ, 0, 2 * LINE_SIZE); /* the limit for reading ahead */
    bufferevent_setcb(stream, on_stream, on_stream, on_end, connection);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
}

/* Usually no file descriptors are left. The loop would spin until there are some. */
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
    char more; /* a character after the number */
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
            fprintf(stderr, "libevent_server: invalid option: %s; see --help\n", *arguments);
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

/* The event loop: clients, signals, and the queue's file descriptor. */
static bool run(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    struct event_base *base = event_base_new();
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* only for this machine: whoever can ask can try tokens */
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
                      event_add(events[0], NULL) == 0 && event_add(events[1], NULL) == 0 &&
                      event_add(events[2], NULL) == 0;
    if (good) {
        evconnlistener_set_error_cb(listener, on_no_client);
        printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
        fflush(stdout);
        event_base_dispatch(base);
    } else {
        perror("libevent_server: cannot listen");
    }
    for (struct connection *connection = connections.next; connection != &connections; connection = connections.next) {
        connection->check = 0; /* wazo_auth_queue_free() drops its completion */
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
    signal(SIGPIPE, SIG_IGN); /* for libevent's writes to clients; the library raises none */
    const bool good = set_up(arguments + 1, &port) && run(port);
    wazo_auth_queue_free(queue);
    wazo_auth_client_free(client);
    libevent_global_shutdown();
    return good ? 0 : 2;
}
