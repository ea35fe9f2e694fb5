/* Descriptors of the library that the host has closed, without a fork: by closefrom(3), or one by one, as a double close
 * elsewhere does; and their numbers, which now stand for files, pipes and sockets of the host. Calls after that succeed,
 * calls in flight end, everything can be freed, and nothing of the host's is read, written or closed.
 *
 * Each case is a child of its own that has used nothing of the library before; its descriptor 2 is a file of the host's.
 */
#include "host.h"

#include <sys/eventfd.h>

/* What a number is given to, after the library's descriptor behind it was closed. */
enum kind { NOTHING, FILE_OF_HOST, PIPE, SOCKETS, EVENT, KINDS };

static const char *const kind_names[] = {"nothing", "a file", "a pipe", "a socket pair", "an eventfd"};

typedef struct {
    enum kind kind;
    int number, far;
    struct stat before;
} occupied;

static occupied taken[256];
static int taken_count;
static descriptors before, after;

static wazo_auth_client *client;
static wazo_auth_queue *queue;
static wazo_auth_renewer *renewer;
static wazo_auth_verifier *verifier;

/* Gives a number that is free to something of the host's. */
static void occupy(int number, enum kind kind)
{
    int ends[2] = {-1, -1};
    occupied *one = &taken[taken_count++];
    one->kind = kind;
    one->number = number;
    switch (kind) {
    case FILE_OF_HOST:
        ends[0] = memfd_create("host", 0);
        if (write(ends[0], "host", 4) != 4)
            abort();
        break;
    case PIPE:
        if (pipe(ends) != 0 || write(ends[1], "host", 4) != 4)
            abort();
        break;
    case SOCKETS:
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[1], "host", 4) != 4)
            abort();
        break;
    case EVENT:
        ends[0] = eventfd(7, EFD_NONBLOCK);
        break;
    default:
        return;
    }
    /* The far end where nothing of the library ever was. */
    one->far = ends[1] < 0 ? -1 : fcntl(ends[1], F_DUPFD, 500);
    if (ends[1] >= 0)
        close(ends[1]);
    if (ends[0] != number) {
        dup2(ends[0], number);
        close(ends[0]);
    }
    fstat(number, &one->before);
}

