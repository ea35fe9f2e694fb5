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

/* Keeps the answer for $wazo_auth_result and $wazo_auth_error, counts it, and logs a warning if it is ANSWER_UNKNOWN.
 *
 * msg is the message that the question was about. The variables have a value for that message only, so that a script
 * never sees the answer for another one. For ANSWER_UNKNOWN, kind is the kind of the error and message explains it; a
 * NULL message is not logged. Returns the answer. */
enum answer answer_note(const struct sip_msg *msg, enum answer answer, const char *kind, const char *message);

/* The same for a decision of the verifier: its JSON, of which a copy is kept, or NULL and the error. It frees neither. */
enum answer answer_note_decision(const struct sip_msg *msg, bool yes, const char *decision,
                                 const wazo_auth_error *error);

/* Between these two calls, the last answer belongs to the transaction that is being resumed. */
void answer_resume_begins(void);
void answer_resume_ends(void);

/* $wazo_auth(NAME): whose the token of the last decision is. The text is valid until the next call; NULL if there is none. */
extern const char *const answer_names[];
int answer_parse_name(pv_spec_t *variable, str *name);
int answer_get_identity(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);
const char *answer_identity(const struct sip_msg *msg, const char *name);

/* $wazo_auth_result and $wazo_auth_error. */
int answer_get_result(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);
int answer_get_error(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);

#endif
