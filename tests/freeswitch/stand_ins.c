/* Loads mod_wazo_auth.so, which was compiled against minimal/switch.h, and stands in for FreeSWITCH.
 *
 *     stand_ins MODULE settings.url=URL verifier.ttl_ms=60000 ...
 *
 * It reads commands from its standard input, a line each, and answers each with one line:
 *
 *     api NAME TEXT         runs an API command, without a call
 *     call-api NAME TEXT    runs it on the thread of a call
 *     set NAME VALUE        sets a variable of the channel, or removes it where there is no value
 *     app NAME DATA         runs an application on the thread of a call; prints the variables wazo_auth_* after it
 *     hangup-in MS          the caller of the next command hangs up after so many milliseconds
 *     end                   unloads the module
 *
 * What the module logs goes to the standard error.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <switch.h>

#define CALL_STACK_BYTES (240 * 1024) /* that of FreeSWITCH's threads for calls */

struct switch_channel {
    struct {
        char *name, *value;
    } variables[64];
    int count;
    _Atomic int state;
};
struct switch_core_session {
    struct switch_channel channel;
};

static switch_loadable_module_interface_t module_interface;
static struct switch_core_session session;
static struct switch_xml nodes[64], sections[2], root;
static char output[8192];

switch_loadable_module_interface_t *switch_loadable_module_create_module_interface(switch_memory_pool_t *pool,
                                                                                   const char *name)
{
    (void)pool;
    module_interface.module_name = name;
    return &module_interface;
}

void switch_log_printf(switch_text_channel_t channel, const char *file, const char *function, int line,
                       const char *user_data, switch_log_level_t level, const char *format, ...)
{
    va_list arguments;

    (void)channel, (void)file, (void)function, (void)line, (void)user_data;
    fprintf(stderr, "%d ", (int)level);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

switch_channel_t *switch_core_session_get_channel(switch_core_session_t *of)
{
    return &of->channel;
}

switch_channel_state_t switch_channel_get_state(switch_channel_t *channel)
{
    return (switch_channel_state_t)atomic_load(&channel->state);
}

static int find(const switch_channel_t *channel, const char *name)
{
    int index = 0;

    while (index < channel->count && strcmp(channel->variables[index].name, name) != 0) {
        index++;
    }
    return index;
}

const char *switch_channel_get_variable(switch_channel_t *channel, const char *name)
{
    int index = find(channel, name);

    return index < channel->count ? channel->variables[index].value : NULL;
}

/* FreeSWITCH removes a variable that is set to NULL. */
switch_status_t switch_channel_set_variable(switch_channel_t *channel, const char *name, const char *value)
{
    int index = find(channel, name);

    if (index == channel->count) {
        if (index == 64) {
            return SWITCH_STATUS_FALSE;
        }
        channel->variables[channel->count++].name = strdup(name);
    } else {
        free(channel->variables[index].value);
    }
    channel->variables[index].value = value ? strdup(value) : NULL;
    return SWITCH_STATUS_SUCCESS;
}

switch_xml_t switch_xml_open_cfg(const char *file_path, switch_xml_t *node, switch_event_t *params)
{
    (void)params;
    *node = &root;
    return strcmp(file_path, "wazo_auth.conf") == 0 && root.child ? &root : NULL;
}

switch_xml_t switch_xml_child(switch_xml_t xml, const char *name)
{
    if (xml != &root) {
        return strcmp(name, "param") == 0 ? xml->child : NULL;
    }
    for (switch_xml_t child = xml->child; child; child = child->next) {
        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }
    return NULL;
}

const char *switch_xml_attr_soft(switch_xml_t xml, const char *name)
{
    return strcmp(name, "name") == 0 ? xml->name : strcmp(name, "value") == 0 ? xml->value : "";
}

void switch_xml_free(switch_xml_t xml)
{
    (void)xml;
}

static switch_status_t write_output(switch_stream_handle_t *stream, const char *format, ...)
{
    size_t used = strlen(output);
    va_list arguments;

    (void)stream;
    va_start(arguments, format);
    vsnprintf(output + used, sizeof output - used, format, arguments);
    va_end(arguments);
    return SWITCH_STATUS_SUCCESS;
}

/* A command that runs on the thread of a call. */
struct work {
    switch_api_function_t api;
    switch_application_function_t application;
    const char *text;
};

static void *run_call(void *data)
{
    const struct work *work = data;
    switch_stream_handle_t stream = {write_output};

    if (work->api) {
        work->api(work->text, &session, &stream);
    } else {
        work->application(&session, work->text);
    }
    return NULL;
}

static void *hang_up(void *data)
{
    usleep((useconds_t)(long)data * 1000);
    atomic_store(&session.channel.state, CS_HANGUP);
    return NULL;
}

static void on_call_thread(struct work *work, long hang_up_ms)
{
    pthread_t call, caller;
    pthread_attr_t attributes;

    atomic_store(&session.channel.state, CS_EXECUTE);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, CALL_STACK_BYTES);
    if (pthread_create(&call, &attributes, run_call, work) != 0) {
        abort();
    }
    if (hang_up_ms >= 0 && pthread_create(&caller, NULL, hang_up, (void *)hang_up_ms) == 0) {
        pthread_join(caller, NULL);
    }
    pthread_join(call, NULL);
    pthread_attr_destroy(&attributes);
}

