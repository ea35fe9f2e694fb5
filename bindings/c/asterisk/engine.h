/* What all channels use together: the client of wazo-auth, and the verifier that decides about tokens.
 *
 * There is one engine at a time. A reload replaces it; a check that is running then finishes with the one that it began
 * with, because each engine is an ao2 object with a reference count.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef WAZO_AUTH_ASTERISK_ENGINE_H
#define WAZO_AUTH_ASTERISK_ENGINE_H

#include <stdbool.h>

#include <wazo_auth_client.h>

struct engine {
    wazo_auth_client *client;
    wazo_auth_verifier *verifier;
    wazo_auth_cancellation *cancellation; /* ends the running checks when the module is unloaded */
};

/* Creates an engine. verifier_options is a JSON object. Returns NULL on failure, with an error that the caller frees.
 * Release it with ao2_cleanup(). */
struct engine *engine_create(const wazo_auth_options *options, const char *verifier_options, wazo_auth_error **error);

/* Puts an engine in the place of the present one. The caller keeps its own reference. */
void engine_use(struct engine *engine);

/* The present engine, with a reference for the caller: release it with ao2_cleanup(). NULL if there is none. */
struct engine *engine_get(void);

/* Ends the running checks, and releases the present engine. */
void engine_end(void);

#endif
