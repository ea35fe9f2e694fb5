/* A library to be preloaded: it counts what a process asks of the C library, and lets some names resolve slowly.
 *
 *     spy_count("pthread_create")  threads started
 *     spy_count("sigaction")       handlers set, by any of the functions for it
 *     spy_count("getenv")          variables read by the program itself
 *     spy_count("foreign getenv")  variables read by a library that is not part of the C library
 *
 * Names that end in ".test" take SPY_LOOK_UP_MS (3000) to be found, at 127.0.0.1.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_long threads, handlers, reads, foreign_reads;

#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

long spy_count(const char *what)
{
    return strcmp(what, "pthread_create") == 0 ? threads
           : strcmp(what, "sigaction") == 0    ? handlers
           : strcmp(what, "getenv") == 0       ? reads
                                               : foreign_reads;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *argument)
{
    threads++;
    return REAL(pthread_create)(thread, attributes, work, argument);
}

/* Asking for the handler that is set sets none. */
int sigaction(int number, const struct sigaction *fresh, struct sigaction *before)
{
    if (fresh != NULL)
        handlers++;
    return REAL(sigaction)(number, fresh, before);
}

__sighandler_t signal(int number, __sighandler_t handler)
{
    handlers++;
    return REAL(signal)(number, handler);
}

char *getenv(const char *name)
{
    Dl_info caller;
    if (dladdr(__builtin_return_address(0), &caller) != 0 && caller.dli_fname != NULL &&
        strstr(caller.dli_fname, "libwazo_auth_client") != NULL) {
        if (foreign_reads++ < 3)
            fprintf(stderr, "#   the library reads %s\n", name);
    } else {
        reads++;
    }
    return REAL(getenv)(name);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    size_t length = name != NULL ? strlen(name) : 0;
    if (length > 5 && strcmp(name + length - 5, ".test") == 0) {
        const char *ms = REAL(getenv)("SPY_LOOK_UP_MS");
        long wait = ms != NULL ? atol(ms) : 3000;
        struct timespec time = {wait / 1000, wait % 1000 * 1000000};
        nanosleep(&time, NULL);
        name = "127.0.0.1";
    }
    return REAL(getaddrinfo)(name, service, hints, found);
}
