/* A parent process with forked workers, like Kamailio: the client is created before the fork, and all processes use it.
 *
 * The workers share a UDP socket. A datagram has a token and optionally, after a space, a required access. The worker
 * that receives it makes a blocking call, and answers with its own number:
 *     $ printf 'TOKEN auth.users.read' | nc -u -w1 127.0.0.1 7878
 *     ALLOW 2
 *     ALLOW, DENY  wazo-auth answered yes or no; DENY also if the datagram is invalid
 *     RETRY KIND   the check failed with an error of this kind: wazo-auth cannot be reached ...
 *
 * The parent makes calls too (it checks the status of wazo-auth), before and after the fork, and replaces workers that
 * have died. How it works: the client needs no special treatment after a fork, neither in the workers nor in the
 * parent. Each process has its own connections (work, supervise).
 *     cc -std=c99 -I include bindings/c/prefork_workers.c -L target/debug -lwazo_auth_client -o prefork_workers
 *     WAZO_AUTH_URL=https://wazo.example.com/api/auth ./prefork_workers --listen 7878 --workers 4
 *
 * / */
#define _GNU_SOURCE /* ppoll */
#include <wazo_auth_client.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "Reads UDP datagrams, each with a token and optionally an access; forked workers answer ALLOW, DENY or RETRY.\n"
    "\n"
    "  --listen PORT         listen on this port of 127.0.0.1; 0 for a free one (7878)\n"
    "  --workers NUMBER      the number of worker processes (4)\n"
    "  --interval-ms NUMBER  how often the parent checks wazo-auth and its workers (1000)\n"
    "  --help                print this help\n"
    "\n"
    "Environment variables set the options of the library: WAZO_AUTH_URL, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS\n"
    "(here 2000 by default) ...\n"
    "SIGTERM and SIGINT to the parent end all processes.\n";

enum { MOST_WORKERS = 64, DATAGRAM_SIZE = 1024 };

static int port = 7878, workers = 4, interval_ms = 1000, udp = -1;
static wazo_auth_client *client;
static pid_t pids[MOST_WORKERS]; /* 0: not running */
static volatile sig_atomic_t ending;

static void end(int number)
{
    (void)number;
    ending = 1;
}

/* True is yes. False is no without an error, and a failed check with one. */
static void decide(char *question, int number, char *answer, size_t size)
{
    char *save = NULL, *token = strtok_r(question, " \t\r\n", &save), *access = strtok_r(NULL, " \t\r\n", &save);
    wazo_auth_error *error = NULL;
    if (wazo_auth_token_check(client, token == NULL ? "" : token, access, NULL, &error)) {
        snprintf(answer, size, "ALLOW %d", number);
    } else if (error == NULL || wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_INVALID_ARGUMENT) {
        snprintf(answer, size, "DENY %d", number);
    } else {
        snprintf(answer, size, "RETRY %s", wazo_auth_error_kind_text(wazo_auth_error_kind(error)));
        fprintf(stderr, "worker %d: %s\n", number, wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
}

/* A worker: answers one datagram after the other. SIGTERM is unblocked only in ppoll(), so that it neither interrupts a
 * check nor arrives unnoticed between the test of `ending` and the wait. */
static void work(int number, const sigset_t *unblocked)
{
    struct pollfd readable = {.fd = udp, .events = POLLIN};
    while (!ending) {
        char question[DATAGRAM_SIZE + 1], answer[64];
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (ppoll(&readable, 1, NULL, unblocked) != 1) {
            continue;
        }
        /* All workers wake up, and one of them receives the datagram. */
        const ssize_t length =
            recvfrom(udp, question, DATAGRAM_SIZE, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&peer, &size);
        if (length < 0) {
            continue;
        }
        /* A datagram that is truncated or has a NUL byte is invalid: treat it as empty. */
        question[length > DATAGRAM_SIZE ? 0 : length] = '\0';
        question[strlen(question) == (size_t)length ? length : 0] = '\0';
        decide(question, number, answer, sizeof answer);
        sendto(udp, answer, strlen(answer), 0, (struct sockaddr *)&peer, size);
    }
}

/* Returns the pid in the parent, 0 in the worker. */
static pid_t start_worker(int index)
{
    const pid_t parent = getpid();
    fflush(stdout); /* or the worker would print it again */
    pids[index] = fork();
    if (pids[index] < 0) {
        perror("prefork_workers: fork");
        pids[index] = 0;
        return -1;
    }
    if (pids[index] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* end with the parent */
        if (getppid() != parent) {
            _exit(1);
        }
        return 0;
    }
    printf("worker %d is process %ld\n", index + 1, (long)pids[index]);
    fflush(stdout);
    return pids[index];
}

/* A call of the parent. Prints the status of wazo-auth when it changes. */
static void look_at_wazo_auth(void)
{
    static int was_well = -1;
    wazo_auth_error *error = NULL;
    const bool well = wazo_auth_status_check(client, &error);
    if (well != was_well) {
        printf("wazo-auth %s\n", well ? "is well" : wazo_auth_error_message(error));
        fflush(stdout);
    }
    was_well = well;
    wazo_auth_error_free(error);
}

static void reap_workers(int options)
{
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, options)) > 0 || (pid < 0 && errno == EINTR)) {
        for (int index = 0; pid > 0 && index < workers; index++) {
            if (pids[index] == pid) {
                printf("worker %d ended (%s %d)\n", index + 1, WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                fflush(stdout);
                pids[index] = 0;
            }
        }
    }
}

