/* The least of FreeSWITCH's interface that mod_wazo_auth.c uses, to compile it where FreeSWITCH cannot be had.
 *
 * Written for this test, from what the documentation of FreeSWITCH 1.10 and modules in public say about names, parameters
 * and use. It is not FreeSWITCH's header: layouts and numbers are other ones, so a module that is compiled against it
 * can only be loaded by stand_ins.c. Build modules for FreeSWITCH against its own headers.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef MINIMAL_SWITCH_H
#define MINIMAL_SWITCH_H

#include <stdint.h>
#include <stdio.h>

typedef enum { SWITCH_STATUS_SUCCESS, SWITCH_STATUS_FALSE } switch_status_t;
typedef enum { SWITCH_LOG_ERROR, SWITCH_LOG_WARNING, SWITCH_LOG_INFO, SWITCH_LOG_DEBUG } switch_log_level_t;
typedef enum { SWITCH_CHANNEL_ID_LOG, SWITCH_CHANNEL_ID_SESSION } switch_text_channel_t;
typedef enum { CS_NEW, CS_ROUTING, CS_EXECUTE, CS_HANGUP } switch_channel_state_t;
enum { SAF_SUPPORT_NOMEDIA = 1, SAF_ROUTING_EXEC = 2 };

typedef struct switch_channel switch_channel_t;
typedef struct switch_core_session switch_core_session_t;
typedef struct switch_memory_pool switch_memory_pool_t;
typedef struct switch_event switch_event_t;
typedef struct switch_xml *switch_xml_t;
typedef struct switch_stream_handle switch_stream_handle_t;

/* Members that modules use directly. */
struct switch_xml {
    const char *name, *value; /* of a <param>; stand_ins.c has no other attributes */
    switch_xml_t child, next;
};
struct switch_stream_handle {
    switch_status_t (*write_function)(switch_stream_handle_t *stream, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
};

/* What a module offers. */
typedef switch_status_t (*switch_api_function_t)(const char *cmd, switch_core_session_t *session,
                                                 switch_stream_handle_t *stream);
typedef void (*switch_application_function_t)(switch_core_session_t *session, const char *data);
typedef struct {
    const char *interface_name, *desc, *syntax;
    switch_api_function_t function;
} switch_api_interface_t;
typedef struct {
    const char *interface_name, *short_desc, *long_desc, *syntax;
    switch_application_function_t application_function;
    uint32_t flags;
} switch_application_interface_t;
typedef struct switch_loadable_module_interface {
    const char *module_name;
    switch_api_interface_t apis[8];
    switch_application_interface_t applications[8];
    int api_count, application_count;
} switch_loadable_module_interface_t;
typedef switch_status_t (*switch_module_load_t)(switch_loadable_module_interface_t **module_interface,
                                                switch_memory_pool_t *pool);
typedef struct {
    switch_module_load_t load;
    switch_status_t (*shutdown)(void);
} switch_loadable_module_function_table_t;

#define SWITCH_MODULE_LOAD_FUNCTION(name)                                                                              \
    switch_status_t name(switch_loadable_module_interface_t **module_interface, switch_memory_pool_t *pool)
#define SWITCH_MODULE_SHUTDOWN_FUNCTION(name) switch_status_t name(void)
#define SWITCH_MODULE_DEFINITION(name, load, shutdown, runtime)                                                        \
    static const char modname[] = #name;                                                                               \
    const switch_loadable_module_function_table_t name##_module_interface = {load, shutdown}
#define SWITCH_STANDARD_API(name)                                                                                      \
    static switch_status_t name(const char *cmd, switch_core_session_t *session, switch_stream_handle_t *stream)
#define SWITCH_STANDARD_APP(name) static void name(switch_core_session_t *session, const char *data)

#define SWITCH_ADD_API(variable, name, description, pointer, text)                                                     \
    do {                                                                                                               \
        variable = &(*module_interface)->apis[(*module_interface)->api_count++];                                       \
        *variable = (switch_api_interface_t){name, description, text, pointer};                                        \
    } while (0)
#define SWITCH_ADD_APP(variable, name, short_text, long_text, pointer, text, bits)                                     \
    do {                                                                                                               \
        variable = &(*module_interface)->applications[(*module_interface)->application_count++];                       \
        *variable = (switch_application_interface_t){name, short_text, long_text, text, pointer, bits};                \
    } while (0)
switch_loadable_module_interface_t *switch_loadable_module_create_module_interface(switch_memory_pool_t *pool,
                                                                                   const char *name);

/* Log. */
#define SWITCH_CHANNEL_LOG SWITCH_CHANNEL_ID_LOG, __FILE__, __func__, __LINE__, NULL
#define SWITCH_CHANNEL_SESSION_LOG(session) SWITCH_CHANNEL_ID_SESSION, __FILE__, __func__, __LINE__, (const char *)(session)
void switch_log_printf(switch_text_channel_t channel, const char *file, const char *function, int line,
                       const char *user_data, switch_log_level_t level, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* Calls. */
switch_channel_t *switch_core_session_get_channel(switch_core_session_t *session);
switch_channel_state_t switch_channel_get_state(switch_channel_t *channel);
#define switch_channel_down_nosig(channel) (switch_channel_get_state(channel) >= CS_HANGUP)
const char *switch_channel_get_variable(switch_channel_t *channel, const char *name);
switch_status_t switch_channel_set_variable(switch_channel_t *channel, const char *name, const char *value);

/* Configuration. */
switch_xml_t switch_xml_open_cfg(const char *file_path, switch_xml_t *node, switch_event_t *params);
switch_xml_t switch_xml_child(switch_xml_t xml, const char *name);
const char *switch_xml_attr_soft(switch_xml_t xml, const char *name);
void switch_xml_free(switch_xml_t xml);

#endif
