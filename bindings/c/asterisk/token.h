/* Reads the token that a dialplan function is about.
 *
 * The dialplan gives the name of the variable, and not its value. The reason: Asterisk replaces ${...} inside of the
 * arguments of a function before it looks where the arguments end. A caller who sends
 *     X-Wazo-Token: TOKEN,confd.users.read):0
 * would otherwise choose the access that is asked for, and the arguments behind the token would be lost.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_TOKEN_H
#define WAZO_AUTH_ASTERISK_TOKEN_H

#include <stdbool.h>

#include "asterisk.h"
#include "asterisk/strings.h"

struct ast_channel;

/* Reads a variable of the channel, or a SIP header with PJSIP_HEADER(...) or SIP_HEADER(...). Without a value the token is
 * empty. chan may be NULL; then it reads a global variable. Returns false if it is no such name, or without memory; the
 * name is then perhaps a token, so it is not logged. */
bool token_read(struct ast_channel *chan, const char *name, struct ast_str **token);

#endif
