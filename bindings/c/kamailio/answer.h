/* The result of a check: the values that scripts see, the last answer of this process, counters and warnings.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_ANSWER_H
#define WAZO_AUTH_KAMAILIO_ANSWER_H

#include <core/pvar.h>
#include <wazo_auth_client.h>

/* The return codes of the script's functions, and the values of $wazo_auth_result. Only ANSWER_YES is true in a
 * script's `if`. */
enum answer {
    ANSWER_YES = 1,
    ANSWER_NO = -1,
    ANSWER_UNKNOWN = -2, /* wazo-auth could not be asked */
};

/* Registers the counters wazo_auth.yes, wazo_auth.no and wazo_auth.unknown. Returns 0 on success. */
int answer_init(void);

/* Keeps the answer for the script's variables, counts it, and logs a warning if it is ANSWER_UNKNOWN.
 *
 * msg is the message that the question was about. The variables have a value for that message only, so that a script
 * never sees the answer for another one. For ANSWER_UNKNOWN, kind is the kind of the error and message explains it; a
 * NULL message is not logged. Returns the answer. */
enum answer answer_note(const struct sip_msg *msg, enum answer answer, const char *kind, const char *message);

/* The same for what the verifier said: decision is its JSON, NULL if there is an error. It copies what it needs. */
enum answer answer_note_decision(const struct sip_msg *msg, bool yes, const char *decision,
                                 const wazo_auth_error *error);

/* Between these two calls, the last answer belongs to the transaction that is being resumed; its request was received
 * by the process `pid`. */
void answer_resume_begins(int pid);
void answer_resume_ends(void);

/* The answer for the message; 0 if there is none. */
int answer_of(const struct sip_msg *msg);

/* A member of the last decision for the message, by its name: "user_uuid", "verdict" ... NULL if it has no value. The
 * text is valid until the next answer of this process is noted. */
const char *answer_member(const struct sip_msg *msg, const str *name);

/* $wazo_auth_result and $wazo_auth_error. */
int answer_get_result(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);
int answer_get_error(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);

/* $wazo_auth(NAME). A name that does not exist is an error when the script is loaded. */
int answer_parse_name(pv_spec_t *variable, str *name);
int answer_get_member(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);

#endif
