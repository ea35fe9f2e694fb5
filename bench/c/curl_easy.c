/* libcurl, easy interface: one handle for each thread, its connection kept. Modes: easy; bursts (see wazo.c). */
#include "curl.h"

static struct bench bench;

struct handle {
    CURL *easy;
    struct text text;
};

static bool get(void *client, int worker)
{
    struct handle *handle = (struct handle *)client + worker;
    handle->text.length = 0;
    return is_good(handle->easy, curl_easy_perform(handle->easy), &handle->text);
}

int main(int count, char **words)
{
    parse(&bench, count, words);
    curl_global_init(CURL_GLOBAL_ALL);
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    struct handle *handles = calloc((size_t)bench.concurrency, sizeof *handles);
    for (int i = 0; i < bench.concurrency; i++)
        handles[i].easy = make_easy(&bench, &handles[i].text, headers);
    for (int i = 0; i < WARM_UP; i++)
        if (!get(handles, 0))
            fail("the first call failed");
    if (bench.concurrency > 1) {
        run_threads(&bench, handles, get, strcmp(bench.mode, "bursts") == 0);
    } else {
        start(&bench);
        while (take(&bench)) {
            double began = now_s();
            if (get(handles, 0))
                note(&bench, began);
        }
    }
    finish(&bench);
    for (int i = 0; i < bench.concurrency; i++) {
        curl_easy_cleanup(handles[i].easy);
        free(handles[i].text.bytes);
    }
    free(handles);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
