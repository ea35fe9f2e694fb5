/* A check of a token: the question, and what was decided.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_CHECK_H
#define WAZO_AUTH_ASTERISK_CHECK_H

#include <stdbool.h>

struct ast_channel;

enum status {
    STATUS_YES,       /* wazo-auth says yes */
    STATUS_NO,        /* it says no, or there is no token */
    STATUS_UNDECIDED, /* it could not be asked, or the question is malformed */
    STATUSES
};

/* No longer text is taken for a token. wazo-auth's own have 36 characters. */
enum { LONGEST_TOKEN = 1024 };

struct decision {
    enum status status;
    char *json;     /* what the verifier decided; NULL if it did not */
    char error[32]; /* the kind of the error if undecided, such as "timeout"; otherwise empty */
};

/* The members of a decision that have a channel variable, and their number. */
extern const char *const check_members[];
enum { CHECK_MEMBERS = 6 };

/* Decides about a token. Blocks until the answer is known, at most for timeout_ms; what is known already is decided
 * without waiting. An empty token is a no, without asking.
 *
 * access and tenant are NULL to leave them out; if empty or malformed, the check stays undecided, because leaving them
 * out would ask for less than was meant. chan is the channel that the check is for, or NULL; the check ends undecided
 * when it hangs up. Free the decision with check_free(). */
void check_decide(struct ast_channel *chan, const char *token, const char *access, const char *tenant,
                  struct decision *decision);

/* A decision without asking: the question is malformed. The reason is logged; it must not contain the token. */
void check_refuse(struct decision *decision, const char *reason);

/* "yes", "no" or "undecided". */
const char *check_status_text(enum status status);

/* A member of the decision: one of check_members, or `metadata/NAME`. NULL if it has no value; free it with
 * wazo_auth_string_free(). */
char *check_member(const struct decision *decision, const char *name);

void check_free(struct decision *decision);

/* How many checks had each status since the module was loaded. */
int check_count(enum status status);

/* Every function that Asterisk calls begins and ends with these, so that check_wait_until_idle() waits for it. Asterisk
 * counts the uses of a module, too, but does not wait for them if it is forced to unload it. */
void check_enter(void);
void check_leave(void);
void check_wait_until_idle(void);

#endif
