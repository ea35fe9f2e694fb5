/* What every test program in C and C++ says: a line for each promise, and the counts as the last one.
 *
 *     ok - nothing is lost                 not ok - nothing is lost: 3 of 4
 *     #   what was seen, before it         2 passed, 1 failed
 *
 * tests/support/report.py reads it.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* One count for the whole program: C programs are one file, C++ programs several. */
#ifdef __cplusplus
#define REPORT_SHARED inline
#else
#define REPORT_SHARED static
#endif

/* Promises held and not held; checks that failed in the test that runs. */
REPORT_SHARED int report_passed, report_failed, report_failures_here;

/* Goes on after a failure: what follows may tell more, and frees what is held. */
#define CHECK(condition) report_check((condition), #condition, __FILE__, __LINE__)

/* MinGW has two functions of that name: one as in C, which is taken by default, and one of Windows'. */
#ifdef __MINGW_PRINTF_FORMAT
#define REPORT_FORMAT __MINGW_PRINTF_FORMAT
#else
#define REPORT_FORMAT printf
#endif

/* Says what was seen. */
__attribute__((format(REPORT_FORMAT, 1, 2))) static inline void note(const char *format, ...)
{
    va_list arguments;
    char line[1024];
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    printf("#   %s\n", line);
    fflush(stdout);
}

static inline bool report_check(bool holds, const char *what, const char *file, int line)
{
    if (!holds) {
        report_failures_here++;
        note("%s:%d: does not hold: %s", file, line, what);
    }
    return holds;
}

/* The line of a promise; with a figure, where that is not empty. */
static inline bool report_promise(bool holds, const char *what, const char *figure)
{
    ++*(holds ? &report_passed : &report_failed);
    printf("%s - %s%s%s\n", holds ? "ok" : "not ok", what, *figure ? ": " : "", figure);
    fflush(stdout);
    return holds;
}

/* The line of a promise that this system has no use for, or no way to test. */
static inline void report_skip(const char *what, const char *reason)
{
    printf("skipped - %s (%s)\n", what, reason);
    fflush(stdout);
}

/* The last line; gives the exit status. A program without a promise has not passed. */
static inline int report_end(void)
{
    printf("%d passed, %d failed\n", report_passed, report_failed);
    return report_failed == 0 && report_passed > 0 ? 0 : 1;
}

#endif
