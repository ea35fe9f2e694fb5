/* The dialplan functions WAZO_AUTH() and WAZO_AUTH_IDENTITY().
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_FUNCTION_H
#define WAZO_AUTH_ASTERISK_FUNCTION_H

/* Return 0 on success. */
int function_register(void);
int function_unregister(void);

#endif
