/* The commands of Asterisk's CLI: wazo auth ...
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_CLI_H
#define WAZO_AUTH_ASTERISK_CLI_H

/* Return 0 on success. */
int cli_register(void);
int cli_unregister(void);

#endif