/* The parent's loop. Returns 0 at its end, or the number of the worker in a new worker process. */
static int supervise(const sigset_t *unblocked)
{
    const struct timespec interval = {interval_ms / 1000, interval_ms % 1000 * 1000000L};
    while (!ending) {
        reap_workers(WNOHANG);
        for (int index = 0; index < workers; index++) {
            if (pids[index] == 0 && start_worker(index) == 0) {
                return index + 1;
            }
        }
        look_at_wazo_auth();
        ppoll(NULL, 0, &interval, unblocked); /* limits how often a worker that dies at once is restarted */
    }
    for (int index = 0; index < workers; index++) {
        if (pids[index] > 0) {
            kill(pids[index], SIGTERM);
        }
    }
    reap_workers(0);
    return 0;
}

static bool number(const char *text, int most, int *value)
{
    char more; /* a character after the number */
    return sscanf(text, "%9d%c", value, &more) == 1 && *value >= 0 && *value <= most;
}

static bool set_up(char **arguments)
{
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    bool good = true;
    for (; good && *arguments != NULL; arguments += 2) {
        const char *value = arguments[1] == NULL ? "" : arguments[1];
        good = (strcmp(*arguments, "--listen") == 0 && number(value, 65535, &port)) ||
               (strcmp(*arguments, "--interval-ms") == 0 && number(value, 1000000, &interval_ms)) ||
               (strcmp(*arguments, "--workers") == 0 && number(value, MOST_WORKERS, &workers));
        if (!good) {
            fprintf(stderr, "prefork_workers: invalid option: %s; see --help\n", *arguments);
            break;
        }
    }
    good = good && wazo_auth_options_set(options, "timeout_ms", "2000", &error) &&
           wazo_auth_options_set_from_environment(options, &error) &&
           (client = wazo_auth_client_new(options, &error)) != NULL;
    if (error != NULL) {
        fprintf(stderr, "prefork_workers: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    wazo_auth_options_free(options);
    return good;
}

static bool open_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* only for this machine: whoever can ask can try tokens */
    if ((udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 ||
        bind(udp, (struct sockaddr *)&address, size) != 0 ||
        getsockname(udp, (struct sockaddr *)&address, &size) != 0) {
        perror("prefork_workers: cannot listen");
        return false;
    }
    printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return true;
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    /* Blocked except in ppoll(), in every process, so that running calls can end (within timeout_ms). */
    struct sigaction action = {.sa_handler = end};
    sigset_t blocked, unblocked;
    sigemptyset(&blocked), sigaddset(&blocked, SIGTERM), sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &unblocked);
    sigaction(SIGTERM, &action, NULL), sigaction(SIGINT, &action, NULL);

    const bool good = set_up(arguments + 1) && open_socket();
    if (good) {
        look_at_wazo_auth(); /* the workers do not use the connections that they inherit */
        const int number = supervise(&unblocked);
        if (number > 0) {
            work(number, &unblocked);
        }
    }
    wazo_auth_client_free(client); /* each process frees its own */
    if (udp >= 0) {
        close(udp);
    }
    return good ? 0 : 2;
}
