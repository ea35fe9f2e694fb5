/* The module's functions for scripts in Lua, Python, JavaScript ... (Kamailio's KEMI).
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_KEMI_H
#define WAZO_AUTH_KAMAILIO_KEMI_H

/* Registers KSR.wazo_auth. Returns 0 on success. */
int kemi_register(void);

#endif
