/* Loading the library does nothing, and a blocking call starts no thread: what a host that loads modules relies on.
 *
 *     loading LIBRARY URL CA_FILE          (the URL with an address, since a name look-up may start a thread)
 *
 * Built with -rdynamic: the library's calls of pthread_create and getenv come here first, so that one that starts and
 * ends between two looks is counted too.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

typedef const char *text_function(void);
typedef wazo_auth_options *options_new_function(void);
typedef bool options_set_function(wazo_auth_options *, const char *, const char *, wazo_auth_error **);
typedef bool options_set_url_function(wazo_auth_options *, const char *, wazo_auth_error **);
typedef void options_free_function(wazo_auth_options *);
typedef wazo_auth_client *client_new_function(const wazo_auth_options *, wazo_auth_error **);
typedef void client_free_function(wazo_auth_client *);
typedef bool status_check_function(const wazo_auth_client *, wazo_auth_error **);
typedef const char *error_message_function(const wazo_auth_error *);

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef char *getenv_function(const char *);

static const char *path, *url, *ca_file;
static void *library;
static int threads_started, variables_read;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *data)
{
    create_function *real;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    __atomic_add_fetch(&threads_started, 1, __ATOMIC_SEQ_CST);
    return real(thread, attributes, run, data);
}

char *getenv(const char *name)
{
    getenv_function *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getenv");
    /* The event loop asks for a variable of its own when it starts; none of the host's or of ours is its business. */
    if (strncmp(name, "TOKIO_", 6) != 0) {
        __atomic_add_fetch(&variables_read, 1, __ATOMIC_SEQ_CST);
    }
    return real(name);
}

/* A function of the library; ISO C has no cast from an object pointer to a function pointer, but POSIX has this one. */
#define FUNCTION(type, name)                                                                                           \
    type *name;                                                                                                        \
    *(void **)&name = dlsym(library, "wazo_auth_" #name);                                                              \
    if (!CHECK(name != NULL)) {                                                                                        \
        return;                                                                                                        \
    }

static int entries(const char *folder)
{
    int count = 0;
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        perror(folder);
        exit(2);
    }
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count - 2;
}

static int threads(void)
{
    return entries("/proc/self/task");
}

static int descriptors(void)
{
    return entries("/proc/self/fd");
}

static void *nothing(void *data)
{
    return data;
}

static void the_counters_count(void)
{
    /* What counts wrongly would pass everything below. */
    const int started = threads_started, read_before = variables_read;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0);
    pthread_join(thread, NULL);
    CHECK(threads_started == started + 1);
    CHECK(getenv("PATH") != NULL);
    CHECK(variables_read == read_before + 1);
    void *symbol = dlsym(RTLD_DEFAULT, "pthread_create");
    create_function *mine = pthread_create;
    CHECK(symbol == *(void **)&mine);
    threads_started = variables_read = 0;
}

static void loading(void)
{
    const int open_before = descriptors();
    CHECK(threads() == 1);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        printf("# %s\n", dlerror());
        exit(2);
    }
    CHECK(threads() == 1 && threads_started == 0);
    CHECK(descriptors() == open_before);
    CHECK(variables_read == 0);
    FUNCTION(text_function, version)
    CHECK(strlen(version()) > 0);
}

static void client_and_calls(void)
{
    FUNCTION(options_new_function, options_new)
    FUNCTION(options_set_function, options_set)
    FUNCTION(options_set_url_function, options_set_url)
    FUNCTION(options_free_function, options_free)
    FUNCTION(client_new_function, client_new)
    FUNCTION(client_free_function, client_free)
    FUNCTION(status_check_function, status_check)
    FUNCTION(error_message_function, error_message)
    wazo_auth_error *error = NULL;
    const int open_before = descriptors();

    wazo_auth_options *options = options_new();
    CHECK(options_set_url(options, url, &error) && options_set(options, "ca_file", ca_file, &error));
    wazo_auth_client *client = client_new(options, &error);
    options_free(options);
    CHECK(client != NULL);
    CHECK(threads() == 1 && threads_started == 0);
    CHECK(variables_read == 0);
    for (int call = 0; client != NULL && call < 10; call++) {
        if (!CHECK(status_check(client, &error))) {
            printf("# %s\n", error_message(error));
            break;
        }
    }
    CHECK(threads() == 1 && threads_started == 0);
    CHECK(variables_read == 0);
    client_free(client);
    CHECK(descriptors() == open_before);
}

static void unloading(void)
{
    const int open_before = descriptors();
    for (int turn = 0; turn < 100; turn++) {
        CHECK(dlclose(library) == 0);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CHECK(library != NULL);
    }
    client_and_calls();
    CHECK(threads() == 1 && threads_started == 0);
    CHECK(descriptors() == open_before);
}

int main(int count, char **arguments)
{
    if (count != 4) {
        fprintf(stderr, "usage: loading LIBRARY URL CA_FILE\n");
        return 2;
    }
    path = arguments[1];
    url = arguments[2];
    ca_file = arguments[3];
    RUN("the counters of this test count", the_counters_count);
    RUN("loading starts no thread, opens no descriptor, reads no environment variable", loading);
    RUN("a client, and blocking calls to an address, do not either; freed, all descriptors are closed", client_and_calls);
    RUN("nor is anything left after a hundred times of unloading and loading", unloading);
    return finish();
}
