/* Commands for the running Kamailio: what the verifier counted, and revocations.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_KAMAILIO_RPC_H
#define WAZO_AUTH_KAMAILIO_RPC_H

/* Registers wazo_auth.stats, wazo_auth.invalidate and wazo_auth.event. Returns 0 on success. */
int rpc_add_commands(void);

#endif
