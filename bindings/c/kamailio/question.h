/* What is asked: a script's parameters, evaluated for one message.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_QUESTION_H
#define WAZO_AUTH_KAMAILIO_QUESTION_H

#include <core/sr_module.h>

#include "answer.h"

/* Texts of one's own, in the private memory of the process. */
struct question {
    char *token;
    char *acl;    /* NULL: whether the token is valid at all */
    char *tenant; /* NULL: whichever */
};

/* Prepares a parameter of the script when it is loaded: a text with variables in it. 0 when done. */
int question_fix(void **param, int number);

/* Evaluates the parameters; acl and tenant are NULL where the script's call does not have them.
 *
 * False where nothing is to be asked because the answer is known already; it is noted and written to *answer then. No
 * token is a no. An access or a tenant that turns out empty is an error rather than a question that asks for less. */
bool question_read(struct question *question, struct sip_msg *msg, char *token, char *acl, char *tenant,
                   enum answer *answer);

void question_free(struct question *question);

/* Writes the arguments of the operation `token.check` as JSON, with the closing NUL, and returns their length without
 * it. NULL for `to` only counts. */
size_t question_to_json(const struct question *question, char *to);

#endif
