/* Reads res_wazo_auth.conf.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_CONFIG_H
#define WAZO_AUTH_ASTERISK_CONFIG_H

#include <stdbool.h>

/* Reads the file, and has all further checks made with what it says. With is_reload, a file that has not changed since is
 * not read again, so that what the verifier knows is kept. Returns false, and changes nothing, if there is no file or an
 * option in it is wrong; the log says which. */
bool config_apply(bool is_reload);

#endif
