/* Every exported function is called with NULL for everything: an error that is clear, and never a crash.
 *
 * The calls are written by every_symbol.py from the header, so that no function can be forgotten.
 */
#include "check.h"

enum expectation { MUST_REFUSE, MAY_REFUSE, NO_ERROR_WANTED };

static wazo_auth_error *error;
static int calls_made;

static void called(const char *call, bool holds)
{
    calls_made++;
    report_check(holds, call, "must have a result", 0);
}

/* What a call with an `error` promises: it succeeds and writes none, or fails and writes one. (A question may answer
 * false without an error: no.) With NULL in the place of a handle it fails, and says that an argument is wrong. */
static void judge(const char *call, bool succeeded, bool may_say_no, enum expectation expected)
{
    called(call, true);
    if (expected == NO_ERROR_WANTED) {
        return;
    }
    if (succeeded) {
        report_check(error == NULL, call, "no error on success", 0);
    } else if (expected == MUST_REFUSE || !may_say_no) {
        report_check(error != NULL, call, "an error on failure", 0);
    }
    if (expected == MUST_REFUSE) {
        report_check(!succeeded, call, "must be refused", 0);
        report_check(wazo_auth_error_kind(error) == WAZO_AUTH_ERROR_INVALID_ARGUMENT, call, "invalid argument", 0);
        report_check(strstr(wazo_auth_error_message(error), "argument") != NULL, call, "the argument is named", 0);
    }
    wazo_auth_error_free(error);
    error = NULL;
}

#include "every_symbol_calls.h"

int main(void)
{
    /* A port on which nothing listens: what passes the checks of arguments ends as `connect`, at once. */
    const char *const pairs[] = {"url", "http://127.0.0.1:1", "timeout_ms", "5000", NULL};
    wazo_auth_client *client = client_with_options(pairs);
    for (size_t index = 0; index < sizeof functions / sizeof functions[0]; index++) {
        functions[index](client);
    }
    wazo_auth_client_free(client);
    char promise[160];
    snprintf(promise, sizeof promise,
             "each of the %d functions of the header meets NULL with a clear error or none, and without a crash (%d calls)",
             FUNCTIONS_IN_HEADER, calls_made);
    report_promise(report_failures_here == 0, promise, "");
    return finish();
}
