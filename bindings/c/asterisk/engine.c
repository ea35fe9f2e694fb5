/* The client and the verifier of the module. See engine.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "asterisk.h"

#include "asterisk/astobj2.h"

#include "engine.h"

static AO2_GLOBAL_OBJ_STATIC(present);

static void destroy(void *object)
{
    struct engine *engine = object;

    wazo_auth_verifier_free(engine->verifier);
    wazo_auth_client_free(engine->client);
    wazo_auth_cancellation_free(engine->cancellation);
}

struct engine *engine_create(const wazo_auth_options *options, const char *verifier_options, wazo_auth_error **error)
{
    struct engine *engine = ao2_alloc_options(sizeof(*engine), destroy, AO2_ALLOC_OPT_LOCK_NOLOCK);
    wazo_auth_client *plain;

    if (!engine) {
        return NULL;
    }
    engine->cancellation = wazo_auth_cancellation_new();
    plain = wazo_auth_client_new(options, error);
    if (plain) {
        engine->client = wazo_auth_client_with_cancellation(plain, engine->cancellation, error);
        wazo_auth_client_free(plain);
    }
    if (engine->client) {
        engine->verifier = wazo_auth_verifier_new(engine->client, verifier_options, error);
    }
    if (!engine->verifier) {
        ao2_ref(engine, -1);
        return NULL;
    }
    return engine;
}

void engine_use(struct engine *engine)
{
    ao2_global_obj_replace_unref(present, engine);
}

struct engine *engine_get(void)
{
    return ao2_global_obj_ref(present);
}

void engine_end(void)
{
    struct engine *engine = ao2_global_obj_replace(present, NULL);

    if (engine) {
        wazo_auth_cancellation_cancel(engine->cancellation);
        ao2_ref(engine, -1);
    }
}
