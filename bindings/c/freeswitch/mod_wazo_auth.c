/* mod_wazo_auth, a module for FreeSWITCH: checks the permissions of tokens with wazo-auth. See README.md.
 *
 * NOT PROVEN in a real FreeSWITCH: its headers could not be had where this was written. The test compiles it against
 * declarations of the same names, and runs it with stand-ins for FreeSWITCH's functions.
 *
 * One client and one verifier serve all calls. A call has a thread of its own, so that a check may block it; it ends when
 * the caller hangs up.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <switch.h>
#include <wazo_auth_client.h>

SWITCH_MODULE_LOAD_FUNCTION(mod_wazo_auth_load);
SWITCH_MODULE_SHUTDOWN_FUNCTION(mod_wazo_auth_shutdown);
SWITCH_MODULE_DEFINITION(mod_wazo_auth, mod_wazo_auth_load, mod_wazo_auth_shutdown, NULL);

static const char check_syntax[] = "TOKEN ACCESS [TENANT]; ACCESS is - if the token only has to be valid";
static const char application_syntax[] = "VARIABLE ACCESS [TENANT]; VARIABLE is the channel variable with the token";
static const char control_syntax[] = "stats | event JSON | invalidate token|session|user|tenant ID | invalidate all";

/* The members of a decision that become channel variables of the name wazo_auth_MEMBER. */
static const char *const members[] = {"user_uuid", "tenant_uuid", "session_uuid", "auth_id", "is_stale"};
enum { MEMBERS = sizeof members / sizeof members[0] };

static wazo_auth_client *client;
static wazo_auth_verifier *verifier;

/* A caller waits: the library's own default is too long. */
static const char default_timeout_ms[] = "1000";

/* Splits the text at its spaces, in place. Returns the number of words; `most` + 1 if there are more than `most`. */
static int split(char *text, const char **words, int most)
{
    char *state = NULL;
    int count = 0;

    for (char *word = strtok_r(text, " ", &state); word && count <= most; word = strtok_r(NULL, " ", &state)) {
        if (count < most) {
            words[count] = word;
        }
        count++;
    }
    return count;
}

/* Whether the caller is still there. The library asks this while a check of the call's thread waits. */
static bool goes_on(void *channel)
{
    return !switch_channel_down_nosig((switch_channel_t *)channel);
}

/* Decides. Returns the verdict: "allowed" and nothing else means yes. *decision receives the library's JSON, to be freed
 * with wazo_auth_string_free(), and *kind the kind of the error; one of them is NULL. channel may be NULL. */
