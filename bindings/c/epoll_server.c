/* A server with an epoll event loop that checks tokens without blocking.
 *
 * A client sends lines, each with a token and optionally, after a space, a required access. The server answers a line
 * when its check has completed, and serves all other clients meanwhile, in one thread:
 *     $ printf 'TOKEN auth.users.read\n' | nc -N 127.0.0.1 7878
 *     ALLOW
 *     ALLOW       wazo-auth answered yes
 *     DENY        wazo-auth answered no, or the line is invalid
 *     RETRY KIND  the check failed with an error of this kind: no connection, the queue is full (quota) ...
 *
 * How it works: the queue's file descriptor is one more descriptor of the loop (run). ask() submits a check, and
 * take_completions() takes its completion. When a client disconnects, its check is cancelled, and its memory is freed
 * when the completion has arrived (hang_up, go_on).
 *     cc -std=c99 -I include bindings/c/epoll_server.c -L target/debug -lwazo_auth_client -o epoll_server
 *     WAZO_AUTH_URL=https://wazo.example.com/api/auth ./epoll_server --listen 7878
 *
 * / */
#define _GNU_SOURCE /* accept4 */
#include <wazo_auth_client.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

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
    int fd;         /* -1 after the client has disconnected */
    uint64_t check; /* the running check, or 0; one at a time, so that the answers have the order of the lines */
    bool ended;     /* the client sends no more lines, but may wait for answers */
    size_t used;
    char buffer[LINE_SIZE];
    LIST_ENTRY(connection) others;
};

static int loop = -1, listener = -1, signals = -1;
static wazo_auth_client *client;
static wazo_auth_queue *queue;
static LIST_HEAD(, connection) connections = LIST_HEAD_INITIALIZER(connections);

static void watch(int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data = {.ptr = data}};
    if (epoll_ctl(loop, operation, fd, &event) != 0) {
        perror("epoll_server: epoll_ctl");
        exit(1);
    }
}

/* Closes the connection. Its check is cancelled; the completion of that is the last user of the memory. */
static void hang_up(struct connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
        watch(EPOLL_CTL_MOD, listener, EPOLLIN, &listener); /* see accept_all() */
    }
    if (connection->check != 0) {
        wazo_auth_queue_cancel(queue, connection->check);
    }
    connection->fd = -1;
}

/* Answers are a few bytes. If the socket's buffer is full, the client does not read its answers; drop it. */
static void say(struct connection *connection, const char *word, const char *why)
{
    char text[64];
    const int length = snprintf(text, sizeof text, "%s%s%s\n", word, *why == '\0' ? "" : " ", why);
    if (send(connection->fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) != length) {
        hang_up(connection);
    }
}

/* wazo_auth_completion_is_yes() decides. After an error the client should try again later, unless the line itself is
 * invalid. */
static void answer(struct connection *connection, bool is_yes, const wazo_auth_error *error)
{
    const wazo_auth_error_kind_t kind = wazo_auth_error_kind(error);
    if (is_yes) {
        say(connection, "ALLOW", "");
    } else if (error == NULL || kind == WAZO_AUTH_ERROR_INVALID_ARGUMENT) {
        say(connection, "DENY", "");
    } else {
        say(connection, "RETRY", wazo_auth_error_kind_text(kind));
    }
}

/* While wazo-auth is down, every check fails. Logs one line when that begins, and one when it ends. */
static void note(const wazo_auth_error *error)
{
    static wazo_auth_error_kind_t before = WAZO_AUTH_ERROR_NONE;
    if (wazo_auth_error_kind(error) != before) {
        fprintf(stderr, "epoll_server: %s\n",
                error == NULL ? "wazo-auth answers again" : wazo_auth_error_message(error));
    }
    before = wazo_auth_error_kind(error);
}

/* Submits the check for a line. If that fails, it answers at once: the line is invalid, or the queue is full. */
static void ask(struct connection *connection, char *line)
{
    char *save = NULL, *token = strtok_r(line, " \t\r", &save), *access = strtok_r(NULL, " \t\r", &save);
    wazo_auth_error *error = NULL;
    connection->check =
        wazo_auth_queue_submit_token_check(queue, client, token == NULL ? "" : token, access, NULL, connection, &error);
    if (connection->check == 0) {
        answer(connection, false, error);
    }
    wazo_auth_error_free(error);
}

/* Submits the checks that can be submitted now, and updates what the loop waits for. It may free the connection, so the
 * caller must not use it afterwards. */
