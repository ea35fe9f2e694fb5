/* The harness of the C tests: a test is a function named by the promise that it holds.
 *
 *     static void refused(void) { CHECK(1 + 1 == 2); }
 *     int main(void) { RUN("one and one is two", refused); return finish(); }
 *
 * A line for each test, `ok - <promise>` or `not ok - <promise>`, and `N passed, M failed` as the last one.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdlib.h>
#include <string.h>
/* NULL is passed on purpose here, to see it refused. */
#define WAZO_AUTH_NONNULL(...)
#include <wazo_auth_client.h>
#include "report.h"

/* Checks the kind of an error and that its message has a fragment (NULL: any message), and frees it. */
#define CHECK_ERROR(error, kind, fragment) check_error(&(error), kind, fragment, __FILE__, __LINE__)

#define RUN(promise, test)                                                                                             \
    do {                                                                                                               \
        report_failures_here = 0;                                                                                      \
        test();                                                                                                        \
        report_promise(report_failures_here == 0, promise, "");                                                        \
    } while (0)

/* The reason of a test with fork that is skipped. */
#define WITHOUT_FORK "Windows has no fork"

static inline void check_error(wazo_auth_error **error, wazo_auth_error_kind_t kind, const char *fragment,
                               const char *file, int line)
{
    const char *message = wazo_auth_error_message(*error);
    if (wazo_auth_error_kind(*error) != kind || (fragment != NULL && strstr(message, fragment) == NULL)) {
        report_failures_here++;
        note("%s:%d: expected an error of kind %d that says \"%s\", got kind %d (%s): %.300s", file, line, (int)kind,
             fragment == NULL ? "" : fragment, (int)wazo_auth_error_kind(*error),
             wazo_auth_error_kind_text(wazo_auth_error_kind(*error)), message);
    }
    wazo_auth_error_free(*error);
    *error = NULL;
}

/* The closing line, and the exit code. */
static inline int finish(void) { return report_end(); }

/* A client for those options, in pairs of key and value that end with NULL; the program ends where there is none. */
static inline wazo_auth_client *client_with_options(const char *const *pairs)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    bool good = true;
    for (; good && *pairs != NULL; pairs += 2) {
        good = strcmp(pairs[0], "url") == 0 ? wazo_auth_options_set_url(options, pairs[1], &error)
                                            : wazo_auth_options_set(options, pairs[0], pairs[1], &error);
    }
    if (good) {
        client = wazo_auth_client_new(options, &error);
    }
    wazo_auth_options_free(options);
    if (client == NULL) {
        note("no client to test with: %s", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        exit(2);
    }
    return client;
}

#endif
