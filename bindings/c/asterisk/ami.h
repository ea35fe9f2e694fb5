/* The actions of AMI: WazoAuthCheck, WazoAuthInvalidate and WazoAuthEvent.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_AMI_H
#define WAZO_AUTH_ASTERISK_AMI_H

/* Return 0 on success. */
int ami_register(void);
int ami_unregister(void);

#endif
