/* The interface between module_host.c and module.c: a table of functions, which the module exports as `auth_module`. */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>

enum verdict {
    DENY,  /* the server answered no, or the question is invalid */
    ALLOW, /* the server answered yes */
    RETRY  /* the check failed */
};

typedef void verdict_function(void *data, enum verdict verdict);

struct auth_module {
    /* Initialises the module. On failure it returns false and releases everything. */
    bool (*load)(void);
    /* Cancels the running checks and releases everything. No thread may be in check(). When it returns, `tell` has been
     * called for every check_later(). */
    void (*unload)(void);
    /* Blocks until the verdict is known. access may be NULL. */
    enum verdict (*check)(const char *token, const char *access);
    /* Does not block. `tell` is called once with the verdict, usually in the module's thread; it must be short. */
    void (*check_later)(const char *token, const char *access, verdict_function *tell, void *data);
};

#endif
