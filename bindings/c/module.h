/* What the host of module_host.c and the module of module.c agree on: a table of functions, exported as `auth_module`. */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>

enum verdict {
    DENY,  /* the server said no, or it was no question */
    ALLOW, /* the server said yes */
    RETRY  /* nobody knows */
};

typedef void verdict_function(void *data, enum verdict verdict);

struct auth_module {
    /* Makes the module ready. false: it is not, and has left nothing behind. */
    bool (*load)(void);
    /* Ends what runs and gives everything back. Nobody may be in check() any more; whoever waits for a verdict of
     * check_later() has got it when this returns. */
    void (*unload)(void);
    /* Waits for the verdict. access may be NULL. */
    enum verdict (*check)(const char *token, const char *access);
    /* Does not wait: `tell` gets the verdict, once, mostly in the module's own thread, which it must not hold up. */
    void (*check_later)(const char *token, const char *access, verdict_function *tell, void *data);
};

#endif