static void go_on(struct connection *connection)
{
    char *end;
    while (connection->fd >= 0 && connection->check == 0 &&
           (end = memchr(connection->buffer, '\n', connection->used)) != NULL) {
        *end = '\0';
        if (strlen(connection->buffer) == (size_t)(end - connection->buffer)) {
            ask(connection, connection->buffer);
        } else {
            say(connection, "DENY", ""); /* C would not see what is after a NUL byte */
        }
        connection->used -= (size_t)(end + 1 - connection->buffer);
        memmove(connection->buffer, end + 1, connection->used);
    }
    if (connection->fd >= 0 && connection->check == 0 && (connection->ended || connection->used == LINE_SIZE)) {
        hang_up(connection); /* no more lines, or one that is too long */
    }
    if (connection->fd >= 0) {
        watch(EPOLL_CTL_MOD, connection->fd, connection->check == 0 ? EPOLLIN : 0, connection);
    } else if (connection->check == 0) {
        LIST_REMOVE(connection, others);
        free(connection);
    }
}

static void take_completions(void)
{
    wazo_auth_completion *completion;
    while ((completion = wazo_auth_queue_next(queue, 0)) != NULL) {
        struct connection *connection = wazo_auth_completion_user_data(completion);
        connection->check = 0;
        if (connection->fd >= 0) {
            note(wazo_auth_completion_error(completion));
            answer(connection, wazo_auth_completion_is_yes(completion), wazo_auth_completion_error(completion));
        }
        wazo_auth_completion_free(completion);
        go_on(connection);
    }
}

static void receive(struct connection *connection, uint32_t events)
{
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        hang_up(connection); /* a reset; epoll always reports these events */
    } else {
        char *free_space = connection->buffer + connection->used;
        const ssize_t count = recv(connection->fd, free_space, LINE_SIZE - connection->used, 0);
        if (count > 0) {
            connection->used += (size_t)count;
        } else if (count == 0) {
            connection->ended = true;
        } else if (errno != EAGAIN && errno != EINTR) {
            hang_up(connection);
        }
    }
    go_on(connection);
}

static void accept_all(void)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL) {
            close(fd);
            continue;
        }
        connection->fd = fd;
        LIST_INSERT_HEAD(&connections, connection, others);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, connection);
    }
    if (errno == EMFILE || errno == ENFILE) {
        watch(EPOLL_CTL_MOD, listener, 0, &listener); /* or the loop would spin; hang_up() undoes it */
    }
}

/* A signalfd makes the signals that end the server readable in the loop, so no signal handler is needed. */
static bool prepare(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    const int yes = 1;
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGTERM), sigaddset(&set, SIGINT);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* only for this machine: whoever can ask can try tokens */
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || (signals = signalfd(-1, &set, SFD_CLOEXEC)) < 0 ||
        (loop = epoll_create1(EPOLL_CLOEXEC)) < 0 ||
        (listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("epoll_server: cannot listen");
        return false;
    }
    printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return true;
}

static void run(void)
{
    bool running = true;
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
    watch(EPOLL_CTL_ADD, signals, EPOLLIN, &signals);
    watch(EPOLL_CTL_ADD, wazo_auth_queue_descriptor(queue), EPOLLIN, queue);
    while (running) {
        struct epoll_event events[64];
        const int count = epoll_wait(loop, events, 64, -1);
        bool completions = false;
        for (int index = 0; index < count; index++) {
            void *data = events[index].data.ptr;
            if (data == &signals) {
                running = false;
            } else if (data == &listener) {
                accept_all();
            } else if (data == queue) {
                completions = true; /* last: it frees connections, which may have an event too */
            } else {
                receive(data, events[index].events);
            }
        }
        if (completions) {
            take_completions();
        }
    }
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
            fprintf(stderr, "epoll_server: invalid option: %s; see --help\n", *arguments);
            break;
        }
    }
    good = good && wazo_auth_options_set(options, "timeout_ms", "2000", &error) &&
           wazo_auth_options_set_from_environment(options, &error) &&
           (client = wazo_auth_client_new(options, &error)) != NULL &&
           (queue = wazo_auth_queue_new((uint32_t)checks, &error)) != NULL;
    if (error != NULL) {
        fprintf(stderr, "epoll_server: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    wazo_auth_options_free(options);
    return good;
}

int main(int count, char **arguments)
{
    int port = 7878;
    if (count > 1 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    const bool good = set_up(arguments + 1, &port) && prepare(port);
    if (good) {
        run();
    }
    for (struct connection *connection; (connection = LIST_FIRST(&connections)) != NULL; free(connection)) {
        LIST_REMOVE(connection, others);
        hang_up(connection);
    }
    wazo_auth_queue_free(queue); /* drops the completions: their connections have been freed */
    wazo_auth_client_free(client);
    close(signals), close(listener), close(loop);
    return good ? 0 : 2;
}
