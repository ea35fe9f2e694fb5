/* The verifier of the module: decides about tokens from memory that all processes of Kamailio share.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_VERIFIER_H
#define WAZO_AUTH_KAMAILIO_VERIFIER_H

#include <core/sr_module.h>
#include <wazo_auth_client.h>

#include "answer.h"
#include "question.h"

/* Sets options of the verifier, `key=value`, several separated by `;`. The last value of a key holds. Returns 0 on
 * success; verifier_create() checks the keys and values. */
int verifier_set(const char *list);

/* Creates the verifier. Call it before Kamailio forks, so that its processes share one memory. Returns 0 on success. */
int verifier_create(const wazo_auth_client *client);

void verifier_free(void);

/* The verifier; NULL before verifier_create(). */
wazo_auth_verifier *verifier_get(void);

/* If the answer is in memory, notes it for the message and returns true. It never blocks. */
bool verifier_recall(const struct sip_msg *msg, const struct question *question, enum answer *answer);

/* Decides, and notes the answer for the message. It blocks only if wazo-auth must be asked. */
enum answer verifier_decide(const struct sip_msg *msg, const struct question *question);

#endif
