/* How libcurl is set up, in both programs that use it: as a program would that wants the same as this library gives. */
#ifndef BENCH_CURL_H
#define BENCH_CURL_H

#include "bench.h"
#include <curl/curl.h>

/* An answer's text; the room for it is kept from call to call. */
struct text {
    char *bytes;
    size_t length, room;
};

static size_t append(char *bytes, size_t size, size_t count, void *data)
{
    struct text *text = data;
    size_t more = size * count;
    if (text->length + more + 1 > text->room) {
        text->room = (text->length + more + 1) * 2;
        text->bytes = realloc(text->bytes, text->room);
        if (text->bytes == NULL)
            return 0;
    }
    memcpy(text->bytes + text->length, bytes, more);
    text->length += more;
    text->bytes[text->length] = '\0';
    return more;
}

static bool has(const struct bench *bench, const char *word)
{
    for (int i = 0; i < bench->more_count; i++)
        if (strcmp(bench->more[i], word) == 0)
            return true;
    return false;
}

static CURL *make_easy(const struct bench *bench, struct text *text, struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        fail("curl_easy_init failed");
    curl_easy_setopt(easy, CURLOPT_URL, bench->url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, bench->ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, text);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 170000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     has(bench, "h2") ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    /* Rather wait for a connection that is being opened than open one for each call, where one can serve them all. */
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, has(bench, "h2") ? 1L : 0L);
    return easy;
}

/* Whether the server answered with 200 and a body. */
static bool is_good(CURL *easy, CURLcode code, const struct text *text)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return code == CURLE_OK && status == 200 && text->length > 0;
}

#endif
