/* The harness of the host tests: settings from the runner, calls whose answers are checked, and a look at the process.
 *
 * A test prints one line for each promise, with its figure: `ok - <promise>: <figure>`, or `not ok - ...` and, before
 * it, lines with `#` that say what was seen. Timings are figures; what is asserted leaves room for busy machines.
 */
#ifndef HOST_H
#define HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wazo_auth_client.h>

#include "report.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What the exit status of a test is made of. */
#define host_failed report_failed

/* A setting of the runner's: HTTP, HTTPS (ports of the echo server), CA (its authority), FULL, ... */
static inline const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

/* The length of a test: in full (make test-host), or short (make test). */
static inline int scaled(int full, int brief) { return *setting("FULL") ? full : brief; }

/* The line of a promise. */
__attribute__((format(printf, 3, 4))) static inline bool promise(bool holds, const char *what, const char *figure, ...)
{
    va_list arguments;
    char line[1024];
    va_start(arguments, figure);
    vsnprintf(line, sizeof line, figure, arguments);
    va_end(arguments);
    return report_promise(holds, what, line);
}

static inline double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline void pause_ms(double ms)
{
    struct timespec time = {(time_t)(ms / 1e3), (long)((ms - (double)(long)(ms / 1e3) * 1e3) * 1e6)};
    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

/* A client of a port on the loopback; `more` are pairs of key and value that end with NULL, or NULL. */
static inline wazo_auth_client *client_of_port(const char *port, bool https, const char *const *more)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    const char *pairs[] = {"host",       "127.0.0.1",
                           "port",       port,
                           "prefix",     "",
                           "https",      https ? "true" : "false",
                           "ca_file",    https ? setting("CA") : "",
                           "token",      "token-of-all",
                           "timeout_ms", "20000",
                           NULL};
    bool good = true;
    for (const char *const *pair = pairs; good && *pair != NULL; pair += 2)
        good = wazo_auth_options_set(options, pair[0], pair[1], &error);
    for (; good && more != NULL && *more != NULL; more += 2)
        good = wazo_auth_options_set(options, more[0], more[1], &error);
    if (good)
        client = wazo_auth_client_new(options, &error);
    wazo_auth_options_free(options);
    if (client == NULL) {
        note("no client to test with: %s", wazo_auth_error_message(error));
        exit(2);
    }
    return client;
}

/* A client of the echo server. */
static inline wazo_auth_client *client_of(bool https, const char *const *more)
{
    return client_of_port(setting(https ? "HTTPS" : "HTTP"), https, more);
}

/* A number in an answer, by its name; -1 where it is not there. */
static inline long answer_number(const char *answer, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\": ", name);
    const char *at = answer != NULL ? strstr(answer, key) : NULL;
    return at != NULL ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* Whether an answer is the one to a call of this id and token (NULL: any). */
static inline bool is_answer_to(const char *answer, const char *id, const char *token)
{
    char due[512];
    snprintf(due, sizeof due, token != NULL ? "{\"uuid\": \"%s\", \"token\": \"%s\", " : "{\"uuid\": \"%s\", ", id,
             token);
    return answer != NULL && strncmp(answer, due, strlen(due)) == 0;
}

/* Calls the echo server and checks that the answer is this call's; says why not. Gives the number of the connection. */
static inline bool echo_on(const wazo_auth_client *client, const char *id, const char *token, long *connection)
{
    wazo_auth_error *error = NULL;
    char *answer = wazo_auth_users_get(client, id, NULL, &error);
    bool good = is_answer_to(answer, id, token);
    if (!good)
        note("pid %d, call %s: %s", getpid(), id, answer != NULL ? answer : wazo_auth_error_json(error));
    if (connection != NULL)
        *connection = answer_number(answer, "connection");
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
    return good;
}

static inline bool echo(const wazo_auth_client *client, const char *id) { return echo_on(client, id, NULL, NULL); }

/* Asks the echo server's control; the answer's member, -1 on failure. See server.py. */
static inline long control(const char *what, const char *query, const char *member)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = client_of(false, NULL);
    char path[64];
    snprintf(path, sizeof path, "/control/%s", what);
    char *answer = wazo_auth_request(client, "GET", path, query, NULL, &error);
    long number = answer_number(answer, member);
    if (number < 0) {
        /* The result is embedded as the server wrote it. */
        note("control %s %s: %s", what, query != NULL ? query : "", answer ? answer : wazo_auth_error_message(error));
    }
    wazo_auth_string_free(answer);
    wazo_auth_error_free(error);
    wazo_auth_client_free(client);
    return number;
}

