/* What a process pays once: loading the library, making a client, the first call.
 *
 *     load wazo|curl LIBRARY URL CA_FILE
 *
 * Nothing is linked; all is found by dlsym, so that loading is a part of what is measured. One line of JSON.
 */
#include "bench.h"
#include <curl/curl.h>
#include <dlfcn.h>
#include <wazo_auth_client.h>

static double loaded, ready, answered;

static void *load(const char *library)
{
    double began = now_s();
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        fail(dlerror());
    loaded = now_s() - began;
    return handle;
}

#define FIND(name) __typeof__(&name) p_##name = (__typeof__(&name))dlsym(library, #name)

static void with_wazo(void *library, const char *url, const char *ca_file)
{
    FIND(wazo_auth_options_new);
    FIND(wazo_auth_options_set_url);
    FIND(wazo_auth_options_set);
    FIND(wazo_auth_client_new);
    FIND(wazo_auth_token_get);
    char base[256];
    const char *resource = strstr(url, "/token/");
    snprintf(base, sizeof base, "%.*s", (int)(resource - url), url);
    double began = now_s();
    wazo_auth_options *options = p_wazo_auth_options_new();
    p_wazo_auth_options_set_url(options, base, NULL);
    p_wazo_auth_options_set(options, "ca_file", ca_file, NULL);
    wazo_auth_client *client = p_wazo_auth_client_new(options, NULL);
    if (client == NULL)
        fail("wazo_auth_client_new failed");
    ready = now_s() - began;
    began = now_s();
    if (p_wazo_auth_token_get(client, strrchr(url, '/') + 1, NULL, NULL, NULL) == NULL)
        fail("the first call failed");
    answered = now_s() - began;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes, (void)data;
    return size * count;
}

static void with_curl(void *library, const char *url, const char *ca_file)
{
    FIND(curl_global_init);
    FIND(curl_easy_init);
    FIND(curl_easy_setopt);
    FIND(curl_easy_perform);
    /* The header's macros would call the linker's functions. */
#undef curl_easy_setopt
    double began = now_s();
    p_curl_global_init(CURL_GLOBAL_ALL);
    CURL *easy = p_curl_easy_init();
    p_curl_easy_setopt(easy, CURLOPT_URL, url);
    p_curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    p_curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    ready = now_s() - began;
    began = now_s();
    if (p_curl_easy_perform(easy) != CURLE_OK)
        fail("the first call failed");
    answered = now_s() - began;
}

int main(int count, char **words)
{
    if (count != 5 || strstr(words[3], "/token/") == NULL)
        fail("expected wazo|curl LIBRARY URL CA_FILE");
    void *library = load(words[2]);
    if (strcmp(words[1], "wazo") == 0)
        with_wazo(library, words[3], words[4]);
    else
        with_curl(library, words[3], words[4]);
    printf("{\"calls\": 1, \"failed\": 0, \"load_ms\": %.3f, \"client_ms\": %.3f, \"first_call_ms\": %.3f, "
           "\"peak_rss_kib\": %ld}\n",
           loaded * 1e3, ready * 1e3, answered * 1e3, peak_rss_kib());
    return 0;
}
