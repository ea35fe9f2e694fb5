/* A host that repeatedly loads a module, calls it from the threads of its channels, and unloads it: like Asterisk, with
 * the thread stacks of FreeSWITCH (240 KiB).
 *
 * Each line of the standard input is a question: a token and optionally, after a space, a required access. Every
 * channel asks every question twice, with check() and with check_later(), and the host counts the verdicts. After each
 * round it prints the number of its threads and file descriptors: the module has to release everything.
 *
 * The host is not linked to the library; the module is (module.c).
 *     cc -std=c99 -pthread bindings/c/module_host.c -o module_host
 *     echo 'TOKEN auth.users.read' | WAZO_AUTH_URL=https://wazo.example.com/api/auth ./module_host --module ./module.so
 *
 * / */
#define _POSIX_C_SOURCE 200809L /* getline, threads */
#include "module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Loads an authentication module and makes it check the lines of the standard input, each TOKEN [ACCESS].\n"
    "\n"
    "  --module PATH      the module (./module.so)\n"
    "  --rounds NUMBER    how many times to load, use and unload the module (3)\n"
    "  --channels NUMBER  the number of threads that make checks concurrently (8)\n"
    "  --help             print this help\n"
    "\n"
    "Environment variables set the options of the module: WAZO_AUTH_URL, WAZO_AUTH_CA_FILE, WAZO_AUTH_TIMEOUT_MS\n"
    "(here 2000 by default) ...\n";

enum { STACK_SIZE = 240 * 1024, MOST_CHANNELS = 1000 };

struct question {
    char *line;                   /* the memory of token and access */
    const char *token, *access;   /* access may be NULL */
    unsigned long verdicts[2][3]; /* of check() and of check_later(); DENY, ALLOW, RETRY */
};

static const char *path = "./module.so";
static int rounds = 3, channels = 8;
static const struct auth_module *module;
static struct question *questions;
static size_t question_count;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void count(struct question *question, int way, enum verdict verdict)
{
    pthread_mutex_lock(&lock);
    question->verdicts[way][verdict]++;
    pthread_mutex_unlock(&lock);
}

/* A channel that waits for a verdict from the module's thread. */
struct waiting {
    bool told;
    enum verdict verdict;
};

static void tell(void *data, enum verdict verdict)
{
    pthread_mutex_lock(&lock);
    *(struct waiting *)data = (struct waiting){true, verdict};
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* A channel. A real one would continue with its dialplan instead of waiting for the module's thread. */
static void *run_channel(void *unused)
{
    (void)unused;
    for (size_t index = 0; index < question_count; index++) {
        struct question *question = &questions[index];
        struct waiting waiting = {false, RETRY};
        count(question, 0, module->check(question->token, question->access));

        module->check_later(question->token, question->access, tell, &waiting);
        pthread_mutex_lock(&lock);
        while (!waiting.told) {
            pthread_cond_wait(&changed, &lock);
        }
        pthread_mutex_unlock(&lock);
        count(question, 1, waiting.verdict);
    }
    return NULL;
}

static bool run_channels(void)
{
    pthread_t threads[MOST_CHANNELS];
    pthread_attr_t attributes;
    int started = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (started < channels && pthread_create(&threads[started], &attributes, run_channel, NULL) == 0) {
        started++;
    }
    for (int index = 0; index < started; index++) {
        pthread_join(threads[index], NULL);
    }
    pthread_attr_destroy(&attributes);
    return started == channels;
}

/* Unloads the module while checks are running. It must report all verdicts before unload() returns. */
static bool unload_with_questions_open(void)
{
    struct waiting *open = calloc(question_count + 1, sizeof *open);
    bool all_told = open != NULL;
    for (size_t index = 0; open != NULL && index < question_count; index++) {
        module->check_later(questions[index].token, questions[index].access, tell, &open[index]);
    }
    module->unload();
    for (size_t index = 0; open != NULL && index < question_count; index++) {
        all_told = all_told && open[index].told;
    }
    free(open);
    return all_told;
}

static int entries(const char *folder)
{
    int number = -2; /* without . and .. */
    DIR *directory = opendir(folder);
    while (directory != NULL && readdir(directory) != NULL) {
        number++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return number;
}

static bool run_round(int round)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    module = library == NULL ? NULL : dlsym(library, "auth_module");
    if (module == NULL) {
        fprintf(stderr, "module_host: %s\n", dlerror());
        return false;
    }
    if (!module->load()) {
        fprintf(stderr, "module_host: the module declined to load\n");
        dlclose(library);
        return false;
    }
    const bool all_asked = run_channels(), all_told = unload_with_questions_open();
    module = NULL;
    dlclose(library);
    printf("round %d: %d channels asked; unloaded; threads: %d, descriptors: %d\n", round, channels,
           entries("/proc/self/task"), entries("/proc/self/fd") - 1);
    if (!all_asked || !all_told) {
        fprintf(stderr, "module_host: %s\n", all_asked ? "the module forgot to tell a verdict" : "too few threads");
    }
    return all_asked && all_told;
}

/* Reads the standard input. Returns false if there is not enough memory. */
static bool read_questions(void)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        struct question *more = realloc(questions, (question_count + 1) * sizeof *questions);
        if (more == NULL) {
            break;
        }
        questions = more;
        char *save = NULL, *token = strtok_r(line, " \t\r\n", &save), *access = strtok_r(NULL, " \t\r\n", &save);
        token = token == NULL ? "" : token;
        questions[question_count] = (struct question){.line = line, .token = token, .access = access};
        question_count++;
        line = NULL; /* the question owns it */
        size = 0;
    }
    free(line);
    return feof(stdin);
}

static bool number(const char *text, int most, int *value)
{
    char more; /* a character after the number */
    return sscanf(text, "%9d%c", value, &more) == 1 && *value >= 0 && *value <= most;
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 1 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    for (char **argument = arguments + 1; *argument != NULL; argument += 2) {
        const char *value = argument[1] == NULL ? "" : argument[1];
        if (strcmp(*argument, "--module") == 0 && *value != '\0') {
            path = value;
        } else if (!(strcmp(*argument, "--rounds") == 0 && number(value, 1000000, &rounds)) &&
                   !(strcmp(*argument, "--channels") == 0 && number(value, MOST_CHANNELS, &channels))) {
            fprintf(stderr, "module_host: invalid option: %s; see --help\n", *argument);
            return 2;
        }
    }
    bool good = read_questions();
    for (int round = 1; good && round <= rounds; round++) {
        good = run_round(round);
    }
    for (size_t index = 0; index < question_count; index++) {
        struct question *question = &questions[index];
        for (int way = 0; way < 2; way++) { /* do not print the token: it is a secret */
            printf("question %zu, %s: ALLOW %lu, DENY %lu, RETRY %lu\n", index + 1, way == 0 ? "waited" : "told later",
                   question->verdicts[way][ALLOW], question->verdicts[way][DENY], question->verdicts[way][RETRY]);
        }
        free(question->line);
    }
    free(questions);
    return good ? 0 : 1;
}