/* A port that misbehaves in front of the echo server's HTTP or HTTPS; its number as a text that is never freed. */
static inline const char *bad_port(bool https, const char *how, int bytes)
{
    char query[128], *port = malloc(16);
    snprintf(query, sizeof query, "{\"target\": %s, \"%s\": %d}", setting(https ? "HTTPS" : "HTTP"), how, bytes);
    snprintf(port, 16, "%ld", control("ports", query, "port"));
    return port;
}

/* Submits a call of the echo server; its number, 0 on failure. */
static inline uint64_t submit(wazo_auth_queue *queue, const wazo_auth_client *client, const char *id, void *data)
{
    char arguments[256];
    wazo_auth_error *error = NULL;
    snprintf(arguments, sizeof arguments, "{\"user_uuid\": \"%s\"}", id);
    uint64_t number = wazo_auth_queue_submit(queue, client, "users.get", arguments, data, &error);
    if (number == 0)
        note("submitting %s: %s", id, wazo_auth_error_message(error));
    wazo_auth_error_free(error);
    return number;
}

static inline wazo_auth_queue *queue_of(unsigned limit)
{
    wazo_auth_error *error = NULL;
    wazo_auth_queue *queue = wazo_auth_queue_new(limit, &error);
    if (queue == NULL) {
        note("no queue to test with: %s", wazo_auth_error_message(error));
        exit(2);
    }
    return queue;
}

/* Submits a call, waits for its completion and checks that it is this call's. The queue must be empty before. */
static inline bool echo_by_queue_on(wazo_auth_queue *queue, const wazo_auth_client *client, const char *id,
                                    long *connection)
{
    uint64_t number = submit(queue, client, id, &host_failed);
    if (number == 0)
        return false;
    wazo_auth_completion *completion = wazo_auth_queue_next(queue, 30000);
    const char *answer = wazo_auth_completion_result(completion);
    bool good = is_answer_to(answer, id, NULL) && wazo_auth_completion_id(completion) == number &&
                wazo_auth_completion_user_data(completion) == &host_failed;
    if (!good)
        note("pid %d, submitted %s: %s", getpid(), id,
             answer != NULL       ? answer
             : completion == NULL ? "no completion"
                                  : wazo_auth_error_message(wazo_auth_completion_error(completion)));
    if (connection != NULL)
        *connection = answer_number(answer, "connection");
    wazo_auth_completion_free(completion);
    return good;
}

static inline bool echo_by_queue(wazo_auth_queue *queue, const wazo_auth_client *client, const char *id)
{
    return echo_by_queue_on(queue, client, id, NULL);
}

/* A number of /proc/self/status, such as "Threads" or "VmRSS" (kB). */
static inline long status_number(const char *name)
{
    char line[256];
    long number = -1;
    FILE *file = fopen("/proc/self/status", "re");
    while (number < 0 && file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            number = strtol(line + strlen(name) + 1, NULL, 10);
    if (file != NULL)
        fclose(file);
    return number;
}

/* A thread that was joined may stand in /proc a moment longer: waits until there are `due`, 5 s at most. */
static inline long threads_settled_at(long due)
{
    double end = now_ms() + 5000;
    while (status_number("Threads") != due && now_ms() < end)
        pause_ms(1);
    return status_number("Threads");
}

typedef struct {
    int count;
    struct {
        int number;
        ino_t inode;
        mode_t kind;
        char target[64];
    } all[4096];
} descriptors;

/* The open descriptors of this process, that of the look itself left out. */
static inline void list_descriptors(descriptors *list)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    struct stat about;
    list->count = 0;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        int number = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || number == dirfd(directory) || list->count == (int)COUNT(list->all))
            continue;
        if (fstat(number, &about) != 0)
            continue;
        list->all[list->count].number = number;
        list->all[list->count].inode = about.st_ino;
        list->all[list->count].kind = about.st_mode & S_IFMT;
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, list->all[list->count].target, 63);
        list->all[list->count].target[length > 0 ? length : 0] = '\0';
        list->count++;
    }
    if (directory != NULL)
        closedir(directory);
}

/* Memory that children share with their parent, for what they found out. */
static inline void *shared_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return memory;
}

/* Waits for a child; whether it ended by exit(0). Says how it ended otherwise. */
static inline bool child_succeeded(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        note("child %d was ended by signal %d (%s)", child, WTERMSIG(status),
             WTERMSIG(status) == SIGALRM ? "it hung" : strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        note("child %d ended with %d", child, WEXITSTATUS(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
