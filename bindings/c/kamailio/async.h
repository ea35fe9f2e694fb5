/* The asynchronous check: the transaction is suspended, and resumed in a process of the module's own when the answer
 * has come, so that no SIP worker waits for wazo-auth.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_ASYNC_H
#define WAZO_AUTH_KAMAILIO_ASYNC_H

#include <core/sr_module.h>
#include <wazo_auth_client.h>

/* The modparams of the same names. */
struct async_settings {
    int workers; /* processes that wait for answers; 0 for none */
    int limit;   /* calls that each of them has under way at most */
    long timeout_ms;
};

/* Before the processes are forked: announces the module's own ones. Without tm, or with 0 workers, there are none.
 * 0 when done. */
int async_init(const struct async_settings *settings, const wazo_auth_client *client);

/* In Kamailio's main process: forks them. 0 when done; does not return in a forked one. */
int async_fork(void);

/* Prepares the parameters of async_check(); a route that does not exist is an error when the script is loaded. */
int async_fix(void **param, int number);

/* wazo_auth_check_async(token, acl, route [, tenant]). 0, which ends the script, where the transaction is suspended. */
int async_check(struct sip_msg *msg, char *token, char *acl, char *route, char *tenant);

#endif
