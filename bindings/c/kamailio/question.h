/* A question to wazo-auth: the parameters of a script's function, evaluated for one message.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_QUESTION_H
#define WAZO_AUTH_KAMAILIO_QUESTION_H

#include <core/sr_module.h>

#include "answer.h"

/* Copies of the texts, in the private memory of the process; freed by question_free(). */
struct question {
    char *token;
    char *acl;    /* NULL: only ask whether the token is valid */
    char *tenant; /* NULL: any tenant */
};

/* The same, in memory that the caller provides. */
struct packed_question {
    const char *token, *acl, *tenant;
};

/* Prepares a parameter when the script is loaded: a text with variables in it. Returns 0 on success. */
int question_fix(void **param, int number);

/* Evaluates the parameters. acl and tenant are NULL if the script's call does not have them.
 *
 * Returns false if the answer is known without asking; it is then noted and written to *answer. A missing or empty
 * token is a no. An empty access or tenant is an error: leaving it out would ask for less than the script meant. */
bool question_read(struct question *question, struct sip_msg *msg, char *token, char *acl, char *tenant,
                   enum answer *answer);

/* Whether the verifier knows the answer. It does not ask. */
bool question_is_known(const struct question *question, const wazo_auth_verifier *verifier);

/* Asks the verifier, which asks wazo-auth if needed, and notes the answer. */
enum answer question_ask(const struct question *question, const struct sip_msg *msg, const wazo_auth_verifier *verifier);

void question_free(struct question *question);

/* The number of bytes that question_pack() needs. */
size_t question_size(const struct question *question);

/* Copies the question to a space of question_size() bytes, such as shared memory. */
void question_pack(const struct question *question, struct packed_question *packed, char *space);

#endif