static void print_variables(void)
{
    const switch_channel_t *channel = &session.channel;

    for (int index = 0; index < channel->count; index++) {
        if (channel->variables[index].value && strncmp(channel->variables[index].name, "wazo_auth_", 10) == 0) {
            printf("%s=%s ", channel->variables[index].name + 10, channel->variables[index].value);
        }
    }
}

/* Runs the command of a line; returns false for one that does not exist. */
static bool run(const char *verb, const char *name, const char *text)
{
    static long hang_up_ms = -1;
    switch_stream_handle_t stream = {write_output};
    struct work work = {.text = text};

    output[0] = '\0';
    if (strcmp(verb, "set") == 0) {
        return switch_channel_set_variable(&session.channel, name, *text ? text : NULL) == SWITCH_STATUS_SUCCESS;
    }
    if (strcmp(verb, "hangup-in") == 0) {
        hang_up_ms = atol(name);
        return true;
    }
    for (int index = 0; index < module_interface.api_count; index++) {
        work.api = strcmp(module_interface.apis[index].interface_name, name) == 0 ? module_interface.apis[index].function
                                                                                  : work.api;
    }
    for (int index = 0; index < module_interface.application_count; index++) {
        if (strcmp(module_interface.applications[index].interface_name, name) == 0) {
            work.application = module_interface.applications[index].application_function;
        }
    }
    if (strcmp(verb, "api") == 0 && work.api) {
        work.api(text, NULL, &stream);
    } else if (strcmp(verb, "call-api") == 0 && work.api) {
        on_call_thread(&work, hang_up_ms);
    } else if (strcmp(verb, "app") == 0 && work.application) {
        work.api = NULL;
        on_call_thread(&work, hang_up_ms);
        print_variables();
    } else {
        return false;
    }
    hang_up_ms = -1;
    output[strcspn(output, "\n")] = '\0';
    printf("%s", output);
    return true;
}

/* settings.NAME=VALUE and verifier.NAME=VALUE become the configuration. */
static void configure(char **arguments, int count)
{
    root.child = count > 0 ? &sections[0] : NULL;
    sections[0] = (struct switch_xml){.name = "settings", .next = &sections[1]};
    sections[1] = (struct switch_xml){.name = "verifier"};
    for (int index = 0; index < count && index < 64; index++) {
        char *name = strchr(arguments[index], '.'), *value = name ? strchr(name, '=') : NULL;
        switch_xml_t section = &sections[strncmp(arguments[index], "verifier.", 9) == 0], *end = &section->child;

        if (!value) {
            fprintf(stderr, "expected settings.NAME=VALUE or verifier.NAME=VALUE, not %s\n", arguments[index]);
            exit(2);
        }
        *value = '\0';
        nodes[index] = (struct switch_xml){.name = name + 1, .value = value + 1};
        while (*end) {
            end = &(*end)->next;
        }
        *end = &nodes[index];
    }
}

int main(int count, char **arguments)
{
    switch_loadable_module_interface_t *loaded = NULL;
    const switch_loadable_module_function_table_t *table;
    void *module = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    char line[8192];

    if (!module || !(table = dlsym(module, "mod_wazo_auth_module_interface"))) {
        fprintf(stderr, "no module: %s\n", count > 1 ? dlerror() : "stand_ins MODULE settings.NAME=VALUE ...");
        return 2;
    }
    configure(arguments + 2, count - 2);
    if (table->load(&loaded, NULL) != SWITCH_STATUS_SUCCESS || loaded != &module_interface) {
        puts("not loaded");
        return 1;
    }
    puts("loaded");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char *verb = strtok(line, " \n"), *name = strtok(NULL, " \n"), *text = strtok(NULL, "\n");

        if (verb && strcmp(verb, "end") == 0) {
            break;
        }
        if (!verb || !name || !run(verb, name, text ? text : "")) {
            printf("no such command");
        }
        puts("");
        fflush(stdout);
    }
    table->shutdown();
    for (int index = 0; index < session.channel.count; index++) {
        free(session.channel.variables[index].name);
        free(session.channel.variables[index].value);
    }
    dlclose(module);
    puts("unloaded");
    return 0;
}
