/* What a check found out: the values that scripts see, the last answer of this process, counters and warnings.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_ANSWER_H
#define WAZO_AUTH_KAMAILIO_ANSWER_H

#include <core/pvar.h>
#include <wazo_auth_client.h>

/* The functions' return codes and the values of $wazo_auth_result. A script's `if` takes only the first for true, so
 * that it refuses in doubt. */
enum answer {
    ANSWER_YES = 1,
    ANSWER_NO = -1,
    ANSWER_UNKNOWN = -2, /* it could not be found out */
};

/* Registers the counters wazo_auth.yes, wazo_auth.no and wazo_auth.unknown. 0 when done. */
int answer_init(void);

/* Keeps the answer for $wazo_auth_result and $wazo_auth_error, counts it, and warns where it is none.
 *
 * msg is what was asked about: only for that message the variables have a value, so that a script never sees the answer
 * to another one. kind is the error's name where the answer is unknown; message explains it, NULL where that was logged
 * already. Returns the answer. */
enum answer answer_note(const struct sip_msg *msg, enum answer answer, const char *kind, const char *message);

/* The same for what a call to the library ended with; frees nothing. */
enum answer answer_note_call(const struct sip_msg *msg, bool yes, const wazo_auth_error *error);

/* Between these two, the last answer is that of the transaction being resumed, whichever message stands for it. */
void answer_resume_begins(void);
void answer_resume_ends(void);

/* $wazo_auth_result and $wazo_auth_error. */
int answer_get_result(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);
int answer_get_error(struct sip_msg *msg, pv_param_t *param, pv_value_t *value);

#endif