static const char *decide(switch_channel_t *channel, const char *token, const char *access, const char *tenant,
                          char **decision, const char **kind)
{
    static const char *const verdicts[] = {"invalid_token", "missing_access", "wrong_tenant"};
    const char *verdict = "unknown";
    wazo_auth_error *error = NULL;
    bool is_yes;

    *decision = NULL;
    *kind = NULL;
    if (channel) {
        wazo_auth_set_interrupt_check(goes_on, channel);
    }
    is_yes = wazo_auth_verifier_decide(verifier, token, strcmp(access, "-") == 0 ? NULL : access, tenant, decision, &error);
    if (channel) {
        wazo_auth_set_interrupt_check(NULL, NULL);
    }
    if (is_yes) {
        verdict = "allowed";
    } else if (*decision) {
        char *said = wazo_auth_json_get(*decision, "/verdict", NULL);
        for (size_t index = 0; said && index < sizeof verdicts / sizeof verdicts[0]; index++) {
            verdict = strcmp(said, verdicts[index]) == 0 ? verdicts[index] : verdict;
        }
        wazo_auth_string_free(said);
    } else {
        *kind = wazo_auth_error_kind_text(wazo_auth_error_kind(error));
        switch_log_printf(SWITCH_CHANNEL_LOG, SWITCH_LOG_WARNING, "wazo_auth: no answer (%s): %s\n", *kind,
                          wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
    return verdict;
}

/* The API command wazo_auth: prints the verdict, one word. */
SWITCH_STANDARD_API(check_api)
{
    char *text = cmd ? strdup(cmd) : NULL, *decision;
    const char *words[3] = {NULL, NULL, NULL}, *kind;
    int count = text ? split(text, words, 3) : 0;

    /* A variable without a value in the dialplan leaves a word out: that must not ask for less than was meant. */
    if (count < 2 || count > 3) {
        stream->write_function(stream, "-USAGE: %s\n", check_syntax);
    } else {
        switch_channel_t *channel = session ? switch_core_session_get_channel(session) : NULL;
        stream->write_function(stream, "%s", decide(channel, words[0], words[1], words[2], &decision, &kind));
        wazo_auth_string_free(decision);
    }
    free(text);
    return SWITCH_STATUS_SUCCESS;
}

/* Writes the verdict, and whose the token is, to the variables of the channel. What was there before goes. */
static void set_variables(switch_channel_t *channel, const char *verdict, const char *decision, const char *kind)
{
    switch_channel_set_variable(channel, "wazo_auth_status", verdict);
    switch_channel_set_variable(channel, "wazo_auth_error", kind);
    for (int index = 0; index < MEMBERS; index++) {
        char name[32], path[32], *value;

        snprintf(name, sizeof name, "wazo_auth_%s", members[index]);
        snprintf(path, sizeof path, "/%s", members[index]);
        value = decision ? wazo_auth_json_get(decision, path, NULL) : NULL;
        switch_channel_set_variable(channel, name, value);
        wazo_auth_string_free(value);
    }
}

/* The dialplan application wazo_auth. It takes the name of the variable with the token, since FreeSWITCH writes what an
 * application is given to its log. */
SWITCH_STANDARD_APP(check_application)
{
    switch_channel_t *channel = switch_core_session_get_channel(session);
    char *text = data ? strdup(data) : NULL, *decision = NULL;
    const char *words[3] = {NULL, NULL, NULL}, *kind = "invalid_argument", *verdict = "unknown";
    int count = text ? split(text, words, 3) : 0;

    set_variables(channel, verdict, NULL, NULL);
    if (count < 2 || count > 3) {
        switch_log_printf(SWITCH_CHANNEL_SESSION_LOG(session), SWITCH_LOG_ERROR, "wazo_auth: expected %s\n",
                          application_syntax);
    } else {
        const char *token = switch_channel_get_variable(channel, words[0]);
        if (token && *token) {
            verdict = decide(channel, token, words[1], words[2], &decision, &kind);
        } else {
            verdict = "no_token";
            kind = NULL;
        }
    }
    set_variables(channel, verdict, decision, kind);
    wazo_auth_string_free(decision);
    free(text);
}

/* Prints +OK and a text, or -ERR and what was wrong. */
static void print_result(switch_stream_handle_t *stream, const char *text, wazo_auth_error *error)
{
    if (error) {
        stream->write_function(stream, "-ERR %s\n", wazo_auth_error_message(error));
    } else {
        stream->write_function(stream, "+OK %s\n", text);
    }
    wazo_auth_error_free(error);
}

/* The API command wazo_auth_control, for whoever receives wazo-auth's events, and for monitoring. */
SWITCH_STANDARD_API(control_api)
{
    wazo_auth_error *error = NULL;
    const char *words[3] = {NULL, NULL, NULL};
    char *text = cmd ? strdup(cmd) : NULL;
    int count;

    (void)session;
    if (text && strncmp(text, "event ", 6) == 0) {
        bool is_applied = wazo_auth_verifier_apply_event(verifier, text + 6, &error);
        print_result(stream, is_applied ? "applied" : "nothing to forget", error);
        free(text);
        return SWITCH_STATUS_SUCCESS;
    }
    count = text ? split(text, words, 3) : 0;
    if (count == 1 && strcmp(words[0], "stats") == 0) {
        char *statistics = wazo_auth_verifier_stats(verifier, &error);
        print_result(stream, statistics, error);
        wazo_auth_string_free(statistics);
    } else if (count >= 2 && count <= 3 && strcmp(words[0], "invalidate") == 0) {
        wazo_auth_verifier_invalidate(verifier, words[1], words[2], &error);
        print_result(stream, "forgotten", error);
    } else {
        stream->write_function(stream, "-USAGE: %s\n", control_syntax);
    }
    free(text);
    return SWITCH_STATUS_SUCCESS;
}

/* The library's records. FreeSWITCH's log takes those of any thread. */
static void to_log(wazo_auth_log_level_t level, const char *message, const char *fields_json, void *user_data)
{
    static const switch_log_level_t levels[] = {SWITCH_LOG_DEBUG, SWITCH_LOG_ERROR, SWITCH_LOG_WARNING, SWITCH_LOG_INFO,
                                                SWITCH_LOG_DEBUG};

    (void)fields_json;
    (void)user_data;
    switch_log_printf(SWITCH_CHANNEL_LOG, level <= WAZO_AUTH_LOG_DEBUG ? levels[level] : SWITCH_LOG_DEBUG,
                      "wazo_auth: %s\n", message);
}

/* Sets an option of the client; the parameter url sets several. */
static bool set_option(wazo_auth_options *options, const char *name, const char *value)
{
    wazo_auth_error *error = NULL;
    bool is_set = strcmp(name, "url") == 0 ? wazo_auth_options_set_url(options, value, &error)
                                           : wazo_auth_options_set(options, name, value, &error);

    if (!is_set) {
        switch_log_printf(SWITCH_CHANNEL_LOG, SWITCH_LOG_ERROR, "wazo_auth.conf: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
    }
    return is_set;
}

/* Appends an option of the verifier to the members of a JSON object. Returns false if there is no place. */
static bool add_verifier_option(char *json, size_t size, const char *name, const char *value)
{
    char *quoted_name = wazo_auth_json_quote(name, NULL), *quoted_value = wazo_auth_json_quote(value, NULL);
    size_t used = strlen(json);
    int length = quoted_name && quoted_value ? snprintf(json + used, size - used, "%s%s:%s", used > 1 ? "," : "",
                                                        quoted_name, quoted_value)
                                             : -1;

    wazo_auth_string_free(quoted_name);
    wazo_auth_string_free(quoted_value);
    return length > 0 && (size_t)length + 1 < size - used; /* the closing brace has a place too */
}

/* Reads wazo_auth.conf.xml: <settings> are options of the client, <verifier> those of the verifier. */
static bool read_configuration(wazo_auth_options *options, char *verifier_json, size_t size)
{
    switch_xml_t configuration, root = switch_xml_open_cfg("wazo_auth.conf", &configuration, NULL), section, param;
    bool is_right = root != NULL;

    if (!root) {
        switch_log_printf(SWITCH_CHANNEL_LOG, SWITCH_LOG_ERROR, "wazo_auth.conf is missing\n");
        return false;
    }
    if ((section = switch_xml_child(configuration, "settings"))) {
        for (param = switch_xml_child(section, "param"); param && is_right; param = param->next) {
            is_right = set_option(options, switch_xml_attr_soft(param, "name"), switch_xml_attr_soft(param, "value"));
        }
    }
    if ((section = switch_xml_child(configuration, "verifier"))) {
        for (param = switch_xml_child(section, "param"); param && is_right; param = param->next) {
            is_right = add_verifier_option(verifier_json, size, switch_xml_attr_soft(param, "name"),
                                           switch_xml_attr_soft(param, "value"));
        }
    }
    switch_xml_free(root);
    if (!is_right) {
        switch_log_printf(SWITCH_CHANNEL_LOG, SWITCH_LOG_ERROR, "wazo_auth.conf: a parameter is wrong\n");
        return false;
    }
    strcat(verifier_json, "}");
    return true;
}

static bool create(void)
{
    char verifier_json[1024] = "{";
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    bool is_read = options && wazo_auth_options_set(options, "timeout_ms", default_timeout_ms, NULL) &&
                   read_configuration(options, verifier_json, sizeof verifier_json);

    client = is_read ? wazo_auth_client_new(options, &error) : NULL;
    wazo_auth_options_free(options);
    verifier = client ? wazo_auth_verifier_new(client, verifier_json, &error) : NULL;
    if (is_read && !verifier) {
        switch_log_printf(SWITCH_CHANNEL_LOG, SWITCH_LOG_ERROR, "wazo_auth.conf: %s\n", wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
    return verifier != NULL;
}

static void destroy(void)
{
    wazo_auth_set_log_callback(NULL, 0, NULL, NULL);
    wazo_auth_verifier_free(verifier);
    wazo_auth_client_free(client);
    verifier = NULL;
    client = NULL;
}

SWITCH_MODULE_LOAD_FUNCTION(mod_wazo_auth_load)
{
    switch_api_interface_t *api;
    switch_application_interface_t *application;

    if (!create()) {
        destroy();
        return SWITCH_STATUS_FALSE;
    }
    wazo_auth_set_log_callback(to_log, WAZO_AUTH_LOG_INFO, NULL, NULL);
    *module_interface = switch_loadable_module_create_module_interface(pool, modname);
    SWITCH_ADD_API(api, "wazo_auth", "Checks the permissions of a token", check_api, check_syntax);
    SWITCH_ADD_API(api, "wazo_auth_control", "Revocations and statistics of wazo_auth", control_api, control_syntax);
    SWITCH_ADD_APP(application, "wazo_auth", "Checks the permissions of a token",
                   "Checks the token of a channel variable, and sets wazo_auth_status and whose the token is",
                   check_application, application_syntax, SAF_SUPPORT_NOMEDIA | SAF_ROUTING_EXEC);
    return SWITCH_STATUS_SUCCESS;
}

/* FreeSWITCH calls this when no call uses the module any more. */
SWITCH_MODULE_SHUTDOWN_FUNCTION(mod_wazo_auth_shutdown)
{
    destroy();
    return SWITCH_STATUS_SUCCESS;
}