static bool is_untouched(const occupied *one)
{
    struct stat now;
    char bytes[16];
    uint64_t value;
    if (one->kind == NOTHING)
        return true;
    if (fstat(one->number, &now) != 0 || now.st_ino != one->before.st_ino || now.st_dev != one->before.st_dev)
        return false;
    switch (one->kind) {
    case FILE_OF_HOST:
        return now.st_size == 4 && lseek(one->number, 0, SEEK_CUR) == 4;
    case EVENT:
        return read(one->number, &value, sizeof value) == sizeof value && value == 7;
    case SOCKETS:
        /* Nothing was written to it: the far end has nothing to read, and no end. */
        if (recv(one->far, bytes, sizeof bytes, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
            return false;
        return recv(one->number, bytes, sizeof bytes, MSG_DONTWAIT) == 4;
    default:
        fcntl(one->number, F_SETFL, O_NONBLOCK);
        return read(one->number, bytes, sizeof bytes) == 4;
    }
}

static bool all_untouched(void)
{
    bool good = true;
    for (int i = 0; i < taken_count; i++)
        if (!is_untouched(&taken[i])) {
            note("%s of the host, number %d, was touched", kind_names[taken[i].kind], taken[i].number);
            good = false;
        }
    return good;
}

static bool is_known(int number)
{
    for (int i = 0; i < before.count; i++)
        if (before.all[i].number == number)
            return true;
    return false;
}

/* Waits until the library's thread waits: while it runs, a socket that the host closes cannot be told from one that the
 * thread itself has closed. */
static void let_library_rest(void)
{
    char path[300], line[400];
    bool rests = false;
    for (double end = now_ms() + 5000; !rests && now_ms() < end;) {
        rests = true;
        for (int look = 0; look < 3; look++) {
            DIR *threads = opendir("/proc/self/task");
            struct dirent *entry;
            while ((entry = readdir(threads)) != NULL) {
                if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
                    continue;
                snprintf(path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
                FILE *file = fopen(path, "re");
                if (file == NULL)
                    continue;
                char *end_of_name = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
                rests = rests && end_of_name != NULL && end_of_name[2] == 'S';
                fclose(file);
            }
            closedir(threads);
            pause_ms(1);
        }
    }
}

/* Closes one descriptor of the library (`which`, from 0), or all (-1), and gives the numbers away. False where there are
 * not so many. */
static bool close_of_library(int which, enum kind kind)
{
    int found[64], count = 0;
    list_descriptors(&after);
    for (int i = 0; i < after.count && count < (int)COUNT(found); i++)
        if (!is_known(after.all[i].number))
            found[count++] = after.all[i].number;
    if (which >= count)
        return false;
    if (which >= 0) {
        close(found[which]);
        occupy(found[which], kind);
        return true;
    }
    for (int number = 3; number < 1024; number++)
        close(number);
    for (int i = 0; i < count; i++)
        occupy(found[i], kind);
    return true;
}

/* A call of the queue whatever else is in it, and what was in flight: answered, or an error that says so. */
static bool queue_goes_on(int in_flight)
{
    int ended = 0;
    bool good = true, answered = false;
    uint64_t last = submit(queue, client, "after", NULL);
    if (last == 0)
        return false;
    for (double end = now_ms() + 8000; ended < in_flight + 1 && now_ms() < end;) {
        wazo_auth_completion *completion = wazo_auth_queue_next(queue, 100);
        if (completion == NULL) {
            if (answered)
                control("release", NULL, "released");
            continue;
        }
        const wazo_auth_error *error = wazo_auth_completion_error(completion);
        wazo_auth_error_kind_t kind = wazo_auth_error_kind(error);
        if (wazo_auth_completion_id(completion) == last) {
            answered = true;
            good = error == NULL && good;
        } else {
            /* The kernel tells nobody that a socket was closed: its call ends with its time. */
            good = (error == NULL || kind == WAZO_AUTH_ERROR_INTERNAL || kind == WAZO_AUTH_ERROR_CLOSED ||
                    kind == WAZO_AUTH_ERROR_TIMEOUT) && good;
        }
        if (!good)
            note("a call of the queue: %s", wazo_auth_error_message(error));
        ended++;
        wazo_auth_completion_free(completion);
    }
    if (ended != in_flight + 1)
        note("%d of %d calls of the queue ended", ended, in_flight + 1);
    /* The descriptor, asked for again, tells of completions. */
    struct pollfd one = {wazo_auth_queue_descriptor(queue), POLLIN, 0};
    last = submit(queue, client, "told", NULL);
    bool told = last != 0 && poll(&one, 1, 8000) == 1 && one.revents == POLLIN;
    if (!told)
        note("the queue's descriptor does not tell of a completion: %d", one.revents);
    wazo_auth_completion_free(wazo_auth_queue_next(queue, 5000));
    return good && told && ended == in_flight + 1;
}

static bool decides(int number, bool by_queue)
{
    char token[32], access[32];
    wazo_auth_error *error = NULL;
    wazo_auth_verdict_t verdict;
    snprintf(token, sizeof token, "good-%d", number);
    snprintf(access, sizeof access, "may.%d.x", number);
    bool yes;
    if (by_queue) {
        yes = wazo_auth_verifier_submit(verifier, queue, token, access, NULL, NULL, &error) != 0;
        wazo_auth_completion *completion = yes ? wazo_auth_queue_next(queue, 8000) : NULL;
        yes = wazo_auth_completion_is_yes(completion);
        if (!yes)
            note("verifier: %s", wazo_auth_error_message(wazo_auth_completion_error(completion)));
        wazo_auth_completion_free(completion);
    } else {
        yes = wazo_auth_verifier_check(verifier, token, access, NULL, &verdict, &error);
    }
    if (error != NULL)
        note("verifier: %s", wazo_auth_error_message(error));
    wazo_auth_error_free(error);
    return yes;
}

/* A token that was not there before. */
static bool renews(void)
{
    wazo_auth_error *error = NULL;
    char *old = wazo_auth_renewer_token(renewer);
    bool good = wazo_auth_renewer_renew(renewer, &error), is_new = false;
    for (double end = now_ms() + 8000; good && !is_new && now_ms() < end; pause_ms(2)) {
        char *token = wazo_auth_renewer_token(renewer);
        is_new = token != NULL && (old == NULL || strcmp(token, old) != 0);
        wazo_auth_string_free(token);
    }
    if (!is_new)
        note("renewer: no new token: %s", wazo_auth_error_message(error));
    wazo_auth_string_free(old);
    wazo_auth_error_free(error);
    return is_new;
}

/* What is used before, and goes on afterwards. */
enum what { BLOCKING, BLOCKING_TLS, PROXY, QUEUE, QUEUE_TLS, IN_FLIGHT, VERIFIER, RENEWER, USES };

static const char *const use_names[] = {
    "a blocking call over HTTP", "a blocking call over HTTPS", "a blocking call by a proxy", "a queue",
    "a queue over HTTPS", "a queue with calls in flight", "a verifier", "a renewer",
};

static bool begin(enum what what)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%s", setting("HTTP"));
    const char *by_proxy[] = {"proxy", proxy, NULL};
    const char *short_lived[] = {"timeout_ms", "3000", NULL};
    const char *of_simulator[] = {"username", "admin", "password", "secret", "token", "", NULL};
    bool https = what == BLOCKING_TLS || what == QUEUE_TLS;
    wazo_auth_error *error = NULL;
    if (what == RENEWER) {
        client = client_of_port(setting("SIMULATOR"), false, of_simulator);
        renewer = wazo_auth_renewer_new(client, NULL, &error);
        return renewer != NULL && wazo_auth_renewer_start(renewer, 8000, &error) && renews();
    }
    client = client_of(https, what == PROXY ? by_proxy : what == IN_FLIGHT ? short_lived : NULL);
    if (what <= PROXY)
        return echo(client, "before");
    queue = queue_of(16);
    if (what == VERIFIER) {
        verifier = wazo_auth_verifier_new(client, NULL, &error);
        return verifier != NULL && decides(1, false) && decides(2, true);
    }
    bool good = echo_by_queue(queue, client, "before");
    for (int i = 0; what == IN_FLIGHT && i < 3; i++)
        good = submit(queue, client, "hold_in-flight", NULL) != 0 && good;
    if (what == IN_FLIGHT)
        pause_ms(100);
    return good;
}

static bool go_on(enum what what)
{
    if (what <= PROXY)
        return echo(client, "after") && echo(client, "again");
    if (what == VERIFIER)
        return decides(3, true) && decides(4, false) && decides(1, false);
    if (what == RENEWER)
        return renews();
    return queue_goes_on(what == IN_FLIGHT ? 3 : 0);
}

static void free_all(void)
{
    wazo_auth_verifier_free(verifier);
    wazo_auth_queue_free(queue);
    wazo_auth_renewer_free(renewer);
    wazo_auth_client_free(client);
}

enum { NO_MORE = 77 };

/* One case, in a child; NO_MORE where the library has no such descriptor. `goes_on` is false where all is freed at once. */
static int in_child(enum what what, int which, enum kind kind, bool goes_on)
{
    fflush(stdout);
    FILE *said = tmpfile();
    pid_t child = fork();
    if (child == 0) {
        alarm(25);
        dup2(fileno(said), 2);
        list_descriptors(&before);
        if (!begin(what))
            _exit(3);
        let_library_rest();
        if (!close_of_library(which, kind))
            _exit(NO_MORE);
        bool good = !goes_on || go_on(what);
        free_all();
        good = all_untouched() && good;
        fflush(stdout);
        _exit(!good);
    }
    int status = 0;
    struct stat written;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    fstat(fileno(said), &written);
    if (written.st_size != 0) {
        char text[400] = "";
        ssize_t length = pread(fileno(said), text, sizeof text - 1, 0);
        text[length > 0 ? length : 0] = '\0';
        note("%ld bytes were written to descriptor 2: %s", (long)written.st_size, text);
    }
    fclose(said);
    if (WIFSIGNALED(status))
        note("%s, %s for descriptor %d: ended by signal %d (%s)", use_names[what], kind_names[kind], which,
             WTERMSIG(status), WTERMSIG(status) == SIGALRM ? "it hung" : strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != NO_MORE)
        note("%s, %s for descriptor %d: ended with %d", use_names[what], kind_names[kind], which, WEXITSTATUS(status));
    if (written.st_size != 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **arguments)
{
    char line[200];
    /* One use alone, by its number, for who looks for a fault. */
    int only = count > 1 ? atoi(arguments[1]) : -1;
    for (int what = 0; what < USES; what++) {
        int cases = 0, good = 0;
        if (only >= 0 && what != only)
            continue;
        for (int kind = 0; kind < KINDS; kind++) {
            cases += 2;
            good += in_child(what, -1, kind, true) == 0;
            good += in_child(what, -1, kind, false) == 0;
        }
        snprintf(line, sizeof line, "closed: %s after closefrom, whatever the numbers stand for then", use_names[what]);
        promise(good == cases, line, "%d of %d good", good, cases);
        cases = good = 0;
        for (int which = 0, more = true; more; which++) {
            /* In the short form each number is given to one thing, each to another. */
            int first = *setting("FULL") ? 0 : which % KINDS, last = *setting("FULL") ? KINDS - 1 : first;
            for (int kind = first; more && kind <= last; kind++) {
                int ended = in_child(what, which, kind, true);
                more = ended != NO_MORE;
                if (!more)
                    break;
                cases += 2;
                good += ended == 0;
                good += in_child(what, which, kind, false) == 0;
            }
        }
        snprintf(line, sizeof line, "closed: %s after a double close of each of its descriptors", use_names[what]);
        promise(good == cases && cases > 0, line, "%d of %d good", good, cases);
    }
    return host_failed != 0;
}
