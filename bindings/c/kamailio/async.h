/* The asynchronous check: unless the answer is known, it suspends the transaction, and a process of the module resumes
 * it when the answer has arrived. No SIP worker waits for wazo-auth.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_ASYNC_H
#define WAZO_AUTH_KAMAILIO_ASYNC_H

#include <core/sr_module.h>

#include "question.h"

/* The module parameters of the same names. */
struct async_settings {
    int workers; /* the number of processes that wait for answers; 0 for none */
    int limit;   /* the maximum number of calls in flight in each of them */
    long timeout_ms;
};

/* Announces the processes of the module, before Kamailio forks. Without tm, or with 0 workers, there are none. Returns
 * 0 on success. */
int async_init(const struct async_settings *settings);

/* Forks them, in Kamailio's main process. Returns 0 on success; does not return in the forked processes. */
int async_fork(void);

/* Prepares the parameters of async_check(); a route that does not exist is an error when the script is loaded. */
int async_fix(void **param, int number);

/* wazo_auth_check_async(token, acl, route [, tenant]). Returns the answer if it is known, and 0, which ends the script,
 * if the transaction is suspended. */
int async_check(struct sip_msg *msg, char *token, char *acl, char *route, char *tenant);

/* Whether there are processes that wait for answers. */
bool async_is_possible(void);

/* Suspends the transaction and asks. The script continues in the route of that index, or in the KEMI function `callback`
 * if that is not NULL. Returns 0 if the transaction is suspended, otherwise the answer, ANSWER_UNKNOWN. */
int async_ask(struct sip_msg *msg, struct question *question, int route, const char *callback);

#endif
